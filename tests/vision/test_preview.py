"""The preview of a recording: its bytes in parts, its pictures, the boxes and names over them, and who may look."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from tests.base import Cast, make_cast
from tests.vision.conftest import MadeClip, write_clip
from tests.vision.scene import a_person, a_recording
from vision import pipeline
from vision.analysis import Analysis
from vision.config import VisionConfig
from vision.models import Recording, Tracklet, Visit
from watershop.models import AuditEntry, RoleRight, Shop

SignIn = Callable[..., Client]
BYTES = bytes(range(256)) * 4


def watched(shop: Shop, name: str = "clip.mp4", content: bytes = BYTES) -> Recording:
    """A recording of 20 s in which P_0001 is seen from 2 s to 4 s."""
    recording = a_recording(shop, timezone.now(), duration_s=20)
    recording.file.save(f"recordings/{name}", ContentFile(content))
    person, at = a_person(shop, name="Chitra"), recording.started_at
    visit = Visit.objects.create(
        shop=shop,
        recording=recording,
        person=person,
        entry_at=at + timedelta(seconds=2),
        exit_at=at + timedelta(seconds=4),
    )
    face = {
        "recording": recording,
        "visit": visit,
        "person": person,
        "number": 1,
        "started_s": 2,
        "ended_s": 4,
    }
    Tracklet.objects.create(shop=shop, boxes=[[2.0, 0.1, 0.2, 0.2, 0.4], [4.0, 0.3, 0.2, 0.4, 0.4]], **face)
    return recording


@pytest.fixture
def ravi(cast: Cast, client_of: SignIn) -> Client:
    return client_of(cast.ravi)


def place(recording: Recording, part: str) -> str:
    return f"/s/water/recordings/{recording.pk}/{part}"


@pytest.mark.parametrize(
    ("wanted", "status", "start", "end"),
    [
        ("", 200, 0, 1024),
        ("bytes=0-", 206, 0, 1024),
        ("bytes=10-19", 206, 10, 20),
        ("bytes=1000-9999", 206, 1000, 1024),
        ("bytes=-24", 206, 1000, 1024),
        ("bytes=20-10", 200, 0, 1024),
        ("bytes=0-1,5-6", 200, 0, 1024),
        ("pages=1-2", 200, 0, 1024),
    ],
)
def test_a_video_comes_in_the_parts_that_the_browser_wants(
    cast: Cast, ravi: Client, wanted: str, status: int, start: int, end: int
) -> None:
    answer = ravi.get(place(watched(cast.shop), "video"), headers={"Range": wanted})
    assert (answer.status_code, answer.getvalue()) == (status, BYTES[start:end])
    assert (answer["Cache-Control"], answer["X-Content-Type-Options"]) == ("no-store", "nosniff")
    assert (answer["Content-Type"], answer["Accept-Ranges"]) == ("video/mp4", "bytes")
    assert answer["Content-Length"] == str(end - start)
    assert answer.get("Content-Range") == (f"bytes {start}-{end - 1}/1024" if status == 206 else None)


@pytest.mark.parametrize("wanted", ["bytes=1024-", "bytes=9999-", "bytes=-0"])
def test_what_lies_behind_the_end_of_a_video_cannot_be_had(cast: Cast, ravi: Client, wanted: str) -> None:
    answer = ravi.get(place(watched(cast.shop), "video"), headers={"Range": wanted})
    assert (answer.status_code, answer["Content-Range"], answer.content) == (416, "bytes */1024", b"")


def test_the_boxes_come_with_the_names(cast: Cast, ravi: Client) -> None:
    recording = watched(cast.shop)
    (track,) = ravi.get(place(recording, "tracks.json")).json()["tracks"]
    assert track["name"] == "Chitra" and track["boxes"][0] == [2.0, 0.1, 0.2, 0.2, 0.4]
    page = ravi.get(place(recording, "preview/")).content.decode()
    assert 'x="10.00"' in page and 'width="10.00"' in page and "<video" in page
    assert AuditEntry.objects.get(action="watch_recording").user == cast.ravi
    visit = Visit.objects.get()
    assert (
        f"{place(recording, 'preview/')}?at=2.0" in ravi.get(f"/s/water/visits/{visit.pk}/").content.decode()
    )


def test_what_a_browser_cannot_play_comes_as_single_pictures(
    cast: Cast, ravi: Client, tmp_path: Path
) -> None:
    clip = write_clip(tmp_path / "clip.mkv", seconds=3)
    recording = watched(cast.shop, "clip.mkv", clip.read_bytes())
    page = ravi.get(place(recording, "preview/?at=1.5")).content.decode()
    assert "<video" not in page and "frame.jpg?at=1.5" in page
    answer = ravi.get(place(recording, "frame.jpg?at=2"))
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("image/jpeg", "no-store")
    image = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_GRAYSCALE)
    bright = 3 * 30 + 20
    assert image is not None and abs(image.mean() - bright) < 6, "the picture of that second"
    assert ravi.get(place(recording, "frame.jpg?at=99")).status_code == 404


def test_a_recording_whose_camera_is_turned_by_hand_comes_as_upright_pictures(
    cast: Cast, ravi: Client, tmp_path: Path
) -> None:
    recording = watched(cast.shop, content=write_clip(tmp_path / "clip.mp4", seconds=1).read_bytes())
    recording.camera.rotation = 90
    recording.camera.save()
    assert "<video" not in ravi.get(place(recording, "preview/")).content.decode()
    picture = ravi.get(place(recording, "frame.jpg?at=nonsense")).content
    assert np.asarray(cv2.imdecode(np.frombuffer(picture, np.uint8), 1)).shape[:2] == (320, 192)


def test_a_watched_recording_keeps_its_boxes_as_fractions(
    cast: Cast, made_clip: MadeClip, analysis: Analysis, eye: VisionConfig
) -> None:
    recording = a_recording(cast.shop, timezone.now(), state="processing")
    pipeline.finish(recording, analysis, eye)
    faces = list(Tracklet.objects.filter(recording=recording))
    assert faces and all(face.boxes for face in faces)
    for face in faces:
        assert face.boxes[0][0] == pytest.approx(face.started_s, abs=0.01)
        assert all(-0.1 < side < 1.1 for _at, *box in face.boxes for side in box)
        _at, x1, _y1, x2, _y2 = max(face.boxes, key=lambda box: box[3] - box[1])
        assert (x2 - x1) * analysis.size[1] == pytest.approx(face.face_px, rel=0.5)


def test_only_who_may_see_faces_may_look(cast: Cast, client_of: SignIn, ravi: Client) -> None:
    foreign = watched(make_cast("other").shop)
    recording = watched(cast.shop)
    parts = ("preview/", "tracks.json", "video", "frame.jpg")
    assert [ravi.get(place(foreign, part)).status_code for part in parts] == [404] * 4
    RoleRight.objects.create(shop=cast.shop, role="staff", right="see_faces", is_allowed=False)
    assert [client_of(cast.ravi).get(place(recording, part)).status_code for part in parts] == [403] * 4


def test_a_recording_whose_file_is_gone_has_no_preview(cast: Cast, ravi: Client) -> None:
    recording = a_recording(cast.shop, timezone.now())
    assert ravi.get(place(recording, "preview/")).status_code == 404
    assert "preview/" not in ravi.get(place(recording, "")).content.decode()
    lost = watched(cast.shop)
    lost.file.storage.delete(str(lost.file.name))
    assert ravi.get(place(lost, "video")).status_code == 404


def test_the_preview_takes_the_same_queries_for_many_visits(
    cast: Cast, ravi: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    recording = watched(cast.shop)
    visit = Visit.objects.get()
    for number in range(2, 8):
        visit.pk = None
        visit.person = a_person(cast.shop)
        visit.save()
        face = {"recording": recording, "visit": visit, "number": number, "started_s": 5, "ended_s": 6}
        Tracklet.objects.create(shop=cast.shop, **face)
    with django_assert_max_num_queries(10):
        page = ravi.get(place(recording, "preview/")).content.decode()
    assert page.count('class="lane"') == 7
    with django_assert_max_num_queries(7):
        ravi.get(place(recording, "tracks.json"))
