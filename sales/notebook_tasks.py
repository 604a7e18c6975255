"""A long sheet takes longer to store than a page may: a manager asks, a worker does it, in one transaction.

A task that is done twice does nothing the second time; one that dies half-way leaves nothing.
"""

from collections.abc import Mapping
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from sales import notebook_store
from sales.models import NotebookImport, NotebookTask
from sales.notebook import read
from sales.notebook_sheet import UnreadableSheetError, read_text
from watershop import jobs
from watershop.audit import Actor
from watershop.jobs import Beat, JobFailedError
from watershop.models import Shop

DO = "sales.notebook_tasks.do"
KEPT = timedelta(days=7)


@transaction.atomic
def ask_to_store(
    shop: Shop, sheet: str, choices: Mapping[int, str], *, rows: int, actor: Actor
) -> NotebookTask:
    """Have this sheet stored as it was looked at: `rows` good ones, each whose `choices` says."""
    task = NotebookTask.objects.create(
        shop=shop,
        kind=NotebookTask.Kind.STORE,
        sheet=sheet,
        choices=dict(choices),
        rows=rows,
        by=actor.user,
        approved_by=actor.approved_by,
        origin=actor.origin,
    )
    jobs.enqueue(shop, DO, task.pk)
    return task


@transaction.atomic
def ask_to_undo(batch: NotebookImport, *, actor: Actor) -> NotebookTask:
    """Have this batch taken back. There is one task for that: asked again, it is tried again."""
    who = {"by": actor.user, "approved_by": actor.approved_by, "origin": actor.origin}
    task, _is_new = NotebookTask.objects.get_or_create(
        shop=batch.shop, batch=batch, kind=NotebookTask.Kind.UNDO, defaults=who
    )
    if not task.done_at:
        jobs.enqueue(batch.shop, DO, task.pk)
    return task


def do(task_id: int, beat: Beat) -> None:
    """What the worker calls. Its refusals are in the shop's language."""
    task = NotebookTask.objects.select_related("shop").filter(pk=task_id, done_at=None).first()
    if task is None:
        return
    with translation.override(task.shop.language):
        try:
            _store(task, beat) if task.kind == NotebookTask.Kind.STORE else _undo(task, beat)
        except ValidationError as refusal:
            raise JobFailedError(" ".join(refusal.messages)) from refusal
        except UnreadableSheetError as error:
            raise JobFailedError(str(error)) from error


def _store(task: NotebookTask, beat: Beat) -> None:
    beat(0.1, "checking")
    choices = {int(line): chosen for line, chosen in task.choices.items()}
    entries = read(task.shop, read_text(task.sheet), choices).entries
    if len(entries) != task.rows:
        raise JobFailedError(_("The book has changed since this sheet was looked at. Look at it again."))
    beat(0.3, "writing")
    with transaction.atomic():
        if _hold(task):
            _end(task, notebook_store.store(task.shop, entries, actor=_actor(task)))


def _undo(task: NotebookTask, beat: Beat) -> None:
    beat(0.3, "writing")
    assert task.batch is not None
    with transaction.atomic():
        if _hold(task):
            notebook_store.undo(task.batch, actor=_actor(task))
            _end(task, task.batch)


def _hold(task: NotebookTask) -> bool:
    """Whether there is something left to do, once whoever does it now has ended."""
    waiting = NotebookTask.objects.select_for_update(no_key=True).filter(pk=task.pk, done_at=None)
    return waiting.first() is not None


def _end(task: NotebookTask, batch: NotebookImport) -> None:
    """The names and numbers of the sheet are in the book now, and nowhere else."""
    NotebookTask.objects.filter(pk=task.pk).update(batch=batch, done_at=timezone.now(), sheet="", choices={})


def _actor(task: NotebookTask) -> Actor:
    return Actor(task.by, task.origin, task.approved_by)


def forget_sheets() -> None:
    """Each day: sheets that could not be stored and that nobody mended are kept no longer."""
    lost = NotebookTask.objects.filter(kind=NotebookTask.Kind.STORE, done_at=None)
    lost.filter(at__lt=timezone.now() - KEPT).delete()
