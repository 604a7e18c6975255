"""Whatever changes a day marks it, in the same transaction, by the database itself."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from sales.reversals import void_sale
from tests.base import TESTS, Cast, sell
from tests.vision.scene import a_person, a_visit
from vision.models import Visit
from watershop.models import DirtyDay

pytestmark = pytest.mark.django_db
LATE = datetime(2026, 11, 19, 20, 0, tzinfo=UTC)  # 01:30 of the 20th in the shop


def marked() -> set[str]:
    """The days marked since this was asked last."""
    days = {day.isoformat() for day in DirtyDay.objects.values_list("day", flat=True)}
    DirtyDay.objects.all().delete()
    return days


def test_a_sale_marks_its_day_on_the_shops_own_clock(cast: Cast) -> None:
    marked()
    sell(cast, sold_at=LATE)
    assert marked() == {"2026-11-20"}


def test_undoing_a_sale_marks_the_day_it_was_made(cast: Cast) -> None:
    sale = sell(cast, sold_at=LATE)
    marked()
    void_sale(sale, actor=TESTS, reason="twice")
    assert "2026-11-20" in marked()


def test_a_visit_marks_the_days_it_left_and_came_to(cast: Cast) -> None:
    visit = a_visit(cast.shop, LATE, 60)
    assert marked() == {"2026-11-20"}
    Visit.objects.update(entry_at=LATE - timedelta(days=1))
    assert marked() == {"2026-11-19", "2026-11-20"}
    visit.delete()
    assert marked() == {"2026-11-19"}


def test_who_turns_out_to_work_here_marks_the_days_of_their_visits(cast: Cast) -> None:
    person = a_person(cast.shop)
    a_visit(cast.shop, LATE, 60, person=person)
    marked()
    person.name = "Ravi"
    person.save()
    assert not marked()
    person.is_shop_staff = True
    person.save()
    assert marked() == {"2026-11-20"}


def test_what_is_rolled_back_marks_nothing(cast: Cast) -> None:
    marked()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        sell(cast, sold_at=LATE)
        raise ZeroDivisionError
    assert not marked()
