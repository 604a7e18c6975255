"""A drawer that was closed with too little or too much cash: which moment of its session explains it?"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sales.models import DrawerSession, Tender
from vision.models import Card, Tracklet
from vision.queues.base import Outcome, Queue
from vision.queues.films import Film, film_at
from vision.queues.moments import Moment, What, moments_of
from watershop.models import Shop
from watershop.templatetags.dates import shop_clock
from watershop.templatetags.money import rupees

WAIT = timedelta(minutes=15)
"""So long after a close its last films are watched, and its last sales linked."""


@dataclass(frozen=True)
class Shown:
    """A moment as the card lists it: its number, words, rupees, and where to look."""

    number: int
    what: str
    at: datetime
    amount: Decimal | None
    sale: int | None
    face: int | None
    """The tracklet that shows best who was there."""
    film: Film | None


class Variance(Queue):
    """A closed session whose cash was counted other than expected. Each of its moments is an answer: 1, 2, 3 ..."""

    kind = Card.Kind.VARIANCE
    title = gettext_lazy("Cash variance")
    hint = gettext_lazy("Which moment explains the drawer?")
    icon = "cash"
    fragment = "vision/queues/_moments.html"
    outcomes = (Outcome("unexplained", gettext_lazy("Not explained"), "n", "alert"),)

    def find(self, shop: Shop, since: datetime) -> Iterable[Card]:
        """Sessions closed since then that were counted otherwise; looked into once."""
        asked = Card.objects.of(shop).filter(kind=self.kind).values("session")
        closed = (
            DrawerSession.objects.of(shop)
            .filter(closed_at__gte=since, closed_at__lte=timezone.now() - WAIT)
            .exclude(pk__in=asked)
        )
        for session in closed.select_related("shop").prefetch_related("counts", "moves"):
            variances = {row.tender: row.variance for row in session.counts.all() if row.variance is not None}
            if variances.get(Tender.CASH):
                yield self._card(session, variances)

    def _card(self, session: DrawerSession, variances: dict[str, Decimal]) -> Card:
        assert session.closed_at is not None
        moments = moments_of(session, variances)
        return Card(
            shop=session.shop,
            kind=self.kind,
            key=str(session.pk),
            at=session.closed_at,
            session=session,
            amount=variances[Tender.CASH],
            because={"moments": [moment.as_json() for moment in moments]},
        )

    def sentence(self, card: Card) -> str:
        amount = card.amount or Decimal(0)
        if amount < 0:
            return _("The drawer is %(amount)s short.") % {"amount": rupees(-amount)}
        return _("The drawer has %(amount)s too much.") % {"amount": rupees(amount)}

    def outcomes_of(self, card: Card) -> tuple[Outcome, ...]:
        """Each moment is an answer, by its number."""
        moments = [
            Outcome(f"moment_{number}", self._words(card, moment), str(number), "check")
            for number, moment in enumerate(_moments(card), start=1)
        ]
        return (*moments, *self.outcomes)

    def _words(self, card: Card, moment: Moment) -> str:
        names = {
            "at": shop_clock(datetime.fromisoformat(moment.at), card.shop),
            "what": What(moment.what).label,
        }
        return _("%(at)s: %(what)s") % names

    def more(self, card: Card) -> list[Shown]:
        """The moments, the likeliest first, each with its film."""
        moments = _moments(card)
        faces = _best_faces([moment.visit for moment in moments if moment.visit])
        return [
            Shown(
                number=number,
                what=str(What(moment.what).label),
                at=(at := datetime.fromisoformat(moment.at)),
                amount=None if moment.amount is None else Decimal(moment.amount),
                sale=moment.sale,
                face=faces.get(moment.visit or 0),
                film=film_at(card.shop_id, at),
            )
            for number, moment in enumerate(moments, start=1)
        ]


def _moments(card: Card) -> list[Moment]:
    return [Moment(**row) for row in card.because["moments"]]


def _best_faces(visits: Collection[int]) -> dict[int, int]:
    """The tracklet (id) that shows each visit (id) best."""
    rows = Tracklet.objects.filter(visit__in=visits).exclude(picture="")
    return dict(rows.order_by("-visit", "quality", "-number").values_list("visit", "pk"))
