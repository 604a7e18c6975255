"""axe-core finds no serious or critical fault on any page; a page new in the map of the site is looked at too."""

from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.urls import NoReverseMatch, reverse
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from sales import drawer
from sales.models import SalesSettings, Tender
from tests.base import TESTS, Cast, make_cast, sell
from tests.watershop.test_doors_for_posts import PAGES, address, one_of_each
from watershop.models import User

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
GRAVE = ("serious", "critical")
WIDTHS = (360, 1280)
OTHERS = {
    "chart": "revenue",
    "chart_csv": "revenue",
    "chart_svg": "revenue",
    "chart_png": "revenue",
    "download": "unpaid.csv",
    "camera_add": "stream",
    "queue": "late_void",
}
RULES = {"resultTypes": ["violations"]}


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="watershop.accounts.OneTimePasswordBackend")
    return client


def at_work(cast: Cast) -> dict[str, int]:
    """A shop in the middle of its day: an open drawer, dues, a UPI payment to be confirmed, rows of each kind."""
    rows = one_of_each(cast)
    drawer.open_session(cast.shop, opening_float=Decimal(100), actor=TESTS)
    SalesSettings.objects.update_or_create(shop=cast.shop, defaults={"upi_id": "water@bank"})
    sell(cast, 3, customer=cast.bala, is_paid=False)
    sell(cast, 2, customer=cast.asha, tender=Tender.UPI, client_ref="a-claim")
    return rows


def pages_of(client: Client, rows: dict[str, int]) -> Iterator[str]:
    """The addresses of the site that answer this user with a whole page."""
    for page in PAGES:
        path = _path(str(page.name), rows)
        answer = client.get(path)
        is_html = answer.headers.get("Content-Type", "").startswith("text/html")
        if answer.status_code == 200 and is_html and b"<!doctype html" in answer.getvalue()[:500].lower():
            yield path


def _path(name: str, rows: dict[str, int]) -> str:
    """The address of a page. One that asks for more than a shop and a row needs a line in `OTHERS`."""
    if name in OTHERS:
        return reverse(name, args=["water", OTHERS[name]])
    with suppress(NoReverseMatch):
        return reverse(name)
    return address(name, rows)


def faults_of(page: Page, address: str) -> list[str]:
    """What is gravely wrong with the page, at both widths and with everything unfolded."""
    page.goto(address)
    page.evaluate("document.querySelectorAll('main details').forEach(part => { part.open = true })")
    found: dict[tuple[Any, ...], None] = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        for fault in Axe().run(page, options=RULES).response["violations"]:
            places = [node["target"] for node in fault["nodes"]]
            found |= {(fault["id"], width, str(place)): None for place in places if fault["impact"] in GRAVE}
    return [f"{address}: {' '.join(map(str, fault))}" for fault in found]


def use(context: BrowserContext, live_server: LiveServer, client: Client) -> None:
    context.clear_cookies()
    cookies = [
        {"name": name, "value": cookie.value, "url": live_server.url}
        for name, cookie in client.cookies.items()
    ]
    context.add_cookies(cookies)  # type: ignore[arg-type]


def test_no_page_shuts_anybody_out(context: BrowserContext, live_server: LiveServer) -> None:
    cast = make_cast()
    rows, page, faults = at_work(cast), context.new_page(), []
    seen: set[str] = set()
    for client in (Client(), client_of(cast.lakshmi)):  # a clerk's pages are the owner's with less on them
        use(context, live_server, client)
        paths = [*pages_of(client, rows), *(moments(cast, rows) if seen else ())]
        for path in paths:
            faults += faults_of(page, live_server.url + path)
        seen.update(paths)
    assert len(seen) > len(PAGES) / 3, "most pages were not found"
    assert not faults, "\n".join(faults)


def moments(cast: Cast, rows: dict[str, int]) -> list[str]:
    """Pages in a state that matters: a customer at the till, a search, the moment after a sale."""
    till, receipt = reverse("till", args=["water"]), address("receipt", rows)
    return [
        f"{till}?customer={cast.bala.pk}&sold_{cast.can20.pk}=2",
        f"{till}?q=as",
        f"{till}?q=nobody",
        f"{receipt}?done=1",
    ]
