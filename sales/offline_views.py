"""Doors of the till without the server: its page, what it takes along, and the deeds that it brings back."""

import json

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import conditional_page

from sales import offline
from sales.deposit_forms import deposit_rows
from sales.replaying import Deed, replay
from sales.till_forms import TillForm
from watershop.api import InFlight
from watershop.audit import Actor
from watershop.roles import ShopRequest, shop_page

WORKER_SCRIPTS = ("js/offline/outbox.js", "js/offline/worker.js")


def service_worker(request: HttpRequest) -> HttpResponse:
    """The script that stands between the tills and the network. It lies at the root, for it answers for the site.

    The addresses name the content of what they load, so a new release is a new script to the browser.
    """
    loads = ", ".join(json.dumps(static(path)) for path in WORKER_SCRIPTS)
    script = f"importScripts({loads});\n"
    return HttpResponse(script, content_type="text/javascript", headers={"Cache-Control": "no-cache"})


@never_cache
@shop_page()
def offline_till(request: ShopRequest) -> HttpResponse:
    """The till that a device keeps for the time without the server. It names nobody, not even who is signed in."""
    slug, form = request.shop.slug, TillForm(request.shop, frozenset(), None, auto_id="%s")
    context = {
        "shop": request.shop,
        "is_practice": settings.DEMO,
        "nav": [{"url": reverse("till", args=[slug])}],
        "form": form,
        "deposit_rows": list(deposit_rows(form, form.can_types, None)),
    }
    return HttpResponse(render_to_string("sales/offline.html", context))


@conditional_page
@shop_page()
def offline_book(request: ShopRequest) -> HttpResponse:
    """The customers' codes and the prices; 304 while they are what the device has."""
    return JsonResponse(offline.book(request.shop), headers={"Cache-Control": "private, no-cache"})


@never_cache
@shop_page()
def offline_session(request: ShopRequest) -> HttpResponse:
    """A fresh token, so that what waited through a sign-in can be sent; whoever is a stranger is led to sign in."""
    return JsonResponse({"token": get_token(request)})


@shop_page(posted_from="offline_till")
def offline_replay(request: ShopRequest) -> HttpResponse:
    """One deed that a device did alone; 409 while it is being worked on, 400 for what no till of ours sends."""
    try:
        deed = Deed.read(json.loads(request.body))
        row = replay(request.shop, deed, actor=Actor.of(request))
    except (ValueError, KeyError, TypeError) as error:
        return JsonResponse({"detail": str(error)}, status=400)
    except InFlight as refusal:
        return JsonResponse({"detail": str(refusal.detail)}, status=refusal.status_code)
    return JsonResponse({"slip": row.slip, "sale": row.sale_id})
