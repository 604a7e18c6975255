"""Sale <-> visit: in which stay a sale was probably made (`vision.joining`). What a person decided is never touched.

From 0.95 on a sale is linked by itself, from 0.6 on a person is asked, below it is left alone. Where a camera's
clock is not known, or the time of a sale is from memory, a person is asked however likely it is.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Exists, Max, Min, OuterRef
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.translation import gettext as _

from sales.models import Sale
from vision import clocks, link_rows, teaching, tenders
from vision.joining.calibration import Calibration, fit_calibration
from vision.joining.matching import Link, link
from vision.joining.nearby import MARGIN_S
from vision.link_rows import Stretch, holding
from vision.models import ClockEstimate, Recording, SaleLink, Visit
from watershop import audit
from watershop.audit import Actor
from watershop.models import Shop

REACH = timedelta(minutes=10)
"""A visit may change what is thought of sales so far from it."""
LONGEST, MONTH = timedelta(days=1), timedelta(days=31)
"""A month is the most that one job goes through, a day at a time."""
NEAR = timedelta(hours=1)
"""A sale without a visit so near needs no looking at."""
CHOSEN = 0.99
"""How sure the face is that the clerk chose at the till for this sale."""
REVIEWED_FROM, REVIEWED = 50, 2000
"""Confidence is calibrated on links that people looked at, from so many on; the newest, up to so many."""
NEWS = 0.01
"""A smaller change of confidence is not written down."""
State = SaleLink.State
OPEN = (State.LINKED, State.SUGGESTED)


@dataclass(frozen=True)
class Joined:
    """What the join says of the sales of a stretch, and what it was told."""

    stretch: Stretch
    links: list[Link]
    """Of every sale in it, decided ones, too."""

    def unsure_clock(self, one: Link) -> bool:
        """Whether the sale is left alone, or only asked about, because no clock around is known."""
        return not self.stretch.has_sure_clock and one.reason not in ("no_camera", "by_hand")


def joined(shop: Shop, start: datetime, end: datetime) -> Joined:
    """Which visits the sales from `start` to `end` were probably made in. Reads only."""
    stretch = link_rows.read(shop, start, end)
    calibration = _calibration(shop)
    found = _linked(stretch, calibration)
    within = {one.id for one in stretch.sales if start.timestamp() <= one.at < end.timestamp()}
    return Joined(stretch, [one for one in found if one.sale in within])


def _linked(stretch: Stretch, calibration: Calibration | None) -> list[Link]:
    known = (stretch.decided, stretch.chosen)
    fixed: dict[Hashable, Hashable | None] = {sale: visit for pairs in known for sale, visit in pairs.items()}
    return link(
        stretch.sales,
        stretch.visits,
        fixed=fixed,
        refused=stretch.refused,
        calibration=calibration,
        watched=stretch.watched,
    )


def _calibration(shop: Shop) -> Calibration | None:
    """How often links of each confidence were right, from those that people looked at; None while these are few.

    Nobody looks at the very sure and the very unsure: there the line goes on to what they are believed to be.
    """
    reviewed = SaleLink.objects.filter(shop=shop, decided_at__isnull=False, because__has_key="believed")
    rows = list(reviewed.order_by("-decided_at").values_list("because__believed", "state")[:REVIEWED])
    if len(rows) < REVIEWED_FROM:
        return None
    believed, states = zip(*rows, strict=True)
    return fit_calibration(
        [*believed, 0.0, 1.0], [*(state == State.CONFIRMED for state in states), False, True]
    )


def link_between(shop: Shop, start: datetime, end: datetime) -> int:
    """Link the sales from `start` to `end` and ask about the doubtful ones; how many are new or moved.

    A refused pair never comes back. A link moves when a likelier visit has come to light. Safe to repeat.
    """
    return sum(store(shop, joined(shop, first, last)) for first, last in pieces(start, end))


def pieces(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """A long time in pieces of a day."""
    while start < end:
        yield start, min(start + LONGEST, end)
        start += LONGEST


def store(shop: Shop, found: Joined) -> int:
    """Write down what was found, where nobody has decided otherwise meanwhile; how many links are new or moved."""
    news = {row.sale_id: row for one in found.links if (row := _row(shop, found.stretch, one))}
    _note_surroundings(found.stretch, news)
    _weigh_without_faces(found.stretch, news)
    sales = [sale for one in found.links if isinstance(sale := one.sale, int)]
    count = _store(shop, sales, news)
    teaching.consider(shop, [sale for sale, row in news.items() if "alone" in row.because])
    return count


def _row(shop: Shop, stretch: Stretch, one: Link) -> SaleLink | None:
    """What is to be written down of a sale; None where nothing is, or it is decided."""
    sale, visit = one.sale, one.visit
    if not isinstance(sale, int) or not isinstance(visit, int) or sale in stretch.decided:
        return None
    if sale in stretch.chosen:
        because: Mapping[str, float] = {"chosen": 1}
        return SaleLink(
            shop=shop, sale_id=sale, visit_id=visit, state=State.LINKED, confidence=CHOSEN, because=because
        )
    is_sure = one.decision == "linked" and visit in stretch.sure and sale not in stretch.roughly
    return SaleLink(
        shop=shop,
        sale_id=sale,
        visit_id=visit,
        state=State.LINKED if is_sure else State.SUGGESTED,
        confidence=round(one.confidence, 3),
        because={**one.because, "believed": round(one.believed, 4)},
    )


def _note_surroundings(stretch: Stretch, news: Mapping[int, SaleLink]) -> None:
    """Note in `because` the seconds from the visit's anchor, and how many visits were near the counter at the time."""
    times = {one.id: one.at for one in stretch.sales}
    visits = {one.id: one for one in stretch.visits}
    for row in news.values():
        if row.visit_id in visits:
            at = times[row.sale_id]
            waits = (one.served for one in stretch.visits)
            row.because["seconds"] = round(at - visits[row.visit_id].anchor, 1)
            row.because["near"] = sum(start - MARGIN_S <= at <= end + MARGIN_S for start, end in waits)


def _weigh_without_faces(stretch: Stretch, news: Mapping[int, SaleLink]) -> None:
    """Note in `because` how sure a link would be if no face were known, where it may teach one.

    Else faces would prove themselves.
    """
    named = {one.id for one in stretch.sales if one.customer}
    linked = (row for row in news.values() if row.state == State.LINKED)
    able = [row for row in linked if row.sale_id in named and row.visit_id in stretch.strangers]
    if not able:
        return
    blind = replace(
        stretch,
        sales=[replace(one, customer=None) for one in stretch.sales],
        visits=[replace(one, customer=None, person=None) for one in stretch.visits],
    )
    alone = {one.sale: one for one in _linked(blind, None)}
    for row in able:
        if alone[row.sale_id].visit == row.visit_id:
            row.because["alone"] = round(alone[row.sale_id].confidence, 4)


@transaction.atomic
def _store(shop: Shop, sales: Sequence[int], news: Mapping[int, SaleLink]) -> int:
    """Write down what was found of these sales; how many links are new or moved.

    The shop's row is held, as for every decision: what somebody has decided meanwhile stays.
    """
    Shop.objects.select_for_update(no_key=True).get(pk=shop.pk)
    links = SaleLink.objects.filter(shop=shop, sale__in=sales)
    held = set(links.filter(holding()).values_list("sale", flat=True))
    refused = set(links.filter(state=State.REFUSED).values_list("sale", "visit"))
    there = set(
        Visit.objects.filter(pk__in=[row.visit_id for row in news.values()]).values_list("pk", flat=True)
    )
    standing = {row.sale_id: row for row in links.filter(state__in=OPEN).exclude(sale__in=held)}
    wanted = {
        sale: row
        for sale, row in news.items()
        if sale not in held and row.visit_id in there and (sale, row.visit_id) not in refused
    }
    same = {
        sale for sale, row in standing.items() if sale in wanted and wanted[sale].visit_id == row.visit_id
    }
    links.filter(pk__in=[row.pk for sale, row in standing.items() if sale not in same]).delete()
    tenders.forget(sale for sale in standing if sale not in same or wanted[sale].state != State.LINKED)
    moved = [row for sale, row in wanted.items() if sale not in same]
    SaleLink.objects.bulk_create(moved)
    changed = [
        _changed(standing[sale], wanted[sale]) for sale in same if _is_news(standing[sale], wanted[sale])
    ]
    SaleLink.objects.bulk_update(changed, ["state", "confidence", "because"])
    return len(moved)


def _is_news(before: SaleLink, now: SaleLink) -> bool:
    return before.state != now.state or abs(before.confidence - now.confidence) >= NEWS


def _changed(row: SaleLink, now: SaleLink) -> SaleLink:
    row.state, row.confidence, row.because = now.state, now.confidence, now.because
    return row


def link_recording(recording: Recording) -> int:
    """Link the sales around the visits of a recording, once it is watched."""
    visits = Visit.objects.of(recording.shop).shown_in(recording).aggregate(Min("entry_at"), Max("exit_at"))
    first, last = visits["entry_at__min"], visits["exit_at__max"]
    if first is None:
        return 0
    clock = clocks.of(recording.camera, first)
    start, end = (datetime.fromtimestamp(clock.to_till(at.timestamp()), UTC) for at in (first, last))
    return link_between(recording.shop, start - REACH, end + REACH)


def link_by_clock(row: ClockEstimate) -> int:
    """Link anew what a clock that is applied, or not any more, is about: from its day on, a month at most."""
    start = row.first_at - REACH - timedelta(seconds=row.apart_s)
    return link_between(row.shop, start, min(timezone.now(), start + MONTH))


def link_written(shop: Shop, since: datetime) -> int:
    """Link the sales that were written down since then into a time that is watched already."""
    near = Visit.objects.filter(
        shop=OuterRef("shop"),
        entry_at__lte=OuterRef("sold_at") + NEAR,
        entry_at__gte=OuterRef("sold_at") - NEAR,
    )
    fresh = Sale.objects.of(shop).standing().filter(recorded_at__gte=since)
    days = (
        fresh.exclude(links__state__in=(*OPEN, State.CONFIRMED))
        .filter(Exists(near))
        .order_by()
        .values(day=TruncDate("sold_at", tzinfo=shop.tz))
        .annotate(first=Min("sold_at"), last=Max("sold_at"))
    )
    return sum(link_between(shop, day["first"], day["last"] + timedelta(seconds=1)) for day in days)


def decide(link: SaleLink, *, is_right: bool, actor: Actor) -> None:
    """Confirm or refuse a link by hand. What was learnt from a refused one is taken back, and the sale looked at anew.

    Raises ValidationError when the sale belongs to another visit by now, or the link has moved.
    """
    state = State.CONFIRMED if is_right else State.REFUSED
    with transaction.atomic():
        Shop.objects.select_for_update(no_key=True).get(pk=link.shop_id)
        _refresh(link)
        if not is_right:
            teaching.unlearn(link, actor)
            tenders.forget([link.sale_id])
        _decide(link, state, actor)
    if is_right:
        teaching.consider(link.shop, [link.sale_id])
    else:
        _look_again(link)


def take_back(link: SaleLink, actor: Actor) -> None:
    """Undo a decision: nobody has said anything about this link. Raises ValidationError when nobody has."""
    with transaction.atomic():
        Shop.objects.select_for_update(no_key=True).get(pk=link.shop_id)
        _refresh(link)
        if link.state in OPEN:
            raise ValidationError(_("This was taken back already."))
        teaching.unlearn(link, actor)
        for other in SaleLink.objects.filter(sale=link.sale_id, state__in=OPEN).exclude(pk=link.pk):
            teaching.unlearn(other, actor)
            other.delete()
        tenders.forget([link.sale_id])
        _decide(link, State.SUGGESTED, actor)
    _look_again(link)


def _refresh(link: SaleLink) -> None:
    """The link as it stands now. Raises ValidationError when a job has moved it meanwhile."""
    try:
        link.refresh_from_db(fields=["state"])
    except SaleLink.DoesNotExist as error:
        raise ValidationError(_("This link has changed meanwhile. Look at it again.")) from error


def _decide(link: SaleLink, state: State, actor: Actor) -> None:
    before, is_open = link.state, state in OPEN
    link.state, link.decided_by = state, None if is_open else actor.user
    link.decided_at = None if is_open else timezone.now()
    try:
        with transaction.atomic():
            link.save(update_fields=["state", "decided_by", "decided_at"])
    except IntegrityError as error:
        raise ValidationError(
            _("This sale is linked to another visit by now. Refuse that one first.")
        ) from error
    audit.record(link.shop, actor, "decide_link", link, before={"state": before}, after={"state": state})


def _look_again(link: SaleLink) -> None:
    at = link.sale.sold_at
    link_between(link.shop, at - REACH, at + REACH)
