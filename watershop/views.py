"""Pages of the roof: sign in, own password, set-up, the shop itself, its staff and their rights."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse_lazy
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.i18n import set_language

from sales.models import FIRST_CAN_TYPES
from sales.upi import upi_id_of
from watershop import accounts, locking, opening, pins
from watershop.audit import Actor
from watershop.forms import CanTypeRows, OwnPasswordForm, RoleForm, SetupForm, ShopForm, StaffForm
from watershop.models import Membership, Right, Role, Shop, User
from watershop.roles import ShopRequest, rights_of, shop_page

SWITCHED_ROLES = (Role.STAFF, Role.MANAGER)


class Login(LoginView):
    """Sign in, in the user's own language from then on; a one-time password has to be replaced first."""

    redirect_authenticated_user = True

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        user: User = form.get_user()
        if user.has_one_time_password:
            response = redirect("password_change")
        return in_language(response, user.language)


def in_language(response: HttpResponse, language: str) -> HttpResponse:
    """From this answer on the browser speaks that language, until it is switched."""
    secure = settings.LANGUAGE_COOKIE_SECURE
    response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, samesite="Lax", secure=secure)
    return response


class Logout(LogoutView):
    """By POST only, so that no link can sign somebody out."""

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return redirect("home")


class PasswordChange(PasswordChangeView):
    """A password of one's own; all other browsers and devices of the user have to sign in again."""

    form_class = OwnPasswordForm
    success_url = reverse_lazy("home")

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        messages.success(self.request, _("Your new password is set."))
        return response


def language(request: HttpRequest) -> HttpResponseBase:
    """Switch the language of this browser; somebody signed in has it from the next sign-in on as well."""
    if request.method != "POST":
        return redirect("home")
    chosen = request.POST.get("language", "")
    is_known = chosen in dict(settings.LANGUAGES) and not locking.is_locked(request)
    if isinstance(request.user, User) and is_known:
        request.user.language = chosen
        request.user.save(update_fields=["language"])
    return set_language(request)


def home(request: HttpRequest) -> HttpResponse:
    """Straight into the only shop, or a choice of shops; before any shop exists, where to find the set-up link."""
    if not isinstance(request.user, User):
        return redirect("login") if Shop.objects.exists() else render(request, "watershop/no_shop.html")
    if request.user.has_one_time_password:
        return redirect("password_change")
    shops = [m.shop for m in request.user.memberships.filter(is_active=True).select_related("shop")]
    if len(shops) == 1:
        return redirect("shop_home", shops[0].slug)
    return render(request, "watershop/shops.html", {"shops": shops})


@shop_page()
def shop_home(request: ShopRequest) -> HttpResponse:
    """The owner looks first, everybody else sells first."""
    start = "dashboard" if request.membership.role == Role.OWNER else "till"
    return redirect(start, request.shop.slug)


def setup(request: HttpRequest) -> HttpResponse:
    """The set-up page of an empty installation, behind the one-time link that `make shop` prints."""
    token = request.GET.get("token", "")
    if not accounts.is_setup_token(token):
        return render(request, "watershop/no_shop.html", {"is_stale_link": True}, status=404)
    form = SetupForm(request.POST or None, initial={"language": translation.get_language()})
    rows = CanTypeRows(request.POST or None, initial=FIRST_CAN_TYPES)
    if request.method == "POST" and form.is_valid() and rows.is_valid():
        can_types = [
            {name: value for name, value in row.cleaned_data.items() if name != "DELETE"}
            for row in rows
            if row.cleaned_data and row not in rows.deleted_forms
        ]
        try:
            opened = opening.open_shop(**form.cleaned_data, can_types=can_types)
        except ValidationError as error:
            form.add_error(None, ValidationError(error.messages))
        else:
            login(request, opened.owner)
            page = render(request, "watershop/opened.html", {"opened": opened})
            return in_language(page, opened.owner.language)
    return render(request, "watershop/setup.html", {"form": form, "rows": rows})


@shop_page(role=Role.OWNER)
def shop_settings(request: ShopRequest) -> HttpResponse:
    """The shop's name, language, hours and UPI id."""
    stored = Shop.objects.get(pk=request.shop.pk)  # the form writes into it; the page's frame keeps its own
    form = ShopForm(request.POST or None, instance=stored, initial={"upi_id": upi_id_of(request.shop)})
    if form.is_valid():
        try:
            opening.change_shop(request.shop, actor=Actor.of(request), **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, ValidationError(error.messages))
        else:
            messages.success(request, _("Saved."))
            return redirect("shop_settings", request.shop.slug)
    return render(request, "watershop/shop.html", {"form": form}, status=422 if form.is_bound else 200)


@shop_page(role=Role.OWNER)
def staff(request: ShopRequest) -> HttpResponse:
    """Who works here, what each role may do, and the form for somebody new."""
    return _staff_page(request, StaffForm(initial={"language": request.shop.language}))


def _staff_page(request: ShopRequest, form: StaffForm, *, status: int = 200, **context: Any) -> HttpResponse:
    members = (
        Membership.objects.filter(shop=request.shop)
        .select_related("user")
        .order_by("-is_active", "user__username")
    )
    effective = {role: rights_of(Membership(shop=request.shop, role=role)) for role in SWITCHED_ROLES}
    context |= {
        "members": members,
        "roles": Role.choices,
        "form": form,
        "switched_roles": SWITCHED_ROLES,
        "rights_table": [
            (right, [(role, right in effective[role]) for role in SWITCHED_ROLES]) for right in Right
        ],
    }
    return render(request, "watershop/staff.html", context, status=status)


@shop_page(role=Role.OWNER, posted_from="staff")
def staff_add(request: ShopRequest) -> HttpResponse:
    """Add a member; a new user name gets a one-time password, shown once on the answer."""
    form = StaffForm(request.POST)
    if not form.is_valid():
        return _staff_page(request, form, status=422)
    try:
        issued = accounts.hire(shop=request.shop, actor=Actor.of(request), **form.cleaned_data)
    except ValidationError as error:
        form.add_error(None, ValidationError(error.messages))
        return _staff_page(request, form, status=422)
    new_form = StaffForm(initial={"language": request.shop.language})
    return _staff_page(request, new_form, issued=issued)


@shop_page(role=Role.OWNER, posted_from="staff")
def staff_change(request: ShopRequest, pk: int) -> HttpResponse:
    """Change the role, deactivate or reactivate, reset by a one-time code, or give a new PIN."""
    member = get_object_or_404(Membership.objects.select_related("user", "shop"), shop=request.shop, pk=pk)
    actor, form = Actor.of(request), StaffForm(initial={"language": request.shop.language})
    try:
        match request.POST.get("do"):
            case "role" if (role_form := RoleForm(request.POST)).is_valid():
                accounts.change_role(member, role=role_form.cleaned_data["role"], actor=actor)
            case "deactivate" | "activate" as wish:
                accounts.set_active(member, is_active=wish == "activate", actor=actor)
            case "reset":
                return _staff_page(
                    request, form, issued=(member.user, accounts.reset_member(member, actor=actor))
                )
            case "pin":
                return _staff_page(
                    request, form, issued_pin=(member.user, pins.set_random_pin(member, actor=actor))
                )
            case _:
                raise ValidationError(_("Choose what to change."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("Saved."))
    return redirect("staff", request.shop.slug)


@shop_page(role=Role.OWNER, posted_from="staff")
def staff_rights(request: ShopRequest) -> HttpResponse:
    """Switch the rights of clerks and managers to what the ticked boxes say."""
    allowed = {
        role: [right for right in Right if f"{role}:{right}" in request.POST] for role in SWITCHED_ROLES
    }
    accounts.switch_rights(shop=request.shop, allowed=allowed, actor=Actor.of(request))
    messages.success(request, _("Saved."))
    return redirect("staff", request.shop.slug)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "400.html", status=400)
