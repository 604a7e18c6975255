"""The shop's charts: each asks one query, names its numbers, and says where their rows are."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics import grains, queries, visitors
from analytics.ageing import ageing
from analytics.charts import RUPEES, BarChart, Chart, HeatChart, LineChart, PieChart, RankChart, Series
from analytics.grains import Grain
from analytics.hours_figures import open_from_to
from analytics.models import DailyTotals
from analytics.opening_times import opening_times
from analytics.periods import query_of
from analytics.queries import Summary, TenderTotal
from analytics.visitors import DayVisitors, Visitors
from analytics.week import by_weekday_and_hour
from sales.models import Tender
from watershop.dates import Period
from watershop.models import Right, Shop

TONES = {Tender.CASH: 4, Tender.UPI: 1, Tender.COIN: 2}
FOUR_WEEKS = timedelta(days=27)
A_MONTH = timedelta(days=30)
TITLES = {
    "revenue": gettext_lazy("Revenue"),
    "takings": gettext_lazy("Takings by tender"),
    "settled": gettext_lazy("Paid and unpaid sales"),
    "tenders": gettext_lazy("How buyers pay"),
    "cans": gettext_lazy("Cans sold"),
    "customers": gettext_lazy("Top customers"),
    "dues": gettext_lazy("Open dues by age"),
    "sales-by-hour": gettext_lazy("Sales by hour"),
    "sales-by-weekday": gettext_lazy("Sales by weekday and hour"),
    "visits": gettext_lazy("Visits"),
    "visits-by-hour": gettext_lazy("Visits by hour"),
    "visits-by-weekday": gettext_lazy("Visits by weekday and hour"),
    "new-and-returning": gettext_lazy("New and returning visitors"),
    "opening-times": gettext_lazy("Open from and to"),
}


@dataclass(frozen=True)
class Figure:
    """A chart of a period. `links` leads from each label to its rows, for those who have the right `links_for`."""

    chart: Chart
    period: Period
    links: Sequence[str] = ()
    links_for: Right | None = None
    grain: Grain | None = None
    """How fine it is, where it goes over time."""
    rows: str = ""
    """The page of all that it counts, for those who have that right; empty where its labels lead there alone."""

    def leads_with(self, rights: frozenset[Right]) -> bool:
        """Whether a reader with these rights may follow it to its rows."""
        return self.links_for is None or self.links_for in rights


def address(name: str, *args: object, period: Period, **query: str) -> str:
    """A page's path with the period in it, as `period_from` reads it."""
    return f"{reverse(name, args=args)}?{query_of(period, **query)}"


def rows_behind(shop: Shop, period: Period) -> dict[str, str]:
    """The pages with the rows behind the numbers of a period."""
    return {
        "sales": address("sales", shop.slug, period=period),
        "unpaid": address("sales", shop.slug, period=period, unpaid="1"),
        "takings": address("chart", shop.slug, "takings", period=period),
        "visits": address("visits", shop.slug, period=period),
        "visitors": address("visitors", shop.slug, period=period),
        "cans": reverse("customers", args=[shop.slug]),
    }


def shown(figure: Figure, shop: Shop, rights: frozenset[Right]) -> dict[str, object]:
    """A figure as the templates take it."""
    grain, leads = {"grain": figure.grain.value} if figure.grain else {}, figure.leads_with(rights)
    where: dict[str, Any] = {"period": figure.period, **grain}
    may_export = Right.EXPORT in rights
    return {
        "chart": figure.chart,
        "url": address("chart", shop.slug, figure.chart.key, **where),
        "csv": address("chart_csv", shop.slug, figure.chart.key, **where) if may_export else "",
        "links": figure.links if leads else (),
        "rows": figure.rows if leads else "",
    }


def title_of(name: str) -> str:
    """What the chart of that name is called, in the reader's language."""
    return str(TITLES[name])


def revenue(shop: Shop, period: Period, grain: Grain = Grain.DAY) -> Figure:
    return revenue_figure(queries.totals(shop, period), shop, period, grain)


def revenue_figure(rows: Sequence[DailyTotals], shop: Shop, period: Period, grain: Grain) -> Figure:
    """`rows` are the totals of the period's days."""
    series = Series(_("Revenue"), grains.sums([row.revenue for row in rows], period, grain))
    chart = LineChart("revenue", title_of("revenue"), _labels(period, grain), [series], RUPEES)
    return Figure(chart, period, _rows_of("sales", shop, period, grain), grain=grain)


def takings(shop: Shop, period: Period) -> Figure:
    return takings_figure(queries.takings_by_tender(shop, period), shop, period)


def takings_figure(rows: Sequence[TenderTotal], shop: Shop, period: Period) -> Figure:
    """A pie, or bars on a day when more was given back than received: a pie cannot show less than nothing."""
    title, labels = title_of("takings"), [str(row.tender.label) for row in rows]
    series = Series(_("Takings"), [row.amount for row in rows])
    links = [address("payments", shop.slug, period=period, tender=row.tender.value) for row in rows]
    if any(row.amount < 0 for row in rows):
        return Figure(BarChart("takings", title, labels, [series], RUPEES), period, links)
    tones = [TONES[row.tender] for row in rows]
    return Figure(PieChart("takings", title, labels, [series], RUPEES, tones), period, links)


def settled(shop: Shop, period: Period) -> Figure:
    sums = queries.settled(shop, period)
    series = Series(_("Amount"), [sums.paid, sums.due])
    labels, title = [_("Paid"), _("Unpaid")], title_of("settled")
    links = [
        address("sales", shop.slug, period=period),
        address("sales", shop.slug, period=period, unpaid="1"),
    ]
    return Figure(PieChart("settled", title, labels, [series], RUPEES, [4, 5]), period, links)


def tenders(shop: Shop, period: Period) -> Figure:
    rows = queries.stated_tenders(shop, period)
    series = Series(_("Sales"), [row.sales for row in rows])
    labels, tones = [str(row.tender.label) for row in rows], [TONES[row.tender] for row in rows]
    chart = PieChart("tenders", title_of("tenders"), labels, [series], tones=tones)
    return Figure(chart, period, rows=address("sales", shop.slug, period=period))


def cans(shop: Shop, period: Period, grain: Grain = Grain.DAY) -> Figure:
    sizes = queries.cans_by_day(shop, period)
    series = [Series(size.code, grains.sums(size.cans, period, grain)) for size in sizes]
    labels = _labels(period, grain)
    chart = BarChart("cans", title_of("cans"), labels, series, _("cans"), is_stacked=True)
    return Figure(chart, period, _rows_of("sales", shop, period, grain), grain=grain)


def customers(shop: Shop, period: Period) -> Figure:
    rows = queries.top_customers(shop, period)
    series = Series(_("Revenue"), [row.sold.revenue for row in rows])
    links = [reverse("customer", args=[shop.slug, row.customer_id]) for row in rows]
    chart = RankChart("customers", title_of("customers"), [row.name for row in rows], [series], RUPEES)
    return Figure(chart, period, links)


def sales_by_hour(shop: Shop, period: Period) -> Figure:
    sales = [row.sold.sales for row in queries.sold_by_hour(shop, period)]
    chart = _by_hour("sales-by-hour", _("Sales"), sales, shop)
    return Figure(chart, period, rows=address("sales", shop.slug, period=period))


def visits(shop: Shop, period: Period, grain: Grain = Grain.DAY) -> Figure:
    return visits_figure(queries.totals(shop, period), shop, period, grain)


def visits_figure(rows: Sequence[DailyTotals], shop: Shop, period: Period, grain: Grain) -> Figure:
    """`rows` are the totals of the period's days. Persons stand beside the visits of a day alone: whoever comes on
    two days of a week is one person of that week."""
    series = [Series(_("Visits"), grains.sums([row.visits for row in rows], period, grain))]
    if grain == Grain.DAY:
        series.append(Series(_("Persons"), [row.persons for row in rows]))
    chart = LineChart("visits", title_of("visits"), _labels(period, grain), series)
    links = _rows_of("visits", shop, period, grain)
    return Figure(chart, period, links, links_for=Right.SEE_FACES, grain=grain)


def visits_by_hour(shop: Shop, period: Period) -> Figure:
    counts = [row.visits for row in visitors.visits_by_hour(shop, period)]
    chart = _by_hour("visits-by-hour", _("Visits"), counts, shop, tone=3)
    rows = address("visits", shop.slug, period=period)
    return Figure(chart, period, links_for=Right.SEE_FACES, rows=rows)


def visitors_figure(rows: Sequence[DayVisitors], shop: Shop, period: Period) -> Figure:
    """Who came on each day. It has no page of its own: whoever reads it must be told how long faces are remembered."""
    days = [row.visitors for row in rows]
    series = [
        Series(_("Returning"), [day.returning for day in days], 4),
        Series(_("New"), [day.new for day in days], 1),
        Series(_("Visits of nobody known"), [day.anonymous for day in days], 3),
    ]
    chart = BarChart("visitors", _("Visitors by day"), _labels(period), series, is_stacked=True)
    return Figure(chart, period, _rows_of("visits", shop, period), links_for=Right.SEE_FACES)


def sales_by_weekday(shop: Shop, period: Period) -> Figure:
    counts = {(each.weekday, each.hour): each.sales for each in by_weekday_and_hour(shop, period)}
    rows = address("sales", shop.slug, period=period)
    return Figure(_week("sales-by-weekday", counts, shop), period, rows=rows)


def visits_by_weekday(shop: Shop, period: Period) -> Figure:
    counts = {(each.weekday, each.hour): each.visits for each in by_weekday_and_hour(shop, period)}
    rows = address("visits", shop.slug, period=period)
    return Figure(_week("visits-by-weekday", counts, shop), period, links_for=Right.SEE_FACES, rows=rows)


def new_and_returning(shop: Shop, period: Period) -> Figure:
    return new_figure(visitors.visitors(shop, period), shop, period)


def new_figure(came: Visitors, shop: Shop, period: Period) -> Figure:
    series = Series(_("Visitors"), [came.new, came.returning])
    title, labels = title_of("new-and-returning"), [_("New"), _("Returning")]
    links = [address("visitors", shop.slug, period=period)] * 2
    return Figure(PieChart("new-and-returning", title, labels, [series], tones=[1, 4]), period, links)


def ages_of_dues(shop: Shop, period: Period) -> Figure:
    """What is open today, whatever the period."""
    rows = ageing(shop)
    series = Series(_("Due"), [row.due for row in rows], 5)
    chart = BarChart("dues", title_of("dues"), [str(row.name) for row in rows], [series], RUPEES)
    links = [reverse("defaulters", args=[shop.slug])] * len(rows)
    return Figure(chart, period, links, links_for=Right.SEE_TOTALS)


def opening(shop: Shop, period: Period) -> Figure:
    """From when to when the shop was open, on the last month of days at most: more bars than that cannot be read."""
    days = Period(max(period.first, period.last - A_MONTH), period.last, period.zone)
    links = _rows_of("opening_times", shop, days)
    return Figure(open_from_to(opening_times(shop, days), shop), days, links)


FIGURES: dict[str, Callable[[Shop, Period], Figure]] = {
    "revenue": revenue,
    "takings": takings,
    "settled": settled,
    "tenders": tenders,
    "cans": cans,
    "customers": customers,
    "dues": ages_of_dues,
    "sales-by-hour": sales_by_hour,
    "sales-by-weekday": sales_by_weekday,
    "visits": visits,
    "visits-by-hour": visits_by_hour,
    "visits-by-weekday": visits_by_weekday,
    "new-and-returning": new_and_returning,
    "opening-times": opening,
}
OVER_TIME: dict[str, Callable[[Shop, Period, Grain], Figure]] = {
    "revenue": revenue,
    "cans": cans,
    "visits": visits,
}
"""Those that can be drawn by weeks and months, too."""


def figure(name: str, shop: Shop, period: Period, grain: Grain) -> Figure:
    """The figure of that name, as fine as asked for where it goes over time."""
    return OVER_TIME[name](shop, period, grain) if name in OVER_TIME else FIGURES[name](shop, period)


def on_dashboard(
    shop: Shop, period: Period, grain: Grain, numbers: Summary, rows: Sequence[DailyTotals]
) -> list[Figure]:
    """What the dashboard shows. `rows` are the totals of all days of `grains.trend`, or more."""
    trend, weeks = grains.trend(period, grain), last_weeks(period)
    days = [row for row in rows if trend.first <= row.day <= trend.last]
    has_visits = any(row.visits for row in days)
    return [
        revenue_figure(days, shop, trend, grain),
        visits_figure(days, shop, trend, grain),
        takings_figure(numbers.takings, shop, period),
        cans(shop, trend, grain),
        visits_by_weekday(shop, weeks) if has_visits else sales_by_weekday(shop, weeks),
        new_figure(numbers.visitors, shop, period),
        customers(shop, period),
        ages_of_dues(shop, period),
        opening(shop, trend),
    ]


def last_weeks(period: Period) -> Period:
    """The period, or four weeks where it is shorter: a weekday alone makes no week."""
    return Period(min(period.first, period.last - FOUR_WEEKS), period.last, period.zone)


def _labels(period: Period, grain: Grain = Grain.DAY) -> list[str]:
    return [str(stretch) for stretch in grains.stretches(period, grain)]


def _rows_of(page: str, shop: Shop, period: Period, grain: Grain = Grain.DAY) -> list[str]:
    path = reverse(page, args=[shop.slug])
    return [f"{path}?from={each.first}&to={each.last}" for each in grains.stretches(period, grain)]


def _week(key: str, counts: dict[tuple[int, int], int], shop: Shop) -> HeatChart:
    """Monday to Sunday by the hours of `_hours`; `counts` are by weekday (1 is Monday) and hour."""
    hours = _hours(shop, (hour for (_weekday, hour), count in counts.items() if count))
    columns = [
        Series(str(hour), [counts.get((weekday, hour), 0) for weekday in range(1, 8)]) for hour in hours
    ]
    labels = [str(name) for name in WEEKDAYS_ABBR.values()]
    return HeatChart(key, title_of(key), labels, columns)


def _by_hour(key: str, name: str, counts: list[int], shop: Shop, tone: int = 1) -> BarChart:
    hours = _hours(shop, (hour for hour, count in enumerate(counts) if count))
    labels = [f"{hour}:00" for hour in hours]
    return BarChart(key, title_of(key), labels, [Series(name, [counts[hour] for hour in hours], tone)])


def _hours(shop: Shop, busy: Iterable[int]) -> range:
    """The opening hours, and those outside in which something happened all the same."""
    hours = {*_opening_hours(shop), *busy}
    return range(min(hours), max(hours) + 1)


def _opening_hours(shop: Shop) -> range:
    """From the hour of opening to the last before closing; a shop that is open past midnight has all 24."""
    end = shop.closes_at.hour + (shop.closes_at.minute > 0)
    return range(shop.opens_at.hour, end) if end > shop.opens_at.hour else range(24)
