"""What clerks undo is asked about once it is far more than the others' or their own; what is usual is not."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from analytics.odd.base import Names
from analytics.odd.clerks import CashVoids
from sales.models import Sale, Tender
from sales.new_sale import Line, NewSale
from sales.reversals import correct_sale, void_sale
from tests.analytics.odd_scenes import each_day, found, sold, yesterday
from tests.base import TESTS, Cast, make_cast

CLERKS = ("voids", "late_voids", "cash_voids", "refunds")


@pytest.fixture
def weeks(cast: Cast) -> dict[str, list[Sale]]:
    """Ravi and Meena sell three a day each, for four weeks, and did so in the weeks before; each voids one."""
    before = yesterday(cast.shop) - timedelta(days=28)
    rows = {}
    for clerk in (cast.ravi, cast.meena):
        sold(cast, each_day(cast.shop, 1, days=60, until=before), clerk)
        rows[clerk.username] = sold(cast, each_day(cast.shop, 3, days=28), clerk)
        void_sale(rows[clerk.username][0], reason="Pressed twice", actor=TESTS)
    return rows


def test_ordinary_mistakes_are_not_asked_about(cast: Cast, weeks: dict[str, list[Sale]]) -> None:
    assert [found(rule, cast.shop) for rule in CLERKS] == [[]] * 4


def test_a_clerk_who_undoes_cash_sales_at_once_is_asked_about(
    cast: Cast, weeks: dict[str, list[Sale]]
) -> None:
    voided = weeks["ravi"][10:60:6]
    for sale in voided:
        void_sale(sale, reason="Wrong", actor=TESTS)
    (cash,) = found("cash_voids", cast.shop)
    (every,) = found("voids", cast.shop)
    assert cash.facts["clerk"] == every.facts["clerk"] == cast.ravi.pk
    assert (cash.facts["hits"], cash.facts["of"]) == (10, 84)
    assert cash.facts["value"] > cash.facts["high"] > cash.facts["usual"]
    assert set(cash.facts["sales"]) <= {sale.pk for sale in [*voided, weeks["ravi"][0]]}
    assert found("late_voids", cast.shop) == []
    words = CashVoids().sentence(cash.facts, Names(clerks={cast.ravi.pk: "Ravi"}))
    assert words.endswith("?") and "10 of 84 sales of Ravi" in words


def test_a_clerk_alone_is_compared_with_their_own_past(cast: Cast) -> None:
    before = yesterday(cast.shop) - timedelta(days=28)
    sold(cast, each_day(cast.shop, 2, days=60, until=before))
    for sale in sold(cast, each_day(cast.shop, 3, days=28))[:8]:
        void_sale(sale, reason="Wrong", actor=TESTS)
    (one,) = found("voids", cast.shop)
    assert one.facts["is_by_own_past"] is True


def test_voids_long_after_the_sale_are_told_apart(
    cast: Cast, weeks: dict[str, list[Sale]], monkeypatch: pytest.MonkeyPatch
) -> None:
    hours_ago = timezone.now() - timedelta(hours=3)
    with monkeypatch.context() as then:
        then.setattr(timezone, "now", lambda: hours_ago)
        rows = sold(cast, each_day(cast.shop, 9, days=1))
    for sale in rows:
        void_sale(sale, reason="Wrong", actor=TESTS)
    (late,) = found("late_voids", cast.shop)
    assert (late.facts["clerk"], late.facts["hits"]) == (cast.ravi.pk, 9)
    assert found("cash_voids", cast.shop) == []


def test_sales_made_smaller_are_refunds_and_no_voids(cast: Cast, weeks: dict[str, list[Sale]]) -> None:
    big = sold(cast, each_day(cast.shop, 9, days=1), lines=[Line(cast.can20, 3)])
    for number, sale in enumerate(big):
        lines = [Line(cast.can20, 1 if number < 8 else 4)]
        new = NewSale(lines=lines, tender=Tender.CASH, moves_cans=False)
        correct_sale(sale, new, reason="Took two back", actor=TESTS)
    (refunds,) = found("refunds", cast.shop)
    assert (refunds.facts["clerk"], refunds.facts["hits"]) == (cast.ravi.pk, 8), "one was made larger"
    assert found("voids", cast.shop) == []


def test_the_neighbours_voids_are_no_business_of_this_shop(cast: Cast, weeks: dict[str, list[Sale]]) -> None:
    other = make_cast("other")
    for sale in sold(other, each_day(other.shop, 10, days=1)):
        void_sale(sale, reason="Wrong", actor=TESTS)
    assert found("voids", cast.shop) == []


def test_two_queries_however_many_clerks(
    cast: Cast, weeks: dict[str, list[Sale]], django_assert_num_queries: Callable[..., object]
) -> None:
    with django_assert_num_queries(2):  # type: ignore[attr-defined]
        found("voids", cast.shop)
