"""A customer's face on their page: is it known, did they agree, and the one press that ends it."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from customers import book
from customers.models import Customer
from vision.models import Consent, Person
from vision.privacy import consents, enrolment
from vision.privacy.consent_forms import ConsentForm
from vision.privacy.withdrawing import withdraw
from watershop.audit import Actor
from watershop.models import Right
from watershop.roles import ShopRequest, shop_page


def _customer(request: ShopRequest, pk: int) -> Customer:
    return get_object_or_404(Customer.objects.of(request.shop).select_related("shop"), pk=pk)


@shop_page()
def customer_face(request: ShopRequest, pk: int) -> HttpResponse:
    """Whether the shop knows this face, and by what right: for the slot on the customer's page, or on its own."""
    customer = _customer(request, pk)
    accounts = book.accounts_of(customer)
    asked = Consent.objects.filter(customer__in=accounts).select_related("recorded_by")
    context = {
        "customer": customer,
        "consent": asked.order_by(F("withdrawn_at").desc(nulls_first=True)).first(),
        "sees_faces": Right.SEE_FACES in request.rights,
        "taken": enrolment.taken(customer),
        "people": Person.objects.filter(customer__in=accounts, merged_into=None).with_face(),
    }
    is_slot = bool(request.headers.get("HX-Request"))
    return render(request, "vision/_customer_face.html" if is_slot else "vision/customer_face.html", context)


@shop_page()
def customer_agree(request: ShopRequest, pk: int) -> HttpResponse:
    """Show the text in a language (`language`, else the customer's own), and record that they agree."""
    customer = _customer(request, pk)
    form = ConsentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            consents.give(customer, form.agreement(), Actor.of(request))
        except ValidationError as refusal:
            form.add_error(None, refusal.messages)
        else:
            messages.success(request, _("Written down."))
            takes_pictures = Right.SEE_FACES in request.rights
            return redirect("customer_enrol" if takes_pictures else "customer", request.shop.slug, pk)
    wanted = request.GET.get("language", customer.language)
    language = wanted if wanted in dict(settings.LANGUAGES) else customer.language
    text = consents.text(request.shop, language)
    context = {"customer": customer, "form": form, "text": text}
    return render(request, "vision/customer_agree.html", context, status=422 if form.is_bound else 200)


@shop_page(posted_from="customer_face")
def customer_withdraw(request: ShopRequest, pk: int) -> HttpResponse:
    """They no longer want it: the face goes at once."""
    customer = _customer(request, pk)
    withdraw(customer, Actor.of(request))
    messages.success(request, _("Their face is deleted. Nobody is compared with it any more."))
    return redirect("customer", request.shop.slug, customer.pk)
