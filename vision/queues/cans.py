"""Cans as the clerk counted them at the counter, beside what the sale says was taken and brought."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from sales.models import ZERO, Sale, StockMove
from vision.models import CanCount, Card, CardQuerySet, SaleLink
from vision.queues.base import Outcome, Queue
from watershop.models import Shop

WAIT = timedelta(minutes=10)
"""So long after a sale its film is there, and the clerk has mended what they noticed themselves."""


class Cans(Queue):
    """A count, and the sale that says otherwise."""

    kind = Card.Kind.CANS
    title = gettext_lazy("Cans")
    hint = gettext_lazy("Counted otherwise than sold")
    icon = "can"
    minutes = 10
    order = ("-amount", "-at", "-pk")
    outcomes = (
        Outcome("miscounted", gettext_lazy("Counted wrong"), "c", "close"),
        Outcome("wrong_sale", gettext_lazy("The sale is wrong"), "w", "edit"),
        Outcome("on_trust", gettext_lazy("Given on trust"), "t", "check"),
    )

    def find(self, shop: Shop, since: datetime) -> Iterable[Card]:
        """Counts since then that differ from their sale, as long as that stands."""
        counts = CanCount.objects.filter(shop=shop, at__gte=since, at__lte=timezone.now() - WAIT)
        by_ref = {count.client_ref: count for count in counts.exclude(client_ref="").order_by("at", "pk")}
        sales = _sales(shop).filter(client_ref__in=by_ref)
        cards = [self._card(sale, by_ref[sale.client_ref or ""]) for sale in sales]
        return [card for card in cards if card.because["taken"] or card.because["brought"]]

    def _card(self, sale: Any, count: CanCount) -> Card:
        """`because` says by how many cans more than sold were taken, and more than booked were brought."""
        taken, price = count.taken - sale.cans, sale.total / max(sale.cans, 1)
        visit = count.visit_id or sale.visit
        return Card(
            shop_id=sale.shop_id,
            kind=self.kind,
            key=str(count.pk),
            at=sale.sold_at,
            visit_id=visit,
            sale=sale,
            customer_id=sale.customer_id,
            amount=max(taken * price, ZERO).quantize(ZERO),
            because={
                "taken": taken,
                "brought": count.brought - sale.back,
                "counted": [count.taken, count.brought],
                "booked": [sale.cans, sale.back],
            },
        )

    def settled(self, cards: CardQuerySet) -> CardQuerySet:
        """The sale was voided or corrected."""
        return cards.filter(sale__void__isnull=False)

    def sentence(self, card: Card) -> str:
        """How many were counted, and how many stand on the sale."""
        taken, brought = card.because["counted"]
        sold, back = card.because["booked"]
        parts = []
        if taken != sold:
            said = ngettext("%(count)s can was taken", "%(count)s cans were taken", taken) % {"count": taken}
            parts.append(_("%(said)s, %(sold)s on the sale.") % {"said": said, "sold": sold})
        if brought != back:
            said = ngettext("%(count)s can came back", "%(count)s cans came back", brought)
            parts.append(
                _("%(said)s, %(sold)s on the sale.") % {"said": said % {"count": brought}, "sold": back}
            )
        return " ".join(parts)

    def leads_to(self, card: Card) -> str:
        if card.outcome != "wrong_sale" or card.sale is None:
            return ""
        return reverse("sale_correct", args=[card.shop.slug, card.sale.pk])


def _sales(shop: Shop) -> Any:
    """Standing sales with `cans`, `total`, the cans that came `back` with them, and the `visit` they are linked to."""
    returns = StockMove.objects.filter(sale=OuterRef("pk"), kind=StockMove.Kind.RETURN).order_by()
    back = Subquery(returns.values("sale").annotate(sum=Sum("quantity")).values("sum"))
    links = SaleLink.objects.filter(sale=OuterRef("pk")).exclude(state=SaleLink.State.REFUSED)
    sales = Sale.objects.of(shop).standing().with_sums()
    return sales.annotate(back=Coalesce(back, 0), visit=Subquery(links.values("visit")[:1]))
