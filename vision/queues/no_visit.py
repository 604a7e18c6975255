"""A sale without anybody present: keyed while the camera saw nobody at the counter."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sales.models import Sale, Tender
from vision.models import Camera, Card, CardQuerySet, Recording, SaleLink, Visit
from vision.queues.base import Outcome, Queue
from vision.queues.till_time import aheads
from watershop.models import Shop
from watershop.templatetags.money import rupees

NEAR = timedelta(seconds=90)
"""Nobody so long before or after: a sale may be keyed while its buyer comes, or after they left."""
SEAM = timedelta(seconds=5)
"""Recordings of one camera that are no farther apart leave nothing out."""
LONGEST = timedelta(days=1)
"""Bounds the search for recordings and visits that began before."""
PRACTICE = "practice"
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Spans:
    """Stretches of time that do not overlap, in order."""

    rows: Sequence[Span]

    @classmethod
    def of(cls, rows: Iterable[Span]) -> "Spans":
        """Joined where they overlap, or leave out a seam only."""
        joined: list[Span] = []
        for start, end in sorted(rows):
            if joined and start <= joined[-1][1] + SEAM:
                joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
            else:
                joined.append((start, end))
        return cls(joined)

    def _last_before(self, at: datetime) -> Span | None:
        place = bisect_right(self.rows, at, key=lambda row: row[0])
        return self.rows[place - 1] if place else None

    def cover(self, first: datetime, last: datetime) -> bool:
        """Whether all of a stretch lies in one of them."""
        row = self._last_before(first)
        return row is not None and row[1] >= last

    def touch(self, first: datetime, last: datetime) -> bool:
        """Whether any of a stretch lies in one of them."""
        row = self._last_before(last)
        return row is not None and row[1] >= first


class NoVisit(Queue):
    """Cash first, for it leaves no trace, and what was undone later before what stands."""

    kind = Card.Kind.NO_VISIT
    title = gettext_lazy("Sale without anybody")
    hint = gettext_lazy("Keyed while nobody was at the counter")
    icon = "receipt"
    order = ("because__rank", "-at", "-pk")
    outcomes: ClassVar = (
        Outcome("was_there", gettext_lazy("Somebody was there"), "f", "video"),
        Outcome("delivered", gettext_lazy("Delivered, or by phone"), "d", "phone"),
        Outcome(PRACTICE, gettext_lazy("Practice: void it"), "p", "error"),
        Outcome("ask", gettext_lazy("Ask the clerk"), "a", "person"),
    )

    def find(self, shop: Shop, since: datetime) -> Iterable[Card]:
        """Sales at the till of which every camera over the counter saw nobody, and one at least was watching."""
        watched = [(camera, *_seen(camera, ahead, since)) for camera, ahead in aheads(shop) if camera.counter]
        if not watched:
            return []
        linked = SaleLink.objects.filter(sale=OuterRef("pk")).exclude(state=SaleLink.State.REFUSED)
        keyed = Sale.objects.of(shop).filter(~Exists(linked), source=Sale.Source.TILL, replaces=None)
        sales = keyed.filter(sold_at__gte=since).with_sums().select_related("void")
        return [card for sale in sales if (card := _card(sale, watched))]

    def settled(self, cards: CardQuerySet) -> CardQuerySet:
        """A visit was linked meanwhile."""
        links = SaleLink.objects.filter(sale=OuterRef("sale")).exclude(state=SaleLink.State.REFUSED)
        return cards.filter(Exists(links))

    def sentence(self, card: Card) -> str:
        names = {"amount": rupees(card.amount), "tender": Tender(card.because["tender"]).label}
        if card.because["is_void"]:
            return (
                _("%(amount)s (%(tender)s) keyed while nobody was at the counter, and undone later.") % names
            )
        return _("%(amount)s (%(tender)s) keyed while nobody was at the counter.") % names

    def leads_to(self, card: Card) -> str:
        """A practice entry is void only once somebody voids it."""
        is_done = card.outcome != PRACTICE or hasattr(card.sale, "void")
        return "" if is_done else reverse("sale", args=[card.shop.slug, card.sale_id])


def _seen(camera: Camera, ahead: timedelta, since: datetime) -> tuple[Spans, Spans]:
    """When a camera was watching and when a customer was at its counter, by the till, which is `ahead` of it."""
    films = Recording.objects.filter(
        shop=camera.shop_id, camera=camera, state=Recording.State.DONE, started_at__gte=since - LONGEST
    )
    stays = (
        Visit.objects.of(camera.shop)
        .by_customers()
        .filter(recording__camera=camera, entry_at__gte=since - LONGEST)
    )
    lengths = films.values_list("started_at", "duration_s")
    waits = stays.values_list("counter_from_at", "counter_until_at")
    return (
        Spans.of((start + ahead, start + ahead + timedelta(seconds=length)) for start, length in lengths),
        Spans.of((start + ahead, end + ahead) for start, end in waits if start and end),
    )


def _card(sale: Sale, watched: Iterable[tuple[Camera, Spans, Spans]]) -> Card | None:
    first, last = sale.sold_at - NEAR, sale.sold_at + NEAR
    watching = [(camera, stays) for camera, films, stays in watched if films.cover(first, last)]
    if not watching or any(stays.touch(first, last) for _camera, stays in watching):
        return None
    is_void, is_cash = hasattr(sale, "void"), sale.stated_tender == Tender.CASH
    return Card(
        **{"shop_id": sale.shop_id, "kind": Card.Kind.NO_VISIT, "key": str(sale.pk), "sale": sale},
        **{"customer_id": sale.customer_id, "amount": sale.total},
        at=first,
        until_at=last,
        because={
            "camera": watching[0][0].pk,
            "tender": sale.stated_tender,
            "is_void": is_void,
            "rank": 2 * (not is_cash) + (not is_void),
        },
    )
