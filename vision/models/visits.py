"""Who came when: visits, the faces followed through them, who is in sight now, and the sales made meanwhile."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sales.models import Sale
from vision.models.cameras import Camera
from vision.models.people import Person
from vision.models.recordings import Recording
from watershop.constraints import MarksDay, SameShop
from watershop.dates import Period
from watershop.models import Shop, ShopRow, User, shop_id_unique


class VisitQuerySet(models.QuerySet["Visit"]):
    def of(self, shop: Shop) -> "VisitQuerySet":
        return self.filter(shop=shop)

    def during(self, period: Period) -> "VisitQuerySet":
        return self.filter(entry_at__gte=period.start, entry_at__lt=period.end)

    def shown_in(self, recording: Recording) -> "VisitQuerySet":
        """Those that a recording shows, also where they began in an earlier one."""
        faces = Tracklet.objects.filter(recording=recording, visit__isnull=False)
        return self.filter(Q(recording=recording) | Q(pk__in=faces.values("visit")))

    def by_customers(self) -> "VisitQuerySet":
        """Staff are not customers, nor is a poster; a visit without identity may be one."""
        return self.exclude(person__is_shop_staff=True).exclude(person__is_ignored=True)

    def doubtful(self) -> "VisitQuerySet":
        """Those that may be somebody's: a person is asked."""
        return self.filter(candidate__isnull=False)

    def for_cards(self) -> "VisitQuerySet":
        """With what a visit's card shows: person or candidate with `candidate_face`, camera, `faces` (best first) and
        `open_links` with their sales."""
        faces = Tracklet.objects.exclude(picture="").order_by("-quality", "number")
        sales = Sale.objects.with_sums().select_related("customer")
        links = SaleLink.objects.exclude(state=SaleLink.State.REFUSED).order_by("-confidence", "pk")
        of_candidate = Tracklet.objects.filter(person=models.OuterRef("candidate")).exclude(picture="")
        best = models.Subquery(of_candidate.order_by("-quality", "pk").values("pk")[:1])
        rows = self.select_related("person__customer", "candidate__customer", "recording__camera")
        return rows.annotate(candidate_face=best).prefetch_related(  # type: ignore[no-redef]
            models.Prefetch("tracklets", faces, to_attr="faces"),
            models.Prefetch(
                "links",
                links.select_related("lesson__customer").prefetch_related(models.Prefetch("sale", sales)),
                to_attr="open_links",
            ),
        )


class Visit(ShopRow):
    """One stay of a person in the shop, as one camera saw it."""

    class Kind(models.TextChoices):
        FACE = "face", _("a face")
        BODY = "body", _("a figure without a face")

    class Edge(models.TextChoices):
        """How an entry or an exit is known."""

        SIGHT = "sight", _("first or last seen")
        DOOR = "door", _("through the door")

    recording = models.ForeignKey(
        Recording, on_delete=models.PROTECT, related_name="visits", db_constraint=False
    )
    person = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="visits", db_constraint=False
    )
    candidate = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="doubtful_visits", db_constraint=False
    )
    """Who it may have been, until a person says yes or no; `person` is empty then."""
    is_confirmed = models.BooleanField(_("decided by hand"), default=False)
    """Whose visit it was (or was not) is a person's word; no job changes it."""
    kind = models.CharField(_("kind"), max_length=4, choices=Kind.choices, default=Kind.FACE)
    label = models.CharField(
        _("label"), max_length=20, blank=True, help_text=_("body-1, body-2 ... within a recording")
    )
    entry_at = models.DateTimeField(_("entry"))
    exit_at = models.DateTimeField(_("exit"))
    entry_by = models.CharField(_("entry known by"), max_length=5, choices=Edge.choices, default=Edge.SIGHT)
    exit_by = models.CharField(_("exit known by"), max_length=5, choices=Edge.choices, default=Edge.SIGHT)
    counter_from_at = models.DateTimeField(_("at the counter from"), null=True)
    counter_until_at = models.DateTimeField(_("at the counter until"), null=True)
    upi_s = models.FloatField(
        _("at the UPI stand"), null=True, help_text=_("seconds of motion over the UPI stand meanwhile")
    )
    cash_s = models.FloatField(
        _("at the cash drawer"), null=True, help_text=_("seconds of motion over the cash drawer meanwhile")
    )
    shots = models.PositiveIntegerField(_("pictures"), default=0)
    distance = models.FloatField(
        _("distance"), null=True, help_text=_("L2 distance to the person's templates; empty when new")
    )

    objects = VisitQuerySet.as_manager()

    if TYPE_CHECKING:  # what for_cards() adds
        faces: list["Tracklet"]

    class Meta:
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        ordering: ClassVar = ["-entry_at", "-id"]
        constraints: ClassVar = [
            shop_id_unique("visit"),
            models.CheckConstraint(condition=Q(exit_at__gte=F("entry_at")), name="visit_exit_after_entry"),
            SameShop("recording", name="visit_recording_same_shop"),
            models.CheckConstraint(
                condition=Q(candidate=None) | Q(person=None), name="visit_person_or_candidate"
            ),
            models.CheckConstraint(
                condition=Q(counter_from_at=None, counter_until_at=None)
                | Q(counter_until_at__gte=F("counter_from_at")),
                name="visit_counter_until_after_from",
            ),
            SameShop("person", name="visit_person_same_shop"),
            SameShop("candidate", name="visit_candidate_same_shop"),
            MarksDay("entry_at", name="visit_marks_day", on=("INSERT", "UPDATE", "DELETE")),
        ]
        indexes: ClassVar = [
            models.Index(fields=["shop", "entry_at"], name="visit_by_time"),
            models.Index(fields=["shop", "person", "entry_at"], name="visit_by_person"),
        ]

    @property
    def entry_s(self) -> float:
        """Seconds from the start of its recording."""
        return max(0.0, (self.entry_at - self.recording.started_at).total_seconds())

    @property
    def duration_s(self) -> float:
        return (self.exit_at - self.entry_at).total_seconds()

    @property
    def counter_s(self) -> float:
        """From the first to the last moment at the counter; 0 for who was not there."""
        if self.counter_from_at is None or self.counter_until_at is None:
            return 0.0
        return (self.counter_until_at - self.counter_from_at).total_seconds()


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
    face_px = models.FloatField(default=0, help_text=_("width of the face in its best shots, in pixels"))
    boxes = models.JSONField(default=list)
    """[seconds, x1, y1, x2, y2] of each picture, in fractions of the upright picture: for the preview."""
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
        indexes: ClassVar = [
            models.Index(fields=["shop", "id"], condition=~Q(picture=""), name="tracklet_with_picture")
        ]

    @property
    def first_at(self) -> datetime:
        """When the face was first seen."""
        return self.recording.started_at + timedelta(seconds=self.started_s)

    @property
    def last_at(self) -> datetime:
        """When the face was last seen."""
        return self.recording.started_at + timedelta(seconds=self.ended_s)


class Sighting(ShopRow):
    """Somebody in sight of a live camera now, or a moment ago; a row is rewritten as they stay, and goes when old."""

    camera = models.ForeignKey(
        Camera, on_delete=models.CASCADE, related_name="sightings", db_constraint=False
    )
    track = models.CharField(max_length=40)
    """Names the face within its camera, for as long as it is followed."""
    person = models.ForeignKey(
        Person, null=True, on_delete=models.CASCADE, related_name="sightings", db_constraint=False
    )
    distance = models.FloatField(null=True, help_text=_("L2 distance to the nearest person"))
    first_at = models.DateTimeField()
    last_at = models.DateTimeField(default=timezone.now)
    counter_since_at = models.DateTimeField(
        null=True, help_text=_("at the counter since; empty when not there")
    )
    picture = models.FileField(max_length=200, blank=True)

    class Meta:
        constraints: ClassVar = [
            shop_id_unique("sighting"),
            models.UniqueConstraint(fields=["camera", "track"], name="sighting_once_per_track"),
            SameShop("camera", name="sighting_camera_same_shop"),
            SameShop("person", name="sighting_person_same_shop"),
        ]
        indexes: ClassVar = [models.Index(fields=["shop", "last_at"], name="sighting_by_time")]

    @property
    def piece(self) -> str:
        """The piece of live film that it is seen in: `track` is its name and a number. They sort by time."""
        return self.track.rpartition("-")[0]


class SaleLink(ShopRow):
    """A sale and the visit in which it was probably made. A person's decision is never touched by a job."""

    class State(models.TextChoices):
        LINKED = "linked", _("linked")  # by itself: sure enough
        SUGGESTED = "suggested", _("suggested")
        CONFIRMED = "confirmed", _("confirmed")
        REFUSED = "refused", _("refused")

    SURE = (State.LINKED, State.CONFIRMED)
    """What other things may rest on: linked by itself, or by a person's word."""

    sale = models.ForeignKey(Sale, on_delete=models.PROTECT, related_name="links", db_constraint=False)
    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="links", db_constraint=False)
    confidence = models.FloatField()
    because = models.JSONField(default=dict)
    """What spoke for it, in nats: time, counter, identity, group; and `seconds` from its anchor to the sale."""
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
                condition=Q(state__in=("linked", "suggested"), decided_at=None)
                | Q(decided_at__isnull=False, state__in=("confirmed", "refused")),
                name="salelink_decision_has_a_time",
            ),
            SameShop("sale", name="salelink_sale_same_shop"),
            SameShop("visit", name="salelink_visit_same_shop"),
        ]
