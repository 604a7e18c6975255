"""When the shop opened and closed: three clocks and their order, posted hours, nights, festivals, the unknown."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from analytics.models import FestivalDay
from analytics.opening_times import Clock, OpeningDay, in_words, opening_of, opening_times
from sales import reversals
from tests.base import TESTS, Cast, make_cast
from tests.vision.scene import a_person, a_visit, sell_at
from watershop import accounts
from watershop.audit import Actor
from watershop.dates import Period
from watershop.models import Right, Role, Shop, User

ClientOf = Callable[[User], Client]
INDIA = ZoneInfo("Asia/Kolkata")
DAY = date(2026, 3, 10)
PAGE = "/s/water/opening-times/"
DAYS = "from=2026-03-09&to=2026-03-12"


def at(clock: str, day: date = DAY, zone: ZoneInfo = INDIA) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), zone)


def told(day: OpeningDay) -> tuple[str, str, str, str]:
    """Opened and by which clock, closed and by which clock."""
    assert day.opened and day.closed
    zone = day.posted.opens_at.tzinfo if day.posted else INDIA
    ends = (
        (moment.astimezone(zone).strftime("%H:%M"), str(clock)) for clock, moment in (day.opened, day.closed)
    )
    (opened, by), (closed, by_too) = ends
    return opened, by, closed, by_too


def staff_seen(shop: Shop, first: str, last: str, day: date = DAY) -> None:
    clerk = a_person(shop, is_shop_staff=True)
    for clock in (first, last):
        a_visit(shop, at(clock, day) - timedelta(minutes=clock == last), person=clerk)


def test_staff_decide_then_visits_then_sales(cast: Cast) -> None:
    a_visit(cast.shop, at("07:10"))
    a_visit(cast.shop, at("20:30"), seconds=600)
    sell_at(cast, [at("08:20"), at("19:00")])
    by_visits = opening_of(cast.shop, DAY)
    assert told(by_visits) == ("07:10", "visit", "20:40", "visit")
    staff_seen(cast.shop, "07:55", "20:05")
    day = opening_of(cast.shop, DAY)
    assert told(day) == ("07:55", "staff", "20:05", "staff"), (
        "somebody walked past a closed shop at ten past seven"
    )
    assert list(day.clocks) == list(Clock) and (day.late_min, day.early_min) == (0, 0)
    assert (by_visits.late_min, by_visits.early_min) == (-50, -40)
    assert day.is_sure and not by_visits.is_sure


def test_a_sale_proves_that_the_shop_was_open(cast: Cast) -> None:
    staff_seen(cast.shop, "11:00", "15:00")
    sell_at(cast, [at("08:25"), at("12:00"), at("18:40")])
    day = opening_of(cast.shop, DAY)
    assert told(day) == ("08:25", "sale", "18:40", "sale")
    assert (day.late_min, day.early_min) == (25, 80)
    assert in_words([day]) == "1 day is known: opened late once, by 25 min; closed early once, by 80 min."


def test_customers_alone_say_when_it_was_open_at_the_latest(cast: Cast, client_of: ClientOf) -> None:
    sell_at(cast, [at("08:25"), at("19:00")])
    assert in_words([opening_of(cast.shop, DAY)]).endswith("it may have been open for longer.")
    page = client_of(cast.meena).get(f"{PAGE}?{DAYS}").content.decode()
    assert "25 min late at most" in page and "60 min early at most" in page


def test_an_evening_past_midnight_closes_on_its_own_day(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    cast.shop.opens_at, cast.shop.closes_at = time(16), time(1)
    cast.shop.save()
    night = DAY + timedelta(days=1)
    sell_at(cast, [at("16:05"), at("00:30", night), at("16:40", night)])
    a_visit(cast.shop, at("00:20", night), seconds=60 * 15)
    assert told(opening_of(cast.shop, DAY)) == ("16:05", "sale", "00:35", "visit")
    assert opening_of(cast.shop, DAY).early_min == 25
    second = opening_of(cast.shop, night)
    assert told(second) == ("16:40", "sale", "16:40", "sale") and second.late_min == 40
    period = Period(DAY - timedelta(days=20), DAY, INDIA)
    with django_assert_num_queries(QUERIES + 3):
        assert [day.day for day in opening_times(cast.shop, period) if day.clocks] == [DAY]


def test_a_day_shop_that_sold_once_past_midnight_did_not_open_then(cast: Cast) -> None:
    night = DAY + timedelta(days=1)
    sell_at(cast, [at("08:00"), at("00:10", night), at("08:02", night), at("19:55", night)])
    assert told(opening_of(cast.shop, DAY)) == ("08:00", "sale", "00:10", "sale")
    assert told(opening_of(cast.shop, night)) == ("08:02", "sale", "19:55", "sale")


def test_minutes_are_those_of_the_clock_on_the_day_on_which_it_changes(cast: Cast) -> None:
    berlin, sunday = ZoneInfo("Europe/Berlin"), date(2026, 3, 29)
    cast.shop.zone, cast.shop.opens_at, cast.shop.closes_at = "Europe/Berlin", time(10), time(4)
    cast.shop.save()
    saturday = sunday - timedelta(days=1)
    sell_at(cast, [at("10:00", saturday, berlin), at("03:30", sunday, berlin), at("10:20", sunday, berlin)])
    night, day = (opening_of(cast.shop, each) for each in (saturday, sunday))
    assert (told(night)[2], night.early_min) == ("03:30", 30)
    assert (told(day)[0], day.late_min) == ("10:20", 20), "the night was short, the morning was not"


def test_a_festival_is_not_late_and_what_no_clock_saw_is_unknown(cast: Cast) -> None:
    FestivalDay.objects.create(shop=cast.shop, day=DAY, name="Holi", is_closed=True)
    FestivalDay.objects.create(shop=cast.shop, day=DAY + timedelta(days=1), name="Fair")
    sell_at(cast, [at("11:00"), at("11:00", DAY + timedelta(days=1))])
    shut, fair, nothing = opening_times(cast.shop, Period(DAY, DAY + timedelta(days=2), INDIA))
    assert (shut.closed_for, shut.late_min, shut.early_min) == ("Holi", None, None)
    assert (fair.closed_for, fair.late_min) == ("", 180), "open on a festival, and late"
    assert (nothing.opened, nothing.closed, nothing.late_min, nothing.early_min) == (None, None, None, None)
    assert nothing.is_over and "No clock" in in_words([shut, nothing])


def test_a_shop_that_never_closes_is_never_late(cast: Cast) -> None:
    cast.shop.opens_at = cast.shop.closes_at = time(6)
    cast.shop.save()
    sell_at(cast, [at("00:05"), at("23:50")])
    day = opening_of(cast.shop, DAY)
    assert (day.posted, day.late_min, day.early_min) == (None, None, None)
    assert day.opened and day.closed


def test_the_day_that_goes_on_has_not_closed_and_may_be_late_so_far(cast: Cast) -> None:
    def standing(clocks: bool, hours: float) -> OpeningDay:
        return replace(known if clocks else empty, is_over=False, now=at("08:00") + timedelta(hours=hours))

    empty = opening_of(cast.shop, DAY)
    sell_at(cast, [at("08:30")])
    known = opening_of(cast.shop, DAY)
    assert (standing(True, 2).closed, standing(True, 2).late_min, standing(True, 2).early_min) == (
        None,
        30,
        None,
    )
    assert [standing(False, hours).late_min for hours in (-30, -1, 0.1, 1.5)] == [None, None, None, 90]


@pytest.mark.parametrize(("clock", "late"), [("07:49", -11), ("07:50", 0), ("08:10", 0), ("08:11", 11)])
def test_ten_minutes_are_on_time(cast: Cast, clock: str, late: int) -> None:
    sell_at(cast, [at(clock), at("20:00")])
    assert opening_of(cast.shop, DAY).late_min == late


def test_a_voided_sale_and_a_poster_open_nothing(cast: Cast) -> None:
    (sale,) = sell_at(cast, [at("05:00")])
    reversals.void_sale(sale, actor=TESTS, reason="keyed twice")
    a_visit(cast.shop, at("03:00"), person=a_person(cast.shop, is_ignored=True))
    assert opening_of(cast.shop, DAY).opened is None


QUERIES = 3
"""Festivals, the marks of days that changed, and the totals."""


def test_the_page_shows_days_and_costs_the_same_for_one_as_for_many(
    cast: Cast, client_of: ClientOf, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    FestivalDay.objects.create(shop=cast.shop, day=date(2026, 3, 12), name="Holi", is_closed=True)
    staff_seen(cast.shop, "08:30", "20:00")
    client = client_of(cast.meena)
    client.get(f"{PAGE}?{DAYS}")
    with django_assert_max_num_queries(12):
        page = client.get(f"{PAGE}?{DAYS}").content.decode()
    for word in ("08:30", "30 min late", "Holi", "shut, or camera and till were off", "opening-times-wide"):
        assert word in page, word
    assert page.index("Thu 12 Mar 2026") < page.index("Mon 9 Mar 2026", page.index("<tbody>"))
    assert client.get(f"{PAGE}?from=soon").status_code == 400


def test_the_page_shows_the_day_that_goes_on_without_its_end(cast: Cast, client_of: ClientOf) -> None:
    sell_at(cast, [timezone.now() - timedelta(minutes=2)])
    answer = client_of(cast.meena).get(PAGE)
    assert answer.status_code == 200 and "is known: opened" in answer.content.decode()


def test_the_file_has_a_line_for_each_day(cast: Cast, client_of: ClientOf) -> None:
    staff_seen(cast.shop, "08:30", "20:00")
    sell_at(cast, [at("09:00")])
    FestivalDay.objects.create(shop=cast.shop, day=date(2026, 3, 11), name="=Holi", is_closed=True)
    path = "/s/water/opening-times.csv"
    lines = (
        client_of(cast.meena)
        .get(f"{path}?from=2026-03-10&to=2026-03-11")
        .content.decode("utf-8-sig")
        .splitlines()
    )
    assert lines[1:] == [
        "2026-03-10,08:00,08:30,face of staff,30,20:00,20:00,face of staff,0,08:30,20:00,,,09:00,09:00,",
        "2026-03-11,08:00,,,,20:00,,,,,,,,,,'=Holi",
    ]
    actor = Actor(cast.lakshmi, "tests")
    accounts.set_right(shop=cast.shop, role=Role.MANAGER, right=Right.EXPORT, is_allowed=False, actor=actor)
    assert client_of(cast.meena).get(path).status_code == 403
    assert "opening-times.csv" not in client_of(cast.meena).get(PAGE).content.decode()


def test_the_page_is_for_those_who_may_see_the_totals_of_this_shop(cast: Cast, client_of: ClientOf) -> None:
    neighbour = make_cast("next-door")
    sell_at(neighbour, [at("04:44")])
    assert opening_of(cast.shop, DAY).clocks == {}
    for page in (PAGE, "/s/water/opening-times.csv"):
        assert client_of(cast.ravi).get(page).status_code == 403
        assert client_of(cast.meena).get(page.replace("water", "next-door")).status_code == 404
