"""Whoever is sent a face is written down, once for a user, a picture and an hour."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files import File
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone

from tests.base import Cast, make_cast
from tests.vision.conftest import write_clip
from tests.vision.scene import JPEG, a_person, a_visit
from vision.models import FaceView, Person, Sighting, Tracklet
from vision.privacy import access
from watershop.models import Right, Role, RoleRight

PAGE = "/s/water/privacy/views/"
SignIn = Callable[..., Client]


@pytest.fixture
def chitra(cast: Cast) -> Person:
    """Somebody with a visit, its film and its picture, and in sight now."""
    person = a_person(cast.shop, name="Chitra")
    visit = a_visit(cast.shop, timezone.now(), 3, person=person, picture=True)
    sighting = Sighting(shop=cast.shop, camera=visit.recording.camera, track="1", person=person)
    sighting.first_at = timezone.now()
    sighting.picture.save("now.jpg", ContentFile(JPEG))
    sighting.camera.still.save("still.jpg", ContentFile(JPEG))
    return person


def doors(person: Person, clip: Path) -> dict[str, str]:
    """Where each kind of face is sent from."""
    face, sighting = Tracklet.objects.get(person=person), Sighting.objects.get(person=person)
    with clip.open("rb") as file:
        face.recording.file.save("clip.mp4", File(file))
    recording = f"/s/water/recordings/{face.recording_id}"
    return {
        "face": f"/s/water/faces/{face.pk}.jpg",
        "sighting": f"/s/water/faces/now/{sighting.pk}.jpg",
        "frame": f"{recording}/frame.jpg?at=1",
        "film": f"{recording}/video",
        "still": f"/s/water/cameras/{sighting.camera_id}/still.jpg",
    }


def test_every_door_that_sends_a_face_writes_it_down(
    cast: Cast, chitra: Person, client_of: SignIn, tmp_path: Path
) -> None:
    meena = client_of(cast.meena)
    for what, address in doors(chitra, write_clip(tmp_path / "clip.mp4")).items():
        assert meena.get(address).status_code == 200, address
        view = FaceView.objects.order_by("pk").last()
        assert view and (view.what, view.by) == (what, cast.meena)
        assert view.person == (chitra if what in ("face", "sighting") else None)
    assert FaceView.objects.count() == 5


def test_a_picture_is_written_down_once_an_hour_and_user(
    cast: Cast, chitra: Person, client_of: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"/s/water/faces/{Tracklet.objects.get().pk}.jpg"
    meena = client_of(cast.meena)
    for _ in range(3):
        meena.get(address)
    assert FaceView.objects.count() == 1
    client_of(cast.ravi).get(address)
    later = timezone.now() + timedelta(hours=1)
    monkeypatch.setattr(access, "timezone", SimpleNamespace(now=lambda: later))
    meena.get(address)
    by = list(FaceView.objects.order_by("pk").values_list("by__username", flat=True))
    assert by == ["meena", "ravi", "meena"]


def test_who_is_refused_has_seen_nothing(cast: Cast, chitra: Person, client_of: SignIn) -> None:
    RoleRight.objects.create(shop=cast.shop, role=Role.STAFF, right=Right.SEE_FACES, is_allowed=False)
    address = f"/s/water/faces/{Tracklet.objects.get().pk}.jpg"
    assert client_of(cast.ravi).get(address).status_code == 403
    assert client_of(make_cast("next-door").lakshmi).get(address).status_code == 404
    assert not FaceView.objects.exists()


def test_a_manager_reads_who_looked_at_whom_also_in_films(
    cast: Cast, chitra: Person, client_of: SignIn, tmp_path: Path
) -> None:
    for address in doors(chitra, write_clip(tmp_path / "clip.mp4")).values():
        client_of(cast.meena).get(address)
    other = a_visit(cast.shop, timezone.now(), picture=True)
    client_of(cast.ravi).get(f"/s/water/faces/{other.tracklets.get().pk}.jpg")
    page = client_of(cast.meena).get(PAGE).content.decode()
    assert page.count("list__row") == 6
    of_chitra = client_of(cast.meena).get(f"{PAGE}?person={chitra.code.lower()}").content.decode()
    assert of_chitra.count("list__row") == 4, "two pictures, a frame and the film"
    assert client_of(cast.meena).get(f"{PAGE}?by={cast.ravi.pk}").content.decode().count("list__row") == 1
    assert "Nobody looked" in client_of(cast.meena).get(f"{PAGE}?person=P_9999").content.decode()


def test_the_list_takes_few_queries_and_is_a_managers(
    cast: Cast, chitra: Person, client_of: SignIn, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    now = timezone.now()
    FaceView.objects.bulk_create(
        FaceView(shop=cast.shop, by=cast.ravi, what="face", subject=number, person=chitra, at=now, hour=now)
        for number in range(60)
    )
    client = client_of(cast.meena)
    with django_assert_max_num_queries(9):
        assert client.get(PAGE).content.decode().count("list__row") == 50
    assert client_of(cast.ravi).get(PAGE).status_code == 403
    stranger = client_of(make_cast("next-door").lakshmi)
    assert stranger.get(PAGE).status_code == 404
    assert "Nobody looked" in stranger.get(PAGE.replace("water", "next-door")).content.decode()
