"""Cards about money and cans: old debts behind new accounts, UPI that nobody saw, cans counted otherwise than sold."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from customers.models import Customer
from sales import corrections, merging, upi
from sales.models import LedgerEntry, Payment, Sale, SaleVoid, Tender, UpiClaim
from sales.new_sale import Line
from sales.reversals import payment_did_not_arrive, reinstate, void_sale
from tests.base import TESTS, Cast, make_cast, sell
from tests.vision.card_scenes import OLD, a_claim, a_count, a_new_face, an_old_debtor, linked, look
from tests.vision.scene import a_person
from vision.models import Person, SaleLink
from vision.queues import QUEUES, deciding, finding
from watershop.models import AuditEntry, Right, Role, RoleRight

SignIn = Callable[..., Client]


@pytest.fixture
def debtor(cast: Cast) -> Person:
    return an_old_debtor(cast)


def test_a_new_accounts_face_that_looks_like_an_old_debtor_is_a_card(cast: Cast, debtor: Person) -> None:
    person = a_new_face(cast)
    (card,) = look("old_debt", cast.shop)
    assert (card.customer, card.other_customer) == (cast.bala, cast.asha) and card.amount == 40
    assert (card.person, card.other_person) == (person, debtor)
    assert QUEUES["old_debt"].sentence(card) == "Bala may be Asha, who owes ₹40."
    assert look("old_debt", cast.shop) == [card]


def test_a_debt_that_was_given_up_counts_too(cast: Cast, debtor: Person) -> None:
    corrections.write_off(customer=cast.asha, amount=Decimal(40), reason="gone", actor=TESTS)
    a_new_face(cast)
    (card,) = look("old_debt", cast.shop)
    assert "owes ₹0 and was let off ₹40." in QUEUES["old_debt"].sentence(card)


@pytest.mark.parametrize("reason", ["pays", "differs", "older"])
def test_who_owes_nothing_or_looks_different_or_was_there_before_is_no_card(
    cast: Cast, debtor: Person, reason: str
) -> None:
    a_new_face(cast, 3.0 if reason == "differs" else 0.2)
    if reason == "pays":
        void_sale(Sale.objects.get(), reason="paid", actor=TESTS)
    if reason == "older":
        Customer.objects.filter(pk=cast.bala.pk).update(created_at=timezone.now() - 2 * OLD)
    assert not look("old_debt", cast.shop)


def test_the_same_customer_has_one_account_and_one_face_until_it_is_taken_back(
    cast: Cast, debtor: Person
) -> None:
    person = a_new_face(cast)
    (card,) = look("old_debt", cast.shop)
    deciding.decide(card, "same", TESTS)
    cast.bala.refresh_from_db()
    person.refresh_from_db()
    assert (cast.bala.merged_into, person.merged_into) == (cast.asha, debtor)
    assert not look("old_debt", cast.shop)
    deciding.undo(card, TESTS)
    cast.bala.refresh_from_db()
    person.refresh_from_db()
    assert (cast.bala.merged_into, person.merged_into, person.customer) == (None, None, cast.bala)
    assert look("old_debt", cast.shop) == [card]


def test_two_customers_are_told_apart_until_it_is_taken_back(cast: Cast, debtor: Person) -> None:
    person = a_new_face(cast)
    (card,) = look("old_debt", cast.shop)
    deciding.decide(card, "differ", TESTS)
    assert person.denials.count() + debtor.denials.count() == 1
    deciding.undo(card, TESTS)
    assert not person.denials.exists() and not debtor.denials.exists()


def test_a_sale_to_a_new_account_in_the_visit_of_an_old_debtor_is_a_card(cast: Cast, debtor: Person) -> None:
    link = linked(cast, sell(cast, customer=cast.bala), debtor)
    (card,) = look("old_debt", cast.shop)
    assert (card.customer, card.other_customer, card.person) == (cast.bala, cast.asha, None)
    assert card.visit == link.visit
    deciding.decide(card, "differ", TESTS)
    deciding.undo(card, TESTS)
    deciding.decide(card, "same", TESTS)
    cast.bala.refresh_from_db()
    assert cast.bala.merged_into == cast.asha
    deciding.undo(card, TESTS)
    cast.bala.refresh_from_db()
    assert cast.bala.merged_into is None


def test_accounts_that_were_merged_elsewhere_are_no_card_any_more(cast: Cast, debtor: Person) -> None:
    a_new_face(cast)
    assert look("old_debt", cast.shop)
    merging.merge(old=cast.bala, into=cast.asha, reason="one", actor=TESTS)
    assert not look("old_debt", cast.shop)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Half an hour goes by."""
    at = timezone.now() + timedelta(minutes=30)
    return lambda: monkeypatch.setattr(timezone, "now", lambda: at)


def test_upi_that_nobody_saw_is_a_card_with_the_payers_visit(cast: Cast, later: Callable[[], None]) -> None:
    person = a_person(cast.shop)
    claim = a_claim(cast, person, customer=cast.asha)
    assert not look("upi", cast.shop)
    later()
    (card,) = look("upi", cast.shop)
    assert (card.claim, card.customer) == (claim, cast.asha) and card.amount == 20
    assert card.visit and card.visit.person == person
    assert QUEUES["upi"].sentence(card) == "₹20 by UPI, not seen at the bank."


def test_the_reason_counts_what_never_came_from_this_face(cast: Cast, later: Callable[[], None]) -> None:
    person = a_person(cast.shop)
    for number in range(2):
        payment_did_not_arrive(a_claim(cast, person, ref=f"never{number}"), actor=TESTS)
    payment_did_not_arrive(a_claim(cast, ref="other"), actor=TESTS)
    a_claim(cast, person)
    later()
    (card,) = look("upi", cast.shop)
    assert "This face has 2 UPI payments that never came." in QUEUES["upi"].sentence(card)


def test_upi_asks_nobody_when_the_visit_is_not_theirs(cast: Cast, later: Callable[[], None]) -> None:
    a_claim(cast)
    later()
    assert look("upi", cast.shop)
    SaleLink.objects.update(state=SaleLink.State.REFUSED, decided_at=timezone.now())
    assert not look("upi", cast.shop)


def state(claim: UpiClaim) -> str:
    claim.refresh_from_db()
    return claim.state


def test_upi_that_arrived_is_confirmed_until_it_is_taken_back(cast: Cast, later: Callable[[], None]) -> None:
    claim = a_claim(cast)
    later()
    (card,) = look("upi", cast.shop)
    deciding.decide(card, "arrived", TESTS)
    assert state(claim) == "confirmed" and not look("upi", cast.shop)
    deciding.undo(card, TESTS)
    assert state(claim) == "claimed" and look("upi", cast.shop) == [card]
    assert AuditEntry.objects.filter(action="upi_reopened").count() == 1
    with pytest.raises(ValidationError, match="not confirmed"):
        upi.reopen(claim, actor=TESTS)


def test_upi_that_did_not_arrive_is_due_again_until_it_is_taken_back(
    cast: Cast, later: Callable[[], None]
) -> None:
    claim = a_claim(cast, customer=cast.asha)
    later()
    (card,) = look("upi", cast.shop)
    card = deciding.decide(card, "failed", TESTS)
    assert state(claim) == "failed" and LedgerEntry.objects.balance() == 20
    deciding.undo(card, TESTS)
    assert LedgerEntry.objects.balance() == 0
    assert Sale.objects.with_sums().get().due == 0


def test_only_who_may_void_says_that_upi_did_not_arrive(
    cast: Cast, later: Callable[[], None], client_of: SignIn
) -> None:
    claim = a_claim(cast)
    later()
    (card,) = look("upi", cast.shop)
    RoleRight.objects.create(shop=cast.shop, role=Role.MANAGER, right=Right.VOID, is_allowed=False)
    client, door = client_of(cast.meena), f"/s/water/queues/cards/{card.pk}/"
    assert client.post(door, {"do": "failed"}).status_code == 403
    assert client.post(door, {"do": "arrived"}).status_code == 302 and state(claim) == "confirmed"


def test_a_walk_ins_sale_is_void_without_its_money_and_entered_again_with_it(
    cast: Cast, later: Callable[[], None]
) -> None:
    a_claim(cast, lines=[Line(cast.can20, 2), Line(cast.can10, 1)])
    later()
    (card,) = look("upi", cast.shop)
    card = deciding.decide(card, "failed", TESTS)
    first = Sale.objects.get()
    assert SaleVoid.objects.filter(sale=first).exists()
    deciding.undo(card, TESTS)
    again = Sale.objects.with_sums().get(replaces=first)
    assert again.total == again.paid == 50 and again.sold_at == first.sold_at
    assert Payment.objects.get(allocations__sale=again).tender == Tender.UPI
    with pytest.raises(ValidationError, match="entered again already"):
        reinstate(first, actor=TESTS)


def test_a_customer_who_was_asked_leaves_the_claim_open(cast: Cast, later: Callable[[], None]) -> None:
    claim = a_claim(cast)
    later()
    (card,) = look("upi", cast.shop)
    deciding.decide(card, "asked", TESTS)
    assert state(claim) == "claimed" and not look("upi", cast.shop)
    deciding.undo(card, TESTS)
    assert look("upi", cast.shop) == [card]


def test_a_claim_that_was_decided_elsewhere_is_no_card_any_more(
    cast: Cast, later: Callable[[], None]
) -> None:
    claim = a_claim(cast)
    later()
    assert look("upi", cast.shop)
    upi.confirm(claim, actor=TESTS)
    assert not look("upi", cast.shop)


def test_cans_that_were_counted_as_sold_are_no_card(cast: Cast) -> None:
    a_count(cast, 2, 2)  # a walk-in swaps can for can
    a_count(cast, 2, 1, customer=cast.asha, empties=[(cast.can20, 1)])
    a_count(cast, 5, 5, minutes=2)  # too fresh
    assert not look("cans", cast.shop)


@pytest.mark.parametrize(
    ("counted", "amount", "sentence"),
    [
        ((3, 1), 20, "3 cans were taken, 2 on the sale."),
        ((2, 3), 0, "3 cans came back, 1 on the sale."),
        ((1, 0), 0, "1 can was taken, 2 on the sale. 0 cans came back, 1 on the sale."),
    ],
)
def test_cans_counted_otherwise_than_sold_are_a_card(
    cast: Cast, counted: tuple[int, int], amount: int, sentence: str
) -> None:
    sale = a_count(cast, *counted, customer=cast.asha, empties=[(cast.can20, 1)])
    (card,) = look("cans", cast.shop)
    assert (card.sale, card.customer) == (sale, cast.asha) and card.amount == amount
    assert QUEUES["cans"].sentence(card) == sentence


@pytest.mark.parametrize("outcome", ["miscounted", "wrong_sale", "on_trust"])
def test_a_count_is_explained_and_opened_again(cast: Cast, outcome: str) -> None:
    sale = a_count(cast, 3, 2)
    (card,) = look("cans", cast.shop)
    card = deciding.decide(card, outcome, TESTS)
    page = f"/s/water/sales/{sale.pk}/correct/" if outcome == "wrong_sale" else ""
    assert QUEUES["cans"].leads_to(card) == page
    assert not look("cans", cast.shop)
    deciding.undo(card, TESTS)
    assert look("cans", cast.shop) == [card]


def test_a_count_of_a_sale_that_was_corrected_is_no_card_any_more(cast: Cast) -> None:
    sale = a_count(cast, 3, 2)
    assert look("cans", cast.shop)
    void_sale(sale, reason="three", actor=TESTS)
    assert not look("cans", cast.shop)


def test_each_shop_has_its_own_cards(cast: Cast, debtor: Person, later: Callable[[], None]) -> None:
    a_new_face(cast)
    a_claim(cast)
    a_count(cast, 3, 2)
    later()
    neighbour = make_cast("neighbour")
    for kind in ("old_debt", "upi", "cans"):
        assert not look(kind, neighbour.shop)


@pytest.mark.parametrize(("kind", "queries"), [("old_debt", 16), ("upi", 7), ("cans", 5)])
def test_looking_costs_the_same_however_many_there_are(
    cast: Cast,
    debtor: Person,
    later: Callable[[], None],
    kind: str,
    queries: int,
    django_assert_max_num_queries: Any,
) -> None:
    a_new_face(cast)
    for number in range(4):
        a_claim(cast, ref=f"claim{number}")
        a_count(cast, 3, 2)
        linked(cast, sell(cast, customer=cast.bala), debtor)
    later()
    with django_assert_max_num_queries(queries):
        finding.find_for(QUEUES[kind], cast.shop)
