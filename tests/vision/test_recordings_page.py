"""The page of recordings: upload, progress, failure with a reason, one more try, removal."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from tests.base import TESTS, Cast, make_cast, sell
from tests.vision.conftest import MadeClip, write_clip
from tests.vision.scene import a_camera, a_recording, a_visit, as_a_chunk, some_chunks
from vision import children, recordings, storing, tasks
from vision.analysis import Analysis
from vision.children import ChunkFailed
from vision.chunk_file import write_result
from vision.config import YUNET_FILE
from vision.models import Camera, Person, Recording, RecordingChunk, SaleLink, Template, Tracklet, Visit
from watershop import jobs
from watershop.models import AuditEntry, Job, Right, Role, RoleRight

PAGE = "/s/water/recordings/"
SignIn = Callable[..., Client]
Upload = Callable[..., Any]


@pytest.fixture
def upload(cast: Cast, client_of: SignIn) -> Upload:
    """Ravi sends a file by the form, of a camera that recognises."""
    a_camera(cast.shop, "Door")

    def send(path: Path, **fields: str) -> Any:
        file = SimpleUploadedFile(path.name, path.read_bytes(), "video/mp4")
        form = {"camera": "Door", "started_at": "2026-11-20T09:00:00", "file_date": ""} | fields
        return client_of(cast.ravi).post(PAGE, form | {"file": file})

    return send


@pytest.fixture
def analysed(monkeypatch: pytest.MonkeyPatch, analysis: Analysis) -> None:
    """The looking was done once for all tests; the tasks, the page, the joining and the storing are real."""

    def watched(*args: Any) -> None:
        *_, result, tell = args
        tell(analysis.info.duration_s / 2)
        assert Job.objects.filter(name=recordings.WATCH, state=Job.State.RUNNING, progress=48).exists()
        write_result(as_a_chunk(analysis), result)

    monkeypatch.setattr(children, "watched", watched)


def work() -> Job:
    """What the video workers do until nothing waits; the job that they did last."""
    while job := Job.objects.filter(cluster="video", state=Job.State.QUEUED).order_by("pk").first():
        jobs.run(job.pk)
        last = job
    last.refresh_from_db()
    return last


def test_an_upload_is_stored_under_a_name_of_our_own_and_queued(
    upload: Upload, cast: Cast, tmp_path: Path
) -> None:
    answer = upload(write_clip(tmp_path / "..%2fevil.mkv"))
    recording = Recording.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"{PAGE}{recording.pk}/")
    assert re.fullmatch(r"recordings/[0-9a-f]{32}\.mkv", str(recording.file))
    assert recording.original_name.endswith("evil.mkv")
    assert (recording.uploaded_by, recording.camera.name, recording.state) == (cast.ravi, "Door", "waiting")
    assert recording.started_at == datetime(2026, 11, 20, 3, 30, tzinfo=UTC), "the form is in shop time"
    job = Job.objects.get()
    assert (job.name, job.subject_id, job.cluster) == (recordings.PROCESS, recording.pk, "video")
    assert AuditEntry.objects.get(action="upload_recording").user == cast.ravi


def test_the_suffix_follows_the_bytes_and_not_the_name(upload: Upload, tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.avi").rename(tmp_path / "clip.mp4")
    upload(path)
    assert str(Recording.objects.get().file).endswith(".avi")


def test_an_uploaded_recording_is_watched_and_shows_its_visits(
    upload: Upload,
    cast: Cast,
    client_of: SignIn,
    made_clip: MadeClip,
    analysed: None,
    settings: Settings,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    upload(made_clip.path)
    with django_capture_on_commit_callbacks(execute=True):
        job = work()
    recording = Recording.objects.get()
    assert (job.name, job.state, recording.state) == (recordings.FINISH, Job.State.DONE, Recording.State.DONE)
    assert not recording.chunks.exists() and not any((Path(settings.MEDIA_ROOT) / "chunks").rglob("*.npz"))
    page = client_of(cast.ravi).get(f"{PAGE}{recording.pk}/").content.decode()
    assert "P_0001" in page and "P_0002" in page and "hx-get" not in page.split("<main")[1]
    assert Job.objects.filter(name=storing.LINK_TASK, subject_id=recording.pk).exists()


def test_the_progress_bar_asks_again_until_it_is_done(cast: Cast, client_of: SignIn) -> None:
    recording = a_recording(cast.shop, timezone.now(), state="processing", file="recordings/x.mp4")
    jobs.enqueue(cast.shop, recordings.PROCESS, recording.pk, cluster="video")
    one, two, _three = some_chunks(recording, 10, 20, 30)
    RecordingChunk.objects.filter(pk=one.pk).update(result="chunks/1/0.npz")
    job = jobs.enqueue(cast.shop, recordings.WATCH, two.pk, cluster="video")
    Job.objects.filter(pk=job.pk).update(state=Job.State.RUNNING, progress=50)
    client = client_of(cast.ravi)
    page = client.get(f"{PAGE}{recording.pk}/").content.decode()
    fragment = client.get(f"{PAGE}{recording.pk}/progress/").content.decode()
    for text in (page, fragment):
        assert 'value="32"' in text and 'hx-trigger="every 1s"' in text
    Recording.objects.update(state=Recording.State.DONE)
    done = client.get(f"{PAGE}{recording.pk}/progress/")
    assert (done["HX-Refresh"], done.content) == ("true", b"")


def test_a_file_without_pictures_fails_with_a_reason_and_nothing_stored(
    upload: Upload, cast: Cast, client_of: SignIn, tmp_path: Path
) -> None:
    whole = write_clip(tmp_path / "whole.mkv").read_bytes()
    (tmp_path / "half.mkv").write_bytes(whole[: len(whole) // 2])
    upload(tmp_path / "half.mkv")
    job = work()
    recording = Recording.objects.get()
    assert (job.state, job.attempts, recording.state) == (Job.State.FAILED, 1, Recording.State.FAILED)
    assert "half.mkv" in recording.error and not Visit.objects.exists()
    page = client_of(cast.ravi).get(f"{PAGE}{recording.pk}/").content.decode()
    assert "This file ends before the recording does" in page and "Try again" in page


def test_a_failed_recording_can_be_tried_again(
    upload: Upload, cast: Cast, client_of: SignIn, made_clip: MadeClip, analysed: None
) -> None:
    upload(made_clip.path)
    recording = Recording.objects.get()
    Job.objects.update(state=Job.State.FAILED, error="killed")
    tasks.settle_recordings()
    recording.refresh_from_db()
    assert (recording.state, recording.error) == (Recording.State.FAILED, "killed")
    client_of(cast.ravi).post(f"{PAGE}{recording.pk}/retry/")
    assert work().name == recordings.FINISH
    recording.refresh_from_db()
    assert (recording.state, recording.error) == (Recording.State.DONE, "")


def test_a_worker_that_dies_each_time_is_told_on_the_page(
    upload: Upload, cast: Cast, client_of: SignIn, made_clip: MadeClip, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*args: object) -> None:
        raise ChunkFailed("0 s to 30 s ended with status -9")

    monkeypatch.setattr(children, "watched", dies)
    upload(made_clip.path)
    job = work()
    assert (job.name, job.attempts, job.state) == (recordings.WATCH, 3, Job.State.FAILED)
    recording = Recording.objects.get()
    answer = client_of(cast.ravi).get(f"{PAGE}{recording.pk}/progress/")
    assert answer["HX-Refresh"] == "true"
    assert "Try again" in client_of(cast.ravi).get(f"{PAGE}{recording.pk}/").content.decode()


def test_the_same_file_twice_is_one_recording(
    upload: Upload, cast: Cast, client_of: SignIn, tmp_path: Path
) -> None:
    clip = write_clip(tmp_path / "clip.mp4")
    first, second = upload(clip), upload(clip)
    assert first["Location"] == second["Location"] and Recording.objects.count() == 1
    assert len(list((Path(Recording.objects.get().file.path).parent).iterdir())) == 1
    assert Job.objects.count() == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "empty"), (b"#EXTM3U\nfile:///etc/passwd\n", "This is no mp4")],
    ids=["empty", "playlist"],
)
def test_what_is_no_video_is_refused_at_the_door(
    upload: Upload, tmp_path: Path, content: bytes, says: str
) -> None:
    (tmp_path / "bad.mp4").write_bytes(content)
    answer = upload(tmp_path / "bad.mp4")
    assert answer.status_code == 422 and says in answer.content.decode()
    assert not Recording.objects.exists() and not Job.objects.exists()


def test_a_file_over_the_limit_is_refused_before_it_is_read(
    upload: Upload, settings: Settings, tmp_path: Path
) -> None:
    clip = write_clip(tmp_path / "clip.mp4")
    settings.UPLOAD_MAX_BYTES = clip.stat().st_size - 1
    (tmp_path / "large.mp4").write_bytes(clip.read_bytes() + bytes(100_000))
    answers = [upload(tmp_path / "large.mp4"), upload(clip)]
    assert [answer.status_code for answer in answers] == [413, 422]
    assert all("larger than" in answer.content.decode() for answer in answers)


def test_a_start_that_nobody_knows_is_asked_for(upload: Upload, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4")
    answer = upload(clip, started_at="")
    assert answer.status_code == 422 and "does not say when it starts" in answer.content.decode()
    upload(clip, started_at="", file_date="2026-11-20T03:30:00.000Z")
    recording = Recording.objects.get()
    assert (recording.started_at_source, recording.started_at.isoformat()) == (
        "file",
        "2026-11-20T03:30:00+00:00",
    )


def test_an_upload_without_the_forms_token_is_refused(cast: Cast, tmp_path: Path) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.ravi, backend="watershop.accounts.OneTimePasswordBackend")
    file = SimpleUploadedFile("clip.mp4", write_clip(tmp_path / "clip.mp4").read_bytes())
    form = {"camera": "Door", "started_at": "2026-11-20T09:00:00", "file": file}
    assert client.post(PAGE, form).status_code == 403
    assert not Recording.objects.exists()


def test_removing_a_recording_takes_everything_of_it_away(
    upload: Upload, cast: Cast, client_of: SignIn, made_clip: MadeClip, analysed: None, tmp_path: Path
) -> None:
    upload(made_clip.path)
    work()
    recording = Recording.objects.get()
    visit = Visit.objects.first()
    assert visit is not None
    sale = sell(cast, sold_at=visit.entry_at)
    SaleLink.objects.create(shop=cast.shop, sale=sale, visit=visit, confidence=0.7)
    named = Person.objects.get(code="P_0002")
    Person.objects.filter(pk=named.pk).update(name="Chitra")
    address = f"{PAGE}{recording.pk}/remove/"
    assert client_of(cast.ravi).post(address).status_code == 403, "a manager's deed"
    assert client_of(cast.meena).post(address).status_code == 302
    for model in (Recording, Visit, Tracklet, Template, SaleLink):
        assert not model.objects.exists(), model
    assert list(Person.objects.all()) == [named]


def test_removing_a_recording_removes_its_files(
    cast: Cast, settings: Settings, django_capture_on_commit_callbacks: Callable[..., Any], tmp_path: Path
) -> None:
    visit = a_visit(cast.shop, timezone.now(), picture=True)
    recording = visit.recording
    recording.file.save("recordings/a.mp4", SimpleUploadedFile("a.mp4", b"bytes"))
    media = Path(settings.MEDIA_ROOT)
    assert len([path for path in media.rglob("*") if path.is_file()]) == 2
    with django_capture_on_commit_callbacks(execute=True):
        recordings.remove(recording, TESTS)
    assert [path for path in media.rglob("*") if path.is_file()] == []


def test_a_manager_keeps_a_cameras_film_beyond_its_days(cast: Cast, client_of: SignIn) -> None:
    recording = a_recording(cast.shop, timezone.now(), file="recordings/a.mp4", size_bytes=9)
    address, meena = f"{PAGE}{recording.pk}/", client_of(cast.meena)
    assert "/keep/" not in meena.get(address).content.decode(), "an upload stays anyhow"
    Camera.objects.update(kind=Camera.Kind.STREAM)
    assert 'name="keep"' in meena.get(address).content.decode()
    for form, is_kept in (({"keep": "1"}, True), ({}, False)):
        assert meena.post(f"{address}keep/", form).status_code == 302
        recording.refresh_from_db()
        assert recording.is_kept == is_kept
    assert AuditEntry.objects.filter(action="keep_recording").count() == 2
    assert client_of(cast.ravi).post(f"{address}keep/").status_code == 403, "a manager's deed"


def test_without_the_right_to_see_faces_no_recording_is_shown(cast: Cast, client_of: SignIn) -> None:
    recording = a_recording(cast.shop, timezone.now())
    RoleRight.objects.create(shop=cast.shop, role=Role.STAFF, right=Right.SEE_FACES, is_allowed=False)
    client = client_of(cast.ravi)
    for address in (PAGE, f"{PAGE}{recording.pk}/", f"{PAGE}{recording.pk}/progress/"):
        assert client.get(address).status_code == 403
    assert client.post(f"{PAGE}{recording.pk}/retry/").status_code == 403


def test_another_shops_recording_is_not_there(cast: Cast, client_of: SignIn) -> None:
    foreign = a_recording(make_cast("next-door").shop, timezone.now(), state="failed")
    client = client_of(cast.lakshmi)
    assert client.get(f"{PAGE}{foreign.pk}/").status_code == 404
    assert client.get(f"{PAGE}{foreign.pk}/progress/").status_code == 404
    for deed in ("retry", "keep", "remove"):
        assert client.post(f"{PAGE}{foreign.pk}/{deed}/").status_code == 404


def test_the_list_takes_few_queries_however_long(
    cast: Cast, client_of: SignIn, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for day in range(12):
        a_visit(cast.shop, timezone.now() - timedelta(days=day))
    client = client_of(cast.ravi)
    with django_assert_max_num_queries(9):
        page = client.get(PAGE)
    assert page.content.decode().count("list__row") == 12


def test_the_page_says_what_is_lost_without_the_better_detector(
    cast: Cast, client_of: SignIn, settings: Settings, tmp_path: Path
) -> None:
    settings.VISION_YUNET_MODEL, settings.VISION_MODEL_DIR = None, tmp_path
    assert "manage.py fetch_models" in client_of(cast.ravi).get(PAGE).content.decode()
    assert "manage.py fetch_models" in client_of(cast.meena).get("/s/water/cameras/").content.decode()
    (tmp_path / YUNET_FILE).touch()
    assert "fetch_models" not in client_of(cast.ravi).get(PAGE).content.decode()
