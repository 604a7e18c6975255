"""The shop's transactions file: one sale a line, UTF-8, times on the shop's own clock.

Its words stay at this door: a transaction is a sale, `payment_mode` the tender, `can_size` a can type. Reading turns
each line into a `Row`, or into a `BadRow` that says what is wrong with it; `write` makes a file that reads the same.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import repeat
from pathlib import Path
from typing import TextIO, TypeVar
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from sales.account_statement import as_written
from sales.models import ZERO, Tender
from watershop.dates import YEARS

COLUMNS = (
    "transaction_id",
    "timestamp",
    "customer_id",
    "payment_mode",
    "can_size",
    "number_of_cans",
    "amount",
    "payment_status",
)
PAID = "paid_amount"
"""Read where a file has it: what came of an unpaid sale all the same, on the first of its lines."""
OTHER_NAMES = {"status": "payment_status"}
OPTIONAL = frozenset({"number_of_cans"})
TENDERS = {"cash": Tender.CASH, "upi": Tender.UPI, "coin": Tender.COIN, "coins": Tender.COIN}
TENDER_WORDS = {Tender.CASH: "Cash", Tender.UPI: "UPI", Tender.COIN: "Coin"}
STATUSES = {"paid": True, "unpaid": False}
LONGEST_CODE = 40
LONGEST_HEADER = 65_536
Meaning = TypeVar("Meaning")
Line = TypeVar("Line")

ISO_TIME = re.compile(
    r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)
INDIAN_TIME = re.compile(
    r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?:[ T](\d{1,2}):(\d\d)(?::(\d\d))?)?", re.ASCII
)
HALF_DAY = re.compile(r"(.+)[ T](\d{1,2})(:\d\d(?::\d\d)?)\s*([AP])\.?M\.?", re.ASCII | re.IGNORECASE)
SIZE = re.compile(r"(\d{1,4}(?:\.\d{1,2})?)\s*(?:l|ltr|lit(?:re|er)s?)", re.ASCII | re.IGNORECASE)
CANS = re.compile(r"(\d{1,5})(?:\.0+)?", re.ASCII)
CURRENCY = r"(?:(?:₹|rs\.?)\s*)?"
AMOUNT = re.compile(
    CURRENCY + r"(\d{1,6}|\d{1,3},\d{3}|\d,\d\d,\d{3})(\.\d{1,2}0*)?(?:\s*/-)?", re.ASCII | re.IGNORECASE
)
NEGATIVE = re.compile(CURRENCY + r"[-−]\s*" + CURRENCY + r"[\d.,]+", re.ASCII | re.IGNORECASE)
NOT_UTF8 = re.compile("[\ud800-\udfff]")
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Row:
    """A readable line. `customer` is "" for a walk-in, `quantity` None where the file doesn't say.

    A sale of several sizes is so many lines, one after the other, that agree in all but size, cans and amount.
    """

    line: int
    code: str
    sold_at: datetime
    customer: str
    tender: Tender
    litres: Decimal
    quantity: int | None
    amount: Decimal
    is_paid: bool
    paid: Decimal = ZERO
    """Of an unpaid sale."""

    @property
    def size(self) -> str:
        """The can type's code: 20L, 0.5L."""
        return size_of(self.litres)


@dataclass(frozen=True)
class Moment:
    """Of a line only which sale it was, when, and to whom: `customer` is "" for a walk-in."""

    code: str
    sold_at: datetime
    customer: str


@dataclass(frozen=True)
class BadRow:
    """A line that can't become a sale, and why."""

    line: int
    reason: str


class UnreadableFileError(Exception):
    """Not a transactions file at all; the text is for the person who chose it."""


def size_of(litres: Decimal) -> str:
    """Litres as the file writes them: 20L, 0.5L."""
    return f"{litres.normalize():f}L"


class _BadValueError(Exception):
    """The reason why a line can't be read."""


@dataclass(frozen=True)
class TransactionsFile:
    """A file whose first line was understood: where each column stands, and the names that mean nothing here."""

    text: TextIO
    zone: ZoneInfo
    delimiter: str
    names: tuple[str, ...]
    unknown: tuple[str, ...]

    @staticmethod
    @contextmanager
    def open(path: Path, zone: ZoneInfo) -> Iterator["TransactionsFile"]:
        """Open a file and read its first line; times without an offset are of `zone`. Raises UnreadableFileError."""
        try:
            text = path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")
        except OSError as error:
            reason = error.strerror or str(error)
            raise UnreadableFileError(
                _("%(file)s can't be opened: %(reason)s.") % {"file": path.name, "reason": reason}
            ) from error
        with text:
            first = text.readline(LONGEST_HEADER)
            delimiter = max(",;\t", key=first.count)
            found = _header(first, delimiter)
            names = tuple(OTHER_NAMES.get(key, key) for key in map(_plain, found))
            _check_columns(names, found)
            read = {*COLUMNS, PAID}
            unknown = [word for word, name in zip(found, names, strict=True) if word and name not in read]
            yield TransactionsFile(text, zone, delimiter, names, tuple(unknown))

    def rows(self) -> Iterator[Row | BadRow]:
        """Every line under the header, one at a time and once; empty lines are passed over."""
        return self._each(self._row)

    def moments(self) -> Iterator[Moment | BadRow]:
        """The same lines for who only asks which sale was when and to whom; the other columns may say anything."""
        return self._each(self._moment)

    def _each(self, read: Callable[[int, list[str]], Line]) -> Iterator[Line | BadRow]:
        lines = csv.reader(self.text, delimiter=self.delimiter, strict=True)
        while True:
            number = lines.line_num + 2
            try:
                values = next(lines)
                if any(map(str.strip, values)):
                    yield read(number, values)
            except StopIteration:
                return
            except csv.Error:
                yield BadRow(number, _("The quotation marks don't match, or a value is far too long."))
            except _BadValueError as error:
                yield BadRow(number, str(error))

    def _cells(self, values: list[str]) -> dict[str, str]:
        """The values by the names of their columns. Raises _BadValueError."""
        if any(map(NOT_UTF8.search, values)):
            raise _BadValueError(_not_utf8())
        wanted = len(self.names)
        if len(values) < wanted or any(map(str.strip, values[wanted:])):
            raise _BadValueError(
                _("It has %(found)s values, but line 1 names %(wanted)s columns.")
                % {"found": len(values), "wanted": wanted}
            )
        return {name: value.strip() for name, value in zip(self.names, values, strict=False)}

    def _moment(self, line: int, values: list[str]) -> Moment:
        cells = self._cells(values)
        customer = _code(cells, "customer_id") if cells["customer_id"] else ""
        return Moment(_code(cells, "transaction_id"), _time(cells["timestamp"], self.zone), customer)

    def _row(self, line: int, values: list[str]) -> Row:
        cells = self._cells(values)
        customer, is_paid = cells["customer_id"], _choice(cells, "payment_status", STATUSES)
        if not customer and not is_paid:
            raise _BadValueError(_("It is unpaid but names no customer: nobody would owe it."))
        return Row(
            line=line,
            code=_code(cells, "transaction_id"),
            sold_at=_time(cells["timestamp"], self.zone),
            customer=_code(cells, "customer_id") if customer else "",
            tender=_choice(cells, "payment_mode", TENDERS),
            litres=_litres(cells["can_size"]),
            quantity=_cans(cells.get("number_of_cans", "")),
            amount=_amount(cells["amount"]),
            is_paid=is_paid,
            paid=ZERO if is_paid or not cells.get(PAID) else _amount(cells[PAID]),
        )


def _not_utf8() -> str:
    return _("This is not UTF-8 text. Choose “CSV UTF-8” when you save it in the spreadsheet.")


def _header(line: str, delimiter: str) -> list[str]:
    """The names in the first line. Raises UnreadableFileError."""
    if NOT_UTF8.search(line):
        raise UnreadableFileError(_("Line 1: %(reason)s") % {"reason": _not_utf8()})
    if not line.strip():
        raise UnreadableFileError(_("The file is empty. Its first line must name the columns."))
    try:
        return [name.strip() for name in next(csv.reader([line], delimiter=delimiter, strict=True))]
    except csv.Error as error:
        raise UnreadableFileError(_("Line 1 can't be read: its quotation marks don't match.")) from error


def _plain(name: str) -> str:
    """A column's name however it was typed: `Payment Mode` is payment_mode."""
    return re.sub(r"[\s_-]+", "_", name.lower())


def _check_columns(names: tuple[str, ...], found: list[str]) -> None:
    if missing := [name for name in COLUMNS if name not in names and name not in OPTIONAL]:
        raise UnreadableFileError(
            _("Line 1: these columns are missing: %(missing)s. It names: %(found)s.")
            % {"missing": ", ".join(missing), "found": CONTROL.sub("�", ", ".join(found))[:200]}
        )
    if twice := [name for name in COLUMNS if names.count(name) > 1]:
        raise UnreadableFileError(
            _("Line 1: these columns are named twice: %(twice)s. Keep one of each.")
            % {"twice": ", ".join(twice)}
        )


def _code(cells: dict[str, str], column: str) -> str:
    code = as_written(cells[column])
    if not code:
        raise _BadValueError(_("%(column)s is empty.") % {"column": column})
    if len(code) > LONGEST_CODE or CONTROL.search(code):
        raise _BadValueError(
            _("%(column)s is longer than %(longest)s letters or has letters that can't be printed.")
            % {"column": column, "longest": LONGEST_CODE}
        )
    return code


def _choice(cells: dict[str, str], column: str, words: dict[str, Meaning]) -> Meaning:
    try:
        return words[cells[column].lower()]
    except KeyError:
        raise _BadValueError(
            _("%(column)s is “%(value)s”; it must be one of: %(words)s.")
            % {"column": column, "value": _shown(cells[column]), "words": ", ".join(words)}
        ) from None


def _shown(value: str) -> str:
    """A value as a message may repeat it: printable and short."""
    return CONTROL.sub("�", value[:40])


def _time(value: str, zone: ZoneInfo) -> datetime:
    value = _on_24_hours(value)
    try:
        if ISO_TIME.fullmatch(value):
            at = datetime.fromisoformat(value)
        elif indian := INDIAN_TIME.fullmatch(value):
            day, month, year, hour, minute, second = (int(part or 0) for part in indian.groups())
            at = datetime(year, month, day, hour, minute, second, tzinfo=zone)
        else:
            raise ValueError(value)
        if at.year not in YEARS:
            raise ValueError(value)
    except ValueError:
        raise _BadValueError(
            _("The timestamp “%(value)s” can't be read. Write it like 2025-12-14 16:04:00.")
            % {"value": _shown(value)}
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=zone)


def _on_24_hours(value: str) -> str:
    """A time as 04:05 PM becomes 16:05; every other one stays as it is."""
    found = HALF_DAY.fullmatch(value)
    if not found or not 1 <= int(found[2]) <= 12:
        return value
    day, hour, rest, half = found.groups()
    return f"{day} {int(hour) % 12 + 12 * (half in 'pP'):02d}{rest}"


def _litres(value: str) -> Decimal:
    found = SIZE.fullmatch(value)
    litres = Decimal(found[1]) if found else ZERO
    if not litres:
        raise _BadValueError(
            _("The can size “%(value)s” can't be read. Write it like 20L.") % {"value": _shown(value)}
        )
    return litres


def _cans(value: str) -> int | None:
    if not value:
        return None
    found = CANS.fullmatch(value)
    if not found or not int(found[1]):
        raise _BadValueError(
            _("number_of_cans is “%(value)s”; it must be a whole number from 1 to 99999.")
            % {"value": _shown(value)}
        )
    return int(found[1])


def _amount(value: str) -> Decimal:
    if NEGATIVE.fullmatch(value):
        raise _BadValueError(_("The amount %(value)s is negative.") % {"value": _shown(value)})
    found = AMOUNT.fullmatch(value)
    if not found:
        raise _BadValueError(
            _("The amount “%(value)s” can't be read. Write rupees like 20 or 20.50, less than ten lakh.")
            % {"value": _shown(value)}
        )
    rupees, paise = found.groups(default="")
    return Decimal(rupees.replace(",", "") + paise).quantize(ZERO)


def write(path: Path, rows: Iterable[Row], **more: Iterable[str]) -> None:
    """Write the rows under a header that names every column; `more` are further columns, by their names."""
    others = zip(*more.values(), strict=True) if more else repeat(())
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow((*COLUMNS, *more))
        # Without further columns there is no end to the nothing beside each row.
        lines.writerows((*_values(row), *other) for row, other in zip(rows, others, strict=bool(more)))


def _values(row: Row) -> tuple[object, ...]:
    """In the order of COLUMNS."""
    return (
        row.code,
        f"{row.sold_at:%Y-%m-%d %H:%M:%S}",
        row.customer,
        TENDER_WORDS[row.tender],
        row.size,
        row.quantity,
        row.amount,
        "Paid" if row.is_paid else "Unpaid",
    )
