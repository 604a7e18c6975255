"""The list of payments: what the takings are made of."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sales.ledger import receive_payment
from sales.models import Tender
from sales.reversals import void_sale
from tests.base import TESTS, Cast, make_cast, sell
from watershop.models import User

SignIn = Callable[[User], Client]
NOON = datetime(2026, 3, 10, 12, tzinfo=ZoneInfo("Asia/Kolkata"))
DAY = {"from": "2026-03-10", "to": "2026-03-10"}


def page(client: Client, **query: str) -> str:
    response = client.get("/s/water/payments/", query)
    assert response.status_code == 200
    return response.content.decode()


def test_a_day_shows_what_came_in_and_which_sale_it_settled(cast: Cast, client_of: SignIn) -> None:
    sale, other_day = sell(cast, 3, sold_at=NOON), sell(cast, sold_at=NOON - timedelta(days=1))
    elsewhere = sell(make_cast("other"), sold_at=NOON)
    text = page(client_of(cast.meena), **DAY)
    assert f'<a href="/s/water/sales/{sale.pk}/">{sale.code}</a>' in text and "₹60.00" in text
    assert f"/sales/{other_day.pk}/" not in text and f"/sales/{elsewhere.pk}/" not in text


def test_a_due_paid_later_stands_on_the_day_of_the_money(cast: Cast, client_of: SignIn) -> None:
    sell(cast, 3, customer=cast.asha, is_paid=False, sold_at=NOON - timedelta(days=9))
    receive_payment(
        customer=cast.asha,
        amount=Decimal(35),
        tender=Tender.UPI,
        received_at=NOON,
        actor=TESTS,
        client_ref="1",
    )
    client = client_of(cast.meena)
    assert "₹35.00" in page(client, **DAY) and "₹35.00" in page(client, **DAY, tender="upi")
    assert "₹35.00" not in page(client, **DAY, tender="cash")


def test_money_given_back_is_less_than_nothing(cast: Cast, client_of: SignIn) -> None:
    void_sale(sell(cast, 2), reason="mistake", actor=TESTS)
    text = page(client_of(cast.meena))
    assert "−₹40.00" in text and '<p class="page-head__sub">₹0</p>' in text


def test_only_who_may_see_totals_sees_payments(cast: Cast, client_of: SignIn) -> None:
    assert client_of(cast.ravi).get("/s/water/payments/").status_code == 403


@pytest.mark.parametrize("wrong", [{"from": "yesterday"}, {"tender": "gold"}])
def test_an_impossible_choice_is_said(cast: Cast, client_of: SignIn, wrong: dict[str, str]) -> None:
    assert client_of(cast.meena).get("/s/water/payments/", wrong).status_code == 422


def test_the_list_costs_the_same_however_long_it_is(cast: Cast, client_of: SignIn) -> None:
    client, counts = client_of(cast.meena), []
    for _more in range(2):
        for customer in (cast.asha, cast.bala, None):
            sell(cast, customer=customer, sold_at=NOON)
        with CaptureQueriesContext(connection) as queries:
            page(client, **DAY)
        counts.append(len(queries))
    assert counts[0] == counts[1]
