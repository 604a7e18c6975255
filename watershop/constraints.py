"""Promises that PostgreSQL keeps and Django has no name for; they stand in `Meta.constraints` like the others.

`SameShop("customer")` is the composite foreign key (shop_id, customer_id) -> (shop_id, id): a row can never
point into another shop. `AppendOnly()` refuses UPDATE, DELETE and TRUNCATE on the whole table, but for one column that
an erasure may empty. `MarksDay("sold_at")` notes the day of each change in the same transaction.
"""

from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement
from django.db.models.constraints import BaseConstraint


class SameShop(BaseConstraint):
    """The row that `field` points to belongs to the shop of this row. Needs unique (shop, id) on the target."""

    def __init__(self, field: str, *, name: str) -> None:
        super().__init__(name=name)
        self.field = field

    def _clause(self, model: type[models.Model], editor: BaseDatabaseSchemaEditor) -> str:
        field = model._meta.get_field(self.field)
        assert isinstance(field, models.ForeignKey)
        target = field.remote_field.model
        quote = editor.quote_name
        return (
            f"FOREIGN KEY ({quote('shop_id')}, {quote(field.column)}) "
            f"REFERENCES {quote(target._meta.db_table)} ({quote('shop_id')}, {quote('id')}) "
            "DEFERRABLE INITIALLY DEFERRED"
        )

    def constraint_sql(self, model: Any, schema_editor: Any) -> str:
        return f"CONSTRAINT {schema_editor.quote_name(self.name)} {self._clause(model, schema_editor)}"

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        sql = "ALTER TABLE %(table)s ADD %(constraint)s"
        constraint = self.constraint_sql(model, schema_editor)
        return Statement(sql, table=schema_editor.quote_name(model._meta.db_table), constraint=constraint)

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        table = schema_editor.quote_name(model._meta.db_table)
        return Statement(
            "ALTER TABLE %(table)s DROP CONSTRAINT %(name)s",
            table=table,
            name=schema_editor.quote_name(self.name),
        )

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """Left to the database: forms only offer rows of their own shop."""

    def deconstruct(self) -> Any:
        path, _, kwargs = super().deconstruct()
        return path, (self.field,), kwargs

    def __eq__(self, other: object) -> bool:
        if isinstance(other, SameShop):
            return (self.field, self.name) == (other.field, other.name)
        return NotImplemented


class AppendOnly(BaseConstraint):
    """Rows are written once and stay; at most one column of them (`may_empty`, JSON) becomes {}, for an erasure.

    The functions are made by migrations of `watershop`.
    """

    def __init__(self, *, name: str, may_empty: str = "") -> None:
        super().__init__(name=name)
        self.may_empty = may_empty

    def constraint_sql(self, model: Any, schema_editor: Any) -> Any:
        schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        sql = (
            "CREATE TRIGGER %(name)s BEFORE UPDATE OR DELETE OR TRUNCATE ON %(table)s "
            "FOR EACH STATEMENT EXECUTE FUNCTION watershop_append_only()"
        )
        if self.may_empty:
            sql = sql.replace("UPDATE OR ", "") + (
                "; CREATE TRIGGER %(of_rows)s BEFORE UPDATE ON %(table)s "
                "FOR EACH ROW EXECUTE FUNCTION watershop_only_empties(%(column)s)"
            )
        return self._statement(sql, model, schema_editor)

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        sql = "DROP TRIGGER %(name)s ON %(table)s"
        if self.may_empty:
            sql += "; DROP TRIGGER %(of_rows)s ON %(table)s"
        return self._statement(sql, model, schema_editor)

    def _statement(self, sql: str, model: Any, schema_editor: Any) -> Statement:
        quote = schema_editor.quote_name
        return Statement(
            sql,
            name=quote(self.name),
            of_rows=quote(f"{self.name}_rows"),
            table=quote(model._meta.db_table),
            column=schema_editor.quote_value(self.may_empty),
        )

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """Nothing to check on one row: the trigger guards the table."""

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        return path, args, kwargs | ({"may_empty": self.may_empty} if self.may_empty else {})

    def __eq__(self, other: object) -> bool:
        if isinstance(other, AppendOnly):
            return (self.name, self.may_empty) == (other.name, other.may_empty)
        return NotImplemented


class MarksDay(BaseConstraint):
    """Each change of a row marks its day in `DirtyDay`, so that what was counted of that day is counted anew.

    `time` is a column of this table, or of the row that a foreign key leads to ("sale__sold_at"). `on` lists what
    changes rows: of a table whose rows are written once, INSERT alone. The function is made by a migration of
    `watershop`.
    """

    def __init__(self, time: str, *, name: str, on: tuple[str, ...] = ("INSERT",)) -> None:
        super().__init__(name=name)
        self.time = time
        self.on = tuple(on)

    def constraint_sql(self, model: Any, schema_editor: Any) -> Any:
        schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        quote, days = schema_editor.quote_name, self._days(model, schema_editor)
        sql = "; ".join(
            f"CREATE TRIGGER {quote(name)} AFTER {event} ON %(table)s REFERENCING {rows} TABLE AS changed "
            f"FOR EACH STATEMENT EXECUTE FUNCTION watershop_mark_days({schema_editor.quote_value(days)})"
            for name, event, rows in self._triggers()
        )
        return Statement(sql, table=quote(model._meta.db_table))

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        quote = schema_editor.quote_name
        names = (name for name, _event, _rows in self._triggers())
        sql = "; ".join(f"DROP TRIGGER {quote(name)} ON %(table)s" for name in names)
        return Statement(sql, table=quote(model._meta.db_table))

    def _triggers(self) -> list[tuple[str, str, str]]:
        """Name, event and which rows: what an update left, and what it made of it, may lie on two days."""
        rows = {"INSERT": ["NEW"], "UPDATE": ["OLD", "NEW"], "DELETE": ["OLD"]}
        return [
            (f"{self.name}_{event}_{which}".lower(), event, which)
            for event in self.on
            for which in rows[event]
        ]

    def _days(self, model: type[models.Model], editor: BaseDatabaseSchemaEditor) -> str:
        """The query that yields (shop_id, time) of the rows `changed`."""
        quote = editor.quote_name
        key, _, column = self.time.rpartition("__")
        if not key:
            return f"SELECT shop_id, {quote(column)} FROM changed"  # noqa: S608 names of our own columns
        field = model._meta.get_field(key)
        assert isinstance(field, models.ForeignKey)
        target = quote(field.remote_field.model._meta.db_table)
        return (
            f"SELECT t.shop_id, t.{quote(column)} FROM changed c "  # noqa: S608
            f"JOIN {target} t ON t.shop_id = c.shop_id AND t.id = c.{quote(field.column)}"
        )

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """Nothing to check: the triggers only take note."""

    def deconstruct(self) -> Any:
        path, _args, kwargs = super().deconstruct()
        return path, (self.time,), kwargs | {"on": self.on}

    def __eq__(self, other: object) -> bool:
        if isinstance(other, MarksDay):
            return (self.name, self.time, self.on) == (other.name, other.time, other.on)
        return NotImplemented
