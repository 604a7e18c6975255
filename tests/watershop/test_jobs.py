"""Background work survives crashes and stops being tried when it can't succeed."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.models import OrmQ, Schedule

from watershop import jobs
from watershop.jobs import Beat, JobFailedError, LeaseLostError
from watershop.models import Job, Shop

DONE: list[int] = []


def works(subject_id: int, beat: Beat) -> None:
    beat(0.5, "half way")
    DONE.append(subject_id)


def breaks(subject_id: int, beat: Beat) -> None:
    raise OSError("disk gone")


def is_hopeless(subject_id: int, beat: Beat) -> None:
    raise JobFailedError("This is no video.")


def queue(shop: Shop, work: str, subject: int = 7) -> Job:
    return jobs.enqueue(shop, f"tests.watershop.test_jobs.{work}", subject)


@pytest.fixture(autouse=True)
def _fresh() -> None:
    DONE.clear()


def test_a_job_runs_once_however_often_it_is_delivered(shop: Shop) -> None:
    job = queue(shop, "works")
    jobs.run(job.pk)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (DONE, job.state, job.attempts, job.progress) == ([7], Job.State.DONE, 1, 100)


def test_asking_twice_while_it_waits_queues_it_once(shop: Shop) -> None:
    assert queue(shop, "works") == queue(shop, "works")
    assert OrmQ.objects.count() == 1


def test_a_job_that_breaks_is_tried_three_times_and_says_why(shop: Shop) -> None:
    job = queue(shop, "breaks")
    for _ in range(5):
        jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.error) == (Job.State.FAILED, 3, "OSError: disk gone")


def test_a_hopeless_job_is_not_tried_again(shop: Shop) -> None:
    job = queue(shop, "is_hopeless")
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.error) == (Job.State.FAILED, 1, "This is no video.")


def test_a_job_whose_worker_died_is_handed_over_again(shop: Shop) -> None:
    job = queue(shop, "works")
    assert jobs.claim(job.pk)
    assert jobs.claim(job.pk) is None, "its lease still runs"
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    OrmQ.objects.all().delete()
    assert jobs.reap() == 1
    assert OrmQ.objects.count() == 1
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts) == (Job.State.DONE, 2)


def test_a_job_that_kills_its_worker_each_time_fails_for_good(shop: Shop) -> None:
    job = queue(shop, "works")
    for _ in range(3):
        assert jobs.claim(job.pk)
        Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert jobs.reap() == 0
    job.refresh_from_db()
    assert job.state == Job.State.FAILED


def test_what_is_due_each_minute_and_each_day_is_written_by_code_alone(db: None) -> None:
    Schedule.objects.create(name="somebody's", func="no.such.thing", schedule_type=Schedule.HOURLY)
    for _ in range(2):
        jobs.ensure_schedules()
    rhythms = dict(Schedule.objects.values_list("func", "schedule_type"))
    assert rhythms == {
        "watershop.jobs.reap": Schedule.MINUTES,
        "watershop.outbox.send_due": Schedule.MINUTES,
        "vision.tasks.settle_recordings": Schedule.MINUTES,
        "vision.tasks.link_recent_sales": Schedule.MINUTES,
        "vision.tasks.hint_tenders": Schedule.MINUTES,
        "vision.tasks.find_cards": Schedule.MINUTES,
        "vision.tasks.look_into_folders": Schedule.MINUTES,
        "vision.tasks.keep_within_quotas": Schedule.MINUTES,
        "vision.tasks.forget_sightings": Schedule.MINUTES,
        "vision.tasks.forget_closed_visits": Schedule.MINUTES,
        "analytics.schedules.queue_due": Schedule.MINUTES,
        "analytics.alerts.look": Schedule.MINUTES,
        "analytics.tasks.count_waiting_days": Schedule.MINUTES,
        "watershop.api.forget_answers": Schedule.DAILY,
        "watershop.jobs.forget_ended": Schedule.DAILY,
        "watershop.outbox.forget_parts": Schedule.DAILY,
        "sales.notebook_tasks.forget_sheets": Schedule.DAILY,
        "vision.tasks.calibrate_cameras": Schedule.DAILY,
        "vision.tasks.delete_what_is_too_old": Schedule.DAILY,
        "vision.tasks.estimate_clocks": Schedule.DAILY,
        "vision.tasks.link_missed_sales": Schedule.DAILY,
        "analytics.tasks.look_for_oddities": Schedule.DAILY,
    }
    assert all(callable(import_string(func)) for func in rhythms)


def test_what_ended_long_ago_is_forgotten_and_what_waits_is_not(shop: Shop) -> None:
    old, young = queue(shop, "works"), queue(shop, "works", 2)
    waits = queue(shop, "works", 3)
    for job, days in ((old, 91), (young, 89)):
        jobs.run(job.pk)
        Job.objects.filter(pk=job.pk).update(finished_at=timezone.now() - timedelta(days=days))
    Job.objects.filter(pk=waits.pk).update(created_at=timezone.now() - timedelta(days=91))
    jobs.forget_ended()
    assert set(Job.objects.values_list("pk", flat=True)) == {young.pk, waits.pk}


def test_an_attempt_that_was_taken_over_hears_it_at_its_next_beat(shop: Shop) -> None:
    job = queue(shop, "works")
    first = jobs.claim(job.pk)
    assert first is not None
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert jobs.claim(job.pk)
    with pytest.raises(LeaseLostError):
        Beat(first)(0.7)


def test_asking_again_after_the_end_is_a_fresh_job(shop: Shop) -> None:
    job = queue(shop, "is_hopeless")
    jobs.run(job.pk)
    again = queue(shop, "is_hopeless")
    assert (again.pk != job.pk, again.attempts, again.state) == (True, 0, Job.State.QUEUED)
