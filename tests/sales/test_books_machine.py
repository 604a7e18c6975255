"""Whatever a shop does, in whatever order: after every step the books agree with themselves and with a notebook.

Hypothesis draws the steps and makes a failure short. Each goes through its web page, is sent a second time, and is
written into `Notebook`, which knows nothing of the ledger. `make soak` looks for much longer than the tests do.
"""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.db.models import Sum
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from customers.models import Customer
from sales import drawer
from sales.dues import open_dues
from sales.models import (
    IN_HAND,
    Allocation,
    CanMovement,
    DrawerSession,
    LedgerEntry,
    Payment,
    Sale,
    SaleLine,
    Tender,
    UpiClaim,
)
from tests.base import Cast, make_cast, sell
from watershop.models import ShopRow, User

settings.register_profile(
    "short",
    max_examples=8,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
settings.register_profile(
    "soak",
    settings.get_profile("short"),
    max_examples=400,
    stateful_step_count=60,
    derandomize=False,
    print_blob=True,
)
PROFILE = settings.get_profile(os.environ.get("HYPOTHESIS_PROFILE", "short"))

Rows = dict[tuple[str, int], tuple[int, int]]
BOOKS = [
    model._meta.db_table
    for app in ("customers", "sales", "watershop")
    for model in apps.get_app_config(app).get_models()
    if issubclass(model, ShopRow) and not model._meta.proxy
]
FINGERPRINTS = "SELECT '{0}', shop_id, count(*), sum(hashtext(row_.*::text)) FROM {0} row_ GROUP BY shop_id"


def books() -> Rows:
    """How many rows each table holds for each shop, and a fingerprint of all that is in them."""
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(FINGERPRINTS.format(table) for table in BOOKS))
        return {(table, shop): (count, mark) for table, shop, count, mark in cursor.fetchall()}


@dataclass(eq=False)
class Sold:
    """A sale as the notebook has it; `received` loses what was given back or did not arrive."""

    pk: int
    buyer: Customer | None
    total: Decimal
    received: dict[Tender, Decimal]
    fills_drawer: bool
    taken: Counter[str]
    brought: Counter[str]
    is_void: bool = False


@dataclass(eq=False)
class Claimed:
    """A UPI payment that somebody should look for at the bank; without a sale it came alone."""

    pk: int
    buyer: Customer | None
    amount: Decimal
    fills_drawer: bool
    sale: Sold | None = None
    is_decided: bool = False

    @property
    def is_open(self) -> bool:
        return not self.is_decided and not (self.sale and self.sale.is_void)


@dataclass
class Merged:
    """What went from one account to another."""

    old: Any
    into: Any
    owed: Decimal
    held: dict[str, int]


@dataclass
class Notebook:
    """What a careful clerk would have on paper: sums that are kept, where the shop's own books add up rows."""

    owed: defaultdict[Any, Decimal] = field(default_factory=partial(defaultdict, Decimal))
    held: Counter[tuple[Any, str]] = field(default_factory=Counter)
    limits: dict[Any, Decimal] = field(default_factory=dict)
    sold: list[Sold] = field(default_factory=list)
    claims: list[Claimed] = field(default_factory=list)
    corrections: dict[int, tuple[Any, str, Decimal]] = field(default_factory=dict)
    in_drawer: defaultdict[Tender, Decimal] | None = None
    keeps_drawer: bool = False
    merges: list["Merged"] = field(default_factory=list)

    def into(self, old: Any) -> Any:
        """The account that this one was merged into."""
        return next((merge.into for merge in self.merges if merge.old == old), None)

    def move(self, merge: "Merged", sign: int) -> None:
        """Carry what was on the old account over, or back."""
        self.owed[merge.old] -= sign * merge.owed
        self.owed[merge.into] += sign * merge.owed
        for size, count in merge.held.items():
            self.held[merge.old, size] -= sign * count
            self.held[merge.into, size] += sign * count

    def can_take(self, tenders: Any) -> bool:
        """Whether money of these tenders has a place to go to, or to come from."""
        return not (self.keeps_drawer and self.in_drawer is None and IN_HAND & set(tenders))

    def money(self, tender: Tender, amount: Decimal, *, fills_drawer: bool) -> None:
        if fills_drawer and self.in_drawer is not None:
            self.in_drawer[tender] += amount

    def cans(self, sale: Sold, sign: int) -> None:
        for size in sale.taken | sale.brought:
            self.held[sale.buyer, size] += sign * (sale.taken[size] - sale.brought[size])

    def may_owe(self, buyer: Customer | None, more: Decimal) -> bool:
        limit = self.limits.get(buyer)
        return not more or limit is None or self.owed[buyer] + more <= limit

    def void(self, sale: Sold) -> None:
        sale.is_void = True
        if sale.buyer:
            self.owed[sale.buyer] -= sale.total - sum(sale.received.values())
            self.cans(sale, -1)
        for tender, amount in sale.received.items():
            self.money(tender, -amount, fills_drawer=sale.fills_drawer)


SIZES = {"20L": Decimal(20), "10L": Decimal(10)}
COUNTS = st.fixed_dictionaries({size: st.integers(0, 3) for size in SIZES})
MONEY = st.integers(1, 90).map(Decimal)
TENDERS = st.sampled_from(Tender)
WHICH = st.integers(0, 99)
CUSTOMERS = st.sampled_from(["asha", "bala"])


class Books(RuleBasedStateMachine):
    """The doors of one shop; its neighbour must never notice."""

    def __init__(self, cast: Cast, owner: Client) -> None:
        super().__init__()
        self.cast, self.owner, self.notes = cast, owner, Notebook()
        self.all_undone = transaction.atomic()
        self.all_undone.__enter__()
        self.others = self.of_others()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.all_undone.__exit__(None, None, None)

    @contextmanager
    def all_undone_after(self) -> Iterator[None]:
        try:
            yield
        finally:
            self.teardown()

    def of_others(self) -> Rows:
        return {key: mark for key, mark in books().items() if key[1] != self.cast.shop.pk}

    def buyer(self, name: str | None) -> Customer | None:
        return getattr(self.cast, name) if name else None

    def post(self, door: str, *row: int, succeeds: bool, **body: Any) -> str:
        """Send a form to its door, twice: the second time must change nothing, nor the first if it can't succeed.

        Returns where the answer leads, "" for one that leads nowhere.
        """
        path, body = reverse(door, args=["water", *row]), body | {"client_ref": str(uuid4())}
        before = books()
        answer = self.owner.post(path, body)
        after = books()
        assert (after != before) == succeeds, (door, body, answer.status_code)
        self.owner.post(path, body)
        assert books() == after
        return str(answer.get("Location", ""))

    def cans_of(self, word: str, counts: dict[str, int]) -> dict[str, int]:
        types = {"20L": self.cast.can20, "10L": self.cast.can10}
        return {f"{word}_{types[size].pk}": count for size, count in counts.items()}

    @rule(
        name=st.sampled_from([None, "asha", "bala"]),
        sold=COUNTS,
        back=COUNTS,
        tender=TENDERS,
        how=st.sampled_from(["paid", "unpaid", "split"]),
        parts=st.tuples(*[st.integers(0, 4)] * 4),
        is_late=st.booleans(),
    )
    def sell(
        self,
        name: str | None,
        sold: dict[str, int],
        back: dict[str, int],
        tender: Tender,
        how: str,
        parts: tuple[int, ...],
        is_late: bool,
    ) -> None:
        buyer = self.buyer(name)
        back = back if buyer else dict.fromkeys(back, 0)
        total = sum((SIZES[size] * count for size, count in sold.items()), Decimal(0))
        received = _received(total, tender, how, parts)
        on_credit = total - sum(received.values(), Decimal(0))
        form: dict[str, Any] = (
            {"tender": tender.value} | self.cans_of("sold", sold) | self.cans_of("back", back)
        )
        form |= {"customer": buyer.pk} if buyer else {}
        form |= {"is_unpaid": "on"} if not received else {}
        form |= {f"part_{part}": amount for part, amount in received.items()} if how == "split" else {}
        form |= {"sold_at": f"{timezone.now() - timedelta(hours=1):%Y-%m-%dT%H:%M}"} if is_late else {}
        place = self.post(
            "till",
            succeeds=bool(total)
            and self.notes.into(buyer) is None
            and (buyer is not None or not on_credit)
            and (is_late or self.notes.can_take(received))
            and self.notes.may_owe(buyer, on_credit),
            **form,
        )
        if place:
            self.note_sale(_number_in(place), buyer, total, received, sold, back, is_late)

    def note_sale(
        self,
        pk: int,
        buyer: Customer | None,
        total: Decimal,
        received: dict[Tender, Decimal],
        sold: dict[str, int],
        back: dict[str, int],
        is_late: bool,
    ) -> None:
        notes, fills_drawer = self.notes, not is_late and self.notes.in_drawer is not None
        sale = Sold(pk, buyer, total, received, fills_drawer, Counter(sold), Counter(back))
        notes.sold.append(sale)
        for tender, amount in received.items():
            notes.money(tender, amount, fills_drawer=fills_drawer)
        if buyer:
            notes.owed[buyer] += total - sum(received.values())
            notes.cans(sale, 1)
        if Tender.UPI in received and not is_late:
            claim = UpiClaim.objects.latest("pk").pk
            notes.claims.append(Claimed(claim, buyer, received[Tender.UPI], fills_drawer, sale))

    @rule(name=CUSTOMERS, amount=MONEY, tender=TENDERS, which=st.none() | WHICH)
    def pay(self, name: str, amount: Decimal, tender: Tender, which: int | None = None) -> None:
        buyer, notes = self.buyer(name), self.notes
        assert buyer is not None
        fits = notes.can_take([tender])
        dues = open_dues(self.cast.shop, [buyer])
        chosen = dues[which % len(dues)] if dues and which is not None else None
        form = {f"due_{chosen.key}": "on"} if chosen else {}
        self.post("customer_pay", buyer.pk, succeeds=fits, amount=amount, tender=tender.value, **form)
        if fits and chosen:
            left = {due.key: due.due for due in open_dues(self.cast.shop, [buyer])}
            assert left.get(chosen.key, 0) == max(chosen.due - amount, 0)
        if fits:
            fills_drawer = notes.in_drawer is not None
            notes.owed[buyer] -= amount
            notes.money(tender, amount, fills_drawer=fills_drawer)
            if tender == Tender.UPI:
                claim = UpiClaim.objects.latest("pk").pk
                notes.claims.append(Claimed(claim, buyer, amount, fills_drawer))

    @precondition(lambda self: self.notes.sold)
    @rule(which=WHICH)
    def void(self, which: int) -> None:
        sale = self.notes.sold[which % len(self.notes.sold)]
        given_up = Allocation.objects.filter(sale=sale.pk, credit__kind=LedgerEntry.Kind.WRITE_OFF)
        fits = (
            not sale.is_void
            and not given_up.aggregate(sum=Sum("amount"))["sum"]
            and (not sale.fills_drawer or self.notes.can_take(sale.received))
        )
        self.post("sale_void", sale.pk, succeeds=fits, reason="a mistake")
        if fits:
            self.notes.void(sale)

    @precondition(lambda self: self.notes.claims)
    @rule(which=WHICH, did_arrive=st.booleans())
    def look_at_the_bank(self, which: int, did_arrive: bool) -> None:
        notes = self.notes
        claim = notes.claims[which % len(notes.claims)]
        walk_in = claim.sale if claim.buyer is None else None
        gives_cash = walk_in is not None and walk_in.fills_drawer and not did_arrive
        fits = claim.is_open and not (gives_cash and walk_in and not notes.can_take(walk_in.received))
        self.post("upi_decide", claim.pk, succeeds=fits, do="confirm" if did_arrive else "fail")
        if not fits:
            return
        claim.is_decided = True
        if walk_in and not did_arrive:
            notes.void(walk_in)
        elif not did_arrive:
            notes.owed[claim.buyer] += claim.amount
            notes.money(Tender.UPI, -claim.amount, fills_drawer=claim.fills_drawer)
            if claim.sale:
                del claim.sale.received[Tender.UPI]

    @rule(name=CUSTOMERS, back=COUNTS)
    def return_cans(self, name: str, back: dict[str, int]) -> None:
        buyer = self.buyer(name)
        assert buyer is not None
        self.post("customer_return_cans", buyer.pk, succeeds=any(back.values()), **self.cans_of("back", back))
        for size, count in back.items():
            self.notes.held[buyer, size] -= count

    @rule(name=CUSTOMERS, amount=st.integers(-60, 60).map(Decimal), days=st.integers(0, 40))
    def open_balance(self, name: str, amount: Decimal, days: int) -> None:
        fits = bool(amount) and not self.standing("opening", name)
        day = timezone.localdate(timezone=self.cast.shop.tz) - timedelta(days=days)
        self.correct("customer_open", "opening", name, amount, fits=fits, day=day)

    @rule(name=CUSTOMERS, amount=MONEY)
    def write_off(self, name: str, amount: Decimal) -> None:
        fits = amount <= self.notes.owed[self.buyer(name)]
        self.correct("customer_write_off", "write_off", name, -amount, fits=fits, reason="moved away")

    def standing(self, kind: str, name: str) -> bool:
        found = self.notes.corrections.values()
        return any((buyer, what) == (self.buyer(name), kind) for buyer, what, _amount in found)

    def correct(self, door: str, kind: str, name: str, amount: Decimal, *, fits: bool, **body: Any) -> None:
        buyer = self.buyer(name)
        assert buyer is not None
        asked = abs(amount) if kind == "write_off" else amount
        self.post(door, buyer.pk, succeeds=fits, amount=asked, **body)
        if fits:
            entry = LedgerEntry.objects.filter(kind=kind).latest("pk")
            self.notes.corrections[entry.pk] = (buyer, kind, amount)
            self.notes.owed[buyer] += amount

    @precondition(lambda self: self.notes.corrections)
    @rule(which=WHICH)
    def undo(self, which: int) -> None:
        entry = sorted(self.notes.corrections)[which % len(self.notes.corrections)]
        self.post("entry_undo", entry, succeeds=True)
        buyer, _kind, amount = self.notes.corrections.pop(entry)
        self.notes.owed[buyer] -= amount

    @rule(name=CUSTOMERS)
    def merge(self, name: str) -> None:
        old, notes = self.buyer(name), self.notes
        into = self.buyer("bala" if name == "asha" else "asha")
        assert old is not None and into is not None
        fits = notes.into(into) is None
        self.post("customer_merge", old.pk, succeeds=fits, into=into.pk, reason="the same person")
        if fits:
            held = {size: notes.held[old, size] for size in SIZES}
            notes.merges.append(Merged(old, into, notes.owed[old], held))
            notes.move(notes.merges[-1], 1)

    @precondition(lambda self: self.notes.merges)
    @rule()
    def unmerge(self) -> None:
        self.post("customer_unmerge", self.notes.merges[0].old.pk, succeeds=True)
        for merge in self.notes.merges:
            self.notes.move(merge, -1)
        self.notes.merges = []

    @rule(name=CUSTOMERS, limit=st.one_of(st.none(), MONEY))
    def limit(self, name: str, limit: Decimal | None) -> None:
        buyer, notes = self.buyer(name), self.notes
        assert buyer is not None
        is_new = notes.limits.get(buyer) != limit
        given = "" if limit is None else limit
        self.post("customer_credit", buyer.pk, succeeds=is_new, credit_limit=given)
        notes.limits.pop(buyer, None)
        notes.limits |= {} if limit is None else {buyer: limit}

    @rule(cash=MONEY)
    def open_drawer(self, cash: Decimal) -> None:
        fits = self.notes.in_drawer is None
        self.post("drawer_open", succeeds=fits, opening_float=cash)
        if fits:
            self.notes.in_drawer, self.notes.keeps_drawer = defaultdict(Decimal, {Tender.CASH: cash}), True

    @rule(amount=MONEY, kind=st.sampled_from(["in", "out"]))
    def move_cash(self, amount: Decimal, kind: str) -> None:
        fits = self.notes.in_drawer is not None
        self.post("drawer_move", succeeds=fits, amount=amount, kind=kind, reason="change")
        self.notes.money(Tender.CASH, amount if kind == "in" else -amount, fills_drawer=True)

    @precondition(lambda self: self.notes.in_drawer is not None)
    @rule(notes_of_100=st.integers(0, 3), coin=MONEY)
    def close_drawer(self, notes_of_100: int, coin: Decimal) -> None:
        place = self.post("drawer_close", succeeds=True, count_100=notes_of_100, coin=coin, upi=0)
        counts = DrawerSession.objects.get(pk=_number_in(place)).counts.values_list("tender", "expected")
        assert self.notes.in_drawer is not None
        assert dict(counts) == {tender: self.notes.in_drawer[tender] for tender in Tender}
        self.notes.in_drawer = None

    @invariant()
    def the_books_agree(self) -> None:
        self.the_database_agrees()
        self.every_account_is_what_the_notebook_says()
        self.the_drawer_holds_what_its_events_say()
        self.receipts_have_no_gap()
        self.the_neighbour_noticed_nothing()

    def the_database_agrees(self) -> None:
        """What it would refuse at commit, it refuses now."""
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")

    def every_account_is_what_the_notebook_says(self) -> None:
        for buyer in (self.cast.asha, self.cast.bala):
            entries = LedgerEntry.objects.filter(customer=buyer)
            balance = entries.balance()
            assert balance == self.notes.owed[buyer]
            due, unspent = open_of(buyer), unspent_of(buyer)
            assert due - unspent == balance
            assert sum((row.due for row in open_dues(self.cast.shop, [buyer])), Decimal(0)) == due
            assert not (due and unspent), "money lies about while something is due"
            held = CanMovement.objects.filter(customer=buyer).held()
            assert held == {
                size: self.notes.held[buyer, size] for size in SIZES if self.notes.held[buyer, size]
            }

    def the_drawer_holds_what_its_events_say(self) -> None:
        session = DrawerSession.objects.of(self.cast.shop).open().first()
        assert (session is None) == (self.notes.in_drawer is None)
        if session and self.notes.in_drawer is not None:
            assert drawer.expected(session) == {tender: self.notes.in_drawer[tender] for tender in Tender}

    def receipts_have_no_gap(self) -> None:
        numbers = Sale.objects.of(self.cast.shop).values_list("receipt", flat=True)
        assert sorted(int((text or "").partition("/")[2]) for text in numbers) == [
            *range(1, len(self.notes.sold) + 1)
        ]

    def the_neighbour_noticed_nothing(self) -> None:
        assert self.of_others() == self.others


def _received(total: Decimal, tender: Tender, how: str, parts: tuple[int, ...]) -> dict[Tender, Decimal]:
    """What each tender brings; of a split price each gets its share of the parts, and the last one is on credit."""
    if how == "unpaid" or not total:
        return {}
    if how == "paid" or not sum(parts):
        return {tender: total}
    shares = {
        each: (total * part / sum(parts)).quantize(Decimal("0.01"), "ROUND_DOWN")
        for each, part in zip(Tender, parts, strict=False)
    }
    return {each: share for each, share in shares.items() if share}


def _number_in(place: str) -> int:
    found = re.search(r"\d+", place)
    assert found, place
    return int(found.group())


def open_of(buyer: Customer) -> Decimal:
    """What is open of the customer's sales, opening balances and transfers, added up one by one."""
    sales = Sale.objects.filter(customer=buyer, void=None)
    openings = LedgerEntry.objects.filter(
        customer=buyer, kind__in=["opening", "transfer"], amount__gt=0, reversed_by=None
    )
    debts = [
        *(_sum(SaleLine.objects.filter(sale=sale)) - _sum(sale.allocations.all()) for sale in sales),
        *(entry.amount - _sum(entry.settled_by.all()) for entry in openings),
    ]
    assert all(debt >= 0 for debt in debts)
    return sum(debts, Decimal(0))


def unspent_of(buyer: Customer) -> Decimal:
    """What settles nothing yet of the customer's payments, write-offs, transfers and opening credit."""
    payments = Payment.objects.filter(customer=buyer, reverses=None, reversed_by=None)
    gifts = LedgerEntry.objects.filter(
        customer=buyer, kind__in=["opening", "write_off", "transfer"], amount__lt=0, reversed_by=None
    )
    purses = [
        *(payment.amount - _sum(payment.allocations.all()) for payment in payments),
        *(-entry.amount - _sum(entry.settles.all()) for entry in gifts),
    ]
    assert all(purse >= 0 for purse in purses)
    return sum(purses, Decimal(0))


def _sum(rows: Any) -> Decimal:
    return rows.aggregate(sum=Sum("amount"))["sum"] or Decimal(0)


@pytest.fixture
def machine(cast: Cast, client_of: Callable[[User], Client]) -> Callable[[], Books]:
    neighbour = make_cast("other")
    sell(neighbour, 2, customer=neighbour.asha, is_paid=False)
    return partial(Books, cast, client_of(cast.lakshmi))


def test_the_books_agree_after_any_sequence_of_deeds(machine: Callable[[], Books]) -> None:
    run_state_machine_as_test(machine, settings=PROFILE)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "forgotten",
    ["cans.reverse_sale", "reversals._give_back", "ledger.settle_oldest_first", "reversals.release"],
)
def test_control_a_deed_that_forgets_one_of_its_rows_is_found(
    machine: Callable[[], Books], forgotten: str
) -> None:
    """Each is one line of the ledger left out."""
    books = machine()
    with (
        books.all_undone_after(),
        patch(f"sales.{forgotten}"),
        pytest.raises((AssertionError, DatabaseError)),
    ):
        for how in ("paid", "unpaid"):
            books.sell("asha", {"20L": 2}, {"20L": 1}, Tender.CASH, how, (), is_late=False)
        books.pay("asha", Decimal(90), Tender.CASH)
        books.the_books_agree()
        books.void(0)
        books.void(1)
        books.the_books_agree()
