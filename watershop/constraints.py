"""Promises that PostgreSQL keeps and Django has no name for; they stand in `Meta.constraints` like the others.

`SameShop("customer")` is the composite foreign key (shop_id, customer_id) -> (shop_id, id): a row can never
point into another shop. `AppendOnly()` refuses UPDATE, DELETE and TRUNCATE on the whole table.
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
    """Rows are written once and stay. The function is made by the first migration of `watershop`."""

    def constraint_sql(self, model: Any, schema_editor: Any) -> Any:
        schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        sql = (
            "CREATE TRIGGER %(name)s BEFORE UPDATE OR DELETE OR TRUNCATE ON %(table)s "
            "FOR EACH STATEMENT EXECUTE FUNCTION watershop_append_only()"
        )
        quote = schema_editor.quote_name
        return Statement(sql, name=quote(self.name), table=quote(model._meta.db_table))

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        quote = schema_editor.quote_name
        table = quote(model._meta.db_table)
        return Statement("DROP TRIGGER %(name)s ON %(table)s", name=quote(self.name), table=table)

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """Nothing to check on one row: the trigger guards the table."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AppendOnly) and self.name == other.name
