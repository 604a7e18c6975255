"""Pages of the live cameras: who is in sight now."""

from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from vision.models import Sighting
from vision.sightings import in_sight
from watershop.models import Right
from watershop.roles import ShopRequest, shop_page


@shop_page(right=Right.SEE_FACES)
def now(request: ShopRequest) -> HttpResponse:
    """Who is in sight of the cameras now; htmx asks for the tiles alone, again and again."""
    template = "vision/_now.html" if request.headers.get("HX-Request") else "vision/now.html"
    return render(request, template, {"sightings": in_sight(request.shop)})


@shop_page(right=Right.SEE_FACES)
def sighting_picture(request: ShopRequest, pk: int) -> FileResponse:
    """The face of somebody in sight; no cache keeps it, no other type is guessed."""
    sighting = get_object_or_404(Sighting.objects.filter(shop=request.shop).exclude(picture=""), pk=pk)
    try:
        response = FileResponse(sighting.picture.open(), content_type="image/jpeg")
    except FileNotFoundError as error:
        raise Http404(_("This picture is gone.")) from error
    response["Cache-Control"] = "no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response
