"""The list of festival days: what is on it, a day more, a day less."""

from typing import ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics import festivals
from analytics.models import FestivalDay
from watershop.audit import Actor
from watershop.dates import YEARS, day_of
from watershop.models import Right, Role
from watershop.roles import ShopRequest, shop_page


class FestivalForm(forms.ModelForm[FestivalDay]):
    """A day with its name."""

    class Meta:
        model = FestivalDay
        fields: ClassVar = ["day", "name", "is_closed"]
        widgets: ClassVar = {"day": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}

    def clean_day(self) -> object:
        day = self.cleaned_data["day"]
        if day.year not in YEARS:
            raise forms.ValidationError(_("Choose a day of this century."))
        return day


@shop_page(role=Role.MANAGER, right=Right.SEE_TOTALS)
def festivals_page(request: ShopRequest) -> HttpResponse:
    """The days on the list, those to come first, and the suggestions."""
    return _page(request, FestivalForm())


def _page(request: ShopRequest, form: FestivalForm) -> HttpResponse:
    rows = FestivalDay.objects.filter(shop=request.shop)
    today = day_of(request.shop, timezone.now())
    context = {
        "form": form,
        "to_come": [row for row in rows if row.day >= today],
        "past": [row for row in reversed(rows) if row.day < today],
        "suggestions": festivals.suggestions(request.shop),
    }
    return render(request, "analytics/festivals.html", context, status=422 if form.is_bound else 200)


@shop_page(role=Role.MANAGER, right=Right.SEE_TOTALS, posted_from="festivals")
def festivals_save(request: ShopRequest) -> HttpResponse:
    """A day more; or one that is on the list, closed from now on, or open again."""
    form = FestivalForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    festivals.save(request.shop, **form.cleaned_data, actor=Actor.of(request))
    messages.success(request, _("Saved."))
    return redirect("festivals", request.shop.slug)


@shop_page(role=Role.MANAGER, right=Right.SEE_TOTALS, posted_from="festivals")
def festivals_suggested(request: ShopRequest) -> HttpResponse:
    """The ticked suggestions come onto the list."""
    added = festivals.add_suggested(request.shop, request.POST.getlist("key"), actor=Actor.of(request))
    if added:
        said = ngettext("%(count)s day was added.", "%(count)s days were added.", added)
        messages.success(request, said % {"count": added})
    else:
        messages.error(request, _("Tick a festival first."))
    return redirect("festivals", request.shop.slug)


@shop_page(role=Role.MANAGER, right=Right.SEE_TOTALS, posted_from="festivals")
def festival_remove(request: ShopRequest, pk: int) -> HttpResponse:
    """A day less."""
    row = get_object_or_404(FestivalDay.objects.select_related("shop"), shop=request.shop, pk=pk)
    festivals.remove(row, actor=Actor.of(request))
    messages.success(request, _("Removed."))
    return redirect("festivals", request.shop.slug)
