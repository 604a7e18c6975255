"""Who is in sight now: named by the first good look, corrected by better ones, one person once."""

import os
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from tests.base import Cast, make_cast
from tests.vision.scene import JPEG, a_camera, a_person
from vision import sightings
from vision.config import VisionConfig
from vision.embedding import MODEL_ID
from vision.faces import Floats
from vision.live_naming import Sightings
from vision.messages import FaceInSight, Sight, from_line, to_line
from vision.models import Camera, Person, Sighting, Template
from vision.sightings import in_sight
from vision.tracking import Shot
from watershop.models import Right, Role, RoleRight, Shop

PAGE = "/s/water/visits/now/"
SignIn = Callable[..., Client]


@pytest.fixture
def camera(cast: Cast) -> Camera:
    return a_camera(cast.shop, kind=Camera.Kind.STREAM, address="rtsp://x")


@pytest.fixture
def seen(camera: Camera, eye: VisionConfig) -> Sightings:
    return Sightings(camera, eye)


def vector(away: float = 0.0) -> Floats:
    """A face so far from the one that Asha has been enrolled with."""
    numbers = np.zeros(128, np.float32)
    numbers[0], numbers[1] = 1.3, away
    return numbers


def a_known_person(shop: Shop, face: Floats | None = None) -> Person:
    person = a_person(shop, name="Asha")
    row = {"person": person, "model_id": MODEL_ID, "is_enrolled": True}
    Template.objects.create(shop=shop, vector=vector() if face is None else face, **row)
    return person


def face(track: str, *away: float, **fields: Any) -> FaceInSight:
    """A face with new shots, each so far from Asha's."""
    now = timezone.now()
    shots = tuple(Shot(n, (0, 0, 60, 60), 0.5, vector(far), JPEG) for n, far in enumerate(away))
    times = {"first_at": now, "last_at": now} | fields
    return FaceInSight(track, shots=shots, **times)


def now_with(*faces: FaceInSight) -> Sight:
    """What the child says, as it arrives."""
    sight = from_line(to_line(Sight(timezone.now(), faces)))
    assert isinstance(sight, Sight)
    return sight


def who() -> dict[str, str]:
    return {row.track: str(row.person) if row.person else "" for row in Sighting.objects.all()}


def test_the_first_good_look_names_who_is_known(seen: Sightings, cast: Cast) -> None:
    a_known_person(cast.shop)
    seen.take(now_with(face("a", 0.1), face("b", 0.9)))
    assert who() == {"a": "Asha", "b": ""}
    row = Sighting.objects.get(track="a")
    assert row.distance == pytest.approx(0.1, abs=1e-3)
    assert default_storage.open(str(row.picture.name)).read() == JPEG


def test_looks_that_are_like_nobody_count_against_a_name(seen: Sightings, cast: Cast) -> None:
    a_known_person(cast.shop)
    seen.take(now_with(face("a", 0.2)))
    assert who() == {"a": "Asha"}
    seen.take(now_with(face("a", 0.2, 0.8, -0.8)))
    assert who() == {"a": ""}


def test_of_two_faces_at_once_the_nearer_is_the_person(seen: Sightings, cast: Cast) -> None:
    a_known_person(cast.shop)
    seen.take(now_with(face("a", 0.2)))
    seen.take(now_with(face("a"), face("b", 0.1)))
    assert who() == {"a": "", "b": "Asha"}


def test_a_row_is_rewritten_while_somebody_stays(
    seen: Sightings, cast: Cast, django_assert_num_queries: Callable[..., Any]
) -> None:
    a_known_person(cast.shop)
    seen.take(now_with(face("a", 0.1)))
    later = timezone.now() + timedelta(seconds=30)
    with django_assert_num_queries(1):
        seen.take(now_with(face("a", last_at=later, counter_since_at=later)))
    row = Sighting.objects.get()
    assert (row.last_at, row.counter_since_at) == (later, later)
    assert row.person and row.picture, "what was known of them stays"


def test_a_person_seen_by_two_tracks_is_shown_once(seen: Sightings, cast: Cast) -> None:
    a_known_person(cast.shop)
    seen.take(now_with(face("a", 0.1)))
    seen.take(now_with(face("b", 0.1)))
    assert [row.track for row in in_sight(cast.shop)] == ["a"]


def test_who_is_gone_is_forgotten_with_the_picture(seen: Sightings, cast: Cast) -> None:
    seen.take(now_with(face("a", 0.9)))
    name = str(Sighting.objects.get().picture.name)
    Sighting.objects.update(last_at=timezone.now() - timedelta(seconds=10))
    assert not in_sight(cast.shop)
    sightings.forget()
    assert Sighting.objects.exists()
    Sighting.objects.update(last_at=timezone.now() - timedelta(minutes=3))
    os.utime(default_storage.path(name), (time.time() - 180,) * 2)
    sightings.forget()
    assert not Sighting.objects.exists() and not default_storage.exists(name)


def test_no_picture_stays_of_a_person_who_is_no_more(seen: Sightings, cast: Cast) -> None:
    seen.take(now_with(face("a", 0.9)))
    name = str(Sighting.objects.get().picture.name)
    Sighting.objects.all().delete()
    sightings.forget()
    assert default_storage.exists(name), "its row may be about to be written"
    os.utime(default_storage.path(name), (time.time() - 180,) * 2)
    sightings.forget()
    assert not default_storage.exists(name)


def test_the_page_shows_who_is_in_sight(seen: Sightings, cast: Cast, client_of: SignIn) -> None:
    client = client_of(cast.ravi)
    assert "Nobody is in sight" in client.get(PAGE).content.decode()
    person = a_known_person(cast.shop)
    since = timezone.now()
    seen.take(now_with(face("a", 0.1, counter_since_at=since), face("b", 0.9)))
    page = client.get(PAGE).content.decode()
    for text in (
        "Asha",
        "Unknown",
        "at the counter",
        f"/s/water/persons/{person.pk}/",
        'hx-trigger="every 2s"',
    ):
        assert text in page, text
    fragment = client.get(PAGE, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment and "Asha" in fragment


def test_the_face_is_served_and_kept_by_no_cache(seen: Sightings, cast: Cast, client_of: SignIn) -> None:
    seen.take(now_with(face("a", 0.9)))
    address = f"/s/water/faces/now/{Sighting.objects.get().pk}.jpg"
    answer: Any = client_of(cast.ravi).get(address)
    assert b"".join(answer.streaming_content) == JPEG
    assert (answer["Cache-Control"], answer["X-Content-Type-Options"]) == ("no-store", "nosniff")
    default_storage.delete(str(Sighting.objects.get().picture.name))
    assert client_of(cast.ravi).get(address).status_code == 404


def test_the_page_takes_few_queries_however_many(
    seen: Sightings, cast: Cast, client_of: SignIn, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    seen.take(now_with(*(face(str(number), 0.9) for number in range(12))))
    client = client_of(cast.ravi)
    with django_assert_max_num_queries(8):
        assert client.get(PAGE).content.decode().count('class="tile') == 13


def test_nobody_else_sees_them(seen: Sightings, cast: Cast, client_of: SignIn) -> None:
    seen.take(now_with(face("a", 0.9)))
    address = f"/s/water/faces/now/{Sighting.objects.get().pk}.jpg"
    neighbour = make_cast("next-door")
    stranger = client_of(neighbour.lakshmi)
    assert stranger.get(address).status_code == 404
    assert stranger.get(address.replace("/water/", "/next-door/")).status_code == 404
    assert "Nobody is in sight" in stranger.get("/s/next-door/visits/now/").content.decode()
    RoleRight.objects.create(shop=cast.shop, role=Role.STAFF, right=Right.SEE_FACES, is_allowed=False)
    for page in (PAGE, address):
        assert client_of(cast.ravi).get(page).status_code == 403
