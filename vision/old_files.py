"""The files of the shop's first scripts: visit_log.csv becomes visits, recognition_results.csv is kept as it is.

Each file is a recording without a film, of a camera of that name; removing the recording takes the import back. Those
scripts followed figures (a track is one stay) and wrote recognitions without a time, so the visits are of nobody known.
"""

import csv
import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from vision.models import Camera, OldRecognition, Recording, Visit
from watershop import audit
from watershop.audit import Actor
from watershop.dates import YEARS
from watershop.models import Shop

CAMERA = "imported"
BATCH = 2_000
SHOWN = 500
ROUNDED_S = 1.5
"""Entry and exit are whole seconds, the duration is not."""
Cells = dict[str, str]


class UnreadableOldFile(Exception):  # noqa: N818 (it says what is wrong)
    """Neither of the two files; the text is for the person who chose it."""


@dataclass(frozen=True)
class BadLine:
    """A line that can't be taken in, and why."""

    line: int
    reason: str


@dataclass
class Report:
    """What became of a file. All bad lines are counted, the first SHOWN are kept."""

    kind: str
    new: int = 0
    already_there: int = 0
    bad: int = 0
    bad_lines: list[BadLine] = field(default_factory=list)

    def refuse(self, line: BadLine) -> None:
        self.bad += 1
        if self.bad <= SHOWN:
            self.bad_lines.append(line)


@dataclass(frozen=True)
class OldVisit:
    """One followed figure, from when to when."""

    track: str
    entry_at: datetime
    exit_at: datetime

    def row(self, recording: Recording) -> Visit:
        return Visit(
            shop=recording.shop,
            recording=recording,
            kind=Visit.Kind.BODY,
            label=self.track,
            entry_at=self.entry_at,
            exit_at=self.exit_at,
        )

    @staticmethod
    def stored(shop: Shop, lines: "Sequence[OldVisit]") -> "set[OldVisit]":
        """Those of these lines that an earlier import brought."""
        entries = {line.entry_at for line in lines}
        rows = Visit.objects.of(shop).filter(recording__camera__name=CAMERA, entry_at__in=entries)
        return {OldVisit(*row) for row in rows.values_list("label", "entry_at", "exit_at")}


@dataclass(frozen=True)
class OldResult:
    """For whom the face in one picture was taken."""

    image_name: str
    customer_code: str
    similarity: float = field(compare=False)

    def row(self, recording: Recording) -> OldRecognition:
        return OldRecognition(
            shop=recording.shop,
            recording=recording,
            image_name=self.image_name,
            customer_code=self.customer_code,
            similarity=self.similarity,
        )

    @staticmethod
    def stored(shop: Shop, lines: "Sequence[OldResult]") -> "set[OldResult]":
        """Those of these lines that an earlier import brought."""
        names = {line.image_name for line in lines}
        rows = OldRecognition.objects.filter(shop=shop, image_name__in=names)
        return {OldResult(*row) for row in rows.values_list("image_name", "customer_code", "similarity")}


@dataclass(frozen=True)
class Kind:
    """One of the two files: its name and columns, how a line is read, and the rows that it becomes."""

    name: str
    columns: tuple[str, ...]
    read: Callable[[Cells, ZoneInfo], Any]
    line: type[OldVisit | OldResult]


def import_file(shop: Shop, actor: Actor, path: Path, *, dry_run: bool = False) -> Report:
    """Take in what is readable and new; a dry run goes the same way and stores nothing.

    Raises UnreadableOldFile when it is neither of the two files.
    """
    with _open(path) as lines, transaction.atomic():
        # One import at a time in a shop: what is there already is looked for once.
        Shop.objects.select_for_update(no_key=True).get(pk=shop.pk)
        intake = _Intake(shop, path, lines)
        intake.take_in()
        if intake.report.new:
            audit.record(shop, actor, "import_visits", intake.recording(), after={"rows": intake.report.new})
        transaction.set_rollback(dry_run)
    return intake.report


@contextmanager
def _open(path: Path) -> Iterator[Iterator[list[str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            yield csv.reader(text)
    except UnicodeDecodeError as error:
        raise UnreadableOldFile(_("%(file)s is not UTF-8 text.") % {"file": path.name}) from error
    except csv.Error as error:
        what = {"file": path.name, "reason": error}
        raise UnreadableOldFile(_("%(file)s can't be read: %(reason)s.") % what) from error
    except OSError as error:
        what = {"file": path.name, "reason": error.strerror}
        raise UnreadableOldFile(_("%(file)s can't be opened: %(reason)s.") % what) from error


class _Intake:
    """Takes one file into one shop."""

    def __init__(self, shop: Shop, path: Path, lines: Iterator[list[str]]) -> None:
        self.shop, self.path, self.lines = shop, path, lines
        self.header = [name.strip().lower() for name in next(lines, [])]
        self.kind = _kind_of(self.header, path)
        self.report = Report(self.kind.name)
        self._recording: Recording | None = None

    def take_in(self) -> None:
        lines = self._read()
        while batch := list(islice(lines, BATCH)):
            there = self.kind.line.stored(self.shop, batch)
            fresh = [line for line in dict.fromkeys(batch) if line not in there]
            self.report.new += len(fresh)
            self.report.already_there += len(batch) - len(fresh)
            if fresh:
                self._store(fresh)

    def _read(self) -> Iterator[Any]:
        for number, values in enumerate(self.lines, 2):
            if not any(map(str.strip, values)):
                continue
            try:
                yield self.kind.read(self._cells(values), self.shop.tz)
            except ValueError as error:
                self.report.refuse(BadLine(number, str(error)))

    def _cells(self, values: list[str]) -> Cells:
        if len(values) < len(self.header):
            what = {"found": len(values), "wanted": len(self.header)}
            raise ValueError(_("It has %(found)s values, but line 1 names %(wanted)s columns.") % what)
        return {name: value.strip() for name, value in zip(self.header, values, strict=False)}

    def _store(self, lines: Sequence[Any]) -> None:
        recording = self.recording(lines[0])
        rows = [line.row(recording) for line in lines]
        type(rows[0]).objects.bulk_create(rows)

    def recording(self, first: "OldVisit | OldResult | None" = None) -> Recording:
        """What the rows belong to, made for the first of them. Recognitions have the file's own day."""
        if self._recording is None:
            camera, _is_new = Camera.objects.get_or_create(shop=self.shop, name=CAMERA)
            at, source = datetime.fromtimestamp(self.path.stat().st_mtime, UTC), Recording.StartSource.FILE
            if isinstance(first, OldVisit):
                at, source = first.entry_at, Recording.StartSource.GIVEN
            with self.path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            self._recording, _is_new = Recording.objects.get_or_create(
                **{"shop": self.shop, "camera": camera, "sha256": sha256, "started_at": at},
                defaults={
                    "original_name": self.path.name[-200:],
                    "started_at_source": source,
                    "state": Recording.State.DONE,
                },
            )
        return self._recording


def _kind_of(header: Sequence[str], path: Path) -> Kind:
    for kind in KINDS:
        if set(kind.columns) <= set(header):
            return kind
    wanted = _(" or ").join(",".join(kind.columns) for kind in KINDS)
    what = {"file": path.name, "columns": wanted}
    raise UnreadableOldFile(_("%(file)s: its first line must name the columns %(columns)s.") % what)


def _visit(cells: Cells, zone: ZoneInfo) -> OldVisit:
    """Raises ValueError with a sentence."""
    track = _text(cells, "track_id", 20)
    entry, leaving = (_moment(cells, name, zone) for name in ("entry_time", "exit_time"))
    if leaving < entry:
        raise ValueError(_("The exit is before the entry."))
    if entry > timezone.now():
        raise ValueError(_("It lies in the future."))
    said, found = _number(cells, "duration_seconds"), (leaving - entry).total_seconds()
    if abs(said - found) > ROUNDED_S:
        what = {"said": f"{said:g}", "found": f"{found:g}"}
        raise ValueError(_("duration_seconds is %(said)s, but entry and exit are %(found)s s apart.") % what)
    return OldVisit(track, entry, leaving)


def _result(cells: Cells, _zone: ZoneInfo) -> OldResult:
    """Raises ValueError with a sentence."""
    similarity = _number(cells, "similarity")
    if not -1 <= similarity <= 1:
        raise ValueError(_("similarity must lie between -1 and 1."))
    return OldResult(_text(cells, "image_name", 200), _text(cells, "customer_id", 40), similarity)


def _text(cells: Cells, column: str, longest: int) -> str:
    value = cells[column]
    if not value or len(value) > longest or not value.isprintable():
        what = {"column": column, "longest": longest}
        raise ValueError(
            _("%(column)s is empty, longer than %(longest)s letters or can't be printed.") % what
        )
    return value


def _number(cells: Cells, column: str) -> float:
    try:
        value = float(cells[column])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(_("%(column)s is not a number.") % {"column": column})
    return value


def _moment(cells: Cells, column: str, zone: ZoneInfo) -> datetime:
    try:
        at = datetime.fromisoformat(cells[column])
    except ValueError:
        at = None
    if at is None or at.year not in YEARS:
        raise ValueError(
            _("%(column)s can't be read. Write it like 2025-12-17 09:01:48.") % {"column": column}
        )
    return at if at.tzinfo else at.replace(tzinfo=zone)


KINDS = (
    Kind("visit_log.csv", ("track_id", "entry_time", "exit_time", "duration_seconds"), _visit, OldVisit),
    Kind("recognition_results.csv", ("image_name", "customer_id", "similarity"), _result, OldResult),
)
