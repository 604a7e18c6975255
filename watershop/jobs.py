"""Background work. The Job row is the truth; django-q2 only carries its id to a worker.

django-q2 counts attempts after the work, so a job that kills its worker would run for ever; here the attempt is
counted and committed before the work, under a lease. `reap` re-queues what a crash or a lost queue row left behind.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django_q.models import OrmQ, Schedule
from django_q.tasks import async_task

from watershop.models import Job, Shop

log = logging.getLogger(__name__)
FROZEN_AFTER = timedelta(minutes=1)
WHILE_ASKED = timedelta(seconds=10)
HANDED_OVER_AGAIN_AFTER = timedelta(minutes=10)

ENDED_KEPT = timedelta(days=90)


class JobFailedError(Exception):
    """The work can't succeed however often it is tried; the text is for the person who looks at it."""


class Beat:
    """Handed to the work: reports progress, renews the lease, and says when somebody else took the job over."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def __call__(self, progress: float, stage: str = "") -> None:
        """Report progress from 0 to 1. Raises LeaseLostError when this attempt is no longer the one that counts."""
        alive = Job.objects.filter(
            pk=self._job.pk, attempts=self._job.attempts, state=Job.State.RUNNING
        ).update(
            progress=round(100 * min(max(progress, 0), 1)),
            stage=stage[:100],
            lease_until=timezone.now() + _lease(self._job.cluster),
        )
        if not alive:
            raise LeaseLostError(f"job {self._job.pk} was taken over")


class LeaseLostError(Exception):
    """Another attempt runs; this one must stop and store nothing."""


def enqueue(shop: Shop, name: str, subject_id: int, *, cluster: str = "default") -> Job:
    """Queue `name` (a dotted path taking an id and a Beat) for a subject, in the caller's transaction.

    One waiting job per subject: asking again while one waits returns that one; asking again after its end is a
    fresh one with all its attempts.
    """
    with transaction.atomic():
        job, is_new = Job.objects.get_or_create(
            name=name,
            subject_id=subject_id,
            state=Job.State.QUEUED,
            defaults={"shop": shop, "cluster": cluster},
        )
        if is_new:
            _hand_over(job)
    return job


def _hand_over(job: Job) -> None:
    async_task("watershop.jobs.run", job.pk, cluster=job.cluster, task_name=f"{job.name}:{job.pk}"[:100])


def claim(job_id: int) -> Job | None:
    """Take a job that nobody holds: one conditional update, its count looked at."""
    job = Job.objects.select_related("shop").filter(pk=job_id).first()
    if job is None:
        return None
    now = timezone.now()
    free = Q(state=Job.State.QUEUED) | Q(state=Job.State.RUNNING, lease_until__lt=now)
    claimed = Job.objects.filter(free, pk=job_id, attempts__lt=F("max_attempts")).update(
        state=Job.State.RUNNING,
        attempts=F("attempts") + 1,
        lease_until=now + _lease(job.cluster),
        started_at=now,
        progress=0,
        error="",
    )
    if not claimed:
        return None
    job.refresh_from_db()
    return job


def _lease(cluster: str) -> timedelta:
    """How long a worker of a cluster may be silent before another one may take its work over."""
    return timedelta(seconds=settings.JOB_LEASE_S[cluster])


def run(job_id: int) -> None:
    """What a worker calls: claim, work, note the end. Delivered twice, it does nothing the second time."""
    job = claim(job_id)
    if job is None:
        return
    try:
        _work_of(job.name)(job.subject_id, Beat(job))
    except LeaseLostError:
        log.warning("job %s was taken over by another attempt", job.pk)
    except JobFailedError as error:
        _end(job, Job.State.FAILED, str(error))
    except Exception as error:
        log.exception("job %s failed, attempt %s", job.pk, job.attempts)
        _try_again(job, f"{type(error).__name__}: {error}")
    else:
        _end(job, Job.State.DONE, "")


def _work_of(name: str) -> Callable[[int, Beat], None]:
    module, _, function = name.rpartition(".")
    work: Callable[[int, Beat], None] = getattr(import_module(module), function)
    return work


def _end(job: Job, state: str, error: str) -> None:
    progress = {"progress": 100} if state == Job.State.DONE else {}
    Job.objects.filter(pk=job.pk, attempts=job.attempts).update(
        state=state, error=error, finished_at=timezone.now(), lease_until=None, **progress
    )


def _try_again(job: Job, error: str) -> None:
    """Back into the queue, or failed for good when the attempts are used up or a newer job already waits."""
    waits = Job.objects.filter(name=job.name, subject_id=job.subject_id, state=Job.State.QUEUED).exists()
    if job.attempts >= job.max_attempts or waits:
        _end(job, Job.State.FAILED, error)
        return
    with transaction.atomic():
        again = Job.objects.filter(pk=job.pk, attempts=job.attempts, state=Job.State.RUNNING).update(
            state=Job.State.QUEUED, error=error, lease_until=None
        )
        if again:
            _hand_over(job)


def reap() -> int:
    """Hand over again what has no worker: expired leases, and rows that waited long with an empty queue."""
    now = timezone.now()
    lost = Job.objects.filter(
        Q(state=Job.State.RUNNING, lease_until__lt=now)
        | Q(state=Job.State.QUEUED, created_at__lt=now - HANDED_OVER_AGAIN_AFTER)
    )
    count = 0
    for job in lost:
        if job.attempts >= job.max_attempts:
            _end(job, Job.State.FAILED, job.error or _("The worker died each time it tried this."))
        else:
            _hand_over(job)
            count += 1
    return count


def forget_ended() -> None:
    """Delete jobs that ended long ago: live cameras alone make hundreds a day, and nobody asks for them again."""
    Job.objects.filter(finished_at__lt=timezone.now() - ENDED_KEPT).delete()


def is_frozen(cluster: str) -> bool:
    """Whether a task has waited for long while no worker of the cluster works: then its workers are dead or stuck.

    A worker that dies idle may take the lock of the cluster's own queue along, and nobody there notices. The `lock`
    of a task that was fetched lies `retry` ahead of that moment, of another one it is the moment when it came, which
    may be a little ahead, too: it came while this was asked, from a machine whose clock is fast.
    """
    now, conf = timezone.now(), cluster_conf(cluster)
    patience = FROZEN_AFTER
    if conf.get("scheduler", True):  # what the scheduler starts holds no lease while it is at work
        patience += timedelta(seconds=conf["timeout"])
    came_late = Q(lock__lt=now - patience)
    fetched_late = Q(lock__gt=now + WHILE_ASKED, lock__lt=now - patience + timedelta(seconds=conf["retry"]))
    waits = OrmQ.objects.filter(came_late | fetched_late, key=cluster)
    works = Job.objects.filter(cluster=cluster, state=Job.State.RUNNING, lease_until__gt=now)
    return bool(waits.exists() and not works.exists())


def hand_back(cluster: str) -> None:
    """Let a cluster that starts have at once what one before it had fetched; what is done already is not done again."""
    OrmQ.objects.filter(key=cluster, lock__gt=timezone.now()).update(lock=timezone.now())


def cluster_conf(cluster: str) -> dict[str, Any]:
    """The settings of a cluster of the queue."""
    conf: dict[str, Any] = settings.Q_CLUSTER
    return conf if cluster == conf["name"] else conf | conf["ALT_CLUSTERS"][cluster]


def ensure_schedules() -> None:
    """What is due each minute and each day, written by code alone: a malformed row would block all others."""
    due = dict.fromkeys(settings.EVERY_MINUTE, Schedule.MINUTES)
    due |= dict.fromkeys(settings.EVERY_DAY, Schedule.DAILY)
    Schedule.objects.exclude(name__in=due).delete()
    for func, rhythm in due.items():
        Schedule.objects.update_or_create(
            name=func,
            defaults={"func": func, "schedule_type": rhythm, "minutes": 1, "repeats": -1},
        )


def latest(name: str, subject_id: int) -> Job | None:
    """The newest job for a subject, for its progress bar."""
    return Job.objects.filter(name=name, subject_id=subject_id).order_by("-pk").first()
