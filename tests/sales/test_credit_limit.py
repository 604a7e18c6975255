"""Nobody comes to owe more than they may, however many clerks sell to them at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any
from unittest.mock import patch

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.urls import reverse

from customers import book
from customers.models import Customer
from sales import credit, ledger
from sales.models import Sale, Tender
from sales.new_sale import Line, NewSale
from tests.base import TESTS, Cast, make_cast, sell
from watershop.models import AuditEntry, User

SignIn = Callable[[User], Client]


def allow(customer: Customer, limit: int | None, *, is_blocked: bool = False) -> None:
    fields = {"credit_limit": limit if limit is None else Decimal(limit), "is_credit_blocked": is_blocked}
    book.change_customer(customer, fields, actor=TESTS)


def test_a_sale_on_credit_may_reach_the_limit_and_not_pass_it(cast: Cast) -> None:
    allow(cast.asha, 50)
    sell(cast, 2, customer=cast.asha, is_paid=False)
    with pytest.raises(ValidationError, match="₹50 at most: ₹10 left"):
        sell(cast, 1, customer=cast.asha, is_paid=False)
    sell(cast, 1, customer=cast.asha, is_paid=True)
    assert cast.asha.ledger.all().balance() == 40


def test_what_was_paid_ahead_counts_with_the_limit_even_when_blocked(cast: Cast) -> None:
    allow(cast.asha, None, is_blocked=True)
    with pytest.raises(ValidationError, match="nothing on credit"):
        sell(cast, 1, customer=cast.asha, is_paid=False)
    ledger.receive_payment(customer=cast.asha, amount=Decimal(20), tender=Tender.CASH, actor=TESTS)
    sell(cast, 1, customer=cast.asha, is_paid=False)
    assert cast.asha.ledger.all().balance() == 0


def test_two_sales_of_one_batch_are_held_to_the_limit_together(cast: Cast) -> None:
    allow(cast.asha, 30)
    new = NewSale([Line(cast.can20, 1)], Tender.CASH, cast.asha, is_paid=False)
    with pytest.raises(ValidationError):
        ledger.record_sales(cast.shop, TESTS, [new, new])
    assert not Sale.objects.exists()


def test_what_a_file_tells_of_has_happened_whatever_the_limit(cast: Cast) -> None:
    allow(cast.asha, 0)
    sell(cast, 1, customer=cast.asha, is_paid=False, source=Sale.Source.IMPORT)
    assert cast.asha.ledger.all().balance() == 20


def ten_clerks_sell_on_credit(cast: Cast) -> int:
    """How many of ten sales of 20 rupees were made, all begun before the first one ended."""
    start = Barrier(10)

    def clerk() -> bool:
        try:
            start.wait()
            sell(cast, 1, customer=cast.asha, is_paid=False)
        except ValidationError:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        return sum(done.result() for done in [pool.submit(clerk) for _ in range(10)])


@pytest.mark.django_db(transaction=True)
def test_ten_clerks_never_pass_one_limit_together() -> None:
    cast = make_cast()
    allow(cast.asha, 70)
    assert ten_clerks_sell_on_credit(cast) == 3
    assert cast.asha.ledger.all().balance() == 60


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_ten_clerks_would_pass_the_limit() -> None:
    """The control: the test above can fail."""
    cast = make_cast()
    allow(cast.asha, 70)
    all_have_looked = Barrier(10)
    check = credit.check

    def look_then_wait(*args: Any) -> None:
        check(*args)
        all_have_looked.wait()

    def without_a_lock(customers: set[int]) -> list[Customer]:
        return list(Customer.objects.filter(pk__in=customers))

    with patch.object(ledger, "hold", without_a_lock), patch.object(credit, "check", look_then_wait):
        assert ten_clerks_sell_on_credit(cast) == 10
    assert cast.asha.ledger.all().balance() == 200


def test_the_till_says_what_is_left_and_why_it_refuses(cast: Cast, client_of: SignIn) -> None:
    allow(cast.asha, 50)
    client, url = client_of(cast.ravi), reverse("till", args=["water"])
    assert "₹50 left on credit" in client.get(url, {"customer": cast.asha.pk}).content.decode()
    body = {
        "client_ref": "6f1b1f0e-7a53-4d36-bb2f-2b6c8f7e9a10",
        "customer": cast.asha.pk,
        f"sold_{cast.can20.pk}": 3,
        "tender": "cash",
        "is_unpaid": "on",
    }
    answer = client.post(url, body)
    assert answer.status_code == 422
    assert "₹50 left" in answer.content.decode()
    assert not Sale.objects.exists()


def test_a_manager_sets_the_limit_and_it_is_recorded(cast: Cast, client_of: SignIn) -> None:
    url = reverse("customer_credit", args=["water", cast.asha.pk])
    client = client_of(cast.meena)
    assert client.get(url).status_code == 200
    assert client.post(url, {"credit_limit": "-1"}).status_code == 422
    assert client.post(url, {"credit_limit": "500", "is_credit_blocked": "on"}).status_code == 302
    row = Customer.objects.get(pk=cast.asha.pk)
    assert row.credit_limit == 500 and row.is_credit_blocked
    change = AuditEntry.objects.get(action="change_customer").after
    assert change is not None and change["credit_limit"] == "500"
    assert "nothing on credit" in client.get(reverse("customer", args=["water", row.pk])).content.decode()


def test_clerks_and_other_shops_set_no_limit(cast: Cast, client_of: SignIn) -> None:
    url = reverse("customer_credit", args=["water", cast.asha.pk])
    other = make_cast("other")
    assert client_of(cast.ravi).get(url).status_code == 403
    assert client_of(other.meena).get(url).status_code == 404
    assert (
        client_of(cast.meena).get(reverse("customer_credit", args=["water", other.asha.pk])).status_code
        == 404
    )
