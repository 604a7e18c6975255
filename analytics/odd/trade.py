"""The shop's own days and hours: sales, revenue and visits beside the same weekday, and how buyers pay."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from math import sqrt
from typing import Any, ClassVar

from django.db.models import QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrPromise

from analytics import queries
from analytics.figures import address
from analytics.models import DailyTotals, FestivalDay, SlotTotals
from analytics.odd.base import Facts, Finding, Names, Rule, one_day, shown
from analytics.robust import FEWEST_ALIKE, Judged, Usual, bar, judge, judge_day
from vision.models import Recording
from watershop.dates import Period
from watershop.models import Right, Shop
from watershop.templatetags.money import rupees

WEEKS = timedelta(weeks=12)
MATTERS = 0.25
"""Less than a quarter more or less is no news, however surely it is so."""
FILMED = 0.8
"""Visits are counted of days on which the cameras ran for that share of their usual time at least."""
POINTS = 10.0
"""So many points of a hundred must the share of cash differ by."""
SALES, REVENUE, VISITS = "sales", "revenue", "visits"
UNITS: Mapping[str, StrPromise | str] = {
    SALES: gettext_lazy("sales"),
    REVENUE: "₹",
    VISITS: gettext_lazy("visits"),
}
WEEK, ONE_DAY, SUNDAY = timedelta(days=7), timedelta(days=1), 6


@dataclass(frozen=True)
class Odd:
    """One number of a day that is odd."""

    measure: str
    judged: Judged


@dataclass(frozen=True)
class Days:
    """A day and the ordinary ones of twelve weeks before it: what is compared. Festivals are no ordinary days."""

    day: date
    rows: Mapping[date, DailyTotals]
    ordinary: Sequence[date]
    filmed: Sequence[date]
    """The ordinary days on which the cameras ran as usual; with the day itself if they did."""

    @staticmethod
    def of(shop: Shop, day: date) -> "Days | None":
        """None for a festival. Three queries."""
        period = Period(day - WEEKS, day, shop.tz)
        special = set(
            FestivalDay.objects.filter(shop=shop, day__gte=period.first, day__lte=day).values_list(
                "day", flat=True
            )
        )
        if day in special:
            return None
        rows = {row.day: row for row in queries.totals(shop, period)}
        traded = [other for other, row in rows.items() if row.sales and other < day and other not in special]
        filmed = _filmed(shop, period)
        return Days(day, rows, traded, [other for other in [*traded, day] if other in filmed])

    def ordinary_for(self, measure: str) -> Sequence[date]:
        """The days that the day is compared with; none where it can't be."""
        if measure == VISITS:
            return [other for other in self.filmed if other < self.day] if self.day in self.filmed else []
        return self.ordinary

    def odd(self, a_year: float) -> list[Odd]:
        """What is odd about the day as a whole, the oddest first."""
        most, found = bar(a_year, len(UNITS)), []
        for measure in UNITS:
            judged = self._judged(measure)
            if judged and judged.p < most and matters(judged):
                found.append(Odd(measure, judged))
        return sorted(found, key=lambda odd: -abs(odd.judged.z))

    def _judged(self, measure: str) -> Judged | None:
        unit = self._usual_sale() if measure == REVENUE else 1.0
        past = {other: _number(self.rows[other], measure) / unit for other in self.ordinary_for(measure)}
        judged = judge_day(self.day, _number(self.rows[self.day], measure) / unit, past)
        return judged and _in_units(judged, unit)

    def _usual_sale(self) -> float:
        """Rupees of one sale: in these, revenue scatters like a count."""
        sales = sum(self.rows[other].sales for other in self.ordinary)
        revenue = sum(float(self.rows[other].revenue) for other in self.ordinary)
        return max(revenue / sales, 1.0) if sales else 1.0


def matters(judged: Judged) -> bool:
    return abs(judged.value - judged.usual.middle) >= MATTERS * max(judged.usual.middle, 1.0)


def _number(row: DailyTotals, measure: str) -> float:
    return float(getattr(row, measure))


def _in_units(judged: Judged, unit: float) -> Judged:
    usual = Usual(judged.usual.middle * unit, judged.usual.low * unit, judged.usual.high * unit)
    return replace(judged, value=judged.value * unit, usual=usual)


def _filmed(shop: Shop, period: Period) -> set[date]:
    """The days on which the cameras ran as long as usual; one query."""
    films = Recording.objects.filter(
        shop=shop,
        state=Recording.State.DONE,
        started_at__gte=period.start,
        started_at__lt=period.end,
        duration_s__gt=0,
    )
    days: QuerySet[Any, Any] = films.order_by().values_list(TruncDate("started_at", tzinfo=shop.tz))
    seconds = dict(days.annotate(seconds=Sum("duration_s")))
    usual = sorted(seconds.values())[len(seconds) // 2] if seconds else 0.0
    return {day for day, length in seconds.items() if length >= FILMED * usual}


class Trade(Rule):
    """What both rules of sales, revenue and visits say: `measure` and `day` are among their facts."""

    needs: ClassVar[str] = "sale"
    days = 42
    sentences: ClassVar[Mapping[str, StrPromise]]

    def unit_of(self, facts: Facts) -> StrPromise | str:
        return UNITS[facts["measure"]]

    def sentence(self, facts: Facts, names: Names) -> str:
        def said(value: float) -> str:
            return rupees(Decimal(round(value))) if facts["measure"] == REVENUE else f"{round(value)}"

        numbers = {"value": said(facts["value"]), "usual": said(facts["usual"]), "hour": facts.get("hour")}
        return str(self.sentences[facts["measure"]]) % numbers

    def rows(self, shop: Shop, facts: Facts) -> str:
        page = "visits" if facts["measure"] == VISITS else "sales"
        return address(page, shop.slug, period=one_day(date.fromisoformat(facts["day"]), shop))

    def right_for(self, facts: Facts) -> Right | None:
        return Right.SEE_FACES if facts["measure"] == VISITS else None


class WholeDay(Trade):
    """A day with far more or fewer sales, visits or rupees than the same weekday has; one finding a day."""

    name: ClassVar[str] = "day"
    title = gettext_lazy("A day unlike others")
    icon = "calendar"
    a_year = 8.0
    sentences: ClassVar[Mapping[str, StrPromise]] = {
        SALES: gettext_lazy("Sales: %(value)s; usual on this weekday: %(usual)s."),
        REVENUE: gettext_lazy("Revenue: %(value)s; usual on this weekday: %(usual)s."),
        VISITS: gettext_lazy("Visits: %(value)s; usual on this weekday: %(usual)s."),
    }

    def find(self, shop: Shop, day: date) -> Iterable[Finding]:
        """Three queries."""
        days = Days.of(shop, day)
        odd = days.odd(self.a_year) if days else []
        if odd:
            facts = {
                "measure": odd[0].measure,
                "day": day.isoformat(),
                "also": [one.measure for one in odd[1:]],
            }
            facts |= shown(odd[0].judged.value, odd[0].judged.usual)
            yield Finding(day.isoformat(), day, abs(odd[0].judged.z), facts)


class OneHour(Trade):
    """An hour with far more or fewer sales or visits than it has on the same weekday; one finding a day.

    A day that is odd as a whole has no odd hours beside that.
    """

    name: ClassVar[str] = "hour"
    title = gettext_lazy("An hour unlike others")
    icon = "clock"
    sentences: ClassVar[Mapping[str, StrPromise]] = {
        SALES: gettext_lazy("Sales from %(hour)s:00 on: %(value)s; usual at this hour: %(usual)s."),
        VISITS: gettext_lazy("Visits from %(hour)s:00 on: %(value)s; usual at this hour: %(usual)s."),
    }

    def find(self, shop: Shop, day: date) -> Iterable[Finding]:
        """Four queries."""
        days = Days.of(shop, day)
        if days is None or days.odd(WholeDay.a_year):
            return
        counts = _by_hour(queries.by_slot(shop, Period(day - WEEKS, day, shop.tz)))
        most, found = bar(self.a_year, len(counts)), []
        for (measure, hour), numbers in counts.items():
            past = {other: numbers.get(other, 0.0) for other in days.ordinary_for(measure)}
            judged = judge_day(day, numbers.get(day, 0.0), past)
            if judged and judged.p < most and matters(judged):
                found.append(
                    (abs(judged.z), {"measure": measure, "hour": hour} | shown(judged.value, judged.usual))
                )
        for z, facts in sorted(found, key=lambda one: -one[0])[:1]:
            yield Finding(day.isoformat(), day, z, facts | {"day": day.isoformat()})


def _by_hour(slots: Iterable[SlotTotals]) -> dict[tuple[str, int], dict[date, float]]:
    """Sales and visits of each hour in which there were ever any, by day."""
    counts: dict[tuple[str, int], dict[date, float]] = defaultdict(lambda: defaultdict(float))
    for slot in slots:
        for measure in (SALES, VISITS):
            if number := getattr(slot, measure):
                counts[measure, slot.slot // 2][slot.day] += number
    return counts


class TenderMix(Rule):
    """The share of sales that were to be paid in cash, of a week that ended on a Sunday, beside twelve weeks before."""

    name: ClassVar[str] = "tender_mix"
    title = gettext_lazy("Cash and UPI unlike usual")
    icon = "upi"
    unit = "%"
    days = 56
    a_year = 2.0

    def find(self, shop: Shop, day: date) -> Iterable[Finding]:
        """One query."""
        if day.weekday() != SUNDAY:
            return
        weeks = _weeks(queries.totals(shop, Period(day - WEEKS - WEEK + ONE_DAY, day, shop.tz)))
        cash, sales = weeks.pop()
        before = [week for week in weeks if week[1]]
        if not sales or len(before) < FEWEST_ALIKE:
            return
        usual = sum(some for some, _all in before) / sum(all_of for _some, all_of in before)
        floor = 100 * sqrt(max(usual * (1 - usual), 0.01) / sales)
        judged = judge(100 * cash / sales, [100 * some / all_of for some, all_of in before], floor=floor)
        if judged.p < bar(self.a_year, 1 / 7) and abs(judged.value - judged.usual.middle) >= POINTS:
            facts = shown(judged.value, judged.usual) | {"day": day.isoformat()}
            yield Finding(day.isoformat(), day, abs(judged.z), facts)

    def sentence(self, facts: Facts, names: Names) -> str:
        sentence = _("%(value)s %% of the sales of a week were in cash; usual: %(usual)s %%.")
        return sentence % {"value": round(facts["value"]), "usual": round(facts["usual"])}

    def rows(self, shop: Shop, facts: Facts) -> str:
        day = date.fromisoformat(facts["day"])
        return address("chart", shop.slug, "tenders", period=Period(day - WEEK + ONE_DAY, day, shop.tz))


def _weeks(rows: Sequence[DailyTotals]) -> list[tuple[int, int]]:
    """Of each seven days: the sales that were to be paid in cash, and all sales."""
    weeks = [rows[start : start + 7] for start in range(0, len(rows), 7)]
    return [(sum(row.stated_cash for row in week), sum(row.sales for row in week)) for week in weeks]
