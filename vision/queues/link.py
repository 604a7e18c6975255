"""A sale and the visit in which it was probably made: yes or no."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sales.models import Sale
from vision import linking
from vision.models import Card, CardQuerySet, SaleLink
from vision.queues.base import Answer, Outcome, Queue
from watershop.audit import Actor
from watershop.models import Role, Shop

YES = "yes"


class SaleAndVisit(Queue):
    """What the join is not sure enough of to link by itself."""

    kind = Card.Kind.LINK
    title = gettext_lazy("Theirs?")
    hint = gettext_lazy("A sale and the visit it may belong to")
    icon = "link"
    role = Role.STAFF
    outcomes: ClassVar = (
        Outcome(YES, gettext_lazy("Yes, theirs"), "y", "check"),
        Outcome("no", gettext_lazy("No, not theirs"), "n", "close"),
    )

    def find(self, shop: Shop, since: datetime) -> Iterable[Card]:
        """One card for each pair that was suggested for a visit since then."""
        links = SaleLink.objects.filter(
            shop=shop, state=SaleLink.State.SUGGESTED, visit__entry_at__gte=since, sale__void=None
        )
        rows = {link.sale_id: link for link in links.select_related("visit")}
        return [self._card(sale, rows[sale.pk]) for sale in Sale.objects.with_sums().filter(pk__in=rows)]

    def _card(self, sale: Sale, link: SaleLink) -> Card:
        return Card(
            **{"shop_id": sale.shop_id, "kind": self.kind, "key": f"{sale.pk} {link.visit_id}"},
            **{"at": link.visit.entry_at, "until_at": link.visit.exit_at, "visit_id": link.visit_id},
            **{"sale": sale, "customer_id": sale.customer_id, "amount": sale.total},
            because={"percent": round(100 * link.confidence)},
        )

    def settled(self, cards: CardQuerySet) -> CardQuerySet:
        """The pair was decided elsewhere, or is not suggested any more."""
        waits = SaleLink.objects.filter(
            sale=OuterRef("sale"), visit=OuterRef("visit"), state=SaleLink.State.SUGGESTED, sale__void=None
        )
        return cards.filter(~Exists(waits))

    def sentence(self, card: Card) -> str:
        return _("Did they buy this? %(percent)s%% sure.") % {"percent": card.because["percent"]}

    def decide(self, card: Card, outcome: str, answer: Answer, actor: Actor) -> dict[str, Any]:
        """Confirm or refuse the link."""
        link = _found(SaleLink.objects.filter(sale=card.sale, visit=card.visit))
        linking.decide(link, is_right=outcome == YES, actor=actor)
        return {"link": link.pk}

    def undo(self, card: Card, actor: Actor) -> None:
        """The link waits again."""
        linking.take_back(_found(SaleLink.objects.filter(pk=card.done["link"])), actor)


def _found(links: QuerySet[SaleLink]) -> SaleLink:
    """The one there is. Raises ValidationError when a job has moved it meanwhile."""
    if link := links.select_related("shop", "sale").first():
        return link
    raise ValidationError(_("This link has changed meanwhile. Look at it again."))
