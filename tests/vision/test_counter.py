"""Who stands at the counter: named to the till only when sure, agreed and watched; the clerk's word stands."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import av
import pytest
from django.test import Client
from django.utils import timezone

from sales.models import CanType, CustomerPrice
from tests.base import Cast, make_cast, sell
from tests.vision.scene import a_person, a_recording, agrees
from tests.vision.test_sightings import a_known_person, face, now_with
from vision import counter, tasks
from vision.config import DLIB, VisionConfig
from vision.faces import Face
from vision.in_sight import InSight
from vision.live_naming import Sightings
from vision.looking import Eye
from vision.models import (
    Camera,
    CanCount,
    CounterChoice,
    IdentityEvent,
    Person,
    Recording,
    Sighting,
    Tracklet,
    VisionSettings,
    Visit,
)
from vision.picture import Frame
from vision.privacy.withdrawing import withdraw
from vision.scene import Scene
from vision.tracking import Tracklet as Followed
from watershop.audit import Actor
from watershop.jobs import Beat
from watershop.models import AuditEntry, Job, Right, Role, RoleRight, Shop

SLOT = "/s/water/counter/"
SignIn = Callable[..., Client]


def a_live_camera(shop: Shop, **fields: Any) -> Camera:
    """A camera that recognises, behind its sign."""
    stream = {
        "kind": Camera.Kind.STREAM,
        "address": "rtsp://x",
        "recognises": True,
        "sign_at": timezone.now(),
    }
    return Camera.objects.create(shop=shop, **({"name": "Counter"} | stream | fields))


def in_sight(camera: Camera, person: Person | None = None, track: str = "a", **fields: Any) -> Sighting:
    """Somebody before the camera, for as long as a test takes on a busy machine."""
    now = timezone.now()
    times = {"first_at": now, "last_at": now + timedelta(minutes=5), "distance": 0.2 if person else None}
    return Sighting.objects.create(
        shop=camera.shop, camera=camera, track=track, person=person, **(times | fields)
    )


def names(shop: Shop) -> list[str]:
    return [tile.glance.customer.name if tile.glance else "" for tile in counter.look(shop).tiles() if tile]


def tracks(shop: Shop, places: Sequence[int | None] = ()) -> list[str]:
    return [tile.sighting.track if tile else "" for tile in counter.look(shop, places).tiles()]


@pytest.fixture
def camera(cast: Cast) -> Camera:
    return a_live_camera(cast.shop)


@pytest.fixture
def asha(cast: Cast) -> Person:
    """Asha's face, to which she has agreed."""
    return a_person(cast.shop, customer=cast.asha)


@pytest.fixture
def clerk(cast: Cast) -> Actor:
    return Actor(cast.ravi, "tests")


def test_a_tile_says_what_the_till_will_say(cast: Cast, camera: Camera, asha: Person) -> None:
    CanType.objects.update(deposit=0)
    CustomerPrice.objects.create(shop=cast.shop, customer=cast.asha, can_type=cast.can20, price=Decimal(15))
    sell(cast, 1, customer=cast.asha)
    sell(cast, 2, customer=cast.asha, is_paid=False)
    in_sight(camera, asha)
    (tile,) = counter.look(cast.shop).tiles()
    assert tile and tile.glance and tile.glance.usual
    assert [tile.glance.balance, tile.glance.cans_out, tile.glance.usual.total] == [30, 3, 30]
    assert [(line.can_type.code, line.quantity, line.back) for line in tile.glance.usual.lines] == [
        ("20L", 2, 2)
    ]


@pytest.mark.parametrize("lack", ["consent", "camera", "distance", "customer", "account"])
def test_who_is_not_sure_agreed_and_watched_for_is_unknown(
    cast: Cast, camera: Camera, asha: Person, lack: str
) -> None:
    row = in_sight(camera, asha)
    assert names(cast.shop) == ["Asha"]
    match lack:
        case "consent":
            withdraw(cast.asha, Actor(cast.meena, "tests"))
            in_sight(camera)
        case "camera":
            Camera.objects.update(recognises=False)
        case "distance":
            Sighting.objects.filter(pk=row.pk).update(distance=DLIB.till_at + 0.01)
        case "customer":
            Person.objects.update(customer=None, name="Asha")
        case "account":
            cast.asha.is_active = False
            cast.asha.save()
    assert names(cast.shop) == [""]


def test_the_shop_may_set_its_own_bar(cast: Cast, camera: Camera, asha: Person) -> None:
    in_sight(camera, asha, distance=0.3)
    VisionSettings.objects.update(till_at=0.25)
    assert names(cast.shop) == [""]


def test_the_longest_waiting_come_first_and_staff_and_posters_never(
    cast: Cast, camera: Camera, asha: Person
) -> None:
    now = timezone.now()
    for number in range(5):
        in_sight(camera, track=str(number), first_at=now + timedelta(seconds=number))
    in_sight(camera, asha, track="asha", first_at=now - timedelta(seconds=9))
    in_sight(camera, asha, track="asha again")
    in_sight(camera, a_person(cast.shop, is_shop_staff=True), track="ravi", first_at=now - timedelta(hours=1))
    in_sight(camera, a_person(cast.shop, is_ignored=True), track="poster", first_at=now - timedelta(hours=1))
    in_sight(camera, track="gone", last_at=now - timedelta(seconds=6))
    assert tracks(cast.shop) == ["asha", "0", "1", "2"]


def test_who_is_shown_keeps_their_key_until_they_leave(cast: Cast, camera: Camera) -> None:
    now = timezone.now()
    first, second, third = (
        in_sight(camera, track=str(n), first_at=now + timedelta(seconds=n)).pk for n in range(3)
    )
    Sighting.objects.filter(pk=first).delete()
    assert tracks(cast.shop, [first, second, third]) == ["", "1", "2"]
    in_sight(camera, track="new")
    assert tracks(cast.shop, [None, second, third]) == ["new", "1", "2"]
    Sighting.objects.exclude(pk=second).delete()
    assert tracks(cast.shop, [None, second, third]) == ["", "1"], "no gaps at the end"
    assert tracks(cast.shop) == ["1"]


def test_the_next_piece_of_film_gives_nobody_a_second_tile_and_who_is_known_keeps_their_key(
    cast: Cast, camera: Camera, asha: Person
) -> None:
    bala, now = a_person(cast.shop, customer=cast.bala), timezone.now()
    first = [
        in_sight(camera, person, f"20261101T100000.0Z-{n}", first_at=now + timedelta(seconds=n)).pk
        for n, person in enumerate((asha, None, bala))
    ]
    in_sight(camera, None, "20261101T100500.0Z-1")
    assert tracks(cast.shop, first) == [
        "20261101T100000.0Z-0",
        "20261101T100500.0Z-1",
        "20261101T100000.0Z-2",
    ]
    Sighting.objects.filter(pk__in=first).update(last_at=now - timedelta(seconds=6))
    in_sight(camera, bala, "20261101T100500.0Z-2")
    in_sight(camera, asha, "20261101T100500.0Z-3")
    assert [track[-1] for track in tracks(cast.shop, first)] == ["3", "1", "2"]


def test_who_steps_up_is_at_the_counter_at_once_and_leans_back_for_a_moment(eye: VisionConfig) -> None:
    config = eye.with_changes(scene=Scene(counter=((0.5, 0), (1, 0), (1, 1), (0.5, 1))))
    sight, watching = InSight(config), Eye(config)
    picture = av.VideoFrame(100, 100, "yuv420p")
    since = []
    for at, x in ((0.0, 10), (1.0, 80), (2.0, 80), (3.0, 10), (4.0, 80), (5.0, 10), (6.0, 10), (7.1, 10)):
        box = (x - 5.0, 40.0, x + 5.0, 50.0)
        seen = (Followed(1, [0.0], [box], [0.9]), Face(box, 0.9))
        since.append(sight.take(Frame(at, picture), [seen], watching)[0].counter_since_s)
    assert since == [None, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, None]


def test_where_the_counter_is_drawn_only_who_is_there_has_a_tile(cast: Cast) -> None:
    camera = a_live_camera(cast.shop, counter=[[0, 0], [1, 0], [1, 1]])
    now = timezone.now()
    in_sight(camera, track="at the shelf", first_at=now - timedelta(minutes=1))
    in_sight(camera, track="second", counter_since_at=now)
    in_sight(camera, track="first", counter_since_at=now - timedelta(seconds=3))
    assert tracks(cast.shop) == ["first", "second"]


def test_where_one_camera_has_the_counter_drawn_nobody_waits_before_the_one_at_the_door(
    cast: Cast, camera: Camera
) -> None:
    drawn = a_live_camera(cast.shop, name="Till", counter=[[0, 0], [1, 0], [1, 1]])
    in_sight(camera, track="at the door")
    in_sight(drawn, track="at the counter", counter_since_at=timezone.now())
    assert tracks(cast.shop) == ["at the counter"]
    Camera.objects.filter(pk=drawn.pk).update(is_on=False)
    assert "at the door" in tracks(cast.shop), "nothing else sees the counter now"


def test_four_tiles_take_as_many_queries_as_one(
    cast: Cast, camera: Camera, asha: Person, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for customer in (cast.asha, cast.bala):
        sell(cast, 2, customer=customer)
    in_sight(camera, asha)
    with django_assert_max_num_queries(6):
        assert names(cast.shop) == ["Asha"]
    in_sight(camera, a_person(cast.shop, customer=cast.bala), track="b")
    in_sight(camera, track="c")
    with django_assert_max_num_queries(6):
        assert names(cast.shop) == ["Asha", "Bala", ""]


def test_the_slot_shows_no_name_and_no_money_of_an_unknown(
    cast: Cast, camera: Camera, asha: Person, client_of: SignIn
) -> None:
    sell(cast, 2, customer=cast.asha, is_paid=False)
    row = in_sight(camera, asha)
    ravi = client_of(cast.ravi)
    page = ravi.get(SLOT).content.decode()
    assert "Asha" in page and "₹40 due" in page and 'data-tile="1"' in page
    Sighting.objects.filter(pk=row.pk).update(distance=0.4)
    page = ravi.get(SLOT).content.decode()
    assert "Unknown" in page
    assert not [word for word in ("Asha", "₹", "__owes", "__holds") if word in page]


def test_what_is_shown_already_is_not_sent_again(
    monkeypatch: pytest.MonkeyPatch,
    cast: Cast,
    camera: Camera,
    asha: Person,
    client_of: SignIn,
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    monkeypatch.setattr(counter, "RENEWED_S", float("inf"))
    in_sight(camera, asha)
    ravi, key = client_of(cast.ravi), str(uuid4())
    page: Any = ravi.get(SLOT, {"client_ref": key})
    asked = {"client_ref": key, "seen": page.context["seen"], "places": page.context["places"]}
    with django_assert_max_num_queries(8):
        assert ravi.get(SLOT, asked).status_code == 204
    withdraw(cast.asha, Actor(cast.meena, "tests"))
    assert "Asha" not in ravi.get(SLOT, asked).content.decode()


def test_without_an_eye_or_the_right_there_is_no_slot(cast: Cast, client_of: SignIn) -> None:
    ravi = client_of(cast.ravi)
    assert ravi.get(SLOT).status_code == 204
    assert SLOT in ravi.get("/s/water/till/").content.decode()
    a_live_camera(cast.shop)
    assert "Nobody at the counter" in ravi.get(SLOT).content.decode()
    RoleRight.objects.create(shop=cast.shop, role=Role.STAFF, right=Right.SEE_FACES, is_allowed=False)
    assert SLOT not in ravi.get("/s/water/till/").content.decode()
    for door in ("", "choose/", "correct/", "cans/"):
        assert ravi.post(f"{SLOT}{door}").status_code == 403


def test_a_tile_puts_its_customer_on_the_bill_and_sells_nothing(
    cast: Cast, camera: Camera, asha: Person, client_of: SignIn
) -> None:
    row, key = in_sight(camera, asha), str(uuid4())
    answer = client_of(cast.ravi).post(f"{SLOT}choose/", {"sighting": row.pk, "client_ref": key})
    assert answer["Location"] == f"/s/water/till/?customer={cast.asha.pk}"
    choice = CounterChoice.objects.get()
    assert (choice.shown, choice.customer, choice.client_ref) == (asha, cast.asha, key)
    assert (choice.track, choice.by, choice.is_correction) == ("a", cast.ravi, False)
    assert AuditEntry.objects.filter(action="choose_face", subject_id=choice.pk).exists()
    assert not cast.asha.sales.exists()


def test_a_face_without_a_name_is_whom_the_bill_names(cast: Cast, camera: Camera, client_of: SignIn) -> None:
    row, key = in_sight(camera), str(uuid4())
    form = {"sighting": row.pk, "client_ref": key, "customer": cast.bala.pk}
    assert client_of(cast.ravi).post(f"{SLOT}choose/", form).status_code == 204
    choice = CounterChoice.objects.get()
    assert (choice.shown, choice.customer, choice.is_correction) == (None, cast.bala, False)


def test_another_tile_for_the_same_bill_takes_the_place_of_the_first(
    cast: Cast, camera: Camera, asha: Person, clerk: Actor
) -> None:
    for row in (in_sight(camera, asha), in_sight(camera, track="b")):
        tile = counter.tile_of(cast.shop, row.pk)
        assert tile
        counter.choose(tile, client_ref="1", buyer=None, actor=clerk)
    choice = CounterChoice.objects.get()
    assert (choice.track, choice.shown, choice.customer) == ("b", None, None)


def a_choice(row: Sighting, clerk: Actor, key: str = "1") -> CounterChoice:
    tile = counter.tile_of(row.shop, row.pk)
    assert tile
    return counter.choose(tile, client_ref=key, buyer=None, actor=clerk)


def test_the_name_that_the_clerk_types_corrects_the_tile(
    cast: Cast, camera: Camera, asha: Person, client_of: SignIn, clerk: Actor
) -> None:
    key = str(uuid4())
    a_choice(in_sight(camera, asha), clerk, key)
    ravi = client_of(cast.ravi)
    assert ravi.post(f"{SLOT}correct/", {"client_ref": key, "customer": cast.bala.pk}).status_code == 204
    choice = CounterChoice.objects.get()
    assert (choice.shown, choice.customer, choice.is_correction) == (asha, cast.bala, True)
    assert names(cast.shop) == [""], "at once"
    assert ravi.post(f"{SLOT}correct/", {"client_ref": key}).status_code == 400


def test_neither_the_refused_face_nor_its_like_gets_the_name_again(
    cast: Cast, camera: Camera, eye: VisionConfig, clerk: Actor
) -> None:
    agrees(cast.asha)
    asha, seen = a_known_person(cast.shop), Sightings(camera, eye)
    asha.customer = cast.asha
    asha.save()
    seen.take(now_with(face("a", 0.2)))
    a_choice(Sighting.objects.get(), clerk)
    counter.correct(cast.shop, client_ref="1", customer=cast.bala, actor=clerk)
    seen.take(now_with(face("a")))
    assert not Sighting.objects.get().person, "what is written while they stay leaves it so"
    seen.take(now_with(face("a", 0.2, 0.21)))
    assert not Sighting.objects.get().person
    seen.take(now_with(face("b", 0.19), face("c", 0.02)))
    assert Sighting.objects.get(track="b").person is None
    assert Sighting.objects.get(track="c").person == asha
    counter.correct(cast.shop, client_ref="1", customer=cast.asha, actor=clerk)
    seen.take(now_with(face("a", 0.2)))
    assert Sighting.objects.get(track="a").person == asha, "the clerk was wrong"


def a_film(camera: Camera, started_at: datetime, *people: Person | None) -> tuple[Recording, list[Tracklet]]:
    """What a live camera's minute has become: a visit of each, who came ten seconds after one another."""
    recording = a_recording(camera.shop, started_at, is_live=True, original_name="20261101T100000.5Z.mp4")
    faces = []
    for number, person in enumerate(people):
        stay = {"shop": camera.shop, "recording": recording, "person": person}
        times = {
            name: started_at + timedelta(seconds=s)
            for name, s in (("entry_at", number * 10), ("exit_at", 60))
        }
        visit = Visit.objects.create(**stay, **times)
        seen = {"visit": visit, "number": number + 1, "started_s": number * 10, "ended_s": 60}
        faces.append(Tracklet.objects.create(**stay, **seen))
    return recording, faces


def test_a_correction_becomes_a_decision_about_the_visit_once_the_film_is_watched(
    cast: Cast, camera: Camera, asha: Person, clerk: Actor
) -> None:
    begun = timezone.now() - timedelta(minutes=1)
    at = {"first_at": begun + timedelta(seconds=10.1), "last_at": begun + timedelta(seconds=30)}
    a_choice(in_sight(camera, asha, track="20261101T100000.5Z-2", **at), clerk)
    counter.count_cans(cast.shop, client_ref="1", brought=2, taken=1, actor=clerk)
    counter.correct(cast.shop, client_ref="1", customer=cast.bala, actor=clerk)
    recording, (other, face) = a_film(camera, begun, a_person(cast.shop), asha)
    tasks.link_recording(recording.pk, Beat(Job()))
    choice = CounterChoice.objects.get()
    assert choice.visit == face.visit and choice.event
    assert (choice.event.kind, choice.event.by, choice.event.person) == ("not_this", cast.ravi, asha)
    face.refresh_from_db()
    assert face.person is None and Tracklet.objects.get(pk=other.pk).person
    assert CanCount.objects.get().visit == face.visit
    assert counter.settle(recording) == 0, "once"


def test_a_refused_name_stays_refused_when_another_tile_is_chosen_for_the_bill(
    cast: Cast, camera: Camera, asha: Person, clerk: Actor
) -> None:
    begun = timezone.now() - timedelta(minutes=1)
    tracks = [f"20261101T100000.5Z-{number}" for number in (1, 2)]
    others = in_sight(camera, track=tracks[1], first_at=begun + timedelta(seconds=10))
    a_choice(in_sight(camera, asha, track=tracks[0], first_at=begun), clerk)
    counter.correct(cast.shop, client_ref="1", customer=cast.bala, actor=clerk)
    a_choice(others, clerk)
    counter.count_cans(cast.shop, client_ref="1", brought=2, taken=1, actor=clerk)
    recording, (face, other) = a_film(camera, begun, asha, None)
    assert counter.settle(recording) == 2
    first, second = CounterChoice.objects.order_by("track")
    assert (first.is_correction, first.shown, first.client_ref) == (True, asha, "")
    assert first.event and Visit.objects.get(tracklets=face).person is None
    assert (second.client_ref, second.visit, second.is_correction) == ("1", other.visit, False)
    assert CanCount.objects.get().visit == other.visit


def test_a_choice_that_was_right_changes_no_visit(
    cast: Cast, camera: Camera, asha: Person, clerk: Actor
) -> None:
    begun = timezone.now() - timedelta(minutes=1)
    at = {"first_at": begun, "last_at": begun + timedelta(seconds=30)}
    a_choice(in_sight(camera, asha, track="20261101T100000.5Z-1", **at), clerk)
    recording, (face, _other) = a_film(camera, begun, asha, None)
    assert counter.settle(recording) == 1
    assert CounterChoice.objects.get().visit == face.visit
    assert not IdentityEvent.objects.exists() and Visit.objects.get(tracklets=face).person == asha
    counter.correct(cast.shop, client_ref="1", customer=cast.bala, actor=clerk)
    assert Visit.objects.get(tracklets=face).person is None, "said after the film was watched"


def test_a_bill_that_was_a_walk_ins_in_the_end_says_nothing_of_the_face(
    cast: Cast, camera: Camera, asha: Person, clerk: Actor
) -> None:
    begun = timezone.now() - timedelta(minutes=1)
    for key, customer in (("1", cast.asha), ("2", None)):
        a_choice(in_sight(camera, asha, f"20261101T100000.5Z-{key}", first_at=begun), clerk, key)
        sell(cast, customer=customer, client_ref=key)
    recording, (face,) = a_film(camera, begun, asha)
    counter.settle(recording)
    assert dict(CounterChoice.objects.values_list("client_ref", "visit")) == {"1": face.visit_id, "2": None}


def test_what_somebody_decided_about_the_visit_stands(
    cast: Cast, camera: Camera, asha: Person, clerk: Actor
) -> None:
    begun = timezone.now() - timedelta(minutes=1)
    a_choice(in_sight(camera, asha, track="20261101T100000.5Z-1", first_at=begun), clerk)
    counter.correct(cast.shop, client_ref="1", customer=cast.bala, actor=clerk)
    recording, (face,) = a_film(camera, begun, asha)
    Visit.objects.update(is_confirmed=True)
    counter.settle(recording)
    assert CounterChoice.objects.get().visit == face.visit
    assert Visit.objects.get().person == asha


def test_two_who_came_at_once_are_told_apart_by_whom_the_tile_showed(
    cast: Cast, camera: Camera, asha: Person, clerk: Actor
) -> None:
    begun = timezone.now() - timedelta(minutes=1)
    recording, faces = a_film(camera, begun, asha, a_person(cast.shop))
    Tracklet.objects.update(started_s=0)
    for key, person in (("1", asha), ("2", None)):
        a_choice(in_sight(camera, person, track=f"20261101T100000.5Z-{key}", first_at=begun), clerk, key)
    assert counter.settle(recording) == 1
    assert dict(CounterChoice.objects.values_list("client_ref", "visit")) == {
        "1": faces[0].visit_id,
        "2": None,
    }


def test_cans_are_counted_once_for_a_bill(cast: Cast, client_of: SignIn) -> None:
    ravi, key = client_of(cast.ravi), str(uuid4())
    for brought in (1, 2):
        form = {"client_ref": key, "brought": brought, "taken": 3}
        assert ravi.post(f"{SLOT}cans/", form).status_code == 204
    count = CanCount.objects.get()
    assert (count.brought, count.taken, count.client_ref, count.by) == (2, 3, key, cast.ravi)
    assert ravi.post(f"{SLOT}cans/", {"client_ref": key, "brought": -1, "taken": 0}).status_code == 400
    assert ravi.post(f"{SLOT}cans/", {"client_ref": "x", "brought": 1, "taken": 0}).status_code == 400


def test_the_neighbour_sees_and_chooses_nobody_here(
    cast: Cast, camera: Camera, asha: Person, client_of: SignIn, clerk: Actor
) -> None:
    row = in_sight(camera, asha)
    neighbour = make_cast("next-door")
    a_live_camera(neighbour.shop)
    stranger, key = client_of(neighbour.ravi), str(uuid4())
    form = {"sighting": row.pk, "client_ref": key}
    assert stranger.get(SLOT).status_code == 404
    assert stranger.post(f"{SLOT}choose/", form).status_code == 404
    assert stranger.post("/s/next-door/counter/choose/", form).status_code == 404
    assert "Nobody at the counter" in stranger.get("/s/next-door/counter/").content.decode()
    choice = a_choice(row, clerk, key)
    theirs = {"client_ref": choice.client_ref, "customer": neighbour.bala.pk}
    stranger.post("/s/next-door/counter/correct/", theirs)
    choice.refresh_from_db()
    assert not choice.is_correction
