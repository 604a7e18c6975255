"""What a decision changes, row by row, in a form that is kept as JSON and can be turned round."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import models

from vision.models import Denial, Person, Template, Tracklet, Visit
from watershop.models import Shop

Value = int | bool | str | None
TABLES: dict[str, type[models.Model]] = {
    table._meta.model_name or "": table for table in (Visit, Tracklet, Template, Person, Denial)
}
LOOSE = ("template", "is_enrolled")
"""What a job may have changed since: which of a person's templates are compared with."""


class StaleError(Exception):
    """A row has been changed again since."""


class Move(NamedTuple):
    """Some rows of a table whose column went from one value to another: ids, flags, times as text, never a name."""

    table: str
    column: str
    old: Value
    new: Value
    ids: list[int]


def move(rows: models.QuerySet[Any], **columns: Value | datetime) -> list[Move]:
    """Give all these rows these values; what that changed, in the order of the columns."""
    table = rows.model._meta.model_name or ""
    ids, moves = list(rows.values_list("pk", flat=True)), []
    chosen = rows.model._default_manager.filter(pk__in=ids)
    for column, new in columns.items():
        before: dict[Value, list[int]] = defaultdict(list)
        for pk, old in chosen.order_by("pk").values_list("pk", column):
            before[_plain(old)].append(pk)
        after = _plain(new)
        moves += [Move(table, column, old, after, pks) for old, pks in before.items() if old != after]
    chosen.update(**columns)
    return moves


def _plain(value: Value | datetime) -> Value:
    return value.isoformat() if isinstance(value, datetime) else value


def reversed_moves(moves: Sequence[Move]) -> list[Move]:
    """What takes these back, the last one first."""
    return [Move(table, column, new, old, ids) for table, column, old, new, ids in reversed(moves)]


def apply(shop: Shop, moves: Sequence[Move]) -> None:
    """Do these moves; rows that are gone are left out. Raises StaleError when one has another value by now."""
    for table, column, old, new, ids in moves:
        rows = TABLES[table]._default_manager.filter(shop=shop, pk__in=ids)
        as_left = rows.filter(**({f"{column}__isnull": True} if old is None else {column: old}))
        if (table, column) != LOOSE and as_left.count() != rows.count():
            raise StaleError
        as_left.update(**{column: new})
