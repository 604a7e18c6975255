"""Pages of visits, of one visit, and the visits that a sale may belong to."""

from datetime import date

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from sales.models import Sale
from vision import clocks, disputes, films, linking, pipeline, tenders
from vision.alike import lookalikes
from vision.models import (
    Camera,
    FaceView,
    IdentityEvent,
    Person,
    SaleLink,
    Template,
    TenderHint,
    Tracklet,
    Visit,
)
from vision.privacy import access, switch
from vision.showing import back_to, private_file
from watershop.approvals import is_in_reach
from watershop.audit import Actor
from watershop.dates import Period, day_of, period_from, today
from watershop.models import Right, Role, Shop
from watershop.roles import ShopRequest, has_role, shop_page

PAGE_SIZE = 48


@shop_page(right=Right.SEE_FACES)
def visits(request: ShopRequest) -> HttpResponse:
    """Who came, on one day or some, today unless the address says so; or all visits that are in doubt (`doubtful`)."""
    period, status = _period(request)
    doubtful = Visit.objects.of(request.shop).doubtful()
    is_doubtful = "doubtful" in request.GET
    found = doubtful if is_doubtful else Visit.objects.of(request.shop).during(period)
    page = Paginator(found.for_cards(), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "period": period,
        "is_doubtful": is_doubtful,
        "doubtful": doubtful.count(),
        "off_cameras": switch.cameras_off(request.shop),
        "clocks": clocks.shown(Camera.objects.filter(shop=request.shop)),
        "latest": _latest_day(request.shop) if not page else None,
        "last": IdentityEvent.objects.last_by(request.user, request.shop) if is_doubtful else None,
    }
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
    """One visit: its pictures, its person or who it may be, and the sales that may have been made in it."""
    found = get_object_or_404(Visit.objects.of(request.shop).for_cards(), pk=pk)
    faces = Template.objects.filter(tracklet__visit=found)
    nearest = [] if found.person else lookalikes(request.shop, faces, pipeline.eye())
    people = Person.objects.with_face().in_bulk(nearest)
    return render(request, "vision/visit.html", {"visit": found, "people": [people[pk] for pk in nearest]})


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
    return redirect(back_to(request) or reverse("visit", args=[request.shop.slug, link.visit_id]))


@shop_page(right=Right.SEE_FACES)
def sale_links(request: ShopRequest, pk: int) -> HttpResponse:
    """The visit of a sale, whom it shows, and the films of its second, for the slot on the sale's page."""
    sale = get_object_or_404(Sale.objects.of(request.shop).with_sums().select_related("void"), pk=pk)
    links = SaleLink.objects.filter(sale=sale).exclude(state=SaleLink.State.REFUSED)
    context = {
        "sale": sale,
        "visits": Visit.objects.of(request.shop).filter(pk__in=links.values("visit")).for_cards(),
        "films": films.at_moment(request.shop.pk, sale.sold_at),
        "may_correct": is_in_reach(request, Right.VOID) and not hasattr(sale, "void"),
        "hint": TenderHint.objects.filter(sale=sale).first(),
        "hit_rate": tenders.hit_rate(request.shop, sale.sold_at - tenders.MEMORY),
        "dispute_files": disputes.files_of(sale),
        "may_dispute": bool(sale.due and sale.customer_id) and has_role(request.membership, Role.MANAGER),
    }
    return render(request, "vision/_sale_links.html", context)


@shop_page(right=Right.SEE_FACES)
def picture(request: ShopRequest, pk: int) -> FileResponse:
    """The picture of a tracklet. It is a face: no cache keeps it, no other type is guessed."""
    tracklet = get_object_or_404(Tracklet.objects.filter(shop=request.shop).exclude(picture=""), pk=pk)
    face = private_file(tracklet.picture, "image/jpeg")
    access.note(request, FaceView.What.FACE, pk, tracklet.person_id)
    return face
