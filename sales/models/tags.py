"""Cans with a tag (QR or RFID): which can it is, and where its tag was read."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from sales.models.goods import CanType
from watershop.constraints import AppendOnly, SameShop
from watershop.models import ShopRow, User, shop_id_unique


class CanTag(ShopRow):
    """One can that can be told from the others. Retired, never deleted: its reads stay."""

    code = models.CharField(_("tag"), max_length=80)
    can_type = models.ForeignKey(CanType, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    added_at = models.DateTimeField(_("added"), default=timezone.now)
    retired_at = models.DateTimeField(_("retired"), null=True)

    class Meta:
        verbose_name = _("tag of a can")
        verbose_name_plural = _("tags of cans")
        constraints: ClassVar = [
            shop_id_unique("cantag"),
            models.UniqueConstraint(fields=["shop", "code"], name="cantag_code_once_per_shop"),
            SameShop("can_type", name="cantag_can_type_same_shop"),
        ]


class TagRead(ShopRow):
    """A tag was seen at a gate. `customer` is who the can went out to."""

    class Gate(models.TextChoices):
        OUT = "out", _("out with a customer")
        RETURNED = "returned", _("brought back")
        REFILLED = "refilled", _("refilled")

    tag = models.ForeignKey(CanTag, on_delete=models.PROTECT, related_name="reads", db_constraint=False)
    gate = models.CharField(_("gate"), max_length=8, choices=Gate.choices)
    customer = models.ForeignKey(
        Customer, null=True, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    at = models.DateTimeField(_("time"))
    recorded_at = models.DateTimeField(_("recorded"), default=timezone.now)
    clerk = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering: ClassVar = ["-at", "-id"]
        constraints: ClassVar = [
            shop_id_unique("tagread"),
            models.UniqueConstraint(fields=["tag", "gate", "at"], name="tagread_once"),
            models.CheckConstraint(condition=Q(customer=None) | Q(gate="out"), name="tagread_buyer_goes_out"),
            SameShop("tag", name="tagread_tag_same_shop"),
            SameShop("customer", name="tagread_customer_same_shop"),
            AppendOnly(name="tagread_append_only"),
        ]
