"""The made-up transactions file: believable, the same for the same seed, and readable by the import."""

import csv
from collections import Counter
from datetime import date, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from sales.importing import import_transactions
from tests.base import TESTS
from watershop.models import Shop


def made(path: Path, *options: str) -> list[dict[str, str]]:
    call_command("generate_transactions", path, "--start", "2026-03-02", *options)
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_file_has_the_columns_of_the_shop_and_so_many_rows(tmp_path: Path) -> None:
    rows = made(tmp_path / "out.csv", "--count", "137", "--seed", "5")
    assert len(rows) == 137
    assert list(rows[0]) == [
        *("transaction_id", "timestamp", "customer_id", "payment_mode"),
        *("can_size", "number_of_cans", "amount", "payment_status"),
    ]
    assert len({row["transaction_id"] for row in rows}) == 137


def test_the_same_seed_gives_the_same_file_and_another_seed_another(tmp_path: Path) -> None:
    first = made(tmp_path / "a.csv", "--count", "200", "--seed", "5")
    assert made(tmp_path / "b.csv", "--count", "200", "--seed", "5") == first
    other = made(tmp_path / "c.csv", "--count", "200", "--seed", "6")
    assert [row["timestamp"] for row in other] != [row["timestamp"] for row in first]


def test_the_sales_look_like_those_of_a_water_shop(tmp_path: Path) -> None:
    rows = made(tmp_path / "out.csv", "--count", "3000", "--seed", "1", "--days", "56")
    times = [datetime.fromisoformat(row["timestamp"]) for row in rows]
    assert times == sorted(times)
    assert (min(times).date(), max(times).date()) == (date(2026, 3, 2), date(2026, 4, 26))
    hours = Counter(at.hour for at in times)
    assert set(hours) <= set(range(8, 21))
    assert min(hours[9], hours[18]) > 2 * hours[13]
    weekend = sum(at.weekday() >= 5 for at in times) / len(times)
    assert 0.3 < weekend < 0.45, "2 of 7 days would be 0.29"
    walk_ins = [row for row in rows if not row["customer_id"]]
    assert 0.1 < len(walk_ins) / len(rows) < 0.3
    assert {row["payment_status"] for row in walk_ins} == {"Paid"}


def test_few_customers_owe_most_of_what_is_unpaid(tmp_path: Path) -> None:
    rows = made(tmp_path / "out.csv", "--count", "3000", "--seed", "1")
    owed = Counter(row["customer_id"] for row in rows if row["payment_status"] == "Unpaid")
    customers = len({row["customer_id"] for row in rows} - {""})
    worst = sum(count for _customer, count in owed.most_common(customers // 5))
    assert worst > 0.6 * owed.total()
    assert 0.02 < owed.total() / len(rows) < 0.2


@pytest.mark.parametrize("count", ["1", "2", "700"])
def test_the_import_reads_it_without_a_warning(shop: Shop, tmp_path: Path, count: str) -> None:
    made(tmp_path / "out.csv", "--count", count, "--seed", "9")
    report = import_transactions(shop, TESTS, tmp_path / "out.csv")
    assert (report.new_sales, report.bad, report.warned) == (int(count), 0, 0)


@pytest.mark.parametrize(
    "options", [("--count", "0"), ("--count", "5", "--days", "0"), ("--count", "5", "--start", "1066-10-14")]
)
def test_what_cannot_be_made_is_refused(tmp_path: Path, options: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="must"):
        call_command("generate_transactions", tmp_path / "out.csv", "--seed", "1", *options)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        made(tmp_path / "nowhere" / "out.csv", "--count", "5", "--seed", "1")
