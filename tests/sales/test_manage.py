"""The manager's panel leads to everything a manager looks after, and says how much there is of it."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from sales.collecting import promise
from sales.manage_views import TILES
from sales.models import Tender
from tests.base import TESTS, Cast, make_cast, sell
from watershop.dates import today
from watershop.models import User

SignIn = Callable[[User], Client]
PANEL = "/s/water/manage/"


def counts(client: Client) -> dict[str, int]:
    return {str(tile["label"]): tile["count"] for tile in client.get(PANEL).context["tiles"] if tile["count"]}


def test_the_panel_counts_what_waits_in_this_shop(
    cast: Cast, client_of: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, other = client_of(cast.meena), make_cast("other")
    assert counts(client) == {}
    for here in (cast, other):
        for _n in range(2):
            sell(here, customer=here.asha, is_paid=False)
        sell(here, customer=here.bala, is_paid=False)
        sell(here, tender=Tender.UPI, client_ref="at the counter")
        for customer in (here.asha, here.bala):
            promise(customer=customer, amount=Decimal(20), due_on=today(here.shop).first, actor=TESTS)
    tomorrow = timezone.now() + timedelta(days=1)
    monkeypatch.setattr(timezone, "now", lambda: tomorrow)
    assert counts(client) == {"Defaulters": 1, "Broken promises": 2, "UPI payments": 1}


def test_every_tile_leads_to_a_page(cast: Cast, client_of: SignIn) -> None:
    owner = client_of(cast.lakshmi)
    tiles = owner.get(PANEL).context["tiles"]
    assert len(tiles) == len(TILES)
    assert {owner.get(tile["url"]).status_code for tile in tiles} == {200}
    assert len(client_of(cast.meena).get(PANEL).context["tiles"]) < len(tiles)


def test_clerks_and_other_shops_manage_nothing(cast: Cast, client_of: SignIn) -> None:
    assert client_of(cast.ravi).get(PANEL).status_code == 403
    assert client_of(make_cast("other").meena).get(PANEL).status_code == 404


def test_who_broke_a_promise_is_listed_whether_late_or_not(
    cast: Cast, client_of: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    sell(cast, customer=cast.bala, is_paid=False)
    promise(customer=cast.bala, amount=Decimal(20), due_on=today(cast.shop).first, actor=TESTS)
    tomorrow = timezone.now() + timedelta(days=1)
    monkeypatch.setattr(timezone, "now", lambda: tomorrow)
    client, url = client_of(cast.meena), reverse("defaulters", args=["water"])
    assert "Bala" not in client.get(url).content.decode()
    page = client.get(url, {"group": "broken"}).content.decode()
    assert "Bala" in page and "group=broken&amp;sort=name" in page
