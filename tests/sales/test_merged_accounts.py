"""Two accounts of one customer become one, with debts as old as they were, and apart again."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from customers.book import change_customer
from customers.models import Customer
from sales.corrections import open_balance, undo, write_off
from sales.deposits import Deposit, held_of
from sales.dues import account_of, balance_of
from sales.ledger import receive_payment
from sales.merging import likely_doubles, merge, unmerge
from sales.models import (
    AccountMerge,
    Allocation,
    CanMovement,
    DepositEntry,
    Held,
    LedgerEntry,
    Payment,
    Sale,
    Tender,
    UpiClaim,
)
from sales.new_sale import Line
from sales.returns import Returned, return_cans
from sales.reversals import payment_did_not_arrive, refund, void_sale
from tests.base import TESTS, Cast, sell
from watershop.models import AuditEntry

NOW = timezone.now()


@pytest.fixture(autouse=True)
def _books_agree(cast: Cast) -> Iterator[None]:
    """After each test: open dues minus unspent credit is the balance of each customer, and transfers sum to zero."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for customer in (cast.asha, cast.bala):
        dues = sum(due.due for due in account_of(customer).dues)
        spent = sum(row.amount for row in Allocation.objects.filter(payment__customer=customer))
        paid = sum(row.amount for row in Payment.objects.filter(customer=customer))
        gifts = sum(row.left for row in LedgerEntry.objects.filter(customer=customer).unspent())
        assert dues - (paid - spent) - gifts == balance_of(customer)
    assert sum(entry.amount for entry in LedgerEntry.objects.filter(kind="transfer")) == 0


def owes(customer: Customer) -> list[tuple[int, int]]:
    """The open dues: how many days old, and how many rupees."""
    return [((NOW - due.at).days, int(due.due)) for due in account_of(customer).dues]


def balances(cast: Cast) -> tuple[int, int]:
    """Of Asha and Bala, in rupees."""
    return int(balance_of(cast.asha)), int(balance_of(cast.bala))


def pay(customer: Customer, amount: int) -> None:
    receive_payment(customer=customer, amount=Decimal(amount), tender=Tender.UPI, actor=TESTS)


def on_credit(cast: Cast, customer: Customer, days: int, cans: int = 2) -> Sale:
    return sell(cast, cans, customer=customer, is_paid=False, sold_at=NOW - timedelta(days=days))


def merged(cast: Cast) -> AccountMerge:
    """Bala's account goes over to Asha's."""
    return merge(old=cast.bala, into=cast.asha, reason="same phone", actor=TESTS)


def test_each_open_due_goes_over_with_its_own_age(cast: Cast) -> None:
    on_credit(cast, cast.asha, 3)
    on_credit(cast, cast.bala, 40)
    on_credit(cast, cast.bala, 9, cans=1)
    pay(cast.bala, 10)
    merged(cast)
    assert owes(cast.asha) == [(40, 30), (9, 20), (3, 40)]
    assert owes(cast.bala) == [] and balance_of(cast.bala) == 0
    assert balance_of(cast.asha) == 90


def test_on_each_day_both_accounts_together_owe_what_they_owed(cast: Cast) -> None:
    on_credit(cast, cast.bala, 40)
    merged(cast)
    then = LedgerEntry.objects.filter(at__lt=NOW - timedelta(days=20))
    assert then.balance() == 40


def test_what_was_paid_ahead_goes_over_and_pays_dues_there(cast: Cast) -> None:
    on_credit(cast, cast.asha, 3)
    pay(cast.bala, 100)
    merged(cast)
    assert owes(cast.asha) == [] and balance_of(cast.asha) == -60
    assert balance_of(cast.bala) == 0


def test_credit_of_the_one_pays_the_dues_of_the_other(cast: Cast) -> None:
    pay(cast.asha, 30)
    on_credit(cast, cast.bala, 5)
    merged(cast)
    assert owes(cast.asha) == [(5, 10)]


def test_the_cans_go_over_size_by_size(cast: Cast) -> None:
    on_credit(cast, cast.bala, 5, cans=3)
    merged(cast)
    assert CanMovement.objects.filter(customer=cast.bala).held() == {}
    assert CanMovement.objects.filter(customer=cast.asha).held() == {"20L": 3}


def test_cans_whose_deposit_was_all_given_back_hold_no_merge_up(cast: Cast) -> None:
    sell(cast, 2, customer=cast.bala, deposits=[Deposit(cast.can20, 2, Decimal(200))])
    all_of_it = [Deposit(cast.can20, -1, Decimal(-200))]
    lines = [Line(cast.can10, 1)]
    sell(cast, customer=cast.bala, lines=lines, empties=[(cast.can20, 1)], deposits=all_of_it)
    merged(cast)
    assert held_of(cast.asha) == {}


def test_deposits_go_over_and_come_back_as_far_as_they_are_still_held(cast: Cast) -> None:
    sell(cast, 3, customer=cast.bala, deposits=[Deposit(cast.can20, 3, Decimal(300))])
    merged(cast)
    assert (held_of(cast.bala), held_of(cast.asha)) == ({}, {cast.can20.pk: Held(3, Decimal(300))})
    lines = [Line(cast.can20, 1)]
    given_back = [Deposit(cast.can20, -1, Decimal(-100))]
    sell(cast, customer=cast.asha, lines=lines, empties=[(cast.can20, 2)], deposits=given_back)
    unmerge(cast.bala, actor=TESTS)
    assert (held_of(cast.bala), held_of(cast.asha)) == ({cast.can20.pk: Held(2, Decimal(200))}, {})


def test_undone_each_account_is_as_before(cast: Cast) -> None:
    on_credit(cast, cast.asha, 3)
    on_credit(cast, cast.bala, 40, cans=3)
    open_balance(customer=cast.bala, amount=Decimal(500), at=NOW - timedelta(days=90), actor=TESTS)
    merged(cast)
    unmerge(cast.bala, actor=TESTS)
    assert owes(cast.asha) == [(3, 40)]
    assert owes(cast.bala) == [(90, 500), (40, 60)]
    assert CanMovement.objects.filter(customer=cast.bala).held() == {"20L": 3}
    cast.bala.refresh_from_db()
    assert cast.bala.is_active and cast.bala.merged_into is None
    with pytest.raises(ValidationError, match="undone already"):
        unmerge(cast.bala, actor=TESTS)
    merged(cast)
    assert balance_of(cast.asha) == 600


def test_what_was_paid_and_brought_back_meanwhile_stays_where_it_came(cast: Cast) -> None:
    on_credit(cast, cast.bala, 40)
    merged(cast)
    pay(cast.asha, 25)
    return_cans(customer=cast.asha, returned=[Returned(cast.can20, 1)], actor=TESTS)
    unmerge(cast.bala, actor=TESTS)
    assert balances(cast) == (-25, 40)
    assert owes(cast.bala) == [(40, 40)]
    assert CanMovement.objects.filter(customer=cast.asha).held() == {"20L": -1}


def test_credit_that_went_over_and_was_spent_there_comes_back_whole(cast: Cast) -> None:
    pay(cast.bala, 100)
    merged(cast)
    on_credit(cast, cast.asha, 0)
    unmerge(cast.bala, actor=TESTS)
    assert owes(cast.asha) == [(0, 40)] and balance_of(cast.bala) == -100


def test_what_comes_to_the_old_account_later_goes_over_on_asking(cast: Cast) -> None:
    on_credit(cast, cast.bala, 5)
    merged(cast)
    pay(cast.bala, 40)
    assert balances(cast) == (40, -40)
    merged(cast)
    assert balances(cast) == (0, 0) and owes(cast.asha) == []
    assert AccountMerge.objects.standing().count() == 2
    unmerge(cast.bala, actor=TESTS)
    assert balances(cast) == (0, 0)


def test_a_void_after_the_merge_goes_over_by_itself(cast: Cast) -> None:
    fields = {"is_paid": False, "deposits": [Deposit(cast.can20, 2, Decimal(200))]}
    sale = sell(cast, 2, customer=cast.bala, **fields)
    kept = on_credit(cast, cast.bala, 3, 1)
    merged(cast)
    void_sale(sale, reason="it was somebody else", actor=TESTS)
    assert balances(cast) == (20, 0) and owes(cast.asha) == [(3, 20)]
    assert [account_of(who).cans_out for who in (cast.asha, cast.bala)] == [1, 0]
    assert [held_of(who) for who in (cast.asha, cast.bala)] == [{}, {}]
    assert DepositEntry.objects.by_tender() == {Tender.CASH: 0}
    unmerge(cast.bala, actor=TESTS)
    assert balances(cast) == (0, 20) and account_of(cast.bala).dues[0].sale_id == kept.pk
    assert [account_of(who).cans_out for who in (cast.asha, cast.bala)] == [0, 1]


def test_what_was_paid_at_the_other_account_stays_there_when_the_sale_is_void(cast: Cast) -> None:
    sale = on_credit(cast, cast.bala, 3)
    merged(cast)
    pay(cast.asha, 40)
    void_sale(sale, reason="mistake", actor=TESTS)
    assert balances(cast) == (-40, 0)


def test_undoing_finds_the_last_of_many_merges(cast: Cast) -> None:
    third = Customer.objects.create(shop=cast.shop, code="CHITRA", name="Chitra")
    sale = on_credit(cast, cast.bala, 3)
    merged(cast)
    merge(old=cast.asha, into=third, reason="hers too", actor=TESTS)
    void_sale(sale, reason="mistake", actor=TESTS)
    assert [*balances(cast), balance_of(third)] == [0, 0, 0]


def test_a_write_off_that_is_undone_is_owed_at_the_account_that_goes_on(cast: Cast) -> None:
    on_credit(cast, cast.bala, 3)
    given_up = write_off(customer=cast.bala, amount=Decimal(40), reason="moved away", actor=TESTS)
    merged(cast)
    undo(given_up, actor=TESTS)
    assert balances(cast) == (40, 0) and owes(cast.asha) == [(3, 40)]


def test_a_upi_payment_that_never_came_is_owed_at_the_account_that_goes_on(cast: Cast) -> None:
    sell(cast, 1, customer=cast.bala, tender=Tender.UPI, client_ref="u")
    merged(cast)
    payment_did_not_arrive(UpiClaim.objects.get(), actor=TESTS)
    assert balances(cast) == (20, 0)


def test_a_refund_after_the_merge_is_of_the_account_that_goes_on(cast: Cast) -> None:
    sale = on_credit(cast, cast.bala, 3)
    merged(cast)
    left = refund(
        Sale.objects.get(pk=sale.pk), {cast.can20: 1}, reason="leaking", actor=TESTS, client_ref="r"
    )
    assert balances(cast) == (20, 0) and left.customer == cast.asha


def test_accounts_that_cannot_be_merged_are_refused_with_the_reason(cast: Cast) -> None:
    third = Customer.objects.create(shop=cast.shop, code="C3", name="Chitra")
    for old, into, reason, why in (
        (cast.asha, cast.asha, "same", "two different"),
        (cast.asha, cast.bala, " ", "Say why"),
    ):
        with pytest.raises(ValidationError, match=why):
            merge(old=old, into=into, reason=reason, actor=TESTS)
    merged(cast)
    with pytest.raises(ValidationError, match=r"Bala \(BALA\) was itself merged"):
        merge(old=third, into=cast.bala, reason="same", actor=TESTS)
    with pytest.raises(ValidationError, match="merged with another account already"):
        merge(old=cast.bala, into=third, reason="same", actor=TESTS)
    merge(old=cast.asha, into=third, reason="same", actor=TESTS)
    with pytest.raises(ValidationError, match="Undo that merge first"):
        unmerge(cast.bala, actor=TESTS)


def test_the_audit_names_both_deeds_and_no_person(cast: Cast) -> None:
    merged(cast)
    unmerge(cast.bala, actor=TESTS)
    trail = AuditEntry.objects.filter(action__in=("merge_accounts", "unmerge_accounts")).order_by("id")
    assert [row.action for row in trail] == ["merge_accounts", "unmerge_accounts"]
    assert "Bala" not in str([row.after for row in AuditEntry.objects.all()])


def refused(deed: Callable[[], object], why: str) -> None:
    with pytest.raises(IntegrityError, match=why), transaction.atomic():
        deed()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_the_database_refuses_untrue_transfers(cast: Cast) -> None:
    row = merged(cast)
    third = Customer.objects.create(shop=cast.shop, code="C3", name="Chitra")

    def entry(customer: Customer, **fields: object) -> Callable[[], object]:
        given = {"shop": cast.shop, "customer": customer, "kind": "transfer", "amount": 5, "at": NOW}
        return lambda: LedgerEntry.objects.create(**(given | fields))

    refused(entry(cast.asha, merge=row), "does not match")
    refused(entry(third, merge=row), "does not match")
    refused(entry(cast.asha), "ledgerentry_transfer_of_merge")
    refused(entry(cast.asha, kind="opening", merge=row), "ledgerentry_transfer_of_merge")
    move = {"shop": cast.shop, "can_type": cast.can20, "quantity": 1, "at": NOW, "merge": row}
    refused(lambda: CanMovement.objects.create(customer=cast.asha, kind="transfer", **move), "does not match")


def test_who_shares_a_phone_number_or_a_name_may_be_the_same(cast: Cast) -> None:
    make = Customer.objects.create
    same_phone = make(shop=cast.shop, code="C3", name="Asha Rani", phone="+919876501234")
    same_name = make(shop=cast.shop, code="C4", name="bala")
    make(shop=cast.shop, code="C5", name="Chitra")
    make(shop=cast.shop, code="C6", name="Chitra", is_active=False)
    assert likely_doubles(cast.shop) == [[cast.asha.pk, same_phone.pk], [cast.bala.pk, same_name.pk]]


def test_the_old_code_and_phone_number_lead_to_the_account_that_goes_on(cast: Cast) -> None:
    merged(cast)
    for text in ("BALA", "5678"):
        assert Customer.objects.of(cast.shop).active().find(text, most=8) == [cast.asha]


def test_a_merged_account_cannot_be_made_active_by_editing_it(cast: Cast) -> None:
    merged(cast)
    with pytest.raises(ValidationError, match="Undo that first"):
        change_customer(cast.bala, {"is_active": True}, actor=TESTS)
