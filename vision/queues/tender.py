"""Paid otherwise than it was keyed, as the customer's history and what moved at the counter say."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sales.models import Sale, Tender
from vision.models import Card, CardQuerySet, SaleLink, TenderHint
from vision.queues.base import Outcome, Queue, unlinked
from watershop.models import Shop

PROBABLE = 0.9
"""A hint that is less sure asks nobody."""
OTHERWISE = "otherwise"


class PaidOtherwise(Queue):
    """The hint never changes the sale: who says that it was otherwise is led to the page that corrects it."""

    kind = Card.Kind.TENDER
    title = gettext_lazy("Paid otherwise?")
    hint = gettext_lazy("Keyed as one tender, looks like another")
    icon = "upi"
    outcomes: ClassVar = (
        Outcome("right", gettext_lazy("Keyed right"), "y", "check"),
        Outcome(OTHERWISE, gettext_lazy("It was otherwise: correct it"), "n", "edit"),
    )

    def find(self, shop: Shop, since: datetime) -> Iterable[Card]:
        """One card for each standing sale of a sure visit of which a sure hint says another tender."""
        hints = TenderHint.objects.filter(
            shop=shop, probability__gte=PROBABLE, sale__sold_at__gte=since, sale__void=None
        ).exclude(tender=F("sale__stated_tender"))
        found = {hint.sale_id: hint for hint in hints}
        links = SaleLink.objects.filter(sale__in=found, state__in=SaleLink.SURE)
        visits = dict(links.values_list("sale", "visit"))
        sales = Sale.objects.with_sums().filter(pk__in=visits)
        return [self._card(sale, found[sale.pk], visits[sale.pk]) for sale in sales]

    def _card(self, sale: Sale, hint: TenderHint, visit: int) -> Card:
        return Card(
            **{"shop_id": sale.shop_id, "kind": self.kind, "key": str(sale.pk), "at": sale.sold_at},
            **{"sale": sale, "visit_id": visit, "customer_id": sale.customer_id, "amount": sale.total},
            because={
                "keyed": sale.stated_tender,
                "tender": hint.tender,
                "percent": round(100 * hint.probability),
            },
        )

    def settled(self, cards: CardQuerySet) -> CardQuerySet:
        """The sale was corrected or undone meanwhile, or is not of that visit any more."""
        return cards.filter(Q(sale__void__isnull=False) | unlinked())

    def sentence(self, card: Card) -> str:
        keyed, tender = (Tender(card.because[name]).label for name in ("keyed", "tender"))
        names = {"keyed": keyed, "tender": tender, "percent": card.because["percent"]}
        return _("Keyed as %(keyed)s; looks like %(tender)s (%(percent)s%%).") % names

    def leads_to(self, card: Card) -> str:
        """The correction of the sale, while it is not corrected."""
        is_done = card.outcome != OTHERWISE or hasattr(card.sale, "void")
        return "" if is_done else reverse("sale_correct", args=[card.shop.slug, card.sale_id])
