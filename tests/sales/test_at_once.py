"""Two clerks at one account, on a real database with real threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import connection

from sales.ledger import receive_payment, void_sale
from sales.models import Allocation, Payment, Sale, Tender
from tests.base import TESTS, make_cast, sell

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


def test_two_clerks_settle_the_same_due_once() -> None:
    cast = make_cast()
    sell(cast, 2, customer=cast.asha, is_paid=False)

    def pay() -> None:
        receive_payment(customer=cast.asha, amount=Decimal(40), tender=Tender.CASH, actor=TESTS)

    at_once(pay, pay)
    assert [row.due for row in Sale.objects.with_sums()] == [0]
    assert sum(row.amount for row in Allocation.objects.all()) == 40
    assert cast.asha.ledger.all().balance() == Decimal(-40)


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
