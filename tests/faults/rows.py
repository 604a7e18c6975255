"""What a recording left in the database and the storage, so that two of them can be compared row for row."""

import hashlib
from typing import Any

from django.core.files.storage import default_storage
from django.db.models import FileField, ForeignKey, Model
from django.db.models.fields.files import FieldFile

from vision.models import Person, Recording, RecordingChunk, Template, Tracklet, Visit
from watershop.models import Shop

KINDS: tuple[type[Model], ...] = (Recording, RecordingChunk, Person, Visit, Tracklet, Template)
BOOKKEEPING = frozenset({"id", "shop", "created_at", "plan"})
"""Names and times of the run, not of what was seen; the plan names files of the installation."""


def rows_of(shop: Shop) -> dict[str, list[dict[str, Any]]]:
    """All rows of a shop that watching makes, by kind, in the order of their ids; a row refers by place, not by id."""
    place: dict[tuple[type[Model], Any], int] = {}
    rows: dict[str, list[dict[str, Any]]] = {}
    for kind in KINDS:
        found = list(kind._default_manager.filter(shop=shop).order_by("pk"))
        place |= {(kind, row.pk): number for number, row in enumerate(found)}
        rows[kind.__name__] = [_values(row, place) for row in found]
    return rows


def _values(row: Model, place: dict[tuple[type[Model], Any], int]) -> dict[str, Any]:
    fields = [field for field in row._meta.concrete_fields if field.name not in BOOKKEEPING]
    return {field.name: _value(row, field, place) for field in fields}


def _value(row: Model, field: Any, place: dict[tuple[type[Model], Any], int]) -> Any:
    value = getattr(row, field.attname)
    if isinstance(field, ForeignKey):
        return value if value is None else place.get((field.related_model, value), "elsewhere")
    if isinstance(field, FileField):
        return _content(value)
    if field.name == "summary" and value:
        return {name: number for name, number in value.items() if name != "seconds"}
    return value.tolist() if hasattr(value, "tolist") else value


def _content(file: FieldFile) -> str:
    """A file is what is in it, wherever it lies."""
    if not file.name:
        return ""
    with default_storage.open(file.name) as opened:
        return hashlib.sha256(opened.read()).hexdigest()
