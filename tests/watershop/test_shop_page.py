"""The owner's page of the shop itself: what set-up asked for can be changed later."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from sales.models import SalesSettings
from tests.base import Cast
from watershop.models import AuditEntry, Shop, User

ClientOf = Callable[[User], Client]
PAGE = "/s/water/settings/"
FILLED = {
    "name": "Sri Water",
    "language": "te",
    "opens_at": "07:30",
    "closes_at": "21:00",
    "quiet_from": "21:00",
    "quiet_until": "09:00",
    "lock_after_minutes": "0",
    "upi_id": "sri@okbank",
}


def test_an_owner_changes_name_language_hours_and_upi_id(cast: Cast, client_of: ClientOf) -> None:
    owner = client_of(cast.lakshmi)
    page = owner.post(PAGE, FILLED, follow=True).content.decode()
    assert (
        "Saved." in page and "Sri Water" in page and 'value="07:30"' in page and 'value="sri@okbank"' in page
    )
    shop = Shop.objects.get()
    assert (shop.name, shop.language, shop.opens_at.isoformat("minutes")) == ("Sri Water", "te", "07:30")
    assert SalesSettings.objects.get(shop=shop).upi_id == "sri@okbank"


def test_each_change_is_audited_and_no_change_is_not(cast: Cast, client_of: ClientOf) -> None:
    owner = client_of(cast.lakshmi)
    for _time in range(2):
        owner.post(PAGE, FILLED)
    changes = AuditEntry.objects.filter(action__startswith="change_").order_by("pk")
    assert [(row.action, row.user, row.subject_type) for row in changes] == [
        ("change_selling", cast.lakshmi, "sales.salessettings"),
        ("change_shop", cast.lakshmi, "watershop.shop"),
    ]
    assert changes[1].before == {
        "name": "Water",
        "language": "en",
        "opens_at": "08:00:00",
        "closes_at": "20:00:00",
    }


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"upi_id": "not an id"}, "A UPI id looks like shopname@bank."),
        ({"name": ""}, "This field is required."),
        ({"opens_at": "25:00"}, "Enter a valid time."),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    cast: Cast, client_of: ClientOf, changes: dict[str, str], reason: str
) -> None:
    answer = client_of(cast.lakshmi).post(PAGE, FILLED | changes)
    assert answer.status_code == 422
    assert reason in answer.content.decode()
    assert "<title>Shop · Water</title>" in answer.content.decode()
    assert (Shop.objects.get().name, SalesSettings.objects.count()) == ("Water", 0)


def test_the_page_is_the_owners(cast: Cast, client_of: ClientOf) -> None:
    for user in (cast.meena, cast.ravi):
        assert client_of(user).get(reverse("shop_settings", args=["water"])).status_code == 403
