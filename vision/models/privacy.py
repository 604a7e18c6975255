"""What people agreed to, who looked at a face, and what was deleted when."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from vision.models.people import Person
from watershop.constraints import AppendOnly, SameShop
from watershop.models import ShopRow, User, shop_id_unique


class Consent(ShopRow):
    """A customer agreed that the shop knows their face: to which text, when, how, and who wrote it down.

    Without an open one no face of a customer is kept; withdrawn in one tap.
    """

    class How(models.TextChoices):
        COUNTER = "counter", _("said at the counter")
        PAPER = "paper", _("signed on paper")
        PHONE = "phone", _("said on the phone")

    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="consents", db_constraint=False
    )
    text_version = models.CharField(_("text"), max_length=20)
    text_sha256 = models.CharField(max_length=64)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    how = models.CharField(_("how"), max_length=10, choices=How.choices, default=How.COUNTER)
    given_at = models.DateTimeField(_("given"), default=timezone.now)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True)
    withdrawn_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering: ClassVar = ["-given_at", "-id"]
        constraints: ClassVar = [
            shop_id_unique("consent"),
            models.UniqueConstraint(
                fields=["customer"], condition=Q(withdrawn_at=None), name="consent_one_open_per_customer"
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | Q(withdrawn_at__gte=models.F("given_at")),
                name="consent_withdrawn_after_given",
            ),
            SameShop("customer", name="consent_customer_same_shop"),
        ]


class FaceView(ShopRow):
    """Somebody looked at a face: once per user, picture and hour, however often the browser asked."""

    class What(models.TextChoices):
        FACE = "face", _("a picture of a visit")
        PORTRAIT = "portrait", _("a picture taken for a customer")
        SIGHTING = "sighting", _("a picture of now")
        FRAME = "frame", _("a picture of a recording")
        FILM = "film", _("a recording")
        STILL = "still", _("what a camera sees")
        DISPUTE = "dispute", _("a dispute file")
        EXPORT = "export", _("a customer's own data")

    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    what = models.CharField(_("what"), max_length=10, choices=What.choices)
    subject = models.BigIntegerField(help_text=_("its number"))
    person = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="views", db_constraint=False
    )
    at = models.DateTimeField(_("at"), default=timezone.now)
    hour = models.DateTimeField(help_text=_("the hour in which it was"))

    class Meta:
        ordering: ClassVar = ["-at", "-id"]
        constraints: ClassVar = [
            shop_id_unique("faceview"),
            AppendOnly(name="faceview_append_only"),
            models.UniqueConstraint(fields=["by", "what", "subject", "hour"], name="faceview_once_an_hour"),
            SameShop("person", name="faceview_person_same_shop"),
        ]
        indexes: ClassVar = [models.Index(fields=["shop", "at"], name="faceview_by_time")]


class Erasure(ShopRow):
    """A customer was erased: ids alone, to be replayed after a backup is brought back."""

    customer_id = models.BigIntegerField()
    persons = models.JSONField(default=list)
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        ordering: ClassVar = ["-at", "-id"]
        constraints: ClassVar = [shop_id_unique("erasure"), AppendOnly(name="erasure_append_only")]


class RetentionRun(ShopRow):
    """What was deleted because it had had its time, by kind: mostly by the nightly job."""

    at = models.DateTimeField(_("at"), default=timezone.now)
    deleted = models.JSONField(default=dict)
    """Kind -> how many: unnamed, known, pictures, films, disputes."""

    class Meta:
        ordering: ClassVar = ["-at", "-id"]
        constraints: ClassVar = [shop_id_unique("retentionrun"), AppendOnly(name="retentionrun_append_only")]
