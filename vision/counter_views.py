"""The slot of the till: who stands at the counter, and what the clerk says about them."""

import hashlib
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse

from vision import counter
from vision.forms import BillForm, CansForm
from watershop.audit import Actor
from watershop.models import Right
from watershop.roles import ShopRequest, shop_page

NOTHING_NEW = 204


@shop_page(right=Right.SEE_FACES)
def counter_tiles(request: ShopRequest) -> HttpResponse:
    """Tiles of the people at the counter, for the bill with the key `client_ref`.

    The till asks twice a second: `seen` says what it shows already, `places` whom (sightings, "" for a gap), and
    without news the answer is empty. So it is in a shop without a live camera that recognises anybody; the till then
    asks no more.
    """
    if not counter.has_eye(request.shop):
        return HttpResponse(status=NOTHING_NEW)
    client_ref = _key(request.GET.get("client_ref", ""))
    choice = counter.chosen(request.shop, client_ref)
    there = counter.look(request.shop, _places(request.GET.get("places", "")))
    seen = hashlib.sha256(
        f"{choice and choice.pk} {choice and choice.track} {there.mark}".encode()
    ).hexdigest()
    if request.GET.get("seen") == seen:
        return HttpResponse(status=NOTHING_NEW)
    context = {
        "tiles": there.tiles(),
        "seen": seen,
        "places": ",".join(str(row.pk) if row else "" for row in there.rows),
        "choice": choice,
        "count": counter.counted(request.shop, client_ref) if choice else None,
        "client_ref": client_ref,
    }
    return render(request, "vision/_counter.html", context)


def _places(text: str) -> list[int | None]:
    return [int(place) if place.isdecimal() else None for place in text.split(",")] if text else []


def _key(text: str) -> str:
    """The key of a bill as it is stored; "" for what is none."""
    try:
        return str(UUID(text))
    except ValueError:
        return ""


@shop_page(right=Right.SEE_FACES, posted_from="till")
def counter_choose(request: ShopRequest) -> HttpResponse:
    """The clerk serves whom this tile shows (`sighting`): who is known is put on the bill, nothing else happens."""
    form, sighting = BillForm(request.shop, request.POST), request.POST.get("sighting", "")
    if not (form.is_valid() and sighting.isdecimal()):
        return HttpResponseBadRequest()
    tile = counter.tile_of(request.shop, int(sighting))
    if tile is None:
        raise Http404
    bill = {"client_ref": str(form.cleaned_data["client_ref"]), "buyer": form.cleaned_data["customer"]}
    choice = counter.choose(tile, **bill, actor=Actor.of(request))
    if tile.glance is None:
        return HttpResponse(status=NOTHING_NEW)
    return redirect(f"{reverse('till', args=[request.shop.slug])}?customer={choice.customer_id}")


@shop_page(right=Right.SEE_FACES, posted_from="till")
def counter_correct(request: ShopRequest) -> HttpResponse:
    """The bill is another customer's than the chosen tile said (`customer`)."""
    form = BillForm(request.shop, request.POST)
    if not (form.is_valid() and form.cleaned_data["customer"]):
        return HttpResponseBadRequest()
    client_ref, customer = str(form.cleaned_data["client_ref"]), form.cleaned_data["customer"]
    counter.correct(request.shop, client_ref=client_ref, customer=customer, actor=Actor.of(request))
    return HttpResponse(status=NOTHING_NEW)


@shop_page(right=Right.SEE_FACES, posted_from="till")
def counter_cans(request: ShopRequest) -> HttpResponse:
    """How many cans the clerk saw come and go with a bill."""
    form = CansForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    cans = {name: form.cleaned_data[name] for name in ("brought", "taken")}
    client_ref = str(form.cleaned_data["client_ref"])
    counter.count_cans(request.shop, client_ref=client_ref, **cans, actor=Actor.of(request))
    return HttpResponse(status=NOTHING_NEW)
