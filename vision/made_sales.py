"""Made-up days and films as the shop's own files: visit_log.csv, its sales, and the truth."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sales import transactions_csv
from sales.generating import BIG, PRICES, SMALL
from sales.models import Tender
from sales.transactions_csv import Row
from vision.footage import TrueVisit
from vision.joining.days import Habits, MadeDay
from vision.joining.events import VisitEvent
from vision.joining.tables import write_table
from vision.outputs import VISITS
from vision.visits import Edge

CAMERA, SHOTS = "camera", 8
TRUTH = ("transaction_id", "visit_id")
WALK_S = 3.0
"""From the counter out of a film's picture."""
KEYED_S = 4.0
"""Standard deviation of a film's sale around the end at the counter."""


def write_day(folder: Path, day: MadeDay, zone: ZoneInfo, seed: int) -> None:
    """Write visit_log.csv, sales.csv and truth.csv into an existing folder."""
    chance = random.Random(seed)
    opens = min((visit.entry for visit in day.visits), default=0.0)
    write_table(folder / "visit_log.csv", VISITS, [_visit(visit, opens, zone) for visit in day.visits])
    rows = [
        _row(chance, line, str(sale.id), datetime.fromtimestamp(sale.at, zone), sale.customer or "")
        for line, sale in enumerate(day.sales, 2)
    ]
    transactions_csv.write(folder / "sales.csv", rows)
    truth = [(sale.id, next(iter(day.truth[sale.id]), "")) for sale in day.sales]
    write_table(folder / "truth.csv", TRUTH, truth)


def write_sales_of_film(path: Path, truth: Sequence[TrueVisit], started_at: datetime, seed: int) -> int:
    """Write what the people of a film bought, with the column true_person, in the order of time; how many sales."""
    chance, habits = random.Random(seed), Habits()
    buyers = [visit for visit in truth if chance.random() < habits.buys]
    keyed = sorted((max(visit.entry_s, _keyed_s(chance, visit)), visit.person) for visit in buyers)
    names = [person if chance.random() < habits.named else "" for _, person in keyed]
    rows = [
        _row(chance, line, f"T{line - 1:03d}", started_at + timedelta(seconds=round(at)), name)
        for line, ((at, _), name) in enumerate(zip(keyed, names, strict=True), 2)
    ]
    transactions_csv.write(path, rows, true_person=[person for _, person in keyed])
    return len(rows)


def _keyed_s(chance: random.Random, visit: TrueVisit) -> float:
    return visit.exit_s - WALK_S + chance.gauss(0, KEYED_S)


def _visit(visit: VisitEvent, opens: float, zone: ZoneInfo) -> tuple[object, ...]:
    """In the order of VISITS."""
    times = (visit.entry, visit.exit, *(visit.counter or ()))
    entry, leaving, *wait = (
        datetime.fromtimestamp(at, zone).isoformat(timespec="milliseconds") for at in times
    )
    seconds = [round(at, 2) for at in (visit.exit - visit.entry, visit.entry - opens, visit.exit - opens)]
    duration, *since = seconds
    return (
        *(visit.id, visit.person, visit.customer or "", CAMERA, entry, leaving, duration),
        *(SHOTS, "", *since, Edge.SIGHT, Edge.SIGHT, *(wait or ("", ""))),
    )


def _row(chance: random.Random, line: int, code: str, at: datetime, customer: str) -> Row:
    litres = BIG if chance.random() < 0.78 else SMALL
    quantity = chance.choices((1, 2, 3), (72, 20, 8))[0]
    return Row(
        line=line,
        code=code,
        sold_at=at,
        customer=customer,
        tender=chance.choice(list(Tender)),
        litres=litres,
        quantity=quantity,
        amount=PRICES[litres] * quantity,
        is_paid=chance.random() < 0.93 or not customer,
    )
