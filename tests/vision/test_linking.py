"""Sales and visits: the sure ones are linked, the doubtful ones asked about, and what a person decided stays."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sales.models import Sale
from sales.reversals import void_sale
from tests.base import TESTS, Cast, make_cast, sell
from tests.vision.scene import a_busy_day, a_person, a_visit, links
from vision import clocks, linking, tasks
from vision.models import Camera, ClockEstimate, CounterChoice, Recording, SaleLink, Tracklet, Visit
from watershop import jobs
from watershop.audit import Actor
from watershop.models import AuditEntry, Job, Shop

SignIn = Callable[..., Client]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
State = SaleLink.State


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def link(shop: Shop, at: datetime = NOON) -> int:
    return linking.link_between(shop, at - timedelta(hours=1), at + timedelta(hours=1))


def sell_at_till(cast: Cast, at: datetime, **fields: object) -> Sale:
    """A sale whose second the till's own clock has kept."""
    return sell(cast, 1, sold_at=at, device_at=at, **fields)


def with_a_sure_clock() -> None:
    """The camera is watched live: it has the till's clock."""
    Camera.objects.update(kind=Camera.Kind.STREAM)


def of(visit: Visit) -> tuple[int, str]:
    row = SaleLink.objects.get(visit=visit)
    return row.visit_id, row.state


def test_who_leaves_as_the_sale_is_made_is_linked(cast: Cast) -> None:
    visit = a_visit(cast.shop, NOON)
    with_a_sure_clock()
    sale = sell_at_till(cast, visit.exit_at)
    assert link(cast.shop) == 1
    assert links() == [(sale.code, visit.pk, "linked")]
    row = SaleLink.objects.get()
    assert row.confidence >= 0.95 and row.because["seconds"] == 0 and row.because["time"] > 3


def test_where_the_cameras_clock_is_not_known_a_person_is_asked(cast: Cast) -> None:
    visit = a_visit(cast.shop, NOON)
    sell_at_till(cast, visit.exit_at)
    link(cast.shop)
    assert of(visit) == (visit.pk, "suggested")


def test_where_the_time_of_a_sale_is_from_memory_a_person_is_asked(cast: Cast) -> None:
    visit = a_visit(cast.shop, NOON)
    with_a_sure_clock()
    sell(cast, sold_at=visit.exit_at)
    link(cast.shop)
    assert of(visit) == (visit.pk, "suggested")


def test_the_cameras_clock_is_taken_into_account(cast: Cast) -> None:
    day = a_busy_day(cast, NOON - timedelta(hours=3), behind_s=252, visits=60)
    clocks.consider(day.camera, NOON + timedelta(hours=3))
    visit = a_visit(cast.shop, NOON + timedelta(hours=4))
    sell_at_till(cast, visit.exit_at + seconds(250))
    link(cast.shop, NOON + timedelta(hours=4))
    assert of(visit) == (visit.pk, "linked")


def test_of_two_who_leave_together_neither_is_named(cast: Cast) -> None:
    for _ in range(2):
        a_visit(cast.shop, NOON)
    sell_at_till(cast, NOON + minutes(1))
    assert link(cast.shop) == 0 and links() == []


def test_a_recognised_customer_tells_them_apart(cast: Cast) -> None:
    asha = a_visit(cast.shop, NOON, person=a_person(cast.shop, customer=cast.asha))
    a_visit(cast.shop, NOON, person=a_person(cast.shop, customer=cast.bala))
    with_a_sure_clock()
    sell_at_till(cast, NOON + minutes(1), customer=cast.asha)
    link(cast.shop)
    assert of(asha) == (asha.pk, "linked")


def test_the_face_that_the_clerk_chose_for_a_sale_is_its_buyer(cast: Cast) -> None:
    chosen, _other = a_visit(cast.shop, NOON), a_visit(cast.shop, NOON)
    sell_at_till(cast, NOON + minutes(1), client_ref="till-1")
    CounterChoice.objects.create(
        shop=cast.shop,
        camera=chosen.recording.camera,
        first_at=NOON,
        last_at=NOON,
        customer=cast.asha,
        client_ref="till-1",
        by=cast.ravi,
        at=NOON,
        visit=chosen,
    )
    link(cast.shop)
    assert of(chosen) == (chosen.pk, "linked")
    linking.decide(SaleLink.objects.get(), is_right=False, actor=TESTS)
    assert of(chosen) == (chosen.pk, "refused")


def test_far_from_every_visit_nothing_is_linked(cast: Cast) -> None:
    visit = a_visit(cast.shop, NOON)
    sell_at_till(cast, visit.exit_at + minutes(6))
    assert link(cast.shop) == 0 and links() == []


def test_staff_voided_sales_and_other_shops_are_left_out(cast: Cast) -> None:
    a_visit(cast.shop, NOON, person=a_person(cast.shop, is_shop_staff=True))
    sell(cast, sold_at=NOON)
    later = NOON + minutes(40)
    a_visit(cast.shop, later)
    void_sale(sell(cast, sold_at=later), reason="wrong customer", actor=TESTS)
    neighbour = make_cast("next-door")
    a_visit(neighbour.shop, NOON)
    assert link(cast.shop) == 0 and links() == []


def test_one_stay_that_two_cameras_saw_is_linked_once(cast: Cast) -> None:
    person = a_person(cast.shop)
    visits = [a_visit(cast.shop, NOON, person=person), a_visit(cast.shop, NOON + seconds(2), person=person)]
    door = Camera.objects.create(shop=cast.shop, name="Door")
    Recording.objects.filter(pk=visits[1].recording_id).update(camera=door)
    with_a_sure_clock()
    sell_at_till(cast, NOON + minutes(1))
    link(cast.shop)
    assert [row[1:] for row in links()] == [(visits[0].pk, "linked")]


def test_running_it_twice_changes_nothing(cast: Cast) -> None:
    visit = a_visit(cast.shop, NOON)
    sell(cast, sold_at=visit.exit_at)
    assert link(cast.shop) == 1
    before = list(SaleLink.objects.values())
    assert link(cast.shop) == 0
    assert list(SaleLink.objects.values()) == before


def test_a_link_moves_when_a_likelier_visit_comes_to_light(cast: Cast) -> None:
    far = a_visit(cast.shop, NOON - minutes(3))
    sell(cast, sold_at=NOON)
    link(cast.shop)
    assert of(far)
    nearer = a_visit(cast.shop, NOON - seconds(60))
    assert link(cast.shop) == 1
    assert [visit for _, visit, _ in links()] == [nearer.pk]


def test_a_confirmed_link_stays_whatever_comes_later(cast: Cast) -> None:
    visit = a_visit(cast.shop, NOON - minutes(3))
    sell(cast, sold_at=NOON)
    link(cast.shop)
    linking.decide(SaleLink.objects.get(), is_right=True, actor=Actor(cast.meena, "tests"))
    a_visit(cast.shop, NOON - seconds(60))
    before = list(SaleLink.objects.values())
    assert link(cast.shop) == 0
    assert list(SaleLink.objects.values()) == before
    assert [row[1:] for row in links()] == [(visit.pk, "confirmed")]


def test_a_refused_pair_never_comes_back_and_the_next_visit_is_looked_at(cast: Cast) -> None:
    second = a_visit(cast.shop, NOON - minutes(3))
    first = a_visit(cast.shop, NOON - seconds(60))
    sell(cast, sold_at=NOON)
    link(cast.shop)
    for visit in (first, second):
        linking.decide(SaleLink.objects.get(visit=visit), is_right=False, actor=TESTS)
    assert link(cast.shop) == 0
    assert sorted(row[1:] for row in links()) == sorted([(first.pk, "refused"), (second.pk, "refused")])


def test_what_is_decided_while_the_job_looks_stays(cast: Cast) -> None:
    """The job has read its sales and visits; before it writes, somebody decides on what it has found."""
    visit, other = a_visit(cast.shop, NOON - seconds(60)), a_visit(cast.shop, NOON + minutes(20))
    sell(cast, sold_at=NOON)
    sell(cast, sold_at=other.exit_at)
    looked = linking.joined(cast.shop, NOON - minutes(60), NOON + minutes(60))
    link(cast.shop)
    linking.decide(SaleLink.objects.get(visit=visit), is_right=False, actor=TESTS)
    linking.decide(SaleLink.objects.get(visit=other), is_right=True, actor=TESTS)
    decided = list(SaleLink.objects.order_by("pk").values())
    assert linking.store(cast.shop, looked) == 0
    assert list(SaleLink.objects.order_by("pk").values()) == decided


def test_a_decision_is_taken_back(cast: Cast) -> None:
    visit = a_visit(cast.shop, NOON)
    sell(cast, sold_at=visit.exit_at)
    link(cast.shop)
    row = SaleLink.objects.get()
    for is_right in (True, False):
        linking.decide(row, is_right=is_right, actor=TESTS)
        linking.take_back(row, TESTS)
        assert of(visit) == (visit.pk, "suggested")
        row = SaleLink.objects.get()
    with pytest.raises(ValidationError):
        linking.take_back(row, TESTS)


def test_a_sale_has_one_visit_only(cast: Cast) -> None:
    first, second = a_visit(cast.shop, NOON - minutes(1)), a_visit(cast.shop, NOON - minutes(3))
    sell(cast, sold_at=NOON)
    link(cast.shop)
    row = SaleLink.objects.get(visit=first)
    linking.decide(row, is_right=False, actor=TESTS)
    linking.decide(SaleLink.objects.get(visit=second), is_right=True, actor=TESTS)
    with pytest.raises(ValidationError, match="another visit"):
        linking.decide(row, is_right=True, actor=TESTS)


def test_a_decision_is_in_the_audit(cast: Cast) -> None:
    a_visit(cast.shop, NOON)
    sell(cast, sold_at=NOON)
    link(cast.shop)
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


def test_a_clock_that_is_applied_has_its_days_linked_anew(cast: Cast) -> None:
    day = a_busy_day(cast, NOON, behind_s=252, visits=60)
    linking.link_recording(day)
    assert not SaleLink.objects.filter(state=State.LINKED).exists()
    row = clocks.consider(day.camera, NOON + timedelta(hours=6))
    assert row is not None
    jobs.run(Job.objects.get(name=clocks.RELINK).pk)
    linked = SaleLink.objects.filter(state=State.LINKED)
    assert linked.count() > 10
    clocks.refuse(row, Actor(cast.meena, "tests"))
    jobs.run(Job.objects.get(name=clocks.RELINK, state=Job.State.QUEUED).pk)
    assert not linked.exists()
    assert ClockEstimate.objects.get().state == "refused"


def test_sales_written_down_later_are_linked_each_minute(cast: Cast) -> None:
    visit = a_visit(cast.shop, NOON)
    sale = sell(cast, sold_at=NOON)
    tasks.link_recent_sales()
    tasks.link_recent_sales()
    assert links() == [(sale.code, visit.pk, "suggested")]


def test_the_minute_looks_at_new_sales_alone(cast: Cast) -> None:
    """Bounded by what is new: nothing new is one question to the database for each shop."""
    a_busy_day(cast, NOON, visits=30)
    Sale.objects.count()
    with CaptureQueriesContext(connection) as quiet:
        linking.link_written(cast.shop, timezone.now() + minutes(1))
    assert len(quiet) == 1


def test_what_each_minute_asks_for_has_an_index(cast: Cast) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    fresh = Sale.objects.of(cast.shop).filter(recorded_at__gte=NOON).order_by()
    pictures = Tracklet.objects.filter(shop=cast.shop).exclude(picture="").order_by("pk")
    assert "sale_by_entry" in fresh.explain() and "tracklet_with_picture" in pictures[:1].explain()


def test_many_sales_take_no_more_queries_than_one(cast: Cast) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert link(cast.shop) > 0
        return len(captured)

    visit = a_visit(cast.shop, NOON)
    sell(cast, sold_at=visit.exit_at)
    one = queries()
    for number in range(1, 8):
        visit = a_visit(cast.shop, NOON + minutes(6 * number))
        sell(cast, sold_at=visit.exit_at)
    assert queries() <= one + 2


def test_confidence_follows_what_people_said_of_links_like_it(cast: Cast) -> None:
    visit = a_visit(cast.shop, NOON)
    with_a_sure_clock()
    sale = sell_at_till(cast, visit.exit_at)
    link(cast.shop)
    row = SaleLink.objects.get()
    assert row.state == State.LINKED
    for number in range(linking.REVIEWED_FROM):
        at = NOON - timedelta(days=2, minutes=number)
        SaleLink.objects.create(
            shop=cast.shop,
            sale=sell(cast, sold_at=at),
            visit=visit,
            confidence=0.97,
            because={"believed": row.because["believed"]},
            state=State.CONFIRMED if number % 4 else State.REFUSED,
            decided_at=timezone.now(),
        )
    link(cast.shop)
    after = SaleLink.objects.get(sale=sale)
    assert after.state == State.SUGGESTED and 0.7 < after.confidence < 0.8
    assert after.because["believed"] == row.because["believed"]


@pytest.mark.parametrize(("wish", "state"), [("confirm", "confirmed"), ("refuse", "refused")])
def test_the_page_confirms_and_refuses(cast: Cast, client_of: SignIn, wish: str, state: str) -> None:
    visit = a_visit(cast.shop, NOON)
    sell(cast, sold_at=NOON)
    link(cast.shop)
    answer = client_of(cast.ravi).post(
        f"/s/water/links/{SaleLink.objects.get().pk}/", {"do": wish, "next": "/s/water/visits/"}
    )
    assert (answer.status_code, answer["Location"]) == (302, "/s/water/visits/")
    assert [row[1:] for row in links()] == [(visit.pk, state)]
    assert SaleLink.objects.get().decided_by == cast.ravi


def test_the_page_never_leads_away_from_the_shop(cast: Cast, client_of: SignIn) -> None:
    visit = a_visit(cast.shop, NOON)
    sell(cast, sold_at=NOON)
    link(cast.shop)
    answer = client_of(cast.ravi).post(
        f"/s/water/links/{SaleLink.objects.get().pk}/", {"do": "confirm", "next": "https://evil.example/"}
    )
    assert answer["Location"] == f"/s/water/visits/{visit.pk}/"


def test_another_shops_link_is_not_there(cast: Cast, client_of: SignIn) -> None:
    neighbour = make_cast("next-door")
    a_visit(neighbour.shop, NOON)
    sell(neighbour, sold_at=NOON)
    link(neighbour.shop)
    address = f"/s/water/links/{SaleLink.objects.get().pk}/"
    assert client_of(cast.lakshmi).post(address, {"do": "confirm"}).status_code == 404
    assert Visit.objects.count() == 1


def checked(*arguments: str) -> dict[str, int]:
    """What check_links says, by the words of each line."""
    out = StringIO()
    call_command("check_links", "--from", "2026-11-20", "--to", "2026-11-20", *arguments, stdout=out)
    lines = [line.rsplit(maxsplit=1) for line in out.getvalue().splitlines()[1:]]
    return {words.strip(): int(count) for words, count in lines}


def test_check_links_says_what_became_of_the_sales_and_why(cast: Cast) -> None:
    visit = a_visit(cast.shop, NOON)
    for _ in range(2):
        a_visit(cast.shop, NOON + timedelta(hours=1))
    Recording.objects.update(duration_s=90)
    with_a_sure_clock()
    for at in (visit.exit_at, NOON + timedelta(hours=1, minutes=1), NOON + timedelta(hours=5)):
        sell_at_till(cast, at)
    before = checked()
    assert (before["sales"], before["linked"], before["not looked at yet: run with --link"]) == (3, 0, 1)
    after = checked("--link")
    assert after["linked"] == 1 and after["several visits are as likely"] == 1
    assert after["no camera was watched then"] == 1 and after["unlinked"] == 2
    linking.decide(SaleLink.objects.get(), is_right=False, actor=TESTS)
    assert checked()["refused by hand"] == 1
    Camera.objects.update(kind=Camera.Kind.FILES)
    assert checked()["the camera's clock is not known"] == 1


def test_check_links_refuses_days_that_are_none(cast: Cast) -> None:
    with pytest.raises(CommandError, match="is not a day"):
        call_command("check_links", "--from", "soon")
