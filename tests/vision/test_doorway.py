"""Who comes through the door has come, who passes it has not, and who waits at the counter is being served."""

from collections.abc import Sequence

import numpy as np
import pytest

from vision.doorway import crossings, depth, presence
from vision.scene import Scene, is_within
from vision.tracking import Tracklet
from vision.visits import VisitSpan, visits_from

SHOP = Scene(door=((200, 500), (200, 0)), counter=((600, 0), (900, 0), (900, 500), (600, 500)))
"""Outside is left of 200; the counter lies between 600 and 900."""


def walk(*corners: tuple[float, float], y: float = 300, number: int = 1) -> Tracklet:
    """Five pictures a second from (second, x) to (second, x), a face 60 wide."""
    times = np.round(np.arange(corners[0][0], corners[-1][0] + 0.1, 0.2), 1)
    across = np.interp(times, [at for at, _ in corners], [x for _, x in corners])
    boxes = [(float(x - 30), y - 30, float(x + 30), y + 30) for x in across]
    return Tracklet(number, times.tolist(), boxes, [0.9] * len(boxes))


def visits(*tracklets: Tracklet, scene: Scene = SHOP) -> list[VisitSpan[str]]:
    return visits_from(((tracklet, "A") for tracklet in tracklets), 90.0, scene)


def told(found: Sequence[VisitSpan[str]]) -> list[tuple[float, str, float, str]]:
    return [
        (round(visit.entry_s, 2), visit.entry_by, round(visit.exit_s, 2), visit.exit_by) for visit in found
    ]


def test_inside_lies_to_the_right_of_who_looks_along_the_line() -> None:
    assert depth(SHOP.door, (250, 100)) == 50 and depth(SHOP.door, (150, 100)) == -50
    assert depth(((0, 100), (100, 100)), (50, 130)) == 30


def test_the_door_sets_entry_and_exit_both_ways() -> None:
    assert told(visits(walk((0, 100), (10, 600), (20, 600), (24, 0)))) == [(2.0, "door", 22.67, "door")]
    through_the_other_side = Scene(door=SHOP.door[::-1])
    assert told(visits(walk((0, 500), (3, 100), (9, 100), (12, 400)), scene=through_the_other_side)) == [
        (2.25, "door", 10.0, "door")
    ]


def test_who_passes_by_outside_has_no_visit() -> None:
    assert visits(walk((0, 0), (5, 150), (30, 0))) == []


def test_who_walks_past_the_posts_does_not_cross() -> None:
    past = walk((0, 100), (4, 300), y=700)
    assert crossings(SHOP.door, past.walk) == []
    assert told(visits(past)) == [(2.2, "sight", 4.0, "sight")]


def test_who_turns_round_on_the_threshold_has_no_visit() -> None:
    assert visits(walk((0, 100), (2, 300), (4, 100))) == []
    assert visits(walk((0, 100), (2, 240), (40, 240), (42, 100))) == []
    assert len(visits(walk((0, 100), (2, 300), (4, 300), (6, 100)))) == 1


def test_who_waits_outside_enters_when_they_cross() -> None:
    waiting, coming = walk((0, 120), (20, 150)), walk((25, 150), (27, 250), (60, 250))
    assert told(visits(waiting, coming)) == [(26.0, "door", 60.0, "sight")]


def test_who_did_not_leave_is_there_after_a_long_absence() -> None:
    came, went = walk((0, 100), (4, 500), (20, 700)), walk((400, 700), (410, 600), (414, 100))
    assert told(visits(came, went)) == [(1.0, "door", 413.2, "door")]
    later = walk((20 + 901, 700), (940, 700))
    assert len(visits(came, later)) == 2
    assert len(visits(came, went, scene=Scene())) == 2


def test_who_comes_in_again_had_left_unseen() -> None:
    came, again = walk((0, 100), (4, 500), (20, 300)), walk((150, 100), (154, 500), (160, 500))
    assert [visit.entry_by for visit in visits(came, again)] == ["door", "door"]


def test_who_left_through_the_door_begins_a_new_visit_however_soon() -> None:
    out, back = walk((0, 500), (10, 500), (14, 100)), walk((30, 100), (34, 500), (50, 500))
    assert told(visits(out, back)) == [(0.0, "sight", 13.0, "door"), (31.0, "door", 50.0, "sight")]


def test_a_step_over_the_threshold_and_back_is_no_exit() -> None:
    out, back = walk((0, 500), (10, 300), (12, 180)), walk((14, 180), (16, 300), (30, 500))
    assert told(visits(out, back)) == [(0.0, "sight", 30.0, "sight")]


def test_without_a_line_nothing_of_that_counts() -> None:
    assert told(visits(walk((0, 0), (5, 150), (30, 0)), scene=Scene())) == [(0.0, "sight", 30.0, "sight")]


def test_the_counter_counts_from_exactly_so_many_seconds_on() -> None:
    at_counter = [(round(0.2 * step, 1), (700.0, 100.0)) for step in range(26)]
    assert presence(SHOP.counter, at_counter, 5.0) == (0.0, 5.0)
    assert presence(SHOP.counter, at_counter[:-1], 5.0) is None


def test_the_counter_holds_from_the_first_wait_to_the_last() -> None:
    (visit,) = visits(walk((0, 300), (5, 650), (15, 650), (20, 400), (30, 400), (35, 700), (45, 700)))
    start, end = visit.at_counter or (0, 0)
    assert start == pytest.approx(4.4, abs=0.21) and end == 45.0


def test_a_short_stop_at_the_counter_is_none() -> None:
    (visit,) = visits(walk((0, 300), (5, 650), (8, 650), (12, 300), (30, 300)))
    assert visit.at_counter is None


def test_a_look_away_does_not_end_the_wait() -> None:
    seen = [(at, (700.0, 100.0)) for at in (0.0, 1.0, 2.0, 4.0, 5.0, 8.0)]
    assert presence(SHOP.counter, seen, 5.0) == (0.0, 5.0)


def test_a_place_of_any_shape_knows_what_lies_in_it() -> None:
    hook = ((0, 0), (100, 0), (100, 100), (50, 100), (50, 50), (0, 50))
    assert is_within((75, 75), hook) and is_within((25, 25), hook)
    assert not is_within((25, 75), hook) and not is_within((25, 75), ())


def test_places_are_drawn_in_fractions_and_used_in_pixels() -> None:
    drawn = Scene(region=((0.25, 0.5), (1.0, 0.5), (1.0, 1.0)), door=((0.5, 0.0), (0.5, 1.0)))
    assert drawn.in_pixels((720, 1280)).door == ((640, 0), (640, 720))
    assert drawn.bounds == (0.25, 0.5, 1.0, 1.0) and Scene().bounds == (0, 0, 1, 1)
