"""How right the join is on made-up days, beside the nearest visit in time: `make links`.

Ten hours at each traffic, the till up to 20 minutes off and drifting by up to 5 s a day. Nothing was tuned on these
seeds.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

import numpy as np

from vision.joining.clock import estimate, to_apply
from vision.joining.days import make_day
from vision.joining.matching import link
from vision.joining.scores import LinkScore, nearest_in_time, score

TARGETS = {20: (0.97, 0.70), 60: (0.95, 0.50), 120: (0.90, 0.35)}
"""Visits an hour: precision of what is linked without asking, and how many sales whose visit was seen that must be."""
COLUMNS = (
    *("visits an hour", "precision: median, worst", "target", "linked of seen: median, worst", "target"),
    *("to review", "Brier", "nearest in time", "clock off by, worst"),
)
FIRST_SEED = 1000
OPENS = 1_765_683_000.0


@dataclass(frozen=True)
class Figures:
    """One day: ours, the nearest visit by the same clock, and how far off the clock is in the middle of the day."""

    ours: LinkScore
    nearest: LinkScore
    clock_off_s: float
    is_sure: bool


def figures(per_hour: float, seed: int) -> Figures:
    """Make a day and join it."""
    chance = np.random.default_rng(seed)
    offset_s, drift = float(chance.uniform(-1200, 1200)), float(chance.uniform(-5, 5))
    day = make_day(per_hour=per_hour, hours=10, offset_s=offset_s, drift=drift, seed=seed, opens=OPENS)
    clock = to_apply(found := estimate(day.sales, day.visits))
    noon = OPENS + 5 * 3600
    true = noon + offset_s + drift * 5 / 24
    return Figures(
        score(link(day.sales, day.visits, clock), day.truth),
        score(nearest_in_time(day.sales, day.visits, clock), day.truth),
        clock.to_till(noon) - true,
        found is not None and found.is_sure,
    )


def lines(days: int) -> Iterator[str]:
    """A table in Markdown."""
    yield f"| {' | '.join(COLUMNS)} |"
    yield "|---" * len(COLUMNS) + "|"
    for per_hour, (precision, linked) in TARGETS.items():
        found = [figures(per_hour, seed) for seed in range(FIRST_SEED, FIRST_SEED + days)]
        right, auto, naive = (
            [value or 0.0 for value in values]
            for values in (
                [one.ours.precision for one in found],
                [one.ours.auto_rate for one in found],
                [one.nearest.precision for one in found],
            )
        )
        review = median(one.ours.review / one.ours.sales for one in found)
        brier = median(one.ours.brier or 0.0 for one in found)
        off_s, sure = max(abs(one.clock_off_s) for one in found), sum(one.is_sure for one in found)
        cells = (
            *(f"{per_hour}", f"{median(right):.3f}, {min(right):.3f}", f">= {precision:.2f}"),
            *(f"{median(auto):.1%}, {min(auto):.1%}", f">= {linked:.0%}", f"{review:.0%}", f"{brier:.3f}"),
            *(f"{median(naive):.3f}", f"{off_s:.1f} s, sure {sure} of {days}"),
        )
        yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=10, help="days at each traffic")
    for text in lines(parser.parse_args().days):
        print(text, flush=True)  # noqa: T201 (its purpose)
