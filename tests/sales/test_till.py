"""The till: one screen, one sale, one receipt, however often the form is sent."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from sales.models import CanMovement, LedgerEntry, Payment, Sale, Tender
from tests.base import TESTS, Cast, make_cast, sell
from watershop import accounts
from watershop.models import Answer, Right, Role, User

SignIn = Callable[[User], Client]


def form(cast: Cast, **fields: Any) -> dict[str, Any]:
    """What the till sends for one 20 L can, paid in cash by a walk-in."""
    return {"client_ref": str(uuid4()), f"sold_{cast.can20.pk}": 1, "tender": "cash", **fields}


def post(client: Client, data: dict[str, Any], slug: str = "water") -> HttpResponse:
    response: HttpResponse = client.post(reverse("till", args=[slug]), data)  # type: ignore[assignment]
    return response


def test_a_walk_in_pays_and_gets_a_receipt(cast: Cast, client_of: SignIn) -> None:
    client = client_of(cast.ravi)
    response = post(client, form(cast, **{f"sold_{cast.can10.pk}": 2, "tender": "upi"}))
    sale = Sale.objects.with_sums().get()
    assert response.headers["Location"] == reverse("receipt", args=["water", sale.pk]) + "?done=1"
    assert (sale.total, sale.due) == (Decimal(40), Decimal(0))
    assert sale.customer is None and sale.clerk == cast.ravi
    page = client.get(response.headers["Location"]).content.decode()
    assert "₹40.00" in page and sale.code in page


def test_an_unpaid_sale_stays_on_the_customers_account_with_its_stated_tender(
    cast: Cast, client_of: SignIn
) -> None:
    post(client_of(cast.ravi), form(cast, customer=cast.asha.pk, is_unpaid="on", tender="coin"))
    sale = Sale.objects.with_sums().get()
    assert (sale.customer, sale.stated_tender, sale.due) == (cast.asha, Tender.COIN, Decimal(20))
    assert LedgerEntry.objects.balance() == Decimal(20)
    assert not Payment.objects.exists()


def test_empties_come_back_with_the_sale(cast: Cast, client_of: SignIn) -> None:
    sell(cast, 3, customer=cast.asha)
    post(client_of(cast.ravi), form(cast, customer=cast.asha.pk, **{f"back_{cast.can20.pk}": 2}))
    assert CanMovement.objects.filter(customer=cast.asha).held() == {"20L": 2}


def test_more_empties_than_we_know_of_are_booked_with_a_warning(cast: Cast, client_of: SignIn) -> None:
    client = client_of(cast.ravi)
    data = form(cast, customer=cast.asha.pk, **{f"back_{cast.can20.pk}": 3})
    text = client.post(reverse("till", args=["water"]), data, follow=True).content.decode()
    assert "Asha has now given back 2 × 20L more than we know of." in text
    data = form(cast, customer=cast.asha.pk, **{f"back_{cast.can20.pk}": 1})
    text = client.post(reverse("till", args=["water"]), data, follow=True).content.decode()
    assert "more than we know of" not in text  # one out, one back: nothing new
    assert CanMovement.objects.held() == {"20L": -2}


def test_the_same_form_sent_twice_is_one_sale_and_the_same_receipt(cast: Cast, client_of: SignIn) -> None:
    client, data = client_of(cast.ravi), form(cast)
    first, second = post(client, data), post(client, data)
    assert first.headers["Location"] == second.headers["Location"]
    assert Sale.objects.count() == Answer.objects.count() == 1


def test_the_same_key_with_other_content_is_refused_and_gets_a_new_key(cast: Cast, client_of: SignIn) -> None:
    client, data = client_of(cast.ravi), form(cast)
    post(client, data)
    refused = post(client, data | {f"sold_{cast.can20.pk}": 5})
    assert refused.status_code == 422
    assert Sale.objects.count() == 1
    page = refused.content.decode()
    assert data["client_ref"] not in page and "already sent" in page


@pytest.mark.django_db(transaction=True)
def test_a_form_whose_first_sending_is_still_worked_on_is_answered_409(client_of: SignIn) -> None:
    cast = make_cast()
    data = form(cast)
    digest = hashlib.blake2b(f"{cast.shop.pk}:{data['client_ref']}".encode(), digest_size=8).digest()
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [int.from_bytes(digest, "big", signed=True)])
        assert post(client_of(cast.ravi), data).status_code == 409
    finally:
        other.close()
    assert not Sale.objects.exists()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"is_unpaid": "on"}, "needs a customer"),
        ({"sold": 0}, "at least one can"),
        ({"sold": 1000}, "less than or equal to 999"),
        ({"sold": "many"}, "Enter a whole number"),
        ({"tender": "cheque"}, "not one of the available choices"),
        ({"client_ref": "x"}, "Open the page again"),
        ({"back": 1}, "for a customer"),
    ],
)
def test_a_wrong_form_is_shown_again_with_the_reason(
    cast: Cast, client_of: SignIn, change: dict[str, Any], reason: str
) -> None:
    named = {f"{k}_{cast.can20.pk}" if k in ("sold", "back") else k: v for k, v in change.items()}
    response = post(client_of(cast.ravi), form(cast) | named)
    assert response.status_code == 422
    assert reason in response.content.decode()
    assert not Sale.objects.exists()


def test_a_customer_of_another_shop_cannot_be_charged(cast: Cast, client_of: SignIn) -> None:
    stranger = make_cast("other").asha
    response = post(client_of(cast.ravi), form(cast, customer=stranger.pk, is_unpaid="on"))
    assert response.status_code == 422
    assert not Sale.objects.exists()


def test_only_who_may_back_date_can_enter_an_earlier_time(cast: Cast, client_of: SignIn) -> None:
    earlier = timezone.localtime(timezone.now() - timedelta(days=3), cast.shop.tz)
    data = {"sold_at": earlier.strftime("%Y-%m-%dT%H:%M")}
    post(client_of(cast.meena), form(cast, **data))
    assert abs(Sale.objects.get().sold_at - earlier) < timedelta(minutes=1)
    post(client_of(cast.ravi), form(cast, **data))
    assert Sale.objects.latest("id").sold_at > timezone.now() - timedelta(minutes=1)
    accounts.set_right(
        shop=cast.shop,
        role=Role.STAFF,
        right=Right.BACK_DATE,
        is_allowed=True,
        actor=TESTS,
    )
    post(client_of(cast.ravi), form(cast, **data))
    assert Sale.objects.latest("id").sold_at < timezone.now() - timedelta(days=2)


def test_a_time_to_come_is_refused(cast: Cast, client_of: SignIn) -> None:
    later = timezone.localtime(timezone.now() + timedelta(days=1), cast.shop.tz)
    response = post(client_of(cast.meena), form(cast, sold_at=later.strftime("%Y-%m-%dT%H:%M")))
    assert response.status_code == 422


def test_two_characters_find_customers_with_what_they_owe(cast: Cast, client_of: SignIn) -> None:
    sell(cast, 2, customer=cast.asha, is_paid=False)
    client = client_of(cast.ravi)
    for page in ("till_find", "till"):  # while somebody types, and without JavaScript
        url = reverse(page, args=["water"])
        by_phone = client.get(url, {"q": "1234"}).content.decode()
        assert f"?customer={cast.asha.pk}" in by_phone and "₹40" in by_phone
        assert f"?customer={cast.bala.pk}" not in by_phone
        assert f"?customer={cast.asha.pk}" not in client.get(url, {"q": "A"}).content.decode()
        assert "Nobody found" in client.get(url, {"q": "zzz"}).content.decode()


def test_the_chosen_customers_card_tells_of_dues_cans_and_the_usual(cast: Cast, client_of: SignIn) -> None:
    sell(cast, 2, customer=cast.asha, is_paid=False, sold_at=timezone.now() - timedelta(days=4))
    page = (
        client_of(cast.ravi).get(reverse("till", args=["water"]), {"customer": cast.asha.pk}).content.decode()
    )
    assert "₹40 due" in page and "oldest due 4 days" in page and "2 × 20L out" in page
    assert f"customer={cast.asha.pk}&amp;sold_{cast.can20.pk}=2" in page


def test_the_usual_fills_the_numbers_in(cast: Cast, client_of: SignIn) -> None:
    query = {f"sold_{cast.can20.pk}": "7", "client_ref": "planted"}
    page = client_of(cast.ravi).get(reverse("till", args=["water"]), query).content.decode()
    assert 'value="7"' in page
    assert 'value="planted"' not in page


def test_the_till_asks_the_same_number_of_questions_for_many_customers(
    cast: Cast, client_of: SignIn, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for quantity in (1, 2, 3):
        sell(cast, quantity, customer=cast.asha, is_paid=False)
    client, url = client_of(cast.ravi), reverse("till", args=["water"])
    with django_assert_num_queries(16):
        client.get(url, {"customer": cast.asha.pk})
    with django_assert_num_queries(10):
        client.get(reverse("till_find", args=["water"]), {"q": "98"})


def test_the_till_works_in_a_shop_without_can_types(cast: Cast, client_of: SignIn) -> None:
    for can_type in (cast.can10, cast.can20):
        can_type.retired_at = timezone.now()
        can_type.save()
    assert "Nothing on sale yet" in client_of(cast.ravi).get(reverse("till", args=["water"])).content.decode()


def test_the_last_five_receipts_are_at_hand(cast: Cast, client_of: SignIn) -> None:
    other = make_cast("other")
    sell(other, 9)
    sold = [sell(cast, quantity, customer=cast.bala) for quantity in range(1, 7)]
    page = client_of(cast.ravi).get(reverse("till", args=["water"])).content.decode()
    shown = [reverse("receipt", args=["water", sale.pk]) in page for sale in sold]
    assert shown == [False, True, True, True, True, True]
    assert "₹120" in page and "₹180" not in page


def test_a_stranger_gets_no_till(cast: Cast, client: Client, client_of: SignIn) -> None:
    url = reverse("till", args=["water"])
    assert client.get(url).status_code == 302
    stranger = client_of(make_cast("other").ravi)
    assert stranger.get(url).status_code == 404
    assert stranger.get(reverse("till_find", args=["water"]), {"q": "as"}).status_code == 404
