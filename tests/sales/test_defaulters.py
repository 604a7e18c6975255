"""Who is late with paying: two or more unpaid sales, or anything unpaid for more than 15 days."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from customers.models import Customer
from sales.defaulters import DAYS, defaulters
from sales.ledger import Line, NewSale, receive_payment, record_sales, void_sale
from sales.models import Tender
from tests.base import TESTS, Cast, make_cast, sell
from watershop import accounts
from watershop.dates import last_days
from watershop.models import Right, Role, User

SignIn = Callable[[User], Client]


@pytest.mark.parametrize(("seconds", "is_late"), [(0, False), (-1, True)])
def test_fifteen_days_are_counted_on_the_shops_calendar(cast: Cast, seconds: int, is_late: bool) -> None:
    midnight = last_days(cast.shop, DAYS + 1).start
    sell(cast, customer=cast.asha, is_paid=False, sold_at=midnight + timedelta(seconds=seconds))
    assert [row.days for row in defaulters(cast.shop)] == ([DAYS + 1] if is_late else [])


def test_two_unpaid_sales_are_late_at_once(cast: Cast) -> None:
    sell(cast, 1, customer=cast.asha, is_paid=False)
    assert defaulters(cast.shop) == []
    sell(cast, 2, customer=cast.asha, is_paid=False)
    (row,) = defaulters(cast.shop)
    assert (row.customer, row.balance, row.unpaid_count, row.days) == (cast.asha, Decimal(60), 2, 0)


def test_paying_or_voiding_takes_somebody_off_the_list(cast: Cast) -> None:
    for _n in range(2):
        sell(cast, customer=cast.asha, is_paid=False)
        last = sell(cast, customer=cast.bala, is_paid=False)
    assert len(defaulters(cast.shop)) == 2
    receive_payment(customer=cast.asha, amount=Decimal(20), tender=Tender.CASH, actor=TESTS)
    void_sale(last, reason="mistyped", actor=TESTS)
    assert defaulters(cast.shop) == []


def test_somebody_with_more_credit_than_dues_is_not_late(cast: Cast) -> None:
    receive_payment(customer=cast.asha, amount=Decimal(500), tender=Tender.CASH, actor=TESTS)
    for _n in range(2):
        sell(cast, customer=cast.asha, is_paid=False)
    assert defaulters(cast.shop) == []


def test_the_list_is_for_managers_of_the_shop(cast: Cast, client_of: SignIn) -> None:
    other = make_cast("other")
    for _n in range(2):
        sell(cast, customer=cast.asha, is_paid=False)
        sell(other, customer=other.bala, is_paid=False)
    url = reverse("defaulters", args=["water"])
    text = client_of(cast.meena).get(url).content.decode()
    assert "Asha" in text and "Bala" not in text
    assert "15 days" in text and "₹40.00" in text
    assert client_of(cast.ravi).get(url).status_code == 403
    assert client_of(other.meena).get(url).status_code == 404


def test_the_list_sorts(cast: Cast, client_of: SignIn) -> None:
    long_ago = timezone.now() - timedelta(days=40)
    sell(cast, 1, customer=cast.asha, is_paid=False, sold_at=long_ago)
    for _n in range(2):
        sell(cast, 9, customer=cast.bala, is_paid=False)
    client, url = client_of(cast.meena), reverse("defaulters", args=["water"])
    for sort, first in (
        ("days", "Asha"),
        ("balance", "Bala"),
        ("unpaid", "Bala"),
        ("name", "Asha"),
        ("x", "Asha"),
    ):
        text = client.get(url, {"sort": sort}).content.decode()
        assert text.find(f">{first}</a>") == min(text.find(">Asha</a>"), text.find(">Bala</a>"))


def test_a_long_list_has_pages_and_its_sum_is_for_those_who_may_see_totals(
    cast: Cast, client_of: SignIn
) -> None:
    late = [
        Customer.objects.create(shop=cast.shop, code=f"C{number}", name=f"Name {number}")
        for number in range(51)
    ]
    lines, tender = [Line(cast.can20, 1)], Tender.CASH
    record_sales(
        cast.shop, TESTS, [NewSale(lines, tender, customer, is_paid=False) for customer in (*late, *late)]
    )
    client, url = client_of(cast.meena), reverse("defaulters", args=["water"])
    text = client.get(url, {"sort": "name"}).content.decode()
    assert "51 customers owe ₹2,040 together" in text and "1 / 2" in text
    assert text.count("₹40.00") == 50
    assert "sort=name&amp;page=2" in text
    accounts.set_right(
        shop=cast.shop, role=Role.MANAGER, right=Right.SEE_TOTALS, is_allowed=False, actor=TESTS
    )
    text = client.get(url, {"page": 2}).content.decode()
    assert "51 customers are late" in text and "₹2,040" not in text
    assert text.count("₹40.00") == 1


def test_the_list_needs_four_questions_however_long_it_is(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for customer in (cast.asha, cast.bala):
        for _n in range(3):
            sell(cast, customer=customer, is_paid=False)
    with django_assert_num_queries(4):
        assert len(defaulters(cast.shop)) == 2
