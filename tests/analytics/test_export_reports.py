"""Every file into a folder, by the command and from the page: whole, for those who may have it, of this shop alone."""

import csv
import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.http import FileResponse
from django.test import Client
from openpyxl import Workbook, load_workbook
from pytest_django import DjangoAssertNumQueries

from analytics import exporting, pictures, workbooks
from analytics.charts import RankChart, Series
from analytics.classic_charts import CHARTS
from analytics.exporting import FILES, all_days, export_to
from sales.importing import import_transactions
from sales.ledger import receive_payment
from sales.models import LedgerEntry, Sale, SaleLine, Tender
from sales.new_sale import Line
from tests.base import TESTS, Cast, make_cast, sell
from tests.vision.scene import a_person, a_recording
from vision.models import Visit
from watershop import accounts
from watershop.dates import Period
from watershop.models import AuditEntry, Right, Role, Shop, User

ClientOf = Callable[[User], Client]
INDIA = ZoneInfo("Asia/Kolkata")
DAY = date(2025, 12, 14)
PERIOD = Period(DAY, DAY, INDIA)
NOON = datetime(2025, 12, 14, 12, tzinfo=INDIA)
PAGE = "/s/water/downloads/"
DAYS = "?from=2025-12-14&to=2025-12-14"


@pytest.fixture
def sold(cast: Cast) -> Cast:
    """A sale of two sizes, of which a part is paid; one that was paid later; a walk-in; at odd fractions."""
    both, odd = [Line(cast.can20, 2), Line(cast.can10, 1)], timedelta(microseconds=123_456)
    sell(cast, customer=cast.asha, lines=both, split={Tender.COIN: Decimal(15)}, sold_at=NOON + odd)
    sell(cast, customer=cast.bala, is_paid=False, tender=Tender.UPI, sold_at=NOON - timedelta(hours=2))
    receive_payment(customer=cast.bala, amount=Decimal(20), tender=Tender.CASH, actor=TESTS)
    sell(cast, sold_at=NOON + timedelta(hours=1))
    return cast


def content(answer: Any) -> bytes:
    assert isinstance(answer, FileResponse)
    return b"".join(answer.streaming_content)  # type: ignore[arg-type]


# the command


def test_the_command_writes_every_file_and_says_how_far_it_is(
    sold: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("export_reports", "--out", tmp_path / "new" / "out")
    assert {path.name for path in (tmp_path / "new" / "out").iterdir()} == set(FILES)
    told = capsys.readouterr().out
    assert "water, 2025-12-14 to" in told and f"[{len(FILES)}/{len(FILES)}]" in told
    spent = (tmp_path / "new" / "out" / "total_spent.csv").read_text().splitlines()
    assert spent[1:] == ["ASHA,50,Asha,1,3,50,15,35", "BALA,20,Bala,1,1,20,20,0"]
    (entry,) = AuditEntry.objects.filter(action="export_files")
    assert entry.after is not None and entry.after["files"] == sorted(FILES)


def test_both_days_are_included_on_the_clock_of_the_shop(cast: Cast) -> None:
    midnight, file = datetime(2025, 12, 14, tzinfo=INDIA), io.BytesIO()
    for at in (-1, 0, 2 * 86_400 - 1, 2 * 86_400):
        sell(cast, sold_at=midnight + timedelta(seconds=at))
    FILES["transactions.csv"].write(cast.shop, Period(DAY, DAY + timedelta(days=1), INDIA), file)
    rows = csv.DictReader(io.StringIO(file.getvalue().decode()))
    assert [row["timestamp"] for row in rows] == ["2025-12-14 00:00:00", "2025-12-15 23:59:59"]


def test_each_of_several_shops_has_a_folder_of_its_own(
    sold: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_cast("neighbour")
    monkeypatch.setattr(exporting, "FILES", {name: FILES[name] for name in ("transactions.csv",)})
    call_command("export_reports", "--out", tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"water", "neighbour"}
    assert len((tmp_path / "neighbour" / "transactions.csv").read_text().splitlines()) == 1
    call_command("export_reports", "--out", tmp_path / "one", "--shop", "water")
    assert len((tmp_path / "one" / "transactions.csv").read_text().splitlines()) == 5


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--shop", "nowhere"), "Say which shop with --shop: water"),
        (("--from", "2025-12-15", "--to", "2025-12-14"), "ends before it starts"),
        (("--from", "14.12.2025"), "Write it like"),
    ],
)
def test_what_cannot_be_exported_is_said_before_anything_is_written(
    cast: Cast, tmp_path: Path, options: tuple[str, ...], says: str
) -> None:
    with pytest.raises(CommandError, match=says):
        call_command("export_reports", "--out", tmp_path / "out", *options)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_into_is_named(cast: Cast, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(CommandError, match=r"Nothing can be written into .*out: File exists"):
        call_command("export_reports", "--out", tmp_path / "out")


def test_a_file_that_fails_half_way_leaves_the_one_of_yesterday(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(shop: Shop, period: Period, file: IO[bytes]) -> None:
        file.write(b"half a f")
        raise OSError("No space left on device")

    broken = exporting.ReportFile("unpaid.csv", "", exporting.Group.SALES, fail)
    monkeypatch.setattr(exporting, "FILES", {"unpaid.csv": broken})
    (tmp_path / "unpaid.csv").write_text("of yesterday")
    with pytest.raises(OSError, match="No space left"):
        list(export_to(tmp_path, cast.shop, PERIOD, TESTS))
    assert [path.read_text() for path in tmp_path.iterdir()] == ["of yesterday"]


# the books again


def its_sales(shop: Shop, folder: Path) -> Path:
    """The shop's transactions.csv."""
    path = folder / "transactions.csv"
    with path.open("wb") as file:
        FILES[path.name].write(shop, all_days(shop), file)
    return path


def test_the_sales_of_one_shop_are_the_same_books_in_another(sold: Cast, tmp_path: Path) -> None:
    other = make_cast("other")
    report = import_transactions(other.shop, TESTS, its_sales(sold.shop, tmp_path))
    assert (report.is_stored, report.new_sales, report.bad, report.warned) == (True, 3, 0, 0)

    def books(shop: Shop) -> list[tuple[object, ...]]:
        sales = Sale.objects.of(shop).with_sums().order_by("sold_at")
        return [
            (
                sale.code,
                sale.sold_at.replace(microsecond=0),
                sale.customer and sale.customer.code,
                sale.stated_tender,
                sorted(
                    SaleLine.objects.filter(sale=sale).values_list("can_type__code", "quantity", "amount")
                ),
                (sale.paid, sale.due),
            )
            for sale in sales
        ]

    assert books(other.shop) == books(sold.shop)
    owed = [LedgerEntry.objects.of(one.shop).filter(customer=one.asha).balance() for one in (sold, other)]
    assert owed == [Decimal(35), Decimal(35)]


def test_a_shops_own_file_adds_nothing_to_it(sold: Cast, tmp_path: Path) -> None:
    report = import_transactions(sold.shop, TESTS, its_sales(sold.shop, tmp_path))
    assert (report.new_sales, report.already_there, report.bad) == (0, 3, 0)


# workbooks


def test_the_workbooks_have_the_sheets_and_headings_of_the_first_scripts(sold: Cast) -> None:
    file = io.BytesIO()
    workbooks.activity_report(sold.shop, PERIOD, file)
    book = load_workbook(file)
    assert {sheet.title: [cell.value for cell in sheet[1]][:2] for sheet in book} == {
        "Total_Spend": ["customer_id", "TotalSpend"],
        "Paid_vs_Unpaid": ["status", "count"],
        "Cans_per_Customer": ["customer_id", "can_size"],
        "Cans_per_Day": ["Date", "can_size"],
        "Payment_Modes": ["payment_mode", "count"],
    }
    spend = book["Total_Spend"]
    assert [cell.value for cell in spend[2]][:3] == ["ASHA", 50, "Asha"]
    assert (spend.freeze_panes, spend.auto_filter.ref) == ("A2", "A1:H3")
    assert spend["A1"].font.bold and "₹" in spend["B2"].number_format
    days = book["Cans_per_Day"]
    assert (str(days["A2"].value), days["A2"].number_format) == ("2025-12-14 00:00:00", "yyyy-mm-dd")
    assert (days["B2"].value, days["B2"].number_format) == (90, "#,##0"), "whole litres without a point"


def test_a_fraction_keeps_its_digits_and_a_sum_of_money_its_sign() -> None:
    book, file = Workbook(write_only=True), io.BytesIO()
    row = (Decimal("340"), Decimal("7.5"), Decimal("60"))
    workbooks.fill(book, workbooks.Sheet("Litres", "litres"), ("a", "b", "revenue"), iter([row]))
    book.save(file)
    shown = [(cell.value, cell.number_format) for cell in load_workbook(file)["Litres"][2]]
    assert shown == [(340, "#,##0"), (7.5, "#,##0.##"), (60, workbooks.RUPEES)]


def test_the_second_workbook_tells_of_days_and_hours(sold: Cast) -> None:
    file = io.BytesIO()
    workbooks.activity_insights(sold.shop, PERIOD, file)
    book = load_workbook(file)
    date, first, first_at, last, last_at = [str(cell.value) for cell in book["First_Last_Customers"][2]][:5]
    assert (date, first, first_at) == ("2025-12-14 00:00:00", "BALA", "2025-12-14 10:00:00")
    assert (last, last_at) == ("None", "2025-12-14 13:00:00"), "the last one walked in"
    assert [row[:2] for row in book["Traffic_per_Hour"].iter_rows(values_only=True)] == [
        ("Hour", "Customer_Count"),
        (10, 1),
        (12, 1),
        (13, 1),
    ]


def test_what_one_sheet_does_not_hold_goes_on_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MOST_ROWS", 3)
    sheet = workbooks.Sheet("Long", "long", {"n": "N"})
    for rows, titles in ((0, ["Long"]), (3, ["Long"]), (7, ["Long", "Long_2", "Long_3"])):
        book, file = Workbook(write_only=True), io.BytesIO()
        workbooks.fill(book, sheet, ("n", "text"), iter([(n, "a\x07b") for n in range(rows)]))
        book.save(file)
        read = load_workbook(file)
        assert read.sheetnames == titles
        assert [len(list(page.rows)) - 1 for page in read] == [
            min(rows - 3 * n, 3) for n in range(len(titles))
        ]
        assert all(page["A1"].value == "N" for page in read)


# charts


def test_each_chart_is_a_picture_also_of_days_without_a_sale(cast: Cast) -> None:
    for chart in CHARTS:
        for kind, start in (("svg", b"<svg "), ("png", b"\x89PNG")):
            file = io.BytesIO()
            FILES[f"{chart}.{kind}"].write(cast.shop, PERIOD, file)
            assert file.getvalue().startswith(start), f"{chart}.{kind}"


def test_a_ranking_in_a_file_shows_all_its_names() -> None:
    series = Series("Spent", [*range(30, 0, -1)])
    drawn = pictures.svg_file(RankChart("k", "K", [f"Customer {n}" for n in range(30)], [series]))
    assert "Customer 29" in drawn and "more" not in drawn


def test_the_charts_count_what_the_tables_count(sold: Cast) -> None:
    def values(name: str) -> dict[str, object]:
        chart = CHARTS[name](sold.shop, PERIOD)
        return dict(zip(chart.labels, chart.series[0].values, strict=True))

    assert values("total_spend_per_customer") == {"Asha": 50, "Bala": 20}
    assert values("pie_payment_modes") == {"Cash": 2, "UPI": 1, "Coins": 0}
    assert list(values("line_cans_per_day").values()) == [4]
    person = a_person(sold.shop, name="Chitra")
    for hours in (0, 3):
        entry, recording = NOON + timedelta(hours=hours), a_recording(sold.shop, NOON)
        stay = {"entry_at": entry, "exit_at": entry + timedelta(minutes=1)}
        Visit.objects.create(shop=sold.shop, recording=recording, person=person, **stay)
    assert values("bar_top_customers") == {"Chitra": 2}
    assert values("pie_new_vs_returning") == {"On one day": 1, "On several days": 0}


# the page


def test_the_page_offers_each_file_of_the_chosen_days(
    sold: Cast, client_of: ClientOf, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of(sold.meena)
    with django_assert_max_num_queries(30):
        page = unescape(client.get(PAGE + DAYS).content.decode())
    for name in FILES:
        assert f'href="{PAGE}{name}{DAYS}"' in page
    assert f'href="{PAGE}all.zip{DAYS}"' in page


def test_a_file_is_the_one_of_the_command_and_who_took_it_is_written_down(
    sold: Cast, client_of: ClientOf
) -> None:
    answer = client_of(sold.meena).get(f"{PAGE}total_spent.csv{DAYS}")
    assert "2025-12-14-2025-12-14-total_spent.csv" in answer["Content-Disposition"]
    written = content(answer).decode("utf-8-sig").splitlines()
    assert written[1:] == ["ASHA,50,Asha,1,3,50,15,35", "BALA,20,Bala,1,1,20,20,0"]
    entry = AuditEntry.objects.get(action="export_files")
    assert (entry.user, entry.after) == (
        sold.meena,
        {"from": "2025-12-14", "to": "2025-12-14", "files": ["total_spent.csv"]},
    )


def test_the_zip_holds_every_file_that_the_reader_may_have(sold: Cast, client_of: ClientOf) -> None:
    accounts.set_right(
        shop=sold.shop, role=Role.MANAGER, right=Right.SEE_FACES, is_allowed=False, actor=TESTS
    )
    answer = client_of(sold.meena).get(f"{PAGE}all.zip{DAYS}")
    with zipfile.ZipFile(io.BytesIO(content(answer))) as folder:
        assert folder.testzip() is None
        of_faces = {"visit_log.csv", "recognition_results.csv", "unique_customers.csv"}
        assert set(folder.namelist()) == set(FILES) - of_faces
    assert client_of(sold.meena).get(f"{PAGE}visit_log.csv{DAYS}").status_code == 403


def test_without_the_right_nobody_gets_a_file(cast: Cast, client_of: ClientOf) -> None:
    client = client_of(cast.ravi)
    for page in (PAGE, f"{PAGE}all.zip", f"{PAGE}transactions.csv"):
        assert client.get(page).status_code == 403


def test_a_clerk_who_may_export_gets_the_sales_and_no_totals(cast: Cast, client_of: ClientOf) -> None:
    accounts.set_right(shop=cast.shop, role=Role.STAFF, right=Right.EXPORT, is_allowed=True, actor=TESTS)
    client = client_of(cast.ravi)
    page = client.get(PAGE).content.decode()
    assert "transactions.csv" in page and "total_spent.csv" not in page
    assert client.get(f"{PAGE}total_spent.csv").status_code == 403


def test_another_shop_an_unknown_file_and_days_in_the_wrong_order_are_refused(
    cast: Cast, client_of: ClientOf
) -> None:
    make_cast("neighbour")
    client = client_of(cast.meena)
    assert client.get("/s/neighbour/downloads/transactions.csv").status_code == 404
    assert client.get(f"{PAGE}secrets.csv").status_code == 404
    for page in (f"{PAGE}unpaid.csv", f"{PAGE}all.zip"):
        assert client.get(f"{page}?from=2025-12-15&to=2025-12-14").status_code == 422
    assert client.get(f"{PAGE}?from=2025-12-15&to=2025-12-14").status_code == 400
