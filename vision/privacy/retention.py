"""What is deleted in its time, every night: faces nobody named, faces unseen for long, pictures, dispute files.

A customer's face is not there without their consent: taking that back deletes it at once (`withdrawing`). A face is
kept from when it was seen, not from when its recording was watched. What goes of a person is the face: the code stays,
and so do the visits. Files go before the rows that name them, so that a night that is cut short leaves nothing that no
row knows, and the next one goes on.
"""

from datetime import datetime, timedelta
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from vision import gallery
from vision.models import (
    Camera,
    DisputeFile,
    Recording,
    RetentionRun,
    Template,
    Tracklet,
    VisionSettings,
    Visit,
)
from vision.recordings import forget_chunks
from watershop.models import Shop

BATCH = 500
MAY_GROW = timedelta(minutes=10)
"""So long after a visit was stored, and the gap of a visit, a live camera's next piece is stored, too: it is closed."""
TRIED_AGAIN = timedelta(days=1)
"""What has been seen of a recording that then failed waits so long for another try."""
NAMELESS = Q(person=None) | Q(person__customer=None, person__is_shop_staff=False, person__is_ignored=False)
DESCRIBED = Q(person__customer__isnull=False) | Q(person__is_shop_staff=True) | Q(person__is_ignored=True)
"""Of rows with a `person`. A mere name that somebody wrote down is no consent: that face goes like one without."""


def clean_up(shop: Shop, now: datetime) -> RetentionRun:
    """Delete all that has had its time in a shop; what went, by kind."""
    wishes = VisionSettings.of(shop)
    deleted = {
        "unnamed": _drop(shop, _unnamed(wishes, now)),
        "known": _drop(shop, _known(wishes, now)),
        "pictures": _drop_pictures(wishes, now) + _drop_stills(wishes, now),
        "disputes": _clear_files(DisputeFile.objects.filter(shop=shop, expires_at__lte=now), "file"),
    }
    _forget_failed(shop, now)
    return RetentionRun.objects.create(shop=shop, at=now, deleted=deleted)


def forget_closed_visits(now: datetime) -> None:
    """Where faces without a name last no longer than their visit: drop those of the visits that are closed."""
    for wishes in VisionSettings.objects.filter(unnamed_days=0).select_related("shop"):
        pictures = _faces_seen(wishes).filter(_nameless_and_old(wishes, now))
        deleted = {
            "unnamed": _drop(wishes.shop, _unnamed(wishes, now)),
            "pictures": _clear_files(pictures, "picture"),
        }
        if any(deleted.values()):
            RetentionRun.objects.create(shop=wishes.shop, at=now, deleted=deleted)


def _unnamed(wishes: VisionSettings, now: datetime) -> QuerySet[Template]:
    """The vectors of the nameless that have had their days, of a visit that is closed."""
    before = now - timedelta(days=wishes.unnamed_days)
    closed = now - MAY_GROW - timedelta(seconds=wishes.visit_gap_s)
    seen = Q(tracklet__recording__started_at__lt=before) | Q(tracklet=None, created_at__lt=before)
    return Template.objects.filter(NAMELESS, seen, shop=wishes.shop_id, created_at__lt=closed)


def _known(wishes: VisionSettings, now: datetime) -> QuerySet[Template]:
    """The vectors of those who are described and have not come for long, nor stood still for one since."""
    before = now - timedelta(days=wishes.known_days)
    taken = Q(tracklet__isnull=False) | Q(created_at__lt=before)
    return Template.objects.filter(_unseen(before), taken, shop=wishes.shop_id)


def _unseen(before: datetime) -> Q:
    """Of rows with a `person`: those of customers, of staff and of what does not count, last seen before then."""
    since = Visit.objects.filter(person=OuterRef("person"), entry_at__gte=before)
    return DESCRIBED & Q(~Exists(since))


def _drop(shop: Shop, old: QuerySet[Template]) -> int:
    """Delete these vectors, some at a time; how many. Who has others left is known by those."""
    count = 0
    while ids := list(old.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            # As in `decisions`: nobody says meanwhile who one of them is, and no recording is stored.
            Shop.objects.select_for_update(no_key=True).get(pk=shop.pk)
            gone = Template.objects.filter(pk__in=list(old.filter(pk__in=ids).values_list("pk", flat=True)))
            people = set(gone.filter(is_enrolled=True).values_list("person", flat=True))
            count += gone.count()
            gallery.drop(gone)
            for person in people:
                gallery.keep_known(person)
    return count


def _drop_pictures(wishes: VisionSettings, now: datetime) -> int:
    """Delete the pictures that have had their days, and those of people whose faces have; how many.

    Pictures that were taken under a consent have the same days: its text says so. Where no pictures are kept, all go.
    """
    faces, taken = _faces_seen(wishes), Template.objects.filter(shop=wishes.shop_id)
    if wishes.keeps_pictures:
        before = now - timedelta(days=wishes.picture_days)
        gone = _nameless_and_old(wishes, now) | _unseen(now - timedelta(days=wishes.known_days))
        faces = faces.filter(Q(recording__started_at__lt=before) | gone)
        # The vectors that several networks made of one picture name the same file.
        taken = taken.filter(picture__in=taken.filter(created_at__lt=before).values("picture"))
    return _clear_files(faces, "picture") + _clear_files(taken, "picture")


def _drop_stills(wishes: VisionSettings, now: datetime) -> int:
    """Delete what cameras, also those that are off, showed when they were tested: whoever stood there; how many."""
    before = now - timedelta(days=wishes.picture_days if wishes.keeps_pictures else 0)
    cameras = Camera.objects.filter(shop=wishes.shop_id)
    stills = cameras.exclude(still="").values_list("still", flat=True)
    return _clear_files(
        cameras.filter(still__in=[name for name in stills if _is_older(name, before)]), "still"
    )


def _is_older(name: str, before: datetime) -> bool:
    """Was this file stored before then? One that is gone was."""
    return not default_storage.exists(name) or default_storage.get_modified_time(name) < before


def _faces_seen(wishes: VisionSettings) -> QuerySet[Tracklet]:
    return Tracklet.objects.filter(shop=wishes.shop_id)


def _nameless_and_old(wishes: VisionSettings, now: datetime) -> Q:
    """Of tracklets: those of the nameless that have had their days, and have no vector any more."""
    before = now - timedelta(days=wishes.unnamed_days)
    vectors = Template.objects.filter(tracklet=OuterRef("pk"))
    return NAMELESS & Q(~Exists(vectors), recording__started_at__lt=before)


def _clear_files(rows: QuerySet[Any], column: str) -> int:
    """Delete the files that these rows name in a column, some at a time, and empty the column; how many."""
    count = 0
    named = rows.exclude(**{column: ""}).order_by("pk")
    while files := dict(named.values_list("pk", column)[:BATCH]):
        for name in files.values():
            default_storage.delete(name)
        count += rows.model._default_manager.filter(pk__in=files).update(**{column: ""})
    return count


def _forget_failed(shop: Shop, now: datetime) -> None:
    """What has been seen of recordings that failed goes: another try watches them from their beginning."""
    failed = Recording.objects.filter(shop=shop, state=Recording.State.FAILED, plan__isnull=False)
    for recording in failed.filter(created_at__lt=now - TRIED_AGAIN):
        with transaction.atomic():
            forget_chunks(recording)
            Recording.objects.filter(pk=recording.pk).update(plan=None)
