"""Who did it and from where: `Actor` travels with every deed, `record` writes the append-only audit entry."""

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.http import HttpRequest

from watershop.models import AuditEntry, Shop, User


@dataclass(frozen=True)
class Actor:
    """The user who does something (None for a command or a task) and where they do it from."""

    user: User | None
    origin: str

    @staticmethod
    def of(request: HttpRequest) -> "Actor":
        """The signed-in user behind a page or API request."""
        door = "api" if request.path.startswith("/api/") else "web"
        user = request.user
        assert isinstance(user, User)
        return Actor(user, f"{door} {request.META.get('REMOTE_ADDR', '')}".strip())

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
