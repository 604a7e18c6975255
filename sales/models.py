"""What was sold, who owes what, where the cans are.

Everything here that tells of money or cans is written once (AppendOnly) by `ledger.py` and `cans.py`; a mistake is
undone by a further row. Totals are sums, never columns. One sign: a ledger entry is positive when the customer owes
more, a can movement when the customer holds more of our cans. Foreign keys say `db_constraint=False` because their
database half is the composite `SameShop`.
"""

from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from watershop.constraints import AppendOnly, SameShop
from watershop.dates import Period
from watershop.models import Shop, ShopRow, User, shop_id_unique, validate_code

ZERO = Decimal("0.00")
MOST_PER_CAN = Decimal("10000.00")  # rupees: a slip of the finger at the price list must not overflow a sale
MONEY: models.DecimalField[Any, Any] = models.DecimalField(max_digits=12, decimal_places=2)  # of any sum
RUPEES_PER_CAN = [MinValueValidator(ZERO), MaxValueValidator(MOST_PER_CAN)]
validate_upi_id = RegexValidator(
    r"^[\w.\-]{2,256}@[A-Za-z][\w.]{1,64}$", _("A UPI id looks like shopname@bank.")
)


class Tender(models.TextChoices):
    CASH = "cash", _("Cash")
    UPI = "upi", _("UPI")
    COIN = "coin", _("Coins")


class SalesSettings(ShopRow):
    """How one shop sells."""

    upi_id = models.CharField(_("UPI id"), max_length=255, blank=True, validators=[validate_upi_id])

    class Meta:
        constraints: ClassVar = [
            shop_id_unique("salessettings"),
            models.UniqueConstraint(fields=["shop"], name="salessettings_one_per_shop"),
        ]


class CanTypeQuerySet(models.QuerySet["CanType"]):
    def of(self, shop: Shop) -> "CanTypeQuerySet":
        return self.filter(shop=shop)

    def on_sale(self) -> "CanTypeQuerySet":
        return self.filter(retired_at=None)


class CanType(ShopRow):
    """A size that the shop sells. Retired, never deleted: old sales keep theirs."""

    code = models.CharField(_("size"), max_length=20, validators=[validate_code], help_text=_("Example: 20L"))
    name = models.CharField(_("name"), max_length=60)
    litres = models.DecimalField(
        _("litres"), max_digits=6, decimal_places=2, validators=[MinValueValidator(Decimal("0.01"))]
    )
    price = models.DecimalField(_("price"), max_digits=8, decimal_places=2, validators=RUPEES_PER_CAN)
    deposit = models.DecimalField(
        _("deposit"), max_digits=8, decimal_places=2, default=ZERO, validators=RUPEES_PER_CAN
    )
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True, editable=False)

    objects = CanTypeQuerySet.as_manager()

    class Meta:
        verbose_name = _("can size")
        verbose_name_plural = _("can sizes")
        ordering: ClassVar = ["-litres", "code"]
        constraints: ClassVar = [
            shop_id_unique("cantype"),
            models.UniqueConstraint(fields=["shop", "code"], name="cantype_code_once_per_shop"),
            models.CheckConstraint(
                condition=Q(price__gte=0, deposit__gte=0, litres__gt=0), name="cantype_amounts_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return self.name


# What a new shop begins with, and what these sizes are taken to cost where nobody said.
FIRST_CAN_TYPES: list[dict[str, Any]] = [
    {"code": "20L", "litres": Decimal("20"), "price": Decimal("20"), "deposit": Decimal("150")},
    {"code": "10L", "litres": Decimal("10"), "price": Decimal("10"), "deposit": Decimal("100")},
]


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

    code = models.CharField(_("sale"), max_length=40)
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
            models.UniqueConstraint(fields=["shop", "client_ref"], name="sale_client_ref_once"),
            models.CheckConstraint(condition=Q(stated_tender__in=Tender.values), name="sale_tender_known"),
            SameShop("customer", name="sale_customer_same_shop"),
            AppendOnly(name="sale_append_only"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["shop", "sold_at"], name="sale_by_time"),
            models.Index(fields=["shop", "customer", "sold_at"], name="sale_by_customer"),
        ]

    def __str__(self) -> str:
        return self.code


class SaleLine(ShopRow):
    """One can type on a sale: how many, and what was charged for them together."""

    sale = models.ForeignKey(Sale, on_delete=models.PROTECT, related_name="lines", db_constraint=False)
    can_type = models.ForeignKey(CanType, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    quantity = models.PositiveIntegerField(_("cans"))
    amount = models.DecimalField(_("amount"), max_digits=10, decimal_places=2)

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
            AppendOnly(name="payment_append_only"),
        ]
        indexes: ClassVar = [models.Index(fields=["shop", "received_at"], name="payment_by_time")]


class Allocation(ShopRow):
    """What part of a payment settles which sale (negative: taken back by a void)."""

    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, related_name="allocations", db_constraint=False
    )
    sale = models.ForeignKey(Sale, on_delete=models.PROTECT, related_name="allocations", db_constraint=False)
    amount = models.DecimalField(max_digits=10, decimal_places=2)

    class Meta:
        constraints: ClassVar = [
            shop_id_unique("allocation"),
            models.CheckConstraint(condition=~Q(amount=0), name="allocation_not_zero"),
            SameShop("payment", name="allocation_payment_same_shop"),
            SameShop("sale", name="allocation_sale_same_shop"),
            AppendOnly(name="allocation_append_only"),
        ]


class LedgerQuerySet(models.QuerySet["LedgerEntry"]):
    def of(self, shop: Shop) -> "LedgerQuerySet":
        return self.filter(shop=shop)

    def balance(self) -> Decimal:
        """The sum of the entries in rupees: positive is owed to the shop."""
        total: Decimal = self.aggregate(sum=Coalesce(Sum("amount"), ZERO))["sum"]
        return total


class LedgerEntry(ShopRow):
    """One movement of money on a customer's account. Positive: the customer owes more."""

    class Kind(models.TextChoices):
        SALE = "sale", _("sale")
        PAYMENT = "payment", _("payment")
        REVERSAL = "reversal", _("reversal")

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

    objects = LedgerQuerySet.as_manager()

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
                | Q(kind="reversal", reverses__isnull=False),
                name="ledgerentry_sign_follows_kind",
            ),
            SameShop("customer", name="ledgerentry_customer_same_shop"),
            SameShop("sale", name="ledgerentry_sale_same_shop"),
            SameShop("payment", name="ledgerentry_payment_same_shop"),
            SameShop("reverses", name="ledgerentry_reverses_same_shop"),
            AppendOnly(name="ledgerentry_append_only"),
        ]
        indexes: ClassVar = [models.Index(fields=["shop", "customer", "at"], name="ledgerentry_by_customer")]


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

    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="can_movements", db_constraint=False
    )
    can_type = models.ForeignKey(CanType, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    quantity = models.IntegerField(_("cans"))
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

    objects = CanQuerySet.as_manager()

    class Meta:
        verbose_name = _("can movement")
        verbose_name_plural = _("can movements")
        ordering: ClassVar = ["-at", "-id"]
        constraints: ClassVar = [
            shop_id_unique("canmovement"),
            models.UniqueConstraint(
                fields=["shop", "client_ref", "can_type"], name="canmovement_client_ref_once"
            ),
            models.CheckConstraint(
                condition=Q(kind="out", quantity__gt=0)
                | Q(kind="return", quantity__lt=0)
                | Q(kind="reversal", reverses__isnull=False),
                name="canmovement_sign_follows_kind",
            ),
            SameShop("customer", name="canmovement_customer_same_shop"),
            SameShop("can_type", name="canmovement_can_type_same_shop"),
            SameShop("sale", name="canmovement_sale_same_shop"),
            SameShop("reverses", name="canmovement_reverses_same_shop"),
            AppendOnly(name="canmovement_append_only"),
        ]
        indexes: ClassVar = [models.Index(fields=["shop", "customer"], name="canmovement_by_customer")]


class DefaultingCustomer(Customer):
    """A customer as the admin's list of defaulters shows them; `sales.defaulters` says who that is."""

    class Meta:
        proxy = True
        ordering: ClassVar = ["name", "code"]
        verbose_name = _("defaulter")
        verbose_name_plural = _("defaulters")
