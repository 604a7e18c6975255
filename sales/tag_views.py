"""The page of tagged cans: a field for the scanner at each gate, the last reads, new tags."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from sales import tags as verbs
from sales.models import TagRead
from sales.tag_forms import ReadForm, TagsForm
from watershop.audit import Actor
from watershop.models import Role
from watershop.roles import ShopRequest, has_role, shop_page

SHOWN = 20


@shop_page()
def tags(request: ShopRequest) -> HttpResponse:
    """Read a tag at a gate; `?gate=out&customer=CUST_0001` keeps both for the next can."""
    form = ReadForm(request.shop, request.POST or None, initial=request.GET.dict())
    if form.is_valid():
        data = form.cleaned_data
        seen = verbs.Seen(data["code"].strip(), TagRead.Gate(data["gate"]), timezone.now(), data["customer"])
        (result,) = verbs.take_reads(request.shop, [seen], actor=Actor.of(request))
        _tell(request, result, seen.code)
        kept = {"gate": data["gate"]} | ({"customer": data["customer"].code} if data["customer"] else {})
        return redirect(f"{reverse('tags', args=[request.shop.slug])}?{urlencode(kept)}")
    return _tags_page(request, form)


def _tell(request: ShopRequest, result: verbs.Result, code: str) -> None:
    if result == verbs.Result.NEW:
        messages.success(request, code)
    elif result == verbs.Result.DUPLICATE:
        messages.info(request, _("%(code)s was read just now.") % {"code": code})
    else:
        messages.error(
            request, _("%(code)s is no tag of this shop. A manager adds it below.") % {"code": code}
        )


def _tags_page(request: ShopRequest, form: ReadForm, adding: TagsForm | None = None) -> HttpResponse:
    reads = TagRead.objects.filter(shop=request.shop).select_related("tag__can_type", "customer")
    is_manager = has_role(request.membership, Role.MANAGER)
    context: dict[str, Any] = {
        "form": form,
        "adding": (adding or TagsForm(request.shop)) if is_manager else None,
        "reads": reads[:SHOWN],
    }
    refused = form.is_bound or adding
    return render(request, "sales/tags.html", context, status=422 if refused else 200)


@shop_page(role=Role.MANAGER, posted_from="tags")
def tags_add(request: ShopRequest) -> HttpResponse:
    """New tags for cans of one size."""
    form = TagsForm(request.shop, request.POST)
    if form.is_valid() and (location := form.once(request, lambda: _add(request, form))):
        messages.success(request, _("Saved."))
        return redirect(location)
    return _tags_page(request, ReadForm(request.shop), form)


def _add(request: ShopRequest, form: TagsForm) -> tuple[int, dict[str, Any]]:
    data = form.cleaned_data
    count = verbs.add_tags(request.shop, data["codes"], data["can_type"], actor=Actor.of(request))
    return 201, {"tags": count, "location": reverse("tags", args=[request.shop.slug])}
