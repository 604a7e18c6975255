"""A customer's statement: what happened on the account in a period, with the balance after each entry. Reads only."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from django.utils.translation import gettext as _

from customers.models import Customer
from sales.models import LedgerEntry
from watershop.dates import Period, day_of

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Row:
    """One entry and the balance after it, in rupees."""

    entry: LedgerEntry
    balance: Decimal


@dataclass(frozen=True)
class Statement:
    """`before` and `after` are the balances at the ends of the period; the rows between come in their order."""

    customer: Customer
    period: Period
    before: Decimal
    rows: Sequence[Row]

    @property
    def after(self) -> Decimal:
        return self.rows[-1].balance if self.rows else self.before


def statement_of(customer: Customer, period: Period) -> Statement:
    """The statement of these days with two queries."""
    entries = LedgerEntry.objects.of(customer.shop).filter(customer=customer)
    before = balance = entries.filter(at__lt=period.start).balance()
    during = entries.filter(at__gte=period.start, at__lt=period.end).order_by("at", "id")
    rows = []
    for entry in during.select_related("sale", "payment"):
        balance += entry.amount
        rows.append(Row(entry, balance))
    return Statement(customer, period, before, rows)


class Writable(Protocol):
    def write(self, text: str, /) -> Any: ...


def write_csv(statement: Statement, file: Writable) -> None:
    """The statement as CSV, for a spreadsheet: text that it would take for a formula is marked as text."""
    lines = csv.writer(file)
    period = statement.period
    lines.writerow([_("Day"), _("What"), _("Sale"), _("Amount"), _("Balance")])
    lines.writerow([period.first, _("Balance before"), "", "", statement.before])
    for row in statement.rows:
        entry = row.entry
        what = f"{entry.get_kind_display()} {entry.reason}".strip()
        code = entry.sale.code if entry.sale else ""
        day = day_of(statement.customer.shop, entry.at)
        lines.writerow([day, as_text(what), as_text(code), entry.amount, row.balance])
    lines.writerow([period.last, _("Balance after"), "", "", statement.after])


def as_text(cell: str) -> str:
    """The cell, marked as text where a spreadsheet would take it for a formula; what looks marked is marked again."""
    return f"'{cell}" if cell.lstrip("'").startswith(FORMULA_STARTS) else cell


def as_written(cell: str) -> str:
    """The cell without its mark: what `as_text` was given."""
    return cell[1:] if cell.startswith("'") and as_text(cell) != cell else cell
