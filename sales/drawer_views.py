"""Pages of the drawer: open, move cash, count, the result, the list of sessions, and the Close page of a day."""

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from sales import day_report
from sales import drawer as verbs
from sales.day_end import day_end
from sales.drawer_forms import CountForm, MoveForm, OpenForm, ReasonForm
from sales.forms import OnceForm
from sales.models import CashMove, DrawerSession
from sales.stock_forms import StockCountForm
from watershop.audit import Actor
from watershop.dates import period_from, today
from watershop.models import Right, Role
from watershop.roles import ShopRequest, has_role, shop_page

PAGE_SIZE = 50


@shop_page()
def drawer(request: ShopRequest) -> HttpResponse:
    """The drawer as it stands: open it, or move cash and count. What is expected is not said before the count."""
    return _drawer_page(request)


def _drawer_page(
    request: ShopRequest,
    *,
    opening: OnceForm | None = None,
    move: OnceForm | None = None,
    count: OnceForm | None = None,
) -> HttpResponse:
    session = verbs.open_one(request.shop)
    is_left_open = bool(session and verbs.is_left_open(session))
    refused = opening or move or count
    context = {
        "session": session,
        "is_left_open": is_left_open,
        "moves": session.moves.select_related("by") if session else [],
        "opening": opening or OpenForm(is_left_open),
        "move": move or MoveForm(auto_id="move_%s"),
        "count": count or CountForm(auto_id="count_%s"),
        "refused": refused,
        "is_manager": has_role(request.membership, Role.MANAGER),
    }
    return render(request, "sales/drawer.html", context, status=refused.status if refused else 200)


@shop_page(posted_from="drawer")
def drawer_open(request: ShopRequest) -> HttpResponse:
    """Open the drawer with the cash in it; a session left open is closed with the note."""
    session = verbs.open_one(request.shop)
    form = OpenForm(bool(session and verbs.is_left_open(session)), request.POST)
    if form.is_valid() and (location := form.once(request, lambda: _open(request, form))):
        messages.success(request, _("The drawer is open."))
        return redirect(location)
    return _drawer_page(request, opening=form)


def _open(request: ShopRequest, form: OpenForm) -> tuple[int, dict[str, Any]]:
    data = form.cleaned_data
    session = verbs.open_session(
        request.shop,
        opening_float=data["opening_float"],
        note_on_left_open=data.get("note", ""),
        actor=Actor.of(request),
    )
    return 201, {"session": session.pk, "location": _drawer_url(request)}


def _drawer_url(request: ShopRequest) -> str:
    return reverse("drawer", args=[request.shop.slug])


@shop_page(posted_from="drawer")
def drawer_move(request: ShopRequest) -> HttpResponse:
    """Put cash in or take it out, with the reason."""
    form = MoveForm(request.POST, auto_id="move_%s")
    if form.is_valid() and (location := form.once(request, lambda: _move(request, form))):
        messages.success(request, _("Saved."))
        return redirect(location)
    return _drawer_page(request, move=form)


def _move(request: ShopRequest, form: MoveForm) -> tuple[int, dict[str, Any]]:
    data = form.cleaned_data
    pay = verbs.pay_in if data["kind"] == CashMove.Kind.IN else verbs.pay_out
    move = pay(request.shop, amount=data["amount"], reason=data["reason"], actor=Actor.of(request))
    return 201, {"move": move.pk, "location": _drawer_url(request)}


@shop_page(posted_from="drawer")
def drawer_close(request: ShopRequest) -> HttpResponse:
    """Close the drawer with what was counted, and show how it compares."""
    form = CountForm(request.POST, auto_id="count_%s")
    if form.is_valid() and (location := form.once(request, lambda: _close(request, form))):
        return redirect(location)
    return _drawer_page(request, count=form)


def _close(request: ShopRequest, form: CountForm) -> tuple[int, dict[str, Any]]:
    session = verbs.open_one(request.shop)
    if session is None:
        raise ValidationError(_("The drawer is closed already."))
    verbs.close_session(session, actor=Actor.of(request), **form.counted())
    location = reverse("drawer_session", args=[request.shop.slug, session.pk])
    return 201, {"session": session.pk, "location": location}


def _session(request: ShopRequest, pk: int) -> DrawerSession:
    """A closed session: any for managers, for clerks one that they opened or closed themselves."""
    sessions = DrawerSession.objects.of(request.shop).exclude(closed_at=None)
    if not has_role(request.membership, Role.MANAGER):
        sessions = sessions.filter(Q(opened_by=request.user) | Q(closed_by=request.user))
    return get_object_or_404(sessions.select_related("opened_by", "closed_by", "shop"), pk=pk)


@shop_page()
def drawer_session(request: ShopRequest, pk: int) -> HttpResponse:
    """What was expected and counted of each tender in one session, to print."""
    return _session_page(request, _session(request, pk), ReasonForm())


def _session_page(
    request: ShopRequest, session: DrawerSession, form: ReasonForm, *, status: int = 200
) -> HttpResponse:
    context = {
        "session": session,
        "counts": session.counts.all(),
        "sheet": session.sheet.all(),
        "moves": session.moves.select_related("by"),
        "form": form if session.differs and not session.reason else None,
        "is_manager": has_role(request.membership, Role.MANAGER),
    }
    return render(request, "sales/drawer_session.html", context, status=status)


@shop_page(posted_from="drawer_session")
def drawer_explain(request: ShopRequest, pk: int) -> HttpResponse:
    """Keep why the count differs."""
    session, form = _session(request, pk), ReasonForm(request.POST)
    if form.is_valid():
        try:
            verbs.explain(session, reason=form.cleaned_data["reason"], actor=Actor.of(request))
        except ValidationError as refusal:
            form.add_error(None, ValidationError(refusal.messages))
        else:
            messages.success(request, _("Saved."))
            return redirect("drawer_session", request.shop.slug, session.pk)
    return _session_page(request, session, form, status=422)


@shop_page(role=Role.MANAGER)
def drawer_sessions(request: ShopRequest) -> HttpResponse:
    """All sessions with their variance, the newest first."""
    sessions = DrawerSession.objects.of(request.shop).select_related("opened_by", "closed_by")
    rows = sessions.prefetch_related("counts")
    context = {"page": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))}
    return render(request, "sales/drawer_sessions.html", context)


@shop_page(right=Right.SEE_TOTALS)
def drawer_day(request: ShopRequest) -> HttpResponse:
    """The Close page: one day in figures, to print; `?day=2026-11-30`, today to begin with."""
    asked, error = request.GET.get("day"), ""
    try:
        day = period_from(request.shop, asked, asked, default=today(request.shop))
    except ValueError as refusal:
        day, error = today(request.shop), str(refusal)
    end = day_end(request.shop, day)
    count = StockCountForm(end.stock, initial={"back_to": "drawer_day"}, auto_id="count_%s")
    context = {"day": day.first, "end": end, "count": count, "error": error}
    context |= {"links": day_report.links(request.shop, day.first, end), "client_ref": uuid4()}
    return render(request, "sales/drawer_day.html", context, status=422 if error else 200)
