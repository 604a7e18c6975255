"""A sale is put aside for the next buyer, and taken up again once."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from sales.models import ParkedSale, Sale
from tests.base import Cast, make_cast
from watershop.models import AuditEntry, User

SignIn = Callable[[User], Client]


def park(client: Client, cast: Cast, **fields: Any) -> HttpResponse:
    data = {"client_ref": str(uuid4()), f"sold_{cast.can20.pk}": 2, "tender": "upi", **fields}
    response: HttpResponse = client.post(reverse("till_park", args=["water"]), data)  # type: ignore[assignment]
    return response


def parked_url(name: str, parked: ParkedSale) -> str:
    return reverse(name, args=["water", parked.pk])


def test_a_parked_sale_waits_on_the_till_and_sells_nothing(cast: Cast, client_of: SignIn) -> None:
    client = client_of(cast.ravi)
    park(client, cast, customer=cast.bala.pk)
    parked = ParkedSale.objects.get()
    assert (parked.customer, parked.cans, parked.parked_by) == (cast.bala, 2, cast.ravi)
    assert not Sale.objects.exists()
    page = client.get(reverse("till", args=["water"])).content.decode()
    assert parked_url("till_resume", parked) in page and "Bala" in page


def test_any_clerk_resumes_it_with_all_that_was_entered(cast: Cast, client_of: SignIn) -> None:
    given = {"customer": str(cast.bala.pk), "is_unpaid": "on", f"back_{cast.can20.pk}": "1"}
    park(client_of(cast.ravi), cast, **given)
    response = client_of(cast.meena).post(parked_url("till_resume", ParkedSale.objects.get()))
    filled = {
        name: values[0] for name, values in parse_qs(urlsplit(response.headers["Location"]).query).items()
    }
    assert filled == {f"sold_{cast.can20.pk}": "2", "tender": "upi", **given}
    page = client_of(cast.meena).get(response.headers["Location"]).content.decode()
    assert 'value="upi" checked' in page and 'name="is_unpaid" checked' in page
    parked = ParkedSale.objects.get()
    assert (parked.closed, parked.closed_by) == ("resumed", cast.meena)
    actions = AuditEntry.objects.filter(subject_type="sales.parkedsale").order_by("id")
    assert [entry.action for entry in actions] == ["park_sale", "resume_sale"]


def test_a_parked_sale_is_resumed_once(cast: Cast, client_of: SignIn) -> None:
    client = client_of(cast.ravi)
    park(client, cast)
    parked = ParkedSale.objects.get()
    client.post(parked_url("till_resume", parked))
    again = client.post(parked_url("till_resume", parked), follow=True)
    assert "taken this parked sale already" in again.content.decode()
    assert not again.redirect_chain[0][0].endswith("=2")


def test_dropping_one_needs_a_reason_and_keeps_the_row(cast: Cast, client_of: SignIn) -> None:
    client = client_of(cast.ravi)
    park(client, cast)
    parked = ParkedSale.objects.get()
    for why in ({}, {"why": "resumed"}, {"why": "nonsense"}):
        assert "Say why" in client.post(parked_url("till_drop", parked), why, follow=True).content.decode()
    assert ParkedSale.objects.waiting().exists()
    client.post(parked_url("till_drop", parked), {"why": "left"})
    assert ParkedSale.objects.get().closed == "left"


def test_the_same_form_sent_twice_parks_once(cast: Cast, client_of: SignIn) -> None:
    client, ref = client_of(cast.ravi), str(uuid4())
    for _ in range(2):
        park(client, cast, client_ref=ref)
    assert ParkedSale.objects.count() == 1


def test_an_empty_form_is_not_parked(cast: Cast, client_of: SignIn) -> None:
    response = park(client_of(cast.ravi), cast, **{f"sold_{cast.can20.pk}": 0})
    assert response.status_code == 422
    assert not ParkedSale.objects.exists()


@pytest.mark.parametrize("name", ["till_resume", "till_drop"])
def test_another_shops_parked_sale_is_not_found(cast: Cast, client_of: SignIn, name: str) -> None:
    park(client_of(cast.ravi), cast)
    parked, stranger = ParkedSale.objects.get(), make_cast("other").ravi
    assert client_of(stranger).post(parked_url(name, parked)).status_code == 404
    url = reverse(name, args=["other", parked.pk])
    assert client_of(stranger).post(url).status_code == 404
    assert ParkedSale.objects.waiting().exists()
