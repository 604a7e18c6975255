"""UPI payments that nobody has seen at the bank yet, with the face of whoever said that they had paid."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from sales import reversals, upi
from sales.models import UpiClaim
from vision.models import Card, CardQuerySet, SaleLink
from vision.queues.base import Answer, Outcome, Queue, unlinked
from watershop.audit import Actor
from watershop.models import Right, Shop
from watershop.templatetags.money import rupees

WAIT = timedelta(minutes=10)
"""A transfer that is not there by then is late."""


class Upi(Queue):
    """A claim, and the visit in which it was made. Claims without one wait on the page of UPI payments alone."""

    kind = Card.Kind.UPI
    title = gettext_lazy("UPI not seen yet")
    hint = gettext_lazy("Payments that nobody has seen at the bank")
    icon = "upi"
    order = ("at", "pk")
    outcomes = (
        Outcome("arrived", gettext_lazy("It arrived"), "a", "check"),
        Outcome("failed", gettext_lazy("Did not arrive"), "n", "close", right=Right.VOID),
        Outcome("asked", gettext_lazy("Customer asked"), "c", "person"),
    )

    def find(self, shop: Shop, since: datetime) -> Iterable[Card]:
        """Claims since then that wait too long, once the sale that they came with is linked."""
        late = timezone.now() - WAIT
        claims = UpiClaim.objects.of(shop).open()
        claims = claims.filter(payment__recorded_at__gte=since, payment__recorded_at__lte=late)
        links = _links(shop, claims)
        failed = _never_arrived(shop, {link.visit.person_id for link in links.values()})
        return [
            self._card(claim, link, failed.get(link.visit.person_id or 0, 0))
            for claim in claims.select_related("payment")
            if (link := links.get(claim.pk))
        ]

    def _card(self, claim: UpiClaim, link: SaleLink, failed: int) -> Card:
        return Card(
            shop_id=claim.shop_id,
            kind=self.kind,
            key=str(claim.pk),
            at=claim.payment.received_at,
            visit=link.visit,
            sale_id=link.sale_id,
            claim=claim,
            customer_id=claim.payment.customer_id,
            amount=claim.amount,
            because={"failed": failed},
        )

    def settled(self, cards: CardQuerySet) -> CardQuerySet:
        """Somebody, or the bank's statement, has decided elsewhere, or the sale is not of that visit any more."""
        return cards.filter(~Q(claim__in=UpiClaim.objects.open()) | unlinked())

    def sentence(self, card: Card) -> str:
        said = _("%(amount)s by UPI, not seen at the bank.") % {"amount": rupees(card.amount)}
        if failed := card.because["failed"]:
            before = ngettext(
                "This face has %(count)s UPI payment that never came.",
                "This face has %(count)s UPI payments that never came.",
                failed,
            )
            said = f"{said} {before % {'count': failed}}"
        return said

    def decide(self, card: Card, outcome: str, answer: Answer, actor: Actor) -> dict[str, Any]:
        claim = _claim(card)
        if outcome == "arrived":
            upi.confirm(claim, actor=actor)
        elif outcome == "failed":
            reversals.payment_did_not_arrive(claim, actor=actor)
        return {}

    def undo(self, card: Card, actor: Actor) -> None:
        if card.outcome == "arrived":
            upi.reopen(_claim(card), actor=actor)
        elif card.outcome == "failed":
            reversals.payment_arrived_after_all(_claim(card), actor=actor)


def _claim(card: Card) -> UpiClaim:
    claims = UpiClaim.objects.filter(shop=card.shop_id, queue_cards=card)
    return claims.select_related("shop", "payment__customer", "payment__shop").get()


def _links(shop: Shop, claims: Any) -> dict[int, SaleLink]:
    """The link of the sale that each claim (id) came with."""
    links = SaleLink.objects.filter(
        shop=shop,
        state__in=SaleLink.SURE,
        sale__allocations__payment__upi_claim__in=claims,
        sale__allocations__payment__recorded_at=F("sale__recorded_at"),
    ).annotate(claim=F("sale__allocations__payment__upi_claim"))
    return {link.claim: link for link in links.select_related("visit")}


def _never_arrived(shop: Shop, persons: Collection[int | None]) -> dict[int, int]:
    """How many payments of each of these persons (ids) never came."""
    visits = "payment__allocations__sale__links__visit__person"
    failed = UpiClaim.objects.of(shop).filter(
        state=UpiClaim.State.FAILED,
        payment__allocations__sale__links__state__in=SaleLink.SURE,
        **{f"{visits}__in": persons},
    )
    return dict(failed.order_by().values_list(visits).annotate(Count("pk", distinct=True)))
