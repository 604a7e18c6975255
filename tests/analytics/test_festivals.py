"""The list of festival days: the owner keeps it, the forecast reads it."""

from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from analytics import festivals
from analytics.models import FestivalDay
from tests.base import TESTS, Cast, make_cast
from watershop.models import AuditEntry, Shop, User

ClientOf = Callable[[User], Client]
PAGE = "/s/water/festivals/"
DIWALI = date(2026, 11, 8)


@pytest.fixture(autouse=True)
def _mid_november(monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Asia/Kolkata"))
    monkeypatch.setattr(timezone, "now", lambda: now)


def days(shop: Shop) -> list[tuple[date, str, bool]]:
    return list(FestivalDay.objects.filter(shop=shop).values_list("day", "name", "is_closed"))


def deeds() -> list[str]:
    return list(AuditEntry.objects.filter(action__contains="festival").values_list("action", flat=True))


def test_a_day_is_added_closed_opened_and_removed_and_each_deed_is_written_down(
    cast: Cast, client_of: ClientOf
) -> None:
    client, form = client_of(cast.lakshmi), {"day": "2026-11-08", "name": "Diwali"}
    assert client.post(f"{PAGE}save/", form).status_code == 302
    client.post(f"{PAGE}save/", form | {"is_closed": "on"})
    assert days(cast.shop) == [(DIWALI, "Diwali", True)]
    assert "Mark as open" in client.get(PAGE).content.decode()
    client.post(f"{PAGE}save/", form)
    client.post(f"{PAGE}save/", form)
    assert days(cast.shop) == [(DIWALI, "Diwali", False)]
    client.post(f"{PAGE}{FestivalDay.objects.get().pk}/remove/")
    assert days(cast.shop) == []
    assert sorted(deeds()) == ["add_festival_day", *["change_festival_day"] * 2, "remove_festival_day"]


@pytest.mark.parametrize(
    "form", [{"day": "2026-11-08"}, {"day": "8.11.", "name": "x"}, {"day": "0026-11-08", "name": "x"}]
)
def test_a_day_without_a_name_or_of_another_century_is_refused(
    cast: Cast, client_of: ClientOf, form: dict[str, str]
) -> None:
    answer = client_of(cast.meena).post(f"{PAGE}save/", form)
    assert answer.status_code == 422 and days(cast.shop) == []
    with pytest.raises(ValidationError):
        festivals.save(cast.shop, day=DIWALI, name="", is_closed=False, actor=TESTS)


def test_fixed_dates_are_suggested_and_come_onto_the_list_when_they_are_ticked(
    cast: Cast, client_of: ClientOf
) -> None:
    suggested = {each.key: each for each in festivals.suggestions(cast.shop)}
    assert suggested["01-26"].days == [date(2026, 1, 26), date(2027, 1, 26)]
    assert {"01-14", "01-15", "08-15", "10-02", "12-25"} <= suggested.keys()
    client = client_of(cast.lakshmi)
    client.post(f"{PAGE}suggested/", {"key": ["01-26", "12-25", "02-30"]})
    assert [day for day, _name, _closed in days(cast.shop)] == [
        *(date(2025, 12, 25), date(2026, 1, 26), date(2026, 12, 25), date(2027, 1, 26))
    ]
    assert not {"01-26", "12-25"} & {each.key for each in festivals.suggestions(cast.shop)}
    assert "Tick a festival first" in client.post(f"{PAGE}suggested/", follow=True).content.decode()


def test_clerks_and_neighbours_have_no_hand_in_the_list(cast: Cast, client_of: ClientOf) -> None:
    row = festivals.save(cast.shop, day=DIWALI, name="Diwali", is_closed=False, actor=TESTS)
    doors = (PAGE, f"{PAGE}save/", f"{PAGE}suggested/", f"{PAGE}{row.pk}/remove/")
    assert {client_of(cast.ravi).post(door).status_code for door in doors} == {403}
    neighbour = make_cast("milk")
    assert client_of(neighbour.lakshmi).get(PAGE).status_code == 404
    assert client_of(neighbour.lakshmi).post(f"/s/milk/festivals/{row.pk}/remove/").status_code == 404
    assert "Diwali" not in client_of(neighbour.lakshmi).get("/s/milk/festivals/").content.decode()
    assert days(cast.shop) and not days(neighbour.shop)


def test_the_page_takes_few_queries_however_long_the_list_is(
    cast: Cast, client_of: ClientOf, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    festivals.add_suggested(
        cast.shop, [f"{month:02}-{day:02}" for month, day in festivals.EVERY_YEAR], actor=TESTS
    )
    client = client_of(cast.meena)
    with django_assert_max_num_queries(9):
        page = client.get(PAGE).content.decode()
    assert page.count('class="list__title"') == FestivalDay.objects.count() == 18
