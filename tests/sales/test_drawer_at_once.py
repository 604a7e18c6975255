"""A sale that lands while the drawer closes is in the count or refused, on a real database with real threads."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from threading import Event

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from sales import drawer
from sales.models import DrawerSession, Payment, Tender
from tests.base import TESTS, Cast, make_cast, sell
from tests.sales.test_at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 0.5  # seconds: long enough for a close that waits for nobody


def opened(cast: Cast) -> DrawerSession:
    return drawer.open_session(cast.shop, opening_float=Decimal(100), actor=TESTS)


def close(session: DrawerSession) -> None:
    drawer.close_session(session, sheet={100: 1}, coin=Decimal(0), upi=Decimal(0), actor=TESTS)


def close_during_a_sale(cast: Cast) -> tuple[Decimal, Decimal]:
    """A drawer is closed between a sale's writing and its commit: what the close expected, and what is in the books."""
    session, written, closed = opened(cast), Event(), Event()

    def buy() -> None:
        with transaction.atomic():
            sell(cast)
            written.set()
            closed.wait(PATIENCE)

    def shut() -> None:
        written.wait()
        close(session)
        closed.set()

    at_once(buy, shut)
    return session.counts.get(tender=Tender.CASH).expected, drawer.expected(session)[Tender.CASH]


@contextmanager
def nobody_holds_the_session(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The control: neither the sale nor the database's trigger keeps the session open."""
    monkeypatch.setattr(drawer, "OPEN_SESSION", drawer.OPEN_SESSION.removesuffix("FOR SHARE"))
    switch = "ALTER TABLE sales_payment {} TRIGGER payment_needs_open_drawer"
    with connection.cursor() as cursor:
        cursor.execute(switch.format("DISABLE"))
        try:
            yield
        finally:
            cursor.execute(switch.format("ENABLE"))


def test_a_close_waits_for_the_sale_that_is_being_stored() -> None:
    assert close_during_a_sale(make_cast()) == (Decimal(120), Decimal(120))


def test_control_without_the_lock_the_close_misses_that_sale(monkeypatch: pytest.MonkeyPatch) -> None:
    cast = make_cast()
    with nobody_holds_the_session(monkeypatch):
        assert close_during_a_sale(cast) == (Decimal(100), Decimal(120))


def test_a_sale_that_comes_during_the_close_finds_no_drawer() -> None:
    cast = make_cast()
    session, counted = opened(cast), Event()

    def shut() -> None:
        with transaction.atomic():
            close(session)
            counted.set()
            connection.cursor().execute("SELECT pg_sleep(%s)", [PATIENCE])

    def buy() -> None:
        counted.wait()
        with pytest.raises(ValidationError, match="Open the drawer first"):
            sell(cast)

    at_once(shut, buy)
    assert not Payment.objects.exists()


def test_two_clerks_open_one_drawer() -> None:
    cast = make_cast()
    refused: list[str] = []

    def open_it() -> None:
        try:
            opened(cast)
        except ValidationError as refusal:
            refused.extend(refusal.messages)

    at_once(open_it, open_it)
    assert DrawerSession.objects.open().count() == 1
    assert refused == ["The drawer is open already. Close it first."]
