"""Sales and visits of a stretch of time as the join reads them: all by the till's clock, with what people decided."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Q

from sales.models import Sale
from vision import clocks
from vision.joining.clock import Clock
from vision.joining.events import SaleEvent, VisitEvent
from vision.models import Camera, CounterChoice, Lesson, Recording, SaleLink, Visit
from watershop.models import Shop

CONTEXT = timedelta(hours=2)
"""The join learns from so much before and after how people buy here."""
LONGEST_VISIT = timedelta(hours=4)
LONGEST_FILM = timedelta(days=1)
"""These bound the search in the indexes of beginnings."""
FROM_MEMORY = timedelta(minutes=10)
"""What was keyed so much later than it was sold has its time from memory."""
State = SaleLink.State


@dataclass(frozen=True)
class Stretch:
    """What the join is told, times in seconds of the till; sales and visits by their ids."""

    sales: list[SaleEvent]
    visits: list[VisitEvent]
    watched: list[tuple[float, float]]
    decided: dict[int, int]
    """Sale -> its visit, as somebody said, or as it taught a face."""
    chosen: dict[int, int]
    """Sale -> the visit of the face that the clerk chose for it at the till."""
    refused: frozenset[tuple[int, int]]
    sure: frozenset[int]
    """Visits of cameras whose clock is known."""
    roughly: frozenset[int]
    """Sales whose time somebody wrote down later."""
    strangers: frozenset[int]
    """Visits of persons of whom nobody has said who they are."""

    @property
    def has_sure_clock(self) -> bool:
        return bool(self.sure) or not self.visits


def read(shop: Shop, start: datetime, end: datetime) -> Stretch:
    """The stretch from `start` to `end` (till) with its surroundings; a fixed number of queries for each camera."""
    start, end = start - CONTEXT, end + CONTEXT
    cameras, middle = Camera.objects.filter(shop=shop), start + (end - start) / 2
    known = {row.pk: clocks.of(row, middle) for row in cameras.before_counter(among=cameras)}
    sales = list(
        Sale.objects.of(shop).standing().filter(sold_at__gte=start, sold_at__lt=end).order_by("sold_at")
    )
    rows = _once_each(_visits(shop, known, start, end))
    links = SaleLink.objects.filter(shop=shop, sale__sold_at__gte=start, sale__sold_at__lt=end)
    refused = frozenset(links.filter(state=State.REFUSED).values_list("sale", "visit"))
    decided = dict(links.filter(holding()).values_list("sale", "visit"))
    return Stretch(
        sales=[SaleEvent(row.pk, row.sold_at.timestamp(), _code(row.customer_id)) for row in sales],
        visits=[_event(row, known[row.recording.camera_id]) for row in rows],
        watched=_watched(shop, known, start, end),
        decided=decided,
        chosen=_chosen(shop, start, end, decided, refused),
        refused=refused,
        sure=frozenset(row.pk for row in rows if known[row.recording.camera_id].is_sure),
        roughly=frozenset(row.pk for row in sales if _is_from_memory(row)),
        strangers=frozenset(row.pk for row in rows if row.person and not row.person.is_described),
    )


def holding() -> Q:
    """Links that no job touches: somebody confirmed them, or a face was learnt from them."""
    return Q(state=State.CONFIRMED) | Q(lesson__state=Lesson.State.LEARNT)


def _visits(shop: Shop, known: dict[int, Clock], start: datetime, end: datetime) -> Sequence[Visit]:
    near = Q(pk__in=[])
    for camera, clock in known.items():
        first, last = _by_camera(clock, start), _by_camera(clock, end)
        near |= Q(
            recording__camera=camera,
            entry_at__gte=first - LONGEST_VISIT,
            entry_at__lte=last,
            exit_at__gte=first,
        )
    rows = Visit.objects.of(shop).by_customers().filter(near)
    return list(rows.select_related("person", "recording").order_by("entry_at", "pk"))


def _by_camera(clock: Clock, at: datetime) -> datetime:
    return datetime.fromtimestamp(clock.to_camera(at.timestamp()), UTC)


def _once_each(visits: Iterable[Visit]) -> list[Visit]:
    """Of one stay that several cameras saw, the visit with the wait at the counter, else the first."""
    kept: list[Visit] = []
    of_person: dict[int, list[Visit]] = {}
    for visit in sorted(visits, key=lambda visit: (visit.counter_from_at is None, visit.entry_at)):
        others = of_person.setdefault(visit.person_id, []) if visit.person_id else []
        if not any(_is_same_stay(visit, other) for other in others):
            others.append(visit)
            kept.append(visit)
    return kept


def _is_same_stay(one: Visit, other: Visit) -> bool:
    is_elsewhere = one.recording.camera_id != other.recording.camera_id
    return is_elsewhere and one.entry_at <= other.exit_at and other.entry_at <= one.exit_at


def _event(visit: Visit, clock: Clock) -> VisitEvent:
    """A visit by the till's clock, with whom it was recognised as."""
    counter = None
    if visit.counter_from_at and visit.counter_until_at:
        counter = _by_till(clock, visit.counter_from_at), _by_till(clock, visit.counter_until_at)
    return VisitEvent(
        visit.pk,
        _by_till(clock, visit.entry_at),
        _by_till(clock, visit.exit_at),
        counter,
        visit.person.code if visit.person else None,
        _code(visit.person.customer_id) if visit.person else None,
    )


def _by_till(clock: Clock, at: datetime) -> float:
    return clock.to_till(at.timestamp())


def _code(customer: int | None) -> str | None:
    return str(customer) if customer else None


def _watched(
    shop: Shop, known: dict[int, Clock], start: datetime, end: datetime
) -> list[tuple[float, float]]:
    """From when to when (till) a camera was watched."""
    first = min((_by_camera(clock, start) for clock in known.values()), default=start) - LONGEST_FILM
    last = max((_by_camera(clock, end) for clock in known.values()), default=end)
    films = Recording.objects.filter(shop=shop, camera__in=known, state=Recording.State.DONE)
    rows = films.filter(started_at__gte=first, started_at__lte=last)
    return [
        (
            _by_till(known[camera], started_at),
            _by_till(known[camera], started_at + timedelta(seconds=duration_s)),
        )
        for camera, started_at, duration_s in rows.values_list("camera", "started_at", "duration_s")
    ]


def _chosen(
    shop: Shop,
    start: datetime,
    end: datetime,
    decided: dict[int, int],
    refused: frozenset[tuple[int, int]],
) -> dict[int, int]:
    """The clerk chose the face of a visit, and the same form became the sale."""
    choices = CounterChoice.objects.filter(shop=shop, at__gte=start, at__lt=end, visit__isnull=False)
    visits = dict(choices.exclude(client_ref="").order_by("at", "pk").values_list("client_ref", "visit"))
    sales = Sale.objects.of(shop).standing().filter(client_ref__in=visits)
    pairs = [(pk, visits[str(ref)]) for pk, ref in sales.values_list("pk", "client_ref")]
    return {sale: visit for sale, visit in pairs if sale not in decided and (sale, visit) not in refused}


def _is_from_memory(sale: Sale) -> bool:
    if sale.source == Sale.Source.PAPER:
        return True
    is_late = sale.recorded_at - sale.sold_at > FROM_MEMORY
    return is_late and sale.source == Sale.Source.TILL and sale.device_at is None and not sale.replaces_id
