"""A cluster that no longer moves is noticed from outside, ended and replaced, and what it had fetched goes on."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import Settings

from watershop import jobs
from watershop.management.supervisor import Child
from watershop.management.watchdog import Watchdog
from watershop.models import Job, Shop

RETRY = timedelta(seconds=jobs.cluster_conf("video")["retry"])
MINUTE = timedelta(minutes=1)


def queued(shop: Shop) -> Job:
    return jobs.enqueue(shop, "tests.watershop.test_jobs.works", 7, cluster="video")


@pytest.mark.parametrize("came", [timedelta(), timedelta(seconds=1)], ids=["before", "while it was asked"])
@pytest.mark.parametrize("cluster", ["default", "video"])
def test_a_task_that_waits_is_no_trouble_at_first(shop: Shop, cluster: str, came: timedelta) -> None:
    jobs.enqueue(shop, "tests.watershop.test_jobs.works", 7, cluster=cluster)
    OrmQ.objects.update(lock=timezone.now() + came)
    assert not jobs.is_frozen(cluster)


@pytest.mark.parametrize("since", [-2 * MINUTE, RETRY - 2 * MINUTE], ids=["not fetched", "fetched and kept"])
def test_a_cluster_whose_task_waits_for_minutes_is_frozen(shop: Shop, since: timedelta) -> None:
    queued(shop)
    OrmQ.objects.update(lock=timezone.now() + since)
    assert jobs.is_frozen("video")
    assert not jobs.is_frozen("default"), "each cluster answers for itself"


def test_a_cluster_at_work_may_let_others_wait(shop: Shop) -> None:
    job = queued(shop)
    assert jobs.claim(job.pk)
    OrmQ.objects.update(lock=timezone.now() - 2 * MINUTE)
    assert not jobs.is_frozen("video")
    Job.objects.update(lease_until=timezone.now() - MINUTE)
    assert jobs.is_frozen("video")


def test_who_starts_gets_at_once_what_another_had_fetched(shop: Shop) -> None:
    queued(shop)
    OrmQ.objects.update(lock=timezone.now() + RETRY)
    jobs.hand_back("default")
    assert OrmQ.objects.filter(lock__gt=timezone.now()).exists()
    jobs.hand_back("video")
    assert OrmQ.objects.filter(lock__lte=timezone.now()).exists()


def test_the_watchdog_ends_a_frozen_cluster_but_not_a_fresh_one(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("watershop.management.watchdog.EVERY_S", 0.0)
    monkeypatch.setattr("watershop.management.watchdog.connection.close", lambda: None)
    child = Child("video", ["sleep", "60"], tmp_path / "video.log")
    warned: list[Child] = []
    child.start("test")
    watchdog = Watchdog({"video": child}, warned.append)
    queued(shop)
    watchdog.look()
    OrmQ.objects.update(lock=timezone.now() - 2 * MINUTE)
    watchdog.look()
    assert warned == [] and not child.is_dead
    monkeypatch.setattr("watershop.management.watchdog.SETTLING_S", 0.0)
    watchdog.look()
    assert warned == [child] and child.process is not None
    assert child.process.wait(10) < 0


def test_the_reaper_does_not_need_the_cluster(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watershop.management.watchdog.connection.close", lambda: None)
    job = queued(shop)
    assert jobs.claim(job.pk)
    OrmQ.objects.all().delete()
    Job.objects.update(lease_until=timezone.now() - MINUTE)
    Watchdog({}, lambda child: None).look()
    assert OrmQ.objects.count() == 1


def test_a_retry_that_is_too_short_for_its_cluster_is_an_error(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def queue_errors() -> list[Any]:
        return [error for error in run_checks() if error.id == "watershop.E002"]

    assert queue_errors() == []
    monkeypatch.setitem(settings.Q_CLUSTER["ALT_CLUSTERS"]["video"], "retry", 601)
    (error,) = queue_errors()
    assert "video" in error.msg
