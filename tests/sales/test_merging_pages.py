"""The manager compares two accounts, merges them, and undoes it; clerks and other shops find no door."""

from collections.abc import Callable
from uuid import uuid4

from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from customers.models import Customer
from sales.dues import balance_of
from sales.models import AccountMerge
from tests.base import Cast, make_cast, sell
from watershop.models import User

SignIn = Callable[[User], Client]


def url(name: str, *pk: int) -> str:
    return reverse(name, args=["water", *pk])


def body(cast: Cast, **fields: str) -> dict[str, str]:
    return {"client_ref": str(uuid4()), "into": str(cast.asha.pk), "reason": "same phone"} | fields


def test_the_manager_looks_at_both_accounts_and_merges_them_once(cast: Cast, client_of: SignIn) -> None:
    sell(cast, 2, customer=cast.bala, is_paid=False)
    client, door = client_of(cast.meena), url("customer_merge", cast.bala.pk)
    assert "9876501234" in client.get(door, {"q": "asha"}).content.decode()
    page = client.get(door, {"into": cast.asha.pk}).content.decode()
    assert page.index("Goes over") < page.index("· BALA") < page.index("Stays") < page.index("· ASHA")
    form = body(cast)
    for _time in range(2):
        assert client.post(door, form).headers["Location"] == url("customer", cast.asha.pk)
    assert AccountMerge.objects.count() == 1 and balance_of(cast.asha) == 40


def test_a_merge_without_a_reason_is_sent_back(cast: Cast, client_of: SignIn) -> None:
    client, door = client_of(cast.meena), url("customer_merge", cast.bala.pk)
    assert client.post(door, body(cast, reason="")).status_code == 422
    answer = client.post(door, body(cast, into=str(cast.bala.pk)))
    assert answer.status_code == 422 and "two different" in answer.content.decode()
    assert client.get(door, {"into": "x"}).status_code == 200
    assert not AccountMerge.objects.exists()


def test_the_old_accounts_page_leads_on_and_undoes_the_merge(cast: Cast, client_of: SignIn) -> None:
    sell(cast, 2, customer=cast.bala, is_paid=False)
    client, old = client_of(cast.meena), url("customer", cast.bala.pk)
    client.post(url("customer_merge", cast.bala.pk), body(cast))
    page = client.get(old).content.decode()
    assert "This account goes on as" in page and "Take a payment" not in page
    assert "Undo the merge" not in client_of(cast.ravi).get(old).content.decode()
    undone = client.post(url("customer_unmerge", cast.bala.pk), follow=True).content.decode()
    assert "The accounts are apart again." in undone and "Take a payment" in undone
    again = client.post(url("customer_unmerge", cast.bala.pk), follow=True).content.decode()
    assert "undone already" in again
    assert balance_of(cast.bala) == 40


def test_likely_doubles_are_a_list(
    cast: Cast, client_of: SignIn, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of(cast.meena)
    assert "Nobody is twice" in client.get(url("doubles")).content.decode()
    for n in range(9):
        Customer.objects.create(shop=cast.shop, code=f"C{n}", name=f"Asha {n // 3}", phone="9876501234")
    with django_assert_max_num_queries(13):
        page = client.get(url("doubles")).content.decode()
    assert page.count("first entered") == 4, "one phone number of ten, three names of three"


def test_clerks_and_other_shops_find_no_door(cast: Cast, client_of: SignIn) -> None:
    other = make_cast("other")
    doors = [url("customer_merge", cast.bala.pk), url("customer_unmerge", cast.bala.pk), url("doubles")]
    for door in doors:
        assert client_of(cast.ravi).post(door, body(cast)).status_code == 403
        assert client_of(other.lakshmi).post(door, body(cast)).status_code == 404
    assert client_of(cast.meena).get(url("customer_merge", other.asha.pk)).status_code == 404
    strange = body(cast, into=str(other.asha.pk))
    assert client_of(cast.meena).post(doors[0], strange).status_code == 422
    assert not AccountMerge.objects.exists()
