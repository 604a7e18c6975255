"""A sale is corrected, refunded or taken back by further rows; the drawer changes by the difference."""

from datetime import timedelta
from decimal import Decimal
from operator import attrgetter

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from sales import drawer
from sales.account_statement import statement_of
from sales.day_end import day_end
from sales.deposits import Deposit
from sales.dues import account_of
from sales.ledger import receive_payment
from sales.models import CanMovement, Payment, Sale, Tender, UpiClaim
from sales.new_sale import Line, NewSale
from sales.reversals import correct_sale, refund, undo_at_once
from sales.upi import confirm
from tests.base import TESTS, Cast, sell
from watershop.audit import Actor
from watershop.dates import Period, day_of, today


def balance(cast: Cast) -> Decimal:
    return cast.asha.ledger.all().balance()


def test_a_correction_voids_and_enters_again_with_the_time_of_the_first(cast: Cast) -> None:
    sale = sell(cast, 3, customer=cast.asha, is_paid=False, sold_at=timezone.now() - timedelta(days=2))
    new = NewSale([Line(cast.can10, 2)], Tender.UPI, cast.bala)
    again = correct_sale(sale, new, reason="wrong customer", actor=TESTS)
    again.refresh_from_db()
    assert (again.replaces, again.sold_at, again.customer) == (sale, sale.sold_at, cast.bala)
    assert [balance(cast), cast.bala.ledger.all().balance()] == [0, 0]
    assert Sale.objects.standing().get() == again
    assert again.receipt != sale.receipt


def test_the_drawer_changes_by_the_difference_and_yesterday_stays(cast: Cast) -> None:
    session = drawer.open_session(cast.shop, opening_float=Decimal(100), actor=TESTS)
    sale = sell(cast, 3)
    correct_sale(sale, NewSale([Line(cast.can20, 2)], Tender.CASH), reason="miscounted", actor=TESTS)
    assert drawer.expected(session)[Tender.CASH] == 140


def test_money_that_never_was_in_the_drawer_does_not_come_out_of_it(cast: Cast) -> None:
    sale = sell(cast, 3, sold_at=timezone.now() - timedelta(days=1))
    session = drawer.open_session(cast.shop, opening_float=Decimal(100), actor=TESTS)
    correct_sale(sale, NewSale([Line(cast.can20, 2)], Tender.CASH), reason="miscounted", actor=TESTS)
    assert drawer.expected(session)[Tender.CASH] == 100


def test_what_the_bank_confirmed_stays_confirmed(cast: Cast) -> None:
    sale = sell(cast, 2, tender=Tender.UPI, client_ref="a")
    confirm(UpiClaim.objects.get(), actor=TESTS)
    new = NewSale([Line(cast.can20, 2)], Tender.UPI, cast.asha, client_ref="b")
    correct_sale(sale, new, reason="it was Asha", actor=TESTS)
    assert UpiClaim.objects.latest("id").state == UpiClaim.State.CONFIRMED


def test_a_part_refund_gives_money_back_and_keeps_the_rest(cast: Cast) -> None:
    sale = sell(cast, 3)
    left = refund(sale, {cast.can20: 1}, reason="leaking", actor=TESTS, client_ref="r")
    line = left.lines.get()
    assert left.replaces == sale
    assert [line.quantity, line.amount] == [2, 40]
    assert sum(row.amount for row in Payment.objects.all()) == 40


def test_a_refund_lowers_what_is_due_before_money_goes_back(cast: Cast) -> None:
    sale = sell(cast, 3, customer=cast.asha, split={Tender.CASH: Decimal(40)})
    assert balance(cast) == 20
    refund(sale, {cast.can20: 1}, reason="leaking", actor=TESTS, client_ref="r")
    assert balance(cast) == 0
    assert sum(row.amount for row in Payment.objects.all()) == 40


def test_a_refund_of_what_was_paid_later_stays_on_the_account(cast: Cast) -> None:
    sale = sell(cast, 3, customer=cast.asha, is_paid=False)
    receive_payment(customer=cast.asha, amount=Decimal(60), tender=Tender.CASH, actor=TESTS)
    refund(sale, {cast.can20: 1}, reason="leaking", actor=TESTS, client_ref="r")
    assert balance(cast) == -20
    held = CanMovement.objects.of(cast.shop).filter(customer=cast.asha).held()
    assert held == {"20L": 2}


def test_a_refund_of_everything_is_a_void(cast: Cast) -> None:
    sale = sell(cast, 3)
    assert refund(sale, {cast.can20: 3}, reason="sour", actor=TESTS, client_ref="r") == sale
    assert not Sale.objects.standing().exists()
    assert sum(row.amount for row in Payment.objects.all()) == 0


@pytest.mark.parametrize("count", [0, 4])
def test_only_what_was_sold_is_refunded(cast: Cast, count: int) -> None:
    with pytest.raises(ValidationError, match="Say which"):
        refund(sell(cast, 3), {cast.can20: count}, reason="x", actor=TESTS, client_ref="r")


def test_a_sale_is_corrected_once(cast: Cast) -> None:
    sale, new = sell(cast, 3), NewSale([Line(cast.can20, 2)], Tender.CASH)
    correct_sale(sale, new, reason="miscounted", actor=TESTS)
    with pytest.raises(ValidationError, match="already void"):
        correct_sale(sale, new, reason="miscounted", actor=TESTS)
    assert Sale.objects.standing().count() == 1


def test_a_clerk_takes_back_their_own_sale_at_once_but_not_later_nor_anothers(cast: Cast) -> None:
    ravi, meena = Actor(cast.ravi, "tests"), Actor(cast.meena, "tests")
    sale = sell(cast)
    with pytest.raises(ValidationError, match="too long ago"):
        undo_at_once(sale, actor=meena)
    undo_at_once(sale, actor=ravi)
    assert not Sale.objects.standing().exists()
    old = sell(cast)
    old.recorded_at -= timedelta(seconds=16)
    with pytest.raises(ValidationError, match="too long ago"):
        undo_at_once(old, actor=ravi)


def test_a_correction_leaves_the_figures_of_a_day_that_is_over(cast: Cast) -> None:
    yesterday = timezone.now() - timedelta(days=1)
    fields = {"deposits": [Deposit(cast.can20, 3, Decimal(300))], "empties": [(cast.can10, 1)]}
    sale = sell(cast, 3, customer=cast.asha, is_paid=False, sold_at=yesterday, **fields)
    day, one = day_of(cast.shop, yesterday), [Deposit(cast.can20, 1, Decimal(100))]
    over = Period(day, day, cast.shop.tz)
    moved = attrgetter("cans_out", "cans_in", "deposits_taken", "deposits_given_back", "taken")
    before, owed = moved(day_end(cast.shop, over)), statement_of(cast.asha, over).after
    new = NewSale([Line(cast.can20, 1)], Tender.CASH, cast.asha, is_paid=False, deposits=one)
    correct_sale(sale, new, reason="miscounted", actor=TESTS)
    assert moved(day_end(cast.shop, over)) == before == (3, 1, 300, 0, 0)
    assert statement_of(cast.asha, over).after == owed == 60
    assert moved(day_end(cast.shop, today(cast.shop))) == (-2, -1, 100, -300, 0)
    assert balance(cast) == 20 and account_of(cast.asha).dues[0].at == yesterday


def test_the_correction_of_a_sale_without_the_server_goes_into_the_drawer_of_now(cast: Cast) -> None:
    first = drawer.open_session(cast.shop, opening_float=Decimal(0), actor=TESTS)
    sale = sell(cast, 3, source=Sale.Source.OFFLINE, sold_at=timezone.now())
    drawer.close_session(first, sheet={20: 3}, coin=Decimal(0), upi=Decimal(0), actor=TESTS)
    session = drawer.open_session(cast.shop, opening_float=Decimal(100), actor=TESTS)
    correct_sale(sale, NewSale([Line(cast.can20, 2)], Tender.CASH), reason="miscounted", actor=TESTS)
    assert drawer.expected(session)[Tender.CASH] == 80
