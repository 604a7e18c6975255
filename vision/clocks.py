"""How far each camera's clock is from the till's: estimated from sales and visits, applied once sure, never silently.

Estimates are rows and stay. One that is sure and agrees with what holds is smoothed into it; one that does not is a
jump (a restart, a clock set right) and holds once a second one, of a later time, says the same. What somebody
refused is not applied again.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from sales.models import Sale
from vision.joining.clock import DAY_S, Clock, estimate
from vision.joining.events import SaleEvent, VisitEvent
from vision.models import Camera, ClockEstimate, Visit
from watershop import audit, jobs
from watershop.audit import Actor

RELINK = "vision.tasks.link_by_clock"
WINDOWS = (timedelta(days=1), timedelta(days=7))
"""An estimate is made of the visits of one day, up to the newest; where these are too few, of a week."""
TWICE_WITHIN = timedelta(days=3)
"""A jump holds when the second estimate that says so comes so soon after the first."""
FAULT = timedelta(hours=13)
"""So far off the till's sales are looked for: a clock may run in another time zone."""
AGAIN_AFTER = timedelta(hours=6)
"""One estimate in so long; and so much later must the second be that says the same."""
AGREE_S, AGREE_S_PER_DAY = 15.0, 5.0
"""Two estimates agree so far apart, and so much farther a day: good ones are wrong by a few seconds."""
DRIFT_DOUBT = 1.0
"""Seconds a day by which a drift that was measured may be wrong."""
STEP_S = 10
"""The curve is kept in steps of so many seconds."""
SHOWN_FROM_S = 2.0
"""A smaller difference is no news to anybody."""
ONE_CLOCK = Clock(z=float("inf"), peak_ratio=float("inf"))
"""A live camera is watched by the machine that keeps the till's time."""
BY_ITSELF = Actor.task("clocks")
State = ClockEstimate.State


def of(camera: Camera, at: datetime) -> Clock:
    """The clock of a camera around a moment; `is_sure` is False where nothing is known, and it is taken as right."""
    row = _applied(camera, at)
    if row is not None:
        return _clock(row)
    return ONE_CLOCK if camera.is_live else Clock()


def _applied(camera: Camera, at: datetime) -> ClockEstimate | None:
    """The newest applied estimate whose time had begun by then; before all, the first one."""
    applied = camera.clock_estimates.filter(state=State.APPLIED).defer("curve")
    begun = applied.filter(first_at__lte=at).order_by("-at", "-pk").first()
    return begun or applied.order_by("at", "pk").first()


def _clock(row: ClockEstimate) -> Clock:
    return Clock(
        offset_s=row.offset_s,
        drift=row.drift_s_per_day,
        at=row.at.timestamp(),
        z=row.z,
        peak_ratio=row.peak_ratio,
        spread_s=row.spread_s,
        sales=row.sales,
        visits=row.visits,
    )


def by_camera(camera: Camera, at: datetime) -> datetime:
    """A moment of the till as the camera's clock shows it."""
    return datetime.fromtimestamp(of(camera, at).to_camera(at.timestamp()), UTC)


def shown(cameras: Iterable[Camera]) -> list[ClockEstimate]:
    """What links take into account at these cameras now, where it is worth a word; one query."""
    applied = ClockEstimate.objects.filter(camera__in=cameras, state=State.APPLIED).defer("curve")
    newest = applied.order_by("camera_id", "-at", "-pk").distinct("camera_id").select_related("camera")
    return [row for row in newest if row.apart_s >= SHOWN_FROM_S]


def estimate_all() -> None:
    """Each day: every camera that has seen somebody since its last estimate."""
    for camera in Camera.objects.select_related("shop"):
        newest = Visit.objects.filter(recording__camera=camera).order_by("-exit_at").first()
        if newest is not None:
            consider(camera, newest.exit_at)


def consider(camera: Camera, until: datetime) -> ClockEstimate | None:
    """Estimate a camera's clock from the days before a moment, unless that was done lately; None without news."""
    near = camera.clock_estimates.filter(last_at__gt=until - AGAIN_AFTER, first_at__lt=until)
    if near.exists():
        return None
    found = None
    for window in WINDOWS:
        found, since = _estimated(camera, until - window, until), until - window
        if found and found.is_sure:
            break
    return _keep(camera, found, since, until) if found else None


def _estimated(camera: Camera, since: datetime, until: datetime) -> Clock | None:
    """What the sales and visits of a time say; None with too few of them."""
    seen = Visit.objects.of(camera.shop).by_customers().filter(recording__camera=camera)
    visits = [visit_event(row) for row in seen.filter(entry_at__gte=since, entry_at__lte=until)]
    sold = Sale.objects.of(camera.shop).standing().exclude(source=Sale.Source.PAPER)
    times = sold.filter(sold_at__gte=since - FAULT, sold_at__lte=until + FAULT).order_by()
    sales = [SaleEvent(pk, at.timestamp()) for pk, at in times.values_list("pk", "sold_at")]
    return estimate(sales, visits)


def visit_event(visit: Visit, **fields: Any) -> VisitEvent:
    """A visit as the join reads it, in seconds of the camera."""
    counter = None
    if visit.counter_from_at and visit.counter_until_at:
        counter = (visit.counter_from_at.timestamp(), visit.counter_until_at.timestamp())
    return VisitEvent(visit.pk, visit.entry_at.timestamp(), visit.exit_at.timestamp(), counter, **fields)


@transaction.atomic
def _keep(camera: Camera, found: Clock, since: datetime, until: datetime) -> ClockEstimate:
    """Write an estimate down, apply it if it may be, and say so in the audit."""
    held = Camera.objects.select_for_update(no_key=True).get(pk=camera.pk)
    at = datetime.fromtimestamp(found.at, UTC)
    standing = _applied(held, at)
    state = _state(held, found, standing, at)
    if state == State.APPLIED and standing and _agrees(_clock(standing), found):
        found = _smoothed(_clock(standing), found)
    row = ClockEstimate.objects.create(
        shop=camera.shop,
        camera=camera,
        at=at,
        first_at=since,
        last_at=until,
        offset_s=found.offset_s,
        drift_s_per_day=found.drift,
        z=found.z,
        peak_ratio=found.peak_ratio,
        spread_s=found.spread_s,
        sales=found.sales,
        visits=found.visits,
        curve=_coarse(found),
        state=state,
    )
    if state == State.APPLIED:
        before = {"offset_s": str(standing.offset_s)} if standing else None
        audit.record(camera.shop, BY_ITSELF, "apply_clock", row, before=before, after=_told(row))
        if standing is None or abs(_clock(standing).to_till(found.at) - found.to_till(found.at)) > AGREE_S:
            jobs.enqueue(camera.shop, RELINK, row.pk)
    return row


def _state(camera: Camera, found: Clock, standing: ClockEstimate | None, at: datetime) -> State:
    """Whether an estimate is applied: it is sure, nobody refused it, and it is no jump that was seen only once."""
    rows = camera.clock_estimates.defer("curve")
    if not found.is_sure or any(_agrees(_clock(row), found) for row in rows.filter(state=State.REFUSED)):
        return State.NOTED
    if standing is None or _agrees(_clock(standing), found):
        return State.APPLIED
    before = rows.filter(state=State.NOTED, at__lte=at - AGAIN_AFTER, at__gte=at - TWICE_WITHIN)
    earlier = [_clock(row) for row in before.filter(at__gt=standing.at)]
    return State.APPLIED if any(one.is_sure and _agrees(one, found) for one in earlier) else State.NOTED


def _agrees(one: Clock, other: Clock) -> bool:
    """Whether two clocks say the same at the time of the second, as far as clocks can be known."""
    days = abs(other.at - one.at) / DAY_S
    return abs(one.to_till(other.at) - other.to_till(other.at)) <= AGREE_S + AGREE_S_PER_DAY * days


def _smoothed(before: Clock, found: Clock) -> Clock:
    """An alpha-beta filter (Benedict and Bordner 1962): the new offset and drift drawn to what was known.

    The gain follows from how sure each offset is: the spread of its sales over the root of their number.
    """
    days = (found.at - before.at) / DAY_S
    doubt_before = before.spread_s**2 / max(before.sales, 1) + (DRIFT_DOUBT * days) ** 2
    doubt_found = found.spread_s**2 / max(found.sales, 1)
    alpha = doubt_before / max(doubt_before + doubt_found, 1e-9)
    expected = before.to_till(found.at) - found.at
    news = found.offset_s - expected
    drift = before.drift + alpha**2 / (2 - alpha) * news / max(abs(days), 1.0)
    return replace(found, offset_s=expected + alpha * news, drift=drift)


def _coarse(clock: Clock) -> list[tuple[int, float]]:
    """The curve in steps: (seconds, height), each step as high as its highest second, none below the floor."""
    steps: dict[int, float] = {}
    for lag, height in zip(clock.lags_s, clock.heights, strict=True):
        step = round(lag / STEP_S) * STEP_S
        steps[step] = max(steps.get(step, 0.0), round(height, 3))
    return sorted(steps.items())


def _told(row: ClockEstimate) -> dict[str, str | int]:
    return {"camera": row.camera_id, "offset_s": str(round(row.offset_s, 1)), "state": str(row.state)}


def refuse(row: ClockEstimate, actor: Actor) -> None:
    """This is not so: the estimate and all that agree with it hold no longer, nor is one like it applied again.

    Raises ValidationError when it is not applied.
    """
    with transaction.atomic():
        _hold(row)
        applied = row.camera.clock_estimates.filter(state=State.APPLIED).defer("curve")
        alike = [one.pk for one in applied if _agrees(_clock(one), _clock(row))]
        if row.pk not in alike:
            raise ValidationError(_("This estimate is not applied any more."))
        _decide(row, applied.filter(pk__in=alike), State.REFUSED, actor)


def take_back(row: ClockEstimate, actor: Actor) -> None:
    """Undo a refusal, of all that it has refused at once. Raises ValidationError when it was not refused."""
    with transaction.atomic():
        _hold(row)
        row.refresh_from_db(fields=["state", "decided_at"])
        if row.state != State.REFUSED:
            raise ValidationError(_("This estimate is not refused any more."))
        refused = row.camera.clock_estimates.filter(state=State.REFUSED, decided_at=row.decided_at)
        _decide(row, refused, State.APPLIED, actor)


def _hold(row: ClockEstimate) -> None:
    """No other estimate of the camera is kept or decided on until this transaction ends."""
    Camera.objects.select_for_update(no_key=True).get(pk=row.camera_id)


def _decide(row: ClockEstimate, rows: QuerySet[ClockEstimate], state: State, actor: Actor) -> None:
    ids = sorted(rows.values_list("pk", flat=True))
    changed = ClockEstimate.objects.filter(pk__in=ids)
    changed.update(state=state, decided_by=actor.user, decided_at=timezone.now())
    before = {"state": str(row.state)}
    audit.record(row.shop, actor, "decide_clock", row, before=before, after={"state": str(state), "all": ids})
    first = changed.order_by("first_at").first() or row
    jobs.enqueue(row.shop, RELINK, first.pk)
