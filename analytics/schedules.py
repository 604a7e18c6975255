"""Reports that go out by themselves: who gets which, after which day, and that each goes out once.

A report is made first and put into the outbox with one conditional update of `sent_until`: however many workers make
it, one of them sends it. After a standstill the latest alone goes out; its heading says for which days.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from analytics import reports
from analytics.models import ReportSchedule
from watershop import audit, jobs, outbox
from watershop.audit import Actor
from watershop.dates import Period, day_of
from watershop.jobs import Beat
from watershop.models import Attachment, Job, Message, Shop

SEND = "analytics.schedules.send"
AFTER_A_FAILURE = timedelta(hours=1)
"""A report that could not be made is tried again then, and not each minute."""
DAY = timedelta(days=1)
Rhythm = ReportSchedule.Rhythm


def last_before(rhythm: str, day: date) -> tuple[date, date]:
    """The last whole day, week (from Monday) or month that is over on that day: its first and its last day."""
    if rhythm == Rhythm.MONTHLY:
        last = day.replace(day=1) - DAY
        return last.replace(day=1), last
    if rhythm == Rhythm.WEEKLY:
        monday = day - day.weekday() * DAY
        return monday - 7 * DAY, monday - DAY
    return day - DAY, day - DAY


def due(schedule: ReportSchedule, now: datetime) -> Period | None:
    """What is to be sent now, on the shop's clock. None: it went out, or its hour is still to come.

    Without `sent_until` somebody asked for one now: the hour does not matter then.
    """
    shop = schedule.shop
    if schedule.sent_until is None:
        return Period(*last_before(schedule.rhythm, day_of(shop, now)), shop.tz)
    first, last = _latest(shop, schedule.rhythm, schedule.hour, now)
    return Period(first, last, shop.tz) if schedule.is_active and last > schedule.sent_until else None


def _latest(shop: Shop, rhythm: str, hour: int, now: datetime) -> tuple[date, date]:
    """The days of the last report whose hour has come."""
    local = now.astimezone(shop.tz)
    return last_before(rhythm, local.date() if local.hour >= hour else local.date() - DAY)


def add(shop: Shop, fields: Mapping[str, Any], actor: Actor) -> ReportSchedule:
    """A new one, whose first report is of the days that run now. Raises ValidationError for a double."""
    schedule = ReportSchedule(shop=shop, by=actor.user, **fields)
    schedule.sent_until = _latest(shop, schedule.rhythm, schedule.hour, timezone.now())[1]
    schedule.full_clean(exclude=["by"])
    with transaction.atomic():
        schedule.save()
        audit.record(shop, actor, "add_report", schedule, after=_codes(schedule))
    return schedule


def change(schedule: ReportSchedule, fields: Mapping[str, Any], actor: Actor) -> ReportSchedule:
    """Change what goes out, or when; what the new hours would have sent before is not made up for.

    Raises ValidationError for a double.
    """
    old = ReportSchedule.objects.get(pk=schedule.pk)
    times = {"rhythm": old.rhythm, "hour": old.hour, "is_active": old.is_active}
    new = {name: fields.get(name, value) for name, value in times.items()}
    if new != times and old.sent_until:
        caught_up = _latest(schedule.shop, new["rhythm"], new["hour"], timezone.now())[1]
        fields = {**fields, "sent_until": max(old.sent_until, caught_up)}
    return audit.change(schedule, actor, "change_report", fields, personal={"to"})


@transaction.atomic
def remove(schedule: ReportSchedule, actor: Actor) -> None:
    """No further report goes out; what waits in the outbox does."""
    audit.record(schedule.shop, actor, "remove_report", schedule, before=_codes(schedule))
    schedule.delete()


@transaction.atomic
def ask(schedule: ReportSchedule, actor: Actor) -> None:
    """Have the latest report sent at once, also one that went out already."""
    ReportSchedule.objects.filter(pk=schedule.pk).update(sent_until=None)
    audit.record(schedule.shop, actor, "ask_report", schedule, after=_codes(schedule))
    jobs.enqueue(schedule.shop, SEND, schedule.pk)


def _codes(schedule: ReportSchedule) -> dict[str, Any]:
    return {"rhythm": schedule.rhythm, "language": schedule.language, "hour": schedule.hour}


def queue_due() -> None:
    """Each minute: have those made that are due; two queries where none is."""
    now = timezone.now()
    failed = Job.objects.filter(name=SEND, state=Job.State.FAILED, finished_at__gt=now - AFTER_A_FAILURE)
    rows = ReportSchedule.objects.exclude(pk__in=failed.values("subject_id")).select_related("shop")
    for schedule in rows:
        if due(schedule, now):
            jobs.enqueue(schedule.shop, SEND, schedule.pk)


def send(schedule_id: int, beat: Beat) -> None:
    """The job of one schedule: make the report that is due, and put it into the outbox."""
    schedule = ReportSchedule.objects.select_related("shop", "by").filter(pk=schedule_id).first()
    if schedule and (period := due(schedule, timezone.now())):
        put(schedule, period, *reports.mail_of(schedule, period))


@transaction.atomic
def put(schedule: ReportSchedule, period: Period, mail: Message, files: list[Attachment]) -> bool:
    """Whether it went into the outbox: not when somebody else was quicker since the schedule was read."""
    waiting = ReportSchedule.objects.filter(pk=schedule.pk, sent_until=schedule.sent_until)
    if not waiting.update(sent_until=period.last):
        return False
    outbox.put(schedule.shop, [mail], files)
    days = {"first": period.first.isoformat(), "last": period.last.isoformat()}
    audit.record(schedule.shop, Actor.task("send_report"), "send_report", schedule, after=days)
    return True
