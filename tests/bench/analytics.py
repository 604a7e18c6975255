"""What the numbers and charts of the dashboard cost in a shop with a million sales: queries and milliseconds each."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median

from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.figures import FIGURES
from analytics.queries import summary
from sales.defaulters import debtors
from tests.bench.figure import Figure
from tests.bench.fill import BIG, SMALL
from watershop.dates import last_days
from watershop.models import Shop

DAYS, ROUNDS = 30, 5


def figures() -> Iterator[Figure]:
    """A month of a small shop and of a big one: the queries must be as many."""
    few, many = (_asked(Shop.objects.get(slug=slug)) for slug in (SMALL, BIG))
    for name, ask in many.items():
        yield Figure(f"Queries of {name}, {DAYS} days, big shop", _queries(ask), "", _queries(few[name]))
        yield Figure(f"  time, median of {ROUNDS}", _median_ms(ask), "ms")


def _asked(shop: Shop) -> dict[str, Callable[[], object]]:
    period = last_days(shop, DAYS)
    charts = {f"the chart {name}": partial(figure, shop, period) for name, figure in FIGURES.items()}
    return {
        "the numbers at the top": partial(summary, shop, period),
        **charts,
        "the debtors": partial(debtors, shop),
    }


def _queries(ask: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as made:
        ask()
    return len(made)


def _median_ms(ask: Callable[[], object]) -> float:
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        ask()
        took.append(time.perf_counter() - began)
    return 1000 * median(took)
