"""Pages of the PIN: lock the device, open it as one of the shop's people, set a PIN of one's own."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from watershop import locking, pins
from watershop.audit import Actor
from watershop.forms import OwnPinForm
from watershop.roles import ShopRequest, shop_page
from watershop.views import in_language


@shop_page()
def lock(request: ShopRequest) -> HttpResponse:
    """Lock this device by POST; once it is locked, the people who can open it, and a keypad."""
    if request.method == "POST" and not locking.is_locked(request):
        if not request.membership.pin:
            messages.info(request, _("Set your PIN first: you come back in with it."))
            return redirect("my_pin", request.shop.slug)
        back_to = locking.safe_next(request, request.POST.get("next", ""), request.shop)
        locking.lock(request, request.shop, back_to=back_to)
    if not locking.is_locked(request):
        return redirect("shop_home", request.shop.slug)
    return _lock_page(request, [])


def _lock_page(request: ShopRequest, errors: list[str]) -> HttpResponse:
    context = {"members": pins.members_with_pin(request.shop), "errors": errors}
    return render(request, "watershop/lock.html", context, status=422 if errors else 200)


@shop_page(posted_from="lock")
def unlock(request: ShopRequest) -> HttpResponse:
    """Open the device as the member whose PIN this is, in their language."""
    who, digits = (request.POST.get(name, "") for name in ("member", "member_pin"))
    try:
        member = pins.identify(request.shop, who, digits, actor=Actor.of(request))
    except ValidationError as refusal:
        return _lock_page(request, refusal.messages)
    return in_language(redirect(locking.unlock(request, member)), member.user.language)


@shop_page()
def my_pin(request: ShopRequest) -> HttpResponse:
    """Set or change one's own PIN in this shop, with the password."""
    form = OwnPinForm(request.user, request.POST or None)
    if form.is_valid():
        pins.set_pin(request.membership, form.cleaned_data["new_pin"], actor=Actor.of(request))
        messages.success(request, _("Your PIN is set."))
        return redirect("shop_home", request.shop.slug)
    return render(request, "watershop/my_pin.html", {"form": form}, status=422 if form.is_bound else 200)
