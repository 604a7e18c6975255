"""A card is decided once, by whoever is first, and taken back at will: each in one transaction that holds its row."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from vision.models import Card
from vision.queues import QUEUES
from vision.queues.base import Answer
from watershop import audit
from watershop.audit import Actor

NOTHING = Answer()


@transaction.atomic
def decide(card: Card, outcome: str, actor: Actor, answer: Answer = NOTHING) -> Card:
    """Give a card this outcome and do what that means; returns the card as it stands. Raises ValidationError."""
    card, queue = _held(card), QUEUES[card.kind]
    if card.outcome:
        raise ValidationError(_("Somebody has decided this already."))
    if outcome not in {known.name for known in queue.outcomes_of(card)}:
        raise ValidationError(_("Choose one of the answers."))
    card.done = queue.decide(card, outcome, answer, actor)
    card.outcome, card.note = outcome, answer.note
    card.decided_by, card.decided_at = actor.user, timezone.now()
    card.save()
    after = {"kind": card.kind, "outcome": outcome, "done": card.done, "recovered": str(card.recovered)}
    audit.record(card.shop, actor, "decide_queue_card", card, after=after)
    return card


@transaction.atomic
def undo(card: Card, actor: Actor) -> Card:
    """Take a decision back: the card is open again. Raises ValidationError where something rests on it by now."""
    card, queue = _held(card), QUEUES[card.kind]
    if not card.outcome:
        raise ValidationError(_("This was taken back already."))
    queue.undo(card, actor)
    before = {"kind": card.kind, "outcome": card.outcome, "done": card.done}
    card.outcome, card.note, card.done = "", "", {}
    card.recovered, card.decided_by, card.decided_at = 0, None, None
    card.save()
    audit.record(card.shop, actor, "undo_queue_card", card, before=before)
    return card


def _held(card: Card) -> Card:
    """The card as it stands, ours until the transaction ends. Raises ValidationError when its question has gone."""
    rows = Card.objects.select_for_update(of=("self",), no_key=True).select_related(
        "shop", "visit__recording__camera", "visit__person", "sale__void", "customer__shop", "person"
    )
    held = rows.filter(pk=card.pk).first()
    if held is None:
        raise ValidationError(_("This question has gone meanwhile."))
    return held
