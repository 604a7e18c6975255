"""What is usual, how far off a number is and how often chance does that: against SciPy, and on numbers made for it."""

import random
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

from analytics import robust

FIRST = date(2026, 1, 5)  # a Monday
# A busy machine proves nothing here.
busy = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def days_of(counts: list[int]) -> dict[date, float]:
    return {FIRST + timedelta(days=n): float(count) for n, count in enumerate(counts)}


def twelve_weeks(chance: random.Random, mean: float = 60) -> list[int]:
    """Counts that scatter as chance has it, with busier weekends."""
    means = [mean * (1.4 if n % 7 >= 5 else 1) for n in range(84)]
    return [round(chance.gauss(one, one**0.5)) for one in means]


@busy
@given(st.lists(st.integers(-500, 500), min_size=1, max_size=40))
def test_the_spread_is_that_of_the_median_distance(values: list[int]) -> None:
    expected = stats.median_abs_deviation(values) * robust.MAD_TO_SD
    assert robust.spread(values, floor=0) == pytest.approx(expected)
    assert robust.spread(values, floor=1e6) == 1e6


@busy
@given(st.integers(0, 30), st.integers(0, 60), st.integers(0, 30), st.integers(0, 300))
def test_shares_are_compared_by_fishers_test(hits: int, misses: int, others: int, more: int) -> None:
    told = robust.chance_of_share(hits, hits + misses, others, others + more)
    expected = stats.fisher_exact(np.array([[hits, misses], [others, more]]), alternative="greater").pvalue
    assert told == pytest.approx(expected, rel=1e-6, abs=1e-12)


@busy
@given(st.integers(0, 40), st.integers(0, 40), st.floats(1, 100))
def test_counts_are_judged_by_what_an_earlier_count_lets_expect(
    count: int, earlier: int, times: float
) -> None:
    expected = stats.nbinom.sf(count - 1, earlier + 0.5, times / (times + 1))
    assert robust.chance_of_count(count, earlier, times=times) == pytest.approx(expected, rel=1e-6, abs=1e-12)


@busy
@given(st.sets(st.integers(1, 999), min_size=5, max_size=20), st.randoms(use_true_random=False))
def test_a_drift_is_told_by_signed_ranks(sizes: set[int], chance: random.Random) -> None:
    values = [size * chance.choice((1, -1)) for size in sizes]
    expected = stats.wilcoxon(values, method="exact").pvalue
    assert robust.chance_of_drift(values) == pytest.approx(expected)


def test_a_drift_of_equal_sizes_is_a_sign_test_and_zeros_tell_nothing() -> None:
    expected = stats.binomtest(1, 12).pvalue
    assert robust.chance_of_drift([-10] * 11 + [10] + [0] * 5) == pytest.approx(expected)
    assert robust.chance_of_drift([0, 0]) == robust.chance_of_drift([]) == 1.0


@busy
@given(st.floats(-8, 8), st.integers(2, 200))
def test_far_is_told_by_students_t(z: float, known: int) -> None:
    freedom = max(robust.MAD_KNOWS * (known - 1), 1)
    assert robust.two_sided(z, known) == pytest.approx(2 * stats.t.sf(abs(z), freedom))


@busy
@given(st.floats(1e-12, 0.4))
def test_a_chance_is_worth_standard_deviations(p: float) -> None:
    assert robust.worth(p) == pytest.approx(stats.norm.isf(p))


def test_one_wild_number_does_not_move_what_is_usual() -> None:
    calm = [100.0, 98, 103, 101, 99, 102, 97, 100, 104, 100]
    with_one = robust.judge(130, [*calm, 5000.0], floor=1)
    assert with_one.usual.middle == 100
    assert with_one.z == pytest.approx(robust.judge(130, calm, floor=1).z, rel=0.35)
    assert with_one.p == 1 / 11, "one of eleven was as far: that is no wonder here"
    assert robust.judge(130, calm, floor=1).p < 0.01


def test_half_a_day_is_odd_and_a_usual_weekend_is_not() -> None:
    past = days_of(twelve_weeks(random.Random(3)))
    monday, saturday = FIRST + timedelta(days=84), FIRST + timedelta(days=89)
    half, usual, weekend = (
        robust.judge_day(*one, past) for one in ((monday, 30), (monday, 58), (saturday, 84))
    )
    assert half and usual and weekend
    assert half.z < -3 and half.p < 0.005
    assert abs(usual.z) < 1 and abs(weekend.z) < 1.5
    assert usual.usual.low < 58 < usual.usual.high and half.value < half.usual.low


def test_a_shop_that_grows_is_judged_by_its_last_two_weeks() -> None:
    past = days_of([40] * 60 + [80] * 24)
    judged = robust.judge_day(FIRST + timedelta(days=84), 80, past)
    assert judged and judged.usual.middle == pytest.approx(80, rel=0.05)


def test_too_few_weeks_say_nothing() -> None:
    assert robust.judge_day(FIRST + timedelta(days=35), 0, days_of([50] * 35)) is None


def test_chance_alone_is_called_odd_no_more_often_than_the_budget_allows() -> None:
    """Of 960 ordinary days, judged as a rule with one number a day and four mistakes a year."""
    chance, most, odd = random.Random(11), robust.bar(4, 1), 0
    for _try in range(120):
        past = days_of(twelve_weeks(chance))
        for ahead in range(8):
            day = FIRST + timedelta(days=84 + ahead)
            mean = 60 * (1.4 if day.weekday() >= 5 else 1)
            judged = robust.judge_day(day, round(chance.gauss(mean, mean**0.5)), past)
            odd += bool(judged and judged.p < most)
    assert odd <= 960 * most


def test_the_usual_range_of_counts_holds_all_but_one_of_forty() -> None:
    usual = robust.usual_count(112, times=56)
    assert (usual.middle, usual.low) == (2, 0)
    assert robust.chance_of_count(int(usual.high) + 1, 112, times=56) < 0.025
    assert robust.chance_of_count(int(usual.high), 112, times=56) >= 0.025
    share = robust.usual_share(20, 10, 100)
    assert (share.middle, share.low) == (2, 0) and 4 <= share.high <= 6
    assert robust.usual_share(20, 0, 0).middle == 0


def test_shares_that_come_in_bunches_scatter_more_than_chance() -> None:
    chance = random.Random(2)
    alone = [(sum(chance.random() < 0.2 for _sale in range(60)), 60) for _day in range(200)]
    bunches = [(6 * sum(chance.random() < 0.2 for _bunch in range(10)), 60) for _day in range(200)]
    assert 1 <= robust.scatter_of_shares(alone) < 1.3
    assert robust.scatter_of_shares(bunches) == pytest.approx(6**0.5, rel=0.2)
    assert robust.scatter_of_shares([(0, 60), (0, 10)]) == robust.scatter_of_shares([(5, 5)]) == 1


def test_a_rhythm_is_the_middle_of_the_gaps_and_needs_five() -> None:
    days = [FIRST + timedelta(days=n) for n in (0, 3, 6, 9, 13, 16, 26)]
    known = robust.rhythm(days)
    assert known and (known.middle, known.longest) == (3, 10)
    assert known.mean == pytest.approx(26 / 6)
    assert robust.rhythm(days[:5]) is None
