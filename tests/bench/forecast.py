"""How far off the forecast is, beside its floor, on shops that are made up; and what it costs.

The last eight weeks are foretold day by day as on their eves, from what was known then: whatever the back-test chooses
is judged by days that it has not seen. The user's own file is looked at, too, where it is at hand (../shared).
"""

import csv
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from analytics.forecast import LEAST_DAYS, forecast
from analytics.forecast_methods import FLOOR, METHODS, Values
from tests.bench.figure import Figure
from tests.shared_data import shared_folder

FIRST, DAYS, JUDGED, AHEAD = date(2025, 11, 1), 250, 56, 7
SHOPS = {"small": 2_500, "busy": 25_000}
YEAR, MOST_MS = 364, 50


def figures() -> Iterator[Figure]:
    """Cans by size and sales of each shop; what a year's series costs; the user's own file."""
    for shop, sales in SHOPS.items():
        for name, values in _series(sales).items():
            yield from _judged(f"{shop} shop, {name}", values)
    yield Figure("A year of days foretold, processor time", _cost_ms(values), "ms", MOST_MS)
    file = shared_folder() / "data" / "seed" / "sample_transactions.csv"
    if file.is_file():
        with file.open(newline="") as rows:
            days = {row["timestamp"][:10] for row in csv.DictReader(rows)}
        yield Figure(f"The user's own file, days in it (refused below {LEAST_DAYS})", len(days), "days")


def _series(count: int) -> dict[str, Values]:
    from sales.generating import believable_sales

    zone = ZoneInfo("Asia/Kolkata")
    sales = believable_sales(count=count, customers=count // 40, first=FIRST, days=DAYS, zone=zone, seed=6)
    series = {name: np.zeros(DAYS) for name in ("20L", "10L", "sales")}
    for sale in sales:
        day = (sale.sold_at.date() - FIRST) // timedelta(days=1)
        series[f"{sale.litres}L"][day] += sale.quantity
        series["sales"][day] += 1
    return series


def _judged(name: str, values: Values) -> Iterator[Figure]:
    """The mean absolute error a day, its target the floor's; and how many days lay in the range."""
    errors, floor, inside, chosen = [], [], [], Counter[str]()
    for day in range(len(values) - JUDGED, len(values) - AHEAD + 1):
        found, came = forecast(values[:day], AHEAD), values[day : day + AHEAD]
        chosen[found.method] += 1
        errors.append(np.abs([each.point for each in found.days] - came))
        floor.append(np.abs(METHODS[FLOOR](values[:day], [day], AHEAD)[0] - came))
        inside += [each.low <= real <= each.high for each, real in zip(found.days, came, strict=True)]
    mostly = chosen.most_common(1)[0][0]
    yield Figure(
        f"{name}, {values.mean():.0f} a day: off by ({mostly})",
        float(np.mean(errors)),
        "a day",
        round(float(np.mean(floor)), 2),
    )
    yield Figure("  in the range of eight of ten", 100 * float(np.mean(inside)), "%", 90, 70)


def _cost_ms(values: Values) -> float:
    year = np.resize(values, YEAR)
    began = time.process_time()
    for _ in range(10):
        forecast(year, 14)
    return 100 * (time.process_time() - began)
