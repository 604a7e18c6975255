"""The floor's nouns: who signs in, which shop, what was done, what was answered, what runs."""

from collections.abc import Mapping
from datetime import time
from typing import ClassVar
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import connection, models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from watershop.constraints import AppendOnly, SameShop


class User(AbstractUser):
    """Somebody who signs in. What they may do is said by their Membership in each shop."""

    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, default="en")
    # Set while the password is a one-time password that somebody else handed out.
    password_expires_at = models.DateTimeField(null=True, blank=True, editable=False)

    @property
    def has_one_time_password(self) -> bool:
        return self.password_expires_at is not None


def validate_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(_("%(name)s is not a time zone. Example: Asia/Kolkata."), params={"name": name})


class Shop(models.Model):
    """A shop: its name, clock, languages and hours. Its web pages live under /s/<slug>/."""

    slug = models.SlugField(_("address"), max_length=40, unique=True)
    name = models.CharField(_("shop name"), max_length=80)
    zone = models.CharField(_("time zone"), max_length=40, default="Asia/Kolkata", validators=[validate_zone])
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, default="en")
    opens_at = models.TimeField(_("opens at"), default=time(8))
    closes_at = models.TimeField(_("closes at"), default=time(20))
    lock_after_minutes = models.PositiveSmallIntegerField(
        _("lock after so many minutes"),
        default=0,
        validators=[MaxValueValidator(240)],
        help_text=_("A till that nobody touches locks itself. 0 = never."),
    )
    # Between these no message goes out to a customer; the same time twice: there is no such night.
    quiet_from = models.TimeField(_("no messages from"), default=time(21))
    quiet_until = models.TimeField(_("until"), default=time(9))
    email = models.EmailField(
        _("e-mail"), blank=True, help_text=_("Where the figures of the day are sent to.")
    )
    is_demo = models.BooleanField(_("practice shop"), default=False, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("shop")
        verbose_name_plural = _("shops")

    def __str__(self) -> str:
        return self.name

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


class Role(models.TextChoices):
    STAFF = "staff", _("Clerk")
    MANAGER = "manager", _("Manager")
    OWNER = "owner", _("Owner")


class Right(models.TextChoices):
    """What an owner can switch for each role of the shop; an owner always has all of them."""

    VOID = "void", _("Void a sale")
    REFUND = "refund", _("Refund")
    DISCOUNT = "discount", _("Give a discount")
    BACK_DATE = "back_date", _("Enter sales of an earlier day")
    SEE_FACES = "see_faces", _("See faces and recordings")
    EXPORT = "export", _("Download and import files")
    SEE_TOTALS = "see_totals", _("See the shop's totals")
    OVER_LIMIT = "over_limit", _("Sell past a credit limit")


class ShopRow(models.Model):
    """Base of every tenant row: it belongs to one shop, and (shop, id) is unique so that others can point at it.

    A model that inherits lists `shop_id_unique(<table>)` and a `SameShop` for each foreign key it has.
    """

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="+")

    class Meta:
        abstract = True


def shop_id_unique(table: str) -> models.UniqueConstraint:
    """The unique (shop, id) that composite foreign keys point at."""
    return models.UniqueConstraint(fields=["shop", "id"], name=f"{table}_shop_id")


class Membership(ShopRow):
    """A user's role in one shop, and their PIN there. Deactivated, never deleted: the sales keep their clerk."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.STAFF)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    # Written by watershop.pins alone: a password hash ("" = no PIN), how many digits it has, wrong tries since the
    # last right one, and until when it rests after too many.
    pin = models.CharField(max_length=128, blank=True, default="", editable=False)
    pin_digits = models.PositiveSmallIntegerField(default=0, editable=False)
    pin_tries = models.PositiveSmallIntegerField(default=0, editable=False)
    pin_rests_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints: ClassVar = [
            shop_id_unique("membership"),
            models.UniqueConstraint(fields=["shop", "user"], name="membership_once_per_shop"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"


class RoleRight(ShopRow):
    """An owner's switch: this role may (or may not) do this in this shop. No row means roles.DEFAULT_RIGHTS."""

    role = models.CharField(max_length=10, choices=Role.choices)
    right = models.CharField(max_length=20, choices=Right.choices)
    is_allowed = models.BooleanField()

    class Meta:
        constraints: ClassVar = [
            shop_id_unique("roleright"),
            models.UniqueConstraint(fields=["shop", "role", "right"], name="roleright_once"),
            models.CheckConstraint(condition=~Q(role=Role.OWNER), name="roleright_owner_has_all"),
        ]


class AuditEntry(ShopRow):
    """Who did what, to what, before, after, when and from where. Written by audit.record alone."""

    at = models.DateTimeField(_("time"), default=timezone.now, db_index=True)
    user = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("approved by")
    )
    origin = models.CharField(
        _("where from"), max_length=60, help_text=_("where from: web and address, api, command, task")
    )
    action = models.CharField(_("action"), max_length=40)
    subject_type = models.CharField(_("kind of row"), max_length=40)
    subject_id = models.BigIntegerField(_("number of the row"), null=True)
    before = models.JSONField(_("before"), null=True)
    after = models.JSONField(_("after"), null=True)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        constraints: ClassVar = [shop_id_unique("auditentry"), AppendOnly(name="auditentry_append_only")]
        indexes: ClassVar = [
            models.Index(fields=["shop", "subject_type", "subject_id"], name="auditentry_subject")
        ]


class Answer(ShopRow):
    """What a request with this idempotency key was answered; written in the transaction of the deed itself."""

    key = models.CharField(max_length=255)
    body_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            shop_id_unique("answer"),
            models.UniqueConstraint(fields=["shop", "key"], name="answer_once_per_key"),
        ]


class Counter(ShopRow):
    """The last number given out for one series of one shop (customer codes, sale codes, person codes)."""

    series = models.CharField(max_length=30)
    value = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            shop_id_unique("counter"),
            models.UniqueConstraint(fields=["shop", "series"], name="counter_once_per_series"),
        ]

    @staticmethod
    def take(shop: Shop, series: str, count: int = 1) -> range:
        """The next `count` numbers of a series, without a gap at commit: a rolled-back deed gives its back."""
        return Counter.take_each(shop, {series: count})[series]

    @staticmethod
    def take_each(shop: Shop, counts: Mapping[str, int]) -> dict[str, range]:
        """The next so many numbers of each series; in one order, so that nobody waits in a ring."""
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO watershop_counter (shop_id, series, value) "
                "SELECT %s, series, count FROM unnest(%s::text[], %s::bigint[]) AS asked (series, count) "
                "ORDER BY series "
                "ON CONFLICT (shop_id, series) DO UPDATE SET value = watershop_counter.value + EXCLUDED.value "
                "RETURNING series, value",
                [shop.pk, list(counts), list(counts.values())],
            )
            return {series: range(last - counts[series] + 1, last + 1) for series, last in cursor.fetchall()}

    @staticmethod
    def step_over(shop: Shop, series: str, number: int) -> None:
        """Never give out this number or one before it: a row that came from elsewhere has it."""
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO watershop_counter (shop_id, series, value) VALUES (%s, %s, %s) ON CONFLICT "
                "(shop_id, series) DO UPDATE SET value = greatest(watershop_counter.value, EXCLUDED.value)",
                [shop.pk, series, number],
            )


class DirtyDay(ShopRow):
    """A transaction changed something on this day: what was counted of it must be counted anew.

    Written by the database itself (constraints.MarksDay), in the transaction of the change: who takes these rows away
    before counting misses nothing, however late a transaction commits. One row per transaction and day, so that nobody
    waits for anybody.
    """

    day = models.DateField()
    xact = models.BigIntegerField(help_text=_("the transaction's number"))

    class Meta:
        constraints: ClassVar = [
            shop_id_unique("dirtyday"),
            models.UniqueConstraint(fields=["shop", "day", "xact"], name="dirtyday_once_per_transaction"),
        ]


class Job(ShopRow):
    """Background work that survives crashes; the queue only carries its id. See watershop/jobs.py."""

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    name = models.CharField(max_length=100, help_text=_("dotted path of the function that does it"))
    subject_id = models.BigIntegerField()
    cluster = models.CharField(max_length=20, default="default")
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=3)
    lease_until = models.DateTimeField(null=True)
    progress = models.PositiveSmallIntegerField(default=0, help_text=_("per cent"))
    stage = models.CharField(max_length=100, blank=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            shop_id_unique("job"),
            models.UniqueConstraint(
                fields=["name", "subject_id"], condition=Q(state="queued"), name="job_queued_once_per_subject"
            ),
            models.CheckConstraint(condition=Q(progress__lte=100), name="job_progress_is_per_cent"),
            models.CheckConstraint(
                condition=Q(attempts__lte=F("max_attempts")), name="job_attempts_within_max"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["lease_until"], condition=Q(state="running"), name="job_running_lease"),
        ]


class MessageQuerySet(models.QuerySet["Message"]):
    def of(self, shop: Shop) -> "MessageQuerySet":
        return self.filter(shop=shop)

    def waiting(self) -> "MessageQuerySet":
        return self.filter(state=Message.State.QUEUED)


class Message(ShopRow):
    """Something written to somebody outside. Its words and address are personal: they stay out of the audit.

    `topic` says what it is, `about_id` names the row it is about (of a reminder: the customer). See outbox.py.
    """

    class Channel(models.TextChoices):
        WHATSAPP = "whatsapp", _("WhatsApp")
        SMS = "sms", _("text message")
        EMAIL = "email", _("e-mail")
        CALL = "call", _("call")

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        OPENED = "opened", _("opened")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    topic = models.CharField(_("topic"), max_length=20)
    about_id = models.BigIntegerField(_("about"), null=True)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices)
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES)
    to = models.CharField(_("to"), max_length=254)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    text = models.TextField(_("text"))
    html = models.TextField(
        _("page"), blank=True, help_text=_("the same as a web page, for mail programs that show one")
    )
    keeps_night = models.BooleanField(
        _("waits for the morning"), default=False, help_text=_("the quiet hours of the shop are kept")
    )
    day = models.DateField(
        _("day"), null=True, help_text=_("of one topic, one goes out to somebody on one day")
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error = models.TextField(_("what went wrong"), blank=True)
    not_before = models.DateTimeField(_("not before"), default=timezone.now)
    created_at = models.DateTimeField(_("written"), default=timezone.now)
    claimed_at = models.DateTimeField(_("taken up"), null=True)
    sent_at = models.DateTimeField(_("sent"), null=True)
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering: ClassVar = ["-created_at", "-id"]
        constraints: ClassVar = [
            shop_id_unique("message"),
            models.UniqueConstraint(
                fields=["shop", "topic", "about_id", "day"],
                condition=~Q(state__in=["failed", "cancelled"]),
                name="message_once_a_day",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["sent", "opened"], sent_at__isnull=False)
                | Q(state__in=["queued", "sending", "failed", "cancelled"], sent_at=None),
                name="message_sent_has_its_time",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["not_before"], condition=Q(state__in=["queued", "sending"]), name="message_due"
            ),
            models.Index(fields=["shop", "topic", "about_id"], name="message_about"),
        ]


class Attachment(ShopRow):
    """A file that a message takes along, until it has gone out. One with a `content_id` is a picture of its page."""

    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, related_name="attachments", db_constraint=False
    )
    name = models.CharField(max_length=100)
    content_type = models.CharField(max_length=100)
    content_id = models.CharField(max_length=60, blank=True, help_text=_("the page shows it as cid:<this>"))
    data = models.BinaryField()

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            shop_id_unique("attachment"),
            models.UniqueConstraint(
                fields=["message", "content_id"], condition=~Q(content_id=""), name="attachment_shown_once"
            ),
            SameShop("message", name="attachment_message_same_shop"),
        ]


validate_code = RegexValidator(
    r"^[^\s,;\"']+$", _("A code has no spaces, commas, semicolons or quotes. Example: CUST_0001.")
)
