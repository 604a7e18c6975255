"""The week of a shop: how much happens in each hour of each weekday, from the half-hours of the roll-up."""

from dataclasses import dataclass

from django.db.models import F, Sum
from django.db.models.functions import ExtractIsoWeekDay

from analytics.models import SlotTotals
from analytics.rollup import reads
from watershop.dates import Period
from watershop.models import Shop


@dataclass(frozen=True)
class WeekHour:
    """All that began in that hour on that weekday (1 is Monday), over all days of the period."""

    weekday: int
    hour: int
    sales: int
    visits: int


@reads
def by_weekday_and_hour(shop: Shop, period: Period) -> list[WeekHour]:
    """The hours in which anything happened; one query."""
    slots = SlotTotals.objects.filter(shop=shop, day__range=(period.first, period.last))
    rows = slots.values(weekday=ExtractIsoWeekDay("day"), hour=F("slot") / 2)
    return [WeekHour(**row) for row in rows.annotate(sales=Sum("sales"), visits=Sum("visits")).order_by()]
