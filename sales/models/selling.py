"""A sale with its lines, the money that came for it, and its undoing."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from sales.models.drawer import DrawerSession
from sales.models.goods import MONEY, ZERO, CanType, Tender
from watershop.constraints import AppendOnly, MarksDay, SameShop
from watershop.dates import Period
from watershop.models import Shop, ShopRow, User, shop_id_unique


class SaleQuerySet(models.QuerySet["Sale"]):
    def of(self, shop: Shop) -> "SaleQuerySet":
        return self.filter(shop=shop)

    def during(self, period: Period) -> "SaleQuerySet":
        return self.filter(sold_at__gte=period.start, sold_at__lt=period.end)

    def standing(self) -> "SaleQuerySet":
        """Sales that were not voided."""
        return self.filter(void__isnull=True)

    def with_sums(self) -> "SaleQuerySet":
        """Adds `total` (the lines), `paid` (what allocations settled), `cans` and `due` (zero once voided).

        Each sum is a subquery of its own: two joined sums would multiply each other's rows.
        """
        lines = SaleLine.objects.filter(sale=OuterRef("pk")).order_by().values("sale")
        paid = Allocation.objects.filter(sale=OuterRef("pk")).order_by().values("sale")
        return self.annotate(  # type: ignore[no-redef]
            total=Coalesce(Subquery(lines.annotate(t=Sum("amount")).values("t"), output_field=MONEY), ZERO),
            cans=Coalesce(Subquery(lines.annotate(t=Sum("quantity")).values("t")), 0),
            paid=Coalesce(Subquery(paid.annotate(t=Sum("amount")).values("t"), output_field=MONEY), ZERO),
            due=models.Case(
                models.When(void__isnull=True, then=F("total") - F("paid")), default=ZERO, output_field=MONEY
            ),
        )

    def open(self) -> "SaleQuerySet":
        """Sales with something still due."""
        return self.with_sums().filter(Q(due__gt=0))


class Sale(ShopRow):
    """One purchase. `stated_tender` is how the buyer pays or said they would; it stays while the sale is unpaid."""

    class Source(models.TextChoices):
        TILL = "till", _("till")
        API = "api", _("phone")
        IMPORT = "import", _("imported")
        PAPER = "paper", _("from paper")
        OFFLINE = "offline", _("without the server")

    code = models.CharField(_("sale"), max_length=40)
    # What an import brings had its receipt, if any, from elsewhere.
    receipt = models.CharField(_("receipt"), max_length=20, null=True)
    customer = models.ForeignKey(
        Customer, null=True, on_delete=models.PROTECT, related_name="sales", db_constraint=False
    )
    sold_at = models.DateTimeField(_("time"))
    recorded_at = models.DateTimeField(_("recorded"), default=timezone.now)
    clerk = models.ForeignKey(
        User, verbose_name=_("clerk"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    stated_tender = models.CharField(_("tender"), max_length=5, choices=Tender.choices)
    source = models.CharField(_("source"), max_length=10, choices=Source.choices, default=Source.TILL)
    client_ref = models.CharField(max_length=255, null=True)
    # What stands on the slip that the buyer holds, where it was written before there was a receipt number.
    slip = models.CharField(_("slip"), max_length=20, blank=True)
    # The clock of the device that sold without the server, as it was; `sold_at` is what the books go by.
    device_at = models.DateTimeField(_("time on the device"), null=True)
    replaces = models.OneToOneField(
        "self",
        verbose_name=_("corrects"),
        null=True,
        on_delete=models.PROTECT,
        related_name="replaced_by",
        db_constraint=False,
    )

    objects = SaleQuerySet.as_manager()

    if TYPE_CHECKING:  # what with_sums() adds
        total: Decimal
        paid: Decimal
        due: Decimal
        cans: int

    class Meta:
        verbose_name = _("sale")
        verbose_name_plural = _("sales")
        ordering: ClassVar = ["-sold_at", "-id"]
        constraints: ClassVar = [
            shop_id_unique("sale"),
            models.UniqueConstraint(fields=["shop", "code"], name="sale_code_once_per_shop"),
            models.UniqueConstraint(fields=["shop", "receipt"], name="sale_receipt_once_per_shop"),
            models.UniqueConstraint(fields=["shop", "client_ref"], name="sale_client_ref_once"),
            models.CheckConstraint(condition=Q(stated_tender__in=Tender.values), name="sale_tender_known"),
            SameShop("customer", name="sale_customer_same_shop"),
            SameShop("replaces", name="sale_replaces_same_shop"),
            AppendOnly(name="sale_append_only"),
            MarksDay("sold_at", name="sale_marks_day"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["shop", "sold_at"], name="sale_by_time"),
            models.Index(fields=["shop", "recorded_at"], name="sale_by_entry"),
            models.Index(fields=["shop", "customer", "sold_at"], name="sale_by_customer"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def moved_at(self) -> datetime:
        """When its debt, money and cans moved: a correction moves them now, and leaves a day that is over alone."""
        return self.recorded_at if self.replaces_id else self.sold_at


class SaleLine(ShopRow):
    """One can type on a sale: how many, and what was charged for them together."""

    sale = models.ForeignKey(Sale, on_delete=models.PROTECT, related_name="lines", db_constraint=False)
    can_type = models.ForeignKey(CanType, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    quantity = models.PositiveIntegerField(_("cans"))
    amount = models.DecimalField(_("amount"), max_digits=10, decimal_places=2)
    # What the price list said; unknown of what was imported. Less charged than that is a discount.
    list_amount = models.DecimalField(_("by the list"), max_digits=10, decimal_places=2, null=True)

    class Meta:
        verbose_name = _("line")
        verbose_name_plural = _("lines")
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            shop_id_unique("saleline"),
            models.UniqueConstraint(fields=["sale", "can_type"], name="saleline_one_per_can_type"),
            models.CheckConstraint(condition=Q(quantity__gt=0, amount__gte=0), name="saleline_amounts"),
            SameShop("sale", name="saleline_sale_same_shop"),
            SameShop("can_type", name="saleline_can_type_same_shop"),
            AppendOnly(name="saleline_append_only"),
        ]

    @property
    def unit_price(self) -> Decimal:
        """Rupees per can, rounded to the paisa."""
        return (self.amount / self.quantity).quantize(ZERO)

    @property
    def discount(self) -> Decimal:
        """Rupees that were charged less than the price list says."""
        return ZERO if self.list_amount is None else max(self.list_amount - self.amount, ZERO)


class SaleVoid(ShopRow):
    """The sale was undone: its reversal stands in the ledger, its money went back, its cans came back."""

    sale = models.OneToOneField(Sale, on_delete=models.PROTECT, related_name="void", db_constraint=False)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(_("reason"), max_length=200)

    class Meta:
        constraints: ClassVar = [
            shop_id_unique("salevoid"),
            SameShop("sale", name="salevoid_sale_same_shop"),
            AppendOnly(name="salevoid_append_only"),
            MarksDay("sale__sold_at", name="salevoid_marks_day"),
        ]


class Payment(ShopRow):
    """Money received (negative: given back). From a walk-in it has no customer and settles its sale at once."""

    customer = models.ForeignKey(
        Customer, null=True, on_delete=models.PROTECT, related_name="payments", db_constraint=False
    )
    received_at = models.DateTimeField(_("time"))
    recorded_at = models.DateTimeField(_("recorded"), default=timezone.now)
    tender = models.CharField(_("tender"), max_length=5, choices=Tender.choices)
    amount = models.DecimalField(_("amount"), max_digits=10, decimal_places=2)
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
    drawer_session = models.ForeignKey(
        DrawerSession, null=True, on_delete=models.PROTECT, related_name="payments", db_constraint=False
    )

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering: ClassVar = ["-received_at", "-id"]
        constraints: ClassVar = [
            shop_id_unique("payment"),
            models.UniqueConstraint(fields=["shop", "client_ref"], name="payment_client_ref_once"),
            models.CheckConstraint(condition=Q(tender__in=Tender.values), name="payment_tender_known"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, reverses=None) | Q(amount__lt=0, reverses__isnull=False),
                name="payment_positive_unless_reversal",
            ),
            SameShop("customer", name="payment_customer_same_shop"),
            SameShop("reverses", name="payment_reverses_same_shop"),
            SameShop("drawer_session", name="payment_session_same_shop"),
            AppendOnly(name="payment_append_only"),
            MarksDay("received_at", name="payment_marks_day"),
        ]
        indexes: ClassVar = [models.Index(fields=["shop", "received_at"], name="payment_by_time")]


class Allocation(ShopRow):
    """What part of a payment or credit settles which sale or opening balance (negative: taken back).

    A credit is a ledger entry that is no payment: a write-off, or an opening balance in the customer's favour.
    """

    payment = models.ForeignKey(
        Payment, null=True, on_delete=models.PROTECT, related_name="allocations", db_constraint=False
    )
    credit = models.ForeignKey(
        "LedgerEntry", null=True, on_delete=models.PROTECT, related_name="settles", db_constraint=False
    )
    sale = models.ForeignKey(
        Sale, null=True, on_delete=models.PROTECT, related_name="allocations", db_constraint=False
    )
    opening = models.ForeignKey(
        "LedgerEntry", null=True, on_delete=models.PROTECT, related_name="settled_by", db_constraint=False
    )
    amount = models.DecimalField(max_digits=10, decimal_places=2)

    class Meta:
        constraints: ClassVar = [
            shop_id_unique("allocation"),
            models.CheckConstraint(condition=~Q(amount=0), name="allocation_not_zero"),
            models.CheckConstraint(
                condition=Q(payment=None, credit__isnull=False) | Q(payment__isnull=False, credit=None),
                name="allocation_of_payment_or_credit",
            ),
            models.CheckConstraint(
                condition=Q(sale=None, opening__isnull=False) | Q(sale__isnull=False, opening=None),
                name="allocation_to_sale_or_opening",
            ),
            SameShop("payment", name="allocation_payment_same_shop"),
            SameShop("credit", name="allocation_credit_same_shop"),
            SameShop("sale", name="allocation_sale_same_shop"),
            SameShop("opening", name="allocation_opening_same_shop"),
            AppendOnly(name="allocation_append_only"),
            MarksDay("sale__sold_at", name="allocation_marks_day"),
        ]
