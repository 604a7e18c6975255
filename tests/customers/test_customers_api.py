"""Customers over the API: list with search, add, get, change."""

from collections.abc import Callable

from django.urls import reverse
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from customers.models import Customer
from tests.base import Cast, make_cast
from watershop.models import User

Phone = Callable[[User], APIClient]


def url(name: str, *args: object) -> str:
    return reverse(name, args=["water", *args])


def test_the_list_searches_and_counts(
    cast: Cast, api_of: Phone, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    phone = api_of(cast.ravi)
    with django_assert_num_queries(6):
        assert phone.get(url("api_customers")).json()["count"] == 2
    found = phone.get(url("api_customers"), {"q": "5678"}).json()["results"]
    assert [row["code"] for row in found] == ["BALA"]


def test_a_new_customer_gets_a_code_and_the_shops_language(cast: Cast, api_of: Phone) -> None:
    body = {"name": "Chitra", "phone": "98480 12231", "code": "MINE", "is_active": False}
    response = api_of(cast.ravi).post(url("api_customers"), body, format="json")
    assert response.status_code == 201
    answer = response.json()
    assert (answer["code"], answer["phone"], answer["language"]) == ("CUST_0001", "9848012231", "en")
    assert answer["is_active"] is True


def test_wrong_values_are_named(cast: Cast, api_of: Phone) -> None:
    body = {"phone": "x", "language": "fr"}
    response = api_of(cast.ravi).post(url("api_customers"), body, format="json")
    assert response.status_code == 400
    assert {error["path"] for error in response.json()["errors"]} == {"/name", "/phone", "/language"}


def test_a_change_touches_only_what_is_sent_and_never_the_code(cast: Cast, api_of: Phone) -> None:
    phone = api_of(cast.ravi)
    answer = phone.patch(url("api_customer", cast.asha.pk), {"name": "Asha Devi", "code": "X"}, format="json")
    assert (answer.json()["name"], answer.json()["code"]) == ("Asha Devi", "ASHA")
    assert Customer.objects.get(pk=cast.asha.pk).phone == "9876501234"
    assert phone.get(url("api_customer", cast.asha.pk)).json()["name"] == "Asha Devi"


def test_another_shops_customer_is_not_found(cast: Cast, api_of: Phone) -> None:
    stranger, phone = make_cast("other").asha, api_of(cast.ravi)
    assert phone.get(url("api_customer", stranger.pk)).status_code == 404
    assert phone.patch(url("api_customer", stranger.pk), {"name": "X"}, format="json").status_code == 404
