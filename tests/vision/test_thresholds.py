"""What if the bar were elsewhere: visits and known mistakes at other distances, and a bar set by hand."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from sales.models import SalesSettings
from tests.base import TESTS, Cast, make_cast, sell
from tests.vision.crowd import came
from tests.vision.scene import a_person
from vision import decisions, pipeline
from vision.models import Camera, Person, VisionSettings
from vision.thresholds import Bar, set_bar, what_if
from watershop.models import AuditEntry, User

ClientOf = Callable[[User], Client]
PAGE = "/s/water/faces/what-if/"


@pytest.fixture
def regular(cast: Cast) -> Person:
    """Came three times, each time looking a little different; and somebody else who is far from everybody."""
    person = a_person(cast.shop)
    for hour, place in enumerate((0.0, 0.3, 0.7)):
        came(cast.shop, person, [place], hour=-hour)
    came(cast.shop, a_person(cast.shop), [5.0], hour=-4)
    return person


def test_a_looser_bar_recognises_more_visits(cast: Cast, regular: Person) -> None:
    found = what_if(cast.shop, Bar.ACCEPT)
    assert (found.asked, found.decided, found.now.visits) == (4, 0, 2)
    counts = [point.visits for point in found.points]
    assert counts == sorted(counts)
    assert [found.at(at).visits for at in (0.27, 0.35, 0.41)] == [1, 2, 3], (
        "0.3 lies near the mean of the others"
    )


def test_a_mistake_is_known_where_somebody_has_decided(cast: Cast, regular: Person) -> None:
    alike = came(cast.shop, regular, [-0.35], hour=-5)
    decisions.not_this(alike, TESTS)
    found = what_if(cast.shop, Bar.ACCEPT)
    assert found.decided == 1
    assert [found.at(at).mistakes for at in (0.3, 0.34, 0.36, 0.5)] == [0, 0, 1, 1]


def test_to_take_one_face_of_an_account_for_another_is_no_mistake(cast: Cast) -> None:
    one, other = (a_person(cast.shop, customer=cast.asha) for _ in range(2))
    came(cast.shop, one, [0.0])
    visit = came(cast.shop, None, [0.1], hour=1)
    decisions.confirm(visit, other, TESTS)
    found = what_if(cast.shop, Bar.ACCEPT)
    assert found.decided == 1 and found.at(0.3).visits == 2 and found.at(0.3).mistakes == 0


def test_debtor_alerts_count_the_visits_of_those_who_are_late(cast: Cast) -> None:
    SalesSettings.objects.update_or_create(shop=cast.shop, defaults={"late_sales": 1})
    asha, bala = a_person(cast.shop, customer=cast.asha), a_person(cast.shop, customer=cast.bala)
    for place, person in ((0.0, asha), (9.0, bala)):
        for hour in range(2):
            came(cast.shop, person, [place + 0.3 * hour], hour=place + hour)
    assert what_if(cast.shop, Bar.DEBTOR).at(0.35).visits == 0
    sell(cast, customer=cast.asha, is_paid=False)
    found = what_if(cast.shop, Bar.DEBTOR)
    assert [found.at(at).visits for at in (0.28, 0.35)] == [0, 2]
    assert what_if(cast.shop, Bar.TILL).at(0.35).visits == 4


def test_a_bar_set_by_hand_holds_at_every_camera_and_can_go_back(cast: Cast, regular: Person) -> None:
    camera = Camera.objects.get(shop=cast.shop)
    before = pipeline.eye_of(camera).bar(60)
    set_bar(cast.shop, Bar.ACCEPT, 0.5, TESTS)
    assert (pipeline.eye_of(camera).bar(60).accept_at, pipeline.eye_of(camera).bar(30).review_at) == (
        0.5,
        0.5,
    )
    assert what_if(cast.shop, Bar.ACCEPT).now.at == 0.5
    set_bar(cast.shop, Bar.ACCEPT, None, TESTS)
    assert pipeline.eye_of(camera).bar(60) == before
    assert AuditEntry.objects.filter(action="change_vision_settings").count() == 2


def test_the_page_says_it_in_a_sentence_and_a_manager_sets_it(
    cast: Cast, regular: Person, client_of: ClientOf
) -> None:
    meena = client_of(cast.meena)
    page = meena.get(PAGE, {"bar": "accept_at", "at": "0.27"}).content.decode()
    assert "At 0.27:" in page and "1 visit fewer" in page and "0 known mistakes" in page
    assert "per camera" in page and page.count("<polygon") == 1
    for bar in Bar:
        assert meena.get(PAGE, {"bar": bar.value}).status_code == 200
    answer = meena.post(f"{PAGE}set/", {"bar": "debtor_at", "at": "0.28"})
    assert answer["Location"] == f"{PAGE}?bar=debtor_at"
    assert VisionSettings.of(cast.shop).debtor_at == 0.28
    assert "Back to the usual one" in meena.get(f"{PAGE}?bar=debtor_at").content.decode()
    meena.post(f"{PAGE}set/", {"bar": "debtor_at", "at": ""})
    meena.post(f"{PAGE}set/", {"bar": "accept_at", "at": "9"})
    wishes = VisionSettings.of(cast.shop)
    assert (wishes.debtor_at, wishes.accept_at) == (None, None)


def test_the_page_of_a_shop_that_nobody_has_come_to_is_empty_and_whole(
    cast: Cast, client_of: ClientOf
) -> None:
    assert "0 visits" in client_of(cast.meena).get(PAGE).content.decode()


def test_the_page_takes_few_queries_however_many_came(
    cast: Cast, client_of: ClientOf, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for place in range(12):
        came(cast.shop, a_person(cast.shop), [2.0 * place, 2.0 * place + 0.1], hour=-place)
    client = client_of(cast.meena)
    client.get(PAGE)
    with django_assert_max_num_queries(20):
        client.get(PAGE)


def test_bars_are_a_managers_in_their_own_shop(cast: Cast, client_of: ClientOf) -> None:
    make_cast("next-door")
    assert client_of(cast.ravi).get(PAGE).status_code == 403
    assert client_of(cast.ravi).post(f"{PAGE}set/", {"bar": "till_at", "at": "0.5"}).status_code == 403
    assert client_of(cast.meena).get("/s/next-door/faces/what-if/").status_code == 404
