"""Sales that were keyed when nobody should be there: outside the opening hours, or while a camera saw nobody."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar

from django.db.models import Q
from django.db.models.functions import TruncTime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from analytics.figures import address
from analytics.odd.base import Facts, Finding, Names, Rule, one_day, shown
from analytics.odd.clerks import KEYED
from analytics.robust import (
    bar,
    chance_of_count,
    chance_of_share,
    scatter_of_shares,
    usual_count,
    usual_share,
    worth,
)
from sales.models import Sale, SaleQuerySet
from vision.models import Camera, Recording, Visit
from vision.queues.no_visit import NEAR, Span, Spans
from vision.queues.till_time import aheads
from watershop.dates import Period, day_of
from watershop.models import Shop

AROUND_HOURS = timedelta(minutes=30)
"""Who opens sooner or closes later by so much still keeps the hours."""
WEEKS = timedelta(days=56)
WATCHED = timedelta(days=28)
LISTED = 8


def _keyed(shop: Shop, period: Period) -> SaleQuerySet:
    """Sales as they were first keyed, also those that were undone."""
    return Sale.objects.of(shop).during(period).filter(source__in=KEYED, replaces=None)


class OutsideHours(Rule):
    """Sales of a day long before opening or after closing, beside how often that happens here; one query."""

    name: ClassVar[str] = "outside_hours"
    title = gettext_lazy("Keyed while closed")
    icon = "moon"
    unit = gettext_lazy("sales")
    days = WEEKS.days
    is_about_clerks = True

    def find(self, shop: Shop, day: date) -> Iterable[Finding]:
        whole = Period(day - WEEKS, day, shop.tz)
        outside = _outside(shop)
        if outside is None:
            return
        sales = _keyed(shop, whole).annotate(clock=TruncTime("sold_at", tzinfo=shop.tz)).filter(outside)
        rows = list(sales.order_by("sold_at").values_list("pk", "sold_at"))
        new = [(pk, at) for pk, at in rows if day_of(shop, at) == day]
        earlier = len(rows) - len(new)
        p = chance_of_count(len(new), earlier, times=WEEKS.days)
        if p < bar(self.a_year, 1):
            facts = shown(len(new), usual_count(earlier, times=WEEKS.days))
            facts |= {"day": day.isoformat(), "sales": [pk for pk, _at in new[:LISTED]]}
            yield Finding(day.isoformat(), day, worth(p), facts)

    def sentence(self, facts: Facts, names: Names) -> str:
        n = round(facts["value"])
        sentence = ngettext(
            "%(n)s sale was keyed while the shop is closed. Who was at work?",
            "%(n)s sales were keyed while the shop is closed. Who was at work?",
            n,
        )
        return sentence % {"n": n}

    def rows(self, shop: Shop, facts: Facts) -> str:
        return address("sales", shop.slug, period=one_day(date.fromisoformat(facts["day"]), shop))


def _outside(shop: Shop) -> Q | None:
    """Of `clock`: outside the hours; None where no time is far from them."""
    opens, closes = _minute(shop.opens_at), _minute(shop.closes_at)
    margin = int(AROUND_HOURS.total_seconds() // 60)
    hours = (closes - opens) % DAY or DAY
    if hours + 2 * margin >= DAY:
        return None
    first, last = _clock(opens - margin), _clock(closes + margin)
    if first < last:
        return Q(clock__lt=first) | Q(clock__gt=last)
    return Q(clock__lt=first, clock__gt=last)


DAY = 24 * 60


def _minute(clock: time) -> int:
    return clock.hour * 60 + clock.minute


def _clock(minute: int) -> time:
    return time(minute % DAY // 60, minute % 60)


@dataclass(frozen=True)
class _Seen:
    """By the till's clock: when a camera watched the counter, and when customers and staff were in its sight."""

    films: Spans
    customers: Spans
    staff: Spans


class Unseen(Rule):
    """Sales of a day around which no camera saw anybody of a kind, though one watched; beside four weeks before.

    Two queries for each camera, four for all.
    """

    unit = gettext_lazy("sales")
    icon = "eye"
    needs = "film"
    days = WATCHED.days
    a_year = 2.0  # sales close to each other are seen, or not, together: chance does it more often than the test says
    is_about_clerks = True
    is_of_staff: ClassVar[bool]

    def find(self, shop: Shop, day: date) -> Iterable[Finding]:
        whole = Period(day - WATCHED, day, shop.tz)
        cameras = _seen(shop, whole)
        days: dict[date, _Tally] = defaultdict(_Tally)
        for pk, at in _keyed(shop, whole).order_by("sold_at").values_list("pk", "sold_at"):
            if (is_seen := self._is_seen(at, cameras)) is not None:
                days[day_of(shop, at)].add(pk, is_seen)
        new = days.pop(day, _Tally())
        past = [(len(tally.unseen), tally.watched) for tally in days.values()]
        if not past:
            return
        unseen, watched = (sum(numbers) for numbers in zip(*past, strict=True))
        p = chance_of_share(len(new.unseen), new.watched, unseen, watched)
        score = worth(p) / scatter_of_shares(past)
        if score > worth(bar(self.a_year, 1)):
            facts = shown(len(new.unseen), usual_share(new.watched, unseen, watched))
            facts |= {"of": new.watched, "day": day.isoformat(), "sales": new.unseen[:LISTED]}
            yield Finding(day.isoformat(), day, score, facts)

    def _is_seen(self, at: datetime, cameras: Sequence[_Seen]) -> bool | None:
        """Whether any camera saw one of them around a sale; None where none was watching."""
        around = at - NEAR, at + NEAR
        watching = [seen for seen in cameras if seen.films.cover(*around)]
        if not watching:
            return None
        return any((seen.staff if self.is_of_staff else seen.customers).touch(*around) for seen in watching)

    def rows(self, shop: Shop, facts: Facts) -> str:
        return address("sales", shop.slug, period=one_day(date.fromisoformat(facts["day"]), shop))


class _Tally:
    """Sales that a camera could have seen, and those (ids) around which it saw nobody."""

    def __init__(self) -> None:
        self.watched = 0
        self.unseen: list[int] = []

    def add(self, sale: int, is_seen: bool) -> None:
        self.watched += 1
        if not is_seen:
            self.unseen.append(sale)


class NoCustomer(Unseen):
    """Nobody who could have bought it."""

    name: ClassVar[str] = "no_customer"
    title = gettext_lazy("Keyed without a customer")
    is_of_staff = False

    def sentence(self, facts: Facts, names: Names) -> str:
        sentence = _(
            "%(n)s of %(of)s sales were keyed while the camera saw no customer. Were they delivered?"
        )
        return sentence % {"n": round(facts["value"]), "of": facts["of"]}


class NoClerk(Unseen):
    """Nobody who works here: silent by itself where staff never show their face."""

    name: ClassVar[str] = "no_clerk"
    title = gettext_lazy("Keyed without a clerk in sight")
    icon = "staff"
    is_of_staff = True

    def sentence(self, facts: Facts, names: Names) -> str:
        sentence = _(
            "%(n)s of %(of)s sales were keyed while the camera saw nobody of the staff. Who keyed them?"
        )
        return sentence % {"n": round(facts["value"]), "of": facts["of"]}


def _seen(shop: Shop, period: Period) -> list[_Seen]:
    """What each camera at the counter saw."""
    first, last = period.start - LONGEST, period.end
    films = Recording.objects.filter(
        shop=shop, state=Recording.State.DONE, started_at__gte=first, started_at__lt=last
    )
    stays = Visit.objects.of(shop).filter(entry_at__gte=first, entry_at__lt=last)
    lengths = _by_camera(films.values_list("camera", "started_at", "duration_s"))
    customers, staff = (
        _by_camera(rows.order_by().values_list("recording__camera", "entry_at", "exit_at"))
        for rows in (stays.by_customers(), stays.filter(person__is_shop_staff=True))
    )
    of_shop = Camera.objects.filter(shop=shop)
    at_counter = set(of_shop.before_counter(of_shop).values_list("pk", flat=True))
    return [
        _Seen(
            films=Spans.of(
                (start + ahead, start + ahead + timedelta(seconds=length))
                for start, length in lengths.get(camera.pk, ())
            ),
            customers=_spans(customers.get(camera.pk, ()), ahead),
            staff=_spans(staff.get(camera.pk, ()), ahead),
        )
        for camera, ahead in aheads(shop)
        if camera.pk in at_counter
    ]


LONGEST = timedelta(days=1)
"""Bounds the search for films and visits that began before."""


def _by_camera(rows: Iterable[tuple[int, datetime, Any]]) -> dict[int, list[tuple[datetime, Any]]]:
    found: dict[int, list[tuple[datetime, Any]]] = {}
    for camera, start, end in rows:
        found.setdefault(camera, []).append((start, end))
    return found


def _spans(rows: Iterable[Span], ahead: timedelta) -> Spans:
    return Spans.of((start + ahead, end + ahead) for start, end in rows)
