"""The manager's pages of deeds to many customers: what would happen, done as shown, and taken back."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from sales import bulk as verbs
from sales.forms import OnceForm
from sales.models import BulkDeed
from watershop import outbox
from watershop.audit import Actor
from watershop.models import Message, Role
from watershop.roles import ShopRequest, has_role, shop_page

Kind = BulkDeed.Kind


class BulkForm(OnceForm):
    """`seen` is the fingerprint of the plan that was shown; a reason or a day where the deed wants one."""

    seen = forms.CharField()

    def __init__(self, kind: BulkDeed.Kind, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if kind == Kind.WRITE_OFF:
            self.fields["reason"] = forms.CharField(label=gettext_lazy("Reason"), max_length=200)
        if kind == Kind.PROMISE:
            widget = forms.DateInput({"type": "date"}, "%Y-%m-%d")
            self.fields["due_on"] = forms.DateField(label=gettext_lazy("They will pay until"), widget=widget)


@shop_page(role=Role.MANAGER)
def bulk(request: ShopRequest) -> HttpResponse:
    """Show what `?do=` would do to each `customer=`, or, posted, do it."""
    data = request.POST if request.method == "POST" else request.GET
    ticked = [int(pk) for pk in data.getlist("customer") if pk.isdecimal() and len(pk) < 19]
    if data.get("do") not in Kind.values or not ticked:
        messages.error(request, _("Nobody was ticked, so nothing changed."))
        return redirect("defaulters", request.shop.slug)
    kind = Kind(data["do"])
    if kind == Kind.WRITE_OFF and not has_role(request.membership, Role.OWNER):
        raise PermissionDenied(_("Only the owner writes debts off."))
    ways = dict(outbox.channels())
    channel = Message.Channel(data["channel"] if data.get("channel") in ways else next(iter(ways)))
    if request.method == "POST":
        form = BulkForm(kind, request.POST)
        if form.is_valid() and (
            location := form.once(request, lambda: _do(request, form, kind, ticked, channel))
        ):
            return redirect(location)
        return _preview(request, kind, ticked, channel, form)
    return _preview(request, kind, ticked, channel, None)


def _do(
    request: ShopRequest, form: BulkForm, kind: BulkDeed.Kind, ticked: list[int], channel: Message.Channel
) -> tuple[int, dict[str, Any]]:
    data = form.cleaned_data
    deed = verbs.carry_out(
        request.shop,
        kind,
        ticked,
        seen=data["seen"],
        actor=Actor.of(request),
        channel=channel,
        reason=data.get("reason", ""),
        due_on=data.get("due_on"),
        client_ref=str(data["client_ref"]),
    )
    return 201, {"deed": deed.pk, "location": reverse("bulk_deed", args=[request.shop.slug, deed.pk])}


def _preview(
    request: ShopRequest,
    kind: BulkDeed.Kind,
    ticked: list[int],
    channel: Message.Channel,
    form: BulkForm | None,
) -> HttpResponse:
    planned = verbs.plan(request.shop, kind, ticked, channel=channel)
    query = urlencode([("do", kind.value), *(("customer", pk) for pk in ticked)])
    context = {
        "plan": planned,
        "form": form or BulkForm(kind),
        "ticked": ticked,
        "channels": outbox.channels() if kind in verbs.TOPICS else [],
        "query": query,
        "is_money": kind != Kind.CANS,
    }
    return render(request, "sales/bulk.html", context, status=form.status if form else 200)


@shop_page(role=Role.MANAGER)
def bulk_deed(request: ShopRequest, pk: int) -> HttpResponse:
    """What was done to whom; posted, take it back."""
    deed = get_object_or_404(
        BulkDeed.objects.of(request.shop).filter(undoes=None).select_related("by"), pk=pk
    )
    is_owners = deed.kind == Kind.WRITE_OFF
    may_undo = has_role(request.membership, Role.OWNER if is_owners else Role.MANAGER)
    if request.method == "POST":
        if not may_undo:
            raise PermissionDenied(_("Only the owner takes back a write-off."))
        try:
            verbs.undo(deed, actor=Actor.of(request))
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
        else:
            messages.success(request, _("It is taken back."))
        return redirect("bulk_deed", request.shop.slug, deed.pk)
    left = BulkDeed.objects.filter(pk=deed.pk).undoable().first()
    items = deed.items.select_related("customer", "entry", "promise", "message")
    context = {
        "deed": deed,
        "items": items,
        "undo": left if may_undo else None,
        "undone": BulkDeed.objects.filter(undoes=deed).first(),
        "said": _said(len(items), deed),
    }
    return render(request, "sales/bulk_deed.html", context)


def _said(count: int, deed: BulkDeed) -> str:
    return ngettext("%(deed)s: %(n)s customer", "%(deed)s: %(n)s customers", count) % {
        "deed": deed.get_kind_display(),
        "n": count,
    }
