"""A sale that waits at the counter while its buyer fetches something: nothing is sold, nothing is reserved."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from watershop.constraints import SameShop
from watershop.models import Shop, ShopRow, User, shop_id_unique


class ParkedSaleQuerySet(models.QuerySet["ParkedSale"]):
    def of(self, shop: Shop) -> "ParkedSaleQuerySet":
        return self.filter(shop=shop)

    def waiting(self) -> "ParkedSaleQuerySet":
        return self.filter(closed_at=None)


class ParkedSale(ShopRow):
    """The fields of the till's form as they were; kept for good, closed once it is resumed or dropped."""

    class Closed(models.TextChoices):
        RESUMED = "resumed", _("resumed")
        LEFT = "left", _("The buyer left")
        CHANGED = "changed", _("The buyer changed their mind")
        TWICE = "twice", _("Entered twice")

    customer = models.ForeignKey(
        Customer, null=True, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    fields: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    cans = models.PositiveIntegerField(_("cans"))
    parked_at = models.DateTimeField(_("parked"), default=timezone.now)
    parked_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(_("closed"), null=True)
    closed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    closed = models.CharField(_("why"), max_length=10, choices=Closed.choices, blank=True)

    objects = ParkedSaleQuerySet.as_manager()

    class Meta:
        verbose_name = _("parked sale")
        verbose_name_plural = _("parked sales")
        ordering: ClassVar = ["parked_at", "id"]
        constraints: ClassVar = [
            shop_id_unique("parkedsale"),
            models.CheckConstraint(
                condition=Q(closed_at=None, closed="") | Q(closed_at__isnull=False) & ~Q(closed=""),
                name="parkedsale_closed_somehow",
            ),
            SameShop("customer", name="parkedsale_customer_same_shop"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["shop", "parked_at"], condition=Q(closed_at=None), name="parkedsale_waiting")
        ]
