"""The seven charts that the shop's first scripts drew, by the names of their files."""

from collections.abc import Callable

from django.utils.translation import gettext as _

from analytics import figures, queries, visitors
from analytics.charts import RUPEES, Chart, LineChart, PieChart, RankChart, Series
from analytics.classic import TABLES
from watershop.dates import Period
from watershop.models import Shop

MOST_OFTEN, SPENDERS = 10, 30


def _daily_visits(shop: Shop, period: Period) -> Chart:
    return figures.visits(shop, period).chart


def _visits_per_hour(shop: Shop, period: Period) -> Chart:
    return figures.visits_by_hour(shop, period).chart


def _top_customers(shop: Shop, period: Period) -> Chart:
    rows = visitors.regulars(shop, period, MOST_OFTEN)
    series = Series(_("Visits"), [row.visits for row in rows])
    return RankChart("top-customers", _("Who came most often"), [row.name for row in rows], [series])


def _new_vs_returning(shop: Shop, period: Period) -> Chart:
    """As many as the two files of that name have rows."""
    files = ("new_customers", "returning_customers")
    counts = [sum(1 for _row in TABLES[file](shop, period).rows()) for file in files]
    # Other words than the dashboard's, where new is whom nobody had seen before the period.
    labels, series = [_("On one day"), _("On several days")], Series(_("Persons"), counts)
    return PieChart(
        "new-vs-returning", _("Customers who came once, or again"), labels, [series], tones=[1, 4]
    )


def _payment_modes(shop: Shop, period: Period) -> Chart:
    return figures.tenders(shop, period).chart


def _total_spend(shop: Shop, period: Period) -> Chart:
    rows = queries.top_customers(shop, period, SPENDERS)
    series = Series(_("Revenue"), [row.sold.revenue for row in rows])
    labels = [row.name for row in rows]
    return RankChart("total-spend", _("Spent by customer"), labels, [series], RUPEES)


def _cans_per_day(shop: Shop, period: Period) -> Chart:
    bars = figures.cans(shop, period).chart
    return LineChart("cans-per-day", bars.title, bars.labels, bars.series, bars.unit)


CHARTS: dict[str, Callable[[Shop, Period], Chart]] = {
    "line_daily_visits": _daily_visits,
    "bar_visits_per_hour": _visits_per_hour,
    "bar_top_customers": _top_customers,
    "pie_new_vs_returning": _new_vs_returning,
    "pie_payment_modes": _payment_modes,
    "total_spend_per_customer": _total_spend,
    "line_cans_per_day": _cans_per_day,
}
"""By the name of the file, without .svg or .png."""
