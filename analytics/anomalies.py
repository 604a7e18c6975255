"""What is odd: found each night by the rules of `odd`, and said by a person what it was. Nothing is done by itself.

Also who of the regulars is late, by their own rhythm; that is reckoned when it is asked.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import product
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Exists, Max, Min, OuterRef, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from analytics.models import Anomaly
from analytics.odd import RULES
from analytics.odd.base import Firsts, Rule
from analytics.robust import FEWEST_ALIKE, Rhythm, rhythm
from customers.models import Customer
from sales.models import Sale, SaleVoid
from vision.models import SaleLink, Visit
from watershop import audit, phone_links
from watershop.audit import Actor
from watershop.dates import Period, day_of
from watershop.models import Shop

log = logging.getLogger(__name__)

LATELY = 3
"""So many days that are over are judged each night: what comes late is seen, and a night may be missed."""
REMEMBERED = timedelta(days=180)
LATE_BY = 1.5
"""So many times their mean gap a regular stays away before they are late."""
GONE_AFTER = timedelta(days=90)
"""Who was not served for so long is no regular any more."""


def look(shop: Shop, at: datetime, tell: Callable[[float], None] | None = None) -> None:
    """Judge the last days that are over at that moment; `tell` hears what share of that is done.

    What was found stays as it was found. A rule that fails is written to the log: the others still judge.
    """
    firsts, today = Firsts.of(shop), day_of(shop, at)
    days = [today - timedelta(days=back) for back in range(LATELY, 0, -1)]
    for done, (day, rule) in enumerate(product(days, RULES.values()), start=1):
        begins = rule.judges_from(firsts)
        if begins and begins <= day:
            _judge(rule, shop, day)
        if tell:
            tell(done / (len(days) * len(RULES)))


def _judge(rule: Rule, shop: Shop, day: date) -> None:
    """Store what the rule finds, each key once."""
    try:
        Anomaly.objects.bulk_create(
            [
                Anomaly(shop=shop, rule=rule.name, key=one.key, day=one.day, score=one.score, facts=one.facts)
                for one in rule.find(shop, day)
            ],
            ignore_conflicts=True,
        )
    except Exception:
        log.exception("rule %s of shop %s", rule.name, shop.pk)


@transaction.atomic
def decide(anomaly: Anomaly, state: str, *, note: str, actor: Actor) -> Anomaly:
    """Say what an oddity was (`explained`, which needs a note) or that it stays in view (`watched`); audited."""
    if state not in (Anomaly.State.EXPLAINED, Anomaly.State.WATCHED):
        raise ValidationError(_("Choose what it was, or keep it in view."))
    if state == Anomaly.State.EXPLAINED and not note.strip():
        raise ValidationError(_("Write what explains it."))
    row = (
        Anomaly.objects.select_for_update(of=["self"], no_key=True).select_related("shop").get(pk=anomaly.pk)
    )
    before = {"state": row.state, "note": row.note}
    row.state, row.note = state, note.strip() or row.note
    row.by, row.decided_at = actor.user, timezone.now()
    row.full_clean(exclude=["shop", "by"])
    row.save(update_fields=["state", "note", "by", "decided_at"])
    after = {"state": row.state, "note": row.note}
    audit.record(row.shop, actor, "decide_anomaly", row, before=before, after=after)
    return row


@dataclass(frozen=True)
class Late:
    """A regular who should have been served by `expected_on`.

    `seen_at` is their last visit since they were served, in which nothing was sold to them; None: not seen.
    """

    customer: Customer
    rhythm: Rhythm
    served_on: date
    expected_on: date
    days_late: int
    seen_at: datetime | None

    @property
    def days_away(self) -> int:
        return self.days_late + (self.expected_on - self.served_on).days


def late_regulars(shop: Shop, at: datetime) -> list[Late]:
    """Who stays away longer than their own rhythm lets expect, the latest by that measure first; five queries.

    A day counts on which something was sold to them, or to somebody unnamed in a visit of theirs. Late is who stays
    away longer than nine of ten of their gaps, and half as long again as their mean gap.
    """
    today = day_of(shop, at)
    period = Period(today - REMEMBERED, today, shop.tz)
    served = _served(shop, period, at, _perhaps_late(shop, period, at, today))
    late: dict[int, tuple[Rhythm, date]] = {}
    for customer, days in served.items():
        known = rhythm(days)
        if known and (today - days[-1]).days > max(known.longest, LATE_BY * known.mean):
            late[customer] = known, days[-1]
    accounts = Customer.objects.of(shop).active().filter(merged_into=None)
    customers = accounts.select_related("shop").in_bulk(list(late))
    seen = _seen_since(shop, {pk: late[pk][1] for pk in customers}, at)
    rows = [_late(customers[pk], *late[pk], today, seen.get(pk)) for pk in customers]
    return sorted(rows, key=lambda row: (-row.days_late / row.rhythm.mean, row.customer.code))


def greeting(row: Late) -> str:
    """The address that opens WhatsApp with a word to somebody who is late, in their language; "" where it may not."""
    if not row.customer.phone or row.customer.has_refused_reminders:
        return ""
    with translation.override(row.customer.language):
        text = _("Dear %(name)s, we have not seen you for %(days)s days. Do you need water? %(shop)s")
    names = {"name": row.customer.name, "days": row.days_away, "shop": row.customer.shop.name}
    return phone_links.whatsapp(row.customer.phone, text % names)


def _late(customer: Customer, known: Rhythm, served_on: date, today: date, seen_at: datetime | None) -> Late:
    expected_on = served_on + timedelta(days=round(known.middle))
    return Late(customer, known, served_on, expected_on, (today - expected_on).days, seen_at)


def _perhaps_late(shop: Shop, period: Period, at: datetime, today: date) -> set[int]:
    """Those (ids) whose sales alone say that they are late, before each gap is looked at; one query."""
    sales = Sale.objects.of(shop).filter(sold_at__gte=period.start, sold_at__lt=at, customer__isnull=False)
    standing = sales.filter(~Exists(SaleVoid.objects.filter(sale=OuterRef("pk")))).order_by()
    day = TruncDate("sold_at", tzinfo=shop.tz)
    rows: QuerySet[Any, Any] = standing.values_list("customer")
    counts = rows.annotate(days=Count(day, distinct=True), first=Min(day), last=Max(day))
    return {
        customer
        for customer, days, first, last in counts
        if days >= FEWEST_ALIKE
        and today - last <= GONE_AFTER
        and (today - last).days > LATE_BY * (last - first).days / (days - 1)
    }


def _served(shop: Shop, period: Period, at: datetime, customers: set[int]) -> dict[int, list[date]]:
    """The days on which each of these customers was served, in order; two queries."""
    sales = Sale.objects.of(shop).standing().filter(sold_at__gte=period.start, sold_at__lt=at)
    own = (
        sales.filter(customer__in=customers)
        .order_by()
        .values_list("customer", TruncDate("sold_at", tzinfo=shop.tz))
    )
    links = SaleLink.objects.filter(
        shop=shop,
        state__in=SaleLink.SURE,
        visit__person__customer__in=customers,
        visit__entry_at__gte=period.start,
        visit__entry_at__lt=at,
    )
    seen = links.values_list("visit__person__customer", TruncDate("visit__entry_at", tzinfo=shop.tz))
    days: dict[int, set[date]] = {}
    for customer, day in [*own.distinct(), *seen.distinct()]:
        days.setdefault(customer, set()).add(day)
    return {customer: sorted(some) for customer, some in days.items()}


def _seen_since(shop: Shop, served: Mapping[int, date], at: datetime) -> dict[int, datetime]:
    """When each of these customers came last, after the day on which they were served; one query."""
    first = min(served.values(), default=day_of(shop, at))
    visits = Visit.objects.of(shop).filter(
        person__customer__in=served, entry_at__gte=Period(first, first, shop.tz).end, entry_at__lt=at
    )
    last: QuerySet[Any, Any] = visits.order_by().values_list("person__customer")
    return {
        customer: seen_at
        for customer, seen_at in last.annotate(Max("entry_at"))
        if day_of(shop, seen_at) > served[customer]
    }
