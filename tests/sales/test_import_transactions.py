"""The shop's transactions file goes into the books whole, or not at all."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from customers.models import Customer
from sales import importing
from sales.importing import Report, import_transactions
from sales.ledger import receive_payment
from sales.models import Allocation, CanMovement, CanType, LedgerEntry, Payment, Sale, SaleLine, Tender
from sales.pricelist import change_can_type, priced
from sales.transactions_csv import UnreadableFileError
from tests.base import TESTS, Cast, make_cast, sell
from watershop.models import AuditEntry, Shop

HEADER = "transaction_id,timestamp,customer_id,payment_mode,can_size,number_of_cans,amount,payment_status"
GOOD = "T1,2025-12-14 16:04:00,CUST_0002,Cash,20L,2,40,Paid"
KOLKATA = ZoneInfo("Asia/Kolkata")

Import = Callable[..., Report]


@pytest.fixture
def take_in(shop: Shop, tmp_path: Path) -> Import:
    """Import these lines; `header` and further arguments as needed."""

    def take_in(*lines: str | bytes, header: str = HEADER, **options: bool) -> Report:
        file = tmp_path / "sales.csv"
        rows = [line if isinstance(line, bytes) else line.encode() for line in (header, *lines)]
        file.write_bytes(b"\n".join(rows) + b"\n")
        return import_transactions(shop, TESTS, file, **options)

    return take_in


def only_reason(report: Report) -> str:
    assert not report.is_stored
    assert not Sale.objects.exists()
    (bad,) = report.bad_rows
    assert bad.line == 2
    return bad.reason


def test_a_row_becomes_a_sale_with_its_money_on_the_ledger(take_in: Import) -> None:
    assert take_in(GOOD).is_stored
    sale = Sale.objects.with_sums().get()
    assert (sale.code, sale.source, sale.stated_tender) == ("T1", "import", "cash")
    assert f"{sale.sold_at.astimezone(KOLKATA):%Y-%m-%d %H:%M}" == "2025-12-14 16:04"
    assert sale.customer is not None and sale.customer.code == "CUST_0002"
    assert (sale.total, sale.cans, sale.due) == (Decimal(40), 2, Decimal(0))
    assert [(entry.kind, entry.amount) for entry in LedgerEntry.objects.order_by("id")] == [
        ("sale", Decimal(40)),
        ("payment", Decimal(-40)),
    ]
    assert Payment.objects.get().received_at == sale.sold_at
    assert not CanMovement.objects.exists(), "the file doesn't tell of cans"


def test_an_unpaid_row_is_owed_and_keeps_its_stated_tender(take_in: Import) -> None:
    take_in("T1,2025-12-14 16:04,CUST_0002,UPI,10L,1,10,Unpaid")
    sale = Sale.objects.with_sums().get()
    assert (sale.due, sale.stated_tender) == (Decimal(10), "upi")
    assert LedgerEntry.objects.balance() == 10


def test_a_row_without_customer_is_a_walk_in(take_in: Import) -> None:
    take_in("T1,2025-12-14 16:04,,Coin,10L,1,10,Paid")
    assert Sale.objects.get().customer is None
    assert not LedgerEntry.objects.exists()


def test_unknown_customers_and_sizes_are_created_with_their_code(take_in: Import, shop: Shop) -> None:
    report = take_in("T1,2025-12-14 16:04,Flat 12/B,Cash,5L,2,16,Paid", GOOD.replace("T1", "T2"))
    assert (report.new_customers, report.new_sizes) == (2, ["5L"])
    assert Customer.objects.of(shop).get(code="Flat 12/B").name == "Flat 12/B"
    assert priced(CanType.objects.of(shop)).get(code="5L").price == 8
    assert set(AuditEntry.objects.values_list("action", flat=True)) >= {"add_customer", "add_can_type"}


def test_the_first_sizes_come_at_their_usual_price(take_in: Import, shop: Shop) -> None:
    CanType.objects.of(shop).filter(code="20L").update(code="19L")
    report = take_in(
        "T1,2025-12-14 16:04,CUST_1,Cash,20L,60,Paid", header=HEADER.replace("number_of_cans,", "")
    )
    can_type = priced(CanType.objects.of(shop)).get(code="20L")
    assert (can_type.price, can_type.deposit) == (Decimal(20), Decimal(150))
    assert SaleLine.objects.get().quantity == 3
    assert report.new_sizes == ["20L"]


@pytest.mark.parametrize(("amount", "quantity"), [("20", 1), ("60", 3), ("30", 1), ("0", 1), ("10", 1)])
def test_the_number_of_cans_follows_from_the_amount_where_it_is_not_given(
    take_in: Import, amount: str, quantity: int
) -> None:
    take_in(f"T1,2025-12-14 16:04,CUST_1,Cash,20L,,{amount},Paid")
    assert SaleLine.objects.get().quantity == quantity


def test_the_amount_of_the_file_wins_over_the_price_list_with_a_warning(take_in: Import) -> None:
    report = take_in(GOOD.replace(",40,", ",50.50,"))
    assert SaleLine.objects.get().amount == Decimal("50.50")
    (warning,) = report.warnings
    assert warning.line == 2
    assert "₹50.50" in warning.text and "₹40.00" in warning.text


def test_the_columns_of_the_older_file_are_understood(take_in: Import) -> None:
    report = take_in(
        "T001;CUST_0002;2025-12-14 16:04:00;Coins;20L;20;Unpaid",
        header="Transaction ID;Customer_ID; timestamp ;PAYMENT_MODE;can_size;amount;status",
    )
    assert (report.bad, report.unpaid) == (0, Decimal(20))
    assert Sale.objects.get().stated_tender == Tender.COIN


def test_unknown_columns_are_named_in_a_warning(take_in: Import) -> None:
    report = take_in(f'{GOOD},"hot, today"', header=f"{HEADER},weather")
    assert report.is_stored
    assert "weather" in report.warnings[0].text


@pytest.mark.parametrize(
    "written",
    [
        "2025-12-14 16:04",
        "2025-12-14T16:04:00",
        "2025-12-14T10:34:00Z",
        "2025-12-14T16:04:00+05:30",
        "14-12-2025 16:04",
        "14/12/2025 16:04:00",
        "2025-12-14 04:04 PM",
        "14-12-2025 4:04:00 p.m.",
    ],
)
def test_times_are_read_on_the_clock_of_the_shop(take_in: Import, written: str) -> None:
    take_in(f"T1,{written},,Cash,20L,1,20,Paid")
    assert f"{Sale.objects.get().sold_at.astimezone(KOLKATA):%Y-%m-%d %H:%M}" == "2025-12-14 16:04"


@pytest.mark.parametrize(
    ("written", "hour"), [("12:30 AM", 0), ("9:30 am", 9), ("12:30PM", 12), ("11:30 pm", 23)]
)
def test_half_days_are_counted_from_twelve(take_in: Import, written: str, hour: int) -> None:
    take_in(f"T1,2025-12-14 {written},,Cash,20L,1,20,Paid")
    assert Sale.objects.get().sold_at.astimezone(KOLKATA).hour == hour


@pytest.mark.parametrize(
    ("written", "rupees"),
    [
        ("₹20", "20"),
        ("Rs. 20.50", "20.50"),
        ("20/-", "20"),
        ('"1,200"', "1200"),
        ('"₹ 1,20,000.00"', "120000"),
    ],
)
def test_amounts_are_read_as_people_write_them(take_in: Import, written: str, rupees: str) -> None:
    take_in(f"T1,2025-12-14 16:04,,Cash,20L,1,{written},Paid")
    assert SaleLine.objects.get().amount == Decimal(rupees)


@pytest.mark.parametrize("size", ["20L", "20 L", "20l", "20 ltr", "20.00 Litres"])
def test_a_size_is_the_same_however_it_is_written(take_in: Import, size: str) -> None:
    report = take_in(f"T1,2025-12-14 16:04,,Cash,{size},1,20,Paid")
    assert (report.new_sizes, SaleLine.objects.get().can_type.code) == ([], "20L")


def test_empty_cells_at_the_end_of_a_row_are_passed_over(take_in: Import) -> None:
    assert take_in(f"{GOOD},, ,").new_sales == 1


def test_line_ends_of_an_old_machine_are_fine(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    file.write_bytes(f"{HEADER}\r{GOOD}\r{GOOD.replace('T1', 'T2')}\r".encode())
    assert import_transactions(shop, TESTS, file).new_sales == 2


def test_a_new_size_that_would_cost_nothing_stays_off_the_till(take_in: Import, shop: Shop) -> None:
    report = take_in("T1,2025-12-14 16:04,C1,Cash,0.2L,900,1,Paid")
    assert report.is_stored and "no price" in report.warnings[0].text
    assert [can_type.code for can_type in CanType.objects.of(shop).on_sale()] == ["20L", "10L"]
    assert SaleLine.objects.get().can_type.retired_at


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("T1,2025-12-14 16:04,C1,Cash,20L,1,-20,Paid", "negative"),
        ("T1,2025-12-14 16:04,C1,Cash,20L,1,NaN,Paid", "amount"),
        ("T1,2025-12-14 16:04,C1,Cash,20L,1,1e99,Paid", "amount"),
        ("T1,2025-12-14 16:04,C1,Cash,20L,1,99999999999999999999,Paid", "amount"),
        ("T1,2025-12-14 16:04,C1,Cash,20L,1,20.005,Paid", "amount"),
        ("T1,2025-12-14 16:04,C1,Cash,20L,1,,Paid", "amount"),
        ('T1,2025-12-14 16:04,C1,Cash,20L,1,"12,00",Paid', "amount"),
        ('T1,2025-12-14 16:04,C1,Cash,20L,1,"12,34,567",Paid', "amount"),
        ('T1,2025-12-14 16:04,C1,Cash,20L,1,"₹ -1,200",Paid', "negative"),
        ("T1,2025-12-14 13:04 PM,C1,Cash,20L,1,20,Paid", "timestamp"),
        (f"T1,2025-12-14 16:04,{'C' * 140_000},Cash,20L,1,20,Paid", "far too long"),
        ("T1,yesterday,C1,Cash,20L,1,20,Paid", "timestamp"),
        ("T1,2025-02-30 10:00,C1,Cash,20L,1,20,Paid", "timestamp"),
        ("T1,0001-01-01 00:00,C1,Cash,20L,1,20,Paid", "timestamp"),
        ("T1,2025-12-14 16:04,C1,Cash,large,1,20,Paid", "can size"),
        ("T1,2025-12-14 16:04,C1,Cash,0L,1,20,Paid", "can size"),
        ("T1,2025-12-14 16:04,C1,Cheque,20L,1,20,Paid", "payment_mode"),
        ("T1,2025-12-14 16:04,C1,Cash,20L,1,20,perhaps", "payment_status"),
        ("T1,2025-12-14 16:04,C1,Cash,20L,0,20,Paid", "number_of_cans"),
        ("T1,2025-12-14 16:04,C1,Cash,20L,123456789012345,20,Paid", "number_of_cans"),
        (",2025-12-14 16:04,C1,Cash,20L,1,20,Paid", "transaction_id"),
        (f"{'T' * 41},2025-12-14 16:04,C1,Cash,20L,1,20,Paid", "transaction_id"),
        ("T1,2025-12-14 16:04,C\0,Cash,20L,1,20,Paid", "customer_id"),
        ("T1,2025-12-14 16:04,,Cash,20L,1,20,Unpaid", "no customer"),
        ("T1,2025-12-14 16:04,C1,Cash,20L,1", "6 values"),
        (f"{GOOD},more", "9 values"),
        (b"T1,2025-12-14 16:04,Jos\xe9,Cash,20L,1,20,Paid", "UTF-8"),
        ('"T1,2025-12-14 16:04,C1,Cash,20L,1,20,Paid', "quotation marks"),
    ],
)
def test_a_bad_row_is_reported_with_line_and_reason_and_nothing_is_stored(
    take_in: Import, row: str | bytes, reason: str
) -> None:
    assert reason in only_reason(take_in(row))


def test_one_bad_row_keeps_the_whole_file_out_unless_bad_rows_are_skipped(take_in: Import) -> None:
    lines = (GOOD, "T2,never,C1,Cash,20L,1,20,Paid", "", GOOD.replace("T1", "T3"))
    report = take_in(*lines)
    assert not report.is_stored
    assert not Sale.objects.exists() and not Customer.objects.filter(code="CUST_0002").exists()
    assert [row.line for row in report.bad_rows] == [3]

    assert take_in(*lines, skip_bad=True).is_stored
    assert set(Sale.objects.values_list("code", flat=True)) == {"T1", "T3"}


def test_a_dry_run_says_the_same_and_stores_nothing(take_in: Import) -> None:
    rehearsal = take_in(GOOD, dry_run=True)
    assert not Sale.objects.exists() and not AuditEntry.objects.filter(action="record_sale").exists()
    report = take_in(GOOD)
    rehearsal.is_stored = True
    assert report == rehearsal


def test_the_same_file_twice_changes_nothing(take_in: Import) -> None:
    lines = (GOOD, "T2,2025-12-14 16:04,C1,UPI,20L,1,20,Unpaid", "T3,2025-12-14 16:04,C1,UPI,20L,1,0,Unpaid")
    take_in(*lines)
    tables = (Sale, SaleLine, Payment, Allocation, LedgerEntry, Customer, CanType, AuditEntry)
    before = [table.objects.count() for table in tables]
    report = take_in(*lines)
    assert (report.is_stored, report.new_sales, report.already_there, report.bad) == (True, 0, 3, 0)
    assert [table.objects.count() for table in tables] == before


def test_a_due_paid_since_or_a_new_price_do_not_make_the_file_another_one(
    take_in: Import, shop: Shop
) -> None:
    lines = ("T1,2025-12-14 16:04,C1,UPI,20L,,40,Unpaid",)
    take_in(*lines)
    customer = Customer.objects.of(shop).get(code="C1")
    receive_payment(customer=customer, amount=Decimal(40), tender=Tender.CASH, actor=TESTS)
    change_can_type(CanType.objects.of(shop).get(code="20L"), {"price": Decimal(25)}, actor=TESTS)
    report = take_in(*lines)
    assert (report.already_there, report.bad, report.warned) == (1, 0, 0)


@pytest.mark.parametrize("batch", [1, 2000])
def test_an_id_with_other_content_is_a_bad_row(
    take_in: Import, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", batch)
    report = take_in(GOOD, GOOD, GOOD.replace(",40,", ",45,"))
    assert (report.new_sales, report.already_there) == (1, 1)
    (bad,) = report.bad_rows
    assert bad.line == 4 and "amount" in bad.reason


def test_lines_that_agree_and_follow_each_other_are_one_sale_of_several_sizes(take_in: Import) -> None:
    lines = (GOOD, GOOD.replace("20L,2,40", "10L,1,10"), GOOD.replace("T1", "T2"))
    report = take_in(*lines)
    assert (report.new_sales, report.bad, report.total) == (2, 0, Decimal(90))
    sale = Sale.objects.with_sums().get(code="T1")
    assert (sale.total, sale.cans, sale.due) == (Decimal(50), 3, Decimal(0))
    assert take_in(*lines).already_there == 2


def test_an_id_at_another_time_or_with_a_size_more_is_another_sale_and_refused(take_in: Import) -> None:
    other = GOOD.replace("20L,2,40", "10L,1,10")
    report = take_in(GOOD, other.replace("16:04", "16:05"), GOOD, other)
    assert [bad.line for bad in report.bad_rows] == [3, 4]
    assert "timestamp" in report.bad_rows[0].reason and "can_size" in report.bad_rows[1].reason


def test_a_part_payment_leaves_the_rest_unpaid(take_in: Import) -> None:
    unpaid, header = GOOD.replace(",Paid", ",Unpaid,{}"), f"{HEADER},paid_amount"
    (bad,) = take_in(unpaid.format(40), header=header).bad_rows
    assert "₹40.00 of ₹40.00 is paid" in bad.reason
    report = take_in(unpaid.format(15), header=header)
    assert (report.unpaid, report.warned) == (Decimal(25), 0)
    sale = Sale.objects.with_sums().get()
    assert (sale.paid, sale.due) == (Decimal(15), Decimal(25))
    assert take_in(unpaid.format(15), header=header).already_there == 1


def test_the_mark_of_a_text_is_taken_off_again(take_in: Import) -> None:
    take_in(GOOD.replace("CUST_0002", "'=1"), GOOD.replace("T1", "T2").replace("CUST_0002", "'Bala"))
    assert set(Customer.objects.exclude(name__in=("Asha", "Bala")).values_list("code", flat=True)) == {
        "=1",
        "'Bala",
    }


def test_an_id_of_the_till_is_not_taken_twice(take_in: Import, cast: Cast) -> None:
    sale = sell(cast, code="S000001")
    report = take_in(GOOD.replace("T1", "S000001"))
    assert "already there" in report.bad_rows[0].reason
    assert list(Sale.objects.all()) == [sale]


def test_a_file_takes_a_fixed_number_of_queries(
    take_in: Import, django_assert_max_num_queries: Callable[..., object]
) -> None:
    rows = [f"T{n},2025-12-14 16:04,C{n % 7},Cash,20L,1,20,Paid" for n in range(300)]
    with django_assert_max_num_queries(25):  # type: ignore[attr-defined]
        take_in(*rows)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"transaction_id,timestamp\nT1,2025\n", "customer_id"),
        (HEADER.replace("amount", "amount,amount").encode(), "twice"),
        (f'{HEADER},"more\n{GOOD}\n'.encode(), "quotation marks"),
        (f"{HEADER}\n{GOOD}\n".encode("utf-16"), "UTF-8"),
        (f"{HEADER}\n{GOOD}\n".encode("utf-16-le"), "missing"),
        (b"\x00\x01\x02\xff\xfe", "UTF-8"),
    ],
)
def test_a_file_of_another_kind_is_refused_in_one_sentence(
    shop: Shop, tmp_path: Path, content: bytes, says: str
) -> None:
    file = tmp_path / "sales.csv"
    file.write_bytes(content)
    with pytest.raises(UnreadableFileError, match=says):
        import_transactions(shop, TESTS, file)


def test_a_byte_order_mark_and_windows_line_ends_are_fine(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    file.write_bytes(f"\ufeff{HEADER}\r\n{GOOD}\r\n,,,,,,,\r\n".encode())
    assert import_transactions(shop, TESTS, file).new_sales == 1


def test_the_command_imports_into_the_only_shop(
    shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "sales.csv"
    file.write_text(f"{HEADER}\n{GOOD}\n")
    call_command("import_transactions", file, "--dry-run")
    assert not Sale.objects.exists()
    call_command("import_transactions", file)
    assert Sale.objects.of(shop).get().code == "T1"
    assert "1 new sales worth ₹40.00" in capsys.readouterr().out


def test_the_command_fails_when_a_row_is_refused(
    shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "sales.csv"
    file.write_text(f"{HEADER}\n{GOOD}\nT2,never,C1,Cash,20L,1,20,Paid\n")
    with pytest.raises(CommandError, match="--skip-bad"):
        call_command("import_transactions", file)
    assert "line 3: The timestamp" in capsys.readouterr().err
    call_command("import_transactions", file, "--skip-bad")
    assert Sale.objects.of(shop).count() == 1


def test_the_command_asks_which_shop_when_there_are_two(shop: Shop, tmp_path: Path) -> None:
    make_cast("north")
    file = tmp_path / "sales.csv"
    file.write_text(f"{HEADER}\n{GOOD}\n")
    with pytest.raises(CommandError, match="north, water"):
        call_command("import_transactions", file)
    call_command("import_transactions", file, "--shop", "north")
    assert Sale.objects.get().shop.slug == "north"
    with pytest.raises(CommandError, match=r"lost\.csv"):
        call_command("import_transactions", tmp_path / "lost.csv", "--shop", "north")


def test_what_is_imported_agrees_with_the_books(take_in: Import) -> None:
    take_in(GOOD, "T2,2025-12-14 16:04,C1,UPI,20L,1,20,Unpaid", "T3,2025-12-14 16:04,,Coin,10L,1,10,Paid")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
