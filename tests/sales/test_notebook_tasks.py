"""A sheet is stored and undone by a worker: once, wholly or not at all, and the page says how far it is."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from customers.models import Customer
from sales import notebook_tasks
from sales.dues import balance_of
from sales.models import NotebookImport, NotebookTask
from tests.base import TESTS, Cast, make_cast, sell
from tests.sales.test_killed_worker import hold_row_of, somebody_waits_in, wait_until
from tests.web_server import same_shop
from watershop import jobs
from watershop.models import Job, User

SignIn = Callable[[User], Client]
SHEET = "Name\tPhone\tDue\nChitra\t\t50\nAsha R\t9876501234\t100\n"


def ask(cast: Cast, rows: int = 2) -> NotebookTask:
    return notebook_tasks.ask_to_store(cast.shop, SHEET, {}, rows=rows, actor=TESTS)


def job_of(task: NotebookTask) -> Job:
    job = jobs.latest(notebook_tasks.DO, task.pk)
    assert job is not None
    return job


def work(task: NotebookTask) -> Job:
    jobs.run(job_of(task).pk)
    task.refresh_from_db()
    return job_of(task)


def page(client: Client, name: str, task: NotebookTask) -> str:
    return client.get(reverse(name, args=["water", task.pk])).content.decode()


def test_a_task_that_is_done_twice_stores_once_and_keeps_no_sheet(cast: Cast) -> None:
    task = ask(cast)
    assert not NotebookImport.objects.exists()
    assert work(task).state == Job.State.DONE
    jobs.enqueue(cast.shop, notebook_tasks.DO, task.pk)
    assert work(task).state == Job.State.DONE
    assert task.batch == NotebookImport.objects.get() and task.sheet == ""
    assert balance_of(cast.asha) == 100 and Customer.objects.count() == 3


def test_undoing_is_asked_once_and_done_once(cast: Cast) -> None:
    task = ask(cast)
    work(task)
    assert task.batch is not None
    asked = [notebook_tasks.ask_to_undo(task.batch, actor=TESTS) for _n in range(2)]
    assert asked[0] == asked[1] and Job.objects.count() == 2
    assert work(asked[0]).state == Job.State.DONE
    assert balance_of(cast.asha) == 0


def test_a_book_that_changed_since_the_look_is_not_written_into(cast: Cast, client_of: SignIn) -> None:
    client, task = client_of(cast.meena), ask(cast, rows=3)
    job = work(task)
    assert job.state == Job.State.FAILED and not NotebookImport.objects.exists()
    assert client.get(reverse("sheet_progress", args=["water", task.pk])).headers["HX-Refresh"] == "true"
    text = page(client, "sheet", task)
    assert "The book has changed" in text and "Nothing was changed." in text and "Asha R" in text


def test_the_page_shows_how_far_it_is_then_what_came_of_it(cast: Cast, client_of: SignIn) -> None:
    client, task = client_of(cast.meena), ask(cast)
    for name in ("sheet", "sheet_progress"):
        assert "Waits for its turn." in page(client, name, task)
    assert "Not finished" in client.get(reverse("notebook", args=["water"])).content.decode()
    work(task)
    assert client.get(reverse("sheet_progress", args=["water", task.pk])).headers["HX-Refresh"] == "true"
    assert "2 customers are in the book." in page(client, "sheet", task)
    assert "Not finished" not in client.get(reverse("notebook", args=["water"])).content.decode()


def test_who_traded_since_is_named_on_the_page_of_the_undoing(cast: Cast, client_of: SignIn) -> None:
    task = ask(cast)
    work(task)
    sell(cast, customer=Customer.objects.get(name="Chitra"), is_paid=False)
    assert task.batch is not None
    undo = notebook_tasks.ask_to_undo(task.batch, actor=TESTS)
    work(undo)
    text = page(client_of(cast.meena), "sheet", undo)
    assert "The import is undone." in text and "traded since" in text
    assert "Chitra" in text and "Asha" not in text


def test_clerks_and_other_shops_see_no_task(cast: Cast, client_of: SignIn) -> None:
    task, other = ask(cast), make_cast("other")
    for name in ("sheet", "sheet_progress"):
        here, there = (reverse(name, args=[slug, task.pk]) for slug in ("water", "other"))
        assert client_of(cast.ravi).get(here).status_code == 403
        assert client_of(other.meena).get(here).status_code == 404
        assert client_of(other.meena).get(there).status_code == 404


def test_a_sheet_that_failed_and_nobody_mended_is_forgotten(cast: Cast) -> None:
    old, done, new = ask(cast), ask(cast), ask(cast)
    work(done)
    NotebookTask.objects.exclude(pk=new.pk).update(at=F("at") - timedelta(days=8))
    notebook_tasks.forget_sheets()
    assert set(NotebookTask.objects.values_list("pk", flat=True)) == {done.pk, new.pk}
    jobs.run(job_of(old).pk)
    assert NotebookImport.objects.count() == 1


@contextmanager
def worker_on(job: Job, var: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Another process that does this job; killed when the block ends."""
    code = f"import django; django.setup(); from watershop import jobs; jobs.run({job.pk})"
    environment = {**same_shop(var), "DJANGO_SETTINGS_MODULE": "watershop.settings"}
    process = subprocess.Popen([sys.executable, "-c", code], cwd=settings.BASE_DIR, env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_half_way_leaves_nothing_and_the_next_one_stores_it(tmp_path: Path) -> None:
    cast = make_cast()
    task = ask(cast)
    with hold_row_of(cast), worker_on(job_of(task), tmp_path):
        wait_until(lambda: somebody_waits_in("%FOR NO KEY UPDATE%"))
    wait_until(lambda: not somebody_waits_in("%"))
    assert job_of(task).stage == "writing"
    assert not NotebookImport.objects.exists() and Customer.objects.count() == 2
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert work(task).state == Job.State.DONE
    assert balance_of(cast.asha) == 100 and Customer.objects.count() == 3
