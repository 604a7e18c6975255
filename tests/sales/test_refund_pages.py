"""Refunds from a sale's page, and the moment in which a clerk takes a sale back."""

from collections.abc import Callable
from uuid import uuid4

from django.test import Client
from django.urls import reverse

from sales.models import Payment, Sale
from tests.base import Cast, make_cast, sell
from watershop.models import User

SignIn = Callable[[User], Client]


def wish(cast: Cast, count: int) -> dict[str, str]:
    return {"client_ref": str(uuid4()), f"refund_{cast.can20.pk}": str(count), "reason": "leaking"}


def test_a_manager_refunds_a_can_and_sees_the_sale_that_stands(cast: Cast, client_of: SignIn) -> None:
    sale, client = sell(cast, 3), client_of(cast.meena)
    form, url = wish(cast, 1), reverse("sale_refund", args=["water", sale.pk])
    first, again = client.post(url, form), client.post(url, form)
    left = Sale.objects.standing().get()
    assert first.headers["Location"] == again.headers["Location"] == reverse("sale", args=["water", left.pk])
    assert sum(row.amount for row in Payment.objects.all()) == 40
    assert sale.code in client.get(first.headers["Location"]).content.decode()
    assert left.code in client.get(reverse("sale", args=["water", sale.pk])).content.decode()


def test_a_refund_of_nothing_is_refused_on_the_page(cast: Cast, client_of: SignIn) -> None:
    sale = sell(cast, 3)
    response = client_of(cast.meena).post(reverse("sale_refund", args=["water", sale.pk]), wish(cast, 0))
    assert response.status_code == 422
    assert "at least one" in response.content.decode()


def test_a_clerk_needs_a_manager_for_a_refund_and_other_shops_see_nothing(
    cast: Cast, client_of: SignIn
) -> None:
    url = reverse("sale_refund", args=["water", sell(cast, 3).pk])
    assert client_of(cast.ravi).post(url, wish(cast, 1)).status_code == 403
    other = make_cast("other")
    assert client_of(other.meena).post(url, wish(cast, 1)).status_code == 404
    assert Sale.objects.standing().count() == 1


def test_the_clerk_takes_back_a_sale_just_made(cast: Cast, client_of: SignIn) -> None:
    sale, client = sell(cast), client_of(cast.ravi)
    page = client.get(reverse("receipt", args=["water", sale.pk]) + "?done=1").content.decode()
    assert 'data-undo="10"' in page
    response = client.post(reverse("sale_undo", args=["water", sale.pk]))
    assert response.headers["Location"] == reverse("till", args=["water"])
    assert not Sale.objects.standing().exists()


def test_later_or_by_another_clerk_nothing_is_taken_back(cast: Cast, client_of: SignIn) -> None:
    sale = sell(cast)
    url = reverse("sale_undo", args=["water", sale.pk])
    page = client_of(cast.meena).post(url, follow=True).content.decode()
    assert "too long ago" in page
    assert Sale.objects.standing().get() == sale
