"""The lock of a device. Somebody signs in with a password once; from then on clerks lock it and open it by PIN.

What is locked stands in the session, so a device stays locked whatever page is asked for: `DeviceLock` sends every
address but those in OPEN_WHILE_LOCKED to the lock page. A session that a PIN opened is a session of that clerk in
that one shop, at most as a manager: the owner's pages, passwords and the admin ask for a password. Tokens of the API
know no session and no lock.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.contrib.auth import login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from watershop import audit
from watershop.audit import Actor
from watershop.models import Membership, Shop

# Keys of the session: the slug of the shop whose lock page is shown, where to go on after it, the slug of the only
# shop that a PIN opened, and when somebody last did something (seconds since 1970).
LOCKED, BACK_TO, BY_PIN, SEEN_AT = "locked", "back_to", "by_pin", "seen_at"
OPEN_WHILE_LOCKED = frozenset({"lock", "unlock", "logout", "set_language", "healthz"})
NEEDS_PASSWORD = frozenset({"password_change", "admin"})
SEEN_EVERY_SECONDS = 20  # a session is not written anew at each request


class DeviceLock:
    """Middleware: nothing is reached past the lock page, and nothing past what a PIN opens."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        match = request.resolver_match
        assert match is not None
        if match.url_name in OPEN_WHILE_LOCKED or request.path.startswith("/api/"):
            return None
        if is_locked(request):
            return to_lock_page(request)
        only_shop = request.session.get(BY_PIN)
        if only_shop and (
            kwargs.get("slug", only_shop) != only_shop or {match.url_name, match.namespace} & NEEDS_PASSWORD
        ):
            raise needs_password()
        return None


def is_locked(request: HttpRequest) -> bool:
    return LOCKED in request.session


def is_by_pin(request: HttpRequest) -> bool:
    """Whether the signed-in user came in by PIN, and is a manager at most."""
    return BY_PIN in request.session


def needs_password() -> PermissionDenied:
    return PermissionDenied(_("A PIN does not open this. Log out, then log in with your password."))


def lock(request: HttpRequest, shop: Shop, *, back_to: str) -> None:
    """Lock this device; `back_to` is where its clerk goes on.

    The session gets a new key: an answer still under way with the old one can't write the lock away.
    """
    request.session[LOCKED], request.session[BACK_TO] = shop.slug, back_to
    request.session.cycle_key()
    audit.record(shop, Actor.of(request), "locked", shop)


def to_lock_page(request: HttpRequest) -> HttpResponse:
    """Send the browser to the lock page; a fragment's request takes the whole page there."""
    page = reverse("lock", args=[request.session[LOCKED]])
    if request.headers.get("HX-Request"):
        return HttpResponse(status=HTTPStatus.NO_CONTENT, headers={"HX-Redirect": page})
    return redirect(page)


def has_idled(request: HttpRequest, shop: Shop) -> bool:
    """Whether nobody did anything for longer than the shop allows; else a page asked for is noted as something done."""
    if not shop.lock_after_minutes or is_locked(request):
        return False
    now = int(timezone.now().timestamp())
    seen_at = request.session.get(SEEN_AT, now)
    if now - seen_at > shop.lock_after_minutes * 60:
        return True
    if is_whole_page(request) and (SEEN_AT not in request.session or now - seen_at > SEEN_EVERY_SECONDS):
        request.session[SEEN_AT] = now
    return False


def is_whole_page(request: HttpRequest) -> bool:
    """Whether somebody asked for a page or sent a form, rather than a script on its own."""
    by_script = request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate"
    return not by_script and not request.headers.get("HX-Request")


def unlock(request: HttpRequest, membership: Membership) -> str:
    """Sign this member in at the device, in a session with a new key, and return where they go on.

    Who locked it goes on where they were; somebody else begins at the till.
    """
    before = request.user.pk
    back_to: str = request.session.get(BACK_TO, "")
    login(request, membership.user)
    for key in (LOCKED, BACK_TO, SEEN_AT):
        request.session.pop(key, None)
    shop = membership.shop
    request.session[BY_PIN] = shop.slug
    if before == membership.user_id:
        return safe_next(request, back_to, shop)
    audit.record(shop, Actor.of(request), "switch_clerk", membership, before={"user": before})
    return reverse("till", args=[shop.slug])


def safe_next(request: HttpRequest, address: str, shop: Shop) -> str:
    """The address if it leads to a page of this shop, else its till."""
    inside = reverse("shop_home", args=[shop.slug])
    is_ours = url_has_allowed_host_and_scheme(address, allowed_hosts=None, require_https=request.is_secure())
    return address if is_ours and address.startswith(inside) else reverse("till", args=[shop.slug])
