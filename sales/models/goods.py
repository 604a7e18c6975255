"""What the shop sells, and how: its tenders, its settings, its can types."""

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from watershop.models import Shop, ShopRow, shop_id_unique, validate_code

ZERO = Decimal("0.00")
MOST_PER_CAN = Decimal("10000.00")  # rupees: a slip of the finger at the price list must not overflow a sale
MONEY: models.DecimalField[Any, Any] = models.DecimalField(max_digits=12, decimal_places=2)  # of any sum
RUPEES_PER_CAN = [MinValueValidator(ZERO), MaxValueValidator(MOST_PER_CAN)]
validate_upi_id = RegexValidator(
    r"^[\w.\-]{2,256}@[A-Za-z][\w.]{1,64}$", _("A UPI id looks like shopname@bank.")
)


def validate_gstin(text: str) -> None:
    """Raise ValidationError unless it is a goods and services tax number: 15 letters and digits, the last a checksum.

    Each place is worth its value times 1 and 2 in turn, its digits to the base 36 added (the Luhn sum, base 36).
    """
    if not re.fullmatch(r"[0-3][0-9][A-Z]{5}[0-9]{4}[A-Z][1-9A-Z]Z[0-9A-Z]", text):
        raise ValidationError(_("A GSTIN has 15 letters and digits. Example: 27AAPFU0939F1ZV."))
    worth = [int(sign, 36) * (1 + place % 2) for place, sign in enumerate(text[:14])]
    if (sum(value // 36 + value % 36 for value in worth) + int(text[14], 36)) % 36:
        raise ValidationError(_("The last letter does not fit this GSTIN. Look for a slip of the finger."))


class Tender(models.TextChoices):
    CASH = "cash", _("Cash")
    UPI = "upi", _("UPI")
    COIN = "coin", _("Coins")


class PaperWidth(models.IntegerChoices):
    """The width of a roll of paper in millimetres."""

    NARROW = 58, _("58 mm")
    WIDE = 80, _("80 mm")


class SalesSettings(ShopRow):
    """How one shop sells."""

    upi_id = models.CharField(_("UPI id"), max_length=255, blank=True, validators=[validate_upi_id])
    # Who counts as late: so many unpaid sales, or over this amount unpaid for longer than these days.
    late_sales = models.PositiveSmallIntegerField(
        _("unpaid sales"), default=2, validators=[MinValueValidator(1)]
    )
    late_amount = models.DecimalField(
        _("or unpaid more than"),
        max_digits=8,
        decimal_places=2,
        default=ZERO,
        validators=[MinValueValidator(ZERO)],
    )
    late_days = models.PositiveSmallIntegerField(_("for more days than"), default=15)
    # How many days old a debt must be for each step; until the first of them it is reminded of.
    call_days = models.PositiveSmallIntegerField(_("call from day"), default=8)
    stop_credit_days = models.PositiveSmallIntegerField(_("stop credit from day"), default=31)
    collect_cans_days = models.PositiveSmallIntegerField(_("collect the cans from day"), default=61)
    write_off_days = models.PositiveSmallIntegerField(_("write off from day"), default=91)
    receipt_width = models.PositiveSmallIntegerField(
        _("receipt paper"), choices=PaperWidth.choices, default=PaperWidth.WIDE
    )
    gstin = models.CharField(
        _("GSTIN"),
        max_length=15,
        blank=True,
        validators=[validate_gstin],
        help_text=_("The shop's tax number, printed on each receipt. Leave it empty without one."),
    )

    class Meta:
        constraints: ClassVar = [
            shop_id_unique("salessettings"),
            models.UniqueConstraint(fields=["shop"], name="salessettings_one_per_shop"),
            models.CheckConstraint(
                condition=Q(
                    call_days__lte=F("stop_credit_days"),
                    stop_credit_days__lte=F("collect_cans_days"),
                    collect_cans_days__lte=F("write_off_days"),
                ),
                name="salessettings_steps_follow_each_other",
                violation_error_message=_(
                    "The steps must follow each other: call, stop credit, cans, write off."
                ),
            ),
        ]


class CanTypeQuerySet(models.QuerySet["CanType"]):
    def of(self, shop: Shop) -> "CanTypeQuerySet":
        return self.filter(shop=shop)

    def on_sale(self) -> "CanTypeQuerySet":
        return self.filter(retired_at=None)


class CanType(ShopRow):
    """A size that the shop sells. Retired, never deleted: old sales keep theirs. Its price is a `CanPrice`."""

    code = models.CharField(_("size"), max_length=20, validators=[validate_code], help_text=_("Example: 20L"))
    name = models.CharField(_("name"), max_length=60)
    litres = models.DecimalField(
        _("litres"), max_digits=6, decimal_places=2, validators=[MinValueValidator(Decimal("0.01"))]
    )
    deposit = models.DecimalField(
        _("deposit"), max_digits=8, decimal_places=2, default=ZERO, validators=RUPEES_PER_CAN
    )
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True, editable=False)

    objects = CanTypeQuerySet.as_manager()

    if TYPE_CHECKING:  # what pricelist.priced() adds
        price: Decimal
        gst_rate: Decimal | None
        hsn: str

    class Meta:
        verbose_name = _("can size")
        verbose_name_plural = _("can sizes")
        ordering: ClassVar = ["-litres", "code"]
        constraints: ClassVar = [
            shop_id_unique("cantype"),
            models.UniqueConstraint(fields=["shop", "code"], name="cantype_code_once_per_shop"),
            models.CheckConstraint(
                condition=Q(deposit__gte=0, litres__gt=0), name="cantype_amounts_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return self.name


# What a new shop begins with, and what these sizes are taken to cost where nobody said.
FIRST_CAN_TYPES: list[dict[str, Any]] = [
    {"code": "20L", "litres": Decimal("20"), "price": Decimal("20"), "deposit": Decimal("150")},
    {"code": "10L", "litres": Decimal("10"), "price": Decimal("10"), "deposit": Decimal("100")},
]
