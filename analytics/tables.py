"""A table for a spreadsheet: one SELECT that is never whole in memory. Rows one by one, or CSV by PostgreSQL itself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

from django.db import connection

from watershop.dates import Period
from watershop.models import Shop

FETCHED = 2_000
Cell = str | int | Decimal | date | datetime | None


def text(sql: str) -> str:
    """SQL of a text, marked as one where a spreadsheet would take it for a formula (`as_text` of the statement)."""
    return rf"CASE WHEN {sql} ~ '^''*[=+@\t\r-]' THEN '''' || {sql} ELSE {sql} END"


@dataclass(frozen=True)
class Query:
    """What a table asks: SQL for each column by its name, and where the rows come from and in which order.

    The SQL may name the parameters %(shop)s, %(start)s, %(end)s (the period's instants) and %(zone)s.
    """

    columns: Mapping[str, str]
    rows: str
    before: str = ""
    """Common table expressions that `rows` names: WITH ..."""

    def __call__(self, shop: Shop, period: Period) -> "Table":
        return Table(self, shop, period)

    def without(self, column: str) -> "Query":
        """The same, and that column is not asked for."""
        return replace(self, columns={name: sql for name, sql in self.columns.items() if name != column})


@dataclass(frozen=True)
class Table:
    """A query asked of one shop and period."""

    query: Query
    shop: Shop
    period: Period

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.query.columns)

    def rows(self) -> Iterator[tuple[Cell, ...]]:
        """Each row as it is fetched, so many at a time, over a cursor that stays on the server."""
        with connection.chunked_cursor() as cursor:
            cursor.execute(self._sql, self._parameters)
            while some := cursor.fetchmany(FETCHED):
                yield from some

    def write_csv(self, file: IO[bytes]) -> None:
        """Have PostgreSQL write the table into `file` as UTF-8 CSV under a line with the columns' names."""
        with connection.cursor() as cursor:
            select = cursor.mogrify(self._sql, self._parameters).decode()
            cursor.copy_expert(f"COPY ({select}) TO STDOUT WITH (FORMAT csv, HEADER, ENCODING 'UTF8')", file)

    @property
    def _sql(self) -> str:
        columns = ", ".join(f'{sql} AS "{name}"' for name, sql in self.query.columns.items())
        return f"{self.query.before} SELECT {columns} {self.query.rows}"

    @property
    def _parameters(self) -> dict[str, Any]:
        period = self.period
        zone = period.zone.key
        return {"shop": self.shop.pk, "start": period.start, "end": period.end, "zone": zone}
