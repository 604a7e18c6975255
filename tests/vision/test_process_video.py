"""From a file to visits: the command, its outputs, and what bad files leave behind (nothing)."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count
from pytest_django import Settings

from tests.base import Cast, make_cast, sell
from tests.vision.conftest import MadeClip, write_clip
from tests.vision.scene import a_camera, agrees, links
from vision import outputs, pipeline, recognition, storing
from vision.analysis import Analysis
from vision.children import ChunkFailed
from vision.config import VisionConfig
from vision.frames import created_at
from vision.models import Person, Recording, Template, Tracklet, Visit
from watershop import jobs
from watershop.models import Job

START = "2026-11-20T09:00:00"
Watch = Callable[..., str]


@pytest.fixture(autouse=True)
def _the_eye_of_the_tests(settings: Settings, models_dir: Path) -> None:
    settings.VISION_MODEL_DIR, settings.VISION_YUNET_MODEL = models_dir, None


@pytest.fixture
def watch(capsys: pytest.CaptureFixture[str]) -> Watch:
    """Runs the command and returns what it said."""

    def run(path: Path, *options: str) -> str:
        call_command("process_video", str(path), *options)
        return capsys.readouterr().out

    return run


@pytest.fixture
def analysed(cast: Cast, monkeypatch: pytest.MonkeyPatch, analysis: Analysis) -> None:
    """The looking was done once for all tests; what follows from it is done in each, by a camera that recognises."""
    a_camera(cast.shop, "camera")
    monkeypatch.setattr(pipeline, "analyse", lambda *args, **kwargs: analysis)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def stored() -> tuple[int, int, int]:
    """How many visits, templates and tracklets there are."""
    return Visit.objects.count(), Template.objects.count(), Tracklet.objects.count()


def expected(analysis: Analysis) -> tuple[int, int, int]:
    """Two people come once in the made-up clip; each face good enough to be compared is kept, with its vector."""
    usable = sum(tracklet.is_usable for tracklet in analysis.tracklets)
    return 2, usable, usable


def test_a_file_becomes_persons_and_visits(
    cast: Cast, made_clip: MadeClip, watch: Watch, analysed: None
) -> None:
    a_camera(cast.shop, "Door")
    said = watch(made_clip.path, "--started-at", START, "--camera", "Door", "--workers", "2")
    visits = list(Visit.objects.order_by("entry_at"))
    start = datetime.fromisoformat(START).replace(tzinfo=cast.shop.tz)
    entries = [(visit.entry_at - start).total_seconds() for visit in visits]
    assert entries == pytest.approx([visit.entry_s for visit in made_clip.truth], abs=3)
    assert [visit.person.code for visit in visits if visit.person] == ["P_0001", "P_0002"]
    recording = Recording.objects.get()
    assert (recording.state, recording.camera.name, recording.started_at_source) == ("done", "Door", "given")
    assert "given by hand" in said and "2 visits of 2 persons" in said
    assert all(Path(tracklet.picture.path).is_file() for tracklet in Tracklet.objects.all())


def test_a_door_drawn_at_the_camera_says_who_came(
    cast: Cast, made_clip: MadeClip, watch: Watch, analysed: None, tmp_path: Path
) -> None:
    counter = [[0.2, 0], [0.8, 0], [0.8, 1], [0.2, 1]]
    door = a_camera(cast.shop, "Door", door=[[0.1, 1], [0.1, 0]], counter=counter)
    watch(made_clip.path, "--camera", door.name, "--started-at", START, "--out", str(tmp_path))
    for visit, row in zip(Visit.objects.order_by("entry_at"), rows(tmp_path / "visit_log.csv"), strict=True):
        assert (visit.entry_by, visit.exit_by) == (row["entry_by"], row["exit_by"])
        assert visit.counter_from_at and visit.counter_until_at
        assert visit.entry_at < visit.counter_from_at < visit.counter_until_at < visit.exit_at
        assert datetime.fromisoformat(row["counter_from"]) == visit.counter_from_at
    assert set(Visit.objects.values_list("entry_by", "exit_by")) & {("door", "sight"), ("sight", "door")}


def test_who_only_passes_the_door_is_nobody(
    cast: Cast, made_clip: MadeClip, watch: Watch, analysed: None
) -> None:
    a_camera(cast.shop, "Street", door=[[1, 1], [1, 0]])
    assert "0 visits of 0 persons" in watch(made_clip.path, "--camera", "Street")
    assert stored() == (0, 0, 0) and not Person.objects.exists()


def test_the_outputs_have_the_shops_columns_first(
    cast: Cast, made_clip: MadeClip, watch: Watch, analysed: None, tmp_path: Path
) -> None:
    watch(made_clip.path, "--started-at", START, "--out", str(tmp_path))
    visits = rows(tmp_path / "visit_log.csv")
    assert tuple(visits[0]) == (
        *("visit_id", "person", "customer_id", "camera", "entry_time", "exit_time", "duration_seconds"),
        *("shots", "distance", "entry_s", "exit_s", "entry_by", "exit_by", "counter_from", "counter_until"),
    )
    first = visits[0]
    entry = datetime.fromisoformat(first["entry_time"])
    assert entry == datetime.fromisoformat(f"{START}+05:30") + timedelta(seconds=float(first["entry_s"]))
    assert [visit["visit_id"] for visit in visits] == ["V_0001", "V_0002"]
    faces = rows(tmp_path / "recognition_results.csv")
    assert tuple(faces[0]) == outputs.RECOGNITION
    assert {face["image_name"] for face in faces} == {p.name for p in (tmp_path / "detected_faces").iterdir()}
    assert all(0 < float(face["distance"]) < 0.5 < float(face["similarity"]) <= 1 for face in faces)
    people = rows(tmp_path / "unique_customers.csv")
    assert [(row["customer_id"], row["person"]) for row in people] == [("", "P_0001"), ("", "P_0002")]
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert (summary["visits"], summary["persons"]) == (2, 2)
    assert set(summary["seconds"]) == {"decode", "motion", "detect", "track", "embed"}
    assert summary["distance"]["min"] <= summary["distance"]["mean"] <= summary["distance"]["max"]


def test_a_dry_run_opens_no_database_and_still_recognises(
    made_clip: MadeClip, models_dir: Path, tmp_path: Path
) -> None:
    nowhere = {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/none", "WATERSHOP_VAR": str(tmp_path / "var")}
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "models").symlink_to(models_dir)
    command = ["manage.py", "process_video", str(made_clip.path), "--dry-run", "--out", str(tmp_path / "out")]
    done = subprocess.run(
        [sys.executable, *command, "--frames-every", "10", "--workers", "2"],
        cwd=Path(__file__).parents[2],
        env=os.environ | nowhere,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(rows(tmp_path / "out" / "visit_log.csv")) == 2
    assert len(list((tmp_path / "out" / "frames").iterdir())) == 3
    boxed = [p.name for p in (tmp_path / "out" / "frames_with_face_boxes").iterdir()]
    assert len(boxed) == len({name.split(".")[0] for name in boxed}) > 5, "at most one a second"


def test_watching_the_same_file_again_stores_nothing_twice(
    cast: Cast, made_clip: MadeClip, watch: Watch, analysed: None, analysis: Analysis, tmp_path: Path
) -> None:
    watch(made_clip.path, "--started-at", START, "--out", str(tmp_path / "one"))
    before = stored()
    said = watch(made_clip.path, "--started-at", START, "--out", str(tmp_path / "two"))
    assert "stored already" in said and stored() == before == expected(analysis)
    seen = [[row["person"] for row in rows(tmp_path / run / "visit_log.csv")] for run in ("one", "two")]
    assert seen[0] == seen[1]


def test_the_same_people_on_another_day_are_known(
    cast: Cast, made_clip: MadeClip, watch: Watch, analysed: None
) -> None:
    watch(made_clip.path, "--started-at", START)
    agrees(cast.asha)
    Person.objects.filter(code="P_0002").update(customer=cast.asha)
    watch(made_clip.path, "--started-at", "2026-11-21T09:00:00")
    assert Person.objects.count() == 2
    assert set(Person.objects.annotate(came=Count("visits")).values_list("came", flat=True)) == {2}
    assert Visit.objects.filter(distance__lt=0.05).count() == 2


def test_each_shop_has_people_of_its_own(
    cast: Cast, made_clip: MadeClip, watch: Watch, analysed: None
) -> None:
    a_camera(make_cast("next-door").shop, "camera")
    with pytest.raises(CommandError, match="--shop: next-door, water"):
        watch(made_clip.path)
    watch(made_clip.path, "--shop", "water")
    watch(made_clip.path, "--shop", "next-door")
    assert Person.objects.filter(shop=cast.shop).count() == 2
    assert Visit.objects.exclude(shop=cast.shop).filter(distance=None).count() == 2


def test_the_start_comes_from_the_container_else_from_the_file(
    cast: Cast, made_clip: MadeClip, watch: Watch, analysed: None, tmp_path: Path
) -> None:
    os.utime(made_clip.path, (1_700_000_000, 1_700_000_000))
    assert "from the file's date" in watch(made_clip.path)
    with_time = tmp_path / "camera.mkv"
    with av.open(str(with_time), "w") as container:
        container.metadata["creation_time"] = "2026-11-20T03:30:00.000000Z"
        stream = container.add_stream("libx264", rate=15)
        stream.width, stream.height, stream.pix_fmt = 320, 192, "yuv420p"
        for _ in range(15):
            grey = np.full((192, 320, 3), 99, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="bgr24")))
        container.mux(stream.encode(None))
    assert "2026-11-20 09:00:00 IST, from the video" in watch(with_time)
    times = Recording.objects.order_by("started_at").values_list("started_at", flat=True)
    assert list(times) == [
        datetime.fromtimestamp(1_700_000_000, UTC),
        datetime(2026, 11, 20, 3, 30, tzinfo=UTC),
    ]


def test_sales_of_the_time_are_linked_when_the_recording_is_done(
    cast: Cast, made_clip: MadeClip, watch: Watch, analysed: None
) -> None:
    start = datetime.fromisoformat(START).replace(tzinfo=cast.shop.tz)
    sale = sell(cast, sold_at=start + timedelta(seconds=made_clip.truth[0].entry_s + 5))
    watch(made_clip.path, "--started-at", START)
    job = Job.objects.get(name=storing.LINK_TASK)
    jobs.run(job.pk)
    assert [(code, state) for code, _visit, state in links()] == [(sale.code, "suggested")]


def bad_files(folder: Path) -> dict[str, Path]:
    """A file per kind of bad file, by the code of its error."""
    whole = write_clip(folder / "whole.mp4")
    files = {code: folder / f"{code}.mp4" for code in ("empty", "not_a_video", "truncated", "no_picture")}
    files["empty"].touch()
    files["not_a_video"].write_text("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n")
    files["truncated"].write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with av.open(str(files["no_picture"]), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), format="fltp", layout="mono")
        sound.sample_rate = 16000
        container.mux(stream.encode(sound))
        container.mux(stream.encode(None))
    return files


@pytest.mark.parametrize("code", ["empty", "not_a_video", "truncated", "no_picture"])
def test_a_bad_file_is_a_failed_recording_and_nothing_else(
    cast: Cast, watch: Watch, tmp_path: Path, code: str
) -> None:
    path = bad_files(tmp_path)[code]
    with pytest.raises(CommandError, match=path.name):
        watch(path)
    recording = Recording.objects.get()
    assert (recording.state, recording.error_code) == (Recording.State.FAILED, code)
    assert path.name in recording.error and stored() == (0, 0, 0)


def test_a_missing_file_is_no_recording(cast: Cast, watch: Watch, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no file"):
        watch(tmp_path / "nothing.mp4")
    assert not Recording.objects.exists()


def test_an_error_while_storing_leaves_no_half_a_visit(
    cast: Cast, made_clip: MadeClip, watch: Watch, analysed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **kwargs: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(storing, "_save_pictures", full)
    with pytest.raises(OSError, match="disk full"):
        watch(made_clip.path)
    assert stored() == (0, 0, 0) and not Person.objects.exists()
    monkeypatch.undo()


def test_a_file_that_failed_can_be_watched_again(
    cast: Cast, made_clip: MadeClip, watch: Watch, analysis: Analysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*args: object, **kwargs: object) -> Analysis:
        raise ChunkFailed("the child was killed")

    a_camera(cast.shop, "camera")
    monkeypatch.setattr(pipeline, "analyse", dies)
    with pytest.raises(CommandError, match="killed"):
        watch(made_clip.path)
    assert Recording.objects.get().state == Recording.State.FAILED
    monkeypatch.setattr(pipeline, "analyse", lambda *args, **kwargs: analysis)
    watch(made_clip.path)
    assert Recording.objects.get().state == Recording.State.DONE and stored() == expected(analysis)


def test_an_engine_that_is_not_there_leaves_no_recording_that_seems_to_be_watched(
    cast: Cast, watch: Watch, tmp_path: Path, settings: Settings
) -> None:
    video = write_clip(tmp_path / "door.mp4")
    settings.VISION_ENGINE = "insightface"
    with pytest.raises(CommandError, match="VISION_SCRFD_MODEL must name"):
        watch(video)
    assert Recording.objects.get().state == Recording.State.FAILED
    assert "VISION_SCRFD_MODEL" in Recording.objects.get().error


def test_two_faces_in_one_picture_are_never_one_known_person(
    cast: Cast, made_clip: MadeClip, eye: VisionConfig, watch: Watch, analysed: None, analysis: Analysis
) -> None:
    """With a gallery so lax that everybody is near everybody, people who met stay two people."""
    watch(made_clip.path, "--started-at", START)
    lax = eye.with_changes(accept_at=5.0, margin=0.0)
    groups = [[tracklet] for tracklet in analysis.tracklets]
    Template.objects.exclude(person__code="P_0001").delete()
    people = recognition.recognised(cast.shop, groups, lax)
    together = [a for a in analysis.tracklets for b in analysis.tracklets if a is not b and a.is_seen_with(b)]
    assert together, "the clip has people in the shop at once"
    for seen in people:
        assert not any(a.is_seen_with(b) for a in seen.tracklets for b in seen.tracklets if a is not b)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--frames-every", "5"], "needs --out"),
        (["--frames-every", "0", "--out", "x"], "above zero"),
        (["--workers", "0"], "from 1 to 64"),
        (["--camera", "x" * 61], "at most 60 letters"),
        (["--started-at", "yesterday"], "invalid"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    made_clip: MadeClip, watch: Watch, options: list[str], says: str
) -> None:
    with pytest.raises(CommandError, match=says):
        watch(made_clip.path, *options)


def test_made_up_footage_comes_with_its_truth(models_dir: Path, tmp_path: Path) -> None:
    out = tmp_path / "made.mp4"
    wish = {"minutes": 0.3, "visits": 1, "persons": 1, "seed": 5}
    call_command("make_footage", str(out), **wish)
    (visit,) = rows(out.with_suffix(".truth.csv"))
    assert list(visit) == ["person", "entry_s", "exit_s", "duration_s", "min_face_px", "max_face_px"]
    assert out.stat().st_size > 10_000
    assert {row["true_person"] for row in rows(out.with_suffix(".sales.csv"))} <= {visit["person"]}
    assert created_at(out) == datetime(2025, 12, 14, 3, 30, tzinfo=UTC)


def test_impossible_footage_is_refused_with_what_would_do(models_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Give more minutes"):
        call_command("make_footage", str(tmp_path / "made.mp4"), minutes=0.5, visits=9, persons=1)
