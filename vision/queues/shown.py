"""What a card shows: whose faces, which film from which second, the reason, and who decided it how."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from sales.models import Sale
from vision.models import Card, CardQuerySet, Person, Tracklet, Visit
from vision.queues import QUEUES
from vision.queues.base import Outcome, Queue
from vision.queues.films import Film, film_at, film_of


@dataclass(frozen=True)
class Face:
    """A picture (`pk`, a tracklet; None: an icon) of somebody, or of nobody known."""

    pk: int | None
    who: str
    person: Person | None


@dataclass(frozen=True)
class Shown:
    """One card as its page shows it."""

    card: Card
    queue: Queue
    sentence: str
    faces: list[Face]
    films: list[Film]
    more: Any
    """For the queue's fragment."""


def for_cards(cards: CardQuerySet) -> CardQuerySet:
    """With what a card and a line of the decided ones show: three queries more, however many."""
    best = Tracklet.objects.exclude(picture="").order_by("-quality", "number")
    rows = cards.select_related(
        "customer", "other_customer", "visit__person__customer", "visit__recording__camera", "decided_by"
    )
    people = Person.objects.with_face()
    return rows.prefetch_related(
        Prefetch("visit__tracklets", best, to_attr="faces"),
        Prefetch("sale", Sale.objects.with_sums().select_related("customer", "void")),
        Prefetch("person", people),
        Prefetch("other_person", people),
    )


def shown(card: Card) -> Shown:
    """A card (`for_cards`) with its pictures and films."""
    queue = QUEUES[card.kind]
    return Shown(card, queue, queue.sentence(card), faces(card), _films(card), queue.more(card))


def outcome_of(card: Card) -> Outcome:
    """How a decided card was decided."""
    return next(known for known in QUEUES[card.kind].outcomes_of(card) if known.name == card.outcome)


def faces(card: Card) -> list[Face]:
    """The face of the visit, and of whom else the card names."""
    seen = [_of_visit(card.visit)] if card.visit else []
    named = [person for person in (card.person, card.other_person) if person]
    there = card.visit.person_id if card.visit else None
    return seen + [Face(person.face, str(person), person) for person in named if person.pk != there]


def _of_visit(visit: Visit) -> Face:
    best = visit.faces[0].pk if visit.faces else None
    return Face(best, str(visit.person or _("Somebody")), visit.person)


def _films(card: Card) -> list[Film]:
    """The visit, and the moment of the card where that was another."""
    visit, around = card.visit, None
    if not visit or not visit.entry_at <= card.at <= visit.exit_at:
        around = film_at(card.shop_id, card.at, until_at=card.until_at, camera=card.because.get("camera"))
    return [film for film in (film_of(visit) if visit else None, around) if film]
