"""What the numbers cost in a shop with a million sales, a day of which has just changed, and in one with a tenth of it.

The dashboard as the owner's browser gets it, the roll-up from nothing, and pandas making the same tables from a CSV.
"""

import io
import time
from collections.abc import Callable, Iterator
from statistics import quantiles

import pandas as pd
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from analytics import rollup
from sales.ledger import record_sale
from sales.models import CanType, Tender
from sales.new_sale import Line, NewSale
from tests.base import TESTS
from tests.bench.figure import Figure
from tests.bench.fill import BIG, MIDDLE
from watershop.dates import last_days
from watershop.models import Role, Shop, User

DAYS = {"today": 1, "30 days": 30, "a year": 365}
MOST_QUERIES, MOST_MS, MOST_RATIO, MOST_REBUILD_S = 15, 250, 1.3, 60
COPY_SALES = """
COPY (SELECT customer_id, sold_at, stated_tender, can_type_id, quantity, amount FROM sales_sale sale
JOIN sales_saleline line ON line.sale_id = sale.id WHERE sale.shop_id = {}) TO STDOUT (FORMAT csv, HEADER)
"""


def figures(rounds: int = 20) -> Iterator[Figure]:
    """The shops' roll-ups stay as they were counted; the sales that are made meanwhile are taken back."""
    few, many = (Shop.objects.get(slug=slug) for slug in (MIDDLE, BIG))
    yield Figure("Roll-up from nothing, big shop", _seconds(_counts(many)), "s", MOST_REBUILD_S)
    yield Figure("  a tenth of the sales", _seconds(_counts(few)), "s")
    yield Figure("  pandas, the same tables from a CSV, big shop", _seconds(_tables(_csv(many))), "s")
    for name, days in DAYS.items():
        small, _few_queries = _dashboard(few, days, rounds)
        large, queries = _dashboard(many, days, rounds)
        yield Figure(f"Dashboard, {name}, a sale just made: p95", large, "ms", MOST_MS)
        yield Figure("  to that of a tenth of the sales", large / small, "", MOST_RATIO)
        yield Figure("  queries, nothing changed", queries, "", MOST_QUERIES)


def _seconds(deed: Callable[[], object]) -> float:
    began = time.perf_counter()
    deed()
    return time.perf_counter() - began


def _counts(shop: Shop) -> Callable[[], object]:
    rollup.forget(shop)
    return lambda: rollup.refresh(shop)


def _csv(shop: Shop) -> io.StringIO:
    file = io.StringIO()
    with connection.cursor() as cursor:
        cursor.copy_expert(COPY_SALES.format(shop.pk), file)
    file.seek(0)
    return file


def _tables(file: io.StringIO) -> Callable[[], object]:
    """Sales, cans and revenue by day, half-hour, size and customer."""

    def make() -> None:
        rows = pd.read_csv(file, parse_dates=["sold_at"], date_format="ISO8601")
        at = rows.sold_at.dt.tz_convert("Asia/Kolkata")
        rows["day"], rows["slot"] = at.dt.date, 2 * at.dt.hour + at.dt.minute // 30
        for more in (["stated_tender"], ["slot"], ["can_type_id"], ["customer_id"]):
            rows.groupby(["day", *more]).agg({"quantity": ["size", "sum"], "amount": "sum"})

    return make


def _dashboard(shop: Shop, days: int, rounds: int) -> tuple[float, int]:
    """The p95 of the page in milliseconds, each time after a sale; and its queries when nothing changed."""
    client, took = Client(SERVER_NAME="localhost"), []
    owner = User.objects.filter(memberships__shop=shop, memberships__role=Role.OWNER)[0]
    client.force_login(owner, backend="watershop.accounts.OneTimePasswordBackend")
    period = last_days(shop, days)
    page = f"{reverse('dashboard', args=[shop.slug])}?from={period.first}&to={period.last}"
    can_type = CanType.objects.of(shop).order_by("code")[0]
    sale = NewSale(lines=[Line(can_type, 1, can_type.litres)], tender=Tender.UPI)
    with transaction.atomic():
        client.get(page)
        for _ in range(rounds):
            record_sale(shop, TESTS, sale)
            took.append(_seconds(lambda: client.get(page)))
        with CaptureQueriesContext(connection) as queries:
            assert client.get(page).status_code == 200
        transaction.set_rollback(True)
    return 1000 * quantiles(took, n=20, method="inclusive")[-1], len(queries)
