"""New accounts whose face is known from an older account that still owes, or whose debt was given up.

Two things are compared. The face that was enrolled for the new account with the faces of persons tied to others; and,
where the new account's face is not known, whom the camera recognised in the visit of a sale to it.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.models import Customer
from sales import merging
from sales.models import ZERO, LedgerEntry
from vision import decisions, pipeline
from vision.alike import pairs_of
from vision.models import Card, CardQuerySet, IdentityEvent, Person, SaleLink, Visit
from vision.queues.base import Answer, Outcome, Queue
from watershop.audit import Actor
from watershop.models import Role, Shop
from watershop.templatetags.money import rupees

NEW = timedelta(days=30)
"""For so long an account is a new one."""


@dataclass(frozen=True)
class Debt:
    """What is open on an account, and what of its debts was given up, in rupees."""

    owes: Decimal
    written_off: Decimal


@dataclass(frozen=True)
class Meeting:
    """A new account's customer, and somebody known from another account whom they look like or were taken for."""

    customer: Customer
    person: Person | None
    """The new account's own face, where that is known."""
    known: Person
    visit: Visit | None


class OldDebt(Queue):
    """A new account and an older one that may be the same customer's."""

    kind = Card.Kind.OLD_DEBT
    title = gettext_lazy("New account, old debt")
    hint = gettext_lazy("A new customer with the face of an old debtor")
    icon = "dues"
    minutes = 10
    role = Role.MANAGER
    order = ("-amount", "-pk")
    outcomes = (
        Outcome("same", gettext_lazy("The same customer"), "y", "check"),
        Outcome("differ", gettext_lazy("Two customers"), "n", "close"),
    )

    def find(self, shop: Shop, since: datetime) -> Iterable[Card]:
        """New accounts with a face, or a sale with a visit, since then; first the faces, then the debts behind them."""
        met = [*_faces(shop, since), *_sales(shop, since)]
        debts = debts_of(shop, {one.known.customer_id for one in met if one.known.customer_id})
        return [self._card(one, debt) for one in met if (debt := debts.get(one.known.customer_id))]

    def _card(self, one: Meeting, debt: Debt) -> Card:
        return Card(
            shop_id=one.customer.shop_id,
            kind=self.kind,
            key=f"{one.customer.pk}-{one.known.customer_id}",
            at=one.visit.entry_at if one.visit else one.customer.created_at,
            until_at=one.visit.exit_at if one.visit else None,
            visit=one.visit,
            customer=one.customer,
            other_customer_id=one.known.customer_id,
            person=one.person,
            other_person=one.known,
            amount=debt.owes + debt.written_off,
            because={"owes": str(debt.owes), "written_off": str(debt.written_off)},
        )

    def settled(self, cards: CardQuerySet) -> CardQuerySet:
        """The accounts were merged elsewhere, or one of the faces is nobody's account any more."""
        return cards.filter(
            Q(customer__merged_into__isnull=False)
            | Q(other_customer__merged_into__isnull=False)
            | ~Q(other_person__customer=F("other_customer"))
            | Q(person__isnull=False) & ~Q(person__customer=F("customer"))
        )

    def sentence(self, card: Card) -> str:
        names = {
            "new": card.customer,
            "old": card.other_customer,
            "owes": rupees(Decimal(card.because["owes"])),
            "written_off": rupees(Decimal(card.because["written_off"])),
        }
        if Decimal(card.because["written_off"]):
            sentence = _("%(new)s may be %(old)s, who owes %(owes)s and was let off %(written_off)s.")
        else:
            sentence = _("%(new)s may be %(old)s, who owes %(owes)s.")
        return sentence % names

    def decide(self, card: Card, outcome: str, answer: Answer, actor: Actor) -> dict[str, Any]:
        new, old = card.customer, card.other_customer
        assert new is not None and old is not None and card.other_person is not None
        if outcome == "differ":
            if card.person is None:
                return {}
            return {"events": [decisions.tell_apart(card.person, card.other_person, actor).pk]}
        merging.merge(old=new, into=old, reason=_("One customer, by the face."), actor=actor)
        events = []
        if card.person is not None:
            named = decisions.name(card.person, {"customer": old}, actor)
            joined = decisions.merge(card.person, card.other_person, actor)
            events = [event.pk for event in (named, joined) if event]
        return {"merged": new.pk, "events": events}

    def undo(self, card: Card, actor: Actor) -> None:
        events = IdentityEvent.objects.of(card.shop).filter(pk__in=card.done.get("events", []))
        for event in events.order_by("-pk"):
            decisions.undo(event, actor)
        if "merged" in card.done:
            merging.unmerge(Customer.objects.get(shop=card.shop_id, pk=card.done["merged"]), actor=actor)


def _faces(shop: Shop, since: datetime) -> Iterator[Meeting]:
    """New accounts whose face was enrolled since then, and whom of the older accounts that looks like."""
    new = Person.objects.of(shop).filter(
        merged_into=None,
        customer__merged_into=None,
        customer__consents__withdrawn_at=None,
        customer__consents__given_at__gte=since,
    )
    if not (some := set(new.values_list("pk", flat=True))):
        return
    for one, other in pairs_of(shop, some, pipeline.eye()):
        for person, known in ((one, other), (other, one)):
            if person.pk in some and person.customer and _is_older(known.customer, person.customer):
                visit = Visit.objects.of(shop).filter(person=person).order_by("-entry_at").first()
                yield Meeting(person.customer, person, known, visit)


def _is_older(known: Customer | None, new: Customer) -> bool:
    return known is not None and known.merged_into_id is None and known.created_at < new.created_at


def _sales(shop: Shop, since: datetime) -> Iterator[Meeting]:
    """Sales since then to accounts that are new, in visits of somebody who is known from an older account."""
    links = SaleLink.objects.filter(
        shop=shop,
        state__in=SaleLink.SURE,
        sale__sold_at__gte=since,
        sale__customer__created_at__gte=timezone.now() - NEW,
        sale__customer__merged_into=None,
        visit__person__customer__created_at__lt=F("sale__customer__created_at"),
        visit__person__customer__merged_into=None,
    )
    for link in links.select_related("sale__customer", "visit__person__customer"):
        assert link.sale.customer is not None and link.visit.person is not None
        yield Meeting(link.sale.customer, None, link.visit.person, link.visit)


def debts_of(shop: Shop, customers: Collection[int | None]) -> dict[int | None, Debt]:
    """Who of these customers (ids) owes, or was let off a debt; one query."""
    if not customers:
        return {}
    given_up = Q(kind=LedgerEntry.Kind.WRITE_OFF, reversed_by=None)
    rows = LedgerEntry.objects.of(shop).filter(customer__in=customers).order_by().values("customer")
    sums = rows.annotate(owes=Sum("amount"), given_up=Sum("amount", filter=given_up))
    debts = {row["customer"]: Debt(max(row["owes"], ZERO), -(row["given_up"] or ZERO)) for row in sums}
    return {customer: debt for customer, debt in debts.items() if debt.owes or debt.written_off}
