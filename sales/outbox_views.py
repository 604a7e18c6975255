"""The manager's page of messages: what waits, what went out, what failed; open, call off, try again."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.models import Customer
from sales.reminders import Topic
from watershop import outbox as verbs
from watershop.audit import Actor
from watershop.models import Message, Role
from watershop.roles import ShopRequest, shop_page

PAGE_SIZE = 50
State = Message.State
STATES = {
    "waiting": (gettext_lazy("Waiting"), [State.QUEUED, State.SENDING]),
    "failed": (gettext_lazy("Failed"), [State.FAILED]),
    "out": (gettext_lazy("Gone out"), [State.SENT, State.OPENED]),
    "cancelled": (gettext_lazy("Called off"), [State.CANCELLED]),
}


@shop_page(role=Role.MANAGER)
def outbox(request: ShopRequest) -> HttpResponse:
    """The messages of one kind of state, `?state=` waiting, failed, out or cancelled."""
    return _page(request)


def _page(request: ShopRequest, *, link: str = "", status: int = 200) -> HttpResponse:
    chosen = request.GET.get("state", "")
    chosen = chosen if chosen in STATES else "waiting"
    rows = Message.objects.of(request.shop).filter(state__in=STATES[chosen][1]).select_related("by")
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": _with_customers(request, page.object_list),
        "states": [(name, label) for name, (label, _states) in STATES.items()],
        "chosen": chosen,
        "link": link,
    }
    return render(request, "sales/outbox.html", context, status=status)


def _with_customers(request: ShopRequest, rows: Any) -> list[tuple[Message, Customer | None, bool]]:
    """Each message, the customer it is about, and whether a person has to open it."""
    keys = {row.about_id for row in rows if row.topic in Topic.values}
    customers = Customer.objects.of(request.shop).in_bulk([key for key in keys if key])
    return [
        (
            row,
            customers.get(row.about_id) if row.topic in Topic.values else None,
            verbs.is_by_hand(row.channel),
        )
        for row in rows
    ]


@shop_page(role=Role.MANAGER, posted_from="outbox")
def outbox_message(request: ShopRequest, pk: int) -> HttpResponse:
    """Open a message on this device (`do=open`), call it off (`cancel`) or let it wait again (`retry`)."""
    row = get_object_or_404(Message.objects.of(request.shop).select_related("shop"), pk=pk)
    actor = Actor.of(request)
    try:
        match request.POST.get("do"):
            case "open":
                return _page(request, link=verbs.open_by_hand(row, actor=actor))
            case "cancel" if verbs.cancel(Message.objects.filter(pk=row.pk), actor=actor):
                messages.success(request, _("It is called off."))
            case "retry":
                verbs.retry(row, actor=actor)
                messages.success(request, _("It waits to go out again."))
            case _:
                raise ValidationError(_("This message does not wait any more."))
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
        return _page(request, status=422)
    return redirect("outbox", request.shop.slug)
