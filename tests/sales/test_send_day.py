"""The Close page is sent: by e-mail to the owner, or by the links of whoever stands before it."""

from collections.abc import Callable
from decimal import Decimal
from urllib.parse import unquote
from uuid import uuid4

import pytest
from django.core import mail
from django.test import Client
from pytest_django import Settings

from sales import stock
from sales.day_end import day_end
from sales.day_report import text_of
from sales.deposits import Deposit
from sales.reversals import void_sale
from tests.base import TESTS, Cast, make_cast, sell
from watershop import accounts, outbox
from watershop.dates import today
from watershop.models import Message, Right, Role, Shop, User

SignIn = Callable[[User], Client]
DAY, SEND = "/s/water/drawer/day/", "/s/water/drawer/day/send/"


@pytest.fixture(autouse=True)
def _e_mail_is_set_up(settings: Settings) -> None:
    settings.HAS_EMAIL = True


def form(cast: Cast) -> dict[str, str]:
    return {"client_ref": str(uuid4()), "day": today(cast.shop).first.isoformat()}


def test_the_owner_gets_the_figures_once(cast: Cast, client_of: SignIn) -> None:
    sell(cast, 2)
    client, body = client_of(cast.meena), form(cast)
    assert "no e-mail address yet" in client.post(SEND, body, follow=True).content.decode()
    Shop.objects.update(email="owner@example.in")
    for _n in range(2):
        assert client.post(SEND, body).status_code == 302
    outbox.send(Message.objects.get().pk)
    (sent,) = mail.outbox
    assert sent.to == ["owner@example.in"] and "Goods sold: ₹40" in sent.body


def test_the_links_hold_the_figures(cast: Cast, client_of: SignIn) -> None:
    sell(cast, 2)
    page = client_of(cast.meena).get(DAY)
    links = page.context["links"]
    assert links["whatsapp"].startswith("https://wa.me/?text=") and links["sms"].startswith("sms:?body=")
    assert "Cash: ₹40" in unquote(links["whatsapp"])
    assert "E-mail to the owner" not in page.content.decode(), "nobody said where to"


def test_the_figures_add_up_and_tell_of_deposits_and_stock(cast: Cast) -> None:
    stock.deliver(cast.shop, full={cast.can20: 9}, sent={}, note="", actor=TESTS)
    sell(cast, 2, customer=cast.asha, deposits=[Deposit(cast.can20, 2, Decimal(200))])
    void_sale(sell(cast, 1), reason="slip", actor=TESTS)
    day = today(cast.shop)
    lines = text_of(cast.shop, day.first, day_end(cast.shop, day)).splitlines()
    assert {"Takings: ₹40", "Paid with the sale: ₹60", "Dues collected: ₹0", "Given back: −₹20"} <= {*lines}
    assert {"Deposits taken: ₹200", "Deposits given back: ₹0", "20L: Full 7, Empty 0"} <= {*lines}


def test_the_text_is_in_the_shops_language(cast: Cast) -> None:
    cast.shop.language = "te"
    day = today(cast.shop)
    assert "అమ్మకాలు" in text_of(cast.shop, day.first, day_end(cast.shop, day))


def test_who_may_not_see_the_totals_sends_none(cast: Cast, client_of: SignIn) -> None:
    other = make_cast("other")
    assert client_of(cast.ravi).post(SEND, form(cast)).status_code == 403
    assert client_of(other.meena).post(SEND, form(cast)).status_code == 404
    accounts.set_right(
        shop=cast.shop, role=Role.MANAGER, right=Right.SEE_TOTALS, is_allowed=False, actor=TESTS
    )
    assert client_of(cast.meena).post(SEND, form(cast)).status_code == 403
    assert not Message.objects.exists()
