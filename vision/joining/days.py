"""Believable days of a shop without video: visits as a camera logs them, sales as a till does, and the truth.

What is made up, and how: `Habits`. People come in rushes, a third of them at another's heels; most buy; some are
missed by the camera, some come in company; a sale is keyed around the end of the wait at the counter, now and then
much later; half of the sales name a customer; faces are recognised at the given rates. Pure functions of their seed.
"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from vision.joining.clock import DAY_S
from vision.joining.events import SaleEvent, Truth, VisitEvent

Chance = np.random.Generator
BURST_S = 20.0


@dataclass(frozen=True)
class Habits:
    """What people do and what the camera makes of it. Rates are shares from 0 to 1, times seconds."""

    buys: float = 0.75
    """Of the visits, companions aside."""
    unseen: float = 0.10
    """Visits that the camera misses altogether."""
    named: float = 0.5
    """Sales that name their customer; only regulars can be named."""
    regulars: float = 0.65
    """Visits by somebody whom the eye knows."""
    tpir: float = 0.90
    fpir: float = 0.02
    """Faces taken for another customer, strangers' and regulars' alike."""
    companions: float = 0.08
    """Visits of somebody who comes in with a buyer and buys nothing."""
    split: float = 0.02
    """Sales that are followed by another one for the same visit."""
    jitter_s: float = 12.0
    """Standard deviation of a sale around the end of the wait at the counter."""
    late: float = 0.03
    """Sales that are keyed later, by `late_s` on the average."""
    late_s: float = 60.0
    waits: float = 0.9
    """Buyers whose wait at the counter the camera sees; of the others, `looks` are seen to wait, too."""
    looks: float = 0.35
    bursts: float = 0.33
    """Visits that come at the heels of another one, `BURST_S` later on the average."""


@dataclass(frozen=True)
class MadeDay:
    """A day: what the camera logged, what the till wrote by its own clock, and the truth."""

    visits: list[VisitEvent]
    sales: list[SaleEvent]
    truth: Truth


@dataclass(frozen=True)
class _Coming:
    """Somebody in the shop as it truly was, and whom the eye takes them for. None is no regular."""

    entry: float
    exit: float
    served: float
    regular: int | None
    taken_for: int | None
    is_seen: bool
    is_buyer: bool


def make_day(
    *,
    per_hour: float,
    hours: float,
    offset_s: float,
    drift: float,
    seed: int,
    opens: float = 0.0,
    habits: Habits | None = None,
) -> MadeDay:
    """A day from `opens` (POSIX) on; the till is ahead by `offset_s` then, and gains `drift` seconds a day."""
    chance, habits = np.random.default_rng(seed), habits or Habits()
    comings = sorted(_comings(chance, habits, per_hour, hours, opens), key=lambda coming: coming.entry)
    visits = {place: _visit(chance, habits, coming) for place, coming in enumerate(comings) if coming.is_seen}
    codes = {place: f"V_{number:04d}" for number, place in enumerate(visits, 1)}
    keyed = [
        (at, place)
        for place, coming in enumerate(comings)
        if coming.is_buyer
        for at in _keyed(chance, habits, coming)
    ]
    sales, truth = [], dict[Hashable, list[str]]()
    for number, (at, place) in enumerate(sorted(keyed), 1):
        code, till = f"T{number:05d}", at + offset_s + drift * (at - opens) / DAY_S
        sales.append(SaleEvent(code, float(round(till)), _name(chance, habits, comings[place])))
        truth[code] = [codes[place]] if place in codes else []
    return MadeDay([replace(visit, id=codes[place]) for place, visit in visits.items()], sales, truth)


def _comings(
    chance: Chance, habits: Habits, per_hour: float, hours: float, opens: float
) -> Iterator[_Coming]:
    """Parties, alone or in bursts, until there are as many visits as asked for."""
    wanted, made, entry = round(per_hour * hours), 0, opens
    regulars = max(round(wanted * habits.regulars * 0.8), 1)
    while made < wanted:
        follows = made and chance.random() < habits.bursts
        entry = entry + float(chance.exponential(BURST_S)) if follows else opens + _busy(chance, hours)
        head = _coming(chance, habits, entry, regulars)
        yield head
        made += 1
        if made < wanted and chance.random() < habits.companions / (1 - habits.companions):
            yield _companion(chance, habits, head, regulars)
            made += 1


def _busy(chance: Chance, hours: float) -> float:
    """A second of the day: half of the people come in a rush of the morning or the evening."""
    rush = float(chance.random())
    if rush < 0.5:
        return rush * 2 * hours * 3600
    moment = abs(float(chance.normal(0.2 if rush < 0.75 else 0.8, 0.08)))
    return (1 - abs(1 - moment)) * hours * 3600


def _coming(chance: Chance, habits: Habits, entry: float, regulars: int) -> _Coming:
    served = entry + float(chance.lognormal(np.log(50.0), 0.5))
    regular = int(chance.integers(regulars)) if chance.random() < habits.regulars else None
    luck, other = chance.random(), int(chance.integers(regulars))
    is_known = regular is not None and luck < habits.tpir
    return _Coming(
        entry=entry,
        exit=served + float(chance.uniform(3, 15)),
        served=served,
        regular=regular,
        taken_for=regular if is_known else other if luck > 1 - habits.fpir else None,
        is_seen=chance.random() >= habits.unseen,
        is_buyer=chance.random() < habits.buys,
    )


def _companion(chance: Chance, habits: Habits, head: _Coming, regulars: int) -> _Coming:
    other = _coming(chance, habits, head.entry + float(chance.uniform(0, 2.5)), regulars)
    away = head.exit + float(chance.normal(0, 2))
    return replace(other, exit=max(away, other.entry + 5), served=head.served, is_buyer=False)


def _visit(chance: Chance, habits: Habits, coming: _Coming) -> VisitEvent:
    """What the camera logs."""
    waits = chance.random() < (habits.waits if coming.is_buyer else habits.looks)
    arrives = min(coming.entry + 5 + float(chance.exponential(10.0)), coming.served - 5)
    stranger = int(chance.integers(10**9))
    return VisitEvent(
        id="",
        entry=coming.entry,
        exit=coming.exit,
        counter=(max(arrives, coming.entry), coming.served) if waits else None,
        person=f"P_{stranger:09d}" if coming.taken_for is None else f"P_{_code(coming.taken_for)}",
        customer=None if coming.taken_for is None else _code(coming.taken_for),
    )


def _keyed(chance: Chance, habits: Habits, coming: _Coming) -> Iterator[float]:
    """When the sale is keyed, and those into which it is split."""
    at = coming.served + float(chance.normal(0, habits.jitter_s))
    yield at + (float(chance.exponential(habits.late_s)) if chance.random() < habits.late else 0.0)
    while chance.random() < habits.split:
        at += float(chance.uniform(5, 30))
        yield at


def _name(chance: Chance, habits: Habits, coming: _Coming) -> str | None:
    if coming.regular is None or chance.random() >= habits.named / habits.regulars:
        return None
    return _code(coming.regular)


def _code(regular: int) -> str:
    return f"CUST_{regular + 1:04d}"
