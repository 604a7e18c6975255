"""A payment settles the dues that were chosen before older ones; a due that is paid meanwhile can't be chosen."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from threading import Event
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from customers.models import Customer
from sales import ledger
from sales.corrections import open_balance
from sales.dues import account_of
from sales.ledger import receive_payment
from sales.models import Allocation, Payment, Sale, Tender
from tests.base import TESTS, Cast, make_cast, sell
from tests.sales.test_at_once import at_once
from watershop.models import User

NOW = timezone.now()
PATIENCE = 0.5  # seconds: long enough for a clerk who waits for nobody


def on_credit(cast: Cast, days_ago: int) -> Sale:
    """Two cans for 40 rupees, not paid."""
    return sell(cast, 2, customer=cast.asha, is_paid=False, sold_at=NOW - timedelta(days=days_ago))


def pay(customer: Customer, amount: int, *keys: str) -> Payment:
    return receive_payment(
        customer=customer, amount=Decimal(amount), tender=Tender.UPI, actor=TESTS, dues=keys
    )


def left(customer: Customer) -> dict[str, int]:
    return {due.key: int(due.due) for due in account_of(customer).dues}


def test_the_chosen_due_is_settled_before_older_ones(cast: Cast) -> None:
    old, middle, new = (on_credit(cast, days) for days in (9, 5, 1))
    pay(cast.asha, 50, f"sale-{new.pk}")
    assert left(cast.asha) == {f"sale-{old.pk}": 30, f"sale-{middle.pk}": 40}


def test_among_the_chosen_dues_the_oldest_comes_first(cast: Cast) -> None:
    entry = open_balance(customer=cast.asha, amount=Decimal(70), at=NOW - timedelta(days=5), actor=TESTS)
    old, new = on_credit(cast, 9), on_credit(cast, 1)
    pay(cast.asha, 80, f"sale-{new.pk}", f"entry-{entry.pk}")
    assert left(cast.asha) == {f"sale-{old.pk}": 40, f"sale-{new.pk}": 30}


def test_a_due_that_is_not_open_on_this_account_is_refused(cast: Cast) -> None:
    paid, open_one = on_credit(cast, 9), on_credit(cast, 1)
    pay(cast.asha, 40)
    for key in (f"sale-{paid.pk}", "entry-1", "sale-", "nonsense"):
        with pytest.raises(ValidationError, match="not open any more"):
            pay(cast.asha, 40, key)
    with pytest.raises(ValidationError, match="not open any more"):
        pay(cast.bala, 40, f"sale-{open_one.pk}")
    assert Payment.objects.count() == 1


def test_the_page_offers_each_open_due_to_tick(cast: Cast, client_of: Callable[[User], Client]) -> None:
    old, new = on_credit(cast, 9), on_credit(cast, 1)
    client, pages = client_of(cast.ravi), [cast.shop.slug, cast.asha.pk]
    assert f'name="due_sale-{new.pk}" data-due="40.00"' in (
        client.get(reverse("customer", args=pages)).content.decode()
    )
    data = {"client_ref": str(uuid4()), "amount": "40", "tender": "cash", f"due_sale-{new.pk}": "on"}
    door = reverse("customer_pay", args=pages)
    assert client.post(door, data).status_code == 302
    assert left(cast.asha) == {f"sale-{old.pk}": 40}
    assert client.post(door, data | {f"due_sale-{old.pk}": "on"}).status_code == 422, "another deed, same key"
    late = client.post(door, data | {"client_ref": str(uuid4())})
    assert late.status_code == 422 and "not open any more" in late.content.decode()
    assert Payment.objects.count() == 1


def test_a_phone_chooses_dues_by_the_keys_of_the_list(
    cast: Cast, api_of: Callable[[User], APIClient]
) -> None:
    old, _new = on_credit(cast, 9), on_credit(cast, 1)
    phone = api_of(cast.ravi)
    listed = phone.get(reverse("api_dues", args=["water"]), {"customer": cast.asha.pk}).json()
    last = listed["results"][0]["dues"][-1]["key"]
    wish = {"customer": cast.asha.pk, "amount": "40", "tender": "cash", "dues": [last]}

    def post() -> int:
        door = reverse("api_payments", args=["water"])
        return phone.post(door, wish, format="json", headers={"Idempotency-Key": str(uuid4())}).status_code

    assert post() == 201
    assert left(cast.asha) == {f"sale-{old.pk}": 40}
    assert post() == 400
    assert Payment.objects.count() == 1


def two_clerks(customer: Customer, key: str) -> list[str]:
    """The second takes money for the due that the first has settled but not committed; what they are told."""
    written, told = Event(), list[str]()

    def first() -> None:
        with transaction.atomic():
            pay(customer, 40, key)
            written.set()
            connection.cursor().execute("SELECT pg_sleep(%s)", [PATIENCE])

    def second() -> None:
        written.wait()
        try:
            pay(customer, 40, key)
        except ValidationError as refusal:
            told.extend(refusal.messages)

    at_once(first, second)
    return told


@contextmanager
def nobody_holds_the_account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The control: neither the payment nor the database's trigger looks at the other clerk."""
    monkeypatch.setattr(ledger, "hold", lambda customers: list(Customer.objects.filter(pk__in=customers)))
    switch = "ALTER TABLE sales_allocation {} TRIGGER allocation_agrees"
    with connection.cursor() as cursor:
        cursor.execute(switch.format("DISABLE"))
        try:
            yield
        finally:
            cursor.execute(switch.format("ENABLE"))


@pytest.mark.django_db(transaction=True)
def test_of_two_clerks_who_choose_the_same_due_the_second_is_told() -> None:
    cast = make_cast()
    assert two_clerks(cast.asha, f"sale-{on_credit(cast, 1).pk}") == [
        "One of the chosen dues is not open any more. Look at the account again."
    ]
    assert Payment.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_the_same_due_is_settled_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    cast = make_cast()
    sale = on_credit(cast, 1)
    with nobody_holds_the_account(monkeypatch):
        assert two_clerks(cast.asha, f"sale-{sale.pk}") == []
    assert sum(row.amount for row in Allocation.objects.filter(sale=sale)) == 80
