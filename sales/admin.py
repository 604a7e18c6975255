"""Sales, money, cans and the deeds around them in the admin, to look at; only the can types can be changed."""

from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from sales.defaulters import Debtor, defaulters, in_words, rule_of
from sales.models import (
    BulkDeed,
    BulkDeedItem,
    CanMovement,
    CanPrice,
    CanTag,
    CanType,
    CustomerPrice,
    DefaultingCustomer,
    DepositEntry,
    DrawerCount,
    DrawerSession,
    LedgerEntry,
    ParkedSale,
    Payment,
    Printer,
    Promise,
    RuleCard,
    Sale,
    SaleLine,
    StockMove,
    UpiClaim,
)
from sales.pricelist import change_can_type, priced
from watershop.admin_site import ShopAdmin, ShopInline, managed_shops
from watershop.audit import Actor


@admin.register(CanType)
class CanTypeAdmin(ShopAdmin[CanType]):
    is_changeable = True
    fields = ("shop", "code", "name", "litres", "deposit", "retired_at")
    readonly_fields = ("shop", "code", "retired_at")
    list_display = ("name", "code", "litres", "price", "deposit", "retired_at", "shop")
    list_select_related = ("shop",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[CanType]:
        return priced(super().get_queryset(request))

    @admin.display(description=_("price"))
    def price(self, row: CanType) -> Decimal:
        return row.price

    def save_model(self, request: HttpRequest, obj: CanType, form: Any, change: bool) -> None:
        changed = {name: form.cleaned_data[name] for name in form.changed_data}
        change_can_type(obj, changed, actor=Actor.of(request))


@admin.register(CanPrice)
class CanPriceAdmin(ShopAdmin[CanPrice]):
    list_display = ("since", "can_type", "price", "gst_rate", "hsn", "by", "shop")
    list_select_related = ("can_type", "by", "shop")
    search_fields = ("can_type__name", "can_type__code")
    date_hierarchy = "since"


@admin.register(CustomerPrice)
class CustomerPriceAdmin(ShopAdmin[CustomerPrice]):
    list_display = ("since", "customer", "can_type", "price", "by", "shop")
    list_select_related = ("customer", "can_type", "by", "shop")
    search_fields = ("customer__name", "customer__code")
    date_hierarchy = "since"


class SaleLines(ShopInline[SaleLine, Sale]):
    model = SaleLine
    fields = ("can_type", "quantity", "amount")


@admin.register(Sale)
class SaleAdmin(ShopAdmin[Sale]):
    inlines = (SaleLines,)
    exclude = ("client_ref",)
    list_display = ("code", "sold_at", "customer", "stated_tender", "source", "clerk", "shop")
    list_filter = ("stated_tender", "source")
    list_select_related = ("customer", "clerk", "shop")
    search_fields = ("code", "customer__name", "customer__code")
    date_hierarchy = "sold_at"


@admin.register(ParkedSale)
class ParkedSaleAdmin(ShopAdmin[ParkedSale]):
    exclude = ("fields",)
    list_display = ("parked_at", "customer", "cans", "parked_by", "closed_at", "closed", "closed_by", "shop")
    list_filter = ("closed",)
    list_select_related = ("customer", "parked_by", "closed_by", "shop")
    search_fields = ("customer__name", "customer__code")
    date_hierarchy = "parked_at"


@admin.register(Payment)
class PaymentAdmin(ShopAdmin[Payment]):
    exclude = ("client_ref",)
    list_display = ("received_at", "customer", "amount", "tender", "clerk", "shop")
    list_filter = ("tender",)
    list_select_related = ("customer", "clerk", "shop")
    search_fields = ("customer__name", "customer__code")
    date_hierarchy = "received_at"


@admin.register(UpiClaim)
class UpiClaimAdmin(ShopAdmin[UpiClaim]):
    list_display = ("reference", "customer", "amount", "state", "decided_at", "decided_by", "shop")
    list_filter = ("state",)
    list_select_related = ("payment__customer", "decided_by", "shop")
    search_fields = ("reference", "payment__customer__name", "payment__customer__code")
    date_hierarchy = "payment__received_at"

    @admin.display(description=_("customer"))
    def customer(self, row: UpiClaim) -> Any:
        return row.payment.customer


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ShopAdmin[LedgerEntry]):
    list_display = ("at", "customer", "kind", "amount", "sale", "shop")
    list_filter = ("kind",)
    list_select_related = ("customer", "sale", "shop")
    search_fields = ("customer__name", "customer__code", "sale__code")
    date_hierarchy = "at"


@admin.register(CanMovement)
class CanMovementAdmin(ShopAdmin[CanMovement]):
    exclude = ("client_ref",)
    list_display = ("at", "customer", "can_type", "kind", "quantity", "shop")
    list_filter = ("kind",)
    list_select_related = ("customer", "can_type", "shop")
    search_fields = ("customer__name", "customer__code")
    date_hierarchy = "at"


@admin.register(DepositEntry)
class DepositEntryAdmin(ShopAdmin[DepositEntry]):
    exclude = ("client_ref",)
    list_display = ("at", "customer", "can_type", "kind", "cans", "amount", "tender", "clerk", "shop")
    list_filter = ("kind", "tender")
    list_select_related = ("customer", "can_type", "clerk", "shop")
    search_fields = ("customer__name", "customer__code", "sale__code")
    date_hierarchy = "at"


@admin.register(StockMove)
class StockMoveAdmin(ShopAdmin[StockMove]):
    exclude = ("client_ref",)
    list_display = ("at", "can_type", "state", "kind", "quantity", "counted", "clerk", "shop")
    list_filter = ("kind", "state")
    list_select_related = ("can_type", "clerk", "shop")
    search_fields = ("can_type__name", "can_type__code", "note")
    date_hierarchy = "at"


@admin.register(CanTag)
class CanTagAdmin(ShopAdmin[CanTag]):
    list_display = ("code", "can_type", "added_at", "retired_at", "shop")
    list_select_related = ("can_type", "shop")
    search_fields = ("code",)
    date_hierarchy = "added_at"


class DrawerCounts(ShopInline[DrawerCount, DrawerSession]):
    model = DrawerCount
    fields = ("tender", "expected", "counted")


@admin.register(DrawerSession)
class DrawerSessionAdmin(ShopAdmin[DrawerSession]):
    inlines = (DrawerCounts,)
    list_display = ("opened_at", "drawer", "opened_by", "closed_at", "closed_by", "reason", "shop")
    list_select_related = ("drawer", "opened_by", "closed_by", "shop")
    search_fields = ("drawer__name", "note", "reason")
    date_hierarchy = "opened_at"


@admin.register(Promise)
class PromiseAdmin(ShopAdmin[Promise]):
    list_display = ("made_at", "customer", "amount", "due_on", "by", "shop")
    list_select_related = ("customer", "by", "shop")
    search_fields = ("customer__name", "customer__code")
    date_hierarchy = "due_on"


class BulkDeedItems(ShopInline[BulkDeedItem, BulkDeed]):
    model = BulkDeedItem
    fields = ("customer",)


@admin.register(BulkDeed)
class BulkDeedAdmin(ShopAdmin[BulkDeed]):
    inlines = (BulkDeedItems,)
    exclude = ("client_ref",)
    list_display = ("made_at", "kind", "by", "shop")
    list_filter = ("kind",)
    list_select_related = ("by", "shop")
    search_fields = ("items__customer__name", "items__customer__code")
    date_hierarchy = "made_at"


@admin.register(RuleCard)
class RuleCardAdmin(ShopAdmin[RuleCard]):
    list_display = ("slip", "kind", "clerk", "decided_at", "decided_by", "note", "shop")
    list_filter = ("kind",)
    list_select_related = ("replay__clerk", "decided_by", "shop")
    search_fields = ("replay__slip", "replay__sale__code", "note")
    date_hierarchy = "replay__received_at"

    @admin.display(description=_("slip"))
    def slip(self, row: RuleCard) -> str:
        return row.replay.slip

    @admin.display(description=_("clerk"))
    def clerk(self, row: RuleCard) -> Any:
        return row.replay.clerk


@admin.register(Printer)
class PrinterAdmin(ShopAdmin[Printer]):
    list_display = ("name", "address", "width", "has_drawer", "prints_sales", "is_active", "shop")
    list_filter = ("is_active",)
    list_select_related = ("shop",)
    search_fields = ("name", "address")


@admin.register(DefaultingCustomer)
class DefaulterAdmin(ShopAdmin[DefaultingCustomer]):
    """The defaulters of the user's shops, with the rule above the list."""

    fields = ("shop", "code", "name", "phone", "language")
    list_display = ("name", "code", "phone", "balance", "unpaid_count", "oldest_due_on", "shop")
    list_select_related = ("shop",)
    search_fields = ("name", "code", "phone")
    ordering = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[DefaultingCustomer]:
        return super().get_queryset(request).filter(pk__in=_late(request))

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        changelist = super().get_changelist_instance(request)
        late = _late(request)
        for row in changelist.result_list:
            row.late = late[row.pk]
        return changelist

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(request, {"subtitle": _rules(request)} | (extra_context or {}))

    @admin.display(description=_("balance"))
    def balance(self, row: Any) -> Any:
        return row.late.balance

    @admin.display(description=_("unpaid sales"))
    def unpaid_count(self, row: Any) -> Any:
        return row.late.unpaid_count

    @admin.display(description=_("oldest due"))
    def oldest_due_on(self, row: Any) -> Any:
        return row.late.oldest_due_on


def _rules(request: HttpRequest) -> str:
    return " ".join(f"{shop}: {in_words(rule_of(shop))}" for shop in managed_shops(request))


def _late(request: HttpRequest) -> dict[int, Debtor]:
    """The defaulters of the user's shops by customer; the list asks often, so they are kept with the request."""
    late: dict[int, Debtor] | None = getattr(request, "late", None)
    if late is None:
        late = {row.customer.pk: row for shop in managed_shops(request) for row in defaulters(shop)}
        request.late = late  # type: ignore[attr-defined]
    return late
