"""The notebook comes in as a sheet: every row is checked, the good ones are one batch, and the batch can be undone."""

from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from openpyxl import load_workbook
from pytest_django import DjangoAssertNumQueries

from customers.models import Customer
from sales import notebook_sheet
from sales.dues import account_of, balance_of
from sales.models import CanMovement, LedgerEntry, NotebookImport, NotebookRow
from sales.notebook import Reading, read
from sales.notebook_sheet import UnreadableSheetError, as_text, read_file, read_text, template
from sales.notebook_store import store, undo
from sales.pricelist import own_prices
from tests.base import TESTS, Cast, sell

HEADER = "Name\tPhone\tDue\tDue since\tCans 20L\tPrice 20L\tCredit limit\tLanguage"


def look(cast: Cast, *lines: str, header: str = HEADER, **choices: str) -> Reading:
    """Read these pasted lines; `row_3="new"` chooses for line 3."""
    chosen = {int(name.removeprefix("row_")): value for name, value in choices.items()}
    return read(cast.shop, read_text("\n".join([header, *lines])), chosen)


def stored(cast: Cast, *lines: str, **choices: str) -> NotebookImport:
    return store(cast.shop, look(cast, *lines, **choices).entries, actor=TESTS)


def test_a_row_becomes_a_customer_with_due_cans_price_limit_and_language(cast: Cast) -> None:
    stored(cast, "Chitra\t98765-43210\t1,250.50\t31/01/2026\t4\t18\t2000\tTamil")
    chitra = Customer.objects.get(name="Chitra")
    account = account_of(chitra)
    assert (chitra.phone, chitra.language) == ("9876543210", "ta")
    assert chitra.credit_limit == 2000
    assert account.balance == Decimal("1250.50") and account.cans == {"20L": 4}
    assert account.dues[0].at.astimezone(cast.shop.tz).date().isoformat() == "2026-01-31"
    assert own_prices(chitra) == {cast.can20.pk: 18}
    assert NotebookRow.objects.get().line == 2


def test_money_paid_ahead_has_a_minus_and_a_due_without_a_day_is_of_today(cast: Cast) -> None:
    stored(cast, "Chitra\t\t-300", "Devi\t\t40")
    assert balance_of(Customer.objects.get(name="Chitra")) == -300
    assert account_of(Customer.objects.get(name="Devi")).days == 0


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("\t9876543210", "name is missing"),
        ("Chitra\t123", "7 to 15 digits"),
        ("Chitra\t\tlots", "amount “lots”"),
        ("Chitra\t\t5\t2099-01-01", "still to come"),
        ("Chitra\t\t5\t31/02/2026", "can't be read"),
        ("Chitra\t\t\t\t-1", "whole number"),
        ("Chitra\t\t\t\t\t99999", "more than a can may cost"),
        ("Chitra\t\t\t\t\t\t-1", "amount “-1”"),
        ("Chitra\t\t\t\t\t\t\tKlingon", "none of"),
        ("C" * 90, "longer than 80"),
    ],
)
def test_a_bad_row_says_what_is_wrong_and_leaves_the_others_alone(cast: Cast, row: str, why: str) -> None:
    reading = look(cast, row, "Devi")
    (bad,) = reading.bad
    assert bad.line == 2 and why in bad.reason
    assert [entry.name for entry in reading.entries] == ["Devi"]


def test_all_that_is_wrong_with_a_row_is_said_at_once(cast: Cast) -> None:
    (bad,) = look(cast, "Chitra\t1\tx\tnever").bad
    assert all(part in bad.reason for part in ("7 to 15", "“x”", "“never”"))


@pytest.mark.parametrize("language", ["en", "te", "hi", "ta"])
def test_the_template_of_each_language_reads_as_it_is(cast: Cast, language: str) -> None:
    table = read_file("t.xlsx", _filled(template(language, ["20L", "10L"])))
    (entry,) = read(cast.shop, table, {}).entries
    assert entry.name == "Chitra" and entry.due == 70 and entry.cans == {cast.can20: 3}
    assert entry.since and entry.since.isoformat() == "2026-01-31"


def _filled(empty: bytes) -> bytes:
    book = load_workbook(BytesIO(empty))
    sheet = book.worksheets[0]
    sheet.append(["Chitra", 9876543210, 70.0, date(2026, 1, 31), None, None, 3])
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def test_a_file_that_is_no_sheet_is_refused_in_words(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = BytesIO()
    with ZipFile(bomb, "w", ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * 2_000_000)
    monkeypatch.setattr(notebook_sheet, "LARGEST_UNPACKED", 1_000_000)
    monkeypatch.setattr(notebook_sheet, "MOST_ROWS", 2)
    for name, content, why in (
        ("a.xlsx", b"no zip", "can't be read"),
        ("a.xlsx", bomb.getvalue(), "far more"),
        ("a.csv", b"\xff\xfe\x00", "no CSV in UTF-8"),
        ("a.csv", b"name\nA\nB\nC\n", "More than 2 rows"),
        ("a.csv", b"name\n", "nothing under"),
    ):
        with pytest.raises(UnreadableSheetError, match=why):
            read_file(name, content)
    for header, why in (("phone", "one of them is the name"), ("name,Customer", "mean the same")):
        with pytest.raises(UnreadableSheetError, match=why):
            read(cast.shop, read_text(f"{header}\nx,y"), {})


def test_what_is_shown_again_reads_the_same(cast: Cast) -> None:
    table = [["Name", "Phone"], ['Chitra "C" Rao', "9876543210"]]
    assert read_text(as_text(table)) == table


def test_a_known_phone_number_is_that_customer_unless_chosen_otherwise(cast: Cast) -> None:
    row = "Asha Rani\t+91 98765 01234\t100"
    reading = look(cast, row)
    assert reading.entries[0].same == cast.asha and reading.alike[0].is_phone
    assert look(cast, row, row_2="new").entries[0].same is None
    stored(cast, row)
    assert balance_of(cast.asha) == 100 and Customer.objects.count() == 2


def test_a_known_name_alone_is_new_unless_chosen_otherwise(cast: Cast) -> None:
    assert look(cast, "bala\t\t5").entries[0].same is None
    assert look(cast, "bala\t\t5", row_2=str(cast.bala.pk)).entries[0].same == cast.bala


def test_a_second_opening_balance_or_row_of_a_customer_is_bad(cast: Cast) -> None:
    row = "Asha\t9876501234\t100"
    (bad,) = look(cast, row, row).bad
    assert bad.line == 3 and "Another row" in bad.reason
    stored(cast, row)
    (bad,) = look(cast, row).bad
    assert "opening balance already" in bad.reason
    (warning,) = look(cast, "A\t9000000000", "B\t9000000000").warnings
    assert warning.line == 3 and "line 2" in warning.reason


def test_an_undone_batch_leaves_no_due_no_cans_and_nobody_new(cast: Cast) -> None:
    cast.asha.credit_limit = Decimal(500)
    cast.asha.save()
    batch = stored(cast, "Asha\t9876501234\t100\t\t2\t18\t900", "Chitra\t\t50\t\t1\t15")
    assert undo(batch, actor=TESTS) == []
    chitra = Customer.objects.get(name="Chitra")
    cast.asha.refresh_from_db()
    assert balance_of(cast.asha) == balance_of(chitra) == 0 and not chitra.is_active
    assert cast.asha.is_active and cast.asha.credit_limit == 500 and own_prices(cast.asha) == {}
    assert CanMovement.objects.held() == {}
    with pytest.raises(ValidationError, match="undone already"):
        undo(batch, actor=TESTS)


def test_who_traded_since_keeps_the_account_as_it_is(cast: Cast) -> None:
    batch = stored(cast, "Chitra\t\t50\t\t1", "Devi\t\t60")
    chitra = Customer.objects.get(name="Chitra")
    sell(cast, 1, customer=chitra, is_paid=False)
    assert undo(batch, actor=TESTS) == [chitra]
    chitra.refresh_from_db()
    assert chitra.is_active and balance_of(chitra) == 70
    assert not Customer.objects.get(name="Devi").is_active


def test_a_long_sheet_is_as_few_queries_as_a_short_one(
    cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    rows = [f"Customer {n}\t9{n:09d}\t{n + 1}\t2026-01-31\t2\t18\t500" for n in range(300)]
    with django_assert_max_num_queries(35):
        batch = stored(cast, *rows)
    with django_assert_max_num_queries(25):
        undo(batch, actor=TESTS)
    assert LedgerEntry.objects.filter(at__lt=timezone.now() - timedelta(days=1)).count() == 300
    assert LedgerEntry.objects.balance() == 0
