"""One sale, several tenders: each brings its part, and the rest stands on the customer's account."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from sales.models import Payment, Sale, Tender, UpiClaim
from sales.reversals import void_sale
from tests.base import TESTS, Cast, sell
from watershop.models import User

SignIn = Callable[[User], Client]


def post(client: Client, cast: Cast, **fields: Any) -> Any:
    """Three 20 L cans for 60 rupees at the till."""
    data = {"client_ref": str(uuid4()), f"sold_{cast.can20.pk}": 3, "tender": "cash", **fields}
    return client.post(reverse("till", args=["water"]), data)


def payments() -> set[tuple[str, Decimal]]:
    return set(Payment.objects.values_list("tender", "amount"))


def test_a_walk_in_pays_with_cash_upi_and_coins(cast: Cast, client_of: SignIn) -> None:
    client = client_of(cast.ravi)
    answer = post(client, cast, part_cash="30", part_upi="20.50", part_coin="9.50")
    assert payments() == {
        (Tender.CASH, Decimal("30.00")),
        (Tender.UPI, Decimal("20.50")),
        (Tender.COIN, Decimal("9.50")),
    }
    assert Sale.objects.with_sums().get().due == 0
    assert UpiClaim.objects.get().payment.amount == Decimal("20.50")
    page = client.get(answer.headers["Location"]).content.decode()
    assert all(text in page for text in ("₹30.00", "₹20.50", "₹9.50"))


def test_the_rest_stands_on_the_customers_account(cast: Cast, client_of: SignIn) -> None:
    client = client_of(cast.ravi)
    answer = post(client, cast, customer=cast.asha.pk, part_cash="15")
    assert Sale.objects.with_sums().get().due == 45
    assert cast.asha.ledger.all().balance() == 45
    assert "₹45.00" in client.get(answer.headers["Location"]).content.decode()


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"part_cash": "15"}, "needs a customer"),
        ({"part_cash": "50", "part_upi": "20"}, "More is paid than the sale costs"),
        ({"part_cash": "-1", "part_upi": "61"}, "greater than or equal to 0"),
        ({"part_upi": "x"}, "Enter a number"),
    ],
)
def test_parts_that_do_not_fit_are_refused_with_the_reason(
    cast: Cast, client_of: SignIn, parts: dict[str, str], reason: str
) -> None:
    answer = post(client_of(cast.ravi), cast, **parts)
    assert answer.status_code == 422
    assert reason in answer.content.decode()
    assert "<details open" in answer.content.decode()
    assert not Sale.objects.exists()


def test_what_is_left_on_credit_is_held_to_the_customers_limit(cast: Cast) -> None:
    cast.asha.credit_limit = Decimal(40)
    cast.asha.save()
    with pytest.raises(ValidationError):
        sell(cast, 3, customer=cast.asha, split={Tender.CASH: Decimal(19)})
    sell(cast, 3, customer=cast.asha, split={Tender.CASH: Decimal(20)})
    assert cast.asha.ledger.all().balance() == 40


def test_a_void_gives_every_part_back(cast: Cast) -> None:
    split = {Tender.CASH: Decimal(15), Tender.COIN: Decimal(5)}
    sale = sell(cast, 3, customer=cast.asha, split=split)
    void_sale(sale, reason="mistake", actor=TESTS)
    assert sum(amount for _tender, amount in payments()) == 0
    assert Payment.objects.count() == 4
    assert cast.asha.ledger.all().balance() == 0


def test_the_phone_splits_too(cast: Cast, api_of: Callable[[User], APIClient]) -> None:
    body: dict[str, Any] = {
        "customer": cast.asha.pk,
        "lines": [{"can_type": cast.can20.pk, "quantity": 3}],
        "tender": "upi",
        "split": [{"tender": "upi", "amount": "20.00"}, {"tender": "cash", "amount": "10.00"}],
    }
    phone, url = api_of(cast.ravi), reverse("api_sales", args=["water"])

    def send() -> Any:
        return phone.post(url, body, format="json", headers={"Idempotency-Key": str(uuid4())})

    answer = send()
    assert (answer.status_code, answer.json()["due"]) == (201, "30.00")
    assert payments() == {(Tender.UPI, Decimal(20)), (Tender.CASH, Decimal(10))}
    body["split"].append({"tender": "cash", "amount": "1.00"})
    answer = send()
    assert answer.json()["errors"] == [{"path": "/split", "message": "Put each tender on one line."}]
