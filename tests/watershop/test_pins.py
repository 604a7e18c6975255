"""PINs: setting one, switching clerks with it, and what wrong tries cost."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import get_resolver, reverse
from django.urls.resolvers import URLPattern, URLResolver
from django.utils import timezone
from rest_framework.test import APIClient

from sales.models import Sale
from tests.base import PASSWORD, TESTS, Cast, make_cast
from watershop import accounts, pins
from watershop.models import AuditEntry, Membership, Role, Shop, User

ClientOf = Callable[[User], Client]
LOCK, UNLOCK, MY_PIN = (f"/s/water/{page}/" for page in ("lock", "lock/open", "pin"))
TILL = "/s/water/till/"
PINS = {"lakshmi": "770011", "meena": "4826", "ravi": "9137"}


def member(user: User) -> Membership:
    return user.memberships.order_by("pk")[0]


@pytest.fixture
def cast(cast: Cast) -> Cast:
    """Everybody has a PIN."""
    for name, digits in PINS.items():
        pins.set_pin(member(getattr(cast, name)), digits, actor=TESTS)
    return cast


@pytest.fixture
def till(cast: Cast, client_of: ClientOf) -> Client:
    """A device at which Ravi signed in with his password, locked by him."""
    client = client_of(cast.ravi)
    client.post(LOCK, {"next": "/s/water/sales/"})
    return client


def enter(client: Client, user: User, digits: str) -> str:
    """Where the device goes, or what the lock page says."""
    answer = client.post(UNLOCK, {"member": str(member(user).pk), "member_pin": digits})
    return answer["Location"] if answer.status_code == 302 else answer.content.decode()


def shop_pages(patterns: list[URLPattern | URLResolver] | None = None, prefix: str = "") -> list[str]:
    """The address of every page of the shop that the map of the site knows, rows by the number 1."""
    found = []
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        address = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found += shop_pages(pattern.url_patterns, address)
        elif address.startswith("s/<slug:slug>/"):
            plain = address.replace("<slug:slug>", "water")
            found.append("/" + re.sub("<[^>]*>", "1", plain))
    return found


def test_one_sets_a_pin_with_the_password_and_comes_in_with_it(cast: Cast, client_of: ClientOf) -> None:
    client = client_of(cast.ravi)
    data = {"password": PASSWORD, "new_pin": "5203", "new_pin_again": "5203"}
    assert "Your PIN is set." in client.post(MY_PIN, data, follow=True).content.decode()
    client.post(LOCK)
    assert enter(client, cast.ravi, "5203") == TILL
    entry = AuditEntry.objects.filter(action="pin_set").latest("pk")
    assert (entry.user, entry.before, entry.after) == (cast.ravi, None, None)
    assert "5203" not in member(cast.ravi).pin


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"password": "guess"}, "This is not your password."),
        ({"new_pin_again": "5204"}, "The two PINs differ."),
        ({"new_pin": "123"}, "A PIN has 4 to 6 digits."),
        ({"new_pin": "12a4"}, "A PIN has 4 to 6 digits."),
    ],
)
def test_a_pin_that_cannot_be_is_refused(
    cast: Cast, client_of: ClientOf, changes: dict[str, str], reason: str
) -> None:
    before = member(cast.ravi).pin
    data = {"password": PASSWORD, "new_pin": "5203", "new_pin_again": "5203"} | changes
    answer = client_of(cast.ravi).post(MY_PIN, data)
    assert (answer.status_code, reason in answer.content.decode()) == (422, True)
    assert member(cast.ravi).pin == before


@pytest.mark.parametrize("digits", ["0000", "1234", "4321", "7890", "1212", "999999", "123456", "656565"])
def test_what_everybody_tries_first_is_no_pin(digits: str) -> None:
    with pytest.raises(ValidationError, match="too easy"):
        pins.refuse_weak(digits)


def test_the_owner_gives_a_clerk_a_new_pin_that_is_shown_once(cast: Cast, client_of: ClientOf) -> None:
    owner, door = client_of(cast.lakshmi), reverse("staff_change", args=["water", member(cast.ravi).pk])
    page = owner.post(door, {"do": "pin"}).content.decode()
    digits = page.partition("<code>")[2].partition("</code>")[0]
    assert pins.identify(cast.shop, str(member(cast.ravi).pk), digits, actor=TESTS).user == cast.ravi
    assert f"<code>{digits}</code>" not in owner.get("/s/water/staff/").content.decode()
    assert client_of(cast.meena).post(door, {"do": "pin"}).status_code == 403


def test_a_locked_device_reaches_no_page_of_the_shop(till: Client) -> None:
    pages = [page for page in shop_pages() if page not in (LOCK, UNLOCK)]
    assert len(pages) > 30
    for page in pages:
        for answer in (till.get(page), till.post(page, {})):
            assert (answer.status_code, answer["Location"]) == (302, LOCK), page
    for page in ("/", "/password/", "/admin/", "/login/"):
        assert till.get(page)["Location"] == LOCK
    assert till.get(LOCK).status_code == 200


def test_a_fragment_of_a_locked_device_takes_the_whole_page_to_the_lock(till: Client) -> None:
    answer = till.get(TILL, headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"], answer.content) == (204, LOCK, b"")


def test_who_locked_the_device_goes_on_where_they_were(till: Client, cast: Cast) -> None:
    assert enter(till, cast.ravi, PINS["ravi"]) == "/s/water/sales/"
    assert till.get("/s/water/sales/").status_code == 200


def test_a_lock_leads_on_to_no_other_site(cast: Cast, client_of: ClientOf) -> None:
    for address in ("https://example.com/", "//example.com/s/water/", "/s/next-door/till/", ""):
        client = client_of(cast.ravi)
        client.post(LOCK, {"next": address})
        assert enter(client, cast.ravi, PINS["ravi"]) == TILL


def test_another_clerk_comes_in_and_the_sale_is_theirs(till: Client, cast: Cast) -> None:
    old_key = till.session.session_key
    assert enter(till, cast.meena, PINS["meena"]) == TILL
    assert till.session.session_key != old_key
    page = till.get(TILL).content.decode()
    ref = page.partition('name="client_ref" value="')[2].partition('"')[0]
    till.post(TILL, {"client_ref": ref, f"sold_{cast.can20.pk}": "1", "tender": "cash"})
    assert Sale.objects.get().clerk == cast.meena
    entries = AuditEntry.objects.filter(action__in=["locked", "switch_clerk"]).order_by("pk")
    assert [(entry.action, entry.user, entry.before) for entry in entries] == [
        ("locked", cast.ravi, None),
        ("switch_clerk", cast.meena, {"user": cast.ravi.pk}),
    ]


def test_the_language_of_the_page_is_that_of_who_comes_in(till: Client, cast: Cast) -> None:
    User.objects.filter(pk=cast.meena.pk).update(language="te")
    till.post(reverse("set_language"), {"language": "hi", "next": LOCK})
    cast.ravi.refresh_from_db()
    assert cast.ravi.language == "en", "who stands at a locked device is nobody yet"
    enter(till, cast.meena, PINS["meena"])
    assert '<html lang="te">' in till.get(TILL).content.decode()


def test_five_wrong_tries_let_the_pin_rest_and_the_right_one_does_not_help(till: Client, cast: Cast) -> None:
    for _try in range(4):
        assert "This PIN is wrong." in enter(till, cast.meena, "1111")
    assert "rests for five minutes" in enter(till, cast.meena, "1111")
    assert "rests for five minutes" in enter(till, cast.meena, PINS["meena"])
    entry = AuditEntry.objects.get(action="pin_wrong_limit")
    assert (entry.user, entry.subject_id) == (cast.ravi, member(cast.meena).pk)
    assert enter(till, cast.ravi, PINS["ravi"]) == "/s/water/sales/", "only that one PIN rests"
    past = timezone.now() - timedelta(seconds=1)
    Membership.objects.filter(user=cast.meena).update(pin_rests_until=past)
    assert "This PIN is wrong." in enter(till, cast.meena, "1111")
    assert enter(till, cast.meena, PINS["meena"]) == TILL


def test_a_right_try_forgets_the_wrong_ones(till: Client, cast: Cast) -> None:
    for _round in range(2):
        for _try in range(4):
            enter(till, cast.meena, "1111")
        assert enter(till, cast.meena, PINS["meena"]) == TILL
        till.post(LOCK)


@pytest.mark.parametrize("who", ["", "7000000", "x"])
def test_nobody_chosen_is_nobody(till: Client, who: str) -> None:
    page = till.post(UNLOCK, {"member": who, "member_pin": "9137"}).content.decode()
    assert "Choose who you are." in page


def test_nobody_of_another_shop_comes_in(till: Client, cast: Cast) -> None:
    neighbour = make_cast("next-door")
    pins.set_pin(member(neighbour.meena), "4826", actor=TESTS)
    assert "Choose who you are." in enter(till, neighbour.meena, "4826")
    assert neighbour.meena.username not in till.get(LOCK).content.decode()


def test_who_left_or_must_choose_a_password_first_does_not_come_in_by_pin(till: Client, cast: Cast) -> None:
    accounts.set_active(member(cast.meena), is_active=False, actor=TESTS)
    accounts.set_one_time_password(cast.lakshmi)
    assert [row.user for row in pins.members_with_pin(cast.shop)] == [cast.ravi]
    assert "Choose who you are." in enter(till, cast.meena, PINS["meena"])


def test_a_pin_alone_opens_no_device(cast: Cast) -> None:
    data = {"member": str(member(cast.ravi).pk), "member_pin": PINS["ravi"]}
    assert Client().post(UNLOCK, data)["Location"].startswith(reverse("login"))


def test_a_pin_is_not_taken_without_the_token_of_the_form(cast: Cast, client_of: ClientOf) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies = client_of(cast.ravi).cookies
    data = {"member": str(member(cast.meena).pk), "member_pin": PINS["meena"]}
    assert client.post(UNLOCK, data).status_code == 403
    assert client.post(LOCK).status_code == 403


def test_the_owners_pin_opens_no_page_of_the_owner(till: Client, cast: Cast) -> None:
    enter(till, cast.lakshmi, PINS["lakshmi"])
    assert till.get(reverse("manage", args=["water"])).status_code == 200, "as a manager"
    own = (
        "/s/water/staff/",
        "/s/water/settings/",
        reverse("password_change"),
        "/admin/",
        "/admin/sales/sale/",
    )
    for page in own:
        answer = till.get(page)
        assert (answer.status_code, "A PIN does not open this" in answer.content.decode()) == (403, True)
    assert member(cast.lakshmi).role == Role.OWNER


def test_a_pin_opens_one_shop_alone(till: Client, cast: Cast) -> None:
    second = accounts.create_shop(slug="second", name="Second", owner=cast.lakshmi, actor=TESTS)
    accounts.add_member(shop=second, user=cast.ravi, role=Role.MANAGER, actor=TESTS)
    enter(till, cast.ravi, PINS["ravi"])
    assert till.get("/s/second/till/").status_code == 403
    assert till.get(TILL).status_code == 200


def test_signing_out_ends_all(till: Client, cast: Cast) -> None:
    till.post(reverse("logout"))
    assert till.get(TILL)["Location"].startswith(reverse("login"))
    assert till.get(LOCK)["Location"].startswith(reverse("login"))


def test_who_has_no_pin_is_led_to_set_one_instead_of_being_locked_out(
    cast: Cast, client_of: ClientOf
) -> None:
    Membership.objects.filter(user=cast.ravi).update(pin="")
    client = client_of(cast.ravi)
    assert client.post(LOCK)["Location"] == MY_PIN
    assert client.get(TILL).status_code == 200


def test_the_lock_page_of_an_open_device_leads_on(cast: Cast, client_of: ClientOf) -> None:
    assert client_of(cast.ravi).get(LOCK)["Location"] == reverse("shop_home", args=["water"])


def test_the_tokens_of_the_api_know_no_lock(
    till: Client, cast: Cast, api_of: Callable[[User], APIClient]
) -> None:
    assert api_of(cast.ravi).get("/api/v1/shops/water/sales/").status_code == 200


def idle(client: Client, minutes: int) -> None:
    session = client.session
    session["seen_at"] = int(timezone.now().timestamp()) - minutes * 60 - 1
    session.save()


def test_a_device_locks_itself_when_nobody_touched_it(cast: Cast, client_of: ClientOf) -> None:
    Shop.objects.filter(pk=cast.shop.pk).update(lock_after_minutes=5)
    client = client_of(cast.ravi)
    assert client.get(TILL).status_code == 200
    idle(client, 4)
    assert client.get(TILL, headers={"HX-Request": "true"}).status_code == 200
    assert client.session["seen_at"] < timezone.now().timestamp() - 200, "a fragment is nobody's doing"
    assert client.get(TILL).status_code == 200
    assert client.get(TILL, headers={"Sec-Fetch-Mode": "cors"}).status_code == 200
    idle(client, 5)
    assert client.post("/s/water/drawer/open/", {})["Location"] == LOCK
    assert enter(client, cast.ravi, PINS["ravi"]) == "/s/water/drawer/open/"
    assert client.get(TILL).status_code == 200
    assert AuditEntry.objects.filter(action="locked").count() == 1


def test_a_shop_that_never_locks_writes_no_session_at_each_request(cast: Cast, client_of: ClientOf) -> None:
    client = client_of(cast.ravi)
    client.get(TILL)
    assert "seen_at" not in client.session
