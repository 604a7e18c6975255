"""The days that are not like others: what the owner keeps of them, and those that fall on the same date each year."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from analytics.models import FestivalDay
from watershop import audit
from watershop.audit import Actor
from watershop.dates import day_of
from watershop.models import Shop

# By month and day. Those that follow the moon (Ugadi, Holi, Eid, Dasara, Diwali) are for the owner to add.
EVERY_YEAR = {
    (1, 1): gettext_lazy("New Year"),
    (1, 14): gettext_lazy("Sankranti"),
    (1, 15): gettext_lazy("Sankranti"),
    (1, 26): gettext_lazy("Republic Day"),
    (4, 14): gettext_lazy("Ambedkar Jayanti"),
    (5, 1): gettext_lazy("May Day"),
    (8, 15): gettext_lazy("Independence Day"),
    (10, 2): gettext_lazy("Gandhi Jayanti"),
    (12, 25): gettext_lazy("Christmas"),
}


@dataclass(frozen=True)
class Suggestion:
    """A festival that the list lacks: the last time it was, from which the forecast learns, and the next."""

    name: str
    days: list[date]

    @property
    def key(self) -> str:
        return f"{self.days[-1]:%m-%d}"


def suggestions(shop: Shop) -> list[Suggestion]:
    """The festivals of a fixed date within a year before and after today, without the days listed; one query."""
    today = day_of(shop, timezone.now())
    listed = set(FestivalDay.objects.filter(shop=shop).values_list("day", flat=True))
    found = []
    for (month, day), name in EVERY_YEAR.items():
        years = (date(year, month, day) for year in range(today.year - 1, today.year + 2))
        near = [each for each in years if abs(each - today) < timedelta(days=365) and each not in listed]
        if near:
            found.append(Suggestion(str(name), near))
    return sorted(found, key=lambda each: each.days[-1])


@transaction.atomic
def save(shop: Shop, *, day: date, name: str, is_closed: bool, actor: Actor) -> FestivalDay:
    """Put a day on the list; one that is there already gets this name, and is open or closed as said now.

    Raises ValidationError for a name that is too long or empty.
    """
    row = FestivalDay.objects.filter(shop=shop, day=day).first()
    if row:
        return audit.change(row, actor, "change_festival_day", {"name": name, "is_closed": is_closed})
    row = FestivalDay(shop=shop, day=day, name=name, is_closed=is_closed)
    row.full_clean()
    row.save()
    audit.record(shop, actor, "add_festival_day", row, after=_said(row))
    return row


def add_suggested(shop: Shop, keys: Collection[str], *, actor: Actor) -> int:
    """Put the suggested festivals of these keys on the list, and say how many days that were."""
    wanted = [each for each in suggestions(shop) if each.key in keys]
    days = [(day, each.name) for each in wanted for day in each.days]
    with transaction.atomic():
        for day, name in days:
            save(shop, day=day, name=name, is_closed=False, actor=actor)
    return len(days)


@transaction.atomic
def remove(row: FestivalDay, *, actor: Actor) -> None:
    """Take a day off the list."""
    audit.record(row.shop, actor, "remove_festival_day", row, before=_said(row))
    row.delete()


def _said(row: FestivalDay) -> dict[str, object]:
    return {"day": row.day.isoformat(), "name": row.name, "is_closed": row.is_closed}
