"""The pages of the drawer: blind until it is counted, and each for those who may see it."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from sales import drawer
from sales.day_end import day_end
from sales.ledger import receive_payment
from sales.models import CashMove, DrawerSession, Payment, Sale, Tender
from sales.reversals import void_sale
from tests.base import TESTS, Cast, make_cast, sell
from watershop.dates import today
from watershop.models import User

SignIn = Callable[[User], Client]


def post(client: Client, name: str, *args: Any, **fields: Any) -> Any:
    return client.post(reverse(name, args=["water", *args]), {"client_ref": str(uuid4()), **fields})


def closed(cast: Cast, clerk: Client, **fields: Any) -> DrawerSession:
    """Ravi opens with ₹100, sells a can for cash and counts what the fields say."""
    post(clerk, "drawer_open", opening_float="100")
    sell(cast)
    post(clerk, "drawer_close", **fields)
    return DrawerSession.objects.get()


def test_a_clerk_opens_moves_counts_and_says_why(cast: Cast, client_of: SignIn) -> None:
    clerk = client_of(cast.ravi)
    post(clerk, "drawer_open", opening_float="100")
    sell(cast, 3)
    post(clerk, "drawer_move", kind="out", amount="30", reason="diesel")
    page = clerk.get(reverse("drawer", args=["water"])).content.decode()
    assert "diesel" in page and "₹130" not in page
    answer = post(clerk, "drawer_close", count_100="1", count_10="2", note="till was busy")
    session = DrawerSession.objects.get()
    assert answer["Location"] == reverse("drawer_session", args=["water", session.pk])
    page = clerk.get(answer["Location"]).content.decode()
    assert "₹130.00" in page and "₹120.00" in page and "Why does the count differ?" in page
    post(clerk, "drawer_explain", session.pk, reason="gave too much change")
    page = clerk.get(answer["Location"]).content.decode()
    assert "gave too much change" in page and "Why does the count differ?" not in page


def test_a_form_sent_twice_moves_cash_once(cast: Cast, client_of: SignIn) -> None:
    clerk = client_of(cast.ravi)
    post(clerk, "drawer_open", opening_float="100")
    form = {"client_ref": str(uuid4()), "kind": "in", "amount": "10", "reason": "change"}
    for _ in range(2):
        assert post(clerk, "drawer_move", **form).status_code == 302
    assert CashMove.objects.count() == 1


def test_what_is_refused_is_said_on_the_page(cast: Cast, client_of: SignIn) -> None:
    clerk = client_of(cast.ravi)
    answer = post(clerk, "drawer_close", count_100="1")
    assert answer.status_code == 422 and "closed already" in answer.content.decode()
    post(clerk, "drawer_open", opening_float="100")
    answer = post(clerk, "drawer_open", opening_float="100")
    assert answer.status_code == 422 and "open already" in answer.content.decode()
    assert DrawerSession.objects.count() == 1
    answer = post(clerk, "drawer_move", kind="out", amount="0", reason="")
    assert answer.status_code == 422 and not CashMove.objects.exists()


def test_the_next_opener_closes_a_session_left_open_with_a_note(cast: Cast, client_of: SignIn) -> None:
    yesterday = timezone.now() - timedelta(days=1)
    session = drawer.open_session(cast.shop, opening_float=Decimal(5), actor=TESTS)
    drawer.close_session(session, sheet={}, coin=Decimal(0), upi=Decimal(0), actor=TESTS)
    DrawerSession.objects.create(shop=cast.shop, drawer=session.drawer, opening_float=5, opened_at=yesterday)
    clerk = client_of(cast.ravi)
    assert "left open" in clerk.get(reverse("drawer", args=["water"])).content.decode()
    assert post(clerk, "drawer_open", opening_float="100").status_code == 422
    assert post(clerk, "drawer_open", opening_float="100", note="found 90").status_code == 302
    assert DrawerSession.objects.get(note="found 90").closed_by == cast.ravi


def test_till_and_account_say_that_the_drawer_is_closed_and_lead_there(cast: Cast, client_of: SignIn) -> None:
    clerk, till = client_of(cast.ravi), reverse("till", args=["water"])
    assert "The drawer is closed" not in clerk.get(till).content.decode()
    closed(cast, clerk)
    page = clerk.get(till).content.decode()
    assert "The drawer is closed" in page and f'href="{reverse("drawer", args=["water"])}">Open' in page
    account = reverse("customer", args=["water", cast.asha.pk])
    assert "The drawer is closed" in clerk.get(account).content.decode()
    answer = post(clerk, "till", **{f"sold_{cast.can20.pk}": 1, "tender": "cash"})
    assert answer.status_code == 422 and "Open the drawer first" in answer.content.decode()
    assert Sale.objects.count() == 1


def test_a_sale_of_the_till_and_of_a_phone_go_into_the_drawer(
    cast: Cast, client_of: SignIn, api_of: Callable[[User], Any]
) -> None:
    clerk = client_of(cast.ravi)
    post(clerk, "drawer_open", opening_float="100")
    post(clerk, "till", **{f"sold_{cast.can20.pk}": 1, "tender": "cash"})
    api_of(cast.ravi).post(
        reverse("api_payments", args=["water"]),
        {"customer": cast.asha.pk, "amount": "10", "tender": "cash"},
        format="json",
        headers={"Idempotency-Key": str(uuid4())},
    )
    session = DrawerSession.objects.get()
    assert [row.drawer_session for row in Payment.objects.all()] == [session, session]
    assert drawer.expected(session)[Tender.CASH] == Decimal(130)


def test_a_clerk_sees_only_own_sessions_and_a_manager_all(cast: Cast, client_of: SignIn) -> None:
    own = closed(cast, client_of(cast.ravi), count_100="1")
    with_manager = drawer.open_session(cast.shop, opening_float=Decimal(0), actor=TESTS)
    drawer.close_session(with_manager, sheet={}, coin=Decimal(0), upi=Decimal(0), actor=TESTS)
    for user, others in ((cast.ravi, 404), (cast.meena, 200)):
        client = client_of(user)
        assert client.get(reverse("drawer_session", args=["water", own.pk])).status_code == 200
        assert client.get(reverse("drawer_session", args=["water", with_manager.pk])).status_code == others


@pytest.mark.parametrize("name", ["drawer_sessions", "drawer_day"])
def test_variances_and_totals_are_for_managers(cast: Cast, client_of: SignIn, name: str) -> None:
    closed(cast, client_of(cast.ravi), count_100="1")
    assert client_of(cast.ravi).get(reverse(name, args=["water"])).status_code == 403
    page = client_of(cast.meena).get(reverse(name, args=["water"]))
    assert page.status_code == 200 and "₹20 short" in page.content.decode()


def test_another_shop_sees_nothing_of_it(cast: Cast, client_of: SignIn) -> None:
    session = closed(cast, client_of(cast.ravi))
    stranger = client_of(make_cast("next-door").lakshmi)
    for address in (reverse("drawer", args=["water"]), reverse("drawer_day", args=["water"])):
        assert stranger.get(address).status_code == 404
    assert stranger.get(reverse("drawer_session", args=["next-door", session.pk])).status_code == 404
    assert stranger.post(reverse("drawer_explain", args=["next-door", session.pk])).status_code == 404


def test_the_close_page_tells_the_day_in_figures(cast: Cast) -> None:
    yesterday = timezone.now() - timedelta(days=1)
    sell(cast, 9, sold_at=yesterday)
    sell(cast, 2)
    sell(cast, 1, customer=cast.asha, tender=Tender.UPI, empties=[(cast.can20, 1)])
    sell(cast, 4, customer=cast.asha, is_paid=False)
    receive_payment(customer=cast.asha, amount=Decimal(30), tender=Tender.COIN, actor=TESTS)
    void_sale(sell(cast, 5), reason="mistake", actor=TESTS)
    end = day_end(cast.shop, today(cast.shop))
    assert (end.sale_count, end.cans_sold) == (3, 7)
    assert (end.sold, end.credit_given) == (Decimal(140), Decimal(80))
    assert end.takings == {Tender.CASH: 40, Tender.UPI: 20, Tender.COIN: 30}
    assert (end.with_sales, end.dues_collected, end.given_back) == (
        Decimal(160),
        Decimal(30),
        Decimal(-100),
    )
    assert (end.cans_out, end.cans_in) == (5, 1)


def test_a_day_that_is_none_is_refused(cast: Cast, client_of: SignIn) -> None:
    answer = client_of(cast.meena).get(reverse("drawer_day", args=["water"]), {"day": "2026-13-01"})
    assert answer.status_code == 422 and "2026-13-01" in answer.content.decode()


def test_the_list_asks_the_same_number_of_questions_for_many_sessions(
    cast: Cast, client_of: SignIn, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client, url = client_of(cast.meena), reverse("drawer_sessions", args=["water"])
    for _ in range(3):
        session = drawer.open_session(cast.shop, opening_float=Decimal(0), actor=TESTS)
        drawer.close_session(session, sheet={}, coin=Decimal(0), upi=Decimal(0), actor=TESTS)
    with django_assert_num_queries(7):
        client.get(url)
