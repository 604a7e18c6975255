"""What the shop's first scripts left: visit_log.csv becomes visits, recognition_results.csv is kept; each line once."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command

from tests.base import TESTS, make_cast
from vision import recordings
from vision.models import OldRecognition, Recording, Visit
from vision.old_files import Report, UnreadableOldFile, import_file
from watershop.models import AuditEntry, Shop

INDIA = ZoneInfo("Asia/Kolkata")
VISITS = "track_id,entry_time,exit_time,duration_seconds"
RESULTS = "image_name,customer_id,similarity"
STAY = "2,2025-12-17 09:01:48,2025-12-17 09:02:43,54.98"
Import = Callable[..., Report]


@pytest.fixture
def take_in(shop: Shop, tmp_path: Path) -> Import:
    """Import these lines under a header."""

    def take_in(header: str, *lines: str, **options: bool) -> Report:
        file = tmp_path / "old.csv"
        file.write_text("\n".join((header, *lines)) + "\n")
        return import_file(shop, TESTS, file, **options)

    return take_in


def test_a_line_of_the_log_is_a_visit_of_a_figure_whom_nobody_knows(take_in: Import) -> None:
    report = take_in(VISITS, STAY)
    assert (report.kind, report.new, report.bad) == ("visit_log.csv", 1, 0)
    visit = Visit.objects.get()
    assert (visit.kind, visit.label, visit.person) == (Visit.Kind.BODY, "2", None)
    assert visit.entry_at == datetime(2025, 12, 17, 9, 1, 48, tzinfo=INDIA)
    assert visit.duration_s == 55
    recording = visit.recording
    assert (recording.camera.name, recording.started_at) == ("imported", visit.entry_at)
    assert (recording.state, recording.original_name) == (Recording.State.DONE, "old.csv")
    assert AuditEntry.objects.get(action="import_visits").subject_id == recording.pk


def test_recognitions_are_kept_as_the_scripts_wrote_them(take_in: Import) -> None:
    lines = ("frame_00588.jpg,CUST_0001,1.00", "frame_05965.jpg,CUST_0005,0.75")
    assert take_in(RESULTS, *lines).new == 2
    kept = OldRecognition.objects.order_by("pk").values_list("image_name", "customer_code", "similarity")
    assert list(kept) == [("frame_00588.jpg", "CUST_0001", 1.0), ("frame_05965.jpg", "CUST_0005", 0.75)]


@pytest.mark.parametrize(
    ("header", "lines"),
    [(VISITS, (STAY, STAY.replace("2,", "3,", 1))), (RESULTS, ("a.jpg,C1,1", "b.jpg,C1,1"))],
)
def test_the_second_import_adds_nothing_and_a_longer_file_only_what_is_new(
    take_in: Import, header: str, lines: tuple[str, str]
) -> None:
    take_in(header, lines[0])
    assert (take_in(header, *lines).new, take_in(header, *lines, lines[1]).already_there) == (1, 3)
    assert (Visit.objects.count() + OldRecognition.objects.count(), Recording.objects.count()) == (2, 2)


def test_a_dry_run_says_the_same_and_stores_nothing(take_in: Import) -> None:
    rehearsal = take_in(VISITS, STAY, "bad", dry_run=True)
    assert not Visit.objects.exists() and not Recording.objects.exists()
    assert not AuditEntry.objects.filter(action="import_visits").exists()
    assert take_in(VISITS, STAY, "bad") == rehearsal


@pytest.mark.parametrize(
    ("header", "line", "says"),
    [
        (VISITS, "2,2025-12-17 09:01:48", "names 4 columns"),
        (VISITS, STAY.replace("2,", ",", 1), "track_id is empty"),
        (VISITS, STAY.replace("09:02:43", "09:00:43"), "exit is before the entry"),
        (VISITS, STAY.replace("54.98", "549.8"), "entry and exit are 55 s apart"),
        (VISITS, STAY.replace("54.98", "long"), "duration_seconds is not a number"),
        (VISITS, STAY.replace("2025-12-17 09:01:48", "yesterday"), "entry_time can't be read"),
        (VISITS, STAY.replace("2025", "2095"), "in the future"),
        (RESULTS, "a.jpg,,1", "customer_id is empty"),
        (RESULTS, "a.jpg,C1,1.5", "between -1 and 1"),
        (RESULTS, "a.jpg,C1,nan", "similarity is not a number"),
    ],
)
def test_a_bad_line_is_told_with_its_number_and_the_others_are_taken_in(
    take_in: Import, header: str, line: str, says: str
) -> None:
    good = STAY if header == VISITS else "b.jpg,C2,0.9"
    report = take_in(header, good, "", line)
    (bad,) = report.bad_lines
    assert (report.new, report.bad, bad.line) == (1, 1, 4)
    assert says in bad.reason


def test_removing_its_recording_takes_an_import_back(take_in: Import) -> None:
    take_in(VISITS, STAY)
    take_in(RESULTS, "a.jpg,C1,1")
    for recording in Recording.objects.all():
        recordings.remove(recording, TESTS)
    assert not Visit.objects.exists() and not OldRecognition.objects.exists()
    assert take_in(VISITS, STAY).new == 1


def test_a_neighbour_imports_the_same_file_for_themselves(take_in: Import, tmp_path: Path) -> None:
    take_in(VISITS, STAY)
    neighbour = make_cast("neighbour").shop
    assert import_file(neighbour, TESTS, tmp_path / "old.csv").new == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"date,visit_count\n", "must name the columns"), (b"", "must name"), (b"track_id,\xff\n", "not UTF-8")],
)
def test_a_file_of_another_kind_is_refused_in_one_sentence(
    shop: Shop, tmp_path: Path, content: bytes, says: str
) -> None:
    file = tmp_path / "other.csv"
    file.write_bytes(content)
    with pytest.raises(UnreadableOldFile, match=says):
        import_file(shop, TESTS, file)


def test_the_command_takes_both_files_and_tells_of_each(
    shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log, results = tmp_path / "visit_log.csv", tmp_path / "recognition_results.csv"
    log.write_text(f"{VISITS}\n{STAY}\nbad\n")
    results.write_text(f"{RESULTS}\na.jpg,C1,0.75\n")
    call_command("import_visits", log, results, "--shop", "water", "--dry-run")
    told = capsys.readouterr()
    assert "visit_log.csv as visit_log.csv: 1 new, 0 already there, 1 bad rows." in told.out
    assert "Dry run: nothing was stored." in told.out and "line 3: It has 1 values" in told.err
    call_command("import_visits", log, results)
    assert (Visit.objects.count(), OldRecognition.objects.count()) == (1, 1)
    with pytest.raises(CommandError, match=r"missing\.csv can't be opened"):
        call_command("import_visits", tmp_path / "missing.csv")
