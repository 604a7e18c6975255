"""Films of cameras go by days and gigabytes, oldest first; open cases, uploads and what is kept by hand stay."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from pytest_django import Settings

from tests.base import Cast, sell
from tests.vision.scene import JPEG, a_person, a_recording
from vision import keeping, linking
from vision.embedding import MODEL_ID
from vision.models import Camera, Recording, SaleLink, Template, Tracklet, Visit

GB = keeping.GB
Film = Callable[..., Recording]


@pytest.fixture
def film(cast: Cast) -> Film:
    """A watched segment of the camera at the door, so many days old, with a file."""
    camera = Camera.objects.create(
        shop=cast.shop, name="Counter", kind=Camera.Kind.STREAM, keep_days=10, keep_gb=3
    )

    def make(days: float, gb: int = 1, **fields: Any) -> Recording:
        name = default_storage.save("recordings/segment.mp4", ContentFile(b"film"))
        started_at = timezone.now() - timedelta(days=days)
        fields = {"camera": camera, "file": name, "size_bytes": gb * GB, "is_live": True} | fields
        recording = a_recording(cast.shop, started_at)
        Recording.objects.filter(pk=recording.pk).update(**fields)
        recording.refresh_from_db()
        return recording

    return make


def kept() -> list[int]:
    """The recordings that still have their film, oldest first."""
    return list(Recording.objects.exclude(file="").order_by("started_at").values_list("pk", flat=True))


def a_visit_in(recording: Recording, **fields: Any) -> Visit:
    times = {"entry_at": recording.started_at, "exit_at": recording.started_at}
    return Visit.objects.create(shop=recording.shop, recording=recording, **(times | fields))


def test_what_is_older_than_the_cameras_days_goes(film: Film) -> None:
    old, young = film(days=11), film(days=9)
    assert keeping.keep_within_quotas() == 1
    assert kept() == [young.pk]
    assert [default_storage.exists(str(row.file.name)) for row in (old, young)] == [False, True]
    assert Recording.objects.filter(pk=old.pk).exists(), "the row stays for its visits"


def test_beyond_the_cameras_gigabytes_the_oldest_go_first(film: Film) -> None:
    _first, *others = [film(days=days) for days in (4, 3, 2, 1)]
    keeping.keep_within_quotas()
    assert kept() == [recording.pk for recording in others]


def test_what_is_kept_by_hand_uploaded_or_still_to_be_watched_stays(film: Film, cast: Cast) -> None:
    film(days=20, is_kept=True)
    film(days=20, uploaded_by=cast.ravi)
    film(days=20, state=Recording.State.WAITING)
    assert keeping.keep_within_quotas() == 0 and len(kept()) == 3


def test_uploads_have_no_quota(film: Film) -> None:
    film(days=20)
    Camera.objects.update(kind=Camera.Kind.FILES)
    assert keeping.keep_within_quotas() == 0


def test_the_row_of_a_piece_in_which_nobody_came_goes_in_the_end(film: Film) -> None:
    empty, eventful, young = film(days=32), film(days=32), film(days=30)
    a_visit_in(eventful)
    keeping.keep_within_quotas()
    assert not Recording.objects.filter(pk=empty.pk).exists()
    assert Recording.objects.filter(pk__in=[eventful.pk, young.pk]).count() == 2


def test_an_open_case_keeps_its_film_until_it_is_decided(film: Film, cast: Cast) -> None:
    doubtful, linked = film(days=20), film(days=20)
    visit = a_visit_in(doubtful, candidate=a_person(cast.shop))
    sale = sell(cast, sold_at=linked.started_at)
    a_visit_in(linked, person=a_person(cast.shop))
    Visit.objects.filter(pk=visit.pk).update(entry_at=timezone.now(), exit_at=timezone.now())
    linking.link_recording(linked)
    assert SaleLink.objects.get(sale=sale).state == SaleLink.State.SUGGESTED
    assert keeping.keep_within_quotas() == 0
    SaleLink.objects.update(state=SaleLink.State.CONFIRMED, decided_at=timezone.now())
    Visit.objects.filter(pk=visit.pk).update(candidate=None, is_confirmed=True)
    assert keeping.keep_within_quotas() == 2


def test_a_case_that_nobody_decides_is_not_open_for_ever(film: Film, cast: Cast) -> None:
    a_visit_in(film(days=91), candidate=a_person(cast.shop))
    assert keeping.keep_within_quotas() == 1


def test_the_pictures_go_with_the_film_but_for_those_that_show_who_is_known(film: Film, cast: Cast) -> None:
    recording, person = film(days=20), a_person(cast.shop)
    visit = a_visit_in(recording, person=person)
    faces = [
        Tracklet.objects.create(
            shop=cast.shop,
            recording=recording,
            visit=visit,
            person=person,
            number=number,
            started_s=0,
            ended_s=1,
            picture=default_storage.save(f"faces/{recording.pk}/{number}.jpg", ContentFile(JPEG)),
        )
        for number in (1, 2)
    ]
    row = {"person": person, "tracklet": faces[0], "model_id": MODEL_ID, "is_enrolled": True}
    Template.objects.create(shop=cast.shop, vector=[0.0] * 128, **row)
    keeping.keep_within_quotas()
    assert [default_storage.exists(str(face.picture.name)) for face in faces] == [True, False]
    assert list(Tracklet.objects.order_by("number").values_list("picture", flat=True)) == [
        faces[0].picture.name,
        "",
    ]


@pytest.mark.parametrize(
    ("free_gb", "floor_gb", "has_room"),
    [(6, 0, True), (4, 0, False), (4, 3, True), (2, 3, False)],
    ids=["above a twentieth", "below a twentieth", "above the setting", "below the setting"],
)
def test_the_disk_has_a_floor(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    free_gb: int,
    floor_gb: int,
    has_room: bool,
) -> None:
    settings.VAR_DIR, settings.DISK_FLOOR_GB = tmp_path, floor_gb
    disk = SimpleNamespace(total=100 * GB, free=free_gb * GB)
    monkeypatch.setattr("vision.keeping.shutil.disk_usage", lambda path: disk)
    assert keeping.has_room() is has_room
