"""Who came: recordings, the faces followed through them, the persons they belong to, and their visits.

A face vector is written and read by two functions of `gallery.py` alone. Foreign keys say `db_constraint=False`
because their database half is the composite `SameShop`.
"""

from typing import ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.lookups import Exact
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from pgvector.django import VectorField

from customers.models import Customer
from sales.models import Sale
from watershop.constraints import SameShop
from watershop.dates import Period
from watershop.models import Counter, Shop, ShopRow, User, shop_id_unique


class Camera(ShopRow):
    name = models.CharField(_("camera"), max_length=60)

    class Meta:
        verbose_name = _("camera")
        verbose_name_plural = _("cameras")
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            shop_id_unique("camera"),
            models.UniqueConstraint(fields=["shop", "name"], name="camera_name_once_per_shop"),
        ]

    def __str__(self) -> str:
        return self.name


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
    started_at = models.DateTimeField(_("starts at"))
    started_at_source = models.CharField(_("start known from"), max_length=10, choices=StartSource.choices)
    duration_s = models.FloatField(_("length in seconds"), default=0)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    error = models.TextField(_("what went wrong"), blank=True, help_text=_("what went wrong, in full"))
    error_code = models.CharField(
        _("kind of error"), max_length=20, blank=True, help_text=_("which kind of bad file it is")
    )
    summary = models.JSONField(_("summary"), null=True)
    created_at = models.DateTimeField(_("taken in"), default=timezone.now)
    uploaded_by = models.ForeignKey(
        User, verbose_name=_("uploaded by"), null=True, on_delete=models.PROTECT, related_name="+"
    )

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


class Person(ShopRow):
    """An identity seen by a camera: perhaps unnamed, perhaps staff, perhaps one of the customers."""

    code = models.CharField(_("code"), max_length=20)
    name = models.CharField(_("name"), max_length=80, blank=True)
    customer = models.ForeignKey(
        Customer,
        verbose_name=_("customer"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="persons",
        db_constraint=False,
    )
    is_shop_staff = models.BooleanField(_("works here"), default=False)
    created_at = models.DateTimeField(_("known since"), default=timezone.now)

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("persons")
        ordering: ClassVar = ["code"]
        constraints: ClassVar = [
            shop_id_unique("person"),
            models.UniqueConstraint(fields=["shop", "code"], name="person_code_once_per_shop"),
            SameShop("customer", name="person_customer_same_shop"),
        ]

    def __str__(self) -> str:
        return self.name or (self.customer.name if self.customer else self.code)

    @staticmethod
    def next_codes(shop: Shop, count: int) -> list[str]:
        """P_0001, P_0002 ... in the order of the shop."""
        return [f"P_{n:04d}" for n in Counter.take(shop, "person", count)] if count else []


class VisitQuerySet(models.QuerySet["Visit"]):
    def of(self, shop: Shop) -> "VisitQuerySet":
        return self.filter(shop=shop)

    def during(self, period: Period) -> "VisitQuerySet":
        return self.filter(entry_at__gte=period.start, entry_at__lt=period.end)

    def by_customers(self) -> "VisitQuerySet":
        """Staff are not customers; a visit without identity may be one."""
        return self.exclude(person__is_shop_staff=True)

    def for_cards(self) -> "VisitQuerySet":
        """With what a visit's card shows: person, camera, `faces` (best first) and `open_links` with their sales."""
        faces = Tracklet.objects.exclude(picture="").order_by("-quality", "number")
        sales = Sale.objects.with_sums().select_related("customer")
        links = SaleLink.objects.exclude(state=SaleLink.State.REFUSED).order_by("-confidence", "pk")
        return self.select_related("person__customer", "recording__camera").prefetch_related(
            models.Prefetch("tracklets", faces, to_attr="faces"),
            models.Prefetch(
                "links", links.prefetch_related(models.Prefetch("sale", sales)), to_attr="open_links"
            ),
        )


class Visit(ShopRow):
    """One stay of a person in the shop, as one recording saw it."""

    recording = models.ForeignKey(
        Recording, on_delete=models.PROTECT, related_name="visits", db_constraint=False
    )
    person = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="visits", db_constraint=False
    )
    entry_at = models.DateTimeField(_("entry"))
    exit_at = models.DateTimeField(_("exit"))
    shots = models.PositiveIntegerField(_("pictures"), default=0)
    distance = models.FloatField(
        _("distance"), null=True, help_text=_("L2 distance to the person's templates; empty when new")
    )

    objects = VisitQuerySet.as_manager()

    class Meta:
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        ordering: ClassVar = ["-entry_at", "-id"]
        constraints: ClassVar = [
            shop_id_unique("visit"),
            models.CheckConstraint(condition=Q(exit_at__gte=F("entry_at")), name="visit_exit_after_entry"),
            SameShop("recording", name="visit_recording_same_shop"),
            SameShop("person", name="visit_person_same_shop"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["shop", "entry_at"], name="visit_by_time"),
            models.Index(fields=["shop", "person", "entry_at"], name="visit_by_person"),
        ]

    @property
    def duration_s(self) -> float:
        return (self.exit_at - self.entry_at).total_seconds()


class Tracklet(ShopRow):
    """One face followed through the frames of a recording, with its best picture."""

    recording = models.ForeignKey(
        Recording, on_delete=models.PROTECT, related_name="tracklets", db_constraint=False
    )
    visit = models.ForeignKey(
        Visit, null=True, on_delete=models.PROTECT, related_name="tracklets", db_constraint=False
    )
    person = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="tracklets", db_constraint=False
    )
    number = models.PositiveIntegerField()
    started_s = models.FloatField(help_text=_("seconds from the start of the recording"))
    ended_s = models.FloatField()
    shots = models.PositiveIntegerField(default=0)
    quality = models.FloatField(default=0)
    picture = models.FileField(max_length=200, blank=True)

    class Meta:
        ordering: ClassVar = ["recording", "number"]
        constraints: ClassVar = [
            shop_id_unique("tracklet"),
            models.UniqueConstraint(fields=["recording", "number"], name="tracklet_number_once"),
            models.CheckConstraint(
                condition=Q(ended_s__gte=F("started_s")), name="tracklet_ends_after_start"
            ),
            SameShop("recording", name="tracklet_recording_same_shop"),
            SameShop("visit", name="tracklet_visit_same_shop"),
            SameShop("person", name="tracklet_person_same_shop"),
        ]


class Template(ShopRow):
    """A face vector of a person in the gallery. Vectors of different models never meet in one search."""

    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="templates", db_constraint=False
    )
    tracklet = models.ForeignKey(
        Tracklet, null=True, on_delete=models.PROTECT, related_name="templates", db_constraint=False
    )
    model_id = models.CharField(max_length=40)
    vector = VectorField()
    quality = models.FloatField(default=0, validators=[MinValueValidator(0)])
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            shop_id_unique("template"),
            models.CheckConstraint(
                condition=~Q(model_id="dlib-resnet-v1")
                | Q(
                    Exact(Func(F("vector"), function="vector_dims", output_field=models.IntegerField()), 128)
                ),
                name="template_dimensions_follow_model",
            ),
            SameShop("person", name="template_person_same_shop"),
            SameShop("tracklet", name="template_tracklet_same_shop"),
        ]
        indexes: ClassVar = [models.Index(fields=["shop", "model_id"], name="template_by_model")]


class SaleLink(ShopRow):
    """A sale and the visit in which it was probably made. A person's decision is never touched by a job."""

    class State(models.TextChoices):
        SUGGESTED = "suggested", _("suggested")
        CONFIRMED = "confirmed", _("confirmed")
        REFUSED = "refused", _("refused")

    sale = models.ForeignKey(Sale, on_delete=models.PROTECT, related_name="links", db_constraint=False)
    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="links", db_constraint=False)
    confidence = models.FloatField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.SUGGESTED)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            shop_id_unique("salelink"),
            models.UniqueConstraint(fields=["sale", "visit"], name="salelink_once"),
            models.UniqueConstraint(
                fields=["sale"], condition=~Q(state="refused"), name="salelink_one_visit_per_sale"
            ),
            models.CheckConstraint(
                condition=Q(confidence__gte=0, confidence__lte=1), name="salelink_confidence_range"
            ),
            models.CheckConstraint(
                condition=Q(state="suggested", decided_at=None)
                | Q(decided_at__isnull=False) & ~Q(state="suggested"),
                name="salelink_decision_has_a_time",
            ),
            SameShop("sale", name="salelink_sale_same_shop"),
            SameShop("visit", name="salelink_visit_same_shop"),
        ]
