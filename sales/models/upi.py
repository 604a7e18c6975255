"""What is said of money that comes by UPI: claimed by the payer, seen at the bank or not."""

from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from sales.models.goods import ZERO
from sales.models.selling import Payment
from watershop.constraints import SameShop
from watershop.models import Shop, ShopRow, User, shop_id_unique


class UpiClaimQuerySet(models.QuerySet["UpiClaim"]):
    def of(self, shop: Shop) -> "UpiClaimQuerySet":
        return self.filter(shop=shop)

    def open(self) -> "UpiClaimQuerySet":
        """Claims that nobody decided; money that a void gave back is no question any more.

        Without a join, so that an update sees the state again when it had to wait for another one.
        """
        given_back = Payment.objects.filter(reverses=OuterRef("payment"))
        return self.filter(~Exists(given_back), state=UpiClaim.State.CLAIMED)


class UpiClaim(ShopRow):
    """A payer's word that money was sent. The QR code carries `reference` as its `tr`, and the bank hands it on."""

    class State(models.TextChoices):
        CLAIMED = "claimed", _("claimed")
        CONFIRMED = "confirmed", _("confirmed")
        FAILED = "failed", _("did not arrive")

    payment = models.OneToOneField(
        Payment, on_delete=models.PROTECT, related_name="upi_claim", db_constraint=False
    )
    reference = models.CharField(_("reference"), max_length=35)
    # The deposit for cans that the payer sends in the same transfer; it is no part of the payment.
    deposit = models.DecimalField(_("deposit"), max_digits=10, decimal_places=2, default=ZERO)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.CLAIMED)
    decided_at = models.DateTimeField(_("decided"), null=True)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    objects = UpiClaimQuerySet.as_manager()

    class Meta:
        verbose_name = _("UPI payment")
        verbose_name_plural = _("UPI payments")
        constraints: ClassVar = [
            shop_id_unique("upiclaim"),
            models.UniqueConstraint(fields=["shop", "reference"], name="upiclaim_reference_once"),
            models.CheckConstraint(
                condition=Q(state="claimed", decided_at=None)
                | Q(state__in=["confirmed", "failed"], decided_at__isnull=False),
                name="upiclaim_decided_has_its_time",
            ),
            SameShop("payment", name="upiclaim_payment_same_shop"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["shop"], condition=Q(state="claimed"), name="upiclaim_undecided")
        ]

    @property
    def amount(self) -> Decimal:
        """Rupees of the whole transfer: what the bank's statement will name."""
        return self.payment.amount + self.deposit
