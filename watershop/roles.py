"""Who may come in. Staff < Manager < Owner; rights can be switched per role.

Every page of a shop starts with `@shop_page(...)`, every API view derives its access from `membership_for`.
The shop comes from the path and the membership, never from the session.
"""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from watershop import locking
from watershop.models import Membership, Right, Role, RoleRight, Shop, User

RANK = {Role.STAFF: 1, Role.MANAGER: 2, Role.OWNER: 3}
DEFAULT_RIGHTS = {
    Role.STAFF: frozenset({Right.SEE_FACES}),
    Role.MANAGER: frozenset(Right),
    Role.OWNER: frozenset(Right),
}


class ShopRequest(HttpRequest):
    """A request that passed `shop_page`: it knows its shop, its member and what the member may do.

    With an `approver` (see watershop.approvals) it has the role and the rights of both.
    """

    user: User
    shop: Shop
    membership: Membership
    approver: Membership | None
    rights: frozenset[Right]


class NeedsApproval(PermissionDenied):
    """Refused to this member; somebody with this role and this right may do it, or allow it by PIN."""

    def __init__(self, sentence: str, *, role: Role = Role.STAFF, right: Right | None = None) -> None:
        super().__init__(sentence)
        self.role, self.right = role, right


def membership_for(user: User, slug: str) -> Membership:
    """The active membership of this user in the shop of that address; another shop's address is a 404."""
    members = Membership.objects.select_related("shop", "user")
    membership = members.filter(user=user, shop__slug=slug, is_active=True).first()
    if membership is None:
        raise Http404(_("There is no such shop here."))
    return membership


def rights_of(membership: Membership) -> frozenset[Right]:
    """The rights of a member: the defaults of the role, with the owner's switches on top."""
    role = Role(membership.role)
    if role == Role.OWNER:  # no switch can stand against an owner: the database refuses one
        return DEFAULT_RIGHTS[role]
    rights = set(DEFAULT_RIGHTS[role])
    for right, is_allowed in RoleRight.objects.filter(shop=membership.shop, role=role).values_list(
        "right", "is_allowed"
    ):
        (rights.add if is_allowed else rights.discard)(Right(right))
    return frozenset(rights)


def has_role(membership: Membership, role: Role) -> bool:
    return RANK[Role(membership.role)] >= RANK[role]


def require(membership: Membership, rights: frozenset[Right], *, role: Role, right: Right | None) -> None:
    """Raise NeedsApproval with a sentence that says who can help."""
    if not has_role(membership, role):
        sentence = _("This needs the role “%(role)s”. Ask somebody who has it.") % {"role": role.label}
        raise NeedsApproval(sentence, role=role, right=right)
    if right is not None and right not in rights:
        sentence = _("Your role does not have the right “%(right)s”. The owner can switch it on under Staff.")
        raise NeedsApproval(sentence % {"right": right.label}, role=role, right=right)


def as_seen_by_pin(membership: Membership) -> Membership:
    """The member as a PIN opens the shop to them: what is the owner's takes a password."""
    if membership.role == Role.OWNER:
        membership.role = Role.MANAGER
    return membership


def _let_in(request: HttpRequest, membership: Membership) -> ShopRequest:
    """The request with its shop, member and rights; for this request alone, an approver lends theirs."""
    inside = cast(ShopRequest, request)
    inside.shop, inside.membership = membership.shop, membership
    inside.rights, inside.approver = rights_of(membership), getattr(request, "approver", None)
    if inside.approver:
        inside.rights |= rights_of(inside.approver)
        membership.role = max(membership.role, inside.approver.role, key=lambda role: RANK[Role(role)])
    return inside


def _page_of(name: str, slug: str, kwargs: dict[str, Any]) -> str:
    """The address of a page, for the row of this request where the page is about one row.

    The language switch of an answer to a post leads to that post's address, and is sent on to this one.
    """
    try:
        return reverse(name, kwargs={"slug": slug} | kwargs)
    except NoReverseMatch:
        return reverse(name, kwargs={"slug": slug})


def _to_login(request: HttpRequest) -> HttpResponseBase:
    """The login page, and back; what a page asks for by itself takes the whole page there."""
    if not request.headers.get("HX-Request"):
        return redirect_to_login(request.get_full_path())
    page = urlsplit(request.headers.get("HX-Current-URL", ""))
    login = redirect_to_login(page._replace(scheme="", netloc="", fragment="").geturl())
    return HttpResponse(status=HTTPStatus.NO_CONTENT, headers={"HX-Redirect": login.url})


P = ParamSpec("P")
Page = Callable[Concatenate[ShopRequest, P], HttpResponseBase]


def shop_page(
    *, role: Role = Role.STAFF, right: Right | None = None, posted_from: str | None = None
) -> Callable[[Page[P]], Callable[..., HttpResponseBase]]:
    """Let in the members of the shop in the path (`slug`) who have this role and this right.

    A door that takes posts alone names the page that posts to it (`posted_from`, a URL name): a GET leads there.
    """

    def decorate(page: Page[P]) -> Callable[..., HttpResponseBase]:
        @wraps(page)
        def guarded(request: HttpRequest, slug: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not isinstance(request.user, User):
                return _to_login(request)
            if request.user.has_one_time_password:
                return redirect("password_change")
            membership = membership_for(request.user, slug)
            if locking.has_idled(request, membership.shop):
                back_to = request.get_full_path() if locking.is_whole_page(request) else ""
                locking.lock(request, membership.shop, back_to=back_to)
                return locking.to_lock_page(request)
            if locking.is_by_pin(request):
                if role == Role.OWNER == membership.role:
                    raise locking.needs_password()
                membership = as_seen_by_pin(membership)
            if posted_from and request.method != "POST":
                return redirect(_page_of(posted_from, slug, kwargs))
            inside = _let_in(request, membership)
            require(membership, inside.rights, role=role, right=right)
            with timezone.override(membership.shop.tz):
                return page(inside, *args, **kwargs)

        return guarded

    return decorate
