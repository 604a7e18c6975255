"""A can that goes out leaves a deposit, one that comes back gets it back: through the drawer, never on the balance."""

from collections.abc import Callable
from decimal import Decimal
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from sales import deposits, drawer
from sales.day_end import day_end
from sales.deposits import Deposit, suggested
from sales.dues import balance_of
from sales.models import DepositEntry, Held, Sale, Tender, UpiClaim
from sales.reversals import payment_did_not_arrive, void_sale
from tests.base import TESTS, Cast, sell
from watershop.dates import today
from watershop.models import User

SignIn = Callable[[User], Client]
HUNDRED = Decimal("100.00")


def buy(cast: Cast, client: Client, **fields: str) -> int:
    """Ravi sells at the till; returns the status of the answer."""
    data = {"client_ref": str(uuid4()), "tender": "cash", "customer": str(cast.asha.pk)}
    return client.post(reverse("till", args=["water"]), data | fields).status_code


def names(cast: Cast) -> dict[str, str]:
    pk = cast.can20.pk
    return {"sold": f"sold_{pk}", "back": f"back_{pk}", "deposit": f"deposit_{pk}"}


def held(cast: Cast) -> Held:
    return deposits.held_of(cast.asha).get(cast.can20.pk, Held())


def test_full_out_minus_empties_in_adds_the_deposit_by_itself(cast: Cast, client_of: SignIn) -> None:
    field = names(cast)
    form = {field["sold"]: "3", field["back"]: "1", field["deposit"]: ""}
    assert buy(cast, client_of(cast.ravi), **form) == 302
    assert held(cast) == Held(2, HUNDRED * 2)
    assert balance_of(cast.asha) == 0
    assert Sale.objects.with_sums().get().total == 60


def test_more_empties_than_full_cans_give_the_deposit_back(cast: Cast, client_of: SignIn) -> None:
    client, field = client_of(cast.ravi), names(cast)
    buy(cast, client, **{field["sold"]: "3", field["deposit"]: ""})
    cast.can20.deposit = Decimal(150)  # what was left counts, not what is asked for now
    cast.can20.save()
    assert buy(cast, client, **{field["sold"]: "1", field["back"]: "3", field["deposit"]: ""}) == 302
    assert held(cast) == Held(1, HUNDRED)


def test_the_clerk_may_ask_for_another_deposit_or_for_none(cast: Cast, client_of: SignIn) -> None:
    client, field = client_of(cast.ravi), names(cast)
    buy(cast, client, **{field["sold"]: "1", field["deposit"]: "0"})
    assert not DepositEntry.objects.exists()
    buy(cast, client, **{field["sold"]: "1", field["deposit"]: "40"})
    assert held(cast) == Held(1, Decimal(40))


def test_nothing_is_added_unpaid_or_for_a_walk_in_or_for_who_keeps_cans_free(
    cast: Cast, client_of: SignIn
) -> None:
    client, field = client_of(cast.ravi), names(cast)
    one = {field["sold"]: "1", field["deposit"]: ""}
    assert buy(cast, client, **one, is_unpaid="on") == 302
    assert buy(cast, client, **one | {"customer": ""}) == 302
    cast.asha.keeps_cans_free = True
    cast.asha.save()
    assert buy(cast, client, **one) == 302
    assert Sale.objects.count() == 3 and not DepositEntry.objects.exists()


def test_a_form_without_the_fields_says_nothing_of_deposits(cast: Cast, client_of: SignIn) -> None:
    buy(cast, client_of(cast.ravi), **{names(cast)["sold"]: "1"})
    assert not DepositEntry.objects.exists()


def test_no_more_is_given_back_than_was_left(cast: Cast, client_of: SignIn) -> None:
    client, field = client_of(cast.ravi), names(cast)
    buy(cast, client, **{field["sold"]: "1", field["deposit"]: ""})
    answer = {field["sold"]: "1", field["back"]: "3", field["deposit"]: "-150"}
    assert buy(cast, client, **answer) == 422
    assert held(cast) == Held(1, HUNDRED) and Sale.objects.count() == 1


def test_a_deposit_without_a_can_is_refused(cast: Cast, client_of: SignIn) -> None:
    client, field = client_of(cast.ravi), names(cast)
    form = {field["sold"]: "1", field["back"]: "1", field["deposit"]: "50"}
    assert buy(cast, client, **form) == 422
    with pytest.raises(ValidationError, match="Choose the customer"):
        sell(cast, deposits=[Deposit(cast.can20, -1, -HUNDRED)])


def test_the_database_keeps_the_same_promise(cast: Cast) -> None:
    sale = sell(cast, 1, customer=cast.asha, deposits=[Deposit(cast.can20, 1, HUNDRED)])
    with pytest.raises(IntegrityError, match="would leave"), transaction.atomic():
        DepositEntry.objects.create(
            shop=cast.shop,
            customer=cast.asha,
            can_type=cast.can20,
            kind="refunded",
            cans=-1,
            amount=-HUNDRED - 1,
            tender="cash",
            at=sale.sold_at,
        )
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_deposits_go_through_the_drawer_and_are_no_takings(cast: Cast) -> None:
    session = drawer.open_session(cast.shop, opening_float=Decimal(500), actor=TESTS)
    sell(cast, 2, customer=cast.asha, deposits=[Deposit(cast.can20, 2, HUNDRED * 2)])
    assert drawer.expected(session)[Tender.CASH] == 500 + 40 + 200
    sell(cast, 1, customer=cast.asha, deposits=[Deposit(cast.can20, -1, -HUNDRED)])
    assert drawer.expected(session)[Tender.CASH] == 500 + 60 + 100
    end = day_end(cast.shop, today(cast.shop))
    assert [end.taken, end.sold, end.dues_collected] == [60, 60, 0]
    assert [end.deposits_taken, end.deposits_given_back] == [200, -100]


def test_cash_for_a_deposit_needs_an_open_drawer(cast: Cast) -> None:
    session = drawer.open_session(cast.shop, opening_float=Decimal(0), actor=TESTS)
    drawer.close_session(session, sheet={}, coin=Decimal(0), upi=Decimal(0), actor=TESTS)
    with pytest.raises(ValidationError, match="Open the drawer"):
        fields = {"is_paid": False, "deposits": [Deposit(cast.can20, 1, HUNDRED)]}
        sell(cast, 1, customer=cast.asha, **fields)


def test_a_void_gives_back_what_is_still_there(cast: Cast) -> None:
    session = drawer.open_session(cast.shop, opening_float=Decimal(0), actor=TESTS)
    sale = sell(cast, 2, customer=cast.asha, deposits=[Deposit(cast.can20, 2, HUNDRED * 2)])
    back = sell(cast, 1, customer=cast.asha, deposits=[Deposit(cast.can20, -1, -HUNDRED)])
    void_sale(sale, reason="slip", actor=TESTS)
    assert held(cast) == Held()
    assert drawer.expected(session)[Tender.CASH] == 20
    void_sale(back, reason="slip", actor=TESTS)
    assert held(cast) == Held(1, HUNDRED)
    assert drawer.expected(session)[Tender.CASH] == HUNDRED


def test_a_walk_ins_deposit_is_undone_with_the_sale(cast: Cast) -> None:
    sale = sell(cast, 1, deposits=[Deposit(cast.can20, 1, HUNDRED)])
    void_sale(sale, reason="slip", actor=TESTS)
    assert DepositEntry.objects.held() == {}


def test_a_deposit_by_upi_is_claimed_with_the_price(cast: Cast) -> None:
    fields = {"tender": Tender.UPI, "client_ref": "u1", "deposits": [Deposit(cast.can20, 1, HUNDRED)]}
    sell(cast, 1, customer=cast.asha, **fields)
    claim = UpiClaim.objects.get()
    assert claim.amount == 120
    assert day_end(cast.shop, today(cast.shop)).unconfirmed_upi == 120
    payment_did_not_arrive(claim, actor=TESTS)
    assert held(cast) == Held() and balance_of(cast.asha) == 20


def test_part_of_the_cans_gets_its_part_of_the_deposit(cast: Cast) -> None:
    sell(cast, 3, customer=cast.asha, deposits=[Deposit(cast.can20, 3, HUNDRED)])
    (one,) = suggested(cast.asha, {cast.can20: -1})
    assert one.amount == Decimal("-33.33")
    (all_of_them,) = suggested(cast.asha, {cast.can20: -4})
    assert all_of_them.amount == -HUNDRED


def test_the_till_shows_what_is_held(cast: Cast, client_of: SignIn) -> None:
    sell(cast, 1, customer=cast.asha, deposits=[Deposit(cast.can20, 1, HUNDRED)])
    till = client_of(cast.ravi).get(reverse("till", args=["water"]), {"customer": cast.asha.pk})
    assert 'data-held="100.00"' in till.content.decode() and "₹100 held" in till.content.decode()


def test_a_sale_asks_the_same_number_of_questions_for_many_deposits(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    back = [Deposit(cast.can20, -1, -HUNDRED), Deposit(cast.can10, -1, -HUNDRED)]
    out = [Deposit(cast.can20, 9, HUNDRED * 9), Deposit(cast.can10, 9, HUNDRED * 9)]
    sell(cast, 9, customer=cast.asha, deposits=out)
    for times in (1, 2):
        with django_assert_num_queries(17):
            sell(cast, 1, customer=cast.asha, deposits=back[:times])
