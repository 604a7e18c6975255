"""Sale <-> visit: which stay a sale was probably made in. What a person decided is never touched.

The thin rule: the nearest visit within three minutes is a suggestion.
"""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import DurationField, ExpressionWrapper, F, OuterRef, Subquery, Value
from django.db.models.functions import Abs, Extract, Greatest
from django.utils import timezone
from django.utils.translation import gettext as _

from sales.models import Sale, SaleQuerySet
from vision.models import Recording, SaleLink, Visit
from watershop import audit
from watershop.audit import Actor
from watershop.models import Shop

REACH = timedelta(minutes=3)
LONGEST_VISIT = timedelta(hours=4)
"""Bounds the search in the index of entries; nobody buys water for longer."""
INSIDE = 0.9
"""Confidence when the sale falls into the visit: others may be in the shop at that time."""
AT_REACH = 0.2
"""Confidence at three minutes' distance; in between it falls evenly."""


def suggest(shop: Shop, sales: SaleQuerySet) -> int:
    """Suggest the nearest visit for each of these sales that nobody has decided on; how many are new or moved.

    A refused pair never comes back. A suggestion moves when a nearer visit has come to light. Safe to repeat.
    """
    undecided = sales.of(shop).standing().exclude(links__state=SaleLink.State.CONFIRMED)
    nearest = dict(undecided.annotate(nearest=_nearest_visit()).order_by().values_list("pk", "nearest"))
    with transaction.atomic():
        suggested = SaleLink.objects.filter(shop=shop, sale__in=nearest, state=SaleLink.State.SUGGESTED)
        standing = dict(suggested.values_list("sale", "visit"))
        suggested.filter(sale__in=[sale for sale in standing if standing[sale] != nearest[sale]]).delete()
        new = {sale: visit for sale, visit in nearest.items() if visit and standing.get(sale) != visit}
        # A person may have confirmed another visit a moment ago: the database then keeps theirs.
        SaleLink.objects.bulk_create(_links(shop, new), ignore_conflicts=True)
    return len(new)


def suggest_for_recording(recording: Recording) -> int:
    """Suggestions for the sales around the visits of a recording."""
    visits = Visit.objects.of(recording.shop).shown_in(recording)
    first, last = visits.order_by("entry_at").first(), visits.order_by("exit_at").last()
    if first is None or last is None:
        return 0
    around = Sale.objects.filter(sold_at__gte=first.entry_at - REACH, sold_at__lte=last.exit_at + REACH)
    return suggest(recording.shop, around)


def suggest_for_new_sales(shop: Shop, since: timedelta) -> int:
    """Suggestions for sales written down lately without one: imported, back-dated, or made before their video."""
    lately = Sale.objects.filter(recorded_at__gte=timezone.now() - since)
    return suggest(shop, lately.exclude(links__state=SaleLink.State.SUGGESTED))


def _nearest_visit() -> Subquery:
    """The visit nearest to a sale in reach; of several around it, the one whose end is nearest."""
    sold_at, this_sale = OuterRef("sold_at"), OuterRef(OuterRef("pk"))
    away = Greatest(F("entry_at") - sold_at, sold_at - F("exit_at"), Value(timedelta(0)))
    near = Visit.objects.by_customers().filter(
        shop=OuterRef("shop"),
        entry_at__lte=sold_at + REACH,
        entry_at__gte=sold_at - LONGEST_VISIT,
        exit_at__gte=sold_at - REACH,
    )
    refused = SaleLink.objects.filter(sale=this_sale, state=SaleLink.State.REFUSED).values("visit")
    ranked = near.exclude(pk__in=refused).alias(
        away=ExpressionWrapper(away, output_field=DurationField()),
        to_exit=Abs(Extract(ExpressionWrapper(F("exit_at") - sold_at, DurationField()), "epoch")),
    )
    return Subquery(ranked.order_by("away", "to_exit", "pk").values("pk")[:1])


def _links(shop: Shop, pairs: dict[int, int]) -> list[SaleLink]:
    sold_at = dict(Sale.objects.filter(pk__in=pairs).order_by().values_list("pk", "sold_at"))
    visits = Visit.objects.in_bulk(set(pairs.values()))
    return [
        SaleLink(
            shop=shop,
            sale_id=sale,
            visit_id=visit,
            confidence=confidence(
                max(visits[visit].entry_at - sold_at[sale], sold_at[sale] - visits[visit].exit_at)
            ),
        )
        for sale, visit in pairs.items()
    ]


def confidence(away: timedelta) -> float:
    """How sure a suggestion is, 0 to 1, by the time between sale and visit (zero or less: inside the visit)."""
    share = max(away, timedelta(0)) / REACH
    return round(INSIDE - (INSIDE - AT_REACH) * share, 3)


@transaction.atomic
def decide(link: SaleLink, *, is_right: bool, actor: Actor) -> None:
    """Confirm or refuse a link by hand. After a refusal the next nearest visit is suggested.

    Raises ValidationError when the sale belongs to another visit by now.
    """
    state = SaleLink.State.CONFIRMED if is_right else SaleLink.State.REFUSED
    before = link.state
    link.state, link.decided_by, link.decided_at = state, actor.user, timezone.now()
    try:
        with transaction.atomic():
            link.save(update_fields=["state", "decided_by", "decided_at"])
    except IntegrityError as error:
        raise ValidationError(
            _("This sale is linked to another visit by now. Refuse that one first.")
        ) from error
    audit.record(link.shop, actor, "decide_link", link, before={"state": before}, after={"state": state})
    if not is_right:
        suggest(link.shop, Sale.objects.filter(pk=link.sale_id))
