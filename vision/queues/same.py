"""Persons who look alike: are they one, or two?"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vision import decisions, pipeline
from vision.alike import suggested_merges
from vision.models import Card, CardQuerySet, Denial, IdentityEvent, Person, Template, Visit
from vision.queues.base import Answer, Outcome, Queue
from watershop.audit import Actor
from watershop.models import Role, Shop


class Same(Queue):
    """Two persons, of whom nobody has described the first."""

    kind = Card.Kind.SAME
    title = gettext_lazy("One or two?")
    hint = gettext_lazy("Two persons who look alike")
    icon = "people"
    minutes = 10
    role = Role.STAFF
    outcomes = (
        Outcome("yes", gettext_lazy("One person"), "y", "check"),
        Outcome("no", gettext_lazy("Two persons"), "n", "close"),
    )

    def find(self, shop: Shop, since: datetime) -> Iterable[Card]:
        """The nearest pairs, a few at a time, once somebody has come since then."""
        if not Visit.objects.of(shop).filter(entry_at__gte=since, person__isnull=False).exists():
            return []
        return [self._card(one, other) for one, other in suggested_merges(shop, pipeline.eye())]

    def _card(self, one: Person, other: Person) -> Card:
        last = Visit.objects.of(one.shop).filter(person=one).order_by("-entry_at").first()
        low, high = sorted((one.pk, other.pk))
        return Card(
            shop_id=one.shop_id,
            kind=self.kind,
            key=f"{low}-{high}",
            at=last.entry_at if last else one.created_at,
            until_at=last.exit_at if last else None,
            visit=last,
            person=one,
            other_person=other,
            customer_id=other.customer_id,
        )

    def settled(self, cards: CardQuerySet) -> CardQuerySet:
        """They were made one or told apart elsewhere, or one of them has no face any more."""
        return cards.filter(
            Q(person__merged_into__isnull=False)
            | Q(other_person__merged_into__isnull=False)
            | Exists(told_apart())
            | ~Exists(Template.objects.filter(person=OuterRef("person")))
            | ~Exists(Template.objects.filter(person=OuterRef("other_person")))
        )

    def sentence(self, card: Card) -> str:
        return _("%(one)s and %(other)s look alike.") % {"one": card.person, "other": card.other_person}

    def decide(self, card: Card, outcome: str, answer: Answer, actor: Actor) -> dict[str, Any]:
        assert card.person is not None and card.other_person is not None
        decision = decisions.merge if outcome == "yes" else decisions.tell_apart
        return {"event": decision(card.person, card.other_person, actor).pk}

    def undo(self, card: Card, actor: Actor) -> None:
        decisions.undo(IdentityEvent.objects.get(shop=card.shop_id, pk=card.done["event"]), actor)


def told_apart() -> QuerySet[Denial]:
    """For a query of cards: what says that the two persons of a card are two."""
    return Denial.objects.filter(
        Q(person=OuterRef("person"), tracklet__person=OuterRef("other_person"))
        | Q(person=OuterRef("other_person"), tracklet__person=OuterRef("person"))
    )
