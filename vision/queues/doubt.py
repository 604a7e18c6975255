"""Visits of which nobody is sure whose they are: is it the person they may be?"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vision import decisions
from vision.models import Card, CardQuerySet, IdentityEvent, Visit
from vision.queues.base import Answer, Outcome, Queue
from watershop.audit import Actor
from watershop.models import Role, Shop


class Doubt(Queue):
    """A visit and the person whose it may be."""

    kind = Card.Kind.DOUBT
    title = gettext_lazy("Who is it?")
    hint = gettext_lazy("Faces that look like somebody, but not surely")
    icon = "search"
    role = Role.STAFF
    outcomes = (
        Outcome("yes", gettext_lazy("Yes"), "y", "check"),
        Outcome("no", gettext_lazy("Somebody else"), "n", "close"),
    )

    def find(self, shop: Shop, since: datetime) -> Iterable[Card]:
        """Who came since then and may be somebody; asked again only if it may be somebody else by now."""
        visits = Visit.objects.of(shop).doubtful().filter(entry_at__gte=since).select_related("candidate")
        return [self._card(visit) for visit in visits]

    def _card(self, visit: Visit) -> Card:
        assert visit.candidate is not None
        return Card(
            shop_id=visit.shop_id,
            kind=self.kind,
            key=f"{visit.pk}-{visit.candidate.pk}",
            at=visit.entry_at,
            until_at=visit.exit_at,
            visit=visit,
            person=visit.candidate,
            customer_id=visit.candidate.customer_id,
            because={"distance": visit.distance},
        )

    def settled(self, cards: CardQuerySet) -> CardQuerySet:
        """Somebody answered elsewhere, or the face was forgotten."""
        return cards.filter(Q(visit__candidate=None) | ~Q(visit__candidate=F("person")))

    def sentence(self, card: Card) -> str:
        distance = card.because.get("distance")
        if distance is None:
            return _("This may be %(who)s.") % {"who": card.person}
        names = {"who": card.person, "distance": f"{distance:.2f}"}
        return _("This may be %(who)s: the faces are %(distance)s apart.") % names

    def decide(self, card: Card, outcome: str, answer: Answer, actor: Actor) -> dict[str, Any]:
        assert card.visit is not None
        if outcome == "yes":
            return {"event": decisions.confirm(card.visit, card.person, actor).pk}
        return {"event": decisions.not_this(card.visit, actor).pk}

    def undo(self, card: Card, actor: Actor) -> None:
        decisions.undo(IdentityEvent.objects.get(shop=card.shop_id, pk=card.done["event"]), actor)
