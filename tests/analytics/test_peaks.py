"""Peak hours and clerks: what is counted and from what, what follows from it in rupees, and the page that says so."""

import math
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from analytics import arrivals, peaks
from analytics.arrivals import Cards, ServiceSource, Source
from analytics.models import FestivalDay, NumbersSettings
from analytics.peak_words import peak_and_idle, worth_of_clerks
from analytics.peaks import HalfHour, Week
from analytics.staffing import Counter
from tests.base import TESTS, Cast, make_cast
from tests.vision.scene import a_person, a_recording, sell_at
from vision.models import Card, Visit
from watershop.dates import Period
from watershop.models import AuditEntry, Shop, User

ClientOf = Callable[[User], Client]
INDIA = ZoneInfo("Asia/Kolkata")
MONDAY = date(2026, 3, 2)
PAGE = "/s/water/staffing/"
TWO_WEEKS = Period(MONDAY, MONDAY + timedelta(days=13), INDIA)


TOO_MUCH = ({"staff_now": 61}, {"wait_s": 3601}, {"patience_s": 2_000_000_000}, {"service_s": 3601})


def at(clock: str, day: int = 0) -> datetime:
    """So many days after the first Monday."""
    return datetime.combine(MONDAY + timedelta(days=day), time.fromisoformat(clock), INDIA)


def came(
    shop: Shop, times: list[datetime], *, seconds: float = 120, counter_s: float = 0, **fields: object
) -> list[Visit]:
    """A visit of nobody known at each of these times, so long, and so long at the counter."""
    recording = a_recording(shop, times[0])
    visits = [
        Visit(
            **{"shop": shop, "recording": recording, "entry_at": entry},
            **{"exit_at": entry + timedelta(seconds=seconds)} | fields,
        )
        for entry in times
    ]
    for visit in visits if counter_s else ():
        visit.counter_from_at = visit.entry_at
        visit.counter_until_at = visit.entry_at + timedelta(seconds=counter_s)
    return Visit.objects.bulk_create(visits)


def minutes_from(clock: str, count: int, day: int = 0) -> list[datetime]:
    """One a minute."""
    return [at(clock, day) + timedelta(minutes=n) for n in range(count)]


def cell(week: Week, weekday: int, clock: str) -> HalfHour:
    slot = 2 * int(clock[:2]) + (clock[3:] == "30")
    return next(each for each in week.weekdays[weekday] if each.slot == slot)


def test_arrivals_are_the_mean_of_the_days_on_which_anything_happened(cast: Cast) -> None:
    came(cast.shop, [*minutes_from("09:00", 12), *minutes_from("18:30", 3), *minutes_from("09:00", 4, day=7)])
    week = peaks.week(cast.shop, TWO_WEEKS)
    assert list(week.weekdays) == [0], "nothing happened on another weekday"
    morning, evening = cell(week, 0, "09:00"), cell(week, 0, "18:30")
    assert (morning.days, morning.came, morning.source) == (2, 8.0, Source.VISITS)
    assert (evening.days, evening.came) == (2, 1.5)
    assert week.slots == list(range(16, 40)), "the posted hours"


def test_staff_posters_and_festivals_do_not_count(cast: Cast) -> None:
    for fields in ({"is_shop_staff": True}, {"is_ignored": True}):
        came(cast.shop, minutes_from("09:00", 5), person=a_person(cast.shop, **fields))
    came(cast.shop, [*minutes_from("09:00", 6), *minutes_from("09:00", 20, day=7)])
    FestivalDay.objects.create(shop=cast.shop, day=MONDAY + timedelta(days=7), name="Holi")
    week = peaks.week(cast.shop, TWO_WEEKS)
    assert (cell(week, 0, "09:00").days, cell(week, 0, "09:00").came) == (1, 6.0)


def test_sales_stand_in_where_no_camera_watched_and_it_is_said(cast: Cast) -> None:
    sell_at(cast, [at(f"{hour:02}:05", day) for day in (0, 7) for hour in range(8, 20)])
    came(cast.shop, minutes_from("10:00", 20))  # a film of half an hour is no watched day
    monday = peaks.week(cast.shop, TWO_WEEKS).weekdays[0]
    assert {each.source for each in monday} == {Source.SALES}
    assert [each.came for each in monday[:4]] == [1.0, 0.0, 1.0, 0.0] and monday[0].days == 2


def test_a_camera_that_saw_the_buyers_watched_also_where_they_came_in_a_half_hour_earlier(cast: Cast) -> None:
    hours = range(8, 20)
    sell_at(cast, [at(f"{hour:02}:31", day) for day in (0, 7) for hour in hours])
    came(cast.shop, [at(f"{hour:02}:{minute}") for hour in hours for minute in (28, 29)])
    week = peaks.week(cast.shop, TWO_WEEKS)
    half_hour = cell(week, 0, "08:00")
    assert (half_hour.source, half_hour.days, half_hour.came) == (Source.VISITS, 1, 2.0), (
        "the unwatched Monday is out"
    )
    assert week.usual.worth == arrivals.Worth(Decimal(20), 0.5), "one of two bought, 20 rupees each"


def test_an_evening_past_midnight_is_counted_on_its_own_weekday(cast: Cast) -> None:
    cast.shop.opens_at, cast.shop.closes_at = time(17), time(1)
    cast.shop.save()
    came(cast.shop, [*minutes_from("23:00", 2), *minutes_from("00:30", 5, day=1)])
    came(cast.shop, minutes_from("00:30", 9))  # the Sunday before the first Monday
    week = peaks.week(cast.shop, TWO_WEEKS)
    assert list(week.weekdays) == [0] and cell(week, 0, "00:30").came == 5.0
    assert week.slots == [*range(34, 48), 0, 1]
    assert week.busiest and list(week.busiest.slots) == [46, 47, 0, 1]


def test_serving_is_measured_at_the_counter_else_in_the_shop_else_it_is_said(cast: Cast) -> None:
    def found() -> tuple[float, ServiceSource, int]:
        service = arrivals.service(cast.shop, TWO_WEEKS, 45)
        return round(service.seconds, 1), service.source, service.stays

    came(cast.shop, minutes_from("09:00", 19), seconds=200)
    assert found() == (45, ServiceSource.SAID, 0), "nineteen are too few"
    came(cast.shop, [at("10:00"), at("10:00")], seconds=200)
    assert found() == (200, ServiceSource.STAY, 21)
    came(cast.shop, minutes_from("11:00", 40), counter_s=70)
    came(cast.shop, [at("12:00")], seconds=7200, counter_s=7200)
    came(cast.shop, minutes_from("13:00", 9), counter_s=4)
    assert found() == (70, ServiceSource.COUNTER, 41), (
        "who chats for hours counts once, who passes by does not"
    )
    came(cast.shop, minutes_from("14:00", 50), counter_s=500, person=a_person(cast.shop, is_shop_staff=True))
    assert found() == (70, ServiceSource.COUNTER, 41)


def a_rush(cast: Cast, **settings: object) -> Week:
    """Thirty come in half an hour on Monday, every other of whom buys for 20 rupees; a minute and a half each."""
    NumbersSettings.objects.update_or_create(shop=cast.shop, defaults={"service_s": 90, **settings})
    came(cast.shop, minutes_from("18:00", 30), seconds=20)
    sell_at(cast, minutes_from("18:00", 15))
    return peaks.week(cast.shop, TWO_WEEKS)


def test_the_suggestion_says_what_waiting_costs_and_what_a_clerk_costs(cast: Cast) -> None:
    rush = cell(a_rush(cast, wage=60, wait_s=120, patience_s=300), 0, "18:00")
    counter = Counter(30 / 1800, 90)
    assert rush.needed == counter.staff_for(120, 0.9) == 3
    assert rush.wait_s == rush.nine_of_ten_s == math.inf
    assert not rush.keeps_up and rush.extra == 2 and rush.extra_wage == Decimal(60)
    leaving = 30 * counter.leaving_share(1, 300)
    assert rush.walk_aways == pytest.approx(leaving)
    assert rush.lost == pytest.approx(Decimal(leaving / 2 * 20), abs=Decimal("0.01"))
    assert Decimal(0) < rush.kept < rush.lost and rush.kept > rush.extra_wage
    assert not rush.is_cheaper_to_wait


def test_it_is_cheaper_to_let_people_wait_where_a_clerk_costs_more_than_they_buy(cast: Cast) -> None:
    week = a_rush(cast, wage=400)
    assert cell(week, 0, "18:00").is_cheaper_to_wait
    words = worth_of_clerks(week.weekdays[0])
    assert words.startswith("In 1 half-hour it is cheaper to let people wait: ₹400 of wage would keep ₹")
    for settings, says in (
        ({"wage": 2}, "More clerks pay in 1 half-hour: ₹2 of wage keeps ₹"),
        ({"staff_now": 5}, "The clerks of now keep the wait short all day."),
    ):
        peaks.change_settings(cast.shop, actor=TESTS, **settings)
        assert worth_of_clerks(peaks.week(cast.shop, TWO_WEEKS).weekdays[0]).startswith(says)


def test_the_peak_and_the_idle_hours_are_named(cast: Cast) -> None:
    for day in (5, 12):
        came(cast.shop, [*minutes_from("18:00", 30, day), *minutes_from("19:00", 10, day)])
    came(
        cast.shop,
        [at(f"{hour:02}:{minute}", 1) for hour in range(8, 20) for minute in (10, 40) if hour != 14],
    )
    assert peak_and_idle(peaks.week(cast.shop, TWO_WEEKS)) == (
        "Busiest: Saturday 17:30–19:30, with 10.0 customers in half an hour. Quietest: Saturday 8:00–10:00, with 0.0."
    )
    assert peak_and_idle(peaks.week(make_cast("next-door").shop, TWO_WEEKS)) == ""


def test_cards_stand_beside_what_is_reckoned(cast: Cast) -> None:
    visits = came(cast.shop, minutes_from("18:05", 6))
    for visit, outcome in zip(
        visits, ["enquiry", "enquiry", "", "missed", "companion", "wrong"], strict=True
    ):
        Card.objects.create(
            **{"shop": cast.shop, "kind": Card.Kind.NO_SALE, "key": str(visit.pk), "visit": visit},
            **{"at": visit.entry_at, "outcome": outcome, "decided_at": timezone.now() if outcome else None},
        )
    Card.objects.create(shop=cast.shop, kind=Card.Kind.VARIANCE, key="other", at=at("18:10"))
    week = peaks.week(cast.shop, TWO_WEEKS)
    assert cell(week, 0, "18:00").cards == week.cards == Cards(left=2, undecided=1)


def test_the_page_costs_the_same_however_many_came(
    cast: Cast, client_of: ClientOf, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    yesterday = timezone.now().replace(hour=6, minute=0) - timedelta(days=1)
    came(
        cast.shop,
        [yesterday - timedelta(days=n, minutes=m) for n in range(15) for m in range(20)],
        counter_s=90,
    )
    client = client_of(cast.meena)
    client.get(PAGE)
    with django_assert_max_num_queries(14):
        page = client.get(f"{PAGE}?weeks=4&weekday=2").content.decode()
    for word in ("Busiest:", "Clerks on Wednesday", "time at the counter", "from visits", "arrivals-wide"):
        assert word in page, word
    assert "Clerks on" in client.get(f"{PAGE}?weeks=999&weekday={'9' * 5000}").content.decode()
    assert "Nothing was counted" in client_of(make_cast("new").meena).get("/s/new/staffing/").content.decode()


def test_a_manager_sets_the_counter_and_it_is_written_down(cast: Cast, client_of: ClientOf) -> None:
    path = f"{PAGE}settings/"
    told = {"staff_now": 2, "wage": "75.50", "wait_s": 90, "patience_s": 240, "service_s": 50}
    client = client_of(cast.meena)
    assert client.post(path, told).status_code == 302
    row = NumbersSettings.of(cast.shop)
    assert (row.staff_now, row.wage, row.wait_s, row.service_s) == (2, Decimal("75.50"), 90, 50)
    entry = AuditEntry.objects.get(action="change_numbers_settings")
    assert entry.user == cast.meena and entry.after and entry.after["staff_now"] == 2
    for wrong in (
        {"staff_now": 0},
        {"wait_s": 0},
        {"patience_s": 0},
        {"service_s": 0},
        {"wage": -1},
        *TOO_MUCH,
    ):
        assert client.post(path, told | wrong).status_code == 422, wrong
    assert "Settings" in client.get(PAGE).content.decode()


def test_the_pages_are_for_those_who_may_see_the_totals_of_this_shop(cast: Cast, client_of: ClientOf) -> None:
    neighbour = make_cast("next-door")
    came(neighbour.shop, minutes_from("09:00", 5))
    assert peaks.week(cast.shop, TWO_WEEKS).weekdays == {}
    for page in (PAGE, f"{PAGE}settings/"):
        assert client_of(cast.ravi).get(page).status_code == 403
        assert client_of(cast.meena).get(page.replace("water", "next-door")).status_code == 404
        assert client_of(cast.meena).get(page).status_code == 200
