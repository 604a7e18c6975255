"""The set-up page: one link, one page, one open shop."""

from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib.auth import authenticate
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from sales.models import CanType, SalesSettings
from sales.pricelist import priced
from watershop import accounts
from watershop.models import AuditEntry, Membership, Shop, User

PASSWORD = "clear-water-every-day"
FILLED = {
    "shop_name": "Sri Water",
    "slug": "sri",
    "language": "te",
    "upi_id": "sriwater@okbank",
    "username": "radha",
    "password": PASSWORD,
    "clerk": "kiran",
    "form-TOTAL_FORMS": "3",
    "form-INITIAL_FORMS": "2",
    **{"form-0-code": "20L", "form-0-litres": "20", "form-0-price": "25", "form-0-deposit": "150"},
    **{"form-1-code": "10L", "form-1-litres": "10", "form-1-price": "12", "form-1-deposit": "100"},
    **{"form-2-code": "", "form-2-litres": "", "form-2-price": "", "form-2-deposit": ""},
}


@pytest.fixture
def link(db: None, settings: Settings, tmp_path: Path) -> str:
    settings.VAR_DIR = tmp_path
    return accounts.setup_link()


def post(link: str, **changes: str) -> str:
    return Client().post(link, FILLED | changes).content.decode()


def test_the_page_opens_the_shop_with_all_that_was_filled_in(link: str) -> None:
    client = Client()
    page = client.post(link, FILLED).content.decode()
    shop = Shop.objects.get()
    assert (shop.name, shop.slug, shop.language, shop.is_demo) == ("Sri Water", "sri", "te", False)
    assert SalesSettings.objects.get(shop=shop).upi_id == "sriwater@okbank"
    prices = priced(CanType.objects.filter(shop=shop)).values_list("code", "price", "deposit")
    assert list(prices) == [("20L", Decimal(25), Decimal(150)), ("10L", Decimal(12), Decimal(100))]
    assert list(Membership.objects.order_by("pk").values_list("user__username", "role")) == [
        ("radha", "owner"),
        ("kiran", "staff"),
    ]
    code = page.partition("<code>")[2].partition("</code>")[0]
    kiran = authenticate(username="kiran", password=code)
    assert isinstance(kiran, User)
    assert kiran.has_one_time_password
    assert client.get("/")["Location"] == reverse("shop_home", args=["sri"])
    assert AuditEntry.objects.filter(shop=shop, action="create_shop").exists()


def test_the_page_suggests_two_sizes_and_leaves_room_for_another(link: str) -> None:
    page = Client().get(link).content.decode()
    assert page.count("<legend>") == 3
    assert 'value="20L"' in page


def test_a_third_size_is_taken_and_a_suggested_one_left_out(link: str) -> None:
    third = {"form-2-code": "5L", "form-2-litres": "5", "form-2-price": "7", "form-2-deposit": "0"}
    post(link, **third, **{"form-1-DELETE": "on"})
    assert set(CanType.objects.values_list("code", flat=True)) == {"20L", "5L"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"password": "123"}, "This password is too short"),
        ({"clerk": "radha"}, "Give the clerk a user name of their own."),
        ({"upi_id": "not an id"}, "A UPI id looks like shopname@bank."),
        ({"form-1-code": "20L"}, "There is already a size 20L."),
        ({"form-0-DELETE": "on", "form-1-DELETE": "on"}, "Please submit at least 1 form."),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason_and_nothing_is_stored(
    link: str, changes: dict[str, str], reason: str
) -> None:
    assert reason in post(link, **changes)
    assert not Shop.objects.exists()
    assert not User.objects.exists()


def test_the_link_works_once(link: str) -> None:
    post(link)
    answer = Client().get(link)
    assert answer.status_code == 404
    assert "This set-up link is spent" in answer.content.decode()


def test_a_newer_link_ends_an_older_one(link: str) -> None:
    newer = accounts.setup_link()
    assert Client().get(link).status_code == 404
    assert Client().get(newer).status_code == 200


def test_without_the_link_the_page_is_closed(link: str) -> None:
    for token in ("", "guess", "a:b:c"):
        assert Client().get(reverse("setup"), {"token": token}).status_code == 404
