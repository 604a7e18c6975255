"""Who did it and from where: `Actor` travels with every deed, `record` writes the append-only audit entry."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from django.db import models, transaction
from django.http import HttpRequest

from watershop.models import AuditEntry, Membership, Shop, ShopRow, User

Row = TypeVar("Row", bound=ShopRow | Shop)


@dataclass(frozen=True)
class Actor:
    """The user who does something (None for a command or a task), where from, and who allowed it by PIN."""

    user: User | None
    origin: str
    approved_by: User | None = None

    @staticmethod
    def of(request: HttpRequest) -> "Actor":
        """The signed-in user behind a page or API request."""
        door = "api" if request.path.startswith("/api/") else "web"
        user = request.user
        assert isinstance(user, User)
        approver: Membership | None = getattr(request, "approver", None)
        origin = f"{door} {request.META.get('REMOTE_ADDR', '')}".strip()
        return Actor(user, origin, approver.user if approver else None)

    @staticmethod
    def command(name: str) -> "Actor":
        return Actor(None, f"command {name}")

    @staticmethod
    def task(name: str) -> "Actor":
        return Actor(None, f"task {name}")


def entry(
    shop: Shop,
    actor: Actor,
    action: str,
    subject: models.Model,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> AuditEntry:
    """An unsaved audit entry, for the deeds that save many at once."""
    return AuditEntry(
        shop=shop,
        user=actor.user,
        approved_by=actor.approved_by,
        origin=actor.origin,
        action=action,
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        before=before,
        after=after,
    )


def record(
    shop: Shop, actor: Actor, action: str, subject: models.Model, **change: dict[str, Any] | None
) -> None:
    """Write one audit entry; `before` and `after` hold ids and plain values, never a face or a secret."""
    entry(shop, actor, action, subject, **change).save()


@transaction.atomic
def change(
    row: Row, actor: Actor, action: str, fields: Mapping[str, Any], *, personal: Collection[str] = ()
) -> Row:
    """Set these fields, save what is new and record it; return the row as it stands now.

    Raises ValidationError for what is new; what stands already (a code that an import brought) is taken as it is.
    Writes nothing when nothing is new. The audit is never erased, so of `personal` fields it keeps the names alone.
    """
    row = cast(Row, type(row)._default_manager.select_for_update().get(pk=row.pk))
    changed = [name for name, value in fields.items() if getattr(row, name) != value]
    if not changed:
        return row
    plain = [name for name in changed if name not in personal]
    before = _values(row, plain)
    for name in changed:
        setattr(row, name, fields[name])
    untouched = {field.name for field in row._meta.fields} - set(changed)
    row.full_clean(exclude=untouched, validate_constraints=False)
    row.validate_constraints()
    row.save(update_fields=changed)
    shop = row if isinstance(row, Shop) else row.shop
    record(shop, actor, action, row, before=before, after={"changed": changed, **_values(row, plain)})
    return row


def _values(row: models.Model, names: Iterable[str]) -> dict[str, Any]:
    values = {name: row.serializable_value(name) for name in names}
    return {
        name: value if isinstance(value, str | int | None) else str(value) for name, value in values.items()
    }
