"""What each kind of alert rule looks at, each minute: a few bounded questions to the rooms below.

Only what is new since the rule was looked at last is asked for, or how it stands now; `alerts` tells nothing twice.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Q, Sum

from analytics.models import AlertRule, Anomaly
from analytics.opening_times import opening_of, rests_on
from analytics.trading_day import day_and_slot, posted
from sales.models import IN_HAND, DrawerSession, LedgerEntry, Sale
from sales.models.drawer import sum_or_none
from vision.models import Camera, Card, Visit
from watershop import jobs
from watershop.dates import day_of
from watershop.models import Shop

Kind = AlertRule.Kind
OVERLAP = timedelta(minutes=10)
"""Rows that a slow transaction, or a till that was offline for a moment, brings after they were looked for."""
LONGEST = timedelta(days=1)
"""What happened longer ago is no news, however long the shop's computer stood still."""
HALF_HOUR = timedelta(minutes=30)


@dataclass(frozen=True)
class Found:
    """Something to be told: what it is about, told once on a `day`; `facts` are numbers and ids, never names."""

    about: str
    day: date
    facts: Mapping[str, Any]

    @property
    def key(self) -> str:
        return f"{self.about}:{self.day}"


def _since(rule: AlertRule, now: datetime) -> datetime:
    return max((rule.checked_at or now) - OVERLAP, now - LONGEST)


def _unpaid(rule: AlertRule, now: datetime) -> Iterator[Found]:
    """Customers who bought on credit just now and owe more than the limit: who owed it before is no news."""
    shop = rule.shop
    sales = Sale.objects.of(shop).filter(sold_at__gte=now - LONGEST, customer__isnull=False)
    new = LedgerEntry.objects.of(shop).filter(
        sale__in=sales.order_by(), kind=LedgerEntry.Kind.SALE, recorded_at__gte=_since(rule, now)
    )
    entries = LedgerEntry.objects.of(shop).filter(customer__in=new.order_by().values("customer")).order_by()
    sums = entries.values_list("customer").annotate(balance=Sum("amount")).filter(balance__gt=rule.limit)
    for customer, balance in sums:
        facts = {"customer": customer, "balance": str(balance)}
        yield Found(f"customer-{customer}", day_of(shop, now), facts)


def _debtor(rule: AlertRule, now: datetime) -> Iterator[Found]:
    """The cards of the queue: it knows who agreed to be known, who is sure enough, and who said that it is not them."""
    cards = Card.objects.of(rule.shop).open().filter(kind=Card.Kind.DEBTOR, made_at__gte=_since(rule, now))
    for card in cards:
        facts = {"customer": card.customer_id, "amount": str(card.amount), "days": card.because["days"]}
        yield Found(f"customer-{card.customer_id}", day_of(rule.shop, card.at), facts)


def _peak(rule: AlertRule, now: datetime) -> Iterator[Found]:
    """Who came in this half-hour or the last, by visits or sales, whichever saw more; once before noon, once after."""
    shop = rule.shop
    clock = now.astimezone(shop.tz)
    begin = now - timedelta(minutes=clock.minute % 30, seconds=clock.second, microseconds=clock.microsecond)
    for start in (begin - HALF_HOUR, begin):
        visits = Visit.objects.of(shop).filter(entry_at__gte=start, entry_at__lt=start + HALF_HOUR)
        sales = Sale.objects.of(shop).filter(sold_at__gte=start, sold_at__lt=start + HALF_HOUR).standing()
        came = max(visits.by_customers().order_by().count(), sales.order_by().count())
        if rule.limit and came > rule.limit:
            local = start.astimezone(shop.tz)
            facts = {"came": came, "start": start.isoformat()}
            yield Found("morning" if local.hour < 12 else "afternoon", local.date(), facts)


def _camera(rule: AlertRule, now: datetime) -> Iterator[Found]:
    """Live cameras with a fault and no picture for so long, while the shop is open: at night some are switched off."""
    if not _is_open(rule.shop, now):
        return
    late = now - _minutes(rule)
    silent = Camera.objects.live().filter(shop=rule.shop).exclude(fault=Camera.Fault.NONE)
    for camera in silent.filter(Q(seen_at__lt=late) | Q(seen_at=None)):
        seen = camera.seen_at
        facts = {"camera": camera.pk, "fault": camera.fault, "since": seen.isoformat() if seen else None}
        yield Found(f"camera-{camera.pk}", day_of(rule.shop, now), facts)


def _worker(rule: AlertRule, now: datetime) -> Iterator[Found]:
    """Work on recordings that nobody takes up now, and that this rule itself was not looked at for so long.

    A standstill that began while the shop was closed is a computer that was switched off.
    """
    today, last = day_of(rule.shop, now), rule.checked_at
    for cluster in settings.Q_CLUSTER["ALT_CLUSTERS"]:
        if jobs.is_frozen(cluster):
            yield Found(f"cluster-{cluster}", today, {"cluster": cluster})
    if last and now - last > _minutes(rule) and _is_open(rule.shop, last):
        yield Found("standstill", today, {"since": last.isoformat(), "until": now.isoformat()})


def _variance(rule: AlertRule, now: datetime) -> Iterator[Found]:
    """Drawers closed just now whose cash and coins were counted other than expected."""
    closed = DrawerSession.objects.of(rule.shop).filter(
        opened_at__gte=now - 7 * LONGEST, closed_at__gte=_since(rule, now)
    )
    for session in closed.prefetch_related("counts"):
        counts = [row.variance for row in session.counts.all() if row.tender in IN_HAND]
        variance = sum_or_none(counts) or Decimal(0)
        if session.closed_at and rule.limit is not None and abs(variance) > rule.limit:
            facts = {"session": session.pk, "variance": str(variance)}
            yield Found(f"session-{session.pk}", day_of(rule.shop, session.closed_at), facts)


def _opening(rule: AlertRule, now: datetime) -> Iterator[Found]:
    """Not opened in time today, and closed early on the day before; nothing of a weekday on which the shop rests."""
    shop, limit = rule.shop, rule.limit
    today, _slot = day_and_slot(shop, now)
    yesterday = today - timedelta(days=1)
    late, early = opening_of(shop, today), opening_of(shop, yesterday)
    if limit and (late.late_min or 0) >= limit and not rests_on(shop, today):
        facts = {"late": late.late_min, "has_opened": late.opened is not None, "is_sure": late.is_sure}
        yield Found("late", today, facts)
    if limit and (early.early_min or 0) >= limit and not rests_on(shop, yesterday):
        yield Found("early", yesterday, {"early": early.early_min, "is_sure": early.is_sure})


def _anomaly(rule: AlertRule, now: datetime) -> Iterator[Found]:
    """What the nightly rules found and nobody has explained."""
    rows = Anomaly.objects.filter(shop=rule.shop, state=Anomaly.State.OPEN, found_at__gte=_since(rule, now))
    for row in rows:
        yield Found(f"anomaly-{row.pk}", row.day, {"anomaly": row.pk, "rule": row.rule})


def _minutes(rule: AlertRule) -> timedelta:
    return timedelta(minutes=float(rule.limit or 0))


def _is_open(shop: Shop, at: datetime) -> bool:
    """Whether the shop says that it is open at that moment."""
    hours = posted(shop, day_and_slot(shop, at)[0])
    return hours is None or hours.opens_at <= at < hours.closes_at


CHECKS: Mapping[str, Callable[[AlertRule, datetime], Iterable[Found]]] = {
    Kind.UNPAID: _unpaid,
    Kind.DEBTOR: _debtor,
    Kind.PEAK: _peak,
    Kind.CAMERA: _camera,
    Kind.WORKER: _worker,
    Kind.VARIANCE: _variance,
    Kind.OPENING: _opening,
    Kind.ANOMALY: _anomaly,
}
