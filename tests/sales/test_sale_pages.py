"""The list of sales, one sale, its receipt and its void."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from sales.ledger import receive_payment
from sales.models import LedgerEntry, Payment, Sale, SaleVoid, Tender
from sales.new_sale import Line
from sales.reversals import void_sale
from tests.base import TESTS, Cast, make_cast, sell
from watershop import accounts
from watershop.dates import day_of
from watershop.models import Right, Role, User

SignIn = Callable[[User], Client]
Phone = Callable[[User], APIClient]


def page(client: Client, name: str, *args: object, **query: str | int) -> str:
    response = client.get(reverse(name, args=["water", *args]), query)
    assert response.status_code == 200
    return response.content.decode()


def test_the_list_begins_with_todays_sales(cast: Cast, client_of: SignIn) -> None:
    now = timezone.now()
    new, old = sell(cast), sell(cast, sold_at=now - timedelta(days=9))
    client = client_of(cast.ravi)
    text = page(client, "sales")
    assert new.code in text and old.code not in text
    first = day_of(cast.shop, old.sold_at).isoformat()
    text = page(client, "sales", **{"from": first, "to": first})
    assert old.code in text and new.code not in text
    assert new.code in page(client, "sales", **{"from": first})


def test_unpaid_and_customer_look_at_all_days(cast: Cast, client_of: SignIn) -> None:
    long_ago = timezone.now() - timedelta(days=90)
    owed = sell(cast, customer=cast.asha, is_paid=False, sold_at=long_ago)
    paid = sell(cast, customer=cast.bala, sold_at=long_ago)
    client = client_of(cast.ravi)
    text = page(client, "sales", unpaid=1)
    assert owed.code in text and paid.code not in text
    text = page(client, "sales", customer=cast.bala.pk)
    assert paid.code in text and owed.code not in text


def test_a_day_left_out_is_today(cast: Cast, client_of: SignIn) -> None:
    new = sell(cast)
    day = day_of(cast.shop, new.sold_at).isoformat()
    client, url = client_of(cast.ravi), reverse("sales", args=["water"])
    assert new.code in page(client, "sales", **{"to": day})
    refused = client.get(url, {"to": "2020-01-31"})
    assert refused.status_code == 422
    text = refused.content.decode()
    assert f'value="{day}"' in text and "ends before it starts" in text


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"from": "soon"}, "Write it like 2026-11-30"),
        ({"from": "9999-12-31"}, "not a day of this century"),
        ({"to": "9999-12-31"}, "not a day of this century"),
        ({"from": "2026-02-02", "to": "2026-01-01"}, "ends before it starts"),
        ({"from": "2011-01-01", "to": "2026-01-01"}, "three years at most"),
        ({"customer": "x"}, "Select a valid choice"),
    ],
)
def test_an_impossible_filter_says_so(
    cast: Cast, client_of: SignIn, api_of: Phone, query: dict[str, str], reason: str
) -> None:
    response = client_of(cast.ravi).get(reverse("sales", args=["water"]), query)
    assert response.status_code == 422
    assert reason in response.content.decode()
    answer = api_of(cast.ravi).get(reverse("api_sales", args=["water"]), query)
    assert answer.status_code == 400
    assert reason in answer.json()["errors"][0]["message"]


def test_totals_are_for_those_who_may_see_them(cast: Cast, client_of: SignIn) -> None:
    sell(cast, 3)
    sell(cast, 2, customer=cast.asha, is_paid=False)
    voided = sell(cast, 40)
    client_of(cast.meena).post(reverse("sale_void", args=["water", voided.pk]), {"reason": "mistyped"})
    text = page(client_of(cast.meena), "sales")
    assert "₹100" in text and "₹40 unpaid" in text
    assert "₹100" not in page(client_of(cast.ravi), "sales")


def test_what_is_unpaid_is_looked_for_twice_at_most(cast: Cast, client_of: SignIn) -> None:
    client, url = client_of(cast.meena), reverse("sales", args=["water"])
    sell(cast, customer=cast.asha, is_paid=False)
    with CaptureQueriesContext(connection) as asked:
        client.get(url, {"unpaid": 1})
    assert sum('"sales_allocation"' in query["sql"] for query in asked.captured_queries) == 2


def test_the_list_asks_the_same_number_of_questions_for_many_sales(
    cast: Cast, client_of: SignIn, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of(cast.meena)
    for _n in range(5):
        sell(cast, customer=cast.asha, lines=[Line(cast.can20, 1), Line(cast.can10, 2)])
    with django_assert_num_queries(8):
        page(client, "sales")


def test_a_long_list_has_pages_that_keep_the_filter(cast: Cast, client_of: SignIn) -> None:
    for _n in range(51):
        sell(cast, customer=cast.asha)
    text = page(client_of(cast.ravi), "sales", customer=cast.asha.pk)
    assert f"customer={cast.asha.pk}&amp;page=2" in text


def test_a_sale_shows_lines_money_cans_and_clerk(cast: Cast, client_of: SignIn) -> None:
    sale = sell(cast, 2, customer=cast.asha)
    text = page(client_of(cast.ravi), "sale", sale.pk)
    for part in (sale.code, "Asha", "₹40.00", "ravi", "+2"):
        assert part in text
    assert reverse("sale_links", args=["water", sale.pk]) in text


def test_a_sale_shows_what_part_of_a_payment_settled_it(cast: Cast, client_of: SignIn) -> None:
    sale = sell(cast, customer=cast.asha, is_paid=False)
    receive_payment(customer=cast.asha, amount=Decimal(500), tender=Tender.UPI, actor=TESTS)
    money = page(client_of(cast.ravi), "sale", sale.pk).split("Money</h2>")[1].split("</section>")[0]
    assert "₹20.00 UPI" in money and "of ₹500.00" in money
    void_sale(sale, reason="mistyped", actor=TESTS)
    money = page(client_of(cast.ravi), "sale", sale.pk).split("Money</h2>")[1].split("</section>")[0]
    assert "−₹20.00 UPI" in money and "kept on the account" in money


def test_only_a_manager_sees_the_audit_trail(cast: Cast, client_of: SignIn) -> None:
    sale = sell(cast)
    assert "History" in page(client_of(cast.meena), "sale", sale.pk)
    assert "History" not in page(client_of(cast.ravi), "sale", sale.pk)


def test_a_manager_voids_a_sale_with_a_reason(cast: Cast, client_of: SignIn) -> None:
    sale = sell(cast, 2, customer=cast.asha)
    client = client_of(cast.meena)
    response = client.post(reverse("sale_void", args=["water", sale.pk]), {"reason": "wrong customer"})
    assert response.status_code == 302
    assert Sale.objects.with_sums().get().due == 0
    assert LedgerEntry.objects.balance() == 0
    assert sum(payment.amount for payment in Payment.objects.all()) == 0
    text = page(client, "sale", sale.pk)
    assert "wrong customer" in text and "−₹40.00" in text and "Made void" in text


def test_a_void_wants_a_reason_and_happens_once(cast: Cast, client_of: SignIn) -> None:
    sale = sell(cast)
    client, url = client_of(cast.meena), reverse("sale_void", args=["water", sale.pk])
    assert client.post(url, {"reason": " "}).status_code == 422
    assert client.post(url, {"reason": "mistyped"}).status_code == 302
    assert client.post(url, {"reason": "again"}).status_code == 422
    assert SaleVoid.objects.count() == 1


def test_a_clerk_voids_only_with_the_right(cast: Cast, client_of: SignIn) -> None:
    sale = sell(cast, customer=cast.asha, is_paid=False)
    client, url = client_of(cast.ravi), reverse("sale_void", args=["water", sale.pk])
    assert client.post(url, {"reason": "mistyped"}).status_code == 403
    assert "Void this sale" not in page(client, "sale", sale.pk)
    accounts.set_right(shop=cast.shop, role=Role.STAFF, right=Right.VOID, is_allowed=True, actor=TESTS)
    assert client.post(url, {"reason": "mistyped"}).status_code == 302


def test_a_void_that_gives_money_back_wants_the_right_to_refund(cast: Cast, client_of: SignIn) -> None:
    sale = sell(cast)
    client, url = client_of(cast.ravi), reverse("sale_void", args=["water", sale.pk])
    accounts.set_right(shop=cast.shop, role=Role.STAFF, right=Right.VOID, is_allowed=True, actor=TESTS)
    refusal = client.post(url, {"reason": "mistyped"})
    assert refusal.status_code == 403
    assert "“Refund”. The owner can switch it on under Staff." in refusal.content.decode()
    assert not SaleVoid.objects.exists()
    accounts.set_right(shop=cast.shop, role=Role.STAFF, right=Right.REFUND, is_allowed=True, actor=TESTS)
    assert client.post(url, {"reason": "mistyped"}).status_code == 302


def test_another_shops_sale_is_not_found(cast: Cast, client_of: SignIn) -> None:
    sale = sell(make_cast("other"))
    client = client_of(cast.lakshmi)
    for name in ("sale", "receipt"):
        assert client.get(reverse(name, args=["water", sale.pk])).status_code == 404
    response = client.post(reverse("sale_void", args=["water", sale.pk]), {"reason": "mine now"})
    assert response.status_code == 404


def test_the_receipt_of_an_unpaid_sale_says_what_is_due_in_all(cast: Cast, client_of: SignIn) -> None:
    sell(cast, 5, customer=cast.asha, is_paid=False)
    sale = sell(cast, customer=cast.asha, is_paid=False, tender=Tender.UPI)
    text = page(client_of(cast.ravi), "receipt", sale.pk)
    assert "₹120.00" in text and "Unpaid" in text and "UPI" in text
    assert Decimal("20.00") == Sale.objects.with_sums().get(pk=sale.pk).due
