"""The mathematics of the forecast on made-up series whose answers are known."""

from collections.abc import Iterator

import numpy as np
import pytest

from analytics.forecast import Reason, TooLittleError, forecast
from analytics.forecast_methods import FLOOR, METHODS, Values

WEEKDAYS = np.array([40.0, 38, 42, 45, 50, 70, 65])
AHEAD = 14


def season(days: int, *, growth: float = 0.0, times: float = 1.0) -> Values:
    """A week that comes again and again, each day `growth` of its first week more than the day before."""
    week: Values = times * WEEKDAYS[np.arange(days) % 7] * (1 + growth * np.arange(days))
    return week


def chance(mean: Values, seed: int) -> Values:
    return np.random.default_rng(seed).poisson(mean).astype(np.float64)


def test_a_week_that_always_comes_again_is_foretold_to_the_can_and_the_floor_wins_the_tie() -> None:
    found = forecast(season(70), AHEAD)
    assert found.method == FLOOR
    assert [day.point for day in found.days] == list(season(84)[70:])
    assert all(day.low == day.point == day.high for day in found.days)
    assert {score.mae for score in found.scores.values()} == {0.0}
    assert found.last == (WEEKDAYS[6], WEEKDAYS[6])
    assert found.sums_high == list(np.cumsum(season(84)[70:]))


def test_every_day_the_same_is_foretold_by_every_method() -> None:
    constant = np.full(60, 12.0)
    for method in METHODS.values():
        assert method(constant, [30, 60], AHEAD) == pytest.approx(np.full((2, AHEAD), 12.0))


def test_growth_is_followed_by_the_method_with_a_trend() -> None:
    every_day = season(224) + np.arange(224)
    found = forecast(every_day[:210], AHEAD)
    assert found.method == "damped_ets"
    assert found.scores["damped_ets"].mae < 0.5 * found.scores[FLOOR].mae
    floor = METHODS[FLOOR](every_day, [210], AHEAD)[0]
    off = [np.abs(said - every_day[210:]).mean() for said in ([day.point for day in found.days], floor)]
    assert off[0] < 0.5 * off[1] == 0.5 * 10.5


def test_wild_days_make_the_floor_lose_for_it_takes_them_for_usual() -> None:
    values = chance(season(120), seed=3)
    values[[70, 90, 110, 115]] *= 6
    found = forecast(values, AHEAD)
    assert found.method != FLOOR
    assert found.scores[found.method].mae < 0.8 * found.scores[FLOOR].mae
    # day 115 was a wild one; the floor says so of the same weekday a week later
    assert METHODS[FLOOR](values, [120], 7)[0][2] == values[115] > 3 * found.days[2].point


def test_a_method_that_is_asked_on_an_eve_knows_nothing_of_what_comes_after() -> None:
    values = chance(season(90), seed=4)
    later = values.copy()
    later[60:] = 1000.0
    for method in METHODS.values():
        assert method(values, [40, 60], AHEAD) == pytest.approx(method(later, [40, 60], AHEAD))


def test_the_back_test_errs_by_what_a_slow_version_finds() -> None:
    values = chance(season(80), seed=5)
    found = forecast(values, 7)
    for name, method in METHODS.items():
        errors = [
            abs(values[origin + ahead] - said)
            for origin in range(28, 80)
            for ahead, said in enumerate(method(values[:origin], [origin], 7)[0])
            if origin + ahead < 80
        ]
        assert found.scores[name].mae == pytest.approx(np.mean(errors))
        scale = np.mean([abs(values[day] - values[day - 7]) for day in range(7, 80)])
        assert found.scores[name].mase == pytest.approx(np.mean(errors) / scale)
    best = min(found.scores, key=lambda name: found.scores[name].mae)
    assert found.method == best


def worlds(days: int) -> Iterator[tuple[Values, Values]]:
    """Fifty shops of different sizes that grow or shrink a little: what was, and what came after."""
    for seed in range(50):
        growth = (seed % 5 - 2) * 0.0008
        every_day = chance(season(days + AHEAD, growth=growth, times=0.2 + seed % 4), seed=seed)
        yield every_day[:days], every_day[days:]


@pytest.mark.parametrize("days", [56, 150])
def test_eight_of_ten_days_to_come_lie_in_the_interval_and_nine_of_ten_sums_below_theirs(days: int) -> None:
    inside, below = [], []
    for values, came in worlds(days):
        found = forecast(values, AHEAD)
        inside += [day.low <= each <= day.high for day, each in zip(found.days, came, strict=True)]
        below += [each <= high + 1e-9 for each, high in zip(np.cumsum(came), found.sums_high, strict=True)]
    assert np.mean(inside) == pytest.approx(0.8, abs=0.05)
    assert np.mean(below) == pytest.approx(0.9, abs=0.05)


def test_counts_are_never_below_nothing() -> None:
    values = chance(np.full(90, 1.2), seed=8)
    found = forecast(values, AHEAD)
    assert min(min(day.low, day.point) for day in found.days) >= 0
    falling = np.maximum(season(120) * np.linspace(1, 0.02, 120), 1)
    assert min(day.point for day in forecast(falling, AHEAD).days) >= 0


@pytest.mark.parametrize(
    ("values", "reason", "days", "of"),
    [
        (np.zeros(0), Reason.SHORT, 0, 56),
        (season(40), Reason.SHORT, 40, 56),
        (np.concatenate([np.zeros(200), season(55)]), Reason.SHORT, 55, 56),
        (np.tile([3.0, 0, 0], 40), Reason.SPARSE, 40, 120),
        (np.concatenate([season(100), np.zeros(14)]), Reason.SILENT, 0, 14),
        (np.concatenate([season(100), np.full(14, np.nan)]), Reason.SILENT, 0, 14),
    ],
)
def test_too_little_is_refused_with_the_reason(values: Values, reason: Reason, days: int, of: int) -> None:
    with pytest.raises(TooLittleError) as refused:
        forecast(values, AHEAD)
    assert (refused.value.reason, refused.value.days, refused.value.of) == (reason, days, of)


def test_what_was_before_a_long_gap_is_another_shop() -> None:
    values = np.concatenate([season(70, times=9), np.zeros(35), season(70)])
    assert [day.point for day in forecast(values, 7).days] == list(WEEKDAYS)


def test_a_day_that_tells_nothing_changes_nothing() -> None:
    values = season(70)
    values[[30, 50, 69]] = np.nan
    found = forecast(values, AHEAD)
    assert [day.point for day in found.days] == list(season(84)[70:])
    assert found.last is None


def test_a_weekday_of_rest_is_nothing_and_disturbs_no_other() -> None:
    values = season(70)
    values[6::7] = np.nan
    found = forecast(values, AHEAD, closed={76, 83})
    assert [day.point for day in found.days] == [*WEEKDAYS[:6], 0, *WEEKDAYS[:6], 0]
    assert found.days[6].high == 0


def test_a_festival_is_left_out_and_its_effect_comes_from_earlier_ones() -> None:
    values = season(105)
    values[[37, 52, 68]] *= 3
    names = {37: "Diwali", 52: "Diwali", 68: "Diwali", 107: "Diwali"}
    found = forecast(values, 7, festivals=names)
    assert found.scores[FLOOR].mae == 0, "the wild days disturb nothing"
    assert [day.point for day in found.days] == pytest.approx([*WEEKDAYS[:2], 3 * WEEKDAYS[2], *WEEKDAYS[3:]])


def test_a_festival_learns_from_those_of_its_name_before_others() -> None:
    values = season(105)
    values[37], values[52] = 3 * values[37], 0.5 * values[52]
    names = {37: "Diwali", 52: "Republic Day", 106: "Diwali", 107: "Republic Day"}
    days = forecast(values, 7, festivals=names).days
    assert days[1].point == pytest.approx(3 * WEEKDAYS[1]) and days[2].point == pytest.approx(
        0.5 * WEEKDAYS[2]
    )
    # one of a kind may have been chance: the interval reaches to an ordinary day
    assert days[1].low == WEEKDAYS[1] and days[2].high == WEEKDAYS[2]


def test_a_festival_of_which_nothing_is_known_widens_the_interval() -> None:
    values = chance(season(105), seed=9)
    plain, strange = forecast(values, 7), forecast(values, 7, festivals={107: "Holi"})
    assert strange.days[2].point == plain.days[2].point
    above = [found.days[2].high - found.days[2].point for found in (plain, strange)]
    below = [found.days[2].point - found.days[2].low for found in (plain, strange)]
    assert above[1] == pytest.approx(2 * above[0]) and below[1] == pytest.approx(2 * below[0])
    assert strange.sums_high[1] == plain.sums_high[1] and strange.sums_high[2] >= plain.sums_high[2]
