"""Recordings, chunks and faces in an S3-compatible store: fetched where they are worked on, and gone when they go."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from moto import mock_aws
from pytest_django import Settings

from tests.base import TESTS, Cast
from tests.vision.conftest import MadeClip
from tests.vision.scene import a_camera, a_recording, as_a_chunk
from vision import children, recordings
from vision.analysis import Analysis
from vision.chunk_file import write_result
from vision.local_files import fetched
from vision.models import Recording, Tracklet
from watershop import jobs
from watershop.models import Job
from watershop.settings import s3_of

ADDRESS = "s3://key:sec%2Fret@s3.amazonaws.com/shop-films?region=us-east-1"
Commit = Callable[..., Any]


@pytest.fixture
def bucket(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A made-up store, in which everything is kept, and an empty cache."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    options = s3_of(ADDRESS)
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
    }
    settings.CACHE_DIR = tmp_path / "cache"
    with mock_aws():
        made = boto3.resource("s3", region_name="us-east-1").create_bucket(Bucket="shop-films")
        yield made


def names(bucket: Any) -> list[str]:
    return sorted(item.key.split("/")[0] for item in bucket.objects.all())


def test_a_recording_is_watched_from_the_store_and_leaves_nothing_there_when_it_goes(
    bucket: Any,
    cast: Cast,
    client_of: Callable[..., Client],
    made_clip: MadeClip,
    analysis: Analysis,
    models_dir: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Commit,
) -> None:
    settings.VISION_MODEL_DIR, settings.VISION_YUNET_MODEL = models_dir, None
    read: list[Path] = []

    def watched(path: Path, *args: Any) -> None:
        read.append(path)
        write_result(as_a_chunk(analysis), args[2])

    monkeypatch.setattr(children, "watched", watched)
    a_camera(cast.shop, "Door")
    client = client_of(cast.meena)
    file = SimpleUploadedFile("made.mp4", made_clip.path.read_bytes(), "video/mp4")
    form = {"camera": "Door", "started_at": "2026-11-20T09:00:00", "file_date": "", "file": file}
    assert client.post("/s/water/recordings/", form).status_code == 302
    with django_capture_on_commit_callbacks(execute=True):
        while job := Job.objects.filter(cluster="video", state=Job.State.QUEUED).first():
            jobs.run(job.pk)
    recording = Recording.objects.get()
    assert recording.state == Recording.State.DONE, recording.error
    assert read[0].parent == settings.CACHE_DIR, "the film was fetched"
    tracklets = Tracklet.objects.all()
    assert names(bucket) == ["faces"] * len(tracklets) + ["recordings"], "the chunks are gone"
    picture = client.get(f"/s/water/faces/{tracklets[0].pk}.jpg")
    assert b"".join(picture.streaming_content).startswith(b"\xff\xd8")  # type: ignore[attr-defined]
    with django_capture_on_commit_callbacks(execute=True):
        recordings.remove(recording, TESTS)
    assert names(bucket) == []


def test_a_file_is_fetched_once_and_the_cache_stays_in_its_bounds(
    bucket: Any, cast: Cast, settings: Settings
) -> None:
    settings.CACHE_MAX_BYTES = 15
    films = []
    for number in range(3):
        name = default_storage.save(f"recordings/{number}.mp4", ContentFile(b"0123456789"))
        films.append(a_recording(cast.shop, timezone.now(), file=name).file)
    told: list[None] = []
    with fetched(films[0], lambda: told.append(None)) as first:
        assert first.read_bytes() == b"0123456789" and len(told) == 1
        with fetched(films[0], lambda: told.append(None)) as again:
            assert again == first and len(told) == 1
        with fetched(films[1], lambda: None) as second:
            assert first.exists() and second.exists(), "what is read stays, whatever the bound"
    with fetched(films[2], lambda: None) as third:
        left = {path for path in Path(settings.CACHE_DIR).iterdir() if path.stat().st_size}
        assert left == {third}


@pytest.mark.parametrize("address", ["https://host/bucket", "s3://host/bucket", "s3://key:secret@host"])
def test_an_address_that_names_no_store_is_refused(address: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="WATERSHOP_STORAGE_URL"):
        s3_of(address)


def test_the_store_is_private_and_asked_over_tls() -> None:
    options = s3_of(ADDRESS)
    assert (options["access_key"], options["secret_key"]) == ("key", "sec/ret")
    assert options["endpoint_url"] == "https://s3.amazonaws.com" and options["querystring_auth"]
    assert options["default_acl"] is None and not options["file_overwrite"]
    assert s3_of("s3://k:s@store.lan:9000/b?insecure=1")["endpoint_url"] == "http://store.lan:9000"
