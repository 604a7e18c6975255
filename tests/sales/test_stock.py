"""The shop's own cans follow sales, returns, refills and counts, and agree with what customers hold."""

from collections.abc import Callable
from threading import Barrier
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from sales import stock
from sales.deposits import Deposit
from sales.models import CanMovement, Sale, StockMove
from sales.returns import Returned, return_cans
from sales.reversals import void_sale
from tests.base import TESTS, Cast, make_cast, sell
from tests.sales.test_at_once import at_once
from watershop.models import AuditEntry, User

SignIn = Callable[[User], Client]


def here(cast: Cast) -> dict[str, int]:
    """Full and empty 20 L cans in the shop, where there are any."""
    counts = StockMove.objects.of(cast.shop).on_hand()
    return {state: count for (size, state), count in counts.items() if size == cast.can20.pk and count}


def deliver(cast: Cast, full: int, sent: int = 0) -> None:
    empties = {cast.can20: sent} if sent else {}
    stock.deliver(cast.shop, full={cast.can20: full}, sent=empties, note="plant", actor=TESTS)


def test_a_sale_takes_full_cans_and_brings_empties(cast: Cast) -> None:
    deliver(cast, 50)
    sell(cast, 5, customer=cast.asha, empties=[(cast.can20, 2)])
    assert here(cast) == {"full": 45, "empty": 2}
    return_cans(customer=cast.asha, returned=[Returned(cast.can20, 1)], actor=TESTS)
    assert here(cast) == {"full": 45, "empty": 3}
    (big, _small) = stock.stands(cast.shop)
    assert (big.full, big.empty, big.lent) == (45, 3, 2)


def test_a_walk_in_swaps_can_for_can_unless_they_leave_a_deposit(cast: Cast) -> None:
    deliver(cast, 10)
    sell(cast, 3)
    assert here(cast) == {"full": 7, "empty": 3}
    sell(cast, 2, deposits=[Deposit(cast.can20, 1, cast.can20.deposit)])
    assert here(cast) == {"full": 5, "empty": 4}


def test_a_void_puts_the_cans_back(cast: Cast) -> None:
    deliver(cast, 10)
    for buyer in (cast.asha, None):
        sale = sell(cast, 3, customer=buyer, empties=[(cast.can20, 1)] if buyer else [])
        void_sale(sale, reason="slip", actor=TESTS)
    assert here(cast) == {"full": 10}
    assert CanMovement.objects.held() == {}


def test_what_is_imported_moves_no_stock(cast: Cast) -> None:
    sale = sell(cast, 3, customer=cast.asha, source=Sale.Source.IMPORT)
    assert not StockMove.objects.exists()
    void_sale(sale, reason="slip", actor=TESTS)
    assert not StockMove.objects.exists() and CanMovement.objects.held() == {}


def test_a_sale_from_before_there_was_a_stock_can_be_undone(cast: Cast) -> None:
    sale = sell(cast, 1, customer=cast.asha)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE sales_stockmove DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM sales_stockmove")
        cursor.execute("ALTER TABLE sales_stockmove ENABLE TRIGGER USER")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    void_sale(sale, reason="slip", actor=TESTS)
    assert CanMovement.objects.held() == {} and not StockMove.objects.exists()


def test_the_database_refuses_a_can_that_comes_back_from_nowhere(cast: Cast) -> None:
    with pytest.raises(IntegrityError, match="leaves the stock as it was"), transaction.atomic():
        sale = sell(cast, 1, customer=cast.asha)
        CanMovement.objects.create(
            shop=cast.shop,
            customer=cast.asha,
            can_type=cast.can20,
            kind="return",
            quantity=-1,
            at=sale.sold_at,
        )
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_refill_brings_full_cans_and_takes_empties(cast: Cast, client_of: SignIn) -> None:
    client, pk = client_of(cast.ravi), cast.can20.pk
    data = {"client_ref": str(uuid4()), f"came_{pk}": "40", f"sent_{pk}": "38", "note": "plant, bill 7"}
    for _time in range(2):
        assert client.post(reverse("stock_deliver", args=["water"]), data).status_code == 302
    assert here(cast) == {"full": 40, "empty": -38}
    assert "plant, bill 7" in client.get(reverse("stock", args=["water"])).content.decode()
    assert AuditEntry.objects.filter(action="deliver_cans", user=cast.ravi).count() == 1


def test_a_refill_of_nothing_is_refused(cast: Cast, client_of: SignIn) -> None:
    answer = client_of(cast.ravi).post(reverse("stock_deliver", args=["water"]), {"client_ref": str(uuid4())})
    assert answer.status_code == 422 and not StockMove.objects.exists()


def test_a_count_books_the_difference_with_its_reason(cast: Cast, client_of: SignIn) -> None:
    deliver(cast, 10)
    client, pk = client_of(cast.ravi), cast.can20.pk
    data = {"client_ref": str(uuid4()), f"full_{pk}": "8", f"empty_{pk}": "", "back_to": "drawer_day"}
    answer = client.post(reverse("stock_count", args=["water"]), data)
    assert answer.status_code == 422 and "Say why" in answer.content.decode()
    assert here(cast) == {"full": 10}
    answer = client.post(reverse("stock_count", args=["water"]), data | {"reason": "two leaked away"})
    assert answer["Location"] == reverse("drawer_day", args=["water"])
    assert here(cast) == {"full": 8}
    move = StockMove.objects.get(kind="count")
    assert (move.quantity, move.counted, move.note) == (-2, 8, "two leaked away")


def test_a_count_that_agrees_needs_no_reason(cast: Cast) -> None:
    deliver(cast, 10)
    (move,) = stock.count(cast.shop, counted={(cast.can20, "full"): 10}, reason="", actor=TESTS)
    assert (move.quantity, move.counted) == (0, 10)
    with pytest.raises(ValidationError):
        stock.count(cast.shop, counted={}, reason="", actor=TESTS)


def test_the_close_page_shows_the_stock_and_takes_the_count(cast: Cast, client_of: SignIn) -> None:
    deliver(cast, 12)
    page = client_of(cast.meena).get(reverse("drawer_day", args=["water"])).content.decode()
    assert "Stock now" in page and '<td class="num">12</td>' in page
    assert f'name="full_{cast.can20.pk}"' in page and 'value="drawer_day"' in page


def test_another_shop_sees_and_moves_nothing_of_it(cast: Cast, client_of: SignIn) -> None:
    deliver(cast, 12)
    other, pk = make_cast("other"), cast.can20.pk
    client = client_of(other.ravi)
    assert client.get(reverse("stock", args=["water"])).status_code == 404
    assert ">12<" not in client.get(reverse("stock", args=["other"])).content.decode()
    data = {"client_ref": str(uuid4()), f"came_{pk}": "40"}
    assert client.post(reverse("stock_deliver", args=["other"]), data).status_code == 422


def test_the_page_asks_the_same_number_of_questions_for_many_moves(
    cast: Cast, client_of: SignIn, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of(cast.ravi)
    for times in (1, 5):
        for _n in range(times):
            deliver(cast, 5, 2)
        with django_assert_num_queries(8):
            client.get(reverse("stock", args=["water"]))


@pytest.mark.django_db(transaction=True)
def test_two_counts_at_once_book_the_difference_once() -> None:
    cast = make_cast()
    deliver(cast, 10)

    def find_eight() -> None:
        stock.count(cast.shop, counted={(cast.can20, "full"): 8}, reason="counted", actor=TESTS)

    at_once(*[find_eight] * 4)
    assert here(cast) == {"full": 8}


@pytest.mark.django_db(transaction=True)
def test_counts_that_do_not_wait_book_it_more_than_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: without the lock the same test fails."""
    cast = make_cast()
    deliver(cast, 10)
    gate, books = Barrier(2), StockMove.objects.of(cast.shop).on_hand()

    def read_together(_rows: object) -> dict[tuple[int, str], int]:
        gate.wait(5)
        return books

    monkeypatch.setattr(type(StockMove.objects.all()), "on_hand", read_together)
    monkeypatch.setattr(
        type(cast.can20).objects.all().__class__, "select_for_update", lambda rows, **_how: rows
    )

    def find_eight() -> None:
        stock.count(cast.shop, counted={(cast.can20, "full"): 8}, reason="counted", actor=TESTS)

    at_once(find_eight, find_eight)
    monkeypatch.undo()
    assert here(cast) == {"full": 6}
