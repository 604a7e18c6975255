"""The classic tables of the user's own file, against pandas; and what that file does not have: voids, visits."""

import csv
import io
import os
import tempfile
import tracemalloc
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from analytics.classic import TABLES
from analytics.exporting import all_days
from analytics.tables import Query
from sales.account_statement import as_text
from sales.importing import import_transactions
from sales.models import Tender
from sales.new_sale import Line
from sales.reversals import void_sale
from tests.base import TESTS, Cast, make_cast, sell, shared
from tests.vision import crowd
from tests.vision.scene import a_person, a_recording
from vision.models import Person, Visit
from vision.old_files import import_file
from watershop.dates import Period, day_of, today
from watershop.models import Shop

INDIA = ZoneInfo("Asia/Kolkata")
DAY = date(2025, 12, 14)
PERIOD = Period(DAY, DAY, INDIA)


def written(name: str, shop: Shop, period: Period) -> str:
    """The file as text."""
    file = io.BytesIO()
    TABLES[name](shop, period).write_csv(file)
    return file.getvalue().decode()


def lines(name: str, shop: Shop, period: Period) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(written(name, shop, period))))


def first_columns(name: str, shop: Shop, count: int) -> str:
    """The user's columns, as a file of their own."""
    rows = csv.reader(io.StringIO(written(name, shop, PERIOD)))
    return "".join(",".join(row[:count]) + "\n" for row in rows)


# the user's own file


@pytest.fixture
def sample(shop: Shop) -> pd.DataFrame:
    """The user's file, in the shop's books and as pandas reads it."""
    path = shared() / "data" / "seed" / "sample_transactions.csv"
    assert import_transactions(shop, TESTS, path).is_stored
    frame = pd.read_csv(path)
    frame["at"] = pd.to_datetime(frame["timestamp"])
    frame["date"], frame["Hour"] = frame["at"].dt.date, frame["at"].dt.hour
    frame["litres"] = frame["can_size"].str.replace("L", "").astype(int)
    frame["payment_mode"] = frame["payment_mode"].replace("Coins", "Coin")
    return frame


def test_the_tables_of_the_users_own_file_are_what_pandas_makes_of_it(
    shop: Shop, sample: pd.DataFrame
) -> None:
    unpaid = sample[sample["status"] == "Unpaid"]
    owing = unpaid.groupby("customer_id").size().reset_index(name="unpaid_count")
    by_customer, by_day = sample.groupby("customer_id"), sample.groupby("date")
    cans = {"can_size": ("litres", "sum"), "number_of_cans": ("litres", "size")}
    expected = {
        "total_spent": by_customer["amount"].sum().reset_index(name="total_spent"),
        "paid_unpaid": sample["status"].value_counts().rename_axis("payment_status").reset_index(),
        "repeat_defaulters": owing[owing["unpaid_count"] > 1],
        "cans_per_customer": by_customer.agg(**cans).reset_index(),
        "cans_per_day": by_day.agg(**cans).reset_index(),
        "traffic_per_hour": sample.groupby("Hour").size().reset_index(name="Customer_Count"),
        "daily_revenue": by_day["amount"].sum().reset_index(name="revenue"),
        "monthly_revenue": pd.DataFrame({"month": ["2025-12"], "revenue": [sample["amount"].sum()]}),
        "first_last_customers": sample.sort_values("at", kind="stable")
        .groupby("date")
        .agg(
            First_Customer=("customer_id", "first"),
            First_Time=("timestamp", "first"),
            Last_Customer=("customer_id", "last"),
            Last_Time=("timestamp", "last"),
        )
        .rename_axis("Date")
        .reset_index(),
    }
    for name, frame in expected.items():
        assert first_columns(name, shop, len(frame.columns)) == frame.to_csv(index=False), name


def test_the_tenders_and_the_unpaid_sales_of_the_users_own_file_are_those_of_pandas(
    shop: Shop, sample: pd.DataFrame
) -> None:
    counts = {row["payment_mode"]: int(row["count"]) for row in lines("payment_summary", shop, PERIOD)}
    assert counts == sample["payment_mode"].value_counts().to_dict()
    unpaid = sample[sample["status"] == "Unpaid"].sort_values("at", kind="stable")
    rows = lines("unpaid", shop, PERIOD)
    for column in ("transaction_id", "timestamp", "customer_id", "payment_mode", "can_size"):
        assert [row[column] for row in rows] == list(unpaid[column])
    assert [int(row["amount"]) for row in rows] == list(unpaid["amount"])
    assert {row["payment_status"] for row in rows} == {"Unpaid"}
    assert sum(int(row["due"]) for row in rows) == int(unpaid["amount"].sum())
    taken = {row["payment_mode"]: int(row["amount"]) for row in lines("takings_by_tender", shop, PERIOD)}
    paid = sample[sample["status"] == "Paid"]
    assert taken == paid.groupby("payment_mode")["amount"].sum().to_dict()


# what that file does not have


def test_a_voided_sale_is_in_no_table_and_a_walk_in_in_none_of_customers(cast: Cast) -> None:
    at = datetime(2025, 12, 14, 23, 59, 59, 500_000, tzinfo=INDIA)
    sell(cast, customer=cast.asha, is_paid=False, sold_at=at)
    sell(cast, sold_at=at - timedelta(hours=14), tender=Tender.UPI)
    void_sale(sell(cast, customer=cast.bala, sold_at=at), reason="twice", actor=TESTS)
    sell(cast, sold_at=at + timedelta(seconds=1))
    assert [row["customer_id"] for row in lines("transactions", cast.shop, PERIOD)] == ["", "ASHA"]
    assert [row["customer_id"] for row in lines("total_spent", cast.shop, PERIOD)] == ["ASHA"]
    (spent,) = lines("total_spent", cast.shop, PERIOD)
    assert (spent["total_spent"], spent["unpaid"], spent["name"]) == ("20", "20", "Asha")
    (day,) = lines("first_last_customers", cast.shop, PERIOD)
    assert (day["First_Customer"], day["First_Time"]) == ("", "2025-12-14 09:59:59")
    assert (day["Last_Customer"], day["Last_Time"]) == ("ASHA", "2025-12-14 23:59:59")
    assert lines("daily_revenue", cast.shop, PERIOD) == [
        {"date": "2025-12-14", "revenue": "40", "sales": "2", "cans": "2", "litres": "40"}
        | {"paid": "20", "unpaid": "20"}
    ]


def test_the_sums_of_a_sale_with_two_sizes_and_a_part_payment_are_not_doubled(cast: Cast) -> None:
    at = datetime(2025, 12, 14, 10, tzinfo=INDIA)
    both = [Line(cast.can20, 2), Line(cast.can10, 1)]
    sell(cast, customer=cast.asha, lines=both, split={Tender.CASH: Decimal(15)}, sold_at=at)
    rows = lines("unpaid", cast.shop, PERIOD)
    assert [(row["can_size"], row["number_of_cans"], row["amount"]) for row in rows] == [
        ("20L", "2", "40"),
        ("10L", "1", "10"),
    ]
    assert [(row["paid_amount"], row["due"]) for row in rows] == [("15", "35"), ("0", "0")]
    (cans,) = lines("cans_per_day", cast.shop, PERIOD)
    assert (cans["can_size"], cans["number_of_cans"]) == ("50", "3")
    (status,) = lines("paid_unpaid", cast.shop, PERIOD)
    assert (status["payment_status"], status["count"], status["revenue"]) == ("Unpaid", "1", "50")


def test_what_a_spreadsheet_would_take_for_a_formula_is_marked_as_text(cast: Cast) -> None:
    for name in ("=1+1", "+1", "-1", "@SUM(A1)", "'=1", "\tx", "Asha"):
        cast.asha.name = name
        cast.asha.save()
        sell(cast, customer=cast.asha, sold_at=datetime(2025, 12, 14, 10, tzinfo=INDIA))
        (row,) = lines("total_spent", cast.shop, PERIOD)
        assert row["name"] == (name if name == "Asha" else f"'{name}") == as_text(name)


def visit(shop: Shop, person: Person | None, day: int, hour: int, minutes: float = 5) -> Visit:
    """A stay so many days after the fourteenth."""
    entry = datetime(2025, 12, 14, hour, tzinfo=INDIA) + timedelta(days=day)
    return Visit.objects.create(
        **{"shop": shop, "recording": a_recording(shop, entry), "person": person, "shots": 3},
        **{"entry_at": entry, "exit_at": entry + timedelta(minutes=minutes)},
    )


@pytest.fixture
def came(cast: Cast) -> Period:
    """Asha came twice and once before, somebody unnamed once, somebody unknown once; staff do not count."""
    asha = a_person(cast.shop, customer=cast.asha)
    visit(cast.shop, asha, -30, 9)
    visit(cast.shop, asha, 0, 9)
    visit(cast.shop, asha, 1, 18, minutes=1.5)
    visit(cast.shop, a_person(cast.shop), 1, 18)
    visit(cast.shop, None, 1, 18)
    visit(cast.shop, a_person(cast.shop, is_shop_staff=True), 0, 8)
    return Period(DAY, DAY + timedelta(days=18), INDIA)


def test_visits_are_counted_by_day_month_quarter_and_hour(cast: Cast, came: Period) -> None:
    counts = {
        name: [tuple(row.values())[:2] for row in lines(name, cast.shop, came)]
        for name in ("daily_visits", "monthly_visits", "quarterly_visits", "visits_per_hour")
    }
    assert counts == {
        "daily_visits": [("2025-12-14", "1"), ("2025-12-15", "3")],
        "monthly_visits": [("2025-12", "4")],
        "quarterly_visits": [("2025Q4", "4")],
        "visits_per_hour": [("9", "1"), ("18", "3")],
    }


def test_who_came_is_listed_most_often_first_and_who_came_back_apart_from_who_is_new(
    cast: Cast, came: Period
) -> None:
    found = {
        name: [tuple(row.values())[:2] for row in lines(name, cast.shop, came)]
        for name in ("visit_counts", "repeat_visitors", "repeat_visits", "customer_visit_counts")
    }
    assert found["visit_counts"] == [("ASHA", "2"), ("P_0002", "1")] == found["customer_visit_counts"]
    assert found["repeat_visitors"] == [("ASHA", "2")] == found["repeat_visits"]
    for name, who in (("new_customers", "P_0002"), ("returning_customers", "ASHA")):
        assert [row["customer_id"] for row in lines(name, cast.shop, came)] == [who]
    assert [row["customer_id"] for row in lines("unique_customers", cast.shop, came)] == ["ASHA", "P_0002"]


def test_the_log_of_visits_has_the_users_columns_first_on_the_shops_clock(cast: Cast, came: Period) -> None:
    rows = lines("visit_log", cast.shop, came)
    assert list(rows[0])[:4] == ["track_id", "entry_time", "exit_time", "duration_seconds"]
    late = rows[1]
    assert (late["entry_time"], late["exit_time"]) == ("2025-12-15 18:00:00", "2025-12-15 18:01:30")
    assert [*late.values()][3:7] == ["90.00", late["track_id"], "P_0001", "ASHA"]
    assert len(rows) == 4


def test_a_recognition_says_how_near_the_face_is_to_the_persons_mean(cast: Cast) -> None:
    person = a_person(cast.shop, customer=cast.asha)
    seen = crowd.came(cast.shop, person, (1.0, 3.0))
    day = day_of(cast.shop, seen.entry_at)
    rows = lines("recognition_results", cast.shop, Period(day, day + timedelta(days=1), INDIA))
    assert list(rows[0])[:3] == ["image_name", "customer_id", "similarity"]
    mean = crowd.a_face(2.0)
    for row, place, name in zip(
        rows, (1.0, 3.0), ("face_000000.00_t0001.jpg", "face_000010.00_t0002.jpg"), strict=True
    ):
        face = crowd.a_face(place)
        cosine = float(face @ mean) / float(np.linalg.norm(face) * np.linalg.norm(mean))
        assert (row["image_name"], row["customer_id"]) == (name, "ASHA")
        assert float(row["similarity"]) == pytest.approx(cosine, abs=1e-4)
        assert float(row["distance"]) == pytest.approx(1.0, abs=1e-4)


def test_what_the_first_scripts_recognised_is_in_the_file_of_its_day(cast: Cast, tmp_path: Path) -> None:
    old = tmp_path / "recognition_results.csv"
    old.write_text("image_name,customer_id,similarity\nframe_05965.jpg,CUST_0005,0.75\n")
    os.utime(old, (datetime(2025, 12, 14, 10, tzinfo=INDIA).timestamp(),) * 2)
    import_file(cast.shop, TESTS, old)
    (row,) = lines("recognition_results", cast.shop, PERIOD)
    assert [*row.values()][:3] == ["frame_05965.jpg", "CUST_0005", "0.7500"]
    assert (row["person"], row["time"], row["camera"]) == ("", "2025-12-14 10:00:00", "imported")


def test_an_empty_shop_has_every_file_with_its_heading_alone(cast: Cast) -> None:
    sell(make_cast("neighbour"), sold_at=datetime(2025, 12, 14, 10, tzinfo=INDIA))
    for name, query in TABLES.items():
        assert written(name, cast.shop, PERIOD).splitlines() == [",".join(query.columns)]
        assert list(query(cast.shop, PERIOD).rows()) == []
    assert all_days(cast.shop) == today(cast.shop)


def test_a_table_is_never_whole_in_memory(cast: Cast) -> None:
    """A hundred thousand rows: 2 MB as a file, some 15 MB as rows."""
    query = Query({"n": "n", "word": "'somebody ' || n"}, "FROM generate_series(1, 100000) n")
    table = query(cast.shop, PERIOD)
    tracemalloc.start()
    try:
        assert list(islice(table.rows(), 3)) == [(n, f"somebody {n}") for n in (1, 2, 3)]
        with tempfile.TemporaryFile() as file:
            table.write_csv(file)
            assert file.tell() > 2_000_000
        assert sum(1 for _row in table.rows()) == 100_000
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
