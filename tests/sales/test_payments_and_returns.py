"""The customer's page: balance, dues and cans; payments settle the oldest due first; cans come back."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from sales.models import CanMovement, LedgerEntry, Payment, Sale
from sales.new_sale import Line
from tests.base import Cast, make_cast, sell
from watershop.models import User

SignIn = Callable[[User], Client]


def url(name: str, cast: Cast) -> str:
    return reverse(name, args=["water", cast.asha.pk])


def test_the_page_shows_the_ledger_with_a_running_balance(cast: Cast, client_of: SignIn) -> None:
    now = timezone.now()
    sell(cast, 5, customer=cast.asha, is_paid=False, sold_at=now - timedelta(days=2))
    sell(cast, 1, customer=cast.asha, is_paid=False, sold_at=now - timedelta(days=1))
    text = client_of(cast.ravi).get(url("customer", cast)).content.decode()
    assert text.index("₹120.00") < text.rindex("₹100.00")
    assert "oldest due 2 days" in text and "6 × 20L" in text


def test_a_part_payment_settles_the_oldest_due_first(cast: Cast, client_of: SignIn) -> None:
    old = sell(cast, 2, customer=cast.asha, is_paid=False, sold_at=timezone.now() - timedelta(days=3))
    new = sell(cast, 1, customer=cast.asha, is_paid=False)
    data = {"client_ref": str(uuid4()), "amount": "50", "tender": "upi"}
    response = client_of(cast.ravi).post(url("customer_pay", cast), data)
    assert response.headers["Location"] == url("customer", cast)
    dues = {sale.pk: sale.due for sale in Sale.objects.with_sums()}
    assert dues == {old.pk: 0, new.pk: Decimal(10)}
    assert LedgerEntry.objects.balance() == Decimal(10)


def test_what_is_paid_ahead_stays_as_credit(cast: Cast, client_of: SignIn) -> None:
    data = {"client_ref": str(uuid4()), "amount": "50", "tender": "cash"}
    client = client_of(cast.ravi)
    client.post(url("customer_pay", cast), data)
    assert "in credit" in client.get(url("customer", cast)).content.decode()
    till = client.get(reverse("till", args=["water"]), {"customer": cast.asha.pk}).content.decode()
    assert "₹50 in credit" in till


def test_a_payment_sent_twice_is_one_payment(cast: Cast, client_of: SignIn) -> None:
    client, data = client_of(cast.ravi), {"client_ref": str(uuid4()), "amount": "5", "tender": "cash"}
    for _time in range(2):
        assert client.post(url("customer_pay", cast), data).status_code == 302
    assert Payment.objects.count() == 1
    assert client.post(url("customer_pay", cast), data | {"amount": "6"}).status_code == 422
    other_customer = reverse("customer_pay", args=["water", cast.bala.pk])
    assert client.post(other_customer, data).status_code == 422
    assert Payment.objects.count() == 1


def test_a_payment_of_nothing_is_refused(cast: Cast, client_of: SignIn) -> None:
    client = client_of(cast.ravi)
    for amount in ("0", "-5", "", "ten", "NaN", "1e12", "0.001"):
        data = {"client_ref": str(uuid4()), "amount": amount, "tender": "cash"}
        assert client.post(url("customer_pay", cast), data).status_code == 422
    assert not Payment.objects.exists()


def test_cans_come_back_without_a_sale(cast: Cast, client_of: SignIn) -> None:
    sell(cast, 5, customer=cast.asha)
    client, data = client_of(cast.ravi), {"client_ref": str(uuid4()), f"back_{cast.can20.pk}": "3"}
    for _time in range(2):
        assert client.post(url("customer_return_cans", cast), data).status_code == 302
    assert CanMovement.objects.filter(customer=cast.asha).held() == {"20L": 2}


def test_more_cans_back_than_we_know_of_are_booked_with_a_warning(cast: Cast, client_of: SignIn) -> None:
    sell(cast, 1, customer=cast.asha)
    client, data = client_of(cast.ravi), {"client_ref": str(uuid4()), f"back_{cast.can20.pk}": "3"}
    text = client.post(url("customer_return_cans", cast), data, follow=True).content.decode()
    assert "Asha has now given back 2 × 20L more than we know of." in text
    assert CanMovement.objects.held() == {"20L": -2}
    data = {"client_ref": str(uuid4()), f"back_{cast.can10.pk}": "1"}
    sell(cast, 1, customer=cast.asha, lines=[Line(cast.can10, 1)])
    text = client.post(url("customer_return_cans", cast), data, follow=True).content.decode()
    assert "The cans are back." in text and "more than we know of" not in text


def test_a_retired_size_can_still_be_returned(cast: Cast, client_of: SignIn) -> None:
    sell(cast, 1, customer=cast.asha)
    cast.can20.retired_at = timezone.now()
    cast.can20.save()
    data = {"client_ref": str(uuid4()), f"back_{cast.can20.pk}": "1"}
    assert client_of(cast.ravi).post(url("customer_return_cans", cast), data).status_code == 302
    assert CanMovement.objects.held() == {}


def test_a_return_of_nothing_is_refused(cast: Cast, client_of: SignIn) -> None:
    response = client_of(cast.ravi).post(url("customer_return_cans", cast), {"client_ref": str(uuid4())})
    assert response.status_code == 422
    assert "at least one" in response.content.decode()


def test_another_shops_customer_is_not_found(cast: Cast, client_of: SignIn) -> None:
    stranger, client = make_cast("other").asha, client_of(cast.ravi)
    assert client.get(reverse("customer", args=["water", stranger.pk])).status_code == 404
    for name in ("customer_pay", "customer_return_cans"):
        data = {"client_ref": str(uuid4()), "amount": "5", "tender": "cash"}
        assert client.post(reverse(name, args=["water", stranger.pk]), data).status_code == 404
    assert not Payment.objects.exists()


def test_the_page_asks_the_same_number_of_questions_for_many_entries(
    cast: Cast, client_of: SignIn, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _n in range(5):
        sell(cast, customer=cast.asha)
        sell(cast, customer=cast.asha, is_paid=False)
    client = client_of(cast.ravi)
    with django_assert_num_queries(18):
        client.get(url("customer", cast))
