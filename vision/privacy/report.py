"""What went in which night, added up from what was deleted."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import IntegerField, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce, TruncDate
from django.utils.translation import gettext_lazy as _

from vision.models import RetentionRun
from watershop.dates import last_days
from watershop.models import Shop

NIGHTS = 30
KINDS: dict[str, Any] = {
    "unnamed": _("faces without a name"),
    "known": _("faces of customers"),
    "pictures": _("pictures"),
    "films": _("recordings"),
    "disputes": _("dispute files"),
}


@dataclass(frozen=True)
class Night:
    """What went on one day, by kind in the order of KINDS: (label, how many), none left out."""

    day: date
    deleted: list[tuple[Any, int]]

    @property
    def total(self) -> int:
        return sum(count for _label, count in self.deleted)


def nights(shop: Shop) -> list[Night]:
    """The last thirty days on which the job ran, newest first."""
    sums = {kind: Sum(Coalesce(Cast(KT(f"deleted__{kind}"), IntegerField()), 0)) for kind in KINDS}
    runs = RetentionRun.objects.filter(shop=shop, at__gte=last_days(shop, NIGHTS).start)
    days = runs.order_by().annotate(day=TruncDate("at", tzinfo=shop.tz)).values("day").annotate(**sums)
    found: list[Any] = list(days.order_by("-day"))
    return [Night(row["day"], [(label, row[kind]) for kind, label in KINDS.items()]) for row in found]
