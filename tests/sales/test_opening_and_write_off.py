"""What stood in the notebook is a due of its own date; what is given up settles dues without money."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from customers.models import Customer
from sales.corrections import open_balance, undo, write_off
from sales.dues import account_of, balance_of, debts
from sales.ledger import receive_payment
from sales.models import Allocation, LedgerEntry, Payment, Sale, Tender
from sales.reversals import void_sale
from tests.base import TESTS, Cast, make_cast, sell

LONG_AGO = timezone.now() - timedelta(days=100)


@pytest.fixture(autouse=True)
def _books_agree(cast: Cast) -> Iterator[None]:
    """After each test: open dues minus unspent credit is the balance of each customer."""
    yield
    for customer in (cast.asha, cast.bala):
        dues = sum(due.due for due in account_of(customer).dues)
        spent = sum(row.amount for row in Allocation.objects.filter(payment__customer=customer))
        paid = sum(row.amount for row in Payment.objects.filter(customer=customer))
        gifts = sum(row.left for row in LedgerEntry.objects.filter(customer=customer).unspent())
        assert dues - (paid - spent) - gifts == balance_of(customer)


def opened(customer: Customer, amount: int) -> LedgerEntry:
    return open_balance(customer=customer, amount=Decimal(amount), at=LONG_AGO, actor=TESTS)


def pay(customer: Customer, amount: int) -> Payment:
    return receive_payment(customer=customer, amount=Decimal(amount), tender=Tender.CASH, actor=TESTS)


def gave_up(customer: Customer, amount: int) -> LedgerEntry:
    return write_off(customer=customer, amount=Decimal(amount), reason="moved away", actor=TESTS)


def dues(customer: Customer) -> list[Decimal]:
    return [due.due for due in account_of(customer).dues]


def test_an_opening_balance_is_a_due_of_its_own_date_and_is_paid_first(cast: Cast) -> None:
    sell(cast, 2, customer=cast.asha, is_paid=False)
    opened(cast.asha, 500)
    (debt,) = debts(cast.shop)
    assert (debt.balance, debt.unpaid_count, debt.oldest_due_at) == (Decimal(540), 2, LONG_AGO)
    pay(cast.asha, 510)
    assert dues(cast.asha) == [30]


def test_an_opening_credit_pays_the_next_sales(cast: Cast) -> None:
    opened(cast.asha, -30)
    sell(cast, 2, customer=cast.asha, is_paid=False)
    assert dues(cast.asha) == [10]
    assert balance_of(cast.asha) == 10


def test_a_customer_has_one_opening_balance_until_it_is_undone(cast: Cast) -> None:
    entry = opened(cast.asha, 500)
    with pytest.raises(ValidationError, match="already"):
        opened(cast.asha, 400)
    undo(entry, actor=TESTS)
    opened(cast.asha, 400)
    assert balance_of(cast.asha) == 400


def test_undoing_a_paid_opening_balance_leaves_the_money_as_credit(cast: Cast) -> None:
    entry = opened(cast.asha, 50)
    pay(cast.asha, 50)
    sell(cast, 1, customer=cast.asha, is_paid=False)
    undo(entry, actor=TESTS)
    assert dues(cast.asha) == []
    assert balance_of(cast.asha) == -30


def test_a_write_off_settles_the_oldest_dues_and_is_no_takings(cast: Cast) -> None:
    opened(cast.asha, 50)
    sell(cast, 2, customer=cast.asha, is_paid=False)
    gave_up(cast.asha, 70)
    assert dues(cast.asha) == [20]
    assert balance_of(cast.asha) == 20
    assert not Payment.objects.exists()


def test_a_write_off_undone_makes_the_dues_stand_again(cast: Cast) -> None:
    sell(cast, 2, customer=cast.asha, is_paid=False)
    entry = gave_up(cast.asha, 40)
    undo(entry, actor=TESTS)
    assert dues(cast.asha) == [40]
    assert balance_of(cast.asha) == 40
    with pytest.raises(ValidationError, match="undone already"):
        undo(entry, actor=TESTS)


def test_no_more_is_written_off_than_is_owed_and_never_without_a_reason(cast: Cast) -> None:
    sell(cast, 2, customer=cast.asha, is_paid=False)
    for amount in (41, 0, -1):
        with pytest.raises(ValidationError, match="₹40 at most"):
            gave_up(cast.asha, amount)
    with pytest.raises(ValidationError, match="Say why"):
        write_off(customer=cast.asha, amount=Decimal(1), reason=" ", actor=TESTS)


def test_a_sale_that_is_written_off_is_voided_only_after_undoing_that(cast: Cast) -> None:
    sale = sell(cast, 2, customer=cast.asha, is_paid=False)
    entry = gave_up(cast.asha, 40)
    with pytest.raises(ValidationError, match="Undo the write-off"):
        void_sale(sale, reason="mistake", actor=TESTS)
    undo(entry, actor=TESTS)
    void_sale(sale, reason="mistake", actor=TESTS)
    assert balance_of(cast.asha) == 0


def test_a_sale_is_not_undone_here(cast: Cast) -> None:
    sell(cast, 2, customer=cast.asha, is_paid=False)
    with pytest.raises(ValidationError):
        undo(LedgerEntry.objects.get(), actor=TESTS)


def refused(deed: Callable[[], object], why: str) -> None:
    with pytest.raises(IntegrityError, match=why), transaction.atomic():
        deed()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_the_database_refuses_untrue_allocations(cast: Cast) -> None:
    entry = opened(cast.asha, 50)
    gift = gave_up(cast.asha, 20)
    payment = pay(cast.bala, 50)
    shop = cast.shop

    def make(**fields: object) -> Callable[[], object]:
        return lambda: Allocation.objects.create(shop=shop, **fields)

    refused(make(payment=payment, opening=entry, amount=10), "cannot settle a due of")
    refused(make(credit=gift, opening=entry, amount=10), "would settle")
    refused(make(credit=gift, opening=entry, amount=31), "would be settled")
    refused(make(credit=gift, opening=gift, amount=1), "would (be settled|settle)")
    refused(make(credit=gift, payment=payment, opening=entry, amount=1), "allocation_of_payment_or_credit")
    refused(make(credit=gift, amount=1), "allocation_to_sale_or_opening")


def test_the_database_refuses_to_reverse_what_still_settles(cast: Cast) -> None:
    opened(cast.asha, 50)
    gift = gave_up(cast.asha, 20)
    fields = {"shop": cast.shop, "customer": cast.asha, "kind": "reversal", "reverses": gift, "at": gift.at}
    refused(lambda: LedgerEntry.objects.create(**fields, amount=20), "does not match|would settle")


def test_the_database_refuses_a_credit_of_another_shop(cast: Cast) -> None:
    other = make_cast("other")
    entry = opened(cast.asha, 50)
    stranger = opened(other.asha, -50)
    refused(
        lambda: Allocation.objects.create(shop=cast.shop, credit=stranger, opening=entry, amount=10),
        "allocation_credit_same_shop|cannot settle",
    )
    assert not Sale.objects.exists()
