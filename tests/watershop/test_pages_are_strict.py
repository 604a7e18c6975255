"""Every page of the navigation answers, under the strict CSP, without inline code, with language and log-out."""

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tests.base import Cast, sell
from watershop.models import User
from watershop.navigation import LINKS

BANNER = "Practice shop: nothing you do here is real."


class InlineCode(HTMLParser):
    """Collects what `default-src 'self'` would refuse: scripts and styles in the page, and on* attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        is_data = given.get("type") == "application/json"
        if tag == "style" or (tag == "script" and "src" not in given and not is_data):
            self.found.append(f"<{tag}>")
        self.found += [name for name in given if name == "style" or name.startswith(("on", "hx-on"))]
        self.found += [value for value in given.values() if value and value.startswith("javascript:")]
        links = [value for name, value in given.items() if value and name != "xmlns"]
        self.found += [value for value in links if re.match(r"(https?:)?//", value)]


def assert_strict(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path, follow=True)
    page = answer.content.decode()
    policy = answer["Content-Security-Policy"]
    assert answer.status_code == status
    assert "default-src 'self'" in policy
    assert not re.search(r"unsafe|https?:|\*", policy)
    assert InlineCode(page).found == []
    assert f'action="{reverse("set_language")}"' in page
    return page


@pytest.mark.parametrize("name", [link.name for link in LINKS])
def test_every_page_of_the_navigation_is_strict(
    cast: Cast, client_of: Callable[[User], Client], name: str
) -> None:
    sell(cast, 2, customer=cast.asha, is_paid=False)
    page = assert_strict(client_of(cast.lakshmi), reverse(name, args=["water"]))
    assert f'action="{reverse("logout")}"' in page


@pytest.mark.parametrize("path", ["/password/", "/s/water/charts/revenue/"])
def test_pages_beside_the_navigation_are_strict(
    cast: Cast, client_of: Callable[[User], Client], path: str
) -> None:
    sell(cast)
    assert_strict(client_of(cast.lakshmi), path)


def test_pages_before_signing_in_are_strict(cast: Cast) -> None:
    assert_strict(Client(), "/login/")
    assert_strict(Client(), "/no-such-page/", status=404)


@pytest.mark.parametrize("path", ["", "sales/sale/", "vision/person/", "watershop/auditentry/"])
def test_the_admin_is_strict(cast: Cast, client_of: Callable[[User], Client], path: str) -> None:
    sell(cast, customer=cast.asha)
    assert_strict(client_of(cast.meena), f"/admin/{path}")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/s/water/till/", 200),
        ("/password/", 200),
        ("/admin/", 200),
        ("/admin/sales/sale/", 200),
        ("/nowhere/", 404),
    ],
)
def test_the_practice_till_says_so_on_every_page(
    cast: Cast, client_of: Callable[[User], Client], settings: Settings, path: str, status: int
) -> None:
    client = client_of(cast.meena)
    assert BANNER not in assert_strict(client, path, status)
    settings.DEMO = True
    assert BANNER in assert_strict(client, path, status)


def test_the_practice_till_says_so_before_anybody_signs_in(cast: Cast, settings: Settings) -> None:
    settings.DEMO = True
    assert BANNER in assert_strict(Client(), "/login/")
    assert BANNER in assert_strict(Client(), "/nowhere/", status=404)


def test_a_navigation_shows_only_what_its_member_may_open(
    cast: Cast, client_of: Callable[[User], Client]
) -> None:
    client = client_of(cast.ravi)
    page = client.get(reverse("till", args=["water"])).content.decode()
    shown = {
        link.name
        for link in LINKS
        if f'class="nav__link" href="{reverse(link.name, args=["water"])}"' in page
    }
    assert shown == {"till", "sales", "customers", "visits", "drawer", "upi_claims"}
    for name in shown:
        assert client.get(reverse(name, args=["water"])).status_code == 200
