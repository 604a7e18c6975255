"""A camera's clock beside the till's: found from sales and visits, applied once sure, said aloud, refused by hand."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from tests.base import Cast, make_cast
from tests.vision.scene import a_busy_day, sell_at
from vision import clocks, films
from vision.models import Camera, ClockEstimate, Recording, Visit
from watershop.audit import Actor
from watershop.models import AuditEntry, Job

SignIn = Callable[..., Client]
MORNING = datetime(2026, 11, 10, 3, 30, tzinfo=UTC)
State = ClockEstimate.State


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def considered(recording: Recording) -> ClockEstimate:
    row = clocks.consider(recording.camera, recording.started_at + seconds(recording.duration_s))
    assert row is not None
    return row


@pytest.fixture
def day(cast: Cast) -> Recording:
    return a_busy_day(cast, MORNING, behind_s=252)


def test_a_camera_that_is_behind_is_found_and_applied_with_a_word_in_the_audit(day: Recording) -> None:
    row = considered(day)
    assert (row.state, abs(row.offset_s - 252) < 8) == (State.APPLIED, True)
    assert abs(max(row.curve, key=lambda point: point[1])[0] - 252) <= clocks.STEP_S
    entry = AuditEntry.objects.get(action="apply_clock")
    assert (entry.user, entry.subject_id, entry.before) == (None, row.pk, None)
    assert Job.objects.filter(name=clocks.RELINK, subject_id=row.pk).exists()


def test_it_is_not_estimated_again_at_once(day: Recording) -> None:
    considered(day)
    assert clocks.consider(day.camera, day.started_at + seconds(day.duration_s)) is None
    assert ClockEstimate.objects.count() == 1


def test_few_sales_say_nothing(cast: Cast) -> None:
    few = a_busy_day(cast, MORNING, visits=4)
    assert clocks.consider(few.camera, few.started_at + seconds(few.duration_s)) is None


def test_an_unsure_estimate_is_noted_and_not_applied(cast: Cast) -> None:
    recording = a_busy_day(cast, MORNING, visits=0)
    sell_at(cast, [MORNING + seconds(2700 * number) for number in range(8)])
    for number in range(8):
        at = MORNING + seconds(2300 * number + 97 * number**2)
        Visit.objects.create(shop=cast.shop, recording=recording, entry_at=at, exit_at=at)
    assert considered(recording).state == State.NOTED
    assert clocks.of(recording.camera, MORNING).to_till(5.0) == 5.0
    assert not AuditEntry.objects.filter(action="apply_clock").exists()


def test_what_is_known_smooths_what_is_found(day: Recording, cast: Cast) -> None:
    considered(day)
    ClockEstimate.objects.update(offset_s=245.0, drift_s_per_day=0.0)
    second = considered(a_busy_day(cast, MORNING + timedelta(days=1), behind_s=252))
    assert second.state == State.APPLIED and 245 < second.offset_s < 252


def test_a_jump_is_taken_when_it_is_seen_twice(day: Recording, cast: Cast) -> None:
    considered(day)
    jump = considered(a_busy_day(cast, MORNING + timedelta(days=2), behind_s=-40))
    assert jump.state == State.NOTED
    assert clocks.of(day.camera, jump.last_at).offset_s > 200
    again = considered(a_busy_day(cast, MORNING + timedelta(days=4), behind_s=-40))
    assert (again.state, abs(again.offset_s + 40) < 8) == (State.APPLIED, True)
    assert clocks.of(day.camera, again.last_at).offset_s < 0
    assert clocks.of(day.camera, day.started_at).offset_s > 200


def test_refused_it_holds_no_longer_and_none_like_it_is_applied(day: Recording, cast: Cast) -> None:
    row, meena = considered(day), Actor(cast.meena, "tests")
    clocks.refuse(row, meena)
    assert clocks.of(day.camera, MORNING).offset_s == 0
    assert considered(a_busy_day(cast, MORNING + timedelta(days=1), behind_s=255)).state == State.NOTED
    with pytest.raises(ValidationError):
        clocks.refuse(row, meena)
    clocks.take_back(row, meena)
    assert clocks.of(day.camera, MORNING).offset_s > 200
    with pytest.raises(ValidationError):
        clocks.take_back(row, meena)
    assert AuditEntry.objects.filter(action="decide_clock", user=cast.meena).count() == 2


def test_a_live_camera_shares_the_tills_clock(cast: Cast) -> None:
    live = Camera.objects.create(shop=cast.shop, name="Door", kind=Camera.Kind.STREAM)
    files = Camera.objects.create(shop=cast.shop, name="Files")
    assert clocks.of(live, MORNING).is_sure and not clocks.of(files, MORNING).is_sure


def test_a_moment_of_the_till_opens_the_film_at_its_second(day: Recording) -> None:
    Recording.objects.update(file="recordings/1.mp4")
    assert [film.at_s for film in films.at_moment(day.shop_id, MORNING + seconds(600))] == [600]
    considered(day)
    ClockEstimate.objects.update(offset_s=252.0, drift_s_per_day=0.0)
    assert [film.at_s for film in films.at_moment(day.shop_id, MORNING + seconds(600))] == [348]
    assert films.at_moment(day.shop_id, MORNING) == []
    assert films.at_moment(day.shop_id, MORNING + timedelta(hours=7)) == []


def test_the_pages_say_it_and_take_a_no(day: Recording, cast: Cast, client_of: SignIn) -> None:
    row, client = considered(day), client_of(cast.meena)
    address = f"/s/water/cameras/{day.camera_id}/"
    for page in (address, f"{address}clock/", "/s/water/visits/"):
        assert "behind the till" in client.get(page).content.decode(), page
    assert "<polyline" in client.get(f"{address}clock/").content.decode()
    answer = client.post(f"/s/water/clocks/{row.pk}/", {"do": "refuse", "next": "/s/water/visits/"})
    assert answer["Location"] == "/s/water/visits/"
    assert "behind the till" not in client.get("/s/water/visits/").content.decode()
    client.post(f"/s/water/clocks/{row.pk}/", {"do": "take_back"})
    assert "behind the till" in client.get(f"{address}clock/").content.decode()


def test_staff_read_it_and_cannot_refuse_it_nor_can_another_shop(
    day: Recording, cast: Cast, client_of: SignIn
) -> None:
    row, neighbour = considered(day), make_cast("next-door")
    page = client_of(cast.ravi).get("/s/water/visits/").content.decode()
    assert "behind the till" in page and "Not so" not in page
    assert client_of(cast.ravi).post(f"/s/water/clocks/{row.pk}/", {"do": "refuse"}).status_code == 403
    stranger = client_of(neighbour.meena)
    assert stranger.post(f"/s/next-door/clocks/{row.pk}/", {"do": "refuse"}).status_code == 404
    assert stranger.get(f"/s/next-door/cameras/{day.camera_id}/clock/").status_code == 404
    row.refresh_from_db()
    assert row.state == State.APPLIED
