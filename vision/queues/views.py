"""Pages of the queues: all of them with what waits, and one with one card at a time."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from vision.models import Card, CardQuerySet
from vision.queues import QUEUES, deciding, finding, shown
from vision.queues.base import Answer, Outcome, Queue
from vision.queues.forms import AnswerForm
from watershop.audit import Actor
from watershop.models import Right
from watershop.roles import ShopRequest, has_role, require, shop_page

DECIDED = 10
IN_LINE = 500
"""So many open cards of a queue are put in order to find the next."""


@shop_page(right=Right.SEE_FACES)
def queues(request: ShopRequest) -> HttpResponse:
    """Every queue that this member may decide, with the number of its open cards."""
    rows = Card.objects.of(request.shop).open().order_by().values_list("kind").annotate(Count("pk"))
    waiting = dict(rows)
    tiles = [
        {"queue": queue, "count": waiting.get(queue.kind, 0), "figure": queue.figure(request.shop)}
        for queue in QUEUES.values()
        if has_role(request.membership, queue.role)
    ]
    return render(request, "vision/queues/queues.html", {"tiles": tiles})


@shop_page(right=Right.SEE_FACES)
def queue(request: ShopRequest, kind: str) -> HttpResponse:
    """One card of a queue: the first, the one asked for (`card`), or the one after it (`after`); below, the decided."""
    asked = _queue(request, kind)
    cards = Card.objects.of(request.shop).filter(kind=kind)
    if asked.is_live:
        finding.find_for(asked, request.shop)
    line = list(cards.open().order_by(*asked.order).values_list("pk", flat=True)[:IN_LINE])
    now = _card(cards, _place(request, line), line)
    decided = shown.for_cards(cards.exclude(outcome="")).order_by("-decided_at", "-pk")[:DECIDED]
    context = {
        "queue": asked,
        "shown": now,
        "answers": _answers(asked, now.card) if now else [],
        "waiting": len(line),
        "figure": asked.figure(request.shop),
        "decided": [_line(asked, card) for card in decided],
        "last": next((card for card in decided if card.decided_by == request.user), None),
    }
    return render(request, "vision/queues/queue.html", context)


def _queue(request: ShopRequest, kind: str) -> Queue:
    """The queue, if this member may decide in it."""
    found = QUEUES.get(kind)
    if found is None:
        raise Http404(_("There is no such queue."))
    require(request.membership, request.rights, role=found.role, right=Right.SEE_FACES)
    return found


def _place(request: ShopRequest, line: list[int]) -> int:
    """Which card of the line is shown; after the last comes the first."""
    for name, further in (("card", 0), ("after", 1)):
        text = request.GET.get(name, "")
        if text.isdecimal() and int(text) in line:
            return (line.index(int(text)) + further) % len(line)
    return 0


def _card(cards: CardQuerySet, place: int, line: list[int]) -> shown.Shown | None:
    card = shown.for_cards(cards.filter(pk=line[place])).first() if line else None
    return shown.shown(card) if card else None


def _answers(asked: Queue, card: Card) -> list[tuple[Outcome, AnswerForm | None]]:
    """Each outcome, with the form of what it asks, if it asks anything."""
    return [(one, AnswerForm(one, card) if one.asks else None) for one in asked.outcomes_of(card)]


def _line(asked: Queue, card: Card) -> dict[str, object]:
    return {
        "card": card,
        "sentence": asked.sentence(card),
        "faces": shown.faces(card)[:1],
        "outcome": shown.outcome_of(card),
        "leads_to": asked.leads_to(card),
    }


@shop_page(right=Right.SEE_FACES, posted_from="queues")
def card_decide(request: ShopRequest, pk: int) -> HttpResponse:
    """Give a card an outcome (`do`), with what its small form asks; then the next card, or where the outcome leads."""
    card, asked = _own(request, pk)
    page = reverse("queue", args=[request.shop.slug, card.kind])
    try:
        name = request.POST.get("do", "")
        card = deciding.decide(card, name, Actor.of(request), _answer(request, asked, card, name))
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
        return redirect(f"{page}?card={pk}")
    messages.success(request, _("Done. It can be taken back below."))
    return redirect(asked.leads_to(card) or page)


def _answer(request: ShopRequest, asked: Queue, card: Card, name: str) -> Answer:
    """What the outcome's form brought, if this member may answer so. Raises ValidationError, NeedsApproval."""
    outcome = next((one for one in asked.outcomes_of(card) if one.name == name), None)
    if outcome and outcome.right:
        require(request.membership, request.rights, role=asked.role, right=outcome.right)
    if outcome is None or not outcome.asks:
        return deciding.NOTHING
    form = AnswerForm(outcome, card, request.POST)
    if not form.is_valid():
        raise ValidationError([error for errors in form.errors.as_data().values() for error in errors])
    return form.answer()


@shop_page(right=Right.SEE_FACES, posted_from="queues")
def card_undo(request: ShopRequest, pk: int) -> HttpResponse:
    """Take the decision on a card back, and show the card."""
    card, _asked = _own(request, pk)
    try:
        deciding.undo(card, Actor.of(request))
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(request, _("Taken back."))
    return redirect(reverse("queue", args=[request.shop.slug, card.kind]) + f"?card={pk}")


def _own(request: ShopRequest, pk: int) -> tuple[Card, Queue]:
    """A card of this shop, in a queue that this member may decide."""
    card = get_object_or_404(Card.objects.of(request.shop), pk=pk)
    return card, _queue(request, card.kind)
