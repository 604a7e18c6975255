"""Pages on which a customer who agreed has their face taken: a few pictures, each with a verdict, and whose it is."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from customers.models import Customer
from vision import pipeline
from vision.models import FaceView, Template
from vision.privacy import access, consents, enrolment
from vision.privacy.consent_forms import PortraitsForm
from vision.showing import private_file
from watershop.audit import Actor
from watershop.models import Right
from watershop.roles import ShopRequest, shop_page


def _customer(request: ShopRequest, pk: int) -> Customer:
    return get_object_or_404(Customer.objects.of(request.shop).active().select_related("shop"), pk=pk)


@shop_page(right=Right.SEE_FACES)
def customer_enrol(request: ShopRequest, pk: int) -> HttpResponse:
    """Take pictures with the camera of this device, or choose some; what came of each. Consent comes first."""
    customer = _customer(request, pk)
    if not consents.open_for(customer):
        return redirect("customer_agree", request.shop.slug, pk)
    form = PortraitsForm(request.POST or None, request.FILES or None)
    verdicts: list[str] = []
    if request.method == "POST" and form.is_valid():
        pictures = [file.read() for file in form.cleaned_data["pictures"]]
        is_another = form.cleaned_data["is_another"]
        try:
            verdicts = enrolment.take(customer, pictures, Actor.of(request), is_another=is_another)
        except ValidationError as refusal:
            form.add_error(None, refusal.messages)
    context = {
        "customer": customer,
        "form": form,
        "verdicts": [(verdict, enrolment.VERDICTS[verdict]) for verdict in verdicts],
        "taken": enrolment.taken(customer),
        "enough": enrolment.ENOUGH,
        "like": enrolment.looks_like(customer, pipeline.eye()),
    }
    is_slot = bool(request.headers.get("HX-Request"))
    template = "vision/_portraits.html" if is_slot else "vision/customer_enrol.html"
    return render(request, template, context, status=422 if form.errors and not is_slot else 200)


@shop_page(right=Right.SEE_FACES, posted_from="customer_enrol")
def customer_portraits(request: ShopRequest, pk: int) -> HttpResponse:
    """Whose face the pictures show that wait (`do`): whom they look like (same), somebody else (other); or discard."""
    customer, actor = _customer(request, pk), Actor.of(request)
    like = enrolment.looks_like(customer, pipeline.eye())
    try:
        match request.POST.get("do"):
            case "same" | "other" as said:
                enrolment.answer(customer, like, actor, is_same=said == "same")
            case "discard":
                enrolment.discard(customer, actor)
            case _:
                raise ValidationError(_("This was answered already."))
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    return redirect("customer_enrol", request.shop.slug, pk)


@shop_page(right=Right.SEE_FACES)
def portrait(request: ShopRequest, pk: int) -> FileResponse:
    """A picture that was taken under a consent; no cache keeps it, no other type is guessed."""
    row = get_object_or_404(Template.objects.filter(shop=request.shop).exclude(picture=""), pk=pk)
    face = private_file(row.picture, "image/jpeg")
    access.note(request, FaceView.What.PORTRAIT, pk, row.person_id)
    return face
