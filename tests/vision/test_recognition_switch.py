"""A camera recognises nobody until a manager turns it on behind a sign: visits are counted and no face is kept."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from tests.base import TESTS, Cast, make_cast
from tests.vision.conftest import MadeClip
from tests.vision.scene import a_camera, a_recording
from tests.vision.test_recognition import CONFIG, followed, watched
from tests.vision.test_sightings import a_known_person, face, now_with
from vision import pipeline
from vision.analysis import Analysis
from vision.config import VisionConfig
from vision.live_naming import Sightings
from vision.models import Camera, Person, Recording, Sighting, Template, Tracklet, VisionSettings, Visit
from vision.privacy import switch
from vision.sightings import in_sight
from watershop.audit import Actor
from watershop.models import AuditEntry

NOON = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
SignIn = Callable[..., Client]


@pytest.fixture
def camera(cast: Cast) -> Camera:
    """A camera as it is after it was added."""
    return Camera.objects.create(
        shop=cast.shop, name="Counter", kind=Camera.Kind.STREAM, address="rtsp://192.168.1.9/live"
    )


def watch_two(cast: Cast) -> Recording:
    """Two people in one picture, and the first of them again ten minutes later."""
    recording = a_recording(cast.shop, NOON, "waiting")
    seen = [followed(1, 0.0), followed(2, 2.0, x=300), followed(3, 0.05, start=600)]
    pipeline.finish(recording, watched(seen), CONFIG)
    recording.refresh_from_db()
    return recording


def files() -> list[str]:
    """The pictures of faces that lie in the storage."""
    folder = Path(default_storage.path("faces"))
    return [path.name for path in folder.rglob("*.jpg")]


def test_a_new_camera_counts_visits_and_keeps_nothing_of_a_face(cast: Cast, camera: Camera) -> None:
    recording = watch_two(cast)
    visits = Visit.objects.order_by("entry_at", "pk")
    assert [(visit.kind, visit.person, visit.candidate, visit.shots) for visit in visits] == [
        ("face", None, None, 0)
    ] * 3
    assert all(visit.distance is None for visit in visits)
    assert not Person.objects.exists() and not Template.objects.exists() and not Tracklet.objects.exists()
    assert files() == [] and recording.pairs == {} and recording.is_anonymous
    summary = recording.summary or {}
    counts = {name: summary[name] for name in ("visits", "persons", "bodies")}
    assert counts == {"visits": 3, "persons": 0, "bodies": 0}


def test_who_is_known_is_nobody_where_recognition_is_off(cast: Cast, camera: Camera) -> None:
    switch.turn_on(camera, Actor(cast.meena, "tests"), sign_hangs=True)
    watch_two(cast)
    assert Person.objects.count() == 2 and len(files()) == 3
    switch.turn_off(camera, Actor(cast.meena, "tests"))
    before = Template.objects.count()
    again = a_recording(cast.shop, NOON + timedelta(minutes=11), "waiting")
    pipeline.finish(again, watched([followed(1, 0.0)]), CONFIG)
    assert Visit.objects.get(recording=again).person is None, "nor is it joined to the visit before"
    assert Template.objects.count() == before and len(files()) == 3


def test_only_a_manager_who_confirms_the_sign_turns_it_on(
    cast: Cast, camera: Camera, client_of: SignIn
) -> None:
    door = f"/s/water/cameras/{camera.pk}/recognition/"
    assert client_of(cast.ravi).post(door, {"on": "1", "sign_hangs": "on"}).status_code == 403
    meena = client_of(cast.meena)
    assert "First hang up the sign" in meena.post(door, {"on": "1"}, follow=True).content.decode()
    camera.refresh_from_db()
    assert not camera.recognises and camera.sign_at is None
    page = meena.post(door, {"on": "1", "sign_hangs": "on"}, follow=True).content.decode()
    camera.refresh_from_db()
    assert camera.recognises and camera.sign_by == cast.meena and camera.sign_at is not None
    assert "The sign hangs: meena" in page
    meena.post(door)
    camera.refresh_from_db()
    assert not camera.recognises
    deeds = AuditEntry.objects.filter(action__startswith="turn_recognition").order_by("pk")
    assert [(deed.action, deed.user) for deed in deeds] == [
        ("turn_recognition_on", cast.meena),
        ("turn_recognition_off", cast.meena),
    ]


def test_the_switch_of_another_shop_is_not_there(cast: Cast, camera: Camera, client_of: SignIn) -> None:
    stranger = client_of(make_cast("next-door").lakshmi)
    form = {"on": "1", "sign_hangs": "on"}
    for shop in ("water", "next-door"):
        assert stranger.post(f"/s/{shop}/cameras/{camera.pk}/recognition/", form).status_code == 404
    camera.refresh_from_db()
    assert not camera.recognises


def test_no_camera_recognises_without_a_sign(camera: Camera) -> None:
    with pytest.raises(ValidationError):
        switch.turn_on(camera, TESTS, sign_hangs=False)


def test_a_run_says_which_switch_turns_it_on_and_writes_no_face(
    cast: Cast,
    made_clip: MadeClip,
    analysis: Analysis,
    models_dir: Path,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings.VISION_MODEL_DIR, settings.VISION_YUNET_MODEL = models_dir, None
    monkeypatch.setattr(pipeline, "analyse", lambda *args, **kwargs: analysis)
    start = ("--started-at", "2026-11-20T09:00:00", "--camera", "Door")
    call_command("process_video", str(made_clip.path), *start, "--out", str(tmp_path / "out"))
    said = capsys.readouterr().out
    assert "2 visits of 0 persons" in said and "Cameras > Door > Recognise faces" in said
    assert list((tmp_path / "out").rglob("*.jpg")) == []
    log = (tmp_path / "out" / "visit_log.csv").read_text().splitlines()
    assert [line.split(",")[1] for line in log[1:]] == ["U_0001", "U_0002"]
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["distance"] is None
    call_command("process_video", str(made_clip.path), *start, "--dry-run")
    said = capsys.readouterr().out
    assert "2 visits of 2 persons" in said and "recognition is off" not in said, "a dry run always recognises"


def test_the_pages_say_that_recognition_is_off_and_where_to_turn_it_on(
    cast: Cast, camera: Camera, client_of: SignIn
) -> None:
    recording = watch_two(cast)
    visit = Visit.objects.order_by("entry_at").first()
    assert visit is not None
    switch_at = f"/s/water/cameras/{camera.pk}/#recognition"
    pages = ("visits/?from=2026-11-20&to=2026-11-20", "visits/now/", f"recordings/{recording.pk}/")
    for page in pages:
        text = client_of(cast.meena).get(f"/s/water/{page}").content.decode()
        assert "Recognition is off" in text and switch_at in text, page
        text = client_of(cast.ravi).get(f"/s/water/{page}").content.decode()
        assert "Recognition is off" in text and switch_at not in text, page
    assert "recognition was off" in client_of(cast.ravi).get(f"/s/water/visits/{visit.pk}/").content.decode()
    switch.turn_on(camera, TESTS, sign_hangs=True)
    assert "Recognition is off" not in client_of(cast.meena).get("/s/water/visits/").content.decode()


def test_a_live_camera_that_is_off_tells_that_somebody_is_there_and_not_who(
    cast: Cast, camera: Camera, eye: VisionConfig
) -> None:
    a_known_person(cast.shop)
    Sightings(camera, eye).take(now_with(face("a", 0.1)))
    row = Sighting.objects.get()
    assert (row.person, row.distance, row.picture.name) == (None, None, "")
    assert not default_storage.exists(f"sightings/{camera.pk}/a.jpg")


def test_who_is_in_sight_is_nobody_as_soon_as_it_is_turned_off(
    cast: Cast,
    camera: Camera,
    eye: VisionConfig,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Callable[..., object],
) -> None:
    monkeypatch.setattr("vision.live_naming.KNOWN_S", -1.0)  # the switch is looked at each time
    switch.turn_on(camera, TESTS, sign_hangs=True)
    a_known_person(cast.shop)
    seen = Sightings(camera, eye)
    seen.take(now_with(face("a", 0.1)))
    assert str(Sighting.objects.get().person) == "Asha"
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        switch.turn_off(camera, TESTS)
    assert not Sighting.objects.exists() and not default_storage.exists(f"sightings/{camera.pk}/a.jpg")
    seen.take(now_with(face("a")))
    assert Sighting.objects.get().person is None, "what the watcher remembers of the face is gone, too"


def test_what_a_watcher_writes_down_just_after_it_was_turned_off_is_shown_to_nobody(
    cast: Cast, camera: Camera, eye: VisionConfig, client_of: SignIn
) -> None:
    switch.turn_on(camera, TESTS, sign_hangs=True)
    a_known_person(cast.shop)
    seen = Sightings(camera, eye)
    seen.take(now_with(face("a", 0.1)))
    picture = f"/s/water/faces/now/{Sighting.objects.get().pk}.jpg"
    assert len(in_sight(cast.shop)) == 1 and client_of(cast.ravi).get(picture).status_code == 200
    Camera.objects.update(recognises=False)
    assert in_sight(cast.shop) == [] and client_of(cast.ravi).get(picture).status_code == 404


def test_where_no_pictures_are_kept_a_face_is_numbers_alone(cast: Cast, eye: VisionConfig) -> None:
    VisionSettings.objects.update_or_create(shop=cast.shop, defaults={"keeps_pictures": False})
    camera = a_camera(cast.shop)
    watch_two(cast)
    assert Person.objects.count() == 2 and Template.objects.count() == 3
    assert files() == [] and set(Tracklet.objects.values_list("picture", flat=True)) == {""}
    Sightings(camera, eye).take(now_with(face("a", 0.1)))
    assert Sighting.objects.get().picture.name == ""
