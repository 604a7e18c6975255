"""Stepping up: what a clerk may not do, a manager allows at the clerk's own screen, by PIN, for this one request.

A post that is refused with `NeedsApproval` is answered with a page that holds the same form, the managers' names and
a PIN field. Sent again with `approver` and `approver_pin`, it runs with the rights of both, and every audit entry that
it writes names both. Nothing of it is kept: the next request is the clerk's own again.
"""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from watershop import pins
from watershop.audit import Actor
from watershop.models import Membership, Right, Role, User
from watershop.roles import (
    NeedsApproval,
    ShopRequest,
    as_seen_by_pin,
    has_role,
    membership_for,
    require,
    rights_of,
)

FIELDS = ("approver", "approver_pin")
OWN_FIELDS = ("csrfmiddlewaretoken", *FIELDS)


class StepUp:
    """Middleware: reads the approval that comes with a post, and asks for one where a post is refused."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """The approval is taken out of the form: the view, and the key of a deed done once, never see it."""
        if request.method != "POST" or "slug" not in kwargs or getattr(view, "csrf_exempt", False):
            return None  # a view without the form's token reads its own form: it may be a long recording
        if "approver" not in request.POST:
            return None
        form = request.POST.copy()
        pk, digits = (form.pop(name, [""])[-1] for name in FIELDS)
        form._mutable = False
        request.POST = form  # type: ignore[assignment]
        if not isinstance(request.user, User):
            return None
        membership = membership_for(request.user, kwargs["slug"])
        try:
            request.approver = _approver(request, membership, pk, digits)  # type: ignore[attr-defined]
        except ValidationError as refusal:
            request.approval_refused = refusal.messages  # type: ignore[attr-defined]
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The page that asks for a manager's PIN, or None where no PIN of this shop would help."""
        if not isinstance(error, NeedsApproval) or request.method != "POST" or request.FILES:
            return None
        if request.headers.get("HX-Request"):  # its answer would be put into the middle of the page
            return None
        membership: Membership | None = getattr(request, "membership", None)
        approvers = _who_may_allow(membership, error) if membership else []
        if not approvers:
            return None
        context = {
            "refusal": error,
            "members": approvers,
            "fields": [
                (name, value)
                for name, values in request.POST.lists()
                if name not in OWN_FIELDS
                for value in values
            ],
            "errors": getattr(request, "approval_refused", []),
        }
        return render(request, "watershop/approval.html", context, status=403)


def _approver(request: HttpRequest, clerk: Membership, pk: str, digits: str) -> Membership:
    """The manager behind this PIN, as a PIN session knows them. Raises ValidationError."""
    approver = pins.identify(clerk.shop, pk, digits, actor=Actor.of(request))
    if not has_role(approver, Role.MANAGER):
        raise ValidationError(_("Only a manager can allow this."))
    return as_seen_by_pin(approver)


def _who_may_allow(clerk: Membership, wish: NeedsApproval) -> list[Membership]:
    """The members with a PIN, managers at least, whose role and rights are enough for what was refused."""
    return [
        member
        for member in map(as_seen_by_pin, pins.members_with_pin(clerk.shop).exclude(pk=clerk.pk))
        if has_role(member, Role.MANAGER) and _may(member, wish)
    ]


def is_in_reach(request: ShopRequest, right: Right) -> bool:
    """Whether this member may, or a manager can allow it by PIN: then a page shows the deed's button."""
    wish = NeedsApproval("", right=right)
    return right in request.rights or bool(_who_may_allow(request.membership, wish))


def _may(member: Membership, wish: NeedsApproval) -> bool:
    try:
        require(member, rights_of(member), role=wish.role, right=wish.right)
    except NeedsApproval:
        return False
    return True
