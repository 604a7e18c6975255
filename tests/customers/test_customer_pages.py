"""The book of customers: list, search, add, edit."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from customers import book
from customers.models import Customer
from tests.base import Cast, make_cast
from watershop.models import AuditEntry, User

SignIn = Callable[[User], Client]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "AB"),
        ("1234", "A"),
        ("sha", "A"),
        ("BAL", "B"),
        ("98765", ""),
        ("76505678", "B"),
        ("A\0s", "A"),
        ("zz", ""),
    ],
)
def test_name_code_and_last_digits_find_a_customer(
    cast: Cast, client_of: SignIn, query: str, found: str
) -> None:
    text = client_of(cast.ravi).get(reverse("customers", args=["water"]), {"q": query}).content.decode()
    assert (">Asha<" in text, ">Bala<" in text) == ("A" in found, "B" in found)


def test_a_new_customer_gets_the_next_code(cast: Cast, client_of: SignIn) -> None:
    client, url = client_of(cast.ravi), reverse("customer_add", args=["water"])
    for name in ("Chitra", "Dev"):
        data = {"name": name, "phone": "+91 98480-12231", "language": "te"}
        assert client.post(url, data).status_code == 302
    chitra, dev = Customer.objects.filter(name__in=("Chitra", "Dev")).order_by("id")
    assert (chitra.code, dev.code) == ("CUST_0001", "CUST_0002")
    assert (chitra.phone, chitra.language, chitra.shop) == ("+919848012231", "te", cast.shop)


def test_a_customer_added_from_the_till_is_on_the_bill(cast: Cast, client_of: SignIn) -> None:
    url = reverse("customer_add", args=["water"]) + "?next=till"
    response = client_of(cast.ravi).post(url, {"name": "Chitra", "language": "en"})
    added = Customer.objects.get(name="Chitra")
    assert response.headers["Location"] == f"{reverse('till', args=['water'])}?customer={added.pk}"


def test_a_wrong_phone_number_says_how_one_looks(cast: Cast, client_of: SignIn) -> None:
    data = {"name": "Chitra", "phone": "12ab", "language": "en"}
    response = client_of(cast.ravi).post(reverse("customer_add", args=["water"]), data)
    assert response.status_code == 422
    assert "7 to 15 digits" in response.content.decode()


def test_an_edit_is_audited_without_name_or_phone(cast: Cast, client_of: SignIn) -> None:
    data = {"name": "Asha Devi", "phone": "9000000000", "language": "hi", "is_active": "on"}
    url = reverse("customer_edit", args=["water", cast.asha.pk])
    assert client_of(cast.ravi).post(url, data).status_code == 302
    cast.asha.refresh_from_db()
    assert (cast.asha.name, cast.asha.code) == ("Asha Devi", "ASHA")
    entry = AuditEntry.objects.get(action="change_customer")
    assert entry.before == {"language": "en"}
    assert entry.after == {"changed": ["name", "phone", "language"], "language": "hi"}


def test_an_inactive_customer_leaves_the_till_but_stays_in_the_book(cast: Cast, client_of: SignIn) -> None:
    client = client_of(cast.ravi)
    data = {"name": "Asha", "phone": "9876501234", "language": "en"}
    client.post(reverse("customer_edit", args=["water", cast.asha.pk]), data)
    assert ">Asha<" in client.get(reverse("customers", args=["water"])).content.decode()
    till = client.get(reverse("till", args=["water"]), {"q": "Ash"}).content.decode()
    assert "Nobody found" in till and "Asha" not in till


def test_a_refused_edit_keeps_the_stored_name_in_the_head(cast: Cast, client_of: SignIn) -> None:
    url = reverse("customer_edit", args=["water", cast.asha.pk])
    response = client_of(cast.ravi).post(url, {"name": "Asha Devi", "phone": "x", "language": "en"})
    assert response.status_code == 422
    assert "<title>Asha ·" in response.content.decode()


def test_an_imported_customer_with_an_odd_code_can_be_edited(cast: Cast, client_of: SignIn) -> None:
    odd = Customer.objects.create(shop=cast.shop, code="Flat 4 'B'", name="Flat 4 'B'")
    url = reverse("customer_edit", args=["water", odd.pk])
    data = {"name": "Chitra", "phone": "", "language": "te", "is_active": "on"}
    assert client_of(cast.ravi).post(url, data).status_code == 302
    odd.refresh_from_db()
    assert (odd.name, odd.code) == ("Chitra", "Flat 4 'B'")


def test_an_edit_that_is_refused_at_last_is_said_on_the_form(
    cast: Cast, client_of: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise ValidationError("Somebody was quicker.")

    monkeypatch.setattr(book, "change_customer", refuse)
    url = reverse("customer_edit", args=["water", cast.asha.pk])
    response = client_of(cast.ravi).post(url, {"name": "Asha Devi", "phone": "", "language": "en"})
    assert response.status_code == 422
    assert "Somebody was quicker." in response.content.decode()


def test_another_shops_customer_is_not_found(cast: Cast, client_of: SignIn) -> None:
    other = make_cast("other")
    client = client_of(cast.lakshmi)
    assert client.get(reverse("customer_edit", args=["water", other.asha.pk])).status_code == 404
    assert client.get(reverse("customers", args=["other"])).status_code == 404


def test_the_list_asks_the_same_number_of_questions_for_many_customers(
    cast: Cast, client_of: SignIn, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(60):
        Customer.objects.create(shop=cast.shop, code=f"C{number}", name=f"Name {number}")
    client = client_of(cast.ravi)
    with django_assert_num_queries(6):
        text = client.get(reverse("customers", args=["water"])).content.decode()
    assert "1 / 2" in text
