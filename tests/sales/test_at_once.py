"""Two clerks at one account, on a real database with real threads."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from threading import Barrier
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection

from sales import ledger, settling
from sales.dues import Due, open_dues
from sales.ledger import receive_payment
from sales.models import Payment, Sale, Tender
from sales.reversals import void_sale
from tests.base import TESTS, Cast, make_cast, sell

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*deeds: Callable[[], Any]) -> None:
    """Run the deeds side by side, each with its own connection; any error is raised."""

    def alone(deed: Callable[[], Any]) -> None:
        try:
            deed()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as pool:
        for done in [pool.submit(alone, deed) for deed in deeds]:
            done.result()


def two_clerks_take_the_same_due(cast: Cast) -> Decimal:
    """Both take the 40 rupees that Asha owes; how many rupees of her sale count as paid then."""
    sell(cast, 2, customer=cast.asha, is_paid=False)

    def pay() -> None:
        receive_payment(customer=cast.asha, amount=Decimal(40), tender=Tender.CASH, actor=TESTS)

    at_once(pay, pay)
    assert cast.asha.ledger.all().balance() == Decimal(-40)
    return Sale.objects.with_sums().get().paid


def test_two_clerks_settle_the_same_due_once() -> None:
    assert two_clerks_take_the_same_due(make_cast()) == 40


def test_control_without_the_lock_two_clerks_settle_the_same_due_twice() -> None:
    both_have_looked = Barrier(2)

    def look_then_wait(*args: Any) -> list[Due]:
        dues = open_dues(*args)
        both_have_looked.wait(10)
        return dues

    with (
        nobody_checks_allocations(),
        patch.object(ledger, "hold", lambda _customers: []),
        patch.object(settling, "open_dues", look_then_wait),
    ):
        cast = make_cast()
        assert two_clerks_take_the_same_due(cast) == 80


@contextmanager
def nobody_checks_allocations() -> Iterator[None]:
    """Without the trigger that refuses, at commit, to settle more than a sale costs."""
    switch = "ALTER TABLE sales_allocation {} TRIGGER allocation_agrees"
    with connection.cursor() as cursor:
        cursor.execute(switch.format("DISABLE"))
        try:
            yield
        finally:
            cursor.execute(switch.format("ENABLE"))


def test_a_void_and_a_payment_at_the_same_account_both_happen() -> None:
    cast = make_cast()
    for _ in range(5):
        sale = sell(cast, 2, customer=cast.asha, is_paid=False)
        at_once(
            partial(void_sale, sale, reason="mistake", actor=TESTS),
            partial(receive_payment, customer=cast.asha, amount=Decimal(10), tender=Tender.UPI, actor=TESTS),
        )
    assert cast.asha.ledger.all().balance() == Decimal(-50)
    assert Payment.objects.filter(amount=10).count() == 5


def test_the_same_credit_is_spent_once_by_two_sales() -> None:
    cast = make_cast()
    receive_payment(customer=cast.asha, amount=Decimal(20), tender=Tender.CASH, actor=TESTS)

    def buy() -> None:
        sell(cast, 1, customer=cast.asha, is_paid=False)

    at_once(buy, buy, buy)
    assert sum(row.due for row in Sale.objects.with_sums()) == 40
    assert cast.asha.ledger.all().balance() == Decimal(40)
