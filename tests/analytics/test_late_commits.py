"""What is committed late is counted all the same, and two who count at once do not fail: with real connections."""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event, Thread
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction

from analytics import queries, rollup
from tests.base import make_cast, sell
from tests.sales.test_at_once import at_once
from tests.vision.scene import a_visit
from watershop.dates import Period
from watershop.models import DirtyDay

NOON = datetime(2026, 3, 10, 12, tzinfo=ZoneInfo("Asia/Kolkata"))
DAY = Period(NOON.date(), NOON.date(), ZoneInfo("Asia/Kolkata"))


def alone(deed: Callable[[], object]) -> Thread:
    """The deed on a connection of its own."""

    def run() -> None:
        try:
            deed()
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    return thread


@pytest.mark.django_db(transaction=True)
def test_a_sale_that_is_committed_after_its_day_was_counted_is_counted_next_time() -> None:
    cast = make_cast()
    is_sold, may_commit = Event(), Event()

    def sell_slowly() -> None:
        with transaction.atomic():
            sell(cast, 3, sold_at=NOON)
            is_sold.set()
            may_commit.wait(60)

    clerk = alone(sell_slowly)
    assert is_sold.wait(60)
    a_visit(cast.shop, NOON + timedelta(minutes=1))
    (day,) = queries.totals(cast.shop, DAY)
    assert (day.cans, day.visits) == (0, 1), "what came later is committed first"
    may_commit.set()
    clerk.join()
    assert [row.cans for row in queries.totals(cast.shop, DAY)] == [3]
    sell(cast, 5, sold_at=NOON)
    at_once(*[lambda: rollup.refresh(cast.shop)] * 3)
    assert [row.cans for row in queries.totals(cast.shop, DAY)] == [8]
    assert not DirtyDay.objects.exists()
