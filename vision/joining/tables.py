"""The join's own files: visits as `process_video` logs them, links, and who truly bought.

Columns that mean nothing here are passed over. What cannot be read is an `UnreadableTable` that names the line.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from vision.joining.events import Truth, VisitEvent
from vision.joining.matching import Decision, Link

LINKS = ("transaction_id", "visit_id", "confidence", "decision")
DECISIONS: dict[str, Decision] = {"linked": "linked", "review": "review", "none": "none"}
Cells = dict[str, str]
Row = TypeVar("Row")


class UnreadableTable(ValueError):  # noqa: N818 (it says what is wrong)
    """A table that cannot be read; the text says where, why and what to do."""


@dataclass(frozen=True)
class NamedSale:
    """A sale with the person who truly made it, by the till's clock."""

    id: str
    at: datetime
    person: str


def read_visits(path: Path, zone: ZoneInfo) -> list[VisitEvent]:
    """The visits of a visit_log.csv; times without an offset are of `zone`. Raises UnreadableTable."""

    def visit(cells: Cells) -> VisitEvent:
        entry, leaving = (_moment(cells, name, zone) for name in ("entry_time", "exit_time"))
        if leaving < entry:
            raise ValueError("the exit is before the entry; swap exit_time and entry_time")
        waits = cells.get("counter_from") and cells.get("counter_until")
        return VisitEvent(
            id=_code(cells, "visit_id"),
            entry=entry,
            exit=leaving,
            counter=(_moment(cells, "counter_from", zone), _moment(cells, "counter_until", zone))
            if waits
            else None,
            person=cells.get("person") or None,
            customer=cells.get("customer_id") or None,
        )

    visits = list(_rows(path, ("visit_id", "entry_time", "exit_time"), visit))
    only_once(path, [str(one.id) for one in visits], "visit_id")
    return visits


def read_start(path: Path, zone: ZoneInfo) -> float:
    """When the recording of a visit_log.csv starts, POSIX: its entry_s count from there. Raises UnreadableTable."""

    def start(cells: Cells) -> float:
        return _moment(cells, "entry_time", zone) - float(cells["entry_s"])

    starts = _rows(path, ("entry_time", "entry_s"), start)
    if (first := next(starts, None)) is None:
        raise UnreadableTable(f"{path.name}: there is no visit in it to tell its start from.")
    return first


def write_links(path: Path, links: Iterable[Link]) -> None:
    """Write links.csv: a row for each sale; without a visit, its confidence is of the likeliest one."""
    rows = [
        (one.sale, "" if one.visit is None else one.visit, f"{one.confidence:.4f}", one.decision)
        for one in links
    ]
    write_table(path, LINKS, rows)


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows under a line of column names."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def read_links(path: Path) -> list[Link]:
    """The rows of a links.csv. Raises UnreadableTable."""

    def link(cells: Cells) -> Link:
        if (decision := DECISIONS.get(cells["decision"])) is None:
            raise ValueError(f"the decision “{cells['decision']}” is none of {', '.join(DECISIONS)}")
        confidence = float(cells["confidence"])
        if not 0 <= confidence <= 1:
            raise ValueError(f"the confidence {confidence} is not between 0 and 1")
        return Link(_code(cells, "transaction_id"), cells["visit_id"] or None, confidence, decision)

    return list(_rows(path, LINKS, link))


def read_truth(path: Path) -> Truth:
    """Sale -> its visit from `transaction_id,visit_id`; an empty visit was not seen. Raises UnreadableTable."""

    def pair(cells: Cells) -> tuple[str, list[str]]:
        return _code(cells, "transaction_id"), [cells["visit_id"]] if cells["visit_id"] else []

    return dict(_rows(path, ("transaction_id", "visit_id"), pair))


def read_named_sales(path: Path, zone: ZoneInfo) -> list[NamedSale]:
    """The sales of a file with the column true_person. Raises UnreadableTable."""

    def sale(cells: Cells) -> NamedSale:
        at = datetime.fromtimestamp(_moment(cells, "timestamp", zone), zone)
        return NamedSale(_code(cells, "transaction_id"), at, cells["true_person"])

    return list(_rows(path, ("transaction_id", "timestamp", "true_person"), sale))


def _rows(path: Path, columns: Sequence[str], row: Callable[[Cells], Row]) -> Iterator[Row]:
    """What `row` makes of each line. Raises UnreadableTable."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = csv.DictReader(file, restval="", restkey="")
            names = table.fieldnames or ()
            if missing := [name for name in columns if name not in names]:
                raise UnreadableTable(
                    f"{path.name}, line 1: there is no column {', '.join(missing)}. It names: {', '.join(names)}."
                )
            for cells in table:
                try:
                    yield row({name: value.strip() for name, value in cells.items() if name})
                except ValueError as error:
                    raise UnreadableTable(f"{path.name}, line {table.line_num}: {error}.") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnreadableTable(f"{path} cannot be read as a table: {error}") from error


def _moment(cells: Cells, column: str, zone: ZoneInfo) -> float:
    try:
        at = datetime.fromisoformat(cells[column])
    except ValueError as error:
        raise ValueError(
            f"{column} is “{cells[column][:40]}”; write it like 2025-12-14T09:00:30+05:30"
        ) from error
    return (at if at.tzinfo else at.replace(tzinfo=zone)).timestamp()


def _code(cells: Cells, column: str) -> str:
    if not cells[column]:
        raise ValueError(f"{column} is empty; give each row a code")
    return cells[column]


def only_once(path: Path, codes: Iterable[str], column: str) -> None:
    """Raise UnreadableTable where a code stands twice."""
    if twice := [code for code, count in Counter(codes).items() if count > 1]:
        raise UnreadableTable(
            f"{path.name}: the {column} {', '.join(twice[:5])} stands there more than once. Keep one row of each."
        )
