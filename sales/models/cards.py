"""The cards that customers carry."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from watershop.constraints import SameShop
from watershop.models import ShopRow, shop_id_unique


class CustomerCard(ShopRow):
    """A card with a QR code that holds `token`: chance letters, which tell a finder neither name nor number."""

    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="cards", db_constraint=False
    )
    token = models.CharField(_("token"), max_length=18)
    issued_at = models.DateTimeField(_("issued"), default=timezone.now)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("customer card")
        verbose_name_plural = _("customer cards")
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            shop_id_unique("customercard"),
            models.UniqueConstraint(fields=["shop", "token"], name="customercard_token_once_per_shop"),
            models.UniqueConstraint(
                fields=["shop", "customer"],
                condition=Q(revoked_at=None),
                name="customercard_one_valid_per_customer",
            ),
            SameShop("customer", name="customercard_customer_same_shop"),
        ]
