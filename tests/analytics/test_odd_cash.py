"""A count of the drawer that is far off, and counts of one clerk that drift, are found; ordinary change is not."""

import random
from datetime import timedelta

from analytics.odd import RULES
from analytics.odd.base import Names
from tests.analytics.odd_scenes import counted, found, yesterday
from tests.base import Cast

CHANCE = random.Random(5)
ORDINARY = [CHANCE.choice((0, 0, 0, 0, 5, -5, 10, -10, 2, -3)) for _count in range(30)]


def test_ordinary_counts_are_no_finding(cast: Cast) -> None:
    counted(cast, ORDINARY)
    assert (found("variance", cast.shop), found("drift", cast.shop)) == ([], [])


def test_a_count_that_is_far_off_is_found_once(cast: Cast) -> None:
    counted(cast, [*ORDINARY, -240])
    (one,) = found("variance", cast.shop)
    assert one.facts["value"] == -240 < one.facts["low"]
    assert "₹240 were missing" in RULES["variance"].sentence(one.facts, Names())
    assert found("variance", cast.shop, yesterday(cast.shop) - timedelta(days=1)) == []


def test_a_shop_whose_counts_are_often_wild_is_not_told_each_time(cast: Cast) -> None:
    counted(cast, [*ORDINARY, -200, 250, -260, 220, -240, 230, -210])
    assert found("variance", cast.shop) == []


def test_too_few_counts_say_nothing(cast: Cast) -> None:
    counted(cast, [*ORDINARY[:10], -500])
    assert found("variance", cast.shop) == []


def test_counts_that_lie_on_one_side_are_found_though_none_is_large(cast: Cast) -> None:
    counted(cast, ORDINARY, cast.meena, until=yesterday(cast.shop) - timedelta(days=16))
    counted(cast, [-20, -15, -25, -10, -30, -20, 5, -15, -20, -25, -10, -15, -20, -30, -20, -15])
    (one,) = found("drift", cast.shop)
    assert (one.facts["clerk"], one.facts["counts"], one.facts["sum"]) == (cast.ravi.pk, 16, -285)
    assert one.facts["value"] < one.facts["low"]
    words = RULES["drift"].sentence(one.facts, Names(clerks={cast.ravi.pk: "Ravi"}))
    assert words == "In the last 16 counts of Ravi ₹285 were missing together. Why?"
