"""The shop's transactions file in: every readable row becomes a sale, every other one a line of the report.

A file is taken in whole or not at all, in one transaction. Dry run and preview go the same way and roll back, so
they say exactly what the import will do. Sales keep the file's transaction_id as their code; that is how the same
file, given again, changes nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from itertools import chain, islice
from pathlib import Path

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.book import add_unknown
from customers.models import Customer
from sales.imported_sales import record_imported
from sales.models import FIRST_CAN_TYPES, ZERO, Allocation, CanType, Sale
from sales.new_sale import Line, NewSale
from sales.pricelist import add_can_type, price_book, retire
from sales.transactions_csv import BadRow, Row, TransactionsFile, size_of
from watershop.audit import Actor
from watershop.models import Shop

BATCH = 5_000
SHOWN = 500
FIRST_BY_CODE = {can_type["code"]: can_type for can_type in FIRST_CAN_TYPES}


@dataclass(frozen=True)
class RowWarning:
    """Something to look at in a row that is taken in all the same."""

    line: int
    text: str


@dataclass
class Report:
    """What a file holds and what became of it. Bad rows and warnings are all counted; the first SHOWN are kept."""

    is_stored: bool = False
    new_sales: int = 0
    already_there: int = 0
    bad: int = 0
    bad_rows: list[BadRow] = field(default_factory=list)
    warned: int = 0
    warnings: list[RowWarning] = field(default_factory=list)
    new_customers: int = 0
    new_sizes: list[str] = field(default_factory=list)
    total: Decimal = ZERO
    unpaid: Decimal = ZERO
    first_at: datetime | None = None
    last_at: datetime | None = None
    first_rows: list[Row] = field(default_factory=list)

    def refuse(self, row: BadRow) -> None:
        self.bad += 1
        if self.bad <= SHOWN:
            self.bad_rows.append(row)

    def warn(self, line: int, text: str) -> None:
        self.warned += 1
        if self.warned <= SHOWN:
            self.warnings.append(RowWarning(line, text))

    def count(self, sales: "Sequence[_Lines]") -> None:
        """Add the new sales of a batch."""
        rows = list(chain.from_iterable(sales))
        self.new_sales += len(sales)
        self.total += sum((row.amount for row in rows), ZERO)
        self.unpaid += sum((row.amount - row.paid for row in rows if not row.is_paid), ZERO)
        times = [row.sold_at for row in rows]
        self.first_at = min([*times, self.first_at] if self.first_at else times, default=None)
        self.last_at = max([*times, self.last_at] if self.last_at else times, default=None)
        self.first_rows += rows[: 10 - len(self.first_rows)]


def import_transactions(
    shop: Shop, actor: Actor, path: Path, *, dry_run: bool = False, skip_bad: bool = False
) -> Report:
    """Record the sales of a transactions file; store nothing when a row is bad, unless `skip_bad` leaves those out.

    Raises UnreadableFileError when it is no transactions file at all.
    """
    report = Report()
    with transaction.atomic():
        # One import at a time in a shop, while its till goes on selling.
        Shop.objects.select_for_update(no_key=True).get(pk=shop.pk)
        with TransactionsFile.open(path, shop.tz) as file:
            _Intake(shop, actor, report).take_in(file)
        report.is_stored = not dry_run and (skip_bad or not report.bad)
        transaction.set_rollback(not report.is_stored)
    return report


_Lines = Sequence[Row]
"""The lines of one sale."""
_Said = dict[str, object]
"""What the lines of a sale say of it, by column; None is what can't be known and is not compared."""


class _Intake:
    """Takes a file into one shop's books."""

    def __init__(self, shop: Shop, actor: Actor, report: Report) -> None:
        self.shop, self.actor, self.report = shop, actor, report
        self.can_types = {can_type.code.upper(): can_type for can_type in CanType.objects.of(shop)}
        self.book = price_book(shop)
        self.now = timezone.now()

    def take_in(self, file: TransactionsFile) -> None:
        """Record what is readable and new, so many rows at a time."""
        if file.unknown:
            names = ", ".join(file.unknown)
            self.report.warn(1, _("These columns are not read: %(names)s.") % {"names": names})
        sales = _by_sale(file.rows())
        while batch := list(islice(sales, BATCH)):
            self._take(batch)
        if self.report.new_customers:  # keys that are checked by stale statistics take five times as long
            with connection.cursor() as cursor:
                cursor.execute(f"ANALYZE {connection.ops.quote_name(Customer._meta.db_table)}")

    def _take(self, batch: Sequence[_Lines | BadRow]) -> None:
        known = self._known({sale[0].code for sale in batch if not isinstance(sale, BadRow)})
        fresh: list[_Lines] = []
        for sale in batch:
            if isinstance(sale, BadRow):
                self.report.refuse(sale)
            elif (there := known.get(sale[0].code)) is None:
                if priced := self._all_priced(sale):
                    fresh.append(priced)
                    known[sale[0].code] = _said(priced)
            elif other := _differing(_said(sale), there):
                self.report.refuse(BadRow(sale[0].line, _other_content(sale[0], other)))
            else:
                self.report.already_there += 1
        self._record(fresh)
        self.report.count(fresh)

    def _known(self, codes: set[str]) -> dict[str, _Said]:
        """What the shop's own books say of these sales."""
        at_once = Allocation.objects.filter(
            sale=OuterRef("pk"), payment__recorded_at=OuterRef("recorded_at"), amount__gt=0
        )
        sums = at_once.order_by().values("sale").annotate(sum=Sum("amount")).values("sum")
        sales = Sale.objects.of(self.shop).filter(code__in=codes).with_sums()
        found = sales.annotate(at_once=Coalesce(Subquery(sums), ZERO)).select_related("customer")
        return {sale.code: _in_books(sale) for sale in found.prefetch_related("lines__can_type")}

    def _all_priced(self, sale: _Lines) -> _Lines | None:
        """Its lines as `_priced` leaves them; None where one can't be sold, or more is paid than it costs."""
        paid, worth = _paid(sale), _worth(sale)
        if paid and paid >= worth:
            reason = _("It is unpaid, but ₹%(paid)s of ₹%(worth)s is paid.")
            self.report.refuse(BadRow(sale[0].line, reason % {"paid": paid, "worth": worth}))
            return None
        priced = [self._priced(row) for row in sale]
        return None if None in priced else [row for row in priced if row]

    def _priced(self, row: Row) -> Row | None:
        """The row with its number of cans and a can type to sell; says where the price list disagrees.

        None when it brings a size that no shop could sell.
        """
        can_type = self.can_types.get(row.size)
        price = self._price(can_type, row) if can_type else FIRST_BY_CODE.get(row.size, {}).get("price")
        row = row if row.quantity else replace(row, quantity=_cans_for(row.amount, price))
        try:
            can_type = can_type or self._add_can_type(row)
        except ValidationError as error:
            self.report.refuse(BadRow(row.line, " ".join(error.messages)))
            return None
        listed = self._price(can_type, row) * (row.quantity or 1)
        if listed != row.amount:
            self.report.warn(
                row.line,
                _(
                    "%(code)s: the file says ₹%(amount)s, the price list ₹%(listed)s. The file's amount is kept."
                )
                % {"code": row.code, "amount": row.amount, "listed": listed},
            )
        if row.sold_at > self.now:
            self.report.warn(row.line, _("%(code)s lies in the future.") % {"code": row.code})
        return row

    def _price(self, can_type: CanType, row: Row) -> Decimal:
        return self.book.price(can_type, row.sold_at)

    def _add_can_type(self, row: Row) -> CanType:
        """A size that the shop did not have: at the usual price, else at what its first row was charged."""
        usual = FIRST_BY_CODE.get(row.size, {})
        price = usual.get("price", (row.amount / (row.quantity or 1)).quantize(ZERO))
        can_type = add_can_type(
            shop=self.shop,
            code=row.size,
            name=row.size,
            litres=row.litres,
            price=price,
            deposit=usual.get("deposit", ZERO),
            actor=self.actor,
        )
        if price:
            text = _("The can size %(size)s is new, at ₹%(price)s. Check its price and deposit under Cans.")
        else:
            can_type = retire(can_type, actor=self.actor)
            text = _("The can size %(size)s is new and stays off the till: it has no price yet.")
        self.report.warn(row.line, text % {"size": row.size, "price": price})
        self.report.new_sizes.append(row.size)
        self.can_types[row.size] = can_type
        self.book = price_book(self.shop)
        return can_type

    def _record(self, sales: Sequence[_Lines]) -> None:
        codes = [sale[0].customer for sale in sales if sale[0].customer]
        self.report.new_customers += len(add_unknown(self.shop, codes, actor=self.actor))
        customers = {
            customer.code: customer for customer in Customer.objects.of(self.shop).filter(code__in=codes)
        }
        news = [self._new_sale(sale, customers.get(sale[0].customer)) for sale in sales]
        record_imported(self.shop, self.actor, news)

    def _new_sale(self, sale: _Lines, customer: Customer | None) -> NewSale:
        first, paid = sale[0], _paid(sale)
        return NewSale(
            lines=[self._line(row) for row in sale],
            tender=first.tender,
            customer=customer,
            is_paid=first.is_paid,
            split={first.tender: paid} if paid else None,
            sold_at=first.sold_at,
            code=first.code,
            source=Sale.Source.IMPORT,
            moves_cans=False,  # the file doesn't tell of empties, so cans out would only ever grow
        )

    def _line(self, row: Row) -> Line:
        assert row.quantity is not None
        return Line(self.can_types[row.size], row.quantity, row.amount)


def _by_sale(rows: Iterable[Row | BadRow]) -> Iterator[_Lines | BadRow]:
    """Lines that follow each other and agree are one sale, until a size comes again."""
    sale: list[Row] = []
    for row in rows:
        goes_on = bool(sale) and isinstance(row, Row) and _goes_on(sale, row)
        if sale and not goes_on:
            yield sale
            sale = []
        if isinstance(row, Row):
            sale.append(row)
        else:
            yield row
    if sale:
        yield sale


def _goes_on(sale: _Lines, row: Row) -> bool:
    def shared(line: Row) -> tuple[object, ...]:
        return line.code, line.sold_at, line.customer, line.tender, line.is_paid

    return shared(row) == shared(sale[0]) and row.size not in {line.size for line in sale}


def _said(sale: _Lines) -> _Said:
    first, lines = sale[0], sorted(sale, key=lambda row: row.size)
    return {
        # The file's clock has no fractions of a second.
        "timestamp": first.sold_at.replace(microsecond=0),
        "customer_id": first.customer,
        "payment_mode": first.tender,
        "can_size": [row.size for row in lines],
        "number_of_cans": None
        if any(row.quantity is None for row in lines)
        else [row.quantity for row in lines],
        "amount": [row.amount for row in lines],
        "payment_status": first.is_paid if _worth(sale) else None,
    }


def _in_books(sale: Sale) -> _Said:
    """A sale of the shop as the file would say it. One that was paid later, or undone, was both paid and unpaid."""
    lines = sorted((size_of(line.can_type.litres), line.quantity, line.amount) for line in sale.lines.all())
    at_once: Decimal = sale.at_once  # type: ignore[attr-defined]
    was_paid, is_paid = at_once >= sale.total, sale.paid >= sale.total
    return {
        "timestamp": sale.sold_at.replace(microsecond=0),
        "customer_id": sale.customer.code if sale.customer else "",
        "payment_mode": sale.stated_tender,
        "can_size": [size for size, _quantity, _amount in lines],
        "number_of_cans": [quantity for _size, quantity, _amount in lines],
        "amount": [amount for _size, _quantity, amount in lines],
        "payment_status": is_paid if sale.total and was_paid == is_paid else None,
    }


def _worth(sale: _Lines) -> Decimal:
    return sum((row.amount for row in sale), ZERO)


def _paid(sale: _Lines) -> Decimal:
    """What came of an unpaid sale."""
    return sum((row.paid for row in sale), ZERO)


def _differing(row: _Said, there: _Said) -> list[str]:
    return [
        name
        for name, value in row.items()
        if value is not None and there[name] is not None and value != there[name]
    ]


def _other_content(row: Row, columns: Sequence[str]) -> str:
    return _(
        "%(code)s is already there with another %(columns)s. A sale that differs needs an id of its own."
    ) % {
        "code": row.code,
        "columns": ", ".join(columns),
    }


def _cans_for(amount: Decimal, price: Decimal | None) -> int:
    """How many cans that much money buys, where it divides; else one."""
    if not price or not amount or amount % price:
        return 1
    return int(amount / price)
