"""A daily series foretold: which method its own past speaks for, how far off that usually is, and festival days.
No Django.

The choice is made by rolling origins: on the eve of each day of the last ten weeks every method says the days ahead
from what was known then, and the mean absolute error counts (as MASE, Hyndman & Koehler 2006: 1 is what "as a week
ago" errs). A method that does not beat the floor by more than a tie leaves the floor in place. The intervals are the
quantiles of the same errors, for each day ahead (split conformal: the k-th smallest of n, with k from n + 1), in units
of the square root of what was foretold, for busy days err by more.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from analytics.forecast_methods import FIRST_ORIGIN, FLOOR, METHODS, WEEK, Values

LEAST_DAYS = 8 * WEEK
LEAST_SHARE = 0.5
LONGEST_GAP = 4 * WEEK
SILENT_DAYS = 2 * WEEK
ORIGINS = 10 * WEEK
LOW, HIGH = 0.1, 0.9
"""The ends of the interval: eight days of ten lie inside."""
TIE = 0.01
WIDER = 2.0
"""How much wider the interval of a festival day is that has no earlier one to learn from."""
ENOUGH_FESTIVALS = 3


class Reason(StrEnum):
    SHORT = "short"
    SPARSE = "sparse"
    SILENT = "silent"


class TooLittleError(Exception):
    """There is too little to go by; `days` is how many there are (SHORT), of `of`, or had anything (SPARSE)."""

    def __init__(self, reason: Reason, days: int, of: int) -> None:
        super().__init__(f"{reason}: {days} of {of}")
        self.reason, self.days, self.of = reason, days, of


@dataclass(frozen=True)
class Score:
    """The mean absolute error of a method in the back-test: in the series' own units, and scaled (MASE)."""

    mae: float
    mase: float


@dataclass(frozen=True)
class Day:
    """One day to come: what is expected, and the interval. Never below 0."""

    point: float
    low: float
    high: float


NOTHING = Day(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Forecast:
    """The days to come. `sums_high[k]` is what the first k + 1 of them together stay below nine times of ten."""

    method: str
    scores: Mapping[str, Score]
    days: Sequence[Day]
    sums_high: Sequence[float]
    last: tuple[float, float] | None
    """What the last day would have been foretold as on its eve, and what it was; None where it tells nothing."""


@dataclass(frozen=True)
class _BackTest:
    """What a method said at each origin (row) of each day ahead (column), and what came; NaN where unknown.

    `ahead` is what it says now.
    """

    said: Values
    came: Values
    ahead: Values

    @property
    def mae(self) -> float:
        return float(np.nanmean(np.abs(self.came - self.said)))


def forecast(
    values: Sequence[float] | Values,
    horizon: int,
    *,
    festivals: Mapping[int, str] | None = None,
    closed: Collection[int] = (),
) -> Forecast:
    """The `horizon` days after the last of `values` (NaN: the day tells nothing).

    Days are counted from the first value: `festivals` names those of the past and of the days to come, `closed` are
    days to come on which the shop is shut. Raises TooLittleError.
    """
    every_day = np.asarray(values, dtype=np.float64)
    begin = _beginning(every_day)
    actual = every_day[begin:]
    names = {day - begin: name for day, name in (festivals or {}).items()}
    _refuse_too_little(actual)
    known = _without(actual, names)
    tests = {name: _back_test(name, known, horizon) for name in METHODS}
    chosen = _chosen(tests)
    days = _with_intervals(tests[chosen])
    effects = _effects(chosen, known, actual, names)
    for ahead, day in enumerate(range(len(known), len(known) + horizon)):
        if begin + day in closed:
            days[ahead] = NOTHING
        elif day in names:
            days[ahead] = _on_festival(days[ahead], _like(names[day], effects))
    return Forecast(
        method=chosen,
        scores=_scores(tests, known),
        days=days,
        sums_high=_sums_high(days, tests[chosen]),
        last=_last(tests[chosen]),
    )


def _beginning(values: Values) -> int:
    """The first day with anything after the last long gap: what was before is another shop."""
    (busy,) = np.nonzero(np.nan_to_num(values) > 0)
    if not len(busy):
        return 0
    gaps = np.nonzero(np.diff(busy) > LONGEST_GAP)[0]
    return int(busy[gaps[-1] + 1] if len(gaps) else busy[0])


def _refuse_too_little(values: Values) -> None:
    busy = np.nan_to_num(values) > 0
    if not busy.any():
        raise TooLittleError(Reason.SHORT, 0, LEAST_DAYS)
    if not busy[-SILENT_DAYS:].any():
        raise TooLittleError(Reason.SILENT, 0, SILENT_DAYS)
    if len(values) < LEAST_DAYS:
        raise TooLittleError(Reason.SHORT, len(values), LEAST_DAYS)
    if busy.mean() < LEAST_SHARE:
        raise TooLittleError(Reason.SPARSE, int(busy.sum()), len(values))


def _without(actual: Values, festivals: Collection[int]) -> Values:
    known = actual.copy()
    known[[day for day in festivals if 0 <= day < len(known)]] = np.nan
    return known


def _back_test(method: str, values: Values, horizon: int) -> _BackTest:
    origins = range(max(FIRST_ORIGIN, len(values) - ORIGINS), len(values))
    padded = np.concatenate([values, np.full(horizon, np.nan)])
    came = np.vstack([padded[origin : origin + horizon] for origin in origins])
    said = METHODS[method](values, [*origins, len(values)], horizon)
    return _BackTest(said[:-1], came, said[-1])


def _chosen(tests: Mapping[str, _BackTest]) -> str:
    best = min(tests, key=lambda name: tests[name].mae)
    return best if tests[best].mae < tests[FLOOR].mae * (1 - TIE) else FLOOR


def _scores(tests: Mapping[str, _BackTest], values: Values) -> dict[str, Score]:
    """The scale is what "as a week ago" errs over the whole past, one week ahead."""
    scale = float(np.nanmean(np.abs(values[WEEK:] - values[:-WEEK]))) or 1.0
    return {name: Score(test.mae, test.mae / scale) for name, test in tests.items()}


def _with_intervals(test: _BackTest) -> list[Day]:
    errors = (test.came - test.said) / _root(test.said)
    days = []
    for ahead, point in enumerate(test.ahead):
        low, high = (_conformal(errors[:, ahead], level) * _root(point) for level in (LOW, HIGH))
        days.append(Day(float(point), max(0.0, point + min(low, 0.0)), float(point + max(high, 0.0))))
    return days


def _root(said: Values | float) -> Values:
    """Counts scatter by the square root of how many there are."""
    return np.sqrt(np.maximum(said, 1.0))


def _conformal(errors: Values, level: float) -> float:
    """The quantile that a further error stays below with that probability, if errors come as they came."""
    known = np.sort(errors[~np.isnan(errors)])
    if not len(known):
        return 0.0
    rank = np.ceil((len(known) + 1) * level) if level > 0.5 else np.floor((len(known) + 1) * level)
    return float(known[int(np.clip(rank, 1, len(known))) - 1])


def _effects(method: str, known: Values, actual: Values, names: Mapping[int, str]) -> list[tuple[str, float]]:
    """For each festival of the past: its name, and how many times what an ordinary day would have been it was."""
    past = [day for day in names if FIRST_ORIGIN <= day < len(known) and not np.isnan(actual[day])]
    if not past:
        return []
    expected = METHODS[method](known, past, 1)[:, 0]
    return [
        (names[day], float(actual[day] / usual))
        for day, usual in zip(past, expected, strict=True)
        if usual >= 1
    ]


def _like(name: str, effects: list[tuple[str, float]]) -> list[float]:
    """The effects of the same festival; of all of them where it was never there."""
    same = [effect for each, effect in effects if each == name]
    return same or [effect for _each, effect in effects]


def _on_festival(day: Day, effects: list[float]) -> Day:
    """A few festivals may have been chance: the interval then reaches to where there is no effect."""
    if not effects:
        low, high = day.point - WIDER * (day.point - day.low), day.point + WIDER * (day.high - day.point)
        return Day(day.point, max(0.0, low), high)
    seen = effects if len(effects) >= ENOUGH_FESTIVALS else [*effects, 1.0]
    return Day(day.point * float(np.median(effects)), day.low * min(seen), day.high * max(seen))


def _sums_high(days: Sequence[Day], test: _BackTest) -> list[float]:
    """Errors of days partly cancel, so sums have quantiles of their own; but of sums over many days few were seen, and
    these overlap: they are off by no less than days would be that err independently."""
    is_known = ~np.isnan(test.came)
    said = np.cumsum(np.where(is_known, test.said, 0), axis=1)
    came = np.cumsum(np.nan_to_num(test.came), axis=1)
    # A sum is judged only where its last day is known too: the rest lies beyond the end of the series.
    errors = np.where(is_known, (came - said) / _root(said), np.nan)
    points = np.cumsum([day.point for day in days])
    seen = [_conformal(errors[:, ahead], HIGH) for ahead in range(len(days))] * _root(points) * (points > 0)
    independent = np.sqrt(np.cumsum([(day.high - day.point) ** 2 for day in days]))
    sums: list[float] = np.maximum.accumulate(points + np.maximum(seen, independent)).tolist()
    return sums


def _last(test: _BackTest) -> tuple[float, float] | None:
    said, came = float(test.said[-1, 0]), float(test.came[-1, 0])
    return None if np.isnan(came) else (said, came)
