"""What a file of sales costs: a million rows out, and a smaller one in with all checks and nothing stored."""

import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pandas as pd
from django.db import connection, transaction

from analytics.classic import TABLES
from analytics.exporting import all_days
from sales.generating import believable_sales
from sales.importing import import_transactions
from sales.models import Sale
from sales.transactions_csv import write
from tests.base import TESTS
from tests.bench.figure import Figure
from tests.bench.fill import BIG, MIDDLE
from watershop.dates import today
from watershop.models import Shop

LEAST_IN, LEAST_OUT = 2_500, 50_000
SALES_OF_A_REGULAR, DAYS = 25, 700


def figures(rows: int = 20_000) -> Iterator[Figure]:
    """`rows` is how many sales the file holds that is taken in."""
    shop = Shop.objects.get(slug=BIG)
    with tempfile.TemporaryDirectory() as folder:
        exported, made = Path(folder, "transactions.csv"), Path(folder, "made.csv")
        took = _seconds(lambda: _export(shop, exported))
        yield Figure("CSV export, big shop", Sale.objects.of(shop).count() / took, "rows/s", least=LEAST_OUT)
        yield Figure("  pandas reads the same file", _seconds(lambda: pd.read_csv(exported)), "s")
        middle = Shop.objects.get(slug=MIDDLE)
        first = today(middle).first - timedelta(days=DAYS)
        regulars = -(-rows // SALES_OF_A_REGULAR)
        sales = believable_sales(
            count=rows, customers=regulars, first=first, days=DAYS, zone=middle.tz, seed=3
        )
        write(made, sales)
        took = _seconds(lambda: _import(middle, made))
        yield Figure(f"CSV import of {rows} sales", rows / took, "rows/s", least=LEAST_IN)


def _export(shop: Shop, path: Path) -> None:
    with path.open("wb") as file:
        TABLES["transactions"](shop, all_days(shop)).write_csv(file)


def _import(shop: Shop, path: Path) -> None:
    """With what the database checks at the end of the transaction, which is then taken back."""
    with transaction.atomic():
        report = import_transactions(shop, TESTS, path)
        if not report.is_stored:
            raise ValueError(f"bad rows in a made-up file: {report.bad_rows[:3]}")
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        transaction.set_rollback(True)


def _seconds(deed: Callable[[], object]) -> float:
    began = time.perf_counter()
    deed()
    return time.perf_counter() - began
