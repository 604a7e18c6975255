"""Three ways in which a daily series may go on. No Django.

`values` is one number per day, NaN where a day tells nothing (the shop was closed, a festival, a camera that was off);
the weekday of day i is i % 7. Every method answers for many origins at once: row r of its answer is what it would have
said on the eve of day `origins[r]`, knowing `values[:origins[r]]` alone, of that day and the `horizon - 1` after it.
"""

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Method = Callable[[Values, Sequence[int], int], Values]

WEEK = 7
FIRST_ORIGIN = 28
"""Days that a method has seen at least before it is asked."""
LEARNT_WEEKS = 3
"""The first weeks, of which the first level and the first season are the mean."""
MEDIAN_WEEKS = 8
LEVEL_WEEKS = 2
MOST_CHANGE = 2.0


def seasonal_naive(values: Values, origins: Sequence[int], horizon: int) -> Values:
    """As on the same weekday last time: the floor that everything else has to beat."""
    filled = values.copy()
    for day in range(WEEK, len(filled)):
        if np.isnan(filled[day]):
            filled[day] = filled[day - WEEK]
    days = np.asarray(origins)[:, None] - WEEK + np.arange(horizon) % WEEK
    return np.vstack(
        [_or_mean(row, values[:origin]) for row, origin in zip(filled[days], origins, strict=True)]
    )


def weekday_median(values: Values, origins: Sequence[int], horizon: int) -> Values:
    """The median of each weekday in the last eight weeks, times how the last two weeks compare with it."""
    before = np.arange(-MEDIAN_WEEKS * WEEK, 0).reshape(MEDIAN_WEEKS, WEEK)
    padded = np.concatenate([np.full(MEDIAN_WEEKS * WEEK, np.nan), values])
    recent = padded[np.asarray(origins)[:, None, None] + before + MEDIAN_WEEKS * WEEK]
    medians = _medians(recent)
    medians = np.vstack([_or_mean(row, values[:day]) for row, day in zip(medians, origins, strict=True)])
    last = recent[:, -LEVEL_WEEKS:]
    usual = np.where(np.isnan(last), 0.0, medians[:, None, :]).sum(axis=(1, 2))
    change = np.divide(np.nansum(last, axis=(1, 2)), usual, out=np.ones(len(usual)), where=usual > 0)
    change = np.clip(change, 1 / MOST_CHANGE, MOST_CHANGE)
    days: Values = (change[:, None] * medians)[:, np.arange(horizon) % WEEK]
    return days


def _medians(recent: Values) -> Values:
    """Over the weeks (the middle axis) of what is known; NaN where nothing is, as on a weekday of rest."""
    known = (~np.isnan(recent)).sum(axis=1, keepdims=True)
    ordered = np.sort(recent, axis=1)  # NaN comes last
    middle = [
        np.take_along_axis(ordered, n.clip(0, MEDIAN_WEEKS - 1), axis=1)
        for n in ((known - 1) // 2, known // 2)
    ]
    medians: Values = np.where(known > 0, (middle[0] + middle[1]) / 2, np.nan)[:, 0]
    return medians


def _or_mean(days: Values, values: Values) -> Values:
    """These days, the mean of all that is known where they are not."""
    known = values[~np.isnan(values)]
    filled: Values = np.where(np.isnan(days), known.mean() if len(known) else 0.0, days)
    return filled


# Exponential smoothing: additive error, damped additive trend, additive weekly season.
ALPHAS = (0.03, 0.08, 0.15, 0.3, 0.5)
BETAS = (0.0, 0.05, 0.2)  # of alpha
GAMMAS = (0.02, 0.08, 0.2)  # of 1 - alpha
PHIS = (0.9, 0.98)
_GRID = np.array(list(product(ALPHAS, BETAS, GAMMAS, PHIS))).T


def damped_ets(values: Values, origins: Sequence[int], horizon: int) -> Values:
    """ETS(A, Ad, A) of Hyndman et al., "Forecasting with exponential smoothing" (2008), chapter 2, in NumPy.

    All parameters of a bounded grid run side by side through the days once, and each origin takes those whose squared
    errors are the least until then: a back-test that fits anew every day costs no more than one fit.
    """
    alpha, beta, gamma, phi = _GRID[0], _GRID[0] * _GRID[1], (1 - _GRID[0]) * _GRID[2], _GRID[3]
    damping = np.cumsum(phi ** np.arange(1, horizon + 1)[:, None], axis=0)
    level, trend, season = _beginning(values, len(alpha))
    squared, answers, asked = np.zeros(len(alpha)), {}, set(origins)
    for day in range(max(origins) + 1):
        if day in asked:
            best = int(np.argmin(squared))
            seasons = season[(day + np.arange(horizon)) % WEEK, best]
            answers[day] = level[best] + damping[:, best] * trend[best] + seasons
        if day == len(values):
            break
        trend = phi * trend
        level = level + trend
        if not np.isnan(values[day]):
            error = values[day] - level - season[day % WEEK]
            squared += error**2
            level, trend = level + alpha * error, trend + beta * error
            season[day % WEEK] += gamma * error
    days: Values = np.maximum(np.vstack([answers[origin] for origin in origins]), 0)
    return days


def _beginning(values: Values, count: int) -> tuple[Values, Values, Values]:
    """Level, trend and season (weekday x candidate) before the first day, from the first weeks."""
    first = np.ma.masked_invalid(values[: LEARNT_WEEKS * WEEK].reshape(LEARNT_WEEKS, WEEK))
    weekdays = first.mean(axis=0)
    level = float(np.ma.filled(weekdays.mean(), 0.0))
    season = np.ma.filled(weekdays - level, 0.0)
    return np.full(count, level), np.zeros(count), np.repeat(season[:, None], count, axis=1)


METHODS: dict[str, Method] = {
    "seasonal_naive": seasonal_naive,
    "damped_ets": damped_ets,
    "weekday_median": weekday_median,
}
FLOOR = "seasonal_naive"
