"""The bench in small: it fills a shop whose books agree, sells over real HTTP, and prints every figure."""

from pathlib import Path

import pytest
from django.db import connection
from django.db.models import Sum

from customers.models import Customer
from sales.dues import open_dues
from sales.models import Allocation, Sale, SaleLine
from tests.bench import analytics, files
from tests.bench.fill import BIG, SMALL, fill
from tests.bench.measure import queries_of_a_sale
from tests.bench.report import MOST_QUERIES, figures
from tests.sales.test_books_machine import open_of, unspent_of
from watershop.models import Shop

pytestmark = pytest.mark.django_db(transaction=True)
COPIES = 3


@pytest.fixture
def shops(transactional_db: None) -> dict[str, Shop]:
    fill(small=60, copies=COPIES)
    return {shop.slug: shop for shop in Shop.objects.all()}


def test_the_big_shop_is_the_small_one_many_times(shops: dict[str, Shop]) -> None:
    sums = {}
    for slug, shop in shops.items():
        sales = Sale.objects.of(shop)
        lines, parts = SaleLine.objects.filter(shop=shop), Allocation.objects.filter(shop=shop)
        sums[slug] = (
            sales.count(),
            lines.aggregate(sum=Sum("amount"))["sum"],
            parts.aggregate(sum=Sum("amount"))["sum"],
            sum(row.due for row in sales.open()),
        )
    assert sums[BIG] == tuple(COPIES * figure for figure in sums[SMALL])
    assert all(figure for figure in sums[SMALL])


def test_the_books_of_the_big_shop_agree(shops: dict[str, Shop]) -> None:
    for customer in Customer.objects.of(shops[BIG]):
        due = open_of(customer)
        assert due - unspent_of(customer) == customer.ledger.all().balance()
        assert sum(row.due for row in open_dues(customer.shop, [customer])) == due


def test_the_keys_are_made_again(shops: dict[str, Shop]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND NOT convalidated")
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT count(*) FROM pg_constraint WHERE conname = 'sale_customer_same_shop'")
        assert cursor.fetchone() == (1,)


def test_a_sale_asks_as_few_questions_in_a_long_past_as_in_a_short_one(shops: dict[str, Shop]) -> None:
    few, many = queries_of_a_sale(SMALL), queries_of_a_sale(BIG)
    assert few == many
    assert max(few.values()) <= MOST_QUERIES, few


def test_every_figure_is_printed_with_its_target(shops: dict[str, Shop], tmp_path: Path) -> None:
    lines = [str(figure) for figure in figures(var=tmp_path, rounds=1, posts=2)]
    assert sum("target <= " in line for line in lines) >= 5
    assert any("Sale to bare insert" in line for line in lines)


def test_the_dashboard_asks_few_questions_and_each_figure_of_it_is_printed(shops: dict[str, Shop]) -> None:
    rows = list(analytics.figures(rounds=2))
    queries = [row for row in rows if "queries" in row.name]
    assert len(rows) == 12 and len(queries) == 3 and not any(row.is_missed for row in queries)


def test_the_files_of_sales_are_measured_and_nothing_of_them_stays(shops: dict[str, Shop]) -> None:
    before = Sale.objects.count()
    assert [figure.unit for figure in files.figures(rows=60)] == ["rows/s", "s", "rows/s"]
    assert Sale.objects.count() == before
