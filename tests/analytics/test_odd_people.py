"""Each person is compared with their own rhythm: how often they come, and what they leave unpaid."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from analytics.odd import RULES
from analytics.odd.base import Names
from sales.ledger import receive_payment
from sales.models import Tender
from tests.analytics.odd_scenes import at, came_at, each_day, filmed, found, sold, yesterday
from tests.base import TESTS, Cast, make_cast
from tests.vision.scene import a_person, a_recording


def every(cast: Cast, step: int, *, weeks: int = 9) -> list[datetime]:
    last = yesterday(cast.shop)
    return [at(cast.shop, last - timedelta(days=back)) for back in range(0, 7 * weeks, step)]


def test_who_keeps_their_rhythm_is_no_finding(cast: Cast) -> None:
    film = a_recording(cast.shop, at(cast.shop, yesterday(cast.shop)))
    for step in (1, 2, 3, 7):
        came_at(film, a_person(cast.shop), every(cast, step))
    assert found("comes_often", cast.shop) == []


def test_who_suddenly_comes_all_the_time_is_found(cast: Cast) -> None:
    film, last = a_recording(cast.shop, at(cast.shop, yesterday(cast.shop))), yesterday(cast.shop)
    asha, stranger = a_person(cast.shop, customer=cast.asha), a_person(cast.shop)
    for person in (asha, stranger):
        came_at(film, person, every(cast, 7))
    came_at(film, None, every(cast, 1))
    often = [at(cast.shop, last - timedelta(days=back), hour) for back in range(6) for hour in (10, 14, 18)]
    came_at(film, asha, often)
    came_at(film, asha, often)  # as a second camera sees her
    came_at(film, a_person(cast.shop, is_shop_staff=True), often)
    (one,) = found("comes_often", cast.shop)
    assert (one.facts["customer"], one.facts["value"], one.facts["usual"]) == (cast.asha.pk, 19, 1)
    words = RULES["comes_often"].sentence(one.facts, Names(customers={cast.asha.pk: "Asha"}))
    assert words == "Asha came 19 times in seven days; usual is 1."
    assert found("comes_often", make_cast("other").shop) == []


def test_a_camera_that_stood_still_makes_nobody_come_more_often(cast: Cast) -> None:
    film, last = a_recording(cast.shop, at(cast.shop, yesterday(cast.shop))), yesterday(cast.shop)
    person = a_person(cast.shop)
    came_at(
        film, person, [at(cast.shop, last - timedelta(days=back)) for back in (*range(7), 57, 58, 59, 60)]
    )
    assert found("comes_often", cast.shop) == []


def test_a_customer_who_begins_to_leave_sales_unpaid_is_found(cast: Cast) -> None:
    month = yesterday(cast.shop) - timedelta(days=30)
    for customer in (cast.asha, cast.bala):
        sold(cast, each_day(cast.shop, 1, days=60, until=month), customer=customer)
    sold(cast, each_day(cast.shop, 1, days=20), customer=cast.bala)
    left = sold(cast, each_day(cast.shop, 1, days=6), customer=cast.asha, is_paid=False)
    (one,) = found("leaves_unpaid", cast.shop)
    assert (one.facts["customer"], one.facts["value"], one.facts["of"]) == (cast.asha.pk, 6, 6)
    assert set(one.facts["sales"]) == {sale.pk for sale in left}


def test_who_always_pays_later_keeps_their_own_rhythm(cast: Cast) -> None:
    month = yesterday(cast.shop) - timedelta(days=30)
    sold(cast, each_day(cast.shop, 1, days=60, until=month), customer=cast.asha, is_paid=False)
    receive_payment(customer=cast.asha, amount=Decimal(1200), tender=Tender.CASH, actor=TESTS)
    sold(cast, each_day(cast.shop, 1, days=8), customer=cast.asha, is_paid=False)
    assert found("leaves_unpaid", cast.shop) == [], "all that she bought was paid later, then as now"


def test_the_queries_do_not_grow_with_the_customers(
    cast: Cast, django_assert_num_queries: Callable[..., object]
) -> None:
    for customer in (cast.asha, cast.bala):
        sold(cast, each_day(cast.shop, 1, days=5), customer=customer, is_paid=False)
        came_at(filmed(cast.shop, 1)[0], a_person(cast.shop, customer=customer), every(cast, 3))
    with django_assert_num_queries(2):  # type: ignore[attr-defined]
        found("leaves_unpaid", cast.shop)
    with django_assert_num_queries(2):  # type: ignore[attr-defined]
        found("comes_often", cast.shop)
