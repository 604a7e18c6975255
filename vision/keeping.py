"""How long recordings of cameras are kept: each camera's days and gigabytes, oldest first out; a floor for the disk.

The rows stay, for the visits, and in the end go where there are none; the film and its pictures go, but for those that
show a face by which somebody is known.
"""

import shutil
from datetime import timedelta

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from vision.models import Camera, Recording, RetentionRun, Tracklet

GB = 1_000_000_000
FLOOR_GB = 2
FLOOR_SHARE = 0.05
EMPTY_KEPT = timedelta(days=31)
"""The row of a piece without visits stays so long: the calibration looks back for thirty days."""


def has_room() -> bool:
    """Is there more of the disk free than the till needs? Else nothing is recorded; the watching goes on."""
    disk = shutil.disk_usage(settings.VAR_DIR)
    floor = settings.DISK_FLOOR_GB * GB or max(FLOOR_GB * GB, FLOOR_SHARE * disk.total)
    return disk.free >= floor


def keep_within_quotas() -> int:
    """Remove films beyond the days and gigabytes of their cameras; how many, which their shop's report says, too.

    Uploads by hand are nobody's quota.
    """
    count = 0
    for camera in Camera.objects.exclude(kind=Camera.Kind.FILES):
        if gone := _keep_within_quota(camera):
            RetentionRun.objects.create(shop_id=camera.shop_id, deleted={"films": gone})
            count += gone
    return count


def _keep_within_quota(camera: Camera) -> int:
    own = Recording.objects.filter(camera=camera).exclude(file="").order_by("-started_at", "-pk")
    oldest_at = timezone.now() - timedelta(days=camera.keep_days)
    total, beyond = 0, []
    for pk, started_at, size in own.values_list("pk", "started_at", "size_bytes"):
        total += size
        if started_at < oldest_at or total > camera.keep_gb * GB:
            beyond.append(pk)
    removable = list(own.removable().filter(pk__in=beyond))
    for recording in removable:
        drop_film(recording)
    empty = Recording.objects.filter(camera=camera, file="", started_at__lt=timezone.now() - EMPTY_KEPT)
    empty.uneventful().delete()
    return len(removable)


def drop_film(recording: Recording) -> None:
    """Delete the film and the pictures of a recording that needs neither; what it told stays."""
    faces = Tracklet.objects.filter(recording=recording).exclude(picture="")
    unneeded = dict(faces.exclude(templates__is_enrolled=True).values_list("pk", "picture"))
    with transaction.atomic():
        Tracklet.objects.filter(pk__in=unneeded).update(picture="")
        Recording.objects.filter(pk=recording.pk).update(file="", size_bytes=0)
    for name in (recording.file.name, *unneeded.values()):
        default_storage.delete(name)
