"""Pages of the live cameras: who is in sight now."""

from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, render

from vision.models import FaceView, Sighting
from vision.privacy import access, switch
from vision.showing import private_file
from vision.sightings import in_sight
from watershop.models import Right
from watershop.roles import ShopRequest, shop_page


@shop_page(right=Right.SEE_FACES)
def now(request: ShopRequest) -> HttpResponse:
    """Who is in sight of the cameras now; htmx asks for the tiles alone, again and again."""
    template = "vision/_now.html" if request.headers.get("HX-Request") else "vision/now.html"
    off_cameras = switch.cameras_off(request.shop).live()
    return render(request, template, {"sightings": in_sight(request.shop), "off_cameras": off_cameras})


@shop_page(right=Right.SEE_FACES)
def sighting_picture(request: ShopRequest, pk: int) -> FileResponse:
    """The face of somebody in sight; no cache keeps it, no other type is guessed."""
    may_be_seen = Sighting.objects.filter(shop=request.shop, camera__recognises=True).exclude(picture="")
    sighting = get_object_or_404(may_be_seen, pk=pk)
    face = private_file(sighting.picture, "image/jpeg")
    access.note(request, FaceView.What.SIGHTING, pk, sighting.person_id)
    return face
