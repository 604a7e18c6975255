"""What a device takes along for the time without the server, and how its slips are found later."""

from collections.abc import Callable
from decimal import Decimal

from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from sales import pricelist
from sales.deposits import Deposit
from sales.models import Sale
from sales.new_sale import Line
from tests.base import TESTS, Cast, make_cast, sell
from tests.sales.test_replaying import deed, send
from tests.watershop.test_pages_are_strict import InlineCode
from watershop.models import User

SignIn = Callable[[User], Client]
BOOK = "/s/water/till/offline/book.json"
PAGE = "/s/water/till/offline/"


def test_the_book_holds_codes_and_initials_but_no_names_and_no_phones(cast: Cast, client_of: SignIn) -> None:
    deposits = [Deposit(cast.can20, 2, Decimal(150))]
    sell(cast, customer=cast.asha, lines=[Line(cast.can20, 2), Line(cast.can10, 1)], deposits=deposits)
    pricelist.set_own_prices(cast.bala, {cast.can20: Decimal(18)}, actor=TESTS)
    answer = client_of(cast.ravi).get(BOOK)
    size20, size10 = str(cast.can20.pk), str(cast.can10.pk)
    assert answer.json() == {
        "sizes": [
            {"id": cast.can20.pk, "name": "20L", "price": "20.00"},
            {"id": cast.can10.pk, "name": "10L", "price": "10.00"},
        ],
        "customers": [
            [cast.asha.pk, "ASHA", "A", {}, {size20: 2, size10: 1}, False, {size20: [2, "150.00"]}],
            [cast.bala.pk, "BALA", "B", {size20: "18.00"}, {}, False, {}],
        ],
    }
    text = answer.content.decode()
    assert "Asha" not in text and cast.asha.phone not in text


def test_the_book_is_sent_again_only_when_it_changed(cast: Cast, client_of: SignIn) -> None:
    client = client_of(cast.ravi)
    known = {"If-None-Match": client.get(BOOK)["ETag"]}
    assert client.get(BOOK, headers=known).status_code == 304
    pricelist.change_can_type(cast.can20, {"price": Decimal(22)}, actor=TESTS)
    assert client.get(BOOK, headers=known).status_code == 200


def test_the_book_costs_the_same_queries_for_many_customers(
    cast: Cast, client_of: SignIn, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of(cast.ravi)
    for customer in (cast.asha, cast.bala):
        sell(cast, customer=customer)
    with django_assert_max_num_queries(9):
        client.get(BOOK)


def test_the_page_that_a_device_keeps_names_nobody(cast: Cast, client_of: SignIn) -> None:
    text = client_of(cast.ravi).get(PAGE).content.decode()
    assert "ravi" not in text and "Asha" not in text and "csrf" not in text
    assert InlineCode(text).found == []
    assert "₹20" in text and 'name="sold_' in text


def test_the_till_carries_its_clerks_stamp_and_the_kept_page_none(cast: Cast, client_of: SignIn) -> None:
    client = client_of(cast.ravi)
    assert 'data-clerk=""' in client.get(PAGE).content.decode()
    page = client.get(reverse("till", args=["water"])).content.decode()
    assert "data-offline" in page and 'data-clerk=""' not in page


def test_strangers_take_nothing_along(cast: Cast, client_of: SignIn) -> None:
    stranger = client_of(make_cast("other").ravi)
    for name in ("offline_till", "offline_book", "offline_session"):
        assert stranger.get(reverse(name, args=["water"])).status_code == 404
        assert Client().get(reverse(name, args=["water"])).status_code == 302


def test_the_worker_lies_at_the_root_and_is_asked_for_anew(client: Client) -> None:
    answer = client.get("/sw.js")
    assert answer["Content-Type"].startswith("text/javascript")
    assert answer["Cache-Control"] == "no-cache"
    assert answer.content.decode().count("/static/js/offline/") == 2


def test_a_sale_is_found_by_its_slip_its_code_or_its_receipt(cast: Cast, client_of: SignIn) -> None:
    client, where = client_of(cast.ravi), reverse("sales", args=["water"])
    sell(cast)
    send(client, deed(cast, {f"sold_{cast.can20.pk}": "1"}))
    sale = Sale.objects.latest("pk")
    for asked in (sale.slip, sale.slip.lower().replace("-", " "), sale.code, str(sale.receipt)):
        assert [row.pk for row in client.get(where, {"code": asked}).context["page"]] == [sale.pk]
    assert not client.get(where, {"code": "no such"}).context["page"].object_list
    page = client.get(reverse("sale", args=["water", sale.pk])).content.decode()
    assert sale.slip in page
