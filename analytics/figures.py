"""The shop's charts: each asks one query, names its numbers, and says where their rows are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.urls import reverse
from django.utils.dateformat import format as date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics import queries, visitors
from analytics.charts import RUPEES, BarChart, Chart, LineChart, PieChart, RankChart, Series
from analytics.periods import query_of
from analytics.queries import Summary, TenderTotal
from analytics.visitors import DayVisitors
from sales.models import Tender
from watershop.dates import Period
from watershop.models import Right, Shop

TONES = {Tender.CASH: 4, Tender.UPI: 1, Tender.COIN: 2}
TREND = timedelta(days=13)
TITLES = {
    "revenue": gettext_lazy("Revenue by day"),
    "takings": gettext_lazy("Takings by tender"),
    "settled": gettext_lazy("Paid and unpaid sales"),
    "tenders": gettext_lazy("How buyers pay"),
    "cans": gettext_lazy("Cans sold by day"),
    "customers": gettext_lazy("Top customers"),
    "sales-by-hour": gettext_lazy("Sales by hour"),
    "visits": gettext_lazy("Visits by day"),
    "visits-by-hour": gettext_lazy("Visits by hour"),
}


@dataclass(frozen=True)
class Figure:
    """A chart of a period. `links` leads from each label to its rows, for those who have the right `links_for`."""

    chart: Chart
    period: Period
    links: Sequence[str] = ()
    links_for: Right | None = None

    def links_seen_with(self, rights: frozenset[Right]) -> Sequence[str]:
        return self.links if self.links_for is None or self.links_for in rights else ()


def address(name: str, *args: object, period: Period, **query: str) -> str:
    """A page's path with the period in it, as `period_from` reads it."""
    return f"{reverse(name, args=args)}?{query_of(period, **query)}"


def title_of(name: str) -> str:
    """What the chart of that name is called, in the reader's language."""
    return str(TITLES[name])


def revenue(shop: Shop, period: Period) -> Figure:
    rows = queries.sold_by_day(shop, period)
    series = Series(_("Revenue"), [row.sold.revenue for row in rows])
    chart = LineChart("revenue", title_of("revenue"), _days(period), [series], RUPEES)
    return Figure(chart, period, _rows_of_days("sales", shop, period))


def takings(shop: Shop, period: Period) -> Figure:
    return takings_figure(queries.takings_by_tender(shop, period), period)


def takings_figure(rows: Sequence[TenderTotal], period: Period) -> Figure:
    """A pie, or bars on a day when more was given back than received: a pie cannot show less than nothing."""
    title, labels = title_of("takings"), [str(row.tender.label) for row in rows]
    series = Series(_("Takings"), [row.amount for row in rows])
    if any(row.amount < 0 for row in rows):
        return Figure(BarChart("takings", title, labels, [series], RUPEES), period)
    tones = [TONES[row.tender] for row in rows]
    return Figure(PieChart("takings", title, labels, [series], RUPEES, tones), period)


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
    return Figure(PieChart("tenders", title_of("tenders"), labels, [series], tones=tones), period)


def cans(shop: Shop, period: Period) -> Figure:
    series = [Series(size.code, size.cans) for size in queries.cans_by_day(shop, period)]
    chart = BarChart("cans", title_of("cans"), _days(period), series, _("cans"), is_stacked=True)
    return Figure(chart, period, _rows_of_days("sales", shop, period))


def customers(shop: Shop, period: Period) -> Figure:
    rows = queries.top_customers(shop, period)
    series = Series(_("Revenue"), [row.sold.revenue for row in rows])
    links = [reverse("customer", args=[shop.slug, row.customer_id]) for row in rows]
    chart = RankChart("customers", title_of("customers"), [row.name for row in rows], [series], RUPEES)
    return Figure(chart, period, links)


def sales_by_hour(shop: Shop, period: Period) -> Figure:
    sales = [row.sold.sales for row in queries.sold_by_hour(shop, period)]
    return Figure(_by_hour("sales-by-hour", _("Sales"), sales, shop), period)


def visits(shop: Shop, period: Period) -> Figure:
    days = [row.visitors for row in visitors.visitors_by_day(shop, period)]
    series = [
        Series(_("Visits"), [day.visits for day in days]),
        Series(_("Persons"), [day.persons for day in days]),
    ]
    chart = LineChart("visits", title_of("visits"), _days(period), series)
    return Figure(chart, period, _rows_of_days("visits", shop, period), links_for=Right.SEE_FACES)


def visits_by_hour(shop: Shop, period: Period) -> Figure:
    counts = [row.visits for row in visitors.visits_by_hour(shop, period)]
    return Figure(_by_hour("visits-by-hour", _("Visits"), counts, shop, tone=3), period)


def visitors_figure(rows: Sequence[DayVisitors], shop: Shop, period: Period) -> Figure:
    """Who came on each day. It has no page of its own: whoever reads it must be told how long faces are remembered."""
    days = [row.visitors for row in rows]
    series = [
        Series(_("Returning"), [day.returning for day in days], 4),
        Series(_("New"), [day.new for day in days], 1),
        Series(_("Visits of nobody known"), [day.anonymous for day in days], 3),
    ]
    chart = BarChart("visitors", _("Visitors by day"), _days(period), series, is_stacked=True)
    return Figure(chart, period, _rows_of_days("visits", shop, period), links_for=Right.SEE_FACES)


FIGURES: dict[str, Callable[[Shop, Period], Figure]] = {
    "revenue": revenue,
    "takings": takings,
    "settled": settled,
    "tenders": tenders,
    "cans": cans,
    "customers": customers,
    "sales-by-hour": sales_by_hour,
    "visits": visits,
    "visits-by-hour": visits_by_hour,
}


def on_dashboard(shop: Shop, period: Period, numbers: Summary) -> list[Figure]:
    """What the dashboard shows; a single day's lines go back two weeks, for a point alone is no line."""
    days = Period(period.last - TREND, period.last, period.zone) if period.first == period.last else period
    return [
        revenue(shop, days),
        takings_figure(numbers.takings, period),
        sales_by_hour(shop, period),
        visits(shop, days),
        visits_by_hour(shop, period),
        cans(shop, days),
        customers(shop, period),
    ]


def _days(period: Period) -> list[str]:
    return [date_format(day, "j M") for day in period.days]


def _rows_of_days(page: str, shop: Shop, period: Period) -> list[str]:
    path = reverse(page, args=[shop.slug])
    return [f"{path}?from={day}&to={day}" for day in period.days]


def _by_hour(key: str, name: str, counts: list[int], shop: Shop, tone: int = 1) -> BarChart:
    """The opening hours, and those outside in which something happened all the same."""
    hours = {*_opening_hours(shop), *(hour for hour, count in enumerate(counts) if count)}
    first, last = min(hours), max(hours)
    labels = [f"{hour}:00" for hour in range(first, last + 1)]
    return BarChart(key, title_of(key), labels, [Series(name, counts[first : last + 1], tone)])


def _opening_hours(shop: Shop) -> range:
    """From the hour of opening to the last before closing; a shop that is open past midnight has all 24."""
    end = shop.closes_at.hour + (shop.closes_at.minute > 0)
    return range(shop.opens_at.hour, end) if end > shop.opens_at.hour else range(24)
