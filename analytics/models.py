"""What is kept of the numbers: what was counted of each day, what the owner said, and what they were told.

The roll-up (RollUp to VisitorDay) is a cache: `rollup.py` alone writes it, from the rows of `sales` and `vision`.
"""

from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sales.models import ZERO, CanType, Tender
from watershop.constraints import SameShop
from watershop.models import Message, Shop, ShopRow, User, shop_id_unique


def _rupees(label: object = None, **more: object) -> models.DecimalField:  # type: ignore[type-arg]
    return models.DecimalField(label, max_digits=14, decimal_places=2, default=ZERO, **more)  # type: ignore[arg-type]


class RollUp(ShopRow):
    """One shop's roll-up: on which clock its days were cut. Its row is locked while days are counted."""

    zone = models.CharField(max_length=40, blank=True, help_text=_("empty: nothing was counted yet"))
    counted_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            shop_id_unique("rollup"),
            models.UniqueConstraint(fields=["shop"], name="rollup_one_per_shop"),
        ]


class DailyTotals(ShopRow):
    """What happened on one day. Sales are the standing ones of that day, `paid` what settled them until now."""

    day = models.DateField()
    sales = models.PositiveIntegerField(default=0)
    cans = models.PositiveIntegerField(default=0)
    revenue = _rupees()
    paid = _rupees(help_text=_("of this day's sales"))
    unpaid_sales = models.PositiveIntegerField(default=0)
    stated_cash = models.PositiveIntegerField(default=0, help_text=_("sales by the tender that was stated"))
    stated_upi = models.PositiveIntegerField(default=0)
    stated_coin = models.PositiveIntegerField(default=0)
    taken_cash = _rupees(help_text=_("money received less money given back"))
    taken_upi = _rupees()
    taken_coin = _rupees()
    cans_moved = models.IntegerField(default=0, help_text=_("cans that went out less those that came back"))
    visits = models.PositiveIntegerField(default=0, help_text=_("staff and posters left out"))
    anonymous = models.PositiveIntegerField(default=0, help_text=_("visits of nobody known"))
    persons = models.PositiveIntegerField(default=0, help_text=_("different visitors"))
    first_sale_at = models.DateTimeField(null=True)
    last_sale_at = models.DateTimeField(null=True)
    first_visit_at = models.DateTimeField(null=True)
    last_visit_at = models.DateTimeField(null=True, help_text=_("the last exit"))
    first_staff_at = models.DateTimeField(null=True, help_text=_("the first face of somebody who works here"))
    last_staff_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            shop_id_unique("dailytotals"),
            models.UniqueConstraint(fields=["shop", "day"], name="dailytotals_one_per_day"),
        ]

    def taken(self, tender: Tender) -> Decimal:
        """Rupees received by a tender less those given back."""
        sums: dict[str, Decimal] = {"cash": self.taken_cash, "upi": self.taken_upi, "coin": self.taken_coin}
        return sums[tender.value]

    def stated(self, tender: Tender) -> int:
        """Sales of which this tender was stated."""
        counts: dict[str, int] = {"cash": self.stated_cash, "upi": self.stated_upi, "coin": self.stated_coin}
        return counts[tender.value]


class SlotTotals(ShopRow):
    """Half an hour of a day in which anything happened: slot 0 begins at midnight, slot 47 at 23:30."""

    day = models.DateField()
    slot = models.PositiveSmallIntegerField()
    sales = models.PositiveIntegerField(default=0)
    cans = models.PositiveIntegerField(default=0)
    revenue = _rupees()
    visits = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            shop_id_unique("slottotals"),
            models.UniqueConstraint(fields=["shop", "day", "slot"], name="slottotals_one_per_slot"),
            models.CheckConstraint(condition=Q(slot__lt=48), name="slottotals_48_slots"),
        ]


class SizeTotals(ShopRow):
    """Cans of one type sold on one day."""

    day = models.DateField()
    can_type = models.ForeignKey(CanType, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    cans = models.PositiveIntegerField()
    revenue = _rupees()

    class Meta:
        constraints: ClassVar = [
            shop_id_unique("sizetotals"),
            models.UniqueConstraint(fields=["shop", "day", "can_type"], name="sizetotals_one_per_day"),
            SameShop("can_type", name="sizetotals_can_type_same_shop"),
        ]


class CustomerDay(ShopRow):
    """What one customer bought on one day. `customer` is the id of the account: there may be a million rows, and
    whose day is counted is looked up when it is counted."""

    day = models.DateField()
    customer = models.BigIntegerField()
    sales = models.PositiveIntegerField()
    cans = models.PositiveIntegerField()
    revenue = _rupees()

    class Meta:
        constraints: ClassVar = [
            shop_id_unique("customerday"),
            models.UniqueConstraint(fields=["shop", "day", "customer"], name="customerday_once"),
        ]


class VisitorDay(ShopRow):
    """One visitor on one day. `who` is the id of an account, or below zero that of a face (visitors.WHO)."""

    day = models.DateField()
    who = models.BigIntegerField()
    visits = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [
            shop_id_unique("visitorday"),
            models.UniqueConstraint(fields=["shop", "day", "who"], name="visitorday_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["shop", "who", "day"], name="visitorday_by_visitor")]


class NumbersSettings(ShopRow):
    """What an owner says of the shop so that staff, forecast and times can be reckoned."""

    staff_now = models.PositiveSmallIntegerField(
        _("people at the counter"), default=1, validators=[MinValueValidator(1)]
    )
    wage = models.DecimalField(
        _("wage per hour"),
        max_digits=8,
        decimal_places=2,
        default=Decimal(60),
        validators=[MinValueValidator(0)],
        help_text=_("rupees"),
    )
    wait_s = models.PositiveIntegerField(
        _("seconds that a customer should wait at most"),
        default=120,
        validators=[MinValueValidator(1)],
        help_text=_("nine of ten customers"),
    )
    patience_s = models.PositiveIntegerField(
        _("seconds after which a customer leaves"),
        default=300,
        validators=[MinValueValidator(1)],
        help_text=_("in the mean: some leave at once"),
    )
    service_s = models.PositiveIntegerField(
        _("seconds that serving takes"),
        default=60,
        validators=[MinValueValidator(1)],
        help_text=_("used while no camera measures it"),
    )
    cover_days = models.PositiveSmallIntegerField(
        _("days that full cans should last"), default=2, validators=[MinValueValidator(1)]
    )

    class Meta:
        verbose_name = _("settings of the numbers")
        verbose_name_plural = _("settings of the numbers")
        constraints: ClassVar = [
            shop_id_unique("numberssettings"),
            models.UniqueConstraint(fields=["shop"], name="numberssettings_one_per_shop"),
        ]

    @staticmethod
    def of(shop: Shop) -> "NumbersSettings":
        """The shop's row, or one with the defaults that is not stored."""
        return NumbersSettings.objects.filter(shop=shop).first() or NumbersSettings(shop=shop)


class FestivalDay(ShopRow):
    """A day that is not like others: a festival, a strike, a wedding in the street. The owner edits the list."""

    day = models.DateField(_("day"))
    name = models.CharField(_("name"), max_length=60)
    is_closed = models.BooleanField(_("the shop is closed"), default=False)

    class Meta:
        verbose_name = _("festival day")
        verbose_name_plural = _("festival days")
        ordering: ClassVar = ["day"]
        constraints: ClassVar = [
            shop_id_unique("festivalday"),
            models.UniqueConstraint(fields=["shop", "day"], name="festivalday_one_per_day"),
        ]

    def __str__(self) -> str:
        return self.name


class Anomaly(ShopRow):
    """Something odd that a rule found, once per `key`. A person says what it was; nothing is done by itself."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        EXPLAINED = "explained", _("explained")
        WATCHED = "watched", _("kept in view")

    rule = models.CharField(_("rule"), max_length=30)
    key = models.CharField(max_length=80)
    day = models.DateField(_("day"))
    score = models.FloatField(
        _("how odd"), help_text=_("robust standard deviations, or the rule's own measure")
    )
    facts = models.JSONField(_("facts"), default=dict, help_text=_("numbers and ids, never names"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    note = models.CharField(_("note"), max_length=200, blank=True)
    found_at = models.DateTimeField(_("found"), default=timezone.now)
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(_("decided"), null=True)

    class Meta:
        verbose_name = _("oddity")
        verbose_name_plural = _("oddities")
        ordering: ClassVar = ["-day", "-score", "-id"]
        constraints: ClassVar = [
            shop_id_unique("anomaly"),
            models.UniqueConstraint(fields=["shop", "rule", "key"], name="anomaly_once_per_key"),
            models.CheckConstraint(
                condition=Q(state="open", decided_at=None) | (~Q(state="open") & Q(decided_at__isnull=False)),
                name="anomaly_decided_has_its_time",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["shop", "state", "day"], name="anomaly_by_state")]


class ReportSchedule(ShopRow):
    """A report that goes out by itself by e-mail, after each day, week or month."""

    class Rhythm(models.TextChoices):
        DAILY = "daily", _("every day")
        WEEKLY = "weekly", _("every week")
        MONTHLY = "monthly", _("every month")

    rhythm = models.CharField(_("how often"), max_length=10, choices=Rhythm.choices)
    to = models.EmailField(_("e-mail"))
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, default="en")
    hour = models.PositiveSmallIntegerField(
        _("hour"), default=7, validators=[MaxValueValidator(23)], help_text=_("of the day after, 0 to 23")
    )
    has_workbook = models.BooleanField(_("with the workbook"), default=True)
    has_pdf = models.BooleanField(_("with a PDF"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    sent_until = models.DateField(
        _("sent until"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("last day of the last report; empty: one is asked for now"),
    )
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("report by mail")
        verbose_name_plural = _("reports by mail")
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            shop_id_unique("reportschedule"),
            models.UniqueConstraint(
                fields=["shop", "rhythm", "to"],
                name="reportschedule_once",
                violation_error_message=_("This address gets this report already."),
            ),
            models.CheckConstraint(condition=Q(hour__lt=24), name="reportschedule_hour_of_a_day"),
        ]


class AlertRule(ShopRow):
    """What an owner wants to be told of as it happens, and from which limit on."""

    class Kind(models.TextChoices):
        UNPAID = "unpaid", _("a customer owes more than")
        DEBTOR = "debtor", _("a debtor came in")
        PEAK = "peak", _("more visits in half an hour than")
        CAMERA = "camera", _("a camera is silent for minutes")
        WORKER = "worker", _("the background work stands still for minutes")
        VARIANCE = "variance", _("cash counted differs by more than")
        OPENING = "opening", _("opened later or closed earlier by minutes")
        ANOMALY = "anomaly", _("something odd was found")

    kind = models.CharField(_("what"), max_length=10, choices=Kind.choices)
    limit = models.DecimalField(_("limit"), max_digits=10, decimal_places=2, null=True, blank=True)
    to = models.EmailField(_("e-mail"), blank=True, help_text=_("empty: shown on the page alone"))
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, default="en")
    is_active = models.BooleanField(_("active"), default=True)
    checked_at = models.DateTimeField(null=True, editable=False, help_text=_("until then all was looked at"))

    class Meta:
        verbose_name = _("alert rule")
        verbose_name_plural = _("alert rules")
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            shop_id_unique("alertrule"),
            models.UniqueConstraint(
                fields=["shop", "kind", "to"],
                name="alertrule_once",
                violation_error_message=_("There is such a rule already."),
            ),
        ]


class Alert(ShopRow):
    """What was told, once per `key` of its rule. Its words are made from `facts` in the reader's language."""

    rule = models.ForeignKey(AlertRule, on_delete=models.CASCADE, related_name="alerts", db_constraint=False)
    key = models.CharField(max_length=80, help_text=_("what it is about, and which day: told once"))
    facts = models.JSONField(_("facts"), default=dict, help_text=_("numbers and ids, never names"))
    at = models.DateTimeField(_("time"), default=timezone.now)
    seen_at = models.DateTimeField(_("seen"), null=True)
    seen_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    message = models.ForeignKey(
        Message, null=True, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        ordering: ClassVar = ["-at", "-id"]
        constraints: ClassVar = [
            shop_id_unique("alert"),
            models.UniqueConstraint(fields=["shop", "rule", "key"], name="alert_once_per_key"),
            SameShop("rule", name="alert_rule_same_shop"),
            SameShop("message", name="alert_message_same_shop"),
        ]
        indexes: ClassVar = [models.Index(fields=["shop", "at"], name="alert_by_time")]
