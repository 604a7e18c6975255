"""A visit without a sale: somebody stood at the counter, and nothing was keyed."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median_low
from typing import Any, ClassVar
from urllib.parse import urlencode
from uuid import NAMESPACE_OID, uuid5

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sales.models import ZERO, Sale
from sales.till_forms import signed_ref
from vision import decisions, linking
from vision.models import Camera, Card, CardQuerySet, IdentityEvent, SaleLink, Visit, VisitQuerySet
from vision.queues.base import Answer, Outcome, Queue
from vision.queues.late_void import undone_late
from vision.queues.till_time import aheads
from watershop.audit import Actor
from watershop.dates import today
from watershop.models import Right, Shop
from watershop.templatetags.dates import duration
from watershop.templatetags.money import rupees

SERVED = timedelta(seconds=10)
"""So long somebody stands at the counter who wants something: to pass it, or to greet, takes less."""
STAYED = timedelta(seconds=30)
"""The same where no counter is drawn: all that is known is that they were there."""
BEFORE, AFTER = timedelta(minutes=1), timedelta(minutes=3)
"""A sale is keyed a little before the buyer comes into sight, or while the next one is served already."""
KEYED_BY = timedelta(minutes=5)
"""Nobody is asked before: the sale may still be keyed, and linked."""
TOGETHER = timedelta(seconds=3)
"""Who came in so close to a buyer came with them; one of them pays."""
RECENT = 50
"""So many sales say what is usual here."""
MISSED, ENQUIRY, STAFF = "missed", "enquiry", "staff"


class NoSale(Queue):
    """A missed sale is entered at the till, at the time of the visit; the two are linked once it is there."""

    kind = Card.Kind.NO_SALE
    title = gettext_lazy("Visit without a sale")
    hint = gettext_lazy("At the counter, and nothing was keyed")
    icon = "visits"
    outcomes: ClassVar = (
        Outcome(MISSED, gettext_lazy("Sale missed"), "m", "till", right=Right.BACK_DATE),
        Outcome(ENQUIRY, gettext_lazy("Only asked"), "a", "info"),
        Outcome("companion", gettext_lazy("Came along"), "c", "people"),
        Outcome(STAFF, gettext_lazy("Works here"), "w", "staff"),
        Outcome("wrong", gettext_lazy("Wrong detection"), "x", "close"),
    )

    def find(self, shop: Shop, since: datetime) -> Iterable[Card]:
        """One card for each; three queries for each camera, and two for what they would have bought."""
        visits: dict[Visit, datetime] = {}
        for camera, ahead in aheads(shop):
            visits |= {visit: visit.exit_at + ahead for visit in _unsold(camera, ahead, since)}
        return list(_cards(shop, visits))

    def settled(self, cards: CardQuerySet) -> CardQuerySet:
        """A sale was linked meanwhile, or it is somebody whose visits are no customers'."""
        gone = Q(visit__person__is_shop_staff=True) | Q(visit__person__is_ignored=True)
        if first := cards.select_related("shop").first():
            for camera, ahead in aheads(first.shop):
                sold = Exists(_links(ahead).filter(visit=OuterRef("visit")))
                gone |= Q(visit__recording__camera=camera) & Q(sold)
        return cards.filter(gone)

    def sentence(self, card: Card) -> str:
        numbers = {"stay": duration(card.because["seconds"]), "amount": rupees(card.amount)}
        if card.because["is_counter"]:
            return _("%(stay)s at the counter, and no sale. About %(amount)s.") % numbers
        return _("%(stay)s in the shop, and no sale. About %(amount)s.") % numbers

    def decide(self, card: Card, outcome: str, answer: Answer, actor: Actor) -> dict[str, Any]:
        """Who works here is named so; a missed sale waits for the till."""
        assert card.visit
        if outcome == STAFF and card.visit.person:
            event = decisions.name(card.visit.person, {"is_shop_staff": True}, actor)
            return {"event": event.pk} if event else {}
        return {}

    def undo(self, card: Card, actor: Actor) -> None:
        """Raises ValidationError while a sale that was entered for it stands."""
        if event := card.done.get("event"):
            decisions.undo(IdentityEvent.objects.get(pk=event), actor)
        if card.sale and not hasattr(card.sale, "void"):
            raise ValidationError(_("A sale was entered for this visit. Void it first."))
        card.sale = None

    def leads_to(self, card: Card) -> str:
        """The till, filled in with the time and the customer, while the sale is not entered."""
        if card.outcome != MISSED or card.sale_id:
            return ""
        at = datetime.fromisoformat(card.because["left_at"]).astimezone(card.shop.tz)
        fields = {
            "is_paper": 1,
            "sold_at": at.strftime("%Y-%m-%dT%H:%M"),
            "client_ref": signed_ref(_reference(card)),
        }
        if card.customer_id:
            fields["customer"] = card.customer_id
        return f"{reverse('till', args=[card.shop.slug])}?{urlencode(fields)}"

    def follow(self, shop: Shop, since: datetime) -> None:
        """The sales that were entered for missed ones are linked with their visits."""
        rows = Card.objects.of(shop).filter(kind=self.kind, outcome=MISSED, sale=None, decided_at__gte=since)
        waiting = {_reference(card): card for card in rows.select_related("visit", "decided_by")}
        for sale in Sale.objects.of(shop).filter(client_ref__in=waiting):
            _tie(waiting[str(sale.client_ref)], sale)

    def figure(self, shop: Shop) -> str:
        """What may have been missed today."""
        rows = Card.objects.of(shop).filter(kind=self.kind, at__gte=today(shop).start)
        missed = rows.filter(Q(outcome="") | Q(outcome=MISSED, sale=None)).aggregate(sum=Sum("amount"))["sum"]
        return _("About %(amount)s missed today") % {"amount": rupees(missed, 0)} if missed else ""


def _links(ahead: timedelta) -> Any:
    """Links that say that a visit has a sale: one that stands, or of which another queue asks why it does not."""
    links = SaleLink.objects.exclude(state=SaleLink.State.REFUSED)
    return links.filter(Q(sale__void=None) | undone_late(ahead))


def _unsold(camera: Camera, ahead: timedelta, since: datetime) -> VisitQuerySet:
    """Visits before a camera that are over, long enough, and near no sale that is theirs or could be.

    The till's clock is `ahead` of the camera's.
    """
    served = Q(counter_until_at__gte=F("counter_from_at") + SERVED)
    stayed = Q(exit_at__gte=F("entry_at") + STAYED)
    over = (
        Visit.objects.of(camera.shop)
        .by_customers()
        .filter(
            served if camera.counter else stayed,
            recording__camera=camera,
            entry_at__gte=since,
            exit_at__lte=timezone.now() - ahead - KEYED_BY,
        )
    )
    near = _near_sales(ahead)
    own = near.filter(Q(customer=None) | Q(customer=OuterRef("person__customer")))
    could_be = Q(person__customer=None) & Exists(near) | Q(person__customer__isnull=False) & Exists(own)
    with_a_buyer = Visit.objects.filter(
        Exists(_links(ahead).filter(visit=OuterRef("pk"))),
        shop=camera.shop,
        recording__camera=camera,
        entry_at__gte=OuterRef("entry_at") - TOGETHER,
        entry_at__lte=OuterRef("entry_at") + TOGETHER,
    )
    unsold = over.filter(
        ~Exists(_links(ahead).filter(visit=OuterRef("pk"))), ~Exists(with_a_buyer), ~could_be
    )
    return unsold.select_related("person", "recording__camera")


def _near_sales(ahead: timedelta) -> Any:
    """The sales around a visit (outer) that belong to no visit so far, and of which nobody said: not this one."""
    refused = SaleLink.objects.filter(
        sale=OuterRef("pk"), visit=OuterRef(OuterRef("pk")), state=SaleLink.State.REFUSED
    )
    return Sale.objects.standing().filter(
        ~Exists(SaleLink.objects.filter(sale=OuterRef("pk")).exclude(state=SaleLink.State.REFUSED)),
        ~Exists(refused),
        shop=OuterRef("shop"),
        sold_at__gte=OuterRef("entry_at") + (ahead - BEFORE),
        sold_at__lte=OuterRef("exit_at") + (ahead + AFTER),
    )


def _cards(shop: Shop, visits: Mapping[Visit, datetime]) -> Iterator[Card]:
    """A card for each visit; with when it ended by the till, the time of a sale that was missed."""
    usual, otherwise = _usual(shop, {visit.person.customer_id for visit in visits if visit.person})
    for visit, left_at in visits.items():
        customer = visit.person.customer_id if visit.person else None
        is_counter = bool(visit.recording.camera.counter)
        yield Card(
            **{"shop": shop, "kind": Card.Kind.NO_SALE, "key": str(visit.pk), "visit": visit},
            **{"at": visit.entry_at, "until_at": visit.exit_at, "customer_id": customer},
            amount=usual.get(customer, otherwise),
            because={
                "is_counter": is_counter,
                "left_at": left_at.isoformat(),
                "seconds": round(visit.counter_s if is_counter else visit.duration_s),
            },
        )


def _usual(shop: Shop, customers: set[int | None]) -> tuple[dict[int | None, Decimal], Decimal]:
    """What each of these customers paid last, in rupees, and what is usual for anybody else here."""
    standing = Sale.objects.of(shop).standing().with_sums()
    last = standing.filter(customer__in=customers - {None}).order_by("customer_id", "-sold_at", "-id")
    anybody = [row.total for row in standing.order_by("-sold_at", "-id")[:RECENT]]
    return {row.customer_id: row.total for row in last.distinct("customer_id")}, median_low(anybody or [ZERO])


def _reference(card: Card) -> str:
    """The key of the till's form for this card, as it was decided: so its sale is known, and entered once."""
    assert card.decided_at
    return str(uuid5(NAMESPACE_OID, f"queue card {card.pk} {card.decided_at.timestamp()}"))


@transaction.atomic
def _tie(card: Card, sale: Sale) -> None:
    """The sale is the card's, and its visit's by the word of who decided the card."""
    mine = Card.objects.select_for_update(no_key=True).filter(pk=card.pk, outcome=MISSED, sale=None)
    if not mine.update(sale=sale):
        return
    links = SaleLink.objects.filter(sale=sale)
    if links.filter(state=SaleLink.State.CONFIRMED).exists():  # somebody said more already
        return
    links.exclude(visit=card.visit).exclude(state=SaleLink.State.REFUSED).delete()
    link, _is_new = links.get_or_create(
        visit=card.visit, defaults={"shop": card.shop, "sale": sale, "confidence": 1.0}
    )
    linking.decide(link, is_right=True, actor=Actor(card.decided_by, "task find_cards"))
