"""What a sale's visit says about it: how it was probably paid, and the file for a dispute."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sales.models import Sale, Tender
from watershop.constraints import SameShop
from watershop.models import ShopRow, User, shop_id_unique


class TenderHint(ShopRow):
    """How a sale was probably paid, told before anybody looked at what was keyed; never changes the sale."""

    sale = models.OneToOneField(
        Sale, on_delete=models.CASCADE, related_name="tender_hint", db_constraint=False
    )
    tender = models.CharField(_("probably"), max_length=10, choices=Tender.choices)
    probability = models.FloatField()
    because = models.JSONField(default=dict)
    """What spoke for each tender, in nats: history, upi_s, cash_s."""
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            shop_id_unique("tenderhint"),
            models.CheckConstraint(
                condition=Q(probability__gte=0, probability__lte=1), name="tenderhint_probability_range"
            ),
            SameShop("sale", name="tenderhint_sale_same_shop"),
        ]


class DisputeFile(ShopRow):
    """What the shop can show of an unpaid sale, in one file that does not stay for ever."""

    sale = models.ForeignKey(
        Sale, on_delete=models.PROTECT, related_name="dispute_files", db_constraint=False
    )
    file = models.FileField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(_("made"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"))

    class Meta:
        ordering: ClassVar = ["-made_at", "-id"]
        constraints: ClassVar = [
            shop_id_unique("disputefile"),
            models.CheckConstraint(
                condition=Q(expires_at__gt=models.F("made_at")), name="disputefile_expires_later"
            ),
            SameShop("sale", name="disputefile_sale_same_shop"),
        ]
