"""A debtor arrived: somebody who falls under the shop's rule for defaulters is in the shop, and may be asked.

Only the faces of customers who agreed to be known are theirs at all, and only one that is near enough speaks of a debt.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from uuid import uuid4

from django.db.models import Count, F, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sales import bulk
from sales.collecting import Standing, last_promises
from sales.defaulters import Debtor, defaulters
from sales.ledger import receive_payment
from sales.models import BulkDeed, Payment, Promise
from sales.reminders import Channel, Topic, about
from sales.reversals import take_back_payment
from vision import counter, decisions, pipeline
from vision.models import Card, CardQuerySet, CounterChoice, IdentityEvent, VisionSettings, Visit
from vision.queues.base import Answer, Outcome, Queue
from vision.sightings import in_sight
from watershop.audit import Actor
from watershop.dates import day_of
from watershop.models import Message, Shop
from watershop.templatetags.money import rupees

TODAY = timedelta(hours=12)
"""So long after they came they can still be called; then the card has had its day."""
CAME_AT = timedelta(minutes=2)
"""A visit that is stored later begins or ends so near the moment in which its face was in sight."""
MONTH = timedelta(days=30)


@dataclass(frozen=True)
class Debt:
    """What helps whoever asks: the last promise and how it stands, the last reminder, and words to begin with."""

    unpaid_count: int
    promise: tuple[Promise, Standing] | None
    reminder: Message | None
    words: str


class DebtorArrived(Queue):
    """Once a day for each: whoever is asked at every purchase stays away. One who was not them does not count."""

    kind = Card.Kind.DEBTOR
    title = gettext_lazy("Debtor arrived")
    hint = gettext_lazy("Somebody is here who owes for long")
    icon = "dues"
    is_live = True
    fragment = "vision/queues/_debt.html"
    outcomes: ClassVar = (
        Outcome("asked", gettext_lazy("Asked"), "a", "phone"),
        Outcome("paid", gettext_lazy("Paid"), "p", "cash", asks=("amount", "tender")),
        Outcome("promised", gettext_lazy("Promised"), "d", "calendar", asks=("day",)),
        Outcome("refused", gettext_lazy("Refused"), "r", "close"),
        Outcome("not_him", gettext_lazy("Not them"), "n", "people"),
    )

    def find(self, shop: Shop, since: datetime) -> Iterable[Card]:
        """Who is in sight now, and whose visit was stored since they came today; two queries where nobody is known."""
        came = [*_in_sight(shop), *_visits(shop)]
        if not came:
            return []
        late = {row.customer.pk: row for row in defaulters(shop)}
        others = list(_not_theirs(shop))
        return [
            _with_debt(card, late[card.customer_id], others)
            for card in came
            if card.customer_id in late and not any(_is_same_face(card, other) for other in others)
        ]

    def settled(self, cards: CardQuerySet) -> CardQuerySet:
        """They paid elsewhere, are no debtors any more, are somebody else by now, or left long ago."""
        first = cards.select_related("shop").first()
        if first is None:
            return cards
        late = [row.customer.pk for row in defaulters(first.shop)]
        is_theirs = Q(person__customer=F("customer"), customer__in=late)
        return cards.filter(~is_theirs | Q(at__lt=timezone.now() - TODAY))

    def follow(self, shop: Shop, since: datetime) -> None:
        """Who was in sight gets the visit, once it is stored: its picture and its film."""
        waiting = Card.objects.of(shop).filter(kind=self.kind, visit=None, at__gte=since)
        for card in waiting.select_related("shop"):
            if stay := _stay_of(card):
                Card.objects.filter(pk=card.pk, visit=None).update(visit=stay)

    def sentence(self, card: Card) -> str:
        numbers = {"amount": rupees(card.amount), "days": card.because["days"]}
        return _("Owes %(amount)s, the oldest for %(days)s days.") % numbers

    def more(self, card: Card) -> Debt:
        """How it stands with them, and what to say; three queries."""
        assert card.customer
        promises = last_promises(card.shop, [card.customer])
        asked = _("%(amount)s is open on your account. Would you like to pay it now, or a part of it?")
        return Debt(
            unpaid_count=card.because["unpaid"],
            promise=promises.get(card.customer.pk),
            reminder=about(card.shop, [card.customer]).filter(topic=Topic.DUES).first(),
            words=asked % {"amount": rupees(card.amount)},
        )

    def decide(self, card: Card, outcome: str, answer: Answer, actor: Actor) -> dict[str, Any]:
        """Money goes onto the account, a promise into the book, and a wrong face off the visit."""
        match outcome:
            case "paid":
                return _pay(card, answer, actor)
            case "promised":
                return _promise(card, answer, actor)
            case "not_him":
                return _not_them(card, actor)
        return {}

    def undo(self, card: Card, actor: Actor) -> None:
        done = card.done
        if payment := done.get("payment"):
            take_back_payment(Payment.objects.select_related("shop", "customer").get(pk=payment), actor=actor)
        if deed := done.get("deed"):
            bulk.undo(BulkDeed.objects.get(pk=deed), actor=actor)
        if event := done.get("event"):
            decisions.undo(IdentityEvent.objects.get(pk=event), actor)
        if choice := done.get("choice"):
            counter.take_back(CounterChoice.objects.select_related("event").get(pk=choice), actor)

    def figure(self, shop: Shop) -> str:
        """What a card brought in the last thirty days."""
        lately = Card.objects.of(shop).filter(kind=self.kind, decided_at__gte=timezone.now() - MONTH)
        sums = lately.aggregate(cards=Count("pk"), money=Sum("recovered"))
        if not sums["cards"]:
            return ""
        each = Decimal(sums["money"]) / sums["cards"]
        numbers = {"money": rupees(sums["money"], 0), "cards": sums["cards"], "each": rupees(each, 0)}
        return _("%(money)s by %(cards)s cards in 30 days, %(each)s each") % numbers


def _bar(shop: Shop) -> float:
    """How near a face must be before a debt is spoken of (L2)."""
    wish = VisionSettings.of(shop).debtor_at
    return pipeline.eye().debtor_at if wish is None else wish


def _in_sight(shop: Shop) -> Iterator[Card]:
    """Cards, without their debt, for the customers that a live camera sees now."""
    known = [row for row in in_sight(shop) if row.person and row.person.customer_id and row.camera.recognises]
    bar = _bar(shop) if known else 0.0
    for row in known:
        if row.person and row.distance is not None and row.distance <= bar:
            yield Card(
                **{"shop": shop, "person": row.person, "customer_id": row.person.customer_id},
                **{"at": row.first_at, "until_at": row.last_at},
                because={"camera": row.camera_id, "track": row.track},
            )


def _visits(shop: Shop) -> Iterator[Card]:
    """The same for the stored visits of today, by a face that is near enough or by somebody's word."""
    visits = Visit.objects.of(shop).filter(
        entry_at__gte=timezone.now() - TODAY, person__customer__isnull=False
    )
    known = list(visits.select_related("person", "recording").order_by("entry_at"))
    bar = _bar(shop) if known else 0.0
    for visit in known:
        is_near = visit.distance is not None and visit.distance <= bar
        if visit.person and (visit.is_confirmed or is_near):
            yield Card(
                **{"shop": shop, "person": visit.person, "customer_id": visit.person.customer_id},
                **{"at": visit.entry_at, "until_at": visit.exit_at, "visit": visit},
                because={"camera": visit.recording.camera_id},
            )


def _not_theirs(shop: Shop) -> CardQuerySet:
    """The cards of the last days whose face was somebody else's."""
    since = timezone.now() - 2 * TODAY
    return Card.objects.of(shop).filter(kind=Card.Kind.DEBTOR, outcome="not_him", at__gte=since)


def _is_same_face(card: Card, other: Card) -> bool:
    """Whether two cards are about one face in sight, or one visit."""
    if card.visit_id:
        return card.visit_id == other.visit_id
    return all(card.because[name] == other.because.get(name) for name in ("camera", "track"))


def _with_debt(card: Card, row: Debtor, others: Iterable[Card]) -> Card:
    """Its key is the customer and the day, and how many of that day's cards were `others`'."""
    card.kind, card.amount = Card.Kind.DEBTOR, row.balance
    key = f"{row.customer.pk} {day_of(card.shop, card.at)}"
    wrong = sum(other.key.startswith(key) for other in others)
    card.key = f"{key} {wrong}" if wrong else key
    card.because |= {"days": row.days, "unpaid": row.unpaid_count}
    return card


def _pay(card: Card, answer: Answer, actor: Actor) -> dict[str, Any]:
    assert card.customer and answer.amount
    payment = receive_payment(
        customer=card.customer,
        amount=answer.amount,
        tender=answer.tender,
        actor=actor,
        client_ref=str(uuid4()),
    )
    card.recovered = payment.amount
    return {"payment": payment.pk}


def _promise(card: Card, answer: Answer, actor: Actor) -> dict[str, Any]:
    """All that they owe, until that day: as a deed of the defaulters' page, for that one can be taken back."""
    assert card.customer_id
    kind, whom = BulkDeed.Kind.PROMISE, [card.customer_id]
    seen = bulk.plan(card.shop, kind, whom, channel=Channel.CALL).fingerprint
    deed = bulk.carry_out(
        card.shop, kind, whom, seen=seen, actor=actor, channel=Channel.CALL, due_on=answer.day
    )
    return {"deed": deed.pk}


def _not_them(card: Card, actor: Actor) -> dict[str, Any]:
    """The visit is not theirs; while it is not stored yet, the face in sight is not, and its visit will not be."""
    if stay := card.visit or _stay_of(card):
        is_called_so = stay.person_id == card.person_id
        return {"event": decisions.not_this(stay, actor).pk} if is_called_so else {}
    choice = CounterChoice(
        **{"shop": card.shop, "camera_id": card.because["camera"], "track": card.because["track"]},
        **{"first_at": card.at, "last_at": card.until_at, "shown": card.person, "by": actor.user},
        client_ref=f"card {card.pk}",
    )
    counter.refuse(choice, actor)
    return {"choice": choice.pk}


def _stay_of(card: Card) -> Visit | None:
    """The stored visit of somebody who was in sight."""
    stays = Visit.objects.of(card.shop).filter(
        person=card.person, entry_at__lte=card.at + CAME_AT, exit_at__gte=card.at - CAME_AT
    )
    return stays.order_by("entry_at").first()
