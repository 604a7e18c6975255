"""Who stays away longer than their own rhythm lets expect: not seen, or seen and not served."""

from collections.abc import Callable
from datetime import date, timedelta

from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from analytics.anomalies import Late, greeting, late_regulars
from customers.models import Customer
from tests.analytics.odd_scenes import at, came_at, sold
from tests.base import Cast, make_cast
from tests.vision.scene import a_person, a_recording
from vision.models import SaleLink
from watershop.dates import day_of

Bought = Callable[..., None]


def today(cast: Cast) -> date:
    return day_of(cast.shop, timezone.now())


def bought(cast: Cast, customer: Customer | None, *days_ago: int) -> None:
    sold(cast, [at(cast.shop, today(cast) - timedelta(days=back)) for back in days_ago], customer=customer)


def late(cast: Cast) -> list[Late]:
    return late_regulars(cast.shop, timezone.now())


def test_a_regular_is_late_by_their_own_rhythm(cast: Cast) -> None:
    bought(cast, cast.asha, *range(10, 40, 3))
    bought(cast, cast.bala, *range(10, 80, 10))
    (row,) = late(cast)
    assert (row.customer, row.rhythm.middle, row.served_on) == (
        cast.asha,
        3,
        today(cast) - timedelta(days=10),
    )
    assert (row.expected_on, row.days_late, row.seen_at) == (today(cast) - timedelta(days=7), 7, None)
    assert row.days_away == 10


def test_who_is_irregular_or_new_or_gone_for_good_is_not_late(cast: Cast) -> None:
    bought(cast, cast.asha, 9, 10, 19, 20, 29, 30, 39, 40)
    bought(cast, cast.bala, *range(120, 160, 4))
    newcomer = Customer.objects.create(shop=cast.shop, code="NEW", name="Newcomer")
    bought(cast, newcomer, 10, 12, 14)
    assert late(cast) == []


def test_not_seen_is_told_apart_from_seen_but_not_served(cast: Cast) -> None:
    for customer in (cast.asha, cast.bala):
        bought(cast, customer, *range(12, 40, 3))
    seen_at = at(cast.shop, today(cast) - timedelta(days=2))
    film = a_recording(cast.shop, seen_at)
    came_at(film, a_person(cast.shop, customer=cast.asha), [seen_at])
    seen = {row.customer: row.seen_at for row in late(cast)}
    assert seen[cast.bala] is None
    assert seen[cast.asha] == seen_at - timedelta(minutes=2)


def test_a_sale_to_nobody_in_a_visit_of_theirs_served_them(cast: Cast) -> None:
    bought(cast, cast.asha, *range(12, 40, 3))
    moment = at(cast.shop, today(cast) - timedelta(days=2))
    (visit,) = came_at(a_recording(cast.shop, moment), a_person(cast.shop, customer=cast.asha), [moment])
    (sale,) = sold(cast, [moment])
    link = SaleLink.objects.create(shop=cast.shop, sale=sale, visit=visit, confidence=0.6)
    assert len(late(cast)) == 1, "nobody knows yet whose sale it was"
    SaleLink.objects.filter(pk=link.pk).update(state=SaleLink.State.LINKED)
    assert late(cast) == []


def test_a_word_to_them_is_in_their_language_and_nobody_is_written_to_who_refused(cast: Cast) -> None:
    for customer in (cast.asha, cast.bala):
        bought(cast, customer, *range(12, 40, 3))
    Customer.objects.filter(pk=cast.bala.pk).update(has_refused_reminders=True)
    words = {row.customer.code: greeting(row) for row in late(cast)}
    assert words["BALA"] == ""
    assert (
        words["ASHA"].startswith("https://wa.me/919876501234?text=Dear%20Asha")
        and "12%20days" in words["ASHA"]
    )


def test_the_neighbours_customers_are_not_asked_after(cast: Cast) -> None:
    other = make_cast("other")
    bought(other, other.asha, *range(12, 40, 3))
    assert late(cast) == [] and len(late(other)) == 1


def test_five_queries_however_many_are_late(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for customer in (cast.asha, cast.bala):
        bought(cast, customer, *range(12, 40, 3))
    with django_assert_num_queries(5):
        assert len(late(cast)) == 2
