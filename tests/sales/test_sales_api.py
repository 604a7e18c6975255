"""Can types, sales, payments, returned cans and dues over the API."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from sales.models import CanMovement, LedgerEntry, Payment, Sale
from sales.pricelist import set_own_prices
from tests.base import TESTS, Cast, make_cast, sell
from watershop.models import User

Phone = Callable[[User], APIClient]


def url(name: str, *args: object) -> str:
    return reverse(name, args=["water", *args])


def post(phone: APIClient, name: str, body: dict[str, Any], key: str = "") -> Any:
    return phone.post(url(name), body, format="json", headers={"Idempotency-Key": key or str(uuid4())})


def wish(cast: Cast, **fields: Any) -> dict[str, Any]:
    return {"lines": [{"can_type": cast.can20.pk, "quantity": 2}], "tender": "cash", **fields}


def test_the_phone_lists_what_is_on_sale(cast: Cast, api_of: Phone) -> None:
    cast.can10.retired_at = timezone.now()
    cast.can10.save()
    answer = api_of(cast.ravi).get(url("api_can_types")).json()
    assert answer["count"] == 1
    assert answer["results"][0] | {"id": 0} == {
        "id": 0,
        "code": "20L",
        "name": "20L",
        "litres": "20.00",
        "price": "20.00",
        "deposit": "100.00",
    }


def test_a_sale_is_recorded_once_per_key(cast: Cast, api_of: Phone) -> None:
    phone, key = api_of(cast.ravi), str(uuid4())
    first = post(phone, "api_sales", wish(cast), key)
    second = post(phone, "api_sales", wish(cast), key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert first.json()["total"] == "40.00"
    assert Sale.objects.get().source == Sale.Source.API
    other = post(phone, "api_sales", wish(cast, tender="upi"), key)
    assert (other.status_code, other.json()["type"]) == (422, "urn:watershop:key_reused")


def test_a_phone_sells_at_the_customers_price_and_at_no_other(cast: Cast, api_of: Phone) -> None:
    set_own_prices(cast.asha, {cast.can20: Decimal(18)}, actor=TESTS)
    lines = [{"can_type": cast.can20.pk, "quantity": 2, "amount": "1.00"}]
    answer = post(api_of(cast.ravi), "api_sales", wish(cast, customer=cast.asha.pk, lines=lines))
    assert answer.json()["total"] == "36.00"


def test_a_sale_without_a_key_is_refused(cast: Cast, api_of: Phone) -> None:
    response = api_of(cast.ravi).post(url("api_sales"), wish(cast), format="json")
    assert response.status_code == 400
    assert not Sale.objects.exists()


def test_an_unpaid_sale_with_empties_moves_money_and_cans(cast: Cast, api_of: Phone) -> None:
    body = wish(cast, customer=cast.asha.pk, is_paid=False, tender="upi")
    body["empties"] = [{"can_type": cast.can10.pk, "quantity": 1}]
    answer = post(api_of(cast.ravi), "api_sales", body).json()
    assert (answer["due"], answer["paid"], answer["tender"], answer["is_void"]) == (
        "40.00",
        "0.00",
        "upi",
        False,
    )
    assert LedgerEntry.objects.balance() == Decimal(40)
    assert CanMovement.objects.held() == {"20L": 2, "10L": -1}


def test_a_refused_sale_names_each_wrong_value_and_the_key_can_be_used_again(
    cast: Cast, api_of: Phone
) -> None:
    stranger, phone, key = make_cast("other"), api_of(cast.ravi), str(uuid4())
    body = {
        "customer": stranger.asha.pk,
        "lines": [{"can_type": stranger.can20.pk, "quantity": 0}],
        "tender": "cheque",
    }
    response = post(phone, "api_sales", body, key)
    assert response.status_code == 400
    paths = {error["path"] for error in response.json()["errors"]}
    assert paths == {"/customer", "/lines/0/can_type", "/lines/0/quantity", "/tender"}
    assert post(phone, "api_sales", wish(cast), key).status_code == 201


def test_the_ledgers_own_rules_answer_400(cast: Cast, api_of: Phone) -> None:
    phone = api_of(cast.ravi)
    for body in (wish(cast, is_paid=False), wish(cast, lines=[]), wish(cast, lines=wish(cast)["lines"] * 2)):
        assert post(phone, "api_sales", body).status_code == 400
    assert not Sale.objects.exists()


def test_only_who_may_back_date_sends_an_earlier_time(cast: Cast, api_of: Phone) -> None:
    body = wish(cast, sold_at=(timezone.now() - timedelta(days=2)).isoformat())
    assert post(api_of(cast.ravi), "api_sales", body).status_code == 403
    assert post(api_of(cast.meena), "api_sales", body).status_code == 201
    later = wish(cast, sold_at=(timezone.now() + timedelta(days=2)).isoformat())
    assert post(api_of(cast.meena), "api_sales", later).status_code == 400


def test_a_time_without_an_offset_is_the_shops(cast: Cast, api_of: Phone) -> None:
    cast.shop.zone = "Europe/London"
    cast.shop.save()
    before = timezone.get_current_timezone_name()
    answer = post(api_of(cast.meena), "api_sales", wish(cast, sold_at="2025-07-01T09:30:00"))
    assert answer.json()["sold_at"] == "2025-07-01T09:30:00+01:00"
    assert Sale.objects.get().sold_at == datetime(2025, 7, 1, 8, 30, tzinfo=UTC)
    assert timezone.get_current_timezone_name() == before


def test_sales_are_listed_with_the_filters_of_the_page(
    cast: Cast, api_of: Phone, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    sell(cast)
    owed = sell(cast, customer=cast.asha, is_paid=False, sold_at=timezone.now() - timedelta(days=9))
    phone = api_of(cast.ravi)
    assert phone.get(url("api_sales")).json()["count"] == 1
    answer = phone.get(url("api_sales"), {"unpaid": "true"}).json()
    assert [row["id"] for row in answer["results"]] == [owed.pk]
    assert phone.get(url("api_sales"), {"from": "soon"}).status_code == 400
    for _n in range(4):
        sell(cast, customer=cast.asha)
    with django_assert_num_queries(9):
        phone.get(url("api_sales"), {"customer": cast.asha.pk})


def test_one_sale_is_found_only_in_its_shop(cast: Cast, api_of: Phone) -> None:
    phone = api_of(cast.ravi)
    assert phone.get(url("api_sale", sell(cast).pk)).json()["total"] == "20.00"
    assert phone.get(url("api_sale", sell(make_cast("other")).pk)).status_code == 404


def test_a_payment_is_received_once_per_key(cast: Cast, api_of: Phone) -> None:
    sell(cast, 2, customer=cast.asha, is_paid=False)
    phone, key = api_of(cast.ravi), str(uuid4())
    body = {"customer": cast.asha.pk, "amount": "15.50", "tender": "upi"}
    first, second = (post(phone, "api_payments", body, key) for _time in range(2))
    assert first.json() == second.json()
    assert Payment.objects.get().amount == Decimal("15.50")
    assert LedgerEntry.objects.balance() == Decimal("24.50")


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "1e99", "ten", None])
def test_an_impossible_amount_is_refused(cast: Cast, api_of: Phone, amount: str | None) -> None:
    body = {"customer": cast.asha.pk, "amount": amount, "tender": "upi"}
    assert post(api_of(cast.ravi), "api_payments", body).status_code == 400


def test_cans_are_returned_once_per_key(cast: Cast, api_of: Phone) -> None:
    sell(cast, 3, customer=cast.asha)
    phone, key = api_of(cast.ravi), str(uuid4())
    body = {"customer": cast.asha.pk, "cans": [{"can_type": cast.can20.pk, "quantity": 2}]}
    first, second = (post(phone, "api_can_returns", body, key) for _time in range(2))
    assert first.json() == second.json()
    assert first.json()["movements"][0]["quantity"] == -2
    assert CanMovement.objects.held() == {"20L": 1}
    assert post(phone, "api_can_returns", body | {"cans": []}).status_code == 400


def test_each_size_of_a_return_stands_on_one_line(cast: Cast, api_of: Phone) -> None:
    cans = [{"can_type": cast.can20.pk, "quantity": count} for count in (2, 3)]
    response = post(api_of(cast.ravi), "api_can_returns", {"customer": cast.asha.pk, "cans": cans})
    assert response.status_code == 400
    assert response.json()["errors"][0]["message"] == "Put each can size on one line."
    response = post(api_of(cast.ravi), "api_sales", wish(cast, customer=cast.asha.pk, empties=cans))
    assert response.status_code == 400
    assert not CanMovement.objects.exists()


def test_a_size_that_is_not_sold_any_more_still_comes_back(cast: Cast, api_of: Phone) -> None:
    sell(cast, 3, customer=cast.asha)
    cast.can20.retired_at = timezone.now()
    cast.can20.save()
    phone, cans = api_of(cast.ravi), [{"can_type": cast.can20.pk, "quantity": 1}]
    assert post(phone, "api_can_returns", {"customer": cast.asha.pk, "cans": cans}).status_code == 201
    sale = {"customer": cast.asha.pk, "tender": "cash", "lines": [{"can_type": cast.can10.pk, "quantity": 1}]}
    assert post(phone, "api_sales", sale | {"empties": cans}).status_code == 201
    assert CanMovement.objects.held() == {"20L": 1, "10L": 1}
    assert post(phone, "api_sales", wish(cast)).status_code == 400


def test_dues_name_the_open_sales_of_each_customer(
    cast: Cast, api_of: Phone, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    old = sell(cast, 2, customer=cast.asha, is_paid=False, sold_at=timezone.now() - timedelta(days=2))
    new = sell(cast, 1, customer=cast.asha, is_paid=False)
    sell(cast, 1, customer=cast.bala, is_paid=False)
    phone = api_of(cast.meena)
    with django_assert_num_queries(8):
        answer = phone.get(url("api_dues")).json()
    first = answer["results"][0]
    assert (first["code"], first["balance"], first["unpaid_count"]) == ("ASHA", "60.00", 2)
    assert [(due["id"], due["due"]) for due in first["dues"]] == [(old.pk, "40.00"), (new.pk, "20.00")]
    page = phone.get(url("api_dues"), {"limit": 1, "offset": 1}).json()
    assert (page["count"], [row["code"] for row in page["results"]]) == (2, ["BALA"])
    assert phone.get(url("api_dues"), {"offset": 9}).json()["results"] == []


def test_a_clerk_asks_for_the_dues_of_one_customer_a_manager_for_all(cast: Cast, api_of: Phone) -> None:
    for customer in (cast.asha, cast.bala):
        sell(cast, 1, customer=customer, is_paid=False)
    clerk, stranger = api_of(cast.ravi), make_cast("other").asha
    assert clerk.get(url("api_dues")).status_code == 403
    assert api_of(cast.meena).get(url("api_dues")).json()["count"] == 2
    only = clerk.get(url("api_dues"), {"customer": cast.bala.pk}).json()
    assert [row["code"] for row in only["results"]] == ["BALA"]
    assert clerk.get(url("api_dues"), {"customer": "x"}).status_code == 400
    for nobody in (stranger.pk, 10**30):
        assert clerk.get(url("api_dues"), {"customer": nobody}).status_code == 404


def test_a_phone_of_another_shop_finds_nothing(cast: Cast, api_of: Phone) -> None:
    phone = api_of(make_cast("other").lakshmi)
    for name in ("api_can_types", "api_sales", "api_dues"):
        assert phone.get(url(name)).status_code == 404
    assert post(phone, "api_sales", wish(cast)).status_code == 404
    assert APIClient().get(url("api_sales")).status_code == 401
