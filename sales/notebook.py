"""Customers from the shop's notebook: every row of a sheet is checked, then the good ones are stored as one batch.

A batch can be undone by further rows, except for customers who traded since.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models.functions import Lower, Right
from django.utils.translation import gettext as _

from customers.book import tidy_phone
from customers.models import Customer, validate_phone
from sales.merging import SAME_DIGITS
from sales.models import MOST_PER_CAN, ZERO, CanType, LedgerEntry
from sales.notebook_sheet import HEADERS, Table, columns_of
from sales.transactions_csv import AMOUNT
from watershop.dates import YEARS, today
from watershop.models import Shop

ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
INDIAN_DAY = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d\d)", re.ASCII)
MOST_CANS = 9_999
LONGEST_NAME = 80
NEW = "new"


@dataclass
class Entry:
    """One good row. A negative `due` in rupees was paid ahead; `same` is the customer it belongs to, if known."""

    line: int
    name: str
    phone: str = ""
    due: Decimal = ZERO
    since: date | None = None
    limit: Decimal | None = None
    language: str = ""
    cans: dict[CanType, int] = field(default_factory=dict)
    prices: dict[CanType, Decimal] = field(default_factory=dict)
    same: Customer | None = None


@dataclass(frozen=True)
class BadRow:
    """A row that can't be stored, and why."""

    line: int
    reason: str


@dataclass(frozen=True)
class Likeness:
    """A row whose customer may be in the book already, and who that may be; `is_phone`: they share a number."""

    entry: Entry
    customers: Sequence[Customer]
    is_phone: bool


@dataclass
class Reading:
    """What a sheet holds: rows to store, bad ones, and those whose customer may be known."""

    entries: list[Entry] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    alike: list[Likeness] = field(default_factory=list)
    warnings: list[BadRow] = field(default_factory=list)

    @property
    def due(self) -> Decimal:
        return sum((entry.due for entry in self.entries), ZERO)

    @property
    def cans(self) -> int:
        return sum(sum(entry.cans.values()) for entry in self.entries)

    @property
    def new(self) -> int:
        return sum(entry.same is None for entry in self.entries)

    @property
    def bad_lines(self) -> list[int]:
        return [row.line for row in self.bad]


def read(shop: Shop, table: Table, choices: Mapping[int, str]) -> Reading:
    """Check every row. `choices` says by line whose row it is: a customer's id, or "new".

    Where nothing is chosen, a row with a known phone number is that customer's; one with a known name alone is new.
    Raises UnreadableSheetError when the first row names no columns. Five queries, however long the sheet.
    """
    sizes = {can_type.code: can_type for can_type in CanType.objects.of(shop).filter(retired_at=None)}
    columns, reading = columns_of(table[0], sizes), Reading()
    last = today(shop).first
    for line, row in enumerate(table[1:], 2):
        cells = {column: cell for column, cell in zip(columns, row, strict=False) if column and cell}
        try:
            reading.entries.append(_entry(line, cells, sizes, shop.language, last))
        except ValidationError as refusal:
            reading.bad.append(BadRow(line, " ".join(refusal.messages)))
    _recognise(shop, reading, choices)
    _refuse_second_openings(shop, reading)
    _warn_of_repeats(reading)
    reading.bad.sort(key=lambda row: row.line)
    return reading


def _entry(
    line: int, cells: Mapping[str, str], sizes: Mapping[str, CanType], language: str, last: date
) -> Entry:
    """The row as values. Raises ValidationError with every reason at once."""
    entry, wrong = Entry(line, cells.get("name", ""), language=language), list[str]()
    for column, cell in cells.items():
        try:
            _set(entry, column, cell, sizes, last)
        except ValidationError as refusal:
            wrong += refusal.messages
    if not entry.name:
        wrong.append(_("The name is missing."))
    if entry.due and not entry.since:
        entry.since = last
    entry.cans = {can_type: count for can_type, count in entry.cans.items() if count}
    if wrong:
        raise ValidationError(wrong)
    return entry


def _set(entry: Entry, column: str, cell: str, sizes: Mapping[str, CanType], last: date) -> None:
    kind, _space, size = column.partition(" ")
    match kind:
        case "name" if len(cell) > LONGEST_NAME:
            raise ValidationError(_("The name is longer than %(most)s letters.") % {"most": LONGEST_NAME})
        case "phone":
            entry.phone = tidy_phone(cell)
            validate_phone(entry.phone)
        case "due":
            entry.due = _rupees(cell, is_signed=True)
        case "since":
            entry.since = _day(cell, last)
        case "limit":
            entry.limit = _rupees(cell)
        case "language":
            entry.language = _language(cell)
        case "cans":
            entry.cans[sizes[size]] = _count(cell)
        case "price":
            entry.prices[sizes[size]] = _price(cell)


def _rupees(cell: str, *, is_signed: bool = False) -> Decimal:
    sign = -1 if is_signed and cell[0] in "-−" else 1
    found = AMOUNT.fullmatch(cell[1:].strip() if sign < 0 else cell)
    if not found:
        message = _("The amount “%(cell)s” can't be read. Write rupees like 20 or 20.50, less than ten lakh.")
        raise ValidationError(message % {"cell": cell})
    whole, part = found.groups(default="")
    return sign * Decimal(whole.replace(",", "") + part).quantize(ZERO)


def _price(cell: str) -> Decimal:
    price = _rupees(cell)
    if price > MOST_PER_CAN:
        raise ValidationError(_("The price “%(cell)s” is more than a can may cost.") % {"cell": cell})
    return price


def _day(cell: str, last: date) -> date:
    try:
        if ISO_DAY.fullmatch(cell):
            day = date.fromisoformat(cell)
        elif found := INDIAN_DAY.fullmatch(cell):
            number, month, year = map(int, found.groups())
            day = date(year if year > 99 else 2000 + year, month, number)
        else:
            raise ValueError(cell)
        if day.year not in YEARS:
            raise ValueError(cell)
    except ValueError:
        message = _("The day “%(cell)s” can't be read. Write it like 31/12/2025.")
        raise ValidationError(message % {"cell": cell}) from None
    if day > last:
        raise ValidationError(_("The day “%(cell)s” is still to come.") % {"cell": cell})
    return day


def _language(cell: str) -> str:
    known = {code: code for code in HEADERS} | {
        str(name).casefold(): code for code, name in settings.LANGUAGES
    }
    known |= {"english": "en", "telugu": "te", "hindi": "hi", "tamil": "ta"}
    try:
        return known[cell.casefold()]
    except KeyError:
        raise ValidationError(
            _("The language “%(cell)s” is none of: en, te, hi, ta.") % {"cell": cell}
        ) from None


def _count(cell: str) -> int:
    if not cell.isascii() or not cell.isdecimal() or int(cell) > MOST_CANS:
        raise ValidationError(
            _("The number of cans “%(cell)s” must be a whole number up to %(most)s.")
            % {"cell": cell, "most": MOST_CANS}
        )
    return int(cell)


def _recognise(shop: Shop, reading: Reading, choices: Mapping[int, str]) -> None:
    """Find whom the rows may mean, and settle it by what was chosen."""
    by_phone, by_name = _known(shop, reading.entries)
    for entry in reading.entries:
        same_phone = by_phone.get(entry.phone[-SAME_DIGITS:], []) if entry.phone else []
        if alike := same_phone or by_name.get(entry.name.lower(), []):
            reading.alike.append(Likeness(entry, alike, bool(same_phone)))
            chosen = choices.get(entry.line, str(same_phone[0].pk) if same_phone else NEW)
            entry.same = next((row for row in alike if str(row.pk) == chosen), None)


Known = dict[str, list[Customer]]


def _known(shop: Shop, entries: Iterable[Entry]) -> tuple[Known, Known]:
    """The active customers with one of these phone numbers, and with one of these names."""
    rows, digits = Customer.objects.of(shop).active(), {entry.phone[-SAME_DIGITS:] for entry in entries}
    by_phone: Known = {}
    phones = rows.exclude(phone="").annotate(digits=Right("phone", SAME_DIGITS))
    for row in phones.filter(digits__in=digits - {""}).order_by("pk"):
        by_phone.setdefault(row.phone[-SAME_DIGITS:], []).append(row)
    by_name: Known = {}
    names = rows.annotate(lower=Lower("name")).filter(lower__in={entry.name.lower() for entry in entries})
    for row in names.order_by("pk"):
        by_name.setdefault(row.name.lower(), []).append(row)
    return by_phone, by_name


def _refuse_second_openings(shop: Shop, reading: Reading) -> None:
    """A customer has one opening balance and one row; what would be a second one is bad."""
    known = [entry.same.pk for entry in reading.entries if entry.same]
    opened = LedgerEntry.objects.of(shop).filter(kind="opening", reversed_by=None, customer__in=known)
    has_opening = set(opened.values_list("customer", flat=True))
    good, seen = [], set[int]()
    for entry in reading.entries:
        if entry.same and entry.due and entry.same.pk in has_opening:
            reason = _("%(name)s has an opening balance already.") % {"name": entry.same.name}
            reading.bad.append(BadRow(entry.line, reason))
        elif entry.same and entry.same.pk in seen:
            reason = _("Another row is for %(name)s already.") % {"name": entry.same.name}
            reading.bad.append(BadRow(entry.line, reason))
        else:
            good.append(entry)
            seen |= {entry.same.pk} if entry.same else set()
    reading.entries = good


def _warn_of_repeats(reading: Reading) -> None:
    """Two rows with one phone number are likely one customer, written twice."""
    first: dict[str, int] = {}
    for entry in reading.entries:
        line = first.setdefault(entry.phone[-SAME_DIGITS:], entry.line) if entry.phone else entry.line
        if line != entry.line:
            text = _("The same phone number as in line %(line)s.") % {"line": line}
            reading.warnings.append(BadRow(entry.line, text))


def opened_at(shop: Shop, entry: Entry) -> datetime:
    """When the due of a row began: at the start of its day on the shop's clock."""
    assert entry.since is not None
    return datetime.combine(entry.since, time.min, shop.tz)
