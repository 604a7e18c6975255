"""What a can costs, since when, and for whom. A new price is a new row; sales keep what they charged."""

from decimal import Decimal
from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from sales.models.goods import RUPEES_PER_CAN, ZERO, CanType
from watershop.constraints import AppendOnly, SameShop
from watershop.models import ShopRow, User, shop_id_unique

validate_hsn = RegexValidator(r"^(\d{4}|\d{6}|\d{8})$", _("An HSN code has 4, 6 or 8 digits. Example: 2201."))


class CanPrice(ShopRow):
    """The shop's price for a size from `since` on, with the tax that it holds; the latest row counts."""

    can_type = models.ForeignKey(
        CanType, on_delete=models.PROTECT, related_name="prices", db_constraint=False
    )
    price = models.DecimalField(_("price"), max_digits=8, decimal_places=2, validators=RUPEES_PER_CAN)
    gst_rate = models.DecimalField(
        _("GST in per cent"),
        max_digits=4,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(ZERO), MaxValueValidator(Decimal(40))],
        help_text=_("The price holds the tax. Empty: the receipt shows none."),
    )
    hsn = models.CharField(_("HSN code"), max_length=8, blank=True, validators=[validate_hsn])
    since = models.DateTimeField(_("from"), default=timezone.now)
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        ordering: ClassVar = ["since", "id"]
        constraints: ClassVar = [
            shop_id_unique("canprice"),
            models.CheckConstraint(condition=Q(price__gte=0), name="canprice_not_negative"),
            SameShop("can_type", name="canprice_can_type_same_shop"),
            AppendOnly(name="canprice_append_only"),
        ]
        indexes: ClassVar = [models.Index(fields=["shop", "can_type", "since"], name="canprice_by_time")]


class CustomerPrice(ShopRow):
    """A customer's own price for a size from `since` on; an empty one leads back to the shop's price."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    can_type = models.ForeignKey(CanType, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    price = models.DecimalField(
        _("price"), max_digits=8, decimal_places=2, null=True, blank=True, validators=RUPEES_PER_CAN
    )
    since = models.DateTimeField(_("from"), default=timezone.now)
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("own price")
        verbose_name_plural = _("own prices")
        ordering: ClassVar = ["since", "id"]
        constraints: ClassVar = [
            shop_id_unique("customerprice"),
            models.CheckConstraint(
                condition=Q(price=None) | Q(price__gte=0), name="customerprice_not_negative"
            ),
            SameShop("customer", name="customerprice_customer_same_shop"),
            SameShop("can_type", name="customerprice_can_type_same_shop"),
            AppendOnly(name="customerprice_append_only"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["shop", "customer", "can_type", "since"], name="customerprice_by_time")
        ]
