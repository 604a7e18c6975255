"""Sales, money, cans and defaulters in the admin, to look at; only the price list can be changed."""

from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from sales.defaulters import Debtor, defaulters, in_words, rule_of
from sales.models import CanMovement, CanType, DefaultingCustomer, LedgerEntry, Payment, Sale, SaleLine
from sales.pricelist import change_can_type, priced
from watershop.admin_site import ShopAdmin, managed_shops
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


class SaleLines(admin.TabularInline[SaleLine, Sale]):
    model = SaleLine
    fields = ("can_type", "quantity", "amount")

    def has_view_permission(self, request: HttpRequest, obj: Sale | None = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Sale | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Sale | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Sale | None = None) -> bool:
        return False


@admin.register(Sale)
class SaleAdmin(ShopAdmin[Sale]):
    inlines = (SaleLines,)
    exclude = ("client_ref",)
    list_display = ("code", "sold_at", "customer", "stated_tender", "source", "clerk", "shop")
    list_filter = ("stated_tender", "source")
    list_select_related = ("customer", "clerk", "shop")
    search_fields = ("code", "customer__name", "customer__code")
    date_hierarchy = "sold_at"


@admin.register(Payment)
class PaymentAdmin(ShopAdmin[Payment]):
    exclude = ("client_ref",)
    list_display = ("received_at", "customer", "amount", "tender", "clerk", "shop")
    list_filter = ("tender",)
    list_select_related = ("customer", "clerk", "shop")
    search_fields = ("customer__name", "customer__code")
    date_hierarchy = "received_at"


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
