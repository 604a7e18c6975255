"""The days of a period as they were counted: what all other numbers are summed from."""

from analytics.models import DailyTotals, SlotTotals
from analytics.rollup import days_read, reads
from watershop.dates import Period
from watershop.models import Shop


@reads
def totals(shop: Shop, period: Period) -> list[DailyTotals]:
    """A row for every day of the period, an unsaved one with zeros where nothing happened."""
    known = days_read()
    if missing := [day for day in period.days if day not in known]:
        rows = DailyTotals.objects.filter(shop=shop, day__range=(missing[0], missing[-1]))
        known.update(
            {day: DailyTotals(shop=shop, day=day) for day in missing} | {row.day: row for row in rows}
        )
    return [known[day] for day in period.days]


@reads
def by_slot(shop: Shop, period: Period) -> list[SlotTotals]:
    """The half-hours in which anything happened, by day and slot."""
    slots = SlotTotals.objects.filter(shop=shop, day__range=(period.first, period.last))
    return list(slots.order_by("day", "slot"))
