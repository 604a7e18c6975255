"""Pages of privacy: the switch of a camera, what is kept and for how long, the sign, what was deleted, who looked."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from sales.qr_codes import qr_of
from vision.cameras import change_settings
from vision.models import Camera, Person, VisionSettings
from vision.privacy import access, switch
from vision.privacy.forms import PrivacyForm
from vision.privacy.report import nights
from vision.privacy.sign import LANGUAGES, notice_of
from watershop.audit import Actor
from watershop.models import Membership, Right, Role, Shop
from watershop.roles import ShopRequest, shop_page

PAGE_SIZE = 50


@shop_page(role=Role.MANAGER, right=Right.SEE_FACES, posted_from="camera")
def camera_recognition(request: ShopRequest, pk: int) -> HttpResponse:
    """Turn a camera's recognition on (`on`, with `sign_hangs` ticked), or off."""
    camera = get_object_or_404(Camera.objects.filter(shop=request.shop).select_related("shop"), pk=pk)
    try:
        if "on" in request.POST:
            switch.turn_on(camera, Actor.of(request), sign_hangs="sign_hangs" in request.POST)
            messages.success(request, _("Faces are recognised from now on."))
        else:
            switch.turn_off(camera, Actor.of(request))
            messages.success(request, _("Nobody is recognised from now on."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("camera", request.shop.slug, pk)


@shop_page(role=Role.MANAGER)
def privacy(request: ShopRequest) -> HttpResponse:
    """What is kept of a face and for how long; which cameras recognise; the ways to the sign and the two reports."""
    form = PrivacyForm(request.POST or None, instance=VisionSettings.of(request.shop))
    if form.is_valid():
        change_settings(request.shop, form.cleaned_data, Actor.of(request))
        messages.success(request, _("Saved. What is too old by now goes in the coming night."))
        return redirect("privacy", request.shop.slug)
    cameras = Camera.objects.filter(shop=request.shop, is_on=True).select_related("sign_by")
    context = {"form": form, "cameras": cameras}
    return render(request, "vision/privacy.html", context, status=422 if form.is_bound else 200)


@shop_page(role=Role.MANAGER)
def privacy_sign(request: ShopRequest) -> HttpResponse:
    """The sign to print, a page for each language, or for one (`language`); its code leads to the notice."""
    asked = request.GET.get("language")
    address = request.build_absolute_uri(reverse("privacy_notice", args=[request.shop.slug]))
    context = {
        "languages": [code for code in LANGUAGES if asked in (code, None, "")],
        "asked": asked,
        "qr": qr_of(address),
    }
    return render(request, "vision/privacy_sign.html", context)


def privacy_notice(request: HttpRequest, slug: str) -> HttpResponse:
    """What the shop keeps of those who come, for anybody, in the reader's language. No login; nothing of anybody."""
    shop = get_object_or_404(Shop, slug=slug)
    return render(request, "vision/privacy_notice.html", {"shop": shop, "notice": notice_of(shop)})


@shop_page(role=Role.MANAGER)
def privacy_deleted(request: ShopRequest) -> HttpResponse:
    """What was deleted in each of the last nights."""
    found = nights(request.shop)
    most = max((night.total for night in found), default=0)
    return render(request, "vision/privacy_deleted.html", {"nights": found, "most": max(most, 1)})


@shop_page(role=Role.MANAGER)
def privacy_views(request: ShopRequest) -> HttpResponse:
    """Who looked at whose face, and when: at one person's (`person`, a code), or by one member (`by`)."""
    code, by = request.GET.get("person", "").strip(), request.GET.get("by", "")
    person = Person.objects.of(request.shop).filter(code__iexact=code).first() if code else None
    found = access.views(
        request.shop, people=[person] if person else None, by=int(by) if by.isdecimal() else None
    )
    context = {
        "page": Paginator(found if person or not code else found.none(), PAGE_SIZE).get_page(
            request.GET.get("page")
        ),
        "members": Membership.objects.filter(shop=request.shop).select_related("user"),
        "code": code,
        "by": by,
    }
    return render(request, "vision/privacy_views.html", context)
