"""A drawer from its opening float to its closing count, and the money that belongs to it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from sales import drawer
from sales.ledger import receive_payment
from sales.models import CashMove, DrawerCount, DrawerSession, Payment, Sale, Tender
from sales.reversals import void_sale
from tests.base import TESTS, Cast, make_cast, sell
from watershop.audit import Actor
from watershop.models import AuditEntry, Shop


def opened(cast: Cast, float_: int = 100) -> DrawerSession:
    return drawer.open_session(cast.shop, opening_float=Decimal(float_), actor=Actor(cast.ravi, "tests"))


def counted(session: DrawerSession, sheet: dict[int, int], **others: Any) -> DrawerSession:
    amounts = {"coin": Decimal(0), "upi": Decimal(0)} | others
    return drawer.close_session(session, sheet=sheet, actor=TESTS, **amounts)


def left_open(shop: Shop) -> DrawerSession:
    """A session that somebody opened yesterday."""
    session = drawer.open_session(shop, opening_float=Decimal(100), actor=TESTS)
    yesterday = timezone.now() - timedelta(days=1)
    fresh = DrawerSession(
        shop=shop, drawer=session.drawer, opening_float=session.opening_float, opened_at=yesterday
    )
    counted(session, {100: 1})
    fresh.save()
    return fresh


def test_what_is_expected_is_float_takings_and_cash_moved_per_tender(cast: Cast) -> None:
    session = opened(cast)
    sell(cast, 3)
    sell(cast, 2, tender=Tender.UPI)
    sell(cast, 1, tender=Tender.COIN)
    sell(cast, 5, customer=cast.asha, is_paid=False)
    receive_payment(customer=cast.asha, amount=Decimal(40), tender=Tender.CASH, actor=TESTS)
    drawer.pay_in(cast.shop, amount=Decimal(50), reason="change from the bank", actor=TESTS)
    drawer.pay_out(cast.shop, amount=Decimal(30), reason="diesel", actor=TESTS)
    assert drawer.expected(session) == {
        Tender.CASH: Decimal(100 + 60 + 40 + 50 - 30),
        Tender.UPI: Decimal(40),
        Tender.COIN: Decimal(20),
    }


def test_a_sale_paid_in_parts_brings_each_tender_its_part(cast: Cast) -> None:
    session = opened(cast)
    sell(cast, 3, customer=cast.asha, split={Tender.CASH: Decimal(30), Tender.UPI: Decimal(20)})
    sums = drawer.expected(session)
    assert (sums[Tender.CASH], sums[Tender.UPI]) == (Decimal(130), Decimal(20))


def test_a_count_is_kept_with_what_was_expected(cast: Cast) -> None:
    session = opened(cast)
    sell(cast, 3)
    sell(cast, 2, tender=Tender.UPI)
    closed = counted(session, {100: 1, 20: 2, 5: 0}, upi=Decimal(40))
    rows: dict[str, tuple[Any, ...]] = {
        row.tender: (row.expected, row.counted, row.variance) for row in closed.counts.all()
    }
    assert rows == {"cash": (160, 140, -20), "upi": (40, 40, 0), "coin": (0, 0, 0)}
    assert closed.variance == Decimal(-20)
    assert [(row.denomination, row.count) for row in closed.sheet.all()] == [(100, 1), (20, 2)]
    assert AuditEntry.objects.filter(shop=cast.shop, action="close_drawer").count() == 1


def test_why_the_count_differs_is_said_once_and_after_it(cast: Cast) -> None:
    session = opened(cast)
    with pytest.raises(ValidationError, match="after the drawer is closed"):
        drawer.explain(session, reason="lost a note", actor=TESTS)
    counted(session, {})
    assert drawer.explain(session, reason=" lost a note ", actor=TESTS).reason == "lost a note"
    with pytest.raises(ValidationError, match="once"):
        drawer.explain(session, reason="found it", actor=TESTS)


def test_a_shop_that_never_opened_a_drawer_sells_as_before(cast: Cast) -> None:
    sell(cast)
    assert Payment.objects.get().drawer_session is None


@pytest.mark.parametrize("tender", [Tender.CASH, Tender.COIN])
def test_cash_needs_an_open_drawer_once_the_shop_has_opened_one(cast: Cast, tender: Tender) -> None:
    counted(opened(cast), {100: 1})
    with pytest.raises(ValidationError, match="Open the drawer first"):
        sell(cast, tender=tender)
    with pytest.raises(ValidationError, match="Open the drawer first"):
        receive_payment(customer=cast.asha, amount=Decimal(10), tender=tender, actor=TESTS)
    assert not Sale.objects.exists() and not Payment.objects.exists()


def test_upi_and_credit_need_no_drawer(cast: Cast) -> None:
    counted(opened(cast), {100: 1})
    sell(cast, tender=Tender.UPI)
    sell(cast, customer=cast.asha, is_paid=False)
    assert Payment.objects.get().drawer_session is None


def test_imports_and_sales_of_an_earlier_time_belong_to_no_drawer(cast: Cast) -> None:
    session, earlier = opened(cast), timezone.now() - timedelta(hours=2)
    sell(cast, sold_at=earlier)
    sell(cast, source=Sale.Source.IMPORT, sold_at=earlier)
    receive_payment(
        customer=cast.asha, amount=Decimal(10), tender=Tender.CASH, actor=TESTS, received_at=earlier
    )
    assert drawer.expected(session)[Tender.CASH] == Decimal(100)
    counted(session, {100: 1})
    sell(cast, sold_at=earlier)
    assert not Payment.objects.exclude(drawer_session=None).exists()


def test_money_given_back_leaves_the_drawer_that_is_open_now(cast: Cast) -> None:
    first = opened(cast)
    sale = sell(cast)
    counted(first, {100: 1, 20: 1})
    with pytest.raises(ValidationError, match="Open the drawer first"):
        void_sale(sale, reason="leaking", actor=TESTS)
    second = opened(cast, 120)
    void_sale(sale, reason="leaking", actor=TESTS)
    assert drawer.expected(second)[Tender.CASH] == Decimal(100)
    assert drawer.expected(first)[Tender.CASH] == Decimal(120)


def test_money_that_no_drawer_took_leaves_none(cast: Cast) -> None:
    sale, session = sell(cast), opened(cast)
    void_sale(sale, reason="wrong day", actor=TESTS)
    assert drawer.expected(session)[Tender.CASH] == Decimal(100)


def test_a_drawer_that_is_open_today_is_not_opened_again(cast: Cast) -> None:
    opened(cast)
    with pytest.raises(ValidationError, match="open already"):
        drawer.open_session(cast.shop, opening_float=Decimal(0), actor=TESTS, note_on_left_open="hurry")


def test_a_session_left_open_is_closed_uncounted_by_the_next_opener_with_a_note(cast: Cast) -> None:
    forgotten = left_open(cast.shop)
    with pytest.raises(ValidationError, match="Write a note"):
        opened(cast)
    drawer.open_session(
        cast.shop, opening_float=Decimal(80), actor=Actor(cast.ravi, "tests"), note_on_left_open="found 80"
    )
    forgotten.refresh_from_db()
    assert (forgotten.note, forgotten.closed_by, forgotten.variance) == ("found 80", cast.ravi, None)
    cash = forgotten.counts.get(tender=Tender.CASH)
    assert (cash.expected, cash.counted) == (Decimal(100), None)


@pytest.mark.parametrize(
    ("amount", "reason", "sentence"),
    [("0", "diesel", "more than zero"), ("10", " ", "what the money is for")],
)
def test_cash_moves_by_an_amount_and_for_a_reason(
    cast: Cast, amount: str, reason: str, sentence: str
) -> None:
    opened(cast)
    with pytest.raises(ValidationError, match=sentence):
        drawer.pay_out(cast.shop, amount=Decimal(amount), reason=reason, actor=TESTS)


def test_cash_moves_only_while_the_drawer_is_open(cast: Cast) -> None:
    with pytest.raises(ValidationError, match="Open the drawer first"):
        drawer.pay_in(cast.shop, amount=Decimal(10), reason="change", actor=TESTS)


@pytest.mark.parametrize("sheet", [{3: 1}, {100: -1}])
def test_a_sheet_counts_known_notes_from_nought_upward(cast: Cast, sheet: dict[int, int]) -> None:
    with pytest.raises(ValidationError, match="from nought upward"):
        counted(opened(cast), sheet)


def test_a_closed_drawer_is_not_closed_again(cast: Cast) -> None:
    session = opened(cast)
    counted(session, {100: 1})
    with pytest.raises(ValidationError, match="closed already"):
        counted(session, {100: 2})


def test_the_database_holds_one_open_session_per_drawer(cast: Cast) -> None:
    session = opened(cast)
    with pytest.raises(IntegrityError, match="drawersession_one_open_per_drawer"):
        DrawerSession.objects.create(shop=cast.shop, drawer=session.drawer, opening_float=0)


def test_the_database_lets_nothing_into_a_closed_session_and_keeps_it(cast: Cast) -> None:
    session = counted(opened(cast), {100: 1})
    own: dict[str, Any] = {"shop": cast.shop, "drawer_session": session}
    with pytest.raises(IntegrityError, match="is closed"), transaction.atomic():
        CashMove.objects.create(kind="in", amount=1, reason="late", **own)
    with pytest.raises(IntegrityError, match="is closed"), transaction.atomic():
        Payment.objects.create(received_at=timezone.now(), tender="cash", amount=1, **own)
    with pytest.raises(IntegrityError, match="is closed"), transaction.atomic():
        DrawerCount.objects.create(tender="cash", expected=0, **own)
    with pytest.raises(IntegrityError, match="stays as it is"), transaction.atomic():
        DrawerSession.objects.filter(pk=session.pk).update(closed_at=None)
    with pytest.raises(IntegrityError, match="is kept"), transaction.atomic():
        DrawerSession.objects.filter(pk=session.pk)._raw_delete("default")


def test_a_payment_never_points_into_another_shops_drawer(cast: Cast) -> None:
    session = opened(make_cast("next-door"))
    with pytest.raises(IntegrityError, match="payment_session_same_shop"), transaction.atomic():
        Payment.objects.create(
            shop=cast.shop, received_at=timezone.now(), tender="cash", amount=1, drawer_session=session
        )
        connection.check_constraints()
