"""Who is late with paying: by default two or more unpaid sales, or anything unpaid for more than 15 days."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from customers.models import Customer
from sales.defaulters import Step, ageing, change_rule, defaulters, rule_of
from sales.ledger import receive_payment, record_sales
from sales.models import Tender
from sales.new_sale import Line, NewSale
from sales.reversals import void_sale
from tests.base import TESTS, Cast, make_cast, sell
from watershop import accounts
from watershop.dates import last_days
from watershop.models import AuditEntry, Right, Role, User

DAYS = 15
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


def test_the_list_needs_five_questions_however_long_it_is(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for customer in (cast.asha, cast.bala):
        for _n in range(3):
            sell(cast, customer=customer, is_paid=False)
    with django_assert_num_queries(5):
        assert len(defaulters(cast.shop)) == 2


def test_the_shops_own_rule_asks_for_an_amount_and_an_age(cast: Cast, client_of: SignIn) -> None:
    change_rule(cast.shop, late_sales=9, late_amount=Decimal(100), late_days=7, actor=TESTS)
    ago = timezone.now() - timedelta(days=8)
    for _n in range(2):
        sell(cast, 2, customer=cast.asha, is_paid=False, sold_at=ago)
    sell(cast, 9, customer=cast.asha, is_paid=False)
    assert defaulters(cast.shop) == []
    sell(cast, 2, customer=cast.asha, is_paid=False, sold_at=ago)
    assert [row.balance for row in defaulters(cast.shop)] == [Decimal(300)]
    page = client_of(cast.meena).get(reverse("defaulters", args=["water"])).content.decode()
    assert "9 or more unpaid sales or over ₹100 unpaid for more than 7 days" in page


def test_the_owner_alone_changes_the_rule(cast: Cast, client_of: SignIn) -> None:
    url = reverse("defaulter_rule", args=["water"])
    body = {"late_sales": "3", "late_amount": "250.50", "late_days": "20"}
    body |= {"call_days": "8", "stop_credit_days": "31", "collect_cans_days": "61", "write_off_days": "91"}
    assert client_of(cast.meena).post(url, body).status_code == 403
    owner = client_of(cast.lakshmi)
    assert owner.post(url, body | {"late_sales": "0"}).status_code == 422
    assert owner.post(url, body).status_code == 302
    change = AuditEntry.objects.get(action="change_defaulter_rule").after
    assert change is not None and change["late_amount"] == "250.50"
    assert "₹250.50" in owner.get(reverse("defaulters", args=["water"])).content.decode()


def test_dues_are_summed_by_age_whoever_is_late(cast: Cast, client_of: SignIn) -> None:
    for days, cans in ((0, 1), (7, 1), (8, 3), (31, 4), (91, 5)):
        at = last_days(cast.shop, days + 1).start
        sell(cast, cans, customer=cast.asha, is_paid=False, sold_at=at)
    (row,) = defaulters(cast.shop)
    assert [amount for _name, amount in ageing([row])] == [40, 60, 80, 100]
    assert row.step(rule_of(cast.shop)) == Step.WRITE_OFF
    page = client_of(cast.meena).get(reverse("defaulters", args=["water"])).content.decode()
    assert "31–90 days" in page and "₹80" in page


def test_each_step_has_its_age_in_the_shops_settings(cast: Cast, client_of: SignIn) -> None:
    sell(cast, customer=cast.bala, is_paid=False, sold_at=timezone.now() - timedelta(days=40))
    (row,) = defaulters(cast.shop)
    assert row.step(rule_of(cast.shop)) == Step.STOP_CREDIT
    rule = change_rule(cast.shop, write_off_days=40, collect_cans_days=35, actor=TESTS)
    assert row.step(rule) == Step.WRITE_OFF
    with pytest.raises(ValidationError, match="follow each other"):
        change_rule(cast.shop, call_days=99, actor=TESTS)
    page = client_of(cast.meena).get(reverse("defaulters", args=["water"]), {"group": "write_off"})
    assert "Bala" in page.content.decode()


def test_repeat_defaulters_have_more_than_one_unpaid_sale(cast: Cast, client_of: SignIn) -> None:
    sell(cast, customer=cast.bala, is_paid=False, sold_at=timezone.now() - timedelta(days=40))
    for _n in range(2):
        sell(cast, customer=cast.asha, is_paid=False)
    page = client_of(cast.meena).get(reverse("defaulters", args=["water"]), {"group": "repeat"})
    assert [row.customer for row, _promise, _step in page.context["rows"]] == [cast.asha]
    counts = {name: count for name, _label, count in page.context["groups"]}
    assert counts == {"": 2, "repeat": 1, "remind": 1, "stop_credit": 1}


def test_the_call_list_has_everybody_who_is_late_on_one_sheet(cast: Cast, client_of: SignIn) -> None:
    for _n in range(2):
        sell(cast, customer=cast.asha, is_paid=False)
    url = reverse("call_list", args=["water"])
    page = client_of(cast.meena).get(url).content.decode()
    assert "9876501234" in page and "Bala" not in page
    assert client_of(cast.ravi).get(url).status_code == 403
