"""Two files in, links out, and figures beside the truth; without a database, and plain about what can't be read."""

import csv
import json
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command

from sales.transactions_csv import COLUMNS
from tests.base import shared
from vision.footage import TrueVisit
from vision.made_sales import write_sales_of_film
from vision.outputs import VISITS

HEADER = "visit_id,person,customer_id,camera,entry_time,exit_time,something_else\n"
SALES = "transaction_id,timestamp,customer_id,payment_mode,can_size,number_of_cans,amount,payment_status\n"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def said(command: str, *words: object) -> str:
    out = StringIO()
    call_command(command, *map(str, words), stdout=out)
    return out.getvalue()


def scores(*words: object) -> dict[str, Any]:
    figures: dict[str, Any] = json.loads(said("score_links", *words))
    return figures


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five hours with a till that is a quarter of an hour ahead, and its links."""
    folder = tmp_path_factory.mktemp("days") / "day"
    said(
        "make_day",
        folder,
        "--visits-per-hour",
        40,
        "--hours",
        5,
        "--offset",
        915,
        "--drift",
        -3,
        "--seed",
        77,
    )
    told = said(
        "link_files",
        "--visits",
        folder / "visit_log.csv",
        "--sales",
        folder / "sales.csv",
        "--out",
        folder / "links.csv",
    )
    (folder / "told.txt").write_text(told, encoding="utf-8")
    return folder


def test_a_made_up_day_is_three_files_of_the_shop(day: Path) -> None:
    visits, sales, truth = (rows(day / name) for name in ("visit_log.csv", "sales.csv", "truth.csv"))
    assert tuple(visits[0]) == VISITS and tuple(sales[0]) == COLUMNS
    assert [row["transaction_id"] for row in truth] == [row["transaction_id"] for row in sales]
    assert {row["visit_id"] for row in truth} - {""} <= {row["visit_id"] for row in visits}
    unseen = sum(not row["visit_id"] for row in truth) / len(truth)
    named = sum(bool(row["customer_id"]) for row in sales) / len(sales)
    assert 0.03 < unseen < 0.2 and 0.35 < named < 0.65


def test_the_same_seed_makes_the_same_day(day: Path, tmp_path: Path) -> None:
    said(
        "make_day",
        tmp_path,
        "--visits-per-hour",
        40,
        "--hours",
        5,
        "--offset",
        915,
        "--drift",
        -3,
        "--seed",
        77,
    )
    for name in ("visit_log.csv", "sales.csv", "truth.csv"):
        assert (tmp_path / name).read_bytes() == (day / name).read_bytes()


def test_the_clock_is_told_with_its_confidence(day: Path) -> None:
    lines = (day / "told.txt").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("offset: ") and lines[1].startswith("drift: ")
    assert float(lines[0].split()[1]) == pytest.approx(915, abs=6)
    assert lines[2].startswith("confidence: z ") and lines[2].endswith("sure: applied")


def test_each_sale_has_a_row_and_few_of_the_linked_ones_are_wrong(day: Path) -> None:
    links = rows(day / "links.csv")
    assert list(links[0]) == ["transaction_id", "visit_id", "confidence", "decision"]
    assert [row["transaction_id"] for row in links] == [
        row["transaction_id"] for row in rows(day / "sales.csv")
    ]
    assert all(bool(row["visit_id"]) == (row["decision"] != "none") for row in links)
    figures = scores(
        "--truth",
        day / "truth.csv",
        "--links",
        day / "links.csv",
        "--visits",
        day / "visit_log.csv",
        "--sales",
        day / "sales.csv",
    )
    ours, naive = figures["links"], figures["nearest_in_time_by_the_clock"]
    assert ours["precision"] >= 0.95 and ours["auto_rate"] >= 0.5 and ours["brier"] < 0.1
    assert naive["precision"] < 0.8 and figures["nearest_in_time"]["precision"] < 0.1


def test_figures_are_those_worked_out_by_hand(tmp_path: Path) -> None:
    truth, links = tmp_path / "truth.csv", tmp_path / "links.csv"
    truth.write_text("transaction_id,visit_id\nT1,V1\nT2,V2\nT3,\nT4,V4\n")
    links.write_text(
        "transaction_id,visit_id,confidence,decision\nT1,V1,0.96,linked\nT2,V9,1.0,linked\nT3,V3,0.7,review\nT4,,0.1,none\n"
    )
    assert scores("--truth", truth, "--links", links) == {
        "links": {
            "sales": 4,
            "seen": 3,
            "linked": 2,
            "review": 1,
            "precision": 0.5,
            "recall": pytest.approx(1 / 3),
            "auto_rate": pytest.approx(2 / 3),
            "review_precision": 0.0,
            "abstained": 0.25,
            "brier": pytest.approx((0.04**2 + 1 + 0.7**2) / 3),
        }
    }


def test_who_bought_is_told_by_person_and_time(tmp_path: Path) -> None:
    log, truth, sales, links = (
        tmp_path / name for name in ("log.csv", "truth.csv", "sales.csv", "links.csv")
    )
    log.write_text(
        "visit_id,entry_time,exit_time,entry_s\n"
        "V1,2025-12-14T09:00:11+05:30,2025-12-14T09:00:39+05:30,11\n"
        "V2,2025-12-14T09:05:02+05:30,2025-12-14T09:05:28+05:30,302\n"
    )
    truth.write_text("person,entry_s,exit_s\nAsha,10,40\nAsha,300,330\nBala,600,640\n")
    times = (("T1", "09:00:35", "Asha"), ("T2", "09:05:25", "Asha"), ("T3", "09:10:20", "Bala"))
    lines = "".join(f"{code},2025-12-14 {at},{person}\n" for code, at, person in times)
    sales.write_text("transaction_id,timestamp,true_person\n" + lines)
    links.write_text(
        "transaction_id,visit_id,confidence,decision\nT1,V1,1,linked\nT2,V1,1,linked\nT3,V2,1,linked\n"
    )
    figures = scores("--truth", sales, "--links", links, "--visits", log, "--visit-truth", truth)["links"]
    assert (figures["sales"], figures["seen"], figures["precision"]) == (3, 2, pytest.approx(1 / 3))


@pytest.mark.parametrize(
    ("visits", "sales", "says"),
    [
        ("visit_id,entry_time\n", SALES, "visit_log.csv, line 1: there is no column exit_time"),
        (HEADER + "V1,,,c,nine,ten,\n", SALES, "line 2: entry_time is “nine”; write it like"),
        (HEADER + "V1,,,c,2025-12-14 09:01:00,2025-12-14 09:00:00,\n", SALES, "line 2: the exit is before"),
        (HEADER + ",,,c,2025-12-14 09:00:00,2025-12-14 09:01:00,\n", SALES, "line 2: visit_id is empty"),
        (HEADER + "V1,,,c,2025-12-14,2025-12-14,\n" * 2, SALES, "visit_id V1 stands there more than once"),
        (HEADER, "a,b\n", "sales.csv: Line 1: these columns are missing"),
        (
            HEADER,
            SALES + "T1,soon,,Cash,20L,1,20,Paid\n",
            "sales.csv, line 2: The timestamp “soon” can't be read",
        ),
        (
            HEADER,
            SALES + "T1,2025-12-14 09:00:00,,Cash,20L,1,20,Paid\n" * 2,
            "transaction_id T1 stands there more",
        ),
    ],
)
def test_a_file_that_cannot_be_read_says_which_line_and_why(
    tmp_path: Path, visits: str, sales: str, says: str
) -> None:
    log, till = tmp_path / "visit_log.csv", tmp_path / "sales.csv"
    log.write_text(visits, encoding="utf-8")
    till.write_text(sales, encoding="utf-8")
    with pytest.raises(CommandError, match=says):
        said("link_files", "--visits", log, "--sales", till, "--out", tmp_path / "links.csv")
    assert not (tmp_path / "links.csv").exists()


def test_an_unpaid_walk_in_is_a_sale_to_be_linked(tmp_path: Path) -> None:
    log, till = tmp_path / "visit_log.csv", tmp_path / "sales.csv"
    log.write_text(
        HEADER + "V1,P1,,c,2025-12-14T09:00:00+05:30,2025-12-14T09:01:00+05:30,x\n", encoding="utf-8"
    )
    till.write_text(SALES + "T1,2025-12-14 09:00:58,,Cash,20L,1,20,Unpaid\n", encoding="utf-8")
    told = said("link_files", "--visits", log, "--sales", till, "--out", tmp_path / "links.csv")
    assert "too few sales or visits" in told
    assert [row["visit_id"] for row in rows(tmp_path / "links.csv")] == ["V1"]


def test_the_people_of_a_film_buy_as_they_leave_and_half_say_who_they_are(tmp_path: Path) -> None:
    path, start = tmp_path / "made.sales.csv", datetime(2025, 12, 14, 9, tzinfo=ZoneInfo("Asia/Kolkata"))
    truth = [TrueVisit(f"Person_{n}", 60.0 * n, 60.0 * n + 30, 50, 70) for n in range(80)]
    count = write_sales_of_film(path, truth, start, seed=1)
    sales = rows(path)
    assert list(sales[0]) == [*COLUMNS, "true_person"] and len(sales) == count
    assert 48 <= count <= 72 and 0.3 < sum(bool(row["customer_id"]) for row in sales) / count < 0.7
    for row in sales:
        at = datetime.fromisoformat(row["timestamp"]).replace(tzinfo=start.tzinfo) - start
        number = int(row["true_person"].removeprefix("Person_"))
        assert 60 * number + 5 < at.total_seconds() < 60 * number + 45
        assert row["customer_id"] in ("", row["true_person"])


@pytest.mark.parametrize("option", ["--visits-per-hour=0", "--hours=25", "--unseen=1.5", "--jitter-s=often"])
def test_an_impossible_day_is_refused(tmp_path: Path, option: str) -> None:
    with pytest.raises(CommandError, match="give a number from"):
        said("make_day", tmp_path / "day", option)


def test_the_dev_clip_s_sales_read_as_the_till_wrote_them(tmp_path: Path) -> None:
    data = shared() / "data/cctv"
    truth = rows(data / "dev.truth.csv")
    start = "2025-12-14T09:{:02.0f}:{:06.3f}+05:30"
    times = [[start.format(*divmod(float(row[name]), 60)) for name in ("entry_s", "exit_s")] for row in truth]
    log, links = tmp_path / "visit_log.csv", tmp_path / "links.csv"
    log.write_text(
        "visit_id,entry_time,exit_time,entry_s\n"
        + "".join(
            f"V{n},{entry},{leave},{row['entry_s']}\n"
            for n, ((entry, leave), row) in enumerate(zip(times, truth, strict=True))
        ),
        encoding="utf-8",
    )
    said("link_files", "--visits", log, "--sales", data / "dev.sales.csv", "--out", links)
    figures = scores(
        "--truth",
        data / "dev.sales.csv",
        "--links",
        links,
        "--visits",
        log,
        "--visit-truth",
        data / "dev.truth.csv",
    )["links"]
    assert figures["seen"] == 15 and figures["precision"] == 1.0 and figures["linked"] >= 4
