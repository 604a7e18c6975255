"""Pages of privacy: the switch of a camera."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from vision.models import Camera
from vision.privacy import switch
from watershop.audit import Actor
from watershop.models import Right, Role
from watershop.roles import ShopRequest, shop_page


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
