"""What customers promise is kept or broken by their payments."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from sales import collecting
from sales.collecting import Standing
from sales.ledger import receive_payment
from sales.models import Promise, Tender
from tests.base import TESTS, Cast, make_cast, sell
from watershop.models import AuditEntry, User

SignIn = Callable[[User], Client]
Clock = Callable[[datetime], None]
NOON = datetime(2026, 11, 10, 6, 30, tzinfo=UTC)  # 12:00 in the shop


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time is noon, until a test says otherwise."""

    def show(at: datetime) -> None:
        monkeypatch.setattr(timezone, "now", lambda: at)

    show(NOON)
    return show


def promised(cast: Cast, amount: int, days: int) -> Promise:
    due_on = NOON.date() + timedelta(days=days)
    return collecting.promise(customer=cast.asha, amount=Decimal(amount), due_on=due_on, actor=TESTS)


def standing(cast: Cast) -> Standing:
    return collecting.last_promises(cast.shop, [cast.asha])[cast.asha.pk][1]


def pay(cast: Cast, amount: int) -> None:
    receive_payment(customer=cast.asha, amount=Decimal(amount), tender=Tender.COIN, actor=TESTS)


def test_a_promise_is_kept_by_what_is_paid_until_its_day_ends(cast: Cast, clock: Clock) -> None:
    pay(cast, 100)
    clock(NOON + timedelta(minutes=1))
    promised(cast, 50, 1)
    assert standing(cast) == Standing.OPEN
    clock(NOON + timedelta(days=1, hours=11))
    pay(cast, 20)
    assert standing(cast) == Standing.OPEN
    pay(cast, 30)
    assert standing(cast) == Standing.KEPT


def test_a_promise_is_broken_when_the_money_comes_a_day_late(cast: Cast, clock: Clock) -> None:
    promised(cast, 50, 1)
    clock(NOON + timedelta(days=2))
    pay(cast, 50)
    assert standing(cast) == Standing.BROKEN


def test_nobody_promises_for_a_day_that_is_over(cast: Cast) -> None:
    with pytest.raises(ValidationError, match="over"):
        promised(cast, 50, -1)
    with pytest.raises(ValidationError):
        promised(cast, 0, 1)


def test_promises_of_many_are_looked_up_with_one_question(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for amount in (10, 20):
        promised(cast, amount, 1)
    collecting.promise(customer=cast.bala, amount=Decimal(5), due_on=NOON.date(), actor=TESTS)
    with django_assert_num_queries(1):
        found = collecting.last_promises(cast.shop, [cast.asha, cast.bala])
    assert [row.amount for row, _standing in found.values()] == [20, 5]


def test_a_manager_reminds_and_notes_a_promise(cast: Cast, client_of: SignIn) -> None:
    for _n in range(2):
        sell(cast, 1, customer=cast.asha, is_paid=False)
    client, url = client_of(cast.meena), reverse("customer_collect", args=["water", cast.asha.pk])
    assert "Dear Asha" in client.get(url).content.decode()
    assert 'href="https://wa.me/91' in client.post(url, {"do": "whatsapp"}).content.decode()
    body = {"do": "promise", "amount": "40", "due_on": "2026-11-12"}
    assert client.post(url, body | {"due_on": "2026-11-01"}).status_code == 422
    assert client.post(url, body | {"amount": ""}).status_code == 422
    assert client.post(url, {"do": "shout"}).status_code == 422
    assert client.post(url, body).status_code == 302
    assert AuditEntry.objects.filter(action__in=["remind", "promise"]).count() == 2
    page = client.get(reverse("defaulters", args=["water"])).content.decode()
    assert "₹40, Thu 12 Nov 2026" in page


def test_clerks_and_other_shops_collect_nothing(cast: Cast, client_of: SignIn) -> None:
    url, other = reverse("customer_collect", args=["water", cast.asha.pk]), make_cast("other")
    assert client_of(cast.ravi).get(url).status_code == 403
    assert client_of(other.meena).get(url).status_code == 404
    strange = reverse("customer_collect", args=["water", other.asha.pk])
    assert client_of(cast.meena).post(strange, {"do": "call"}).status_code == 404
