"""The server is killed while the shop sells: nothing is lost, nothing is done twice, and it stays in its order."""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import global_settings
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django import Settings

from customers.models import Customer
from sales.deposits import Deposit
from sales.models import CanMovement, DepositEntry, Held, LedgerEntry, Payment, Replay, RuleCard, Sale
from tests.base import PASSWORD, Cast, make_cast, sell
from tests.e2e.shop_server import ShopServer

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
PATIENCE = 90_000  # ms until the till has tried again
READY = """async () => {
    const isReady = async () => navigator.serviceWorker.controller && (await caches.match("/s/water/till/offline/"));
    for (let left = 600; left && !(await isReady()); left -= 1) await new Promise((next) => setTimeout(next, 100));
    return Boolean(await isReady());
}"""

LAID_BY = """async () => {
    const caught = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
    return caught.flat().map(({ url }) => new URL(url).pathname).join(" ");
}"""


@pytest.fixture
def cast(transactional_db: None, settings: Settings) -> Cast:
    settings.PASSWORD_HASHERS = global_settings.PASSWORD_HASHERS  # those of the server, where they sign in
    return make_cast()


@pytest.fixture(scope="session")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("var")


@pytest.fixture
def server(cast: Cast, var: Path) -> Iterator[ShopServer]:
    server = ShopServer(var)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def till(context: BrowserContext, server: ShopServer) -> Iterator[Page]:
    """A page whose scripts must not fail; that the browser complains of a server that is gone is meant here."""
    page, complaints = context.new_page(), list[str]()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert not complaints


def open_till(page: Page, url: str, name: str = "ravi") -> None:
    """Sign in, and wait until the till has laid by what it needs alone."""
    page.goto(f"{url}/login/")
    sign_in(page, name)
    page.goto(f"{url}/s/water/till/")
    assert page.evaluate(READY)


def sign_in(page: Page, name: str) -> None:
    page.locator("[name=username]").fill(name)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("button.btn--primary").click()
    expect(page).to_have_url(re.compile("/s/water/"))


def choose(page: Page, text: str, code: str) -> None:
    page.locator("#q").fill(text)
    page.locator("[data-found] button", has_text=code).click()


def finish(page: Page) -> str:
    """Keep the deed and return the code of its slip."""
    page.locator("[data-keep]").click()
    expect(page.locator("[data-slip]")).to_be_visible()
    code = page.locator("[data-slip-code]").inner_text()
    page.locator("[data-next]").click()
    return code


def waiting(page: Page) -> int:
    return page.locator("[data-waiting] > li").count()


def wait_for_the_books(page: Page, rows: QuerySet[Any]) -> None:
    """Until the deed is there, and the till says that nothing waits: before its script runs it says so too."""
    left = PATIENCE
    while left > 0 and not rows.exists():
        page.wait_for_timeout(200)
        left -= 200
    expect(page.locator("[data-offline-when=waiting]")).to_be_hidden(timeout=PATIENCE)


def test_a_server_killed_in_mid_sale_costs_no_sale_and_doubles_none(
    till: Page, server: ShopServer, cast: Cast
) -> None:
    sell(cast, 3, customer=cast.asha, is_paid=False)
    open_till(till, server.url)
    till.locator(f"[name=sold_{cast.can20.pk}]").fill("2")
    server.kill()

    till.locator("[data-pay]").click()  # sale 1: the server is gone in the middle of it
    expect(till.locator("[data-slip]")).to_be_visible(timeout=PATIENCE)
    slips = [till.locator("[data-slip-code]").inner_text()]
    till.locator("[data-next]").click()

    choose(till, "b", "BALA")  # sale 2: two of 20 L unpaid, one empty back
    till.locator(f"#sold_{cast.can20.pk}").fill("2")
    till.locator(f"#back_{cast.can20.pk}").fill("1")
    till.get_by_label("Unpaid", exact=True).check()
    slips.append(finish(till))

    till.get_by_label("Payment", exact=True).check()  # a payment of what Asha owes
    choose(till, "asha", "ASHA")
    till.locator("#amount").fill("45")
    slips.append(finish(till))

    till.goto(f"{server.url}/s/water/till/")  # a new page, without a server
    till.get_by_label("Empties", exact=True).check()  # a return
    choose(till, "A", "ASHA")
    till.locator(f"#back_{cast.can20.pk}").fill("3")
    slips.append(finish(till))

    till.locator(f"#sold_{cast.can10.pk}").fill("1")  # sale 3: by UPI
    till.get_by_label("UPI", exact=True).check()
    slips.append(finish(till))
    expect(till.locator("[data-waiting] > li")).to_have_count(5)
    assert Replay.objects.count() == 0

    server.start()
    expect(till.locator("[data-server=up]")).to_be_visible(timeout=PATIENCE)
    assert waiting(till) == 0
    assert list(Replay.objects.order_by("pk").values_list("slip", flat=True)) == slips
    assert [row.kind for row in Replay.objects.order_by("pk")] == [
        "sale",
        "sale",
        "payment",
        "return",
        "sale",
    ]
    assert Sale.objects.filter(source="offline").count() == 3
    assert set(Sale.objects.filter(source="offline").values_list("clerk__username", flat=True)) == {"ravi"}
    assert LedgerEntry.objects.filter(customer=cast.asha).balance() == Decimal(15)
    assert LedgerEntry.objects.filter(customer=cast.bala).balance() == Decimal(40)
    assert CanMovement.objects.filter(customer=cast.asha).held() == {}
    assert CanMovement.objects.filter(customer=cast.bala).held() == {"20L": 1}
    assert sum(Payment.objects.values_list("amount", flat=True)) == Decimal(40 + 45 + 10)
    assert not RuleCard.objects.exists()


def test_a_deposit_and_a_payment_in_parts_are_kept_as_they_were_shown(
    till: Page, server: ShopServer, cast: Cast
) -> None:
    sell(cast, 1, customer=cast.asha, deposits=[Deposit(cast.can20, 1, Decimal(80))])
    open_till(till, server.url)
    server.kill()
    till.goto(f"{server.url}/s/water/till/")
    choose(till, "asha", "ASHA")
    till.locator(f"#sold_{cast.can20.pk}").fill("2")
    expect(till.locator(f"#deposit_{cast.can20.pk}")).to_have_value("200")
    till.locator("[data-split] summary").click()
    till.locator("[name=part_cash]").fill("15")
    till.locator("[name=part_upi]").fill("10")
    expect(till.locator("[data-on-account]")).to_have_text("₹15")
    expect(till.locator("[data-total]")).to_have_text("₹240")
    finish(till)
    till.locator(f"#sold_{cast.can10.pk}").fill("1")  # a walk-in can owe nothing
    till.locator("[name=part_cash]").fill("9")
    expect(till.locator("[data-keep]")).to_be_disabled()

    server.start()
    expect(till.locator("[data-server=up]")).to_be_visible(timeout=PATIENCE)
    paid = Payment.objects.filter(allocations__sale__source="offline").values_list("tender", "amount")
    assert sorted(paid) == [("cash", Decimal(15)), ("upi", Decimal(10))]
    assert DepositEntry.objects.filter(customer=cast.asha).held() == {cast.can20.pk: Held(3, Decimal(280))}
    assert LedgerEntry.objects.filter(customer=cast.asha).balance() == Decimal(15)
    assert not RuleCard.objects.exists()


def test_a_sale_that_was_stored_but_never_answered_is_not_sold_again(
    till: Page, server: ShopServer, cast: Cast
) -> None:
    open_till(till, server.url)
    till.locator(f"[name=sold_{cast.can20.pk}]").fill("1")
    read = "Object.fromEntries(new FormData(document.querySelector('form[data-till]')))"
    till.request.post(f"{server.url}/s/water/till/", form=till.evaluate(read))  # its answer reaches no till
    assert Sale.objects.count() == 1
    server.kill()
    till.locator("[data-pay]").click()
    expect(till.locator("[data-slip]")).to_be_visible(timeout=PATIENCE)
    slip = till.locator("[data-slip-code]").inner_text()
    server.start()
    expect(till.locator("[data-server=up]")).to_be_visible(timeout=PATIENCE)
    assert Sale.objects.count() == Payment.objects.count() == 1
    assert Replay.objects.get(slip=slip).sale == Sale.objects.get()


def test_what_waits_survives_a_login_that_expired_and_a_broken_limit_is_a_card(
    till: Page, server: ShopServer, cast: Cast
) -> None:
    Customer.objects.filter(pk=cast.asha.pk).update(credit_limit=30)
    open_till(till, server.url)
    server.kill()
    till.goto(f"{server.url}/s/water/till/")
    choose(till, "asha", "ASHA")
    till.locator(f"#sold_{cast.can20.pk}").fill("2")
    till.get_by_label("Unpaid", exact=True).check()
    finish(till)
    Session.objects.all().delete()
    server.start()
    expect(till.get_by_text("Sign in again")).to_be_visible(timeout=PATIENCE)
    assert waiting(till) == 1 and not Sale.objects.exists()
    till.get_by_role("link", name="Sign in").click()
    sign_in(till, "meena")
    till.goto(f"{server.url}/s/water/till/")
    wait_for_the_books(till, Replay.objects.all())
    row = Replay.objects.get()
    assert (row.clerk, row.sent_by) == (cast.ravi, cast.meena)
    assert [card.kind for card in RuleCard.objects.all()] == ["limit"]
    assert LedgerEntry.objects.balance() == Decimal(40)


def test_signing_out_takes_the_customers_from_the_device_but_leaves_what_waits(
    till: Page, server: ShopServer, cast: Cast
) -> None:
    open_till(till, server.url)
    till.goto(f"{server.url}/s/water/customers/{cast.asha.pk}/")  # a page that no device may keep
    till.goto(f"{server.url}/s/water/till/")
    assert re.findall("/s/[^ ]*", till.evaluate(LAID_BY)) == [
        "/s/water/till/offline/book.json",
        "/s/water/till/offline/",
    ]
    till.evaluate(
        "outbox.add({shop: 'water', client_ref: crypto.randomUUID(), kind: 'payment',"
        f" fields: {{customer: '{cast.asha.pk}', amount: '5', tender: 'cash'}}}})"
    )
    till.locator(".sidebar summary.menu__button").click()
    till.locator(".sidebar form[action='/logout/'] button").click()
    expect(till).to_have_url(re.compile("/login/"))
    assert till.evaluate("caches.keys()") == []
    sign_in(till, "ravi")
    till.goto(f"{server.url}/s/water/till/")
    wait_for_the_books(till, Payment.objects.filter(amount=5))
    assert Payment.objects.get().amount == Decimal(5)
