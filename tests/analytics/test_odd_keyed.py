"""Sales keyed while the shop is closed, or while the camera saw nobody, are found once they are more than usual."""

from datetime import time, timedelta

import pytest

from analytics.odd.keyed import _outside
from tests.analytics.odd_scenes import at, came_at, each_day, filmed, found, sold, yesterday
from tests.base import Cast
from tests.vision.scene import a_person


def test_a_sale_at_night_is_found_where_nobody_sells_at_night(cast: Cast) -> None:
    last = yesterday(cast.shop)
    sold(cast, each_day(cast.shop, 1, days=60))
    assert found("outside_hours", cast.shop) == []
    sold(cast, [at(cast.shop, last, 7.6), at(cast.shop, last, 20.4)])
    assert found("outside_hours", cast.shop) == [], "half an hour before and after belongs to the hours"
    night = sold(cast, [at(cast.shop, last, 2.2)])
    (one,) = found("outside_hours", cast.shop)
    assert (one.facts["value"], one.facts["sales"]) == (1, [night[0].pk])


def test_a_shop_that_sells_early_every_day_is_not_asked_each_day(cast: Cast) -> None:
    last = yesterday(cast.shop)
    sold(cast, [at(cast.shop, last - timedelta(days=back), 6) for back in range(57)])
    assert found("outside_hours", cast.shop) == []


@pytest.mark.parametrize(
    ("opens", "closes", "is_ever"),
    [
        (time(8), time(20), True),
        (time(18), time(2), True),
        (time(0), time(0), False),
        (time(6), time(5, 30), False),
    ],
)
def test_the_hours_may_go_past_midnight(cast: Cast, opens: time, closes: time, is_ever: bool) -> None:
    cast.shop.opens_at, cast.shop.closes_at = opens, closes
    assert (_outside(cast.shop) is not None) is is_ever


def test_in_a_shop_open_at_night_noon_is_outside(cast: Cast) -> None:
    cast.shop.opens_at, cast.shop.closes_at = time(18), time(2)
    last = yesterday(cast.shop)
    sold(cast, [at(cast.shop, last, 1.9), at(cast.shop, last, 23)])
    assert found("outside_hours", cast.shop) == []
    sold(cast, [at(cast.shop, last, 12)])
    (one,) = found("outside_hours", cast.shop)
    assert one.facts["value"] == 1


def watched(cast: Cast, *, is_clerk_seen: bool = True) -> None:
    """Four sales a day for four weeks and a day, each with its buyer and perhaps a clerk before the camera."""
    times = each_day(cast.shop, 4, days=29)
    sold(cast, times)
    *_before, last = filmed(cast.shop, 29)
    came_at(last, None, times)
    if is_clerk_seen:
        came_at(last, a_person(cast.shop, is_shop_staff=True), times)


def test_sales_without_anybody_before_the_camera_are_found(cast: Cast) -> None:
    watched(cast)
    assert (found("no_customer", cast.shop), found("no_clerk", cast.shop)) == ([], [])
    last = yesterday(cast.shop)
    alone = sold(cast, [at(cast.shop, last, hour) for hour in (12.6, 15.1, 19.9)])
    (customer,), (clerk,) = found("no_customer", cast.shop), found("no_clerk", cast.shop)
    assert customer.facts["sales"] == clerk.facts["sales"] == [sale.pk for sale in alone]
    assert (customer.facts["value"], customer.facts["of"]) == (3, 7)


def test_what_no_camera_could_see_is_not_counted(cast: Cast) -> None:
    watched(cast)
    sold(cast, [at(cast.shop, yesterday(cast.shop), hour) for hour in (21.5, 22, 22.5)])
    assert found("no_customer", cast.shop) == []


def test_a_camera_that_never_sees_the_clerk_says_nothing_of_clerks(cast: Cast) -> None:
    watched(cast, is_clerk_seen=False)
    assert found("no_clerk", cast.shop) == []
