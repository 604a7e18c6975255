"""A walk-in left a deposit: against the receipt they get it back for their empties, once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.urls import reverse

from sales import drawer
from sales.deposits import Deposit
from sales.models import Held, Sale, StockMove, Tender
from sales.returns import return_of_walk_in
from sales.reversals import refund, void_sale
from sales.slips import receipt_of
from tests.base import TESTS, Cast, make_cast, sell
from watershop.models import AuditEntry, User

SignIn = Callable[[User], Client]
HUNDRED = Decimal("100.00")


def lent(cast: Cast, cans: int = 2) -> Sale:
    """A walk-in takes so many cans along and leaves 100 rupees for each."""
    return sell(cast, cans, deposits=[Deposit(cast.can20, cans, HUNDRED * cans)])


def held(cast: Cast) -> Held:
    sale = Sale.objects.standing().get()
    return sale.deposits.all().held().get(cast.can20.pk, Held())


def empties(cast: Cast) -> int:
    return StockMove.objects.of(cast.shop).on_hand().get((cast.can20.pk, "empty"), 0)


def wish(cast: Cast, count: int) -> dict[str, str]:
    return {"client_ref": str(uuid4()), f"back_{cast.can20.pk}": str(count), "refund": "cash"}


def give_back(cast: Cast, sale: Sale, count: int) -> None:
    return_of_walk_in(sale, {cast.can20: count}, refund=Tender.CASH, actor=TESTS)


def test_a_clerk_gives_it_back_from_the_sales_page_once(cast: Cast, client_of: SignIn) -> None:
    session = drawer.open_session(cast.shop, opening_float=Decimal(50), actor=TESTS)
    sale, client, form = lent(cast), client_of(cast.ravi), wish(cast, 1)
    page, url = (reverse(name, args=["water", sale.pk]) for name in ("sale", "sale_return"))
    assert "Give the deposit back" in client.get(page).content.decode()
    first, again = client.post(url, form), client.post(url, form)
    assert first.headers["Location"] == again.headers["Location"] == page
    assert held(cast) == Held(1, HUNDRED)
    assert drawer.expected(session)[Tender.CASH] == 50 + 40 + 100
    assert empties(cast) == 1
    assert AuditEntry.objects.get(action="return_cans").user == cast.ravi
    settled = receipt_of(Sale.objects.with_sums().get()).settled
    assert ("Deposit given back", "₹100.00") in settled
    client.post(url, wish(cast, 1))
    assert "Give the deposit back" not in client.get(page).content.decode()


def test_no_more_comes_back_than_was_left(cast: Cast, client_of: SignIn) -> None:
    sale = lent(cast, 1)
    url = reverse("sale_return", args=["water", sale.pk])
    for count in (0, 2):
        assert client_of(cast.ravi).post(url, wish(cast, count)).status_code == 422
    with pytest.raises(ValidationError, match="is held for 20L"):
        give_back(cast, sale, 2)
    assert held(cast) == Held(1, HUNDRED)


def test_a_named_customers_comes_back_on_their_own_page(cast: Cast, client_of: SignIn) -> None:
    sale = sell(cast, 1, customer=cast.asha, deposits=[Deposit(cast.can20, 1, HUNDRED)])
    url = reverse("sale_return", args=["water", sale.pk])
    assert client_of(cast.ravi).post(url, wish(cast, 1)).status_code == 422
    assert held(cast) == Held(1, HUNDRED)


def test_other_shops_see_nothing(cast: Cast, client_of: SignIn) -> None:
    url = reverse("sale_return", args=["water", lent(cast).pk])
    assert client_of(make_cast("other").meena).post(url, wish(cast, 1)).status_code == 404


def test_a_void_gives_back_only_what_is_still_held(cast: Cast) -> None:
    sale = lent(cast)
    give_back(cast, sale, 1)
    void_sale(sale, reason="wrong", actor=TESTS)
    assert not sale.deposits.all().held()
    assert sum(row.amount for row in sale.deposits.all()) == 0


def test_a_refund_leaves_the_deposit_of_the_cans_that_stay_out(cast: Cast) -> None:
    sale = lent(cast, 3)
    give_back(cast, sale, 1)
    refund(sale, {cast.can20: 1}, reason="leaking", actor=TESTS, client_ref=None)
    assert held(cast) == Held(1, HUNDRED)


@pytest.mark.django_db(transaction=True)
def test_two_clerks_never_give_the_same_deposit_back() -> None:
    cast = make_cast()
    sale = lent(cast, 1)

    def clerk(_number: int) -> bool:
        try:
            give_back(cast, sale, 1)
        except ValidationError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(4) as clerks:
        assert sum(clerks.map(clerk, range(4))) == 1
    assert held(cast) == Held(0, Decimal(0))
