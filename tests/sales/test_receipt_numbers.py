"""Receipt numbers: one series per shop and financial year, without gaps, however many sell at once."""

from collections.abc import Callable
from datetime import date

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from sales.models import Sale
from sales.receipts import financial_year
from tests.base import make_cast, sell
from tests.sales.test_at_once import at_once
from watershop.models import User


def numbers(slug: str = "water") -> list[int]:
    receipts = Sale.objects.filter(shop__slug=slug).order_by("receipt").values_list("receipt", flat=True)
    return [int((receipt or "").partition("/")[2]) for receipt in receipts]


@pytest.mark.parametrize(
    ("day", "year"),
    [
        (date(2026, 3, 31), "2025-26"),
        (date(2026, 4, 1), "2026-27"),
        (date(2027, 1, 1), "2026-27"),
        (date(2099, 12, 31), "2099-00"),
    ],
)
def test_the_financial_year_begins_in_april(day: date, year: str) -> None:
    assert financial_year(day) == year


def test_each_shop_has_its_own_series_and_an_import_has_none(
    db: None, client_of: Callable[[User], Client]
) -> None:
    cast, neighbour = make_cast(), make_cast("other")
    for buyer in (cast, neighbour, cast):
        sale = sell(buyer)
    sell(cast, source=Sale.Source.IMPORT, code="T1")
    year = financial_year(timezone.localdate(timezone=cast.shop.tz))
    assert sale.receipt == f"{year}/000002"
    assert numbers("other") == [1]
    assert Sale.objects.get(code="T1").receipt is None
    page = client_of(cast.ravi).get(reverse("receipt", args=["water", sale.pk]))
    assert f"{year}/000002" in page.content.decode()


@pytest.mark.django_db(transaction=True)
def test_clerks_who_sell_at_once_leave_no_gap_even_when_a_sale_fails() -> None:
    cast = make_cast()

    def sells() -> None:
        for _ in range(5):
            sell(cast)

    def fails() -> None:
        for _ in range(5):
            with transaction.atomic():
                sell(cast)
                transaction.set_rollback(True)

    at_once(sells, fails, sells, fails)
    assert numbers() == list(range(1, 11))
