"""The cameras of a shop: where their pictures come from, how they hang, and how near is near enough for each."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from vision.config import Bar
from vision.scene import Scene, as_points
from watershop.constraints import SameShop
from watershop.models import Shop, ShopRow, User, shop_id_unique

SILENT_AFTER = timedelta(minutes=1)
"""A camera that works says so every few seconds."""


class VisionSettings(models.Model):
    """What a face must be like to be compared, and what makes a visit; one row per shop, made when first asked."""

    shop = models.OneToOneField(
        Shop, primary_key=True, on_delete=models.CASCADE, related_name="vision_settings"
    )
    min_sharpness = models.FloatField(
        _("sharpness"),
        default=40.0,
        validators=[MinValueValidator(0)],
        help_text=_("faces less sharp than this are not compared (40 is slightly blurred)"),
    )
    max_yaw = models.FloatField(
        _("turned away"),
        default=0.35,
        validators=[MinValueValidator(0.05), MaxValueValidator(1)],
        help_text=_("faces turned farther than this are not compared (0 looks straight into the camera)"),
    )
    edge_px = models.PositiveSmallIntegerField(
        _("distance from the edge"), default=0, help_text=_("in pixels; nearer faces may be cut off")
    )
    unnamed_shots = models.PositiveSmallIntegerField(
        _("pictures of somebody new"),
        default=3,
        validators=[MinValueValidator(1)],
        help_text=_("good pictures before somebody new becomes a person; the visit counts with fewer, too"),
    )
    visit_gap_s = models.PositiveSmallIntegerField(
        _("out of sight"),
        default=90,
        help_text=_("seconds that somebody may be out of sight and still be there"),
    )
    counter_after_s = models.PositiveSmallIntegerField(
        _("at the counter"), default=5, help_text=_("seconds at the counter before it counts")
    )
    finds_bodies = models.BooleanField(
        _("count people without a face"),
        default=False,
        help_text=_("also count people who never show their face; slower"),
    )
    unnamed_days = models.PositiveSmallIntegerField(
        _("faces without a name"),
        default=30,
        validators=[MaxValueValidator(365)],
        help_text=_(
            "days that the face of somebody without a name is remembered; 0: only until the visit ends"
        ),
    )
    known_days = models.PositiveSmallIntegerField(
        _("faces of customers"),
        default=365,
        validators=[MinValueValidator(1), MaxValueValidator(1095)],
        help_text=_("days after their last visit; their consent holds so long at most"),
    )
    keeps_pictures = models.BooleanField(
        _("keep pictures"), default=True, help_text=_("off: only numbers are kept of a face, no picture")
    )
    picture_days = models.PositiveSmallIntegerField(
        _("pictures"),
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(365)],
        help_text=_("days that the pictures of a visit are kept"),
    )
    accept_at = models.FloatField(
        _("recognise"),
        null=True,
        blank=True,
        help_text=_("how near a face must be to be recognised; empty: fitted to each camera"),
    )
    till_at = models.FloatField(
        _("name at the till"),
        null=True,
        blank=True,
        validators=[MinValueValidator(0.1), MaxValueValidator(1.5)],
        help_text=_("how near a face must be before the till says a name; empty: the network's own bar"),
    )
    debtor_at = models.FloatField(
        _("debtors"),
        null=True,
        blank=True,
        validators=[MinValueValidator(0.1), MaxValueValidator(1.5)],
        help_text=_("how near a face must be before a debt is spoken of; empty: the network's own bar"),
    )

    @staticmethod
    def of(shop: Shop) -> "VisionSettings":
        """The settings of a shop."""
        return VisionSettings.objects.get_or_create(shop=shop)[0]


class CameraQuerySet(models.QuerySet["Camera"]):
    """Many cameras."""

    def live(self) -> "CameraQuerySet":
        """Those that are to be watched as their pictures come."""
        kinds = (Camera.Kind.STREAM, Camera.Kind.DEVICE)
        return self.filter(is_on=True, kind__in=kinds).exclude(address="")

    def before_counter(self, among: "CameraQuerySet") -> "CameraQuerySet":
        """Those that see the counter; where it is drawn at none `among` some, all."""
        is_drawn = ~Q(counter=[])
        return self.filter(is_drawn | ~Exists(among.filter(is_drawn)))


class Camera(ShopRow):
    """One camera. Its places are polygons of [x, y] in fractions of the upright picture (see `Scene`)."""

    class Kind(models.TextChoices):
        FILES = "files", _("recordings that are uploaded")
        FOLDER = "folder", _("a folder that a recorder writes into")
        STREAM = "stream", _("a network camera")
        DEVICE = "device", _("a camera plugged into this machine")

    class Fault(models.TextChoices):
        NONE = "", _("no fault")
        UNREACHABLE = "unreachable", _("unreachable")
        PASSWORD = "password", _("wrong name or password")
        CODEC = "codec", _("a format that is not supported")
        SILENT = "silent", _("no pictures come")
        FULL = "full", _("the disk is full: nothing is recorded")

    name = models.CharField(_("camera"), max_length=60)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.FILES)
    address = models.CharField(
        _("address"),
        max_length=300,
        blank=True,
        help_text=_("without name and password, which are kept apart"),
    )
    login = models.TextField(blank=True, editable=False)
    """name:password, encrypted (`vision.logins`); empty when the camera asks for none."""
    is_on = models.BooleanField(_("is on"), default=True)
    rotation = models.PositiveSmallIntegerField(
        _("turn"), default=0, choices=[(0, "0°"), (90, "90°"), (180, "180°"), (270, "270°")]
    )
    region = models.JSONField(_("what counts"), default=list, blank=True)
    counter = models.JSONField(_("counter"), default=list, blank=True)
    door = models.JSONField(_("door"), default=list, blank=True)
    upi_stand = models.JSONField(_("UPI stand"), default=list, blank=True)
    cash_drawer = models.JSONField(_("cash drawer"), default=list, blank=True)
    recognises = models.BooleanField(
        _("recognise faces"), default=False, help_text=_("off: visits are counted, nobody is recognised")
    )
    sign_at = models.DateTimeField(_("sign confirmed"), null=True, editable=False)
    sign_by = models.ForeignKey(User, null=True, editable=False, on_delete=models.PROTECT, related_name="+")
    """Who confirmed that the sign hangs where people see it before the camera sees them."""
    evens_light = models.BooleanField(_("even out light and shade"), default=False)
    min_face_px = models.PositiveSmallIntegerField(
        _("smallest face"),
        default=36,
        validators=[MinValueValidator(24), MaxValueValidator(400)],
        help_text=_("in pixels of width; smaller ones are followed, not compared"),
    )
    keeps_recordings = models.BooleanField(_("keep recordings"), default=True)
    keep_days = models.PositiveSmallIntegerField(
        _("keep for days"), default=14, validators=[MinValueValidator(1)]
    )
    keep_gb = models.PositiveSmallIntegerField(
        _("keep at most GB"), default=50, validators=[MinValueValidator(1)]
    )
    seen_at = models.DateTimeField(_("last picture"), null=True, editable=False)
    fault = models.CharField(
        _("fault"), max_length=12, choices=Fault.choices, default=Fault.NONE, blank=True, editable=False
    )
    still = models.FileField(
        max_length=200, blank=True, editable=False, help_text=_("its newest picture that was asked for")
    )
    placement = models.JSONField(
        null=True, editable=False, help_text=_("what the last placement check found")
    )

    objects = CameraQuerySet.as_manager()

    class Meta:
        verbose_name = _("camera")
        verbose_name_plural = _("cameras")
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            shop_id_unique("camera"),
            models.UniqueConstraint(fields=["shop", "name"], name="camera_name_once_per_shop"),
            models.CheckConstraint(
                condition=Q(rotation__in=(0, 90, 180, 270)), name="camera_rotation_right_angle"
            ),
            models.CheckConstraint(
                condition=Q(recognises=False) | Q(sign_at__isnull=False),
                name="camera_recognises_behind_a_sign",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_live(self) -> bool:
        """Whether its pictures come as they are taken."""
        return self.kind in (self.Kind.STREAM, self.Kind.DEVICE)

    def is_offline(self, now: datetime) -> bool:
        """Whether its pictures should come, and none did for longer than `SILENT_AFTER`."""
        is_wanted = self.is_on and self.is_live and self.address != ""
        return is_wanted and (self.seen_at is None or now - self.seen_at > SILENT_AFTER)

    @property
    def scene(self) -> Scene:
        """How it hangs, as the eye reads it."""
        return Scene(
            rotation=self.rotation,
            region=as_points(self.region),
            counter=as_points(self.counter),
            door=as_points(self.door),
            upi_stand=as_points(self.upi_stand),
            cash_drawer=as_points(self.cash_drawer),
            evens_light=self.evens_light,
        )


class Calibration(ShopRow):
    """How near is near enough at one camera for faces of one band of width, fitted to its own recordings."""

    camera = models.ForeignKey(
        Camera, on_delete=models.CASCADE, related_name="calibrations", db_constraint=False
    )
    model_id = models.CharField(max_length=40)
    up_to_px = models.FloatField(_("faces up to"), help_text=_("width in pixels; the last band has no end"))
    accept_at = models.FloatField(_("accept up to"))
    review_at = models.FloatField(_("ask up to"))
    fmr = models.FloatField("FMR", help_text=_("share of pairs of different people that would be accepted"))
    fnmr = models.FloatField("FNMR", help_text=_("share of pairs of one person that would not be accepted"))
    impostor_pairs = models.PositiveIntegerField(_("pairs of different people"))
    genuine_pairs = models.PositiveIntegerField(_("pairs of one person"))
    fitted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            shop_id_unique("calibration"),
            models.UniqueConstraint(
                fields=["camera", "model_id", "up_to_px"], name="calibration_once_per_band"
            ),
            models.CheckConstraint(
                condition=Q(accept_at__lte=models.F("review_at")), name="calibration_review_after_accept"
            ),
            SameShop("camera", name="calibration_camera_same_shop"),
        ]

    @property
    def bar(self) -> Bar:
        return Bar(self.up_to_px, self.accept_at, self.review_at)
