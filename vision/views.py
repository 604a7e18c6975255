"""Pages of visits, of one visit, of one person, and the visits that a sale may belong to."""

from datetime import date

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from sales.models import Sale
from vision import linking
from vision.forms import PersonForm
from vision.models import Person, SaleLink, Tracklet, Visit
from vision.showing import private_file
from watershop import audit
from watershop.audit import Actor
from watershop.dates import Period, day_of, period_from, today
from watershop.models import Right, Shop
from watershop.roles import ShopRequest, shop_page

PAGE_SIZE = 48
PICTURES = 24
PERSONAL = frozenset({"name"})


@shop_page(right=Right.SEE_FACES)
def visits(request: ShopRequest) -> HttpResponse:
    """Who came, on one day or some; today unless the address says otherwise."""
    period, status = _period(request)
    found = Visit.objects.of(request.shop).during(period)
    page = Paginator(found.for_cards(), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "period": period, "latest": _latest_day(request.shop) if not page else None}
    return render(request, "vision/visits.html", context, status=status)


def _period(request: ShopRequest) -> tuple[Period, int]:
    default = today(request.shop)
    try:
        asked = request.GET.get("from"), request.GET.get("to")
        return period_from(request.shop, *asked, default=default), 200
    except ValueError as error:
        messages.error(request, str(error))
        return default, 400


def _latest_day(shop: Shop) -> date | None:
    """The last day with a visit: where to look when the chosen days have none."""
    latest = Visit.objects.of(shop).order_by("-entry_at").first()
    return day_of(shop, latest.entry_at) if latest else None


@shop_page(right=Right.SEE_FACES)
def visit(request: ShopRequest, pk: int) -> HttpResponse:
    """One visit: its pictures, its person, and the sales that may have been made in it."""
    found = get_object_or_404(Visit.objects.of(request.shop).for_cards(), pk=pk)
    return render(request, "vision/visit.html", {"visit": found})


@shop_page(right=Right.SEE_FACES)
def person(request: ShopRequest, pk: int) -> HttpResponse:
    """One person: pictures, visits, and who they are."""
    who = get_object_or_404(Person.objects.filter(shop=request.shop).select_related("customer"), pk=pk)
    form = PersonForm(request.POST or None, instance=who, shop=request.shop)
    if request.method == "POST" and form.is_valid():
        audit.change(who, Actor.of(request), "change_person", form.cleaned_data, personal=PERSONAL)
        messages.success(request, _("Saved."))
        return redirect("person", request.shop.slug, pk)
    faces = Tracklet.objects.filter(person=who).exclude(picture="").order_by("-quality", "number")[:PICTURES]
    stays = Paginator(who.visits.all().for_cards(), PAGE_SIZE).get_page(request.GET.get("page"))
    # The form has already written its values into the instance; the head of the page shows the stored name.
    stored = Person.objects.select_related("customer").get(pk=pk)
    context: dict[str, object] = {"person": stored, "form": form, "faces": faces, "page": stays}
    return render(request, "vision/person.html", context, status=422 if form.is_bound else 200)


@shop_page(right=Right.SEE_FACES, posted_from="visits")
def link_decide(request: ShopRequest, pk: int) -> HttpResponse:
    """Confirm or refuse a link (`do`), then back to the page that asked (`next`)."""
    link = get_object_or_404(SaleLink.objects.filter(shop=request.shop).select_related("shop"), pk=pk)
    wish = request.POST.get("do")
    try:
        if wish not in ("confirm", "refuse"):
            raise ValidationError(_("Confirm or refuse the link."))
        linking.decide(link, is_right=wish == "confirm", actor=Actor.of(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("Confirmed.") if wish == "confirm" else _("Refused."))
    back = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()):
        return redirect(back)
    return redirect("visit", request.shop.slug, link.visit_id)


@shop_page(right=Right.SEE_FACES)
def sale_links(request: ShopRequest, pk: int) -> HttpResponse:
    """The visit that a sale probably belongs to, for the slot on the sale's page."""
    sale = get_object_or_404(Sale.objects.of(request.shop), pk=pk)
    links = SaleLink.objects.filter(sale=sale).exclude(state=SaleLink.State.REFUSED)
    visits = Visit.objects.of(request.shop).filter(pk__in=links.values("visit")).for_cards()
    return render(request, "vision/_sale_links.html", {"sale": sale, "visits": visits})


@shop_page(right=Right.SEE_FACES)
def picture(request: ShopRequest, pk: int) -> FileResponse:
    """The picture of a tracklet. It is a face: no cache keeps it, no other type is guessed."""
    tracklet = get_object_or_404(Tracklet.objects.filter(shop=request.shop).exclude(picture=""), pk=pk)
    return private_file(tracklet.picture, "image/jpeg")
