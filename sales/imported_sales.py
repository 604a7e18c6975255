"""Sales that a file tells of, into the books by COPY: the same rows as `ledger.record_sales` leaves, much faster.

They are copied into a temporary table and inserted from there, table by table (PostgreSQL refuses COPY into a table
under row security). A test holds both ways against each other. Columns that are not named here are filled as their
model fills them, so that a new column with a default needs nothing here.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import count
from typing import Any

from django.db import connection, models, transaction
from django.utils import timezone

from sales.dues import Due
from sales.ledger import step_over
from sales.models import ZERO, Allocation, LedgerEntry, Payment, Sale, SaleLine
from sales.new_sale import NewSale
from sales.settling import Purse, hold, purses_of, spend
from watershop.audit import Actor
from watershop.models import AuditEntry, Shop

INCOMING = """
DROP TABLE IF EXISTS incoming, incoming_line;
CREATE TEMPORARY TABLE incoming (
    n bigint, code text, sold_at timestamptz, customer_id bigint, tender text,
    total numeric(10, 2), paid numeric(10, 2),
    sale_id bigint DEFAULT nextval(pg_get_serial_sequence('sales_sale', 'id')),
    payment_id bigint DEFAULT nextval(pg_get_serial_sequence('sales_payment', 'id'))
) ON COMMIT DROP;
CREATE TEMPORARY TABLE incoming_line (n bigint, can_type_id bigint, quantity integer, amount numeric(10, 2))
ON COMMIT DROP
"""
COPY_SALES = "COPY incoming (n, code, sold_at, customer_id, tender, total, paid) FROM STDIN (FORMAT csv)"
COPY_LINES = "COPY incoming_line FROM STDIN (FORMAT csv)"
LINES = "incoming JOIN incoming_line USING (n)"
AFTER = """jsonb_build_object(
    'code', code, 'customer', customer_id, 'total', total::text, 'tender', tender, 'is_paid', paid = total
)"""
DUES = """
SELECT customer_id, sold_at, total, total - paid, sale_id, code FROM incoming
WHERE customer_id = ANY(%s) AND paid < total ORDER BY sold_at, n
"""


@transaction.atomic
def record_imported(shop: Shop, actor: Actor, news: Sequence[NewSale]) -> None:
    """Record sales of Source.IMPORT: with code, time and amounts, paid by their tender in whole, in part or not at all.

    They move no cans, fill no drawer, and no credit limit refuses them. What is left due is settled at once by what
    the customer paid ahead. Raises ValidationError and stores nothing when one is wrong.
    """
    for new in news:
        new.check()
    ahead = purses_of(shop, hold({new.customer.pk for new in news if new.customer and new.on_credit}))
    step_over(shop, [new.code for new in news])
    with connection.cursor() as cursor:
        cursor.execute(INCOMING)
        cursor.cursor.copy_expert(COPY_SALES, _csv(map(_sale_cells, count(), news)))
        cursor.cursor.copy_expert(COPY_LINES, _csv(_line_cells(news)))
        for statement, values in _inserts(shop, actor, timezone.now()):
            cursor.execute(statement, values)
        dues = _dues(cursor, ahead)
    Allocation.objects.bulk_create(spend(shop, ahead, dues))


def _csv(rows: Iterable[Sequence[object]]) -> io.StringIO:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    text.seek(0)
    return text


def _sale_cells(number: int, new: NewSale) -> Sequence[object]:
    customer, paid = new.customer and new.customer.pk, sum(new.received.values(), ZERO)
    return number, new.code, new.sold_at, customer, new.tender.value, new.total, paid


def _line_cells(news: Sequence[NewSale]) -> Iterator[Sequence[object]]:
    for number, new in enumerate(news):
        for line in new.lines:
            yield number, line.can_type.pk, line.quantity, line.charged


def _inserts(shop: Shop, actor: Actor, now: datetime) -> Iterator[tuple[str, list[Any]]]:
    """The rows of each table, in the order in which they point at each other."""
    of_shop = {"shop": shop.pk}
    by = of_shop | {"clerk": actor.user and actor.user.pk, "recorded_at": now}
    sale = {"id": "sale_id", "code": "code", "customer": "customer_id", "stated_tender": "tender"}
    yield _insert(Sale, by | {"source": Sale.Source.IMPORT}, sale | {"sold_at": "sold_at"})
    line = {"sale": "sale_id", "can_type": "can_type_id", "quantity": "quantity", "amount": "amount"}
    yield _insert(SaleLine, of_shop, line, source=LINES)
    money = {"customer": "customer_id", "received_at": "sold_at", "tender": "tender", "amount": "paid"}
    yield _insert(Payment, by, {"id": "payment_id"} | money, where="paid > 0")
    settles = {"payment": "payment_id", "sale": "sale_id", "amount": "paid"}
    yield _insert(Allocation, of_shop, settles, where="paid > 0")
    account, entry = {"customer": "customer_id", "at": "sold_at"}, of_shop | {"recorded_at": now}
    sold = account | {"amount": "total", "sale": "sale_id"}
    is_named = "customer_id IS NOT NULL AND"
    yield _insert(LedgerEntry, entry | {"kind": LedgerEntry.Kind.SALE}, sold, where=f"{is_named} total > 0")
    came = account | {"amount": "-paid", "payment": "payment_id"}
    yield _insert(LedgerEntry, entry | {"kind": LedgerEntry.Kind.PAYMENT}, came, where=f"{is_named} paid > 0")
    who = {
        "user": by["clerk"],
        "approved_by": actor.approved_by and actor.approved_by.pk,
        "origin": actor.origin,
    }
    what = {"action": "record_sale", "subject_type": Sale._meta.label_lower, "at": now}
    yield _insert(AuditEntry, of_shop | who | what, {"subject_id": "sale_id", "after": AFTER})


def _insert(
    model: type[models.Model],
    values: Mapping[str, Any],
    expressions: Mapping[str, str],
    *,
    source: str = "incoming",
    where: str = "true",
) -> tuple[str, list[Any]]:
    """INSERT ... SELECT: a field is a value, an expression of the source's columns, or its default."""
    columns, selected, parameters = [], [], []
    for field in model._meta.concrete_fields:
        if field.primary_key and field.name not in expressions:
            continue
        columns.append(connection.ops.quote_name(field.attname))
        if field.name in expressions:
            selected.append(expressions[field.name])
            continue
        value = values[field.name] if field.name in values else field.get_default()
        selected.append(
            f"%s::{field.rel_db_type(connection) if field.is_relation else field.db_type(connection)}"
        )
        parameters.append(field.get_db_prep_save(value, connection))
    table = connection.ops.quote_name(model._meta.db_table)
    statement = (
        f"INSERT INTO {table} ({', '.join(columns)}) "  # noqa: S608 names of our own columns
        f"SELECT {', '.join(selected)} FROM {source} WHERE {where} ORDER BY n"
    )
    return statement, parameters


def _dues(cursor: Any, customers: Mapping[int, list[Purse]]) -> list[Due]:
    """What is left to pay of the sales of these customers, the oldest first."""
    if not customers:
        return []
    cursor.execute(DUES, [list(customers)])
    return [Due(*row) for row in cursor.fetchall()]
