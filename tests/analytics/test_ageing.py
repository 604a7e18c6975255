"""What is open by age: of sales, and of dues that are no sale; the page of those who are late says the same."""

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from analytics.ageing import ageing
from sales.corrections import open_balance
from sales.defaulters import ageing as of_debtors
from sales.defaulters import debtors
from tests.base import TESTS, Cast, sell


def test_dues_stand_in_the_age_of_their_day_as_on_the_page_of_those_who_are_late(cast: Cast) -> None:
    for days, cans in ((0, 1), (7, 2), (8, 3), (31, 4), (200, 5)):
        sell(cast, cans, customer=cast.asha, is_paid=False, sold_at=timezone.now() - timedelta(days=days))
    sell(cast, 9, sold_at=timezone.now() - timedelta(days=50))
    open_balance(customer=cast.bala, amount=Decimal(70), at=timezone.now() - timedelta(days=100), actor=TESTS)
    rows = [(str(row.name), row.due) for row in ageing(cast.shop)]
    assert [due for _name, due in rows] == [60, 60, 80, 170]
    assert rows == [(str(name), due) for name, due in of_debtors(debtors(cast.shop))]
