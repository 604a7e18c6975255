"""The two workbooks of the shop's first scripts, with their sheets and headings; written row by row."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, islice
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter

from analytics.classic import TABLES
from analytics.tables import Cell
from watershop.dates import Period
from watershop.models import Shop

MOST_ROWS = 1_048_575
"""Of a sheet, below its heading."""
HEADING, BEHIND = Font(bold=True, color="FFFFFF"), PatternFill("solid", fgColor="0B5C7A")
NARROWEST, WIDEST = 12, 22
RUPEES = '[>=10000000]"₹"##\\,##\\,##\\,##0.00;[>=100000]"₹"##\\,##\\,##0.00;"₹"##,##0.00'
MONEY = frozenset({"total_spent", "revenue", "paid", "unpaid"})
FORMATS: tuple[tuple[type, str], ...] = (
    (datetime, "yyyy-mm-dd hh:mm:ss"),
    (date, "yyyy-mm-dd"),
    (int, "#,##0"),
    (Decimal, "#,##0.##"),
)


@dataclass(frozen=True)
class Sheet:
    """A table in a workbook, and the columns that are called otherwise there."""

    title: str
    table: str
    names: Mapping[str, str] = field(default_factory=dict)


REPORT = (
    Sheet("Total_Spend", "total_spent", {"total_spent": "TotalSpend"}),
    Sheet("Paid_vs_Unpaid", "paid_unpaid", {"payment_status": "status"}),
    Sheet("Cans_per_Customer", "cans_per_customer"),
    Sheet("Cans_per_Day", "cans_per_day", {"date": "Date"}),
    Sheet("Payment_Modes", "payment_summary"),
)
INSIGHTS = (
    Sheet("First_Last_Customers", "first_last_customers"),
    Sheet("Traffic_per_Hour", "traffic_per_hour"),
)


def activity_report(shop: Shop, period: Period, file: IO[bytes], *, has_names: bool = True) -> None:
    """Write analytics_report.xlsx: spending, paid and unpaid, cans, tenders. Without names it has codes alone."""
    _write(REPORT, shop, period, file, has_names=has_names)


def activity_insights(shop: Shop, period: Period, file: IO[bytes]) -> None:
    """Write shop_activity_insights.xlsx: the first and last customer of each day, and sales by hour."""
    _write(INSIGHTS, shop, period, file)


def _write(
    sheets: Iterable[Sheet], shop: Shop, period: Period, file: IO[bytes], *, has_names: bool = True
) -> None:
    workbook = Workbook(write_only=True)
    for sheet in sheets:
        query = TABLES[sheet.table] if has_names else TABLES[sheet.table].without("name")
        table = query(shop, period)
        fill(workbook, sheet, table.columns, table.rows())
    workbook.save(file)


def fill(
    workbook: Workbook, sheet: Sheet, columns: tuple[str, ...], rows: Iterator[tuple[Cell, ...]]
) -> None:
    """Write the rows under their headings; what one sheet does not hold goes on in the next."""
    number, first = 1, next(rows, None)
    while number == 1 or first is not None:
        title = sheet.title if number == 1 else f"{sheet.title}_{number}"
        page = [] if first is None else chain([first], islice(rows, MOST_ROWS - 1))
        _page(workbook.create_sheet(title), sheet, columns, page)
        number, first = number + 1, next(rows, None)


def _page(page: Any, sheet: Sheet, columns: tuple[str, ...], rows: Iterable[tuple[Cell, ...]]) -> None:
    """Fill one sheet, of whose ways the stubs know too little."""
    page.freeze_panes = "A2"
    names = [sheet.names.get(column, column) for column in columns]
    for letter, name in zip(map(get_column_letter, range(1, len(names) + 1)), names, strict=True):
        page.column_dimensions[letter].width = min(max(len(name) + 6, NARROWEST), WIDEST)
    page.append([_heading(page, name) for name in names])
    is_money, height = [column in MONEY for column in columns], 1
    for row in rows:
        page.append([_cell(page, value, money) for value, money in zip(row, is_money, strict=True)])
        height += 1
    page.auto_filter.ref = f"A1:{get_column_letter(len(names))}{height}"


def _heading(page: Any, name: str) -> Any:
    cell = WriteOnlyCell(page, name)
    cell.font, cell.fill = HEADING, BEHIND
    return cell


def _cell(page: Any, value: Cell, is_money: bool) -> Any:
    """The value with the format of its kind; letters that no workbook can hold are left out."""
    if isinstance(value, str):
        return ILLEGAL_CHARACTERS_RE.sub("", value)
    if value is None:
        return None
    if isinstance(value, Decimal) and value == value.to_integral_value():
        value = int(value)  # by the format of a fraction a spreadsheet shows "340."
    cell: Any = WriteOnlyCell(page)
    cell.value = value
    kind = next(shown for type_, shown in FORMATS if isinstance(value, type_))
    cell.number_format = RUPEES if is_money else kind
    return cell
