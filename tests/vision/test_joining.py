"""Sales and visits joined on two lists: the clock found, pairs weighed against each other, honest about doubt."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from vision.joining.calibration import fit_calibration
from vision.joining.clock import Clock, estimate
from vision.joining.days import MadeDay, make_day
from vision.joining.events import SaleEvent, VisitEvent, with_groups
from vision.joining.marginals import Choice, marginals, narrowed
from vision.joining.matching import Link, link
from vision.joining.scores import nearest_in_time, score

OPENS = 1_765_683_000.0


@pytest.fixture(scope="module")
def day() -> MadeDay:
    """Six hours, the till 11 minutes behind."""
    return make_day(per_hour=30, hours=6, offset_s=-660, drift=3, seed=41, opens=OPENS)


def by_trying(choices: Sequence[Choice], groups: Sequence[int | None], companion: float) -> list[list[float]]:
    """The odds of each choice's visits by summing over every way there is."""
    totals = [[0.0] * (len(choice.visits) + 1) for choice in choices]
    for way in product(*(range(len(choice.visits) + 1) for choice in choices)):
        weight, used = 1.0, set[int]()
        for choice, place in zip(choices, way, strict=True):
            if place == len(choice.visits):
                weight *= choice.none
                continue
            visit = choice.visits[place]
            has_peer = groups[visit] is not None and any(groups[o] == groups[visit] for o in used - {visit})
            free = choice.first[place] * (companion if has_peer else 1)
            weight *= choice.again[place] if visit in used else free
            used.add(visit)
        for number, place in enumerate(way):
            totals[number][place] += weight
    return [[part / sum(row) for part in row] for row in totals]


@pytest.mark.parametrize("seed", range(6))
def test_odds_are_those_of_all_ways_together(seed: int) -> None:
    generator = np.random.default_rng(seed)
    groups = [None, 1, 1, None, 2, 2]
    choices = []
    for number in range(5):
        visits = tuple(
            sorted(generator.choice(6, size=int(generator.integers(0, 4)), replace=False).tolist())
        )
        first, again = (tuple(generator.exponential(scale, len(visits)).tolist()) for scale in (2.0, 0.3))
        choices.append(Choice(visits, first, again, none=1.0 + number))
    expected = by_trying(choices, groups, companion=0.2)
    for odds, row in zip(marginals(choices, groups, 0.2), expected, strict=True):
        assert [*odds.visits, odds.none] == pytest.approx(row)


def test_a_crowd_is_narrowed_to_what_can_be_summed() -> None:
    visits = tuple(range(30))
    weights = tuple(1.0 / (1 + visit) for visit in visits)
    crowd = [Choice(visits, weights, weights)] * 3
    slim = narrowed(crowd, most=5)
    assert {choice.visits for choice in slim} <= {(0, 1, 2), (0, 1, 2, 3), (0, 1, 2, 3, 4)}
    assert slim[0].none + sum(slim[0].first) == pytest.approx(1 + sum(weights))


def test_the_clock_is_found_and_says_that_it_is_sure(day: MadeDay) -> None:
    clock = estimate(day.sales, day.visits)
    assert clock is not None and clock.is_sure
    assert clock.to_till(OPENS + 3 * 3600) == pytest.approx(OPENS + 3 * 3600 - 660, abs=6)
    assert clock.to_camera(clock.to_till(OPENS)) == pytest.approx(OPENS, abs=1e-3)
    peak = clock.lags_s[clock.heights.index(max(clock.heights))]
    assert peak == pytest.approx(clock.offset_s, abs=10)


def test_a_clock_set_to_the_evening_is_found(day: MadeDay) -> None:
    sales = [replace(sale, at=sale.at + 43_200) for sale in day.sales]
    clock = estimate(sales, day.visits)
    assert clock is not None and clock.is_sure
    assert clock.offset_s == pytest.approx(43_200 - 660, abs=6)


def test_a_clock_between_strangers_is_not_sure(day: MadeDay) -> None:
    other = make_day(per_hour=30, hours=6, offset_s=0, drift=0, seed=42, opens=OPENS)
    clock = estimate(other.sales, day.visits)
    assert clock is not None and not clock.is_sure


def test_too_few_sales_tell_no_clock() -> None:
    sale, visit = SaleEvent("T1", OPENS), VisitEvent("V1", OPENS - 60, OPENS)
    assert estimate([sale] * 4, [visit] * 9) is None


def test_a_believable_day_is_linked_rightly_and_better_than_by_the_nearest(day: MadeDay) -> None:
    clock = estimate(day.sales, day.visits)
    assert clock is not None
    ours = score(link(day.sales, day.visits, clock), day.truth)
    naive = score(nearest_in_time(day.sales, day.visits, clock), day.truth)
    assert ours.precision is not None and naive.precision is not None
    assert ours.precision >= 0.95 > naive.precision
    assert ours.auto_rate is not None and ours.auto_rate >= 0.5


def quiet_hour(count: int = 12) -> tuple[list[SaleEvent], list[VisitEvent]]:
    """A visit each five minutes and a half, each with a sale as it ends."""
    ends = [OPENS + 330.0 * number for number in range(1, count + 1)]
    visits = [VisitEvent(f"V{n}", end - 50, end + 5, (end - 30, end)) for n, end in enumerate(ends, 1)]
    return [SaleEvent(f"T{n}", end) for n, end in enumerate(ends, 1)], visits


def the(links: Sequence[Link], sale: str) -> Link:
    return next(found for found in links if found.sale == sale)


def test_a_quiet_hour_is_linked_and_says_why() -> None:
    links = link(*quiet_hour())
    assert [(found.sale, found.visit) for found in links] == [(f"T{n}", f"V{n}") for n in range(1, 13)]
    assert {found.decision for found in links} == {"linked"}
    assert links[0].because["time"] > 0 and links[0].reason == ""
    assert set(links[0].because) == {"time", "counter", "identity", "buys"}


def test_a_sale_with_nobody_near_has_no_visit() -> None:
    sales, visits = quiet_hour()
    alone = SaleEvent("alone", sales[5].at + 165)
    found = the(link([*sales, alone], visits), "alone")
    assert (found.visit, found.decision, found.reason) == (None, "none", "nobody_seen")


def test_a_sale_while_no_camera_ran_says_so() -> None:
    sales, visits = quiet_hour()
    found = the(link([*sales, SaleEvent("night", OPENS - 7200)], visits), "night")
    assert (found.decision, found.reason) == ("none", "no_camera")


def test_two_who_leave_together_are_alike_until_the_sale_names_one() -> None:
    sales, visits = quiet_hour()
    twin = replace(visits[5], id="twin", entry=visits[5].entry - 20, customer="Bala")
    visits = [*visits, twin]
    found = the(link(sales, visits), "T6")
    assert found.decision == "none" and found.reason == "several_alike"
    named = [replace(sale, customer="Bala") if sale.id == "T6" else sale for sale in sales]
    assert the(link(named, visits), "T6").visit == "twin"


def with_a_twin(faces: dict[int, str]) -> tuple[list[SaleEvent], list[VisitEvent]]:
    """A quiet hour in which Asha bought at the second, fourth and sixth visit, where somebody left as she did.

    Nobody is recognised; `faces` are the codes of those at whose visits she bought.
    """
    sales, visits = quiet_hour()
    sales = [replace(sale, customer="Asha") if n in (1, 3, 5) else sale for n, sale in enumerate(sales)]
    visits = [replace(visit, person=faces.get(n, f"P{n}")) for n, visit in enumerate(visits)]
    return sales, [*visits, replace(visits[5], id="twin", entry=visits[5].entry - 20, person="stranger")]


def test_a_face_that_comes_with_the_customers_other_sales_is_theirs() -> None:
    found = the(link(*with_a_twin({1: "her", 3: "her", 5: "her"})), "T6")
    assert (found.visit, found.decision) == ("V6", "linked")
    assert found.because["identity"] > 1


def test_a_sale_is_no_evidence_for_itself() -> None:
    found = the(link(*with_a_twin({5: "her"})), "T6")
    assert found.decision == "none" and found.reason == "several_alike"


def test_a_decision_by_hand_stays_and_counts_for_the_others() -> None:
    sales, visits = quiet_hour()
    twin = replace(visits[5], id="twin", entry=visits[5].entry - 20)
    second = SaleEvent("second", sales[5].at)
    links = link([*sales, second], [*visits, twin], fixed={"T6": "V6", "T1": None})
    assert the(links, "T6") == Link("T6", "V6", 1.0, "linked", {}, "by_hand")
    assert the(links, "T1") == Link("T1", None, 1.0, "none", {}, "by_hand")
    assert the(links, "second").visit == "twin"


def test_a_refused_pair_is_never_proposed() -> None:
    found = the(link(*quiet_hour(), refused={("T6", "V6")}), "T6")
    assert found.visit is None and found.decision == "none"


def test_those_who_come_and_leave_together_are_one_group() -> None:
    visits = [
        VisitEvent("a", 0, 60),
        VisitEvent("b", 2, 65),
        VisitEvent("c", 2.5, 300),
        VisitEvent("d", 400, 460),
    ]
    groups = [visit.group for visit in with_groups(visits)]
    assert groups[0] == groups[1] is not None and groups[2:] == [None, None]


def test_nothing_joins_to_nothing() -> None:
    sales, visits = quiet_hour()
    assert link([], visits) == []
    assert {found.reason for found in link(sales, [])} == {"no_camera"}


def test_reviewed_links_calibrate_the_confidence() -> None:
    believed = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95]
    calibration = fit_calibration(believed, [False, True, False, True, True, True])
    heights = [calibration(one) for one in (0.0, 0.5, 0.65, 0.9, 1.0)]
    assert heights == sorted(heights) and heights[0] == 0 and heights[-1] == 1
    assert calibration(0.65) == pytest.approx(0.5)
    doubtful = fit_calibration([0.9, 1.0], [True, False])
    assert {found.decision for found in link(*quiet_hour(), calibration=doubtful)} == {"none"}


def test_a_clock_puts_the_sales_where_the_visits_are() -> None:
    sales, visits = quiet_hour()
    late = [replace(sale, at=sale.at + 600) for sale in sales]
    links = link(late, visits, Clock(offset_s=600.0, at=OPENS))
    assert [found.visit for found in links] == [visit.id for visit in visits]
