"""Who is known: persons, the vectors of their faces, and every decision about who is who."""

from typing import TYPE_CHECKING, ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.lookups import Exact
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from pgvector.django import VectorField

from customers.models import Customer
from watershop.constraints import AppendOnly, SameShop
from watershop.models import Counter, Shop, ShopRow, User, shop_id_unique

IS_DESCRIBED = ~Q(name="") | Q(customer__isnull=False) | Q(is_shop_staff=True) | Q(is_ignored=True)


class PersonQuerySet(models.QuerySet["Person"]):
    def of(self, shop: Shop) -> "PersonQuerySet":
        return self.filter(shop=shop)

    def shown(self) -> "PersonQuerySet":
        """Who is somebody: not merged into another, and seen at least once or described by hand."""
        from vision.models.visits import Visit  # which needs this module first

        is_seen = models.Exists(Visit.objects.filter(person=models.OuterRef("pk")))
        return self.filter(IS_DESCRIBED | is_seen, merged_into=None)

    def undescribed(self) -> "PersonQuerySet":
        """Of whom nobody has said anything yet."""
        return self.exclude(IS_DESCRIBED)

    def like(self, text: str) -> "PersonQuerySet":
        """Those whose code, name or customer holds a text."""
        places = ("code", "name", "customer__name", "customer__code")
        found = Q()
        for place in places:
            found |= Q(**{f"{place}__icontains": text})
        return self.filter(found)

    def with_face(self) -> "PersonQuerySet":
        """With `face`, the id of the tracklet that shows them best, and their customer."""
        from vision.models.visits import Tracklet  # as above

        faces = Tracklet.objects.filter(person=models.OuterRef("pk")).exclude(picture="")
        best = models.Subquery(faces.order_by("-quality", "pk").values("pk")[:1])
        return self.select_related("customer").annotate(face=best)  # type: ignore[no-redef]


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
    is_ignored = models.BooleanField(
        _("does not count"), default=False, help_text=_("a poster, a television, somebody next door")
    )
    merged_into = models.ForeignKey(
        "self",
        null=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="merged",
        db_constraint=False,
    )
    """Who this one turned out to be; the code stays an alias."""
    created_at = models.DateTimeField(_("known since"), default=timezone.now)

    objects = PersonQuerySet.as_manager()

    if TYPE_CHECKING:  # what with_face() adds
        face: int | None

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("persons")
        ordering: ClassVar = ["code"]
        constraints: ClassVar = [
            shop_id_unique("person"),
            models.UniqueConstraint(fields=["shop", "code"], name="person_code_once_per_shop"),
            SameShop("customer", name="person_customer_same_shop"),
            SameShop("merged_into", name="person_merged_into_same_shop"),
        ]

    def __str__(self) -> str:
        return self.name or (self.customer.name if self.customer else self.code)

    @property
    def is_described(self) -> bool:
        """Has somebody said who this is?"""
        return bool(self.name or self.customer_id or self.is_shop_staff or self.is_ignored)

    def now(self) -> "Person":
        """Who this one is after all merges."""
        person = self
        while person.merged_into:
            person = person.merged_into
        return person

    @staticmethod
    def next_codes(shop: Shop, count: int) -> list[str]:
        """P_0001, P_0002 ... in the order of the shop."""
        return [f"P_{n:04d}" for n in Counter.take(shop, "person", count)] if count else []


class Template(ShopRow):
    """The mean vector of a tracklet's best shots. Vectors of different models never meet in one search."""

    person = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="templates", db_constraint=False
    )
    """Whose face it is; nobody's while that is in doubt."""
    is_enrolled = models.BooleanField(default=False)
    """Whether probes are compared with it. A doubtful match never is: one wrong template draws the next."""
    tracklet = models.ForeignKey(
        "vision.Tracklet", null=True, on_delete=models.PROTECT, related_name="templates", db_constraint=False
    )
    model_id = models.CharField(max_length=40)
    vector = VectorField()
    quality = models.FloatField(default=0, validators=[MinValueValidator(0)])
    consent = models.ForeignKey(
        "vision.Consent", null=True, on_delete=models.PROTECT, related_name="templates", db_constraint=False
    )
    """Under which one it was taken, where somebody stood still for it; its picture is then its own."""
    picture = models.FileField(max_length=200, blank=True)
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
            models.CheckConstraint(
                condition=Q(is_enrolled=False) | Q(person__isnull=False), name="template_enrolled_has_person"
            ),
            models.CheckConstraint(
                condition=Q(picture="") | Q(consent__isnull=False), name="template_picture_by_consent"
            ),
            SameShop("consent", name="template_consent_same_shop"),
            SameShop("person", name="template_person_same_shop"),
            SameShop("tracklet", name="template_tracklet_same_shop"),
        ]
        indexes: ClassVar = [models.Index(fields=["shop", "model_id"], name="template_by_model")]


class IdentityEventQuerySet(models.QuerySet["IdentityEvent"]):
    def of(self, shop: Shop) -> "IdentityEventQuerySet":
        return self.filter(shop=shop)

    def about(self, person: Person) -> "IdentityEventQuerySet":
        return self.filter(Q(person=person) | Q(other=person))

    def for_history(self) -> "IdentityEventQuerySet":
        """With what a line of the history shows; `taught_by` is the sale (id) that taught it, if one did."""
        from vision.models.counter import Lesson  # which needs this module first

        taught_by = models.Subquery(
            Lesson.objects.filter(event=models.OuterRef("pk")).values("link__sale")[:1]
        )
        rows = self.select_related("person__customer", "other__customer", "by", "reversed_by")
        return rows.annotate(taught_by=taught_by)

    def last_by(self, user: User, shop: Shop) -> "IdentityEvent | None":
        """What somebody decided last, for the button that takes it back."""
        return self.of(shop).filter(by=user).for_history().first()


class IdentityEvent(ShopRow):
    """A decision by hand about who is who; undone by an event that reverses it, never redone by a job."""

    class Kind(models.TextChoices):
        NAME = "name", _("named")
        MERGE = "merge", _("two made one")
        SPLIT = "split", _("one made two")
        CONFIRM = "confirm", _("recognised by hand")
        NOT_THIS = "not_this", _("not this person")
        FORGET = "forget", _("forgotten")

    kind = models.CharField(max_length=10, choices=Kind.choices)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="events", db_constraint=False)
    other = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="events_as_other", db_constraint=False
    )
    moved = models.JSONField(default=dict)
    """Ids of the rows that it moved, by kind of row: what the inverse moves back."""
    reverses = models.OneToOneField(
        "self", null=True, on_delete=models.PROTECT, related_name="reversed_by", db_constraint=False
    )
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    objects = IdentityEventQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-at", "-id"]
        constraints: ClassVar = [
            shop_id_unique("identityevent"),
            AppendOnly(name="identityevent_append_only", may_empty="moved"),
            SameShop("person", name="identityevent_person_same_shop"),
            SameShop("other", name="identityevent_other_same_shop"),
            SameShop("reverses", name="identityevent_reverses_same_shop"),
        ]

    @property
    def is_open(self) -> bool:
        """May it still be taken back?"""
        return not (self.kind == self.Kind.FORGET or self.reverses_id or hasattr(self, "reversed_by"))


class FormerName(ShopRow):
    """What a person was called before an event: kept apart from it, because a name can be forgotten."""

    event = models.OneToOneField(
        IdentityEvent, on_delete=models.PROTECT, related_name="former_name", db_constraint=False
    )
    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="former_names", db_constraint=False
    )
    name = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints: ClassVar = [
            shop_id_unique("formername"),
            SameShop("event", name="formername_event_same_shop"),
            SameShop("person", name="formername_person_same_shop"),
        ]


class Denial(ShopRow):
    """ "Not this person": a face (a tracklet) that a person said is not somebody; matching never says so again."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="denials", db_constraint=False)
    tracklet = models.ForeignKey(
        "vision.Tracklet", on_delete=models.CASCADE, related_name="denials", db_constraint=False
    )
    event = models.ForeignKey(
        IdentityEvent, on_delete=models.PROTECT, related_name="denials", db_constraint=False
    )

    class Meta:
        constraints: ClassVar = [
            shop_id_unique("denial"),
            models.UniqueConstraint(fields=["person", "tracklet"], name="denial_once"),
            SameShop("person", name="denial_person_same_shop"),
            SameShop("tracklet", name="denial_tracklet_same_shop"),
            SameShop("event", name="denial_event_same_shop"),
        ]
