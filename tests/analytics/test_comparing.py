"""A period beside the same weekdays before it, and the sentence that says how it goes."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from analytics import queries
from analytics.comparing import Compared, compare, earlier, needed, part_of_day, percent
from analytics.glance import signs
from analytics.headline import headline
from analytics.tiles import Change, against, tiles
from sales.ledger import receive_payment
from sales.models import Tender
from tests.base import TESTS, Cast, sell
from vision.models import Camera, Card, Person, Recording, Visit
from watershop.dates import Period

INDIA = ZoneInfo("Asia/Kolkata")
NOON = datetime(2026, 3, 10, 12, tzinfo=INDIA)
TUESDAY = Period(NOON.date(), NOON.date(), INDIA)
WEEK = timedelta(days=7)
MINUTE = timedelta(minutes=1)


def compared(cast: Cast, period: Period = TUESDAY, now: datetime = NOON) -> Compared:
    rows = queries.totals(cast.shop, needed(period))
    return compare(cast.shop, period, rows, queries.cans_out(cast.shop, period.end), now)


def told(
    cast: Cast,
    period: Period = TUESDAY,
    now: datetime = NOON,
    debtors: int = 0,
    offline: Sequence[Camera] = (),
) -> tuple[str, str]:
    line = headline(compared(cast, period, now), debtors, offline)
    return line.text.replace("\N{NO-BREAK SPACE}", " "), line.tone


def changes(cast: Cast, period: Period = TUESDAY, now: datetime = NOON) -> dict[str, Change | None]:
    numbers = queries.summary(cast.shop, period)
    return {tile.label: tile.change for tile in tiles(numbers, compared(cast, period, now))}


def visit(cast: Cast, at: datetime) -> None:
    camera, _is_new = Camera.objects.get_or_create(shop=cast.shop, name="Door")
    recording = Recording.objects.create(shop=cast.shop, camera=camera, sha256=str(at), started_at=at)
    person = Person.objects.create(shop=cast.shop, code=f"P_{at:%d%H%M%S}")
    Visit.objects.create(shop=cast.shop, recording=recording, person=person, entry_at=at, exit_at=at)


@pytest.mark.parametrize(
    ("length", "weeks"), [(1, 1), (7, 1), (8, 2), (30, 5), (182, 26), (183, 52), (365, 53)]
)
def test_a_period_stands_beside_the_same_weekdays_that_do_not_overlap_it(length: int, weeks: int) -> None:
    period = Period(NOON.date(), NOON.date() + timedelta(days=length - 1), INDIA)
    before = earlier(period)
    assert period.first - before.first == weeks * WEEK
    assert before.last < period.first
    assert len(before.days) == length


def test_a_day_that_is_not_over_stands_beside_the_same_hours_a_week_ago(cast: Cast) -> None:
    sell(cast, 4, sold_at=NOON - WEEK - MINUTE)
    sell(cast, 50, sold_at=NOON - WEEK + MINUTE)
    sell(cast, 5, sold_at=NOON - MINUTE)
    assert told(cast) == ("Tuesday so far: 5 cans, +25 % on last Tuesday.", "good")
    assert changes(cast)["Sold"] == Change(25, is_good=True)
    assert against(compared(cast)) == "Compared with Tue 3 Mar 2026 until 12:00."


def test_a_day_that_is_over_stands_beside_the_whole_day(cast: Cast) -> None:
    sell(cast, 10, sold_at=NOON - WEEK + timedelta(hours=11))
    sell(cast, 1, sold_at=NOON)
    assert told(cast, now=NOON + WEEK) == ("10 Mar 2026: 1 can, −90 % on the Tuesday before.", "warn")
    assert against(compared(cast, now=NOON + WEEK)) == "Compared with Tue 3 Mar 2026."


def test_longer_periods_are_cut_at_the_same_time_of_their_last_day(cast: Cast) -> None:
    week = Period(date(2026, 3, 4), date(2026, 3, 10), INDIA)
    for at in (NOON, NOON - timedelta(days=3), NOON - WEEK - MINUTE, NOON - WEEK + MINUTE, NOON - 2 * WEEK):
        sell(cast, 1, sold_at=at)
    line = "4 Mar 2026 to 10 Mar 2026: 2 cans, +100 % on the same weekdays a week earlier."
    assert told(cast, week, NOON + MINUTE) == (line, "good")
    assert against(compared(cast, week)).endswith("to Tue 3 Mar 2026 until 12:00.")


def test_without_an_earlier_sale_nothing_is_compared(cast: Cast) -> None:
    assert told(cast) == ("Tuesday so far: nothing sold yet.", "")
    sell(cast, 1, sold_at=NOON)
    assert told(cast, now=NOON + MINUTE) == ("Tuesday so far: 1 can.", "")
    assert set(changes(cast).values()) == {None}


def test_days_before_the_books_begin_are_not_compared_with(cast: Cast) -> None:
    week = Period(date(2026, 3, 4), date(2026, 3, 10), INDIA)
    sell(cast, 1, sold_at=NOON - WEEK)
    sell(cast, 9, sold_at=NOON)
    assert told(cast, week, NOON + WEEK) == ("4 Mar 2026 to 10 Mar 2026: 9 cans.", "")
    assert set(changes(cast, week, NOON + WEEK).values()) == {None} and not against(compared(cast, week))
    sell(cast, 1, sold_at=NOON - 2 * WEEK - timedelta(days=1))
    assert changes(cast, week, NOON + WEEK)["Sold"] == Change(800, is_good=True)


def test_visits_are_not_compared_with_a_day_on_which_no_camera_watched(cast: Cast) -> None:
    two_days = Period(NOON.date() - timedelta(days=1), NOON.date(), INDIA)
    for days_ago in (0, 1, 7, 8):
        sell(cast, 1, sold_at=NOON - timedelta(days=days_ago))
    for days_ago in (0, 1, 7):
        visit(cast, NOON - timedelta(days=days_ago))
    assert changes(cast, two_days, NOON + WEEK)["Visits"] is None
    visit(cast, NOON - timedelta(days=8))
    assert changes(cast, two_days, NOON + WEEK)["Visits"] == Change(0, is_good=None)


def test_debtors_and_cameras_are_told_of_only_when_there_are_some(cast: Cast) -> None:
    sell(cast, 2, sold_at=NOON)
    one, other = (Camera(shop=cast.shop, name=name) for name in ("Door", "Counter"))
    line = "Tuesday so far: 2 cans; 1 debtor visited; camera “Door” is offline."
    assert told(cast, debtors=1, offline=[one]) == (line, "warn")
    line = "Tuesday so far: 2 cans; 3 debtors visited; 2 cameras are offline."
    assert told(cast, debtors=3, offline=[one, other]) == (line, "warn")


def test_the_queue_knows_which_debtors_came_and_a_live_camera_when_it_was_seen_last(cast: Cast) -> None:
    stream = {"shop": cast.shop, "kind": Camera.Kind.STREAM, "address": "rtsp://192.168.1.9/"}
    Camera.objects.create(name="Door", seen_at=NOON - timedelta(seconds=30), **stream)
    Camera.objects.create(name="Counter", seen_at=NOON - timedelta(seconds=90), **stream)
    Camera.objects.create(name="Yard", is_on=False, **stream)
    Camera.objects.create(shop=cast.shop, name="Uploads")
    for number, outcome in enumerate(("", "not_him")):
        Card.objects.create(
            **{"shop": cast.shop, "kind": Card.Kind.DEBTOR, "key": str(number), "at": NOON},
            **{"customer": (cast.asha, cast.bala)[number], "outcome": outcome},
            decided_at=NOON if outcome else None,
        )
    said = signs(cast.shop, TUESDAY, NOON)
    assert ([camera.name for camera in said.offline], said.debtors) == (["Counter"], 1)
    past = signs(cast.shop, TUESDAY, NOON + WEEK)
    assert (past.offline, past.debtors, len(past.cameras)) == ([], 0, 4)


def test_dues_of_today_are_compared_as_they_stood_at_that_time(cast: Cast) -> None:
    day_before = NOON - WEEK
    sell(cast, 2, sold_at=day_before - MINUTE, customer=cast.asha, is_paid=False)
    receive_payment(
        customer=cast.asha,
        amount=Decimal(40),
        tender=Tender.CASH,
        actor=TESTS,
        client_ref="later",
        received_at=day_before + MINUTE,
    )
    sell(cast, 3, sold_at=NOON - MINUTE, customer=cast.bala, is_paid=False)
    assert changes(cast)["Unpaid"] == Change(50, is_good=False)
    assert changes(cast, now=NOON + WEEK)["Unpaid"] is None


def test_cans_out_are_compared_with_those_of_that_moment(cast: Cast) -> None:
    sell(cast, 4, sold_at=NOON - WEEK - MINUTE, customer=cast.asha)
    sell(cast, 1, sold_at=NOON - WEEK + MINUTE, customer=cast.asha)
    sell(cast, 1, sold_at=NOON - MINUTE, customer=cast.asha)
    here, there = compared(cast).here, compared(cast).there
    assert (here.cans_out, there.cans_out) == (6, 4)
    assert changes(cast)["Cans out"] == Change(50, is_good=None)


def test_sales_for_each_visit_leave_out_days_on_which_no_camera_watched(cast: Cast) -> None:
    two_days = Period(NOON.date() - timedelta(days=1), NOON.date(), INDIA)
    sell(cast, 9, sold_at=NOON - timedelta(days=1))
    sell(cast, 3, sold_at=NOON)
    visit(cast, NOON)
    visit(cast, NOON + MINUTE)
    here = compared(cast, two_days, NOON + WEEK).here
    assert (here.conversion, here.per_visit) == (Decimal("0.5"), Decimal(30))
    assert compared(cast, TUESDAY, NOON - WEEK).there.conversion is None


def test_a_whole_day_counted_from_its_rows_is_the_day_of_the_roll_up(cast: Cast) -> None:
    sell(cast, 2, sold_at=NOON, customer=cast.asha, tender=Tender.UPI, is_paid=False)
    sell(cast, 3, sold_at=NOON)
    visit(cast, NOON)
    row = part_of_day(cast.shop, NOON.date(), TUESDAY.end)
    (day,) = queries.totals(cast.shop, TUESDAY)
    for name in ("sales", "cans", "revenue", "paid", "cans_moved", "visits"):
        assert getattr(row, name) == getattr(day, name), name
    assert row.taken_cash == day.taken_cash + day.taken_upi + day.taken_coin


@pytest.mark.parametrize(
    ("here", "there", "change"),
    [(112, 100, 12), (90, 100, -10), (5, 0, None), (None, 5, None), (0, 5, -100), (-10, -20, 50)],
)
def test_a_change_is_in_per_cent_of_what_was_before(here: int | None, there: int, change: int | None) -> None:
    assert percent(here, there) == change
