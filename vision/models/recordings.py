"""Stored videos and the chunks that they are watched in."""

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from vision.models.cameras import Camera
from watershop.constraints import SameShop
from watershop.models import ShopRow, User, shop_id_unique

OPEN_FOR = timedelta(days=90)
"""What nobody has decided on by then keeps no recording any more."""


class RecordingQuerySet(models.QuerySet["Recording"]):
    """Many recordings."""

    def eventful(self) -> "RecordingQuerySet":
        """Without the pieces of live cameras in which nobody came: a night has a hundred of them."""
        return self.exclude(pk__in=self.uneventful().values("pk"))

    def uneventful(self) -> "RecordingQuerySet":
        """The pieces of live cameras in which nobody came."""
        return self.filter(is_live=True, state=Recording.State.DONE, visits=None, tracklets=None)

    def removable(self) -> "RecordingQuerySet":
        """Those whose film may go to make room.

        Not one that is kept by hand, that somebody uploaded, that waits to be watched, or that shows an open case: a
        visit of which it is not decided whose it was, or whether a sale was made in it.
        """
        finished = (Recording.State.DONE, Recording.State.FAILED)
        ours = self.exclude(file="").filter(state__in=finished, is_kept=False, uploaded_by=None)
        is_open = Q(visits__candidate__isnull=False, visits__is_confirmed=False) | Q(
            visits__links__state="suggested"
        )
        late = timezone.now() - OPEN_FOR
        cases = Recording.objects.filter(is_open, started_at__gte=late).values("pk")
        return ours.exclude(pk__in=cases)


class Recording(ShopRow):
    """A stored video of one camera and what became of it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        PROCESSING = "processing", _("being watched")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    class StartSource(models.TextChoices):
        GIVEN = "given", _("given by hand")
        CONTAINER = "container", _("from the video")
        FILE = "file", _("from the file's date")

    camera = models.ForeignKey(
        Camera, on_delete=models.PROTECT, related_name="recordings", db_constraint=False
    )
    file = models.FileField(_("file"), max_length=200, blank=True)
    original_name = models.CharField(_("file"), max_length=200)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField(_("size in bytes"), default=0)
    started_at = models.DateTimeField(_("starts at"))
    started_at_source = models.CharField(_("start known from"), max_length=10, choices=StartSource.choices)
    duration_s = models.FloatField(_("length in seconds"), default=0)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    error = models.TextField(_("what went wrong"), blank=True, help_text=_("what went wrong, in full"))
    error_code = models.CharField(
        _("kind of error"), max_length=20, blank=True, help_text=_("which kind of bad file it is")
    )
    plan = models.JSONField(null=True, help_text=_("what the file is, and the eye that looks at its chunks"))
    summary = models.JSONField(_("summary"), null=True)
    pairs = models.JSONField(
        default=dict, help_text=_("distances between its faces, counted, for the calibration")
    )
    is_live = models.BooleanField(_("from a live camera"), default=False)
    is_kept = models.BooleanField(
        _("is kept"), default=False, help_text=_("by hand: never deleted to make room")
    )
    created_at = models.DateTimeField(_("taken in"), default=timezone.now)
    uploaded_by = models.ForeignKey(
        User, verbose_name=_("uploaded by"), null=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = RecordingQuerySet.as_manager()

    class Meta:
        verbose_name = _("recording")
        verbose_name_plural = _("recordings")
        ordering: ClassVar = ["-started_at", "-id"]
        constraints: ClassVar = [
            shop_id_unique("recording"),
            models.UniqueConstraint(fields=["shop", "camera", "sha256", "started_at"], name="recording_once"),
            SameShop("camera", name="recording_camera_same_shop"),
        ]

    def __str__(self) -> str:
        return self.original_name

    @property
    def is_finished(self) -> bool:
        return self.state in (self.State.DONE, self.State.FAILED)

    @property
    def is_anonymous(self) -> bool:
        """Was it watched while the recognition of its camera was off?"""
        return self.summary is not None and self.summary.get("recognised") is False


class RecordingChunk(ShopRow):
    """A piece of a recording that one worker watches; any machine may take it (a Job of its own), once or again."""

    recording = models.ForeignKey(
        Recording, on_delete=models.CASCADE, related_name="chunks", db_constraint=False
    )
    number = models.PositiveIntegerField()
    start_s = models.FloatField()
    end_s = models.FloatField()
    own_end_s = models.FloatField(help_text=_("from here on the pictures are the next chunk's"))
    result = models.FileField(max_length=200, blank=True)
    """What was seen (`vision.chunk_file`), in the storage; empty until it is watched."""

    class Meta:
        ordering: ClassVar = ["recording", "number"]
        constraints: ClassVar = [
            shop_id_unique("recordingchunk"),
            models.UniqueConstraint(fields=["recording", "number"], name="recordingchunk_number_once"),
            models.CheckConstraint(
                condition=Q(start_s__lt=F("own_end_s"), own_end_s__lte=F("end_s")),
                name="recordingchunk_order",
            ),
            SameShop("recording", name="recordingchunk_recording_same_shop"),
        ]

    @property
    def is_watched(self) -> bool:
        return bool(self.result)

    @property
    def seconds(self) -> float:
        """How much of the recording is this chunk's own."""
        return self.own_end_s - self.start_s


class OldRecognition(ShopRow):
    """A line of an old recognition_results.csv: for whom the shop's first scripts took the face in a picture.

    It names a customer as those scripts did, and is tied to nobody: they knew neither the time nor a consent.
    """

    recording = models.ForeignKey(
        Recording, on_delete=models.CASCADE, related_name="old_recognitions", db_constraint=False
    )
    image_name = models.CharField(max_length=200)
    customer_code = models.CharField(max_length=40)
    similarity = models.FloatField(help_text=_("cosine"))

    class Meta:
        constraints: ClassVar = [
            shop_id_unique("oldrecognition"),
            models.UniqueConstraint(
                fields=["shop", "image_name", "customer_code"], name="oldrecognition_once"
            ),
            models.CheckConstraint(
                condition=Q(similarity__gte=-1, similarity__lte=1), name="oldrecognition_is_a_cosine"
            ),
            SameShop("recording", name="oldrecognition_recording_same_shop"),
        ]


class FolderFile(ShopRow):
    """A file of a watch folder as it was when it was taken in, or refused: so that it is read only once."""

    camera = models.ForeignKey(
        Camera, on_delete=models.CASCADE, related_name="folder_files", db_constraint=False
    )
    path = models.CharField(max_length=300, help_text=_("inside the folder"))
    size_bytes = models.PositiveBigIntegerField()
    changed_ns = models.BigIntegerField(help_text=_("when it was last changed, in nanoseconds since 1970"))

    class Meta:
        constraints: ClassVar = [
            shop_id_unique("folderfile"),
            models.UniqueConstraint(fields=["camera", "path"], name="folderfile_once"),
            SameShop("camera", name="folderfile_camera_same_shop"),
        ]
