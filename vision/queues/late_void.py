"""Undone after the customer left: a void, a refund or a correction, when nobody stood there to get the money back."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sales.models import Sale
from vision.models import Card, CardQuerySet, SaleLink, Visit
from vision.queues.base import Outcome, Queue, unlinked
from vision.queues.till_time import aheads
from watershop.models import Shop
from watershop.templatetags.money import rupees

LEFT = timedelta(minutes=2)
"""Who has been out of sight for less may still stand in the door."""


def undone_late(ahead: timedelta) -> Q:
    """Of a link: its sale was undone after the visit was over. The till is so far ahead of the camera."""
    return Q(sale__void__at__gt=F("visit__exit_at") + (ahead + LEFT))


class LateVoid(Queue):
    """Voids are few, so that those of the last days are found without an index of their own."""

    kind = Card.Kind.LATE_VOID
    title = gettext_lazy("Undone after they left")
    hint = gettext_lazy("Void, refund or correction without the customer")
    icon = "back"
    outcomes: ClassVar = (
        Outcome("came_back", gettext_lazy("Customer came back"), "c", "person"),
        Outcome("mistake", gettext_lazy("Keying mistake"), "k", "edit"),
        Outcome("unexplained", gettext_lazy("Not explained"), "n", "alert"),
    )

    def find(self, shop: Shop, since: datetime) -> Iterable[Card]:
        """One card for each undone sale whose visit ended long enough before."""
        links = SaleLink.objects.filter(shop=shop, state__in=SaleLink.SURE, sale__void__at__gte=since)
        left: dict[int, tuple[Visit, datetime]] = {}
        for camera, ahead in aheads(shop):
            late = links.filter(undone_late(ahead), visit__recording__camera=camera).select_related("visit")
            left |= {link.sale_id: (link.visit, link.visit.exit_at + ahead) for link in late}
        sales = Sale.objects.with_sums().filter(Q(pk__in=left) | Q(replaces__in=left))
        rows = list(sales.select_related("void"))
        again = {row.replaces_id: row.total for row in rows}
        return [self._card(row, *left[row.pk], again.get(row.pk)) for row in rows if row.pk in left]

    def _card(self, sale: Sale, visit: Visit, left_at: datetime, again: Decimal | None) -> Card:
        return Card(
            **{"shop_id": sale.shop_id, "kind": self.kind, "key": str(sale.pk), "at": sale.void.at},
            **{"visit": visit, "sale": sale, "customer_id": sale.customer_id, "amount": sale.total},
            because={
                "minutes": round((sale.void.at - left_at).total_seconds() / 60),
                "again": None if again is None else str(again),
            },
        )

    def settled(self, cards: CardQuerySet) -> CardQuerySet:
        """The sale is not of that visit any more."""
        return cards.filter(unlinked())

    def sentence(self, card: Card) -> str:
        again = card.because["again"]
        numbers = {"minutes": card.because["minutes"], "amount": rupees(card.amount)}
        if again is None:
            return _("%(amount)s undone %(minutes)s min after the customer left.") % numbers
        sentence = _("%(amount)s made %(again)s %(minutes)s min after the customer left.")
        return sentence % (numbers | {"again": rupees(Decimal(again))})
