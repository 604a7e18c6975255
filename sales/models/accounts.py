"""What a customer's account holds: money owed, and cans of ours."""

from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from sales.models.conditions import Condition
from sales.models.goods import MONEY, ZERO, CanType
from sales.models.merging import AccountMerge
from sales.models.selling import Allocation, Payment, Sale
from watershop.constraints import AppendOnly, MarksDay, SameShop
from watershop.models import Shop, ShopRow, User, shop_id_unique


class LedgerQuerySet(models.QuerySet["LedgerEntry"]):
    def of(self, shop: Shop) -> "LedgerQuerySet":
        return self.filter(shop=shop)

    def balance(self) -> Decimal:
        """The sum of the entries in rupees: positive is owed to the shop."""
        total: Decimal = self.aggregate(sum=Coalesce(Sum("amount"), ZERO))["sum"]
        return total

    def standing_alone(self) -> "LedgerQuerySet":
        """Entries that tell of no sale and no payment, and were not reversed."""
        return self.filter(sale=None, payment=None, reverses=None, reversed_by=None)

    def open(self) -> "LedgerQuerySet":
        """Dues that are no sale, like an opening balance or a transfer, with something still `due`."""
        debts = self.standing_alone().filter(amount__gt=0)
        return debts.annotate(  # type: ignore[no-redef]
            due=F("amount") - _allocated("opening")
        ).filter(Q(due__gt=0))

    def unspent(self) -> "LedgerQuerySet":
        """Credit that is no payment, like a write-off or a transfer, of which something is `left` to settle dues."""
        gifts = self.standing_alone().filter(amount__lt=0)
        return gifts.annotate(  # type: ignore[no-redef]
            left=-F("amount") - _allocated("credit")
        ).filter(Q(left__gt=0))


def _allocated(side: str) -> Coalesce:
    """What allocations say of the entry on their side `opening` or `credit`."""
    parts = Allocation.objects.filter(**{side: OuterRef("pk")}).order_by().values(side)
    return Coalesce(Subquery(parts.annotate(t=Sum("amount")).values("t"), output_field=MONEY), ZERO)


class LedgerEntry(ShopRow):
    """One movement of money on a customer's account. Positive: the customer owes more."""

    class Kind(models.TextChoices):
        SALE = "sale", _("sale")
        PAYMENT = "payment", _("payment")
        REVERSAL = "reversal", _("reversal")
        OPENING = "opening", _("opening balance")
        WRITE_OFF = "write_off", _("write-off")
        TRANSFER = "transfer", _("transfer")
        CHARGE = "charge", _("charge for cans")

    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="ledger", db_constraint=False
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    amount = models.DecimalField(_("amount"), max_digits=10, decimal_places=2)
    at = models.DateTimeField(_("time"))
    recorded_at = models.DateTimeField(_("recorded"), default=timezone.now)
    sale = models.ForeignKey(
        Sale, null=True, on_delete=models.PROTECT, related_name="ledger", db_constraint=False
    )
    payment = models.ForeignKey(
        Payment, null=True, on_delete=models.PROTECT, related_name="ledger", db_constraint=False
    )
    reverses = models.OneToOneField(
        "self",
        verbose_name=_("reverses"),
        null=True,
        on_delete=models.PROTECT,
        related_name="reversed_by",
        db_constraint=False,
    )
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    merge = models.ForeignKey(
        AccountMerge,
        verbose_name=_("merged accounts"),
        null=True,
        on_delete=models.PROTECT,
        related_name="entries",
        db_constraint=False,
        db_index=False,
    )

    objects = LedgerQuerySet.as_manager()

    if TYPE_CHECKING:  # what open() and unspent() add
        due: Decimal
        left: Decimal

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
        ordering: ClassVar = ["-at", "-id"]
        constraints: ClassVar = [
            shop_id_unique("ledgerentry"),
            models.UniqueConstraint(
                fields=["sale"], condition=Q(kind="sale"), name="ledgerentry_one_per_sale"
            ),
            models.UniqueConstraint(
                fields=["payment"], condition=Q(kind="payment"), name="ledgerentry_one_per_payment"
            ),
            models.CheckConstraint(
                condition=Q(kind="sale", amount__gt=0, sale__isnull=False, reverses=None)
                | Q(kind="payment", amount__lt=0, payment__isnull=False, reverses=None)
                | Q(kind="reversal", reverses__isnull=False)
                | (~Q(amount=0) & Q(kind="opening", sale=None, payment=None, reverses=None))
                | Q(kind="write_off", amount__lt=0, sale=None, payment=None, reverses=None)
                | (~Q(amount=0) & Q(kind="transfer", sale=None, payment=None, reverses=None))
                | Q(kind="charge", amount__gt=0, sale=None, payment=None, reverses=None),
                name="ledgerentry_sign_follows_kind",
            ),
            models.CheckConstraint(
                condition=Q(kind="transfer", merge__isnull=False) | (~Q(kind="transfer") & Q(merge=None)),
                name="ledgerentry_transfer_of_merge",
            ),
            SameShop("merge", name="ledgerentry_merge_same_shop"),
            SameShop("customer", name="ledgerentry_customer_same_shop"),
            SameShop("sale", name="ledgerentry_sale_same_shop"),
            SameShop("payment", name="ledgerentry_payment_same_shop"),
            SameShop("reverses", name="ledgerentry_reverses_same_shop"),
            AppendOnly(name="ledgerentry_append_only"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["shop", "customer", "at"], name="ledgerentry_by_customer"),
            models.Index(
                fields=["shop"],
                condition=Q(sale=None, payment=None, reverses=None),
                name="ledgerentry_standing_alone",
            ),
            models.Index(fields=["merge"], condition=Q(merge__isnull=False), name="ledgerentry_of_merge"),
        ]


class CanQuerySet(models.QuerySet["CanMovement"]):
    def of(self, shop: Shop) -> "CanQuerySet":
        return self.filter(shop=shop)

    def held(self) -> dict[str, int]:
        """Cans out per can type's code; types that came back wholly are left out."""
        rows = self.order_by().values("can_type__code").annotate(held=Sum("quantity"))
        return {row["can_type__code"]: row["held"] for row in rows if row["held"]}


class CanMovement(ShopRow):
    """Cans that went out to a customer (positive) or came back (negative)."""

    class Kind(models.TextChoices):
        OUT = "out", _("taken along")
        RETURN = "return", _("brought back")
        REVERSAL = "reversal", _("reversal")
        TRANSFER = "transfer", _("transfer")
        OPENING = "opening", _("opening count")
        LOST = "lost", _("lost")
        REFUSED = "refused", _("refused")

    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="can_movements", db_constraint=False
    )
    can_type = models.ForeignKey(CanType, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    quantity = models.IntegerField(_("cans"))
    condition = models.CharField(
        _("condition"), max_length=8, choices=Condition.choices, default=Condition.GOOD
    )
    refused = models.PositiveIntegerField(_("cans not taken"), default=0)
    brought_by = models.CharField(_("brought by"), max_length=60, blank=True)
    at = models.DateTimeField(_("time"))
    recorded_at = models.DateTimeField(_("recorded"), default=timezone.now)
    clerk = models.ForeignKey(
        User, verbose_name=_("clerk"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    sale = models.ForeignKey(
        Sale, null=True, on_delete=models.PROTECT, related_name="can_movements", db_constraint=False
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
        related_name="can_movements",
        db_constraint=False,
        db_index=False,
    )

    objects = CanQuerySet.as_manager()

    class Meta:
        verbose_name = _("can movement")
        verbose_name_plural = _("can movements")
        ordering: ClassVar = ["-at", "-id"]
        constraints: ClassVar = [
            shop_id_unique("canmovement"),
            models.UniqueConstraint(
                fields=["shop", "client_ref", "can_type", "condition"], name="canmovement_client_ref_once"
            ),
            models.CheckConstraint(
                condition=Q(kind="out", quantity__gt=0)
                | Q(kind="return", quantity__lt=0)
                | Q(kind="reversal", reverses__isnull=False)
                | (~Q(quantity=0) & Q(kind="transfer", merge__isnull=False))
                | (~Q(quantity=0) & Q(kind="opening"))
                | Q(kind="lost", quantity__lt=0, condition="lost")
                | Q(kind="refused", quantity=0, refused__gt=0, condition="refused"),
                name="canmovement_sign_follows_kind",
            ),
            SameShop("merge", name="canmovement_merge_same_shop"),
            SameShop("customer", name="canmovement_customer_same_shop"),
            SameShop("can_type", name="canmovement_can_type_same_shop"),
            SameShop("sale", name="canmovement_sale_same_shop"),
            SameShop("reverses", name="canmovement_reverses_same_shop"),
            AppendOnly(name="canmovement_append_only"),
            MarksDay("at", name="canmovement_marks_day"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["shop", "customer"], name="canmovement_by_customer"),
            models.Index(fields=["shop", "at"], name="canmovement_by_time"),
            models.Index(fields=["merge"], condition=Q(merge__isnull=False), name="canmovement_of_merge"),
        ]


class DefaultingCustomer(Customer):
    """A customer as the admin's list of defaulters shows them; `sales.defaulters` says who that is."""

    class Meta:
        proxy = True
        ordering: ClassVar = ["name", "code"]
        verbose_name = _("defaulter")
        verbose_name_plural = _("defaulters")
