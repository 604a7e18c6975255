"""Erlang's formulas against published numbers, closed forms, and a counter that is played through."""

import math
import random

import pytest

from analytics.staffing import MOST_STAFF, Counter, erlang_b, erlang_c, usual_s

SHOP = Counter(rate=20 / 1800, service_s=80)
"""Twenty in half an hour, 80 seconds each: 0.89 clerks busy all the time."""


@pytest.mark.parametrize(
    ("servers", "load", "blocked"),
    [
        (1, 1.0, 0.5),
        (2, 1.0, 0.2),
        (5, 3.0, 0.1101),
        (10, 5.0, 0.0184),
        (100, 84.06, 0.01),
        (1000, 971.2, 0.01),
    ],
)
def test_erlang_b_is_as_in_the_published_tables(servers: int, load: float, blocked: float) -> None:
    assert erlang_b(servers, load) == pytest.approx(blocked, abs=6e-5)


def test_erlang_c_of_one_and_of_two_servers_has_a_closed_form() -> None:
    for load in (0.0, 0.1, 0.5, 0.9, 0.999):
        assert erlang_c(1, load) == pytest.approx(load)
        assert erlang_c(2, 2 * load) == pytest.approx(2 * load**2 / (1 + load))
    assert erlang_c(3, 3.0) == 1.0, "who cannot keep up lets everybody wait"


@pytest.mark.parametrize(
    ("counter", "staff", "waiting", "mean_s", "target_s", "in_time"),
    [
        (Counter(100 / 1800, 180), 14, 0.174, 7.84, 20, 0.888),  # the usual worked example of call centres
        (Counter(360 / 1800, 240), 55, 0.239, 8.2, 15, 0.846),
    ],
)
def test_waits_are_those_of_the_worked_examples(
    counter: Counter, staff: int, waiting: float, mean_s: float, target_s: float, in_time: float
) -> None:
    assert counter.waiting_share(staff) == pytest.approx(waiting, abs=6e-4)
    assert counter.mean_wait_s(staff) == pytest.approx(mean_s, abs=0.05)
    assert 1 - counter.longer_share(staff, target_s) == pytest.approx(in_time, abs=6e-4)


def test_impatience_is_as_in_garnett_mandelbaum_and_reiman() -> None:
    """48 calls a minute of one minute each, 50 agents; patience of two minutes (Manufacturing & Service 4, 2002)."""
    centre = Counter(48 / 60, 60)
    assert centre.mean_wait_s(50) == pytest.approx(20.8, abs=0.05)
    assert centre.wait_s_of(0.9, 50) == pytest.approx(58.1, abs=0.05)
    assert centre.leaving_share(50, 120) == pytest.approx(0.031, abs=5e-4)


def test_with_patience_as_long_as_a_service_the_queue_is_one_without_end_of_servers() -> None:
    """Each then leaves at the same rate, waiting or served: the number of those in the shop is Poisson's."""
    counter, staff = Counter(1 / 30, 90), 2
    present = [math.exp(-3) * 3**n / math.factorial(n) for n in range(40)]
    queue = sum((n - staff) * share for n, share in enumerate(present) if n > staff)
    assert counter.leaving_share(staff, 90) == pytest.approx(queue / 90 * 30)


@pytest.mark.parametrize("staff", [1, 2])
def test_a_counter_played_through_says_the_same(staff: int) -> None:
    waits, left = _played(SHOP, staff, patience_s=200, customers=40_000)
    assert left / 40_000 == pytest.approx(SHOP.leaving_share(staff, 200), abs=0.01)
    patient, _nobody = _played(SHOP, staff, patience_s=math.inf, customers=40_000)
    if staff == 2:
        assert sum(patient) / len(patient) == pytest.approx(SHOP.mean_wait_s(staff), rel=0.06)
        at_most = sorted(patient)[int(0.9 * len(patient))]
        assert at_most == pytest.approx(SHOP.wait_s_of(0.9, staff), rel=0.06)
    assert sum(waits) / len(waits) < sum(patient) / len(patient), "who leaves makes room"


def _played(counter: Counter, staff: int, *, patience_s: float, customers: int) -> tuple[list[float], int]:
    """Customers one by one, first come, first served: the waits of the served, and how many left."""
    chance, now = random.Random(staff), 0.0
    free, waits, left = [0.0] * staff, [], 0
    for _ in range(customers):
        now += chance.expovariate(counter.rate)
        clerk = min(range(staff), key=lambda n: free[n])
        wait = max(free[clerk] - now, 0.0)
        service_s = chance.expovariate(1 / counter.service_s)
        if wait > (chance.expovariate(1 / patience_s) if math.isfinite(patience_s) else math.inf):
            left += 1
            continue
        waits.append(wait)
        free[clerk] = now + wait + service_s
    return waits, left


def test_the_fewest_clerks_keep_the_wait_and_one_less_does_not() -> None:
    for per_slot in range(1, 121, 7):
        counter = Counter(per_slot / 1800, 75)
        staff = counter.staff_for(120, 0.9)
        assert staff is not None and counter.longer_share(staff, 120) <= 0.1
        assert staff == 1 or counter.longer_share(staff - 1, 120) > 0.1
        assert counter.wait_s_of(0.9, staff) <= 120


def test_more_clerks_never_make_anybody_wait_longer_or_leave() -> None:
    for one, more in zip(range(1, 8), range(2, 9), strict=True):
        assert SHOP.mean_wait_s(more) <= SHOP.mean_wait_s(one)
        assert SHOP.wait_s_of(0.9, more) <= SHOP.wait_s_of(0.9, one)
        assert SHOP.leaving_share(more, 60) < SHOP.leaving_share(one, 60)


def test_where_nobody_comes_nobody_waits_and_a_flood_has_no_answer() -> None:
    idle, flood = Counter(0, 60), Counter(MOST_STAFF / 60, 60)
    assert (
        idle.mean_wait_s(1),
        idle.wait_s_of(0.9, 1),
        idle.leaving_share(1, 60),
        idle.staff_for(1, 0.9),
    ) == (
        *(0, 0, 0),
        1,
    )
    assert math.isinf(flood.mean_wait_s(MOST_STAFF)) and math.isinf(flood.wait_s_of(0.5, MOST_STAFF))
    assert flood.longer_share(MOST_STAFF, 3600) == 1.0 and flood.staff_for(120, 0.9) is None
    assert Counter(10, 60).leaving_share(1, 30) == pytest.approx(1 - 1 / 600), "one of 600 is served"


def test_one_who_stays_for_hours_does_not_move_the_usual_service() -> None:
    usual = [60.0 + n for n in range(-20, 20)]
    assert usual_s([*usual, 7200.0]) == pytest.approx(usual_s(usual), abs=1.0)
    assert usual_s([30.0, 90.0]) == 60.0, "of a few there is no odd one out"
    with pytest.raises(ValueError):
        usual_s([])
