"""Sales and visits: the nearest visit within three minutes is suggested, and what a person decided stays."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from sales.models import Sale
from sales.reversals import void_sale
from tests.base import TESTS, Cast, make_cast, sell
from tests.vision.scene import a_person, a_visit, links
from vision import linking, tasks
from vision.models import SaleLink, Visit
from watershop import jobs
from watershop.audit import Actor
from watershop.models import AuditEntry, Job, Shop

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def suggest(shop: Shop) -> int:
    return linking.suggest(shop, Sale.objects.all())


def test_a_sale_inside_a_visit_is_a_suggestion(cast: Cast) -> None:
    visit = a_visit(cast.shop, NOON, 120)
    sale = sell(cast, sold_at=NOON + minutes(1))
    assert suggest(cast.shop) == 1
    assert links() == [(sale.code, visit.pk, "suggested")]
    assert SaleLink.objects.get().confidence == linking.INSIDE


def test_the_nearest_of_several_visits_is_suggested(cast: Cast) -> None:
    a_visit(cast.shop, NOON - minutes(5), 180)
    near = a_visit(cast.shop, NOON + minutes(1), 60)
    sell(cast, sold_at=NOON)
    suggest(cast.shop)
    assert [visit for _, visit, _ in links()] == [near.pk]


def test_of_people_in_the_shop_the_one_who_leaves_next_is_suggested(cast: Cast) -> None:
    a_visit(cast.shop, NOON, 900)
    leaving = a_visit(cast.shop, NOON + minutes(1), 180)
    sell(cast, sold_at=NOON + minutes(3.5))
    suggest(cast.shop)
    assert [visit for _, visit, _ in links()] == [leaving.pk]


@pytest.mark.parametrize(("away", "is_linked"), [(2.9, True), (3.1, False)])
@pytest.mark.parametrize("side", [-1, 1])
def test_three_minutes_are_the_limit(cast: Cast, away: float, side: int, is_linked: bool) -> None:
    visit = a_visit(cast.shop, NOON, 60)
    sold_at = NOON - minutes(away) if side < 0 else visit.exit_at + minutes(away)
    sell(cast, sold_at=sold_at)
    suggest(cast.shop)
    assert bool(links()) == is_linked


def test_confidence_falls_with_the_distance() -> None:
    assert [linking.confidence(minutes(m)) for m in (-1, 0, 1.5, 3)] == [0.9, 0.9, 0.55, 0.2]


def test_staff_voided_sales_and_other_shops_are_left_out(cast: Cast) -> None:
    a_visit(cast.shop, NOON, person=a_person(cast.shop, is_shop_staff=True))
    sell(cast, sold_at=NOON)
    later = NOON + minutes(60)
    a_visit(cast.shop, later)
    void_sale(sell(cast, sold_at=later), reason="wrong customer", actor=TESTS)
    neighbour = make_cast("next-door")
    a_visit(neighbour.shop, NOON)
    assert suggest(cast.shop) == 0 and links() == []


def test_running_it_twice_changes_nothing(cast: Cast) -> None:
    a_visit(cast.shop, NOON)
    sell(cast, sold_at=NOON)
    assert suggest(cast.shop) == 1
    before = list(SaleLink.objects.values())
    assert suggest(cast.shop) == 0
    assert list(SaleLink.objects.values()) == before


def test_a_suggestion_moves_when_a_nearer_visit_comes_to_light(cast: Cast) -> None:
    a_visit(cast.shop, NOON - minutes(3), 60)
    sell(cast, sold_at=NOON)
    suggest(cast.shop)
    nearer = a_visit(cast.shop, NOON)
    assert suggest(cast.shop) == 1
    assert [visit for _, visit, _ in links()] == [nearer.pk]


def test_a_confirmed_link_stays_whatever_comes_later(cast: Cast) -> None:
    visit = a_visit(cast.shop, NOON - minutes(3), 60)
    sell(cast, sold_at=NOON)
    suggest(cast.shop)
    linking.decide(SaleLink.objects.get(), is_right=True, actor=Actor(cast.meena, "tests"))
    a_visit(cast.shop, NOON)
    before = list(SaleLink.objects.values())
    assert suggest(cast.shop) == 0
    assert list(SaleLink.objects.values()) == before
    assert [row[1:] for row in links()] == [(visit.pk, "confirmed")]


def test_a_refused_pair_never_comes_back_and_the_next_visit_is_suggested(cast: Cast) -> None:
    second = a_visit(cast.shop, NOON - minutes(3), 60)
    first = a_visit(cast.shop, NOON)
    sell(cast, sold_at=NOON)
    suggest(cast.shop)
    for visit in (first, second):
        linking.decide(SaleLink.objects.get(visit=visit), is_right=False, actor=TESTS)
    assert suggest(cast.shop) == 0
    assert [row[1:] for row in links()] == [(first.pk, "refused"), (second.pk, "refused")]


def test_a_sale_has_one_visit_only(cast: Cast) -> None:
    first, second = a_visit(cast.shop, NOON), a_visit(cast.shop, NOON)
    sell(cast, sold_at=NOON)
    suggest(cast.shop)
    link = SaleLink.objects.get()
    linking.decide(link, is_right=False, actor=TESTS)
    linking.decide(SaleLink.objects.get(visit=second), is_right=True, actor=TESTS)
    assert link.visit == first
    with pytest.raises(ValidationError, match="another visit"):
        linking.decide(link, is_right=True, actor=TESTS)


def test_a_decision_is_in_the_audit(cast: Cast) -> None:
    a_visit(cast.shop, NOON)
    sell(cast, sold_at=NOON)
    suggest(cast.shop)
    linking.decide(SaleLink.objects.get(), is_right=True, actor=Actor(cast.meena, "tests"))
    entry = AuditEntry.objects.get(action="decide_link")
    assert (entry.user, entry.before, entry.after) == (
        cast.meena,
        {"state": "suggested"},
        {"state": "confirmed"},
    )


def test_a_finished_recording_links_the_sales_of_its_time(cast: Cast) -> None:
    visit = a_visit(cast.shop, NOON)
    sale, _later = sell(cast, sold_at=NOON), sell(cast, sold_at=NOON + minutes(60))
    job = jobs.enqueue(cast.shop, "vision.tasks.link_recording", visit.recording_id)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, links()) == (Job.State.DONE, [(sale.code, visit.pk, "suggested")])


def test_sales_written_down_later_are_linked_each_minute(cast: Cast) -> None:
    visit = a_visit(cast.shop, NOON)
    sale = sell(cast, sold_at=NOON)
    tasks.link_recent_sales()
    tasks.link_recent_sales()
    assert links() == [(sale.code, visit.pk, "suggested")]


def test_many_sales_take_no_more_queries_than_one(
    cast: Cast, django_assert_max_num_queries: Callable[..., object]
) -> None:
    for hour in range(8):
        a_visit(cast.shop, NOON + minutes(60 * hour))
        sell(cast, sold_at=NOON + minutes(60 * hour))
    with django_assert_max_num_queries(8):  # type: ignore[attr-defined]
        assert suggest(cast.shop) == 8


@pytest.mark.parametrize(("wish", "state"), [("confirm", "confirmed"), ("refuse", "refused")])
def test_the_page_confirms_and_refuses(
    cast: Cast, client_of: Callable[..., Client], wish: str, state: str
) -> None:
    visit = a_visit(cast.shop, NOON)
    sell(cast, sold_at=NOON)
    suggest(cast.shop)
    answer = client_of(cast.ravi).post(
        f"/s/water/links/{SaleLink.objects.get().pk}/", {"do": wish, "next": "/s/water/visits/"}
    )
    assert (answer.status_code, answer["Location"]) == (302, "/s/water/visits/")
    assert [row[1:] for row in links()] == [(visit.pk, state)]
    assert SaleLink.objects.get().decided_by == cast.ravi


def test_the_page_never_leads_away_from_the_shop(cast: Cast, client_of: Callable[..., Client]) -> None:
    visit = a_visit(cast.shop, NOON)
    sell(cast, sold_at=NOON)
    suggest(cast.shop)
    answer = client_of(cast.ravi).post(
        f"/s/water/links/{SaleLink.objects.get().pk}/", {"do": "confirm", "next": "https://evil.example/"}
    )
    assert answer["Location"] == f"/s/water/visits/{visit.pk}/"


def test_another_shops_link_is_not_there(cast: Cast, client_of: Callable[..., Client]) -> None:
    neighbour = make_cast("next-door")
    a_visit(neighbour.shop, NOON)
    sell(neighbour, sold_at=NOON)
    suggest(neighbour.shop)
    address = f"/s/water/links/{SaleLink.objects.get().pk}/"
    assert client_of(cast.lakshmi).post(address, {"do": "confirm"}).status_code == 404
    assert Visit.objects.count() == 1
