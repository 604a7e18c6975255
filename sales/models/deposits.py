"""What customers left with the shop for the cans they took along. A sum of its own: no part of anybody's balance."""

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar, NamedTuple

from django.db import models
from django.db.models import Q, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from sales.models.drawer import DrawerSession
from sales.models.goods import ZERO, CanType, Tender
from sales.models.merging import AccountMerge
from sales.models.selling import Sale
from watershop.constraints import AppendOnly, SameShop
from watershop.models import Shop, ShopRow, User, shop_id_unique


class Held(NamedTuple):
    """For so many cans of a size the shop holds this deposit, in rupees together."""

    cans: int = 0
    amount: Decimal = ZERO


class DepositQuerySet(models.QuerySet["DepositEntry"]):
    def of(self, shop: Shop) -> "DepositQuerySet":
        return self.filter(shop=shop)

    def moved_money(self) -> "DepositQuerySet":
        """Those for which money came or went; what was kept for a can that is gone stayed where it was."""
        return self.exclude(tender=None)

    def held(self) -> dict[int, Held]:
        """What is held per can type's id, where something is."""
        rows = self.order_by().values_list("can_type").annotate(Sum("cans"), Sum("amount"))
        return {can_type: Held(cans, amount) for can_type, cans, amount in rows if cans or amount}

    def by_tender(self) -> Mapping[str, Decimal]:
        """Rupees that came (positive) or went with each tender."""
        return dict(self.moved_money().order_by().values_list("tender").annotate(Sum("amount")))


class DepositEntry(ShopRow):
    """Deposit for cans of one size. Positive: we hold more of the customer's money, for more of our cans.

    A walk-in's has no customer, and is given back against its sale. `tender` and `drawer_session` say where the money
    went; what is kept for a lost or damaged can moves none.
    """

    class Kind(models.TextChoices):
        TAKEN = "taken", _("deposit taken")
        REFUNDED = "refunded", _("deposit given back")
        KEPT = "kept", _("deposit kept")
        REVERSAL = "reversal", _("reversal")
        TRANSFER = "transfer", _("transfer")

    customer = models.ForeignKey(
        Customer, null=True, on_delete=models.PROTECT, related_name="deposits", db_constraint=False
    )
    sale = models.ForeignKey(
        Sale, null=True, on_delete=models.PROTECT, related_name="deposits", db_constraint=False
    )
    can_type = models.ForeignKey(CanType, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    cans = models.IntegerField(_("cans"))
    amount = models.DecimalField(_("amount"), max_digits=10, decimal_places=2)
    tender = models.CharField(_("tender"), max_length=5, choices=Tender.choices, null=True)
    drawer_session = models.ForeignKey(
        DrawerSession, null=True, on_delete=models.PROTECT, related_name="deposits", db_constraint=False
    )
    at = models.DateTimeField(_("time"))
    recorded_at = models.DateTimeField(_("recorded"), default=timezone.now)
    clerk = models.ForeignKey(
        User, verbose_name=_("clerk"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    reverses = models.OneToOneField(
        "self",
        verbose_name=_("reverses"),
        null=True,
        on_delete=models.PROTECT,
        related_name="reversed_by",
        db_constraint=False,
    )
    client_ref = models.CharField(max_length=255, null=True)
    merge = models.ForeignKey(
        AccountMerge,
        verbose_name=_("merged accounts"),
        null=True,
        on_delete=models.PROTECT,
        related_name="deposits",
        db_constraint=False,
        db_index=False,
    )

    objects = DepositQuerySet.as_manager()

    class Meta:
        verbose_name = _("deposit")
        verbose_name_plural = _("deposits")
        ordering: ClassVar = ["-at", "-id"]
        constraints: ClassVar = [
            shop_id_unique("depositentry"),
            models.UniqueConstraint(
                fields=["shop", "client_ref", "can_type", "kind"], name="depositentry_client_ref_once"
            ),
            models.CheckConstraint(
                condition=Q(kind="taken", cans__gt=0, amount__gt=0, tender__isnull=False, reverses=None)
                | Q(kind="refunded", cans__lte=0, amount__lt=0, tender__isnull=False, reverses=None)
                | Q(kind="kept", cans__lte=0, amount__lt=0, tender=None, reverses=None)
                | Q(kind="reversal", reverses__isnull=False)
                | (~Q(amount=0) & Q(kind="transfer", merge__isnull=False, tender=None, reverses=None)),
                name="depositentry_sign_follows_kind",
            ),
            models.CheckConstraint(
                condition=Q(customer__isnull=False) | Q(sale__isnull=False), name="depositentry_of_somebody"
            ),
            models.CheckConstraint(
                condition=Q(tender=None) | Q(tender__in=Tender.values), name="depositentry_tender_known"
            ),
            models.CheckConstraint(
                condition=Q(drawer_session=None) | Q(tender__isnull=False),
                name="depositentry_money_in_drawer",
            ),
            SameShop("merge", name="depositentry_merge_same_shop"),
            SameShop("customer", name="depositentry_customer_same_shop"),
            SameShop("sale", name="depositentry_sale_same_shop"),
            SameShop("can_type", name="depositentry_can_type_same_shop"),
            SameShop("drawer_session", name="depositentry_session_same_shop"),
            SameShop("reverses", name="depositentry_reverses_same_shop"),
            AppendOnly(name="depositentry_append_only"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["shop", "customer", "can_type"], name="depositentry_by_customer"),
            models.Index(fields=["shop", "at"], name="depositentry_by_time"),
            models.Index(fields=["merge"], condition=Q(merge__isnull=False), name="depositentry_of_merge"),
        ]
