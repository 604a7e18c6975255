"""Who came: new, returning, not recognised; accounts instead of faces; the page, its file and the phone's answer."""

from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from analytics.visitors import Visitors, regulars, repeat_visitors, visitors, visitors_by_day
from tests.base import Cast, make_cast
from tests.vision.crowd import came
from tests.vision.scene import a_camera, a_person, a_recording
from vision.models import Person, VisionSettings, Visit
from watershop import accounts
from watershop.audit import Actor
from watershop.dates import Period
from watershop.models import Right, Role, Shop, User

ClientOf = Callable[[User], Client]
INDIA = ZoneInfo("Asia/Kolkata")
NOON = datetime(2026, 3, 10, 12, tzinfo=INDIA)
DAYS = "from=2026-03-10&to=2026-03-12"
PERIOD = Period(NOON.date(), NOON.date() + timedelta(days=2), INDIA)
VISITORS = "/s/water/visitors/"


def visit(shop: Shop, person: Person | None, day: int = 0, minute: float = 0, minutes: float = 5) -> Visit:
    """A stay so many days and minutes after noon of the tenth."""
    entry = NOON + timedelta(days=day, minutes=minute)
    return Visit.objects.create(
        **{"shop": shop, "recording": a_recording(shop, entry), "person": person},
        **{"entry_at": entry, "exit_at": entry + timedelta(minutes=minutes)},
    )


def test_somebody_is_new_on_their_first_day_and_returning_from_then_on(cast: Cast) -> None:
    regular, stranger = a_person(cast.shop), a_person(cast.shop)
    visit(cast.shop, regular, day=-1)
    for day, person in ((0, regular), (0, stranger), (0, None), (2, stranger), (2, stranger)):
        visit(cast.shop, person, day)
    days = [row.visitors for row in visitors_by_day(cast.shop, PERIOD)]
    assert days == [Visitors(3, 1, 1, 1), Visitors(0, 0, 0, 0), Visitors(2, 0, 1, 0)]
    assert visitors(cast.shop, PERIOD) == Visitors(5, 1, 1, 1)
    assert repeat_visitors(cast.shop, PERIOD) == 1, "twice on one day is no second day"


def test_who_works_here_and_what_does_not_count_are_no_visitors(cast: Cast) -> None:
    for fields in ({"is_shop_staff": True}, {"is_ignored": True}):
        person = a_person(cast.shop, **fields)
        visit(cast.shop, person, 0)
        visit(cast.shop, person, 1)
    assert visitors(cast.shop, PERIOD) == Visitors(0, 0, 0, 0)
    assert (repeat_visitors(cast.shop, PERIOD), regulars(cast.shop, PERIOD)) == (0, [])


def test_two_faces_of_one_account_are_one_visitor_who_came_once(cast: Cast) -> None:
    payer, carrier = (a_person(cast.shop, customer=cast.asha) for _ in range(2))
    visit(cast.shop, payer, day=-3)
    visit(cast.shop, carrier, 0)
    assert visitors(cast.shop, PERIOD) == Visitors(1, 0, 1, 0), "the account was here before"
    visit(cast.shop, payer, 0, minute=1)
    visit(cast.shop, payer, 1)
    (asha,) = regulars(cast.shop, PERIOD)
    assert (asha.customer_id, asha.person_id, asha.name) == (cast.asha.pk, None, "Asha")
    assert (asha.visits, asha.days, asha.faces) == (2, 2, 2)
    assert repeat_visitors(cast.shop, PERIOD) == 1


def test_one_whom_two_cameras_saw_at_a_time_came_once(cast: Cast) -> None:
    person = a_person(cast.shop)
    for minute in (0, 0, 4, 30):
        visit(cast.shop, person, minute=minute)
    (row,) = regulars(cast.shop, PERIOD)
    assert (row.visits, row.days, row.faces, row.name) == (2, 1, 1, "P_0001")


def test_the_page_takes_few_queries_however_many_came(
    cast: Cast, client_of: ClientOf, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        customer = {1: cast.asha, 2: cast.asha, 3: cast.bala}.get(number)
        came_often = a_person(cast.shop, customer=customer)
        for day in range(2):
            visit(cast.shop, came_often, day, minute=10 * number)
    client = client_of(cast.meena)
    client.get(VISITORS)  # makes the shop's settings
    with django_assert_max_num_queries(12):
        page = client.get(f"{VISITORS}?{DAYS}").content.decode()
    assert page.count('class="list__title"') == 11 and "3 faces" not in page and "2 faces" in page


@pytest.mark.parametrize(("days", "says"), [(12, "remembered for 12 days"), (0, "new each time")])
def test_every_page_that_says_new_says_how_long_faces_are_remembered(
    cast: Cast, client_of: ClientOf, days: int, says: str
) -> None:
    VisionSettings.objects.update_or_create(shop=cast.shop, defaults={"unnamed_days": days})
    a_camera(cast.shop)
    for page in (VISITORS, "/s/water/dashboard/"):
        assert says in client_of(cast.meena).get(page).content.decode(), page


def test_the_numbers_can_be_taken_to_a_spreadsheet_by_who_may_export(cast: Cast, client_of: ClientOf) -> None:
    visit(cast.shop, a_person(cast.shop, name="=1+1"))
    visit(cast.shop, a_person(cast.shop, customer=cast.asha), 1)
    file = client_of(cast.meena).get(f"/s/water/visitors.csv?{DAYS}").content.decode("utf-8-sig")
    assert file.splitlines() == [
        "Visitor,Visits,Days,Faces,Last visit",
        "Asha,1,1,1,2026-03-11",
        "'=1+1,1,1,1,2026-03-10",
    ]
    actor = Actor(cast.lakshmi, "tests")
    accounts.set_right(shop=cast.shop, role=Role.MANAGER, right=Right.EXPORT, is_allowed=False, actor=actor)
    assert client_of(cast.meena).get("/s/water/visitors.csv").status_code == 403
    assert "visitors.csv" not in client_of(cast.meena).get(VISITORS).content.decode()


def test_faces_are_shown_to_those_who_may_see_them(cast: Cast, client_of: ClientOf) -> None:
    person = a_person(cast.shop)
    came(cast.shop, person, [0.0])
    page = client_of(cast.meena).get(VISITORS).content.decode()
    assert "/faces/" in page and f"/persons/{person.pk}/" in page
    actor = Actor(cast.lakshmi, "tests")
    accounts.set_right(
        shop=cast.shop, role=Role.MANAGER, right=Right.SEE_FACES, is_allowed=False, actor=actor
    )
    page = client_of(cast.meena).get(VISITORS).content.decode()
    assert "P_0001" in page and "/faces/" not in page and "/persons/" not in page


def test_the_page_is_for_those_who_may_see_the_totals_of_this_shop(cast: Cast, client_of: ClientOf) -> None:
    neighbour = make_cast("next-door")
    visit(neighbour.shop, a_person(neighbour.shop, name="Foreign"))
    assert "Foreign" not in client_of(cast.meena).get(f"{VISITORS}?{DAYS}").content.decode()
    for page in (VISITORS, "/s/water/visitors.csv"):
        assert client_of(cast.ravi).get(page).status_code == 403
        assert client_of(cast.meena).get(page.replace("water", "next-door")).status_code == 404
    unread = client_of(cast.meena).get(f"{VISITORS}?from=soon")
    assert unread.status_code == 400 and "is not a day" in unescape(unread.content.decode())


def test_the_phone_is_told_the_same(cast: Cast, api_of: Callable[[User], APIClient]) -> None:
    person = a_person(cast.shop, customer=cast.asha)
    for day, who in ((0, person), (1, person), (1, None)):
        visit(cast.shop, who, day)
    url = "/api/v1/shops/water/visitors/"
    answer = api_of(cast.meena).get(url, {"from": "2026-03-10", "to": "2026-03-11"}).json()
    (asha,) = answer.pop("regulars")
    assert asha.pop("last_at").startswith("2026-03-11T12:00")
    assert asha == {
        **{"customer": cast.asha.pk, "person": None, "name": "Asha"},
        **{"visits": 2, "days": 2, "faces": 1},
    }
    assert answer == {
        **{"first": "2026-03-10", "last": "2026-03-11", "remembered_days": 30},
        **{"visits": 3, "new": 1, "returning": 0, "repeat": 1, "anonymous": 1},
        "days": [
            {"day": "2026-03-10", "visits": 1, "new": 1, "returning": 0, "anonymous": 0},
            {"day": "2026-03-11", "visits": 2, "new": 0, "returning": 1, "anonymous": 1},
        ],
    }
    assert api_of(cast.ravi).get(url).status_code == 403
    assert api_of(cast.meena).get(url.replace("water", "next-door")).status_code == 404
