"""Prices have dates, and some customers have their own."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from customers.models import Customer
from sales.models import CanPrice, CanType, Sale, SaleLine
from sales.new_sale import Line
from sales.pricelist import change_can_type, price_book, priced, set_own_prices, to_come
from tests.base import TESTS, Cast, make_cast, sell
from watershop.models import AuditEntry, User

SignIn = Callable[[User], Client]


def price_now(cast: Cast, customer: Customer | None = None) -> Decimal:
    price: Decimal = priced(CanType.objects.of(cast.shop), customer).get(pk=cast.can20.pk).price
    return price


def test_a_price_to_come_does_not_count_before_its_day(cast: Cast) -> None:
    tomorrow = timezone.now() + timedelta(days=1)
    change_can_type(cast.can20, {"price": Decimal(25), "since": tomorrow}, actor=TESTS)
    assert price_now(cast) == 20
    assert [row.price for row in to_come(cast.shop)] == [25]
    assert sell(cast).lines.get().amount == 20
    book = price_book(cast.shop)
    assert book.price(cast.can20, tomorrow) == 25


def test_a_sale_entered_late_has_the_price_of_its_time(cast: Cast) -> None:
    yesterday = timezone.now() - timedelta(days=1)
    change_can_type(cast.can20, {"price": Decimal(25)}, actor=TESTS)
    late = sell(cast, 2, sold_at=yesterday, source=Sale.Source.PAPER, slip="17")
    assert late.lines.get().amount == 40
    assert sell(cast, 2).lines.get().amount == 50


def test_a_price_does_not_change_in_the_past(cast: Cast) -> None:
    with pytest.raises(ValidationError, match="in the past"):
        change_can_type(
            cast.can20, {"price": Decimal(25), "since": timezone.now() - timedelta(hours=1)}, actor=TESTS
        )


def test_a_customer_pays_their_own_price_until_it_ends(cast: Cast) -> None:
    set_own_prices(cast.asha, {cast.can20: Decimal(18)}, actor=TESTS)
    assert [price_now(cast), price_now(cast, cast.asha), price_now(cast, cast.bala)] == [20, 18, 20]
    assert sell(cast, 2, customer=cast.asha).lines.get().amount == 36
    assert sell(cast, 2, customer=cast.bala).lines.get().amount == 40
    set_own_prices(cast.asha, {cast.can20: None}, actor=TESTS)
    assert sell(cast, 2, customer=cast.asha).lines.get().amount == 40
    assert AuditEntry.objects.filter(action="set_own_price").count() == 2


def test_the_same_own_price_again_writes_nothing(cast: Cast) -> None:
    for _again in range(2):
        set_own_prices(cast.asha, {cast.can20: Decimal(18), cast.can10: None}, actor=TESTS)
    assert AuditEntry.objects.filter(action="set_own_price").count() == 1


def test_a_line_keeps_what_the_list_said_beside_what_was_charged(cast: Cast) -> None:
    set_own_prices(cast.asha, {cast.can20: Decimal(18)}, actor=TESTS)
    sale = sell(cast, customer=cast.asha, lines=[Line(cast.can20, 2, Decimal(30))])
    line = sale.lines.get()
    assert [line.amount, line.list_amount, line.discount] == [30, 36, 6]


def test_what_a_file_charged_has_no_list_price(cast: Cast) -> None:
    sell(cast, source=Sale.Source.IMPORT, lines=[Line(cast.can20, 2, Decimal(30))])
    assert SaleLine.objects.get().list_amount is None


def test_prices_are_written_once(cast: Cast) -> None:
    with pytest.raises(Exception, match="append"), connection.cursor() as cursor:
        cursor.execute("UPDATE sales_canprice SET price = 1")


def test_a_manager_gives_a_customer_a_price_and_a_clerk_does_not(cast: Cast, client_of: SignIn) -> None:
    url = reverse("customer_prices", args=["water", cast.asha.pk])
    form = {f"price_{cast.can20.pk}": "18", f"price_{cast.can10.pk}": ""}
    assert client_of(cast.ravi).post(url, form).status_code == 403
    assert client_of(cast.meena).post(url, form).status_code == 302
    assert price_now(cast, cast.asha) == 18
    assert "18" in client_of(cast.meena).get(url).content.decode()
    other = make_cast("other")
    foreign = reverse("customer_prices", args=["water", other.asha.pk])
    assert client_of(cast.meena).get(foreign).status_code == 404


def test_the_page_of_a_size_shows_its_prices_over_time_and_takes_tax(cast: Cast, client_of: SignIn) -> None:
    url = reverse("can_type", args=["water", cast.can20.pk])
    form = {"name": "20L", "litres": "20", "deposit": "100", "price": "25", "gst_rate": "18", "hsn": "2201"}
    client = client_of(cast.meena)
    assert client.post(url, form).status_code == 302
    row = CanPrice.objects.latest("id")
    assert [row.price, row.gst_rate] == [25, 18]
    assert (row.hsn, row.by) == ("2201", cast.meena)
    page = client.get(url).content.decode()
    assert "₹20.00" in page and "₹25.00" in page and "2201" in page
    assert client.post(url, form | {"hsn": "22"}).status_code == 422
