"""What a recorder exports into a folder becomes recordings: whole files, once, from nowhere else."""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pytest_django import Settings

from tests.base import Cast
from tests.vision.conftest import write_clip
from vision import watch_folders
from vision.models import Camera, FolderFile, Recording
from vision.watch_folders import look_into, start_in_name
from watershop.models import Job

Export = Callable[..., Path]
INDIA = ZoneInfo("Asia/Kolkata")


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    settings.WATCH_ROOT = str(tmp_path / "exports")
    folder = tmp_path / "exports" / "door"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def camera(cast: Cast) -> Camera:
    return Camera.objects.create(shop=cast.shop, name="Door", kind=Camera.Kind.FOLDER, address="door")


@pytest.fixture
def export(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Export:
    """A file in the folder that has lain there for two minutes; a second one has other bytes."""
    monkeypatch.setattr(watch_folders, "_changed_ns", lambda path: path.stat().st_mtime_ns)

    def write(name: str = "ch1.ts", data: bytes | None = None, seconds: float = 2) -> Path:
        path = folder / name
        if data is None:
            write_clip(path, seconds=seconds)
        else:
            path.write_bytes(data)
        os.utime(path, (time.time() - 120,) * 2)
        return path

    return write


def test_an_exported_file_is_copied_and_waits_to_be_watched(camera: Camera, export: Export) -> None:
    path = export("20251214_090000.ts")
    assert look_into(camera) == 1
    recording = Recording.objects.get()
    assert (recording.camera, recording.state, recording.original_name) == (camera, "waiting", path.name)
    assert recording.started_at == datetime(2025, 12, 14, 9, 0, tzinfo=INDIA)
    assert recording.file.read() == path.read_bytes() and recording.size_bytes == path.stat().st_size
    assert Job.objects.get().subject_id == recording.pk
    camera.refresh_from_db()
    assert camera.seen_at is not None


def test_a_file_is_taken_once_whatever_it_is_called_later(camera: Camera, export: Export) -> None:
    path = export()
    look_into(camera)
    path.rename(path.with_name("other.ts"))
    assert look_into(camera) == 0
    assert Recording.objects.count() == 1


def test_a_known_file_is_not_read_again(
    camera: Camera, export: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    export()
    look_into(camera)
    monkeypatch.setattr(watch_folders, "_take_in", lambda *args: pytest.fail("read again"))
    assert look_into(camera) == 0


def test_a_file_that_is_still_written_waits(camera: Camera, export: Export) -> None:
    path = export()
    os.utime(path, (time.time() - 10,) * 2)
    assert look_into(camera) == 0
    os.utime(path, (time.time() - 120,) * 2)
    assert look_into(camera) == 1


def test_a_copy_that_keeps_the_time_of_its_source_waits_too(camera: Camera, folder: Path) -> None:
    path = write_clip(folder / "copied.ts", seconds=1)
    os.utime(path, (time.time() - 9000,) * 2)
    assert look_into(camera) == 0


def test_what_is_no_video_fails_with_its_reason_and_the_others_go_on(camera: Camera, export: Export) -> None:
    export("list.mp4", b"#EXTM3U\n#EXT-X-VERSION:3\nfile:///etc/passwd\n")
    export("good.ts")
    assert look_into(camera) == 2
    bad = Recording.objects.get(original_name="list.mp4")
    assert (bad.state, bad.error_code, bad.file.name) == ("failed", "not_a_video", "")
    assert Job.objects.count() == 1
    assert look_into(camera) == 0


def test_what_is_cut_short_is_gone_on_with(camera: Camera, export: Export) -> None:
    export()
    look_into(camera)
    Recording.objects.update(file="", size_bytes=0)
    FolderFile.objects.all().delete()
    look_into(camera)
    assert Recording.objects.get().file


@pytest.mark.parametrize("address", ["..", "../../etc", "/etc", "", "nowhere"])
def test_nothing_outside_the_allowed_root_is_read(camera: Camera, export: Export, address: str) -> None:
    export()
    camera.address = address
    assert look_into(camera) == 0
    camera.refresh_from_db()
    assert camera.fault == Camera.Fault.UNREACHABLE


def test_a_link_that_leads_out_of_the_folder_is_not_followed(
    camera: Camera, folder: Path, export: Export, tmp_path: Path
) -> None:
    outside = write_clip(tmp_path / "secret.ts", seconds=1)
    os.utime(outside, (time.time() - 120,) * 2)
    (folder / "link.ts").symlink_to(outside)
    assert look_into(camera) == 0


def test_a_full_disk_takes_nothing_in(
    camera: Camera, export: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    export()
    monkeypatch.setattr(watch_folders, "has_room", lambda: False)
    assert look_into(camera) == 0
    camera.refresh_from_db()
    assert camera.fault == Camera.Fault.FULL and not Recording.objects.exists()


def test_only_folders_that_are_on_are_looked_into(camera: Camera, export: Export) -> None:
    export()
    Camera.objects.update(is_on=False)
    assert watch_folders.look_into_folders() == 0
    Camera.objects.update(is_on=True)
    assert watch_folders.look_into_folders() == 1


@pytest.mark.parametrize(
    ("name", "moment"),
    [
        ("ch01_20251214_090000.mp4", (2025, 12, 14, 9, 0, 0)),
        ("2025-12-14-09-00-00.ts", (2025, 12, 14, 9, 0, 0)),
        ("NVR 2025-12-14 09.00.05.avi", (2025, 12, 14, 9, 0, 5)),
        ("20251214T233059.mkv", (2025, 12, 14, 23, 30, 59)),
        ("D1_20251214090000_20251214091500.mp4", (2025, 12, 14, 9, 0, 0)),
        ("20251399_990000.mp4", None),
        ("film-12345678.mp4", None),
    ],
)
def test_recorders_write_the_start_into_the_name(name: str, moment: tuple[int, ...] | None) -> None:
    expected = moment and datetime(*moment, tzinfo=INDIA)  # type: ignore[arg-type, misc]
    assert start_in_name(name, INDIA) == expected


def test_without_any_start_it_is_the_length_before_the_files_time(export: Export) -> None:
    path = export(seconds=4)
    start, source = watch_folders.start_of_export(path, INDIA)
    ended_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    assert ended_at - start == timedelta(seconds=4) and source == Recording.StartSource.FILE
