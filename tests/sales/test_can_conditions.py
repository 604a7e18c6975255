"""A can comes back good or otherwise, by whomever, or never: what moves, what is charged, what the deposit pays."""

from collections.abc import Callable
from decimal import Decimal
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from sales import corrections, drawer
from sales.deposits import Deposit, held_of
from sales.dues import balance_of, open_dues
from sales.ledger import receive_payment
from sales.models import CanMovement, Condition, DepositEntry, Held, LedgerEntry, StockMove, Tender
from sales.returns import Returned, return_cans, set_charges
from tests.base import TESTS, Cast, make_cast, sell
from tests.sales.test_at_once import at_once
from watershop.models import AuditEntry, User

SignIn = Callable[[User], Client]
HUNDRED = Decimal("100.00")


@pytest.fixture
def charged(cast: Cast) -> Cast:
    """Asha holds four 20 L cans, two of them for a deposit; a damaged one costs 60 rupees, a lost one 250."""
    prices = {Condition.DAMAGED: Decimal(60), Condition.LOST: Decimal(250)}
    set_charges(cast.shop, {(cast.can20, state): price for state, price in prices.items()}, actor=TESTS)
    sell(cast, 2, customer=cast.asha, deposits=[Deposit(cast.can20, 2, HUNDRED * 2)])
    sell(cast, 2, customer=cast.asha)
    return cast


def back(cast: Cast, cans: int, condition: Condition, refund: Tender | None = Tender.CASH) -> None:
    returned = [Returned(cast.can20, cans, condition)]
    return_cans(customer=cast.asha, returned=returned, refund=refund, actor=TESTS)


def empties(cast: Cast, state: str) -> int:
    return StockMove.objects.of(cast.shop).on_hand().get((cast.can20.pk, state), 0)


def out(cast: Cast) -> int:
    return CanMovement.objects.filter(customer=cast.asha).held().get("20L", 0)


def deposit(cast: Cast) -> Held:
    return held_of(cast.asha).get(cast.can20.pk, Held())


def test_a_good_can_brings_its_deposit_back_through_the_drawer(charged: Cast) -> None:
    session = drawer.open_session(charged.shop, opening_float=HUNDRED, actor=TESTS)
    back(charged, 1, Condition.GOOD)
    assert (out(charged), empties(charged, "empty"), deposit(charged)) == (3, 1, Held(1, HUNDRED))
    assert drawer.expected(session)[Tender.CASH] == 0


def test_the_deposit_may_stay_for_the_next_can(charged: Cast) -> None:
    back(charged, 1, Condition.GOOD, refund=None)
    assert (out(charged), deposit(charged)) == (3, Held(2, HUNDRED * 2))


def test_a_damaged_can_is_charged_to_the_deposit_and_lies_broken_in_the_shop(charged: Cast) -> None:
    back(charged, 1, Condition.DAMAGED)
    assert (out(charged), empties(charged, "broken"), deposit(charged)) == (3, 1, Held(1, HUNDRED))
    entries = DepositEntry.objects.exclude(kind="taken")
    assert {row.kind: row.amount for row in entries} == {"kept": -60, "refunded": -40}
    assert balance_of(charged.asha) == 0


def test_what_the_deposit_does_not_pay_is_a_due_that_payments_settle(charged: Cast) -> None:
    back(charged, 2, Condition.LOST)
    assert (out(charged), deposit(charged)) == (2, Held())
    assert balance_of(charged.asha) == 300
    assert not empties(charged, "broken") and not empties(charged, "empty")
    (due,) = open_dues(charged.shop, [charged.asha])
    assert due.due == 300
    receive_payment(customer=charged.asha, amount=Decimal(300), tender=Tender.CASH, actor=TESTS)
    assert open_dues(charged.shop, [charged.asha]) == []


def test_a_charge_says_why_and_can_be_undone(charged: Cast) -> None:
    back(charged, 2, Condition.LOST)
    entry = LedgerEntry.objects.get(kind="charge")
    assert entry.reason == "2 × 20L lost"
    corrections.undo(entry, actor=TESTS)
    assert balance_of(charged.asha) == 0


def test_a_half_cap_costs_nothing_unless_the_shop_says_so(charged: Cast) -> None:
    back(charged, 1, Condition.HALF_CAP)
    assert (empties(charged, "empty"), deposit(charged)) == (1, Held(1, HUNDRED))
    assert balance_of(charged.asha) == 0


def test_a_refused_can_moves_nothing_and_is_remembered(charged: Cast) -> None:
    back(charged, 3, Condition.REFUSED)
    assert (out(charged), deposit(charged)) == (4, Held(2, HUNDRED * 2))
    assert CanMovement.objects.get(kind="refused").refused == 3


def test_the_page_takes_all_conditions_and_who_brought_them(charged: Cast, client_of: SignIn) -> None:
    pk, client = charged.can20.pk, client_of(charged.ravi)
    door = reverse("customer_return_cans", args=["water", charged.asha.pk])
    data = {"client_ref": str(uuid4()), f"back_{pk}": "1", f"leaking_{pk}": "1", f"refused_{pk}": "1"}
    data |= {"refund": "cash", "brought_by": "her son"}
    for _time in range(2):
        assert client.post(door, data).status_code == 302
    assert (out(charged), deposit(charged)) == (2, Held())
    assert (empties(charged, "empty"), empties(charged, "broken")) == (1, 1)
    assert set(CanMovement.objects.exclude(kind="out").values_list("brought_by", flat=True)) == {"her son"}
    assert "her son" not in str(list(AuditEntry.objects.values_list("after", flat=True)))
    assert (
        "Damaged, refused or lost"
        in client.get(reverse("customer", args=["water", charged.asha.pk])).content.decode()
    )


def test_a_manager_sets_the_charges_and_a_clerk_does_not(cast: Cast, client_of: SignIn) -> None:
    door, data = reverse("can_charges", args=["water"]), {f"lost_{cast.can20.pk}": "180"}
    assert client_of(cast.ravi).post(door, data).status_code == 403
    assert client_of(make_cast("other").meena).get(door).status_code == 404
    assert client_of(cast.meena).post(door, data).status_code == 302
    assert cast.can20.charges.get().amount == 180
    assert 'value="180.00"' in client_of(cast.meena).get(door).content.decode()
    assert client_of(cast.meena).post(door, {f"lost_{cast.can20.pk}": "-1"}).status_code == 422
    assert AuditEntry.objects.filter(action="change_charge").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_clerks_give_the_same_deposit_back_once() -> None:
    cast = make_cast()
    sell(cast, 1, customer=cast.asha, deposits=[Deposit(cast.can20, 1, HUNDRED)])

    def give() -> None:
        back(cast, 1, Condition.GOOD)

    at_once(give, give, give)
    assert deposit(cast) == Held()
    assert [row.amount for row in DepositEntry.objects.filter(kind="refunded")] == [-HUNDRED]
