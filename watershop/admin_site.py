"""The admin's door: managers and owners look into the rows of their own shops, nobody else comes in.

Being a superuser opens nothing here: what counts is the membership, as on every page. Money and audit are read-only.
"""

from typing import Any, TypeVar

from django.contrib import messages
from django.contrib.admin import AdminSite, ModelAdmin, TabularInline
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import ForeignKey, Model, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from watershop.models import Right, Role, Shop, ShopRow, User
from watershop.roles import rights_of

Row = TypeVar("Row", bound=ShopRow)
Above = TypeVar("Above", bound=ShopRow)


def managed_shops(request: HttpRequest, right: Right | None = None) -> list[Shop]:
    """The shops in which the signed-in user is an active manager or owner, and has this right."""
    if not isinstance(request.user, User):
        return []
    members = request.user.memberships.filter(is_active=True, role__in=(Role.MANAGER, Role.OWNER))
    return [
        member.shop
        for member in members.select_related("shop")
        if right is None or right in rights_of(member)
    ]


class ShopAdminSite(AdminSite):
    """Let in by membership, through the shop's own sign-in page."""

    site_header = site_title = "WaterShop"
    index_title = gettext_lazy("Look into your shops")
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return isinstance(user, User) and not user.has_one_time_password and bool(managed_shops(request))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not isinstance(request.user, User):
            return redirect_to_login(request.GET.get("next") or reverse("admin:index"))
        if request.user.has_one_time_password:
            return redirect("password_change")
        if self.has_permission(request):
            return redirect("admin:index")
        raise PermissionDenied(_("The admin is for managers and owners."))

    def password_change(  # type: ignore[override]  # the stub knows Django's own answer alone
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """There is one page for that."""
        return redirect("password_change")


class ShopAdmin(ModelAdmin[Row]):
    """Rows of the user's shops, to look at, of those alone where the user has `right`.

    Nothing is added or deleted; a subclass may allow changes.
    """

    is_changeable = False
    right: Right | None = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Row]:
        return super().get_queryset(request).filter(shop__in=managed_shops(request, self.right))

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        """Offer rows of the user's shops alone."""
        kwargs["queryset"] = _of(db_field.related_model, managed_shops(request, self.right))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return self.admin_site.has_permission(request) and bool(managed_shops(request, self.right))

    def has_change_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return self.is_changeable and self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The form, and above it what the room's own function had against the change."""
        try:
            return super().change_view(request, object_id, form_url, extra_context)
        except ValidationError as refusal:
            self.message_user(request, " ".join(refusal.messages), messages.ERROR)
            return redirect(request.path)


class ShopInline(TabularInline[Row, Above]):
    """The rows that belong to the one above them, to look at."""

    def has_view_permission(self, request: HttpRequest, obj: Above | None = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Above | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Above | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Above | None = None) -> bool:
        return False


def _of(model: type[Model], shops: list[Shop]) -> QuerySet[Any]:
    """The rows of a model that belong to these shops: theirs, the shops themselves, or their members."""
    rows = model._default_manager.all()
    if issubclass(model, Shop):
        return rows.filter(pk__in=[shop.pk for shop in shops])
    if issubclass(model, User):
        return rows.filter(memberships__shop__in=shops).distinct()
    return rows.filter(shop__in=shops)
