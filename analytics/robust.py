"""Pure statistics of what is odd: how far a number lies from what is usual, and how often chance alone does that.

A few wild days must not move what is usual, so the middle is the median and the spread the median distance from it.
Small counts get exact tests. What is told is bounded by a budget: so many a year of each rule may be chance.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import count, pairwise
from statistics import median

from scipy.special import betainc, ndtri, stdtr

MAD_TO_SD = 1.4826  # the median distance of a normal distribution times this is its standard deviation
MEDIAN_LOSS = math.pi / 2  # a median knows as much as a mean of so many times fewer numbers
MAD_KNOWS = 0.37  # and a median distance as much as a standard deviation of this share of them
FEWEST_ALIKE = 6
LEVEL_DAYS = 14
RANGE = 2.0  # the usual range: 19 of 20
ONE_SIDE = 0.025
COUNT_SHIFT = 3 / 8  # Anscombe's: with it the root of a Poisson count has the same spread at any size


@dataclass(frozen=True)
class Usual:
    """What a number usually is: its middle and the range that holds 19 of 20."""

    middle: float
    low: float
    high: float


@dataclass(frozen=True)
class Judged:
    """A number beside what is usual: `z` robust standard deviations off, `p` how often chance goes as far."""

    value: float
    usual: Usual
    z: float
    p: float


def spread(values: Sequence[float], *, floor: float) -> float:
    """The standard deviation as the median distance from the median tells it, and never less than `floor`."""
    middle = median(values)
    return max(MAD_TO_SD * median(abs(value - middle) for value in values), floor)


def judge(value: float, usual: Sequence[float], *, floor: float) -> Judged:
    """A number beside others of its kind, whose spread is `floor` at least. Needs one other at least."""
    middle, sd = median(usual), spread(usual, floor=floor)
    sure = sd * math.sqrt(1 + MEDIAN_LOSS / len(usual))
    z = (value - middle) / sure
    around = Usual(middle, middle - RANGE * sure, middle + RANGE * sure)
    return Judged(value, around, z, _seldom(z, [(other - middle) / sure for other in usual]))


def usual_middle(others: Sequence[float], *, of: int, floor: float) -> Usual:
    """Where the middle of `of` numbers usually lies, that are like the others."""
    middle, sure = median(others), spread(others, floor=floor) * math.sqrt(MEDIAN_LOSS / of)
    return Usual(middle, middle - RANGE * sure, middle + RANGE * sure)


def judge_day(day: date, value: float, past: Mapping[date, float]) -> Judged | None:
    """A count of a day beside the same weekday in the past, lifted to the level of the last two weeks.

    How far days scatter is told by all of them, in the measure of counts (roots), and no less than chance scatters
    them. None with fewer than six such weekdays. Money is brought here in units of a usual sale.
    """
    alike: dict[int, list[float]] = {}
    for other, number in past.items():
        alike.setdefault(other.weekday(), []).append(number)
    same = alike.get(day.weekday(), [])
    if len(same) < FEWEST_ALIKE:
        return None
    middles = {weekday: median(numbers) for weekday, numbers in alike.items()}
    lately = sorted(past)[-LEVEL_DAYS:]
    level = median((past[other] + 1) / (middles[other.weekday()] + 1) for other in lately)
    expected = middles[day.weekday()] * level
    off = [_root(number) - _root(middles[other.weekday()]) for other, number in past.items()]
    sure = spread(off, floor=1.0) * math.sqrt(1 + MEDIAN_LOSS / len(same) + MEDIAN_LOSS / len(lately))
    z = (_root(value) - _root(expected)) / sure
    low, high = (_from_root(_root(expected) + far) for far in (-RANGE * sure, RANGE * sure))
    return Judged(value, Usual(expected, low, high), z, _seldom(z, [one / sure for one in off]))


def _root(count: float) -> float:
    return 2 * math.sqrt(count + COUNT_SHIFT)


def _from_root(root: float) -> float:
    return max((max(root, 0.0) / 2) ** 2 - COUNT_SHIFT, 0.0)


def _seldom(z: float, others: Sequence[float]) -> float:
    """How often a number lies so far off: as chance has it, and no more seldom than the others did.

    The second keeps a kind of number that is often wild from being called odd each time.
    """
    as_far = sum(abs(other) >= abs(z) for other in others) / len(others)
    return max(two_sided(z, len(others)), as_far)


def two_sided(z: float, known: int) -> float:
    """How often chance alone goes as far, when the spread was told by `known` numbers: by Student's t."""
    return float(2 * stdtr(max(MAD_KNOWS * (known - 1), 1.0), -abs(z)))


# exact tests


def chance_of_share(hits: int, of: int, other_hits: int, other_of: int) -> float:
    """How often chance gives `of` so many of all hits, or more, if both go by one share (Fisher, one-sided)."""
    everything, all_hits = of + other_of, hits + other_hits
    most = min(of, all_hits)
    ways = (
        _log_choose(all_hits, n) + _log_choose(everything - all_hits, of - n) for n in range(hits, most + 1)
    )
    whole = _log_choose(everything, of)
    return min(1.0, sum(math.exp(way - whole) for way in ways))


def _log_choose(n: int, k: int) -> float:
    if not 0 <= k <= n:
        return -math.inf
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def scatter_of_shares(pairs: Sequence[tuple[int, int]]) -> float:
    """How much more shares (hits, of) scatter than chance has it: 1 where they don't. Needs one at least.

    What an exact test is worth is divided by this: sales that come in one bunch are seen, or not, together.
    """
    share = sum(hits for hits, _of in pairs) / sum(of for _hits, of in pairs)
    sd = math.sqrt(share * (1 - share))
    return (
        spread([(hits - of * share) / (sd * math.sqrt(of)) for hits, of in pairs], floor=1.0) if sd else 1.0
    )


def chance_of_count(number: int, earlier: int, *, times: float) -> float:
    """How often chance gives `number` or more in a span when a span `times` as long gave `earlier`.

    The rate is not known better than that span tells it (Jeffreys' prior), so the first of a kind is no wonder.
    """
    return 1.0 if number == 0 else float(betainc(number, earlier + 0.5, 1 / (times + 1)))


def usual_share(of: int, other_hits: int, other_of: int) -> Usual:
    """How many hits of `of` are usual by the share of the others; chance gives more in one of 40 cases at most."""
    middle = of * other_hits / other_of if other_of else 0.0
    high = next(n for n in range(of + 1) if chance_of_share(n + 1, of, other_hits, other_of) < ONE_SIDE)
    return Usual(middle, 0.0, high)


def usual_count(earlier: int, *, times: float) -> Usual:
    """The same for a count in a span, after `earlier` in one `times` as long."""
    high = next(n for n in count() if chance_of_count(n + 1, earlier, times=times) < ONE_SIDE)
    return Usual(earlier / times, 0.0, high)


def chance_of_drift(values: Sequence[int]) -> float:
    """How often chance puts the signs of whole numbers as far to one side (Wilcoxon, signed ranks, two-sided).

    Exact, with mean ranks for equal sizes; zeros tell nothing.
    """
    told = sorted((value for value in values if value), key=abs)
    ranks = _doubled_ranks([abs(value) for value in told])
    ways = [1] + [0] * sum(ranks)
    for rank in ranks:
        ways = [so_far + (ways[total - rank] if total >= rank else 0) for total, so_far in enumerate(ways)]
    above = sum(rank for rank, value in zip(ranks, told, strict=True) if value > 0)
    least = min(above, sum(ranks) - above)
    return min(1.0, 2 * sum(ways[: least + 1]) / math.pow(2, len(ranks)))


def _doubled_ranks(sizes: Sequence[int]) -> list[int]:
    """The places of sizes in order, times two, so that the mean place of equal ones is whole."""
    return [2 * sizes.index(size) + sizes.count(size) + 1 for size in sizes]


# budget


def bar(a_year: float, tests_a_day: float) -> float:
    """How seldom chance must do it, that a rule with so many tests a day is wrong `a_year` times a year.

    One test a week at least is counted.
    """
    return a_year / (365 * max(tests_a_day, 1 / 7))


def worth(p: float) -> float:
    """Standard deviations that so small a chance is worth, to put different tests into one order."""
    return float(-ndtri(max(p, 1e-300)))


# rhythm


@dataclass(frozen=True)
class Rhythm:
    """How many days usually lie between two visits: the middle, and nine of ten are no longer than `longest`."""

    middle: float
    longest: float
    mean: float


def rhythm(days: Sequence[date]) -> Rhythm | None:
    """The rhythm of days in order, each once; None with fewer than five gaps between them."""
    gaps = sorted((after - before).days for before, after in pairwise(days))
    if len(gaps) < FEWEST_ALIKE - 1:
        return None
    return Rhythm(median(gaps), gaps[math.ceil(0.9 * len(gaps)) - 1], sum(gaps) / len(gaps))
