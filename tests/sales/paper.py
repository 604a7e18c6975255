"""What a careful clerk would have on paper: sums that are kept, where the shop's own books add up rows."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from customers.models import Customer
from sales.models import IN_HAND, Condition, Held, Tender

NOTHING = Decimal(0)
SIZES = {"20L": Decimal(20), "10L": Decimal(10)}
FULL, EMPTY, BROKEN = "full", "empty", "broken"
CHARGES = {Condition.LEAKING: Decimal(25), Condition.DAMAGED: Decimal(60), Condition.LOST: Decimal(120)}
COMES_BACK_AS = {
    Condition.GOOD: EMPTY,
    Condition.HALF_CAP: EMPTY,
    Condition.LEAKING: BROKEN,
    Condition.DAMAGED: BROKEN,
}


@dataclass(eq=False)
class Sold:
    """A sale; `received` and `deposits` lose what did not arrive. `pk` is known once the shop has taken it.

    What a walk-in `brought`, they brought later, against the receipt.
    """

    buyer: Customer | None
    tender: Tender
    sold: Mapping[str, int]
    brought: Mapping[str, int]
    each: Mapping[str, Decimal]
    received: dict[Tender, Decimal]
    deposits: dict[str, Held]
    is_late: bool = False
    fills_drawer: bool = False
    is_void: bool = False
    pk: int = 0

    @property
    def total(self) -> Decimal:
        return sum((self.each[size] * count for size, count in self.sold.items()), NOTHING)

    @property
    def on_credit(self) -> Decimal:
        return self.total - sum(self.received.values(), NOTHING)

    @property
    def tenders(self) -> set[Tender]:
        return {*self.received, *({self.tender} if self.deposits else ())}

    @property
    def depositor(self) -> Any:
        """Whose deposits these are: a walk-in's are the sale's own."""
        return self.buyer or self

    def swapped(self, size: str) -> int:
        """Empties that came in: a walk-in brings one for each can without a deposit."""
        lent = self.sold[size] if self.buyer else self.deposits.get(size, Held()).cans
        return max(self.sold[size] - lent, 0) + self.brought[size]


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
    pots: dict[str, Held]


@dataclass
class Notebook:
    """Sums by customer, by can size, by tender. `pots` has the deposits that are held, by whose they are and size."""

    owed: defaultdict[Any, Decimal] = field(default_factory=partial(defaultdict, Decimal))
    held: Counter[tuple[Any, str]] = field(default_factory=Counter)
    pots: defaultdict[tuple[Any, str], Held] = field(default_factory=partial(defaultdict, Held))
    stock: defaultdict[tuple[str, str], int] = field(default_factory=partial(defaultdict, int))
    limits: dict[Any, Decimal] = field(default_factory=dict)
    sold: list[Sold] = field(default_factory=list)
    claims: list[Claimed] = field(default_factory=list)
    corrections: dict[int, tuple[Any, str, Decimal]] = field(default_factory=dict)
    in_drawer: defaultdict[Tender, Decimal] | None = None
    keeps_drawer: bool = False
    merges: list[Merged] = field(default_factory=list)

    def sums(self) -> dict[str, Any]:
        """What a deed changes, to put back with `vars(notes).update` when it comes to nothing."""
        names = ("owed", "held", "pots", "stock", "in_drawer", "merges")
        return {name: copy(vars(self)[name]) for name in names}

    def can_take(self, tenders: Iterable[Tender]) -> bool:
        """Whether money of these tenders has a place to go to, or to come from."""
        return not (self.keeps_drawer and self.in_drawer is None and IN_HAND.intersection(tenders))

    def may_owe(self, buyer: Customer | None, more: Decimal) -> bool:
        limit = self.limits.get(buyer)
        return not more or limit is None or self.owed[buyer] + more <= limit

    def may_sell(self, sale: Sold, *, fills_drawer: bool, may_pass_limit: bool = False) -> bool:
        pots = {size: self.pots[sale.depositor, size].amount for size in sale.deposits}
        return (
            bool(sale.total)
            and (sale.buyer is not None or not sale.on_credit)
            and (not fills_drawer or self.can_take(sale.tenders))
            and (may_pass_limit or self.may_owe(sale.buyer, sale.on_credit))
            and all(deposit.amount + pots[size] >= 0 for size, deposit in sale.deposits.items())
        )

    def money(self, tender: Tender, amount: Decimal, *, fills_drawer: bool) -> None:
        if fills_drawer and self.in_drawer is not None:
            self.in_drawer[tender] += amount

    def put(self, owner: Any, size: str, cans: int, amount: Decimal) -> None:
        pot = self.pots[owner, size]
        self.pots[owner, size] = Held(pot.cans + cans, pot.amount + amount)

    def sell(self, sale: Sold, *, fills_drawer: bool) -> None:
        sale.fills_drawer = fills_drawer and self.in_drawer is not None
        self.sold.append(sale)
        for size, (cans, amount) in sale.deposits.items():
            cans = max(cans, -self.pots[sale.depositor, size].cans)
            sale.deposits[size] = Held(cans, amount)
            self.put(sale.depositor, size, cans, amount)
            self.money(sale.tender, amount, fills_drawer=sale.fills_drawer)
        self._book(sale, 1)

    def void(self, sale: Sold) -> None:
        sale.is_void = True
        self.give_deposits_back(sale)
        self._book(sale, -1)
        self.pass_on(sale.buyer)

    def _book(self, sale: Sold, sign: int) -> None:
        for tender, amount in sale.received.items():
            self.money(tender, sign * amount, fills_drawer=sale.fills_drawer)
        if sale.buyer:
            self.owed[sale.buyer] += sign * sale.on_credit
        for size in SIZES:
            if sale.buyer:
                self.held[sale.buyer, size] += sign * (sale.sold[size] - sale.brought[size])
            self.stock[size, FULL] -= sign * sale.sold[size]
            self.stock[size, EMPTY] += sign * sale.swapped(size)

    def give_deposits_back(self, sale: Sold) -> None:
        """What is still held of them, on the account or on the one that it was merged into."""
        for size, (cans, amount) in sale.deposits.items():
            pots = [self.pots[who, size] for who in (sale.depositor, self.into(sale.buyer)) if who]
            left = min(amount, sum((pot.amount for pot in pots), NOTHING))
            self.put(sale.depositor, size, -min(cans, sum(pot.cans for pot in pots)), -left)
            self.money(sale.tender, -left, fills_drawer=sale.fills_drawer)

    def pass_on(self, buyer: Customer | None) -> None:
        """What undoing left on a merged account goes over as well."""
        if into := self.into(buyer):
            self.merge(buyer, into)

    def returned(
        self, buyer: Customer, cans: Mapping[str, int], condition: Condition, refund: Tender | None
    ) -> tuple[list[Decimal], Decimal]:
        """Cans that came back, or will not: what is charged beyond the deposit, and what of that was given back."""
        charges, refunded = [], NOTHING
        for size, count in cans.items():
            if condition in COMES_BACK_AS:
                self.stock[size, COMES_BACK_AS[condition]] += count
            self.held[buyer, size] -= count
            part = self.share(buyer, size, count)
            charge = CHARGES.get(condition, NOTHING) * count
            kept = min(part, charge)
            given = part - kept if refund else NOTHING
            is_gone = part and (given or kept == part)
            gone = min(count, self.pots[buyer, size].cans) if is_gone else 0
            self.put(buyer, size, -gone, -kept - given)
            if refund:
                self.money(refund, -given, fills_drawer=True)
            charges.append(charge - kept)
            refunded += given
        return [charge for charge in charges if charge], refunded

    def return_at_receipt(self, sale: Sold, cans: Mapping[str, int], tender: Tender) -> None:
        """A walk-in's empties, for which they left money."""
        for size, count in cans.items():
            part = self.share(sale, size, count)
            self.put(sale, size, -count, -part)
            self.money(tender, -part, fills_drawer=True)
            self.stock[size, EMPTY] += count
        sale.brought = {size: sale.brought[size] + count for size, count in cans.items()}

    def share(self, owner: Any, size: str, count: int) -> Decimal:
        pot = self.pots[owner, size]
        return pot.amount if count >= pot.cans else round(pot.amount * count / pot.cans, 2)

    def into(self, old: Any) -> Any:
        """The account that this one was merged into."""
        return next((merge.into for merge in self.merges if merge.old == old), None)

    def merge(self, old: Any, into: Any) -> None:
        held = {size: self.held[old, size] for size in SIZES}
        pots = {size: self.pots[old, size] for size in SIZES}
        self.merges.append(Merged(old, into, self.owed[old], held, pots))
        self._move(self.merges[-1], 1)

    def unmerge(self) -> None:
        """What was left of deposits goes back, whatever was given back of them meanwhile."""
        there = copy(self.pots)
        for merge in reversed(self.merges):
            for size, pot in merge.pots.items():
                giver, sign = (merge.into, 1) if pot.amount > 0 else (merge.old, -1)
                held = there[giver, size]
                cans, amount = min(sign * pot.cans, held.cans), min(sign * pot.amount, held.amount)
                there[giver, size] = Held(held.cans - cans, held.amount - amount)
                merge.pots[size] = Held(sign * cans, sign * amount)
            self._move(merge, -1)
        self.merges = []

    def _move(self, merge: Merged, sign: int) -> None:
        """Carry what was on the old account over, or back."""
        for account, way in ((merge.old, -sign), (merge.into, sign)):
            self.owed[account] += way * merge.owed
            for size in SIZES:
                self.held[account, size] += way * merge.held[size]
                self.put(account, size, way * merge.pots[size].cans, way * merge.pots[size].amount)
