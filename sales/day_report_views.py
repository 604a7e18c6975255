"""The door that sends the figures of a day to the owner."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from sales import day_report
from sales.forms import OnceForm
from watershop.audit import Actor
from watershop.dates import Period
from watershop.models import Right
from watershop.roles import ShopRequest, shop_page


class SendDayForm(OnceForm):
    """Which day to send."""

    day = forms.DateField()


@shop_page(right=Right.SEE_TOTALS, posted_from="drawer_day")
def drawer_day_send(request: ShopRequest) -> HttpResponse:
    """Mail the figures of the posted day, and go back to its Close page."""
    form = SendDayForm(request.POST)
    if form.is_valid() and (location := form.once(request, lambda: _send(request, form))):
        messages.success(request, _("It is in the outbox and goes out by itself."))
        return redirect(location)
    for sentence in form.errors.get("__all__", [_("This form is damaged. Open the page again.")]):
        messages.error(request, str(sentence))
    return redirect("drawer_day", request.shop.slug)


def _send(request: ShopRequest, form: SendDayForm) -> tuple[int, dict[str, Any]]:
    day = form.cleaned_data["day"]
    period = Period(day, day, request.shop.tz)
    message = day_report.mail_to_owner(request.shop, period, actor=Actor.of(request))
    location = f"{reverse('drawer_day', args=[request.shop.slug])}?day={day.isoformat()}"
    return 201, {"message": message.pk, "location": location}
