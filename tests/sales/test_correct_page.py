"""“Correct this sale”: one form reverses it and enters it again."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.test import Client
from django.urls import reverse

from sales.models import Payment, Sale, Tender
from sales.new_sale import Line
from tests.base import Cast, make_cast, sell
from watershop.models import User

SignIn = Callable[[User], Client]


def wish(cast: Cast, **changes: Any) -> dict[str, Any]:
    form = {
        "client_ref": str(uuid4()),
        "who": "ASHA",
        f"sold_{cast.can20.pk}": "2",
        f"each_{cast.can20.pk}": "20",
        "tender": "cash",
        "reason": "miscounted",
    }
    return form | changes


def test_the_form_shows_what_was_entered(cast: Cast, client_of: SignIn) -> None:
    sale = sell(cast, 3, customer=cast.asha, split={Tender.CASH: Decimal(10), Tender.UPI: Decimal(20)})
    page = client_of(cast.meena).get(reverse("sale_correct", args=["water", sale.pk])).content.decode()
    for text in ('value="ASHA"', 'value="3"', 'value="20.00"', 'value="10.00"'):
        assert text in page


def test_a_manager_corrects_customer_size_number_price_and_payment_at_once(
    cast: Cast, client_of: SignIn
) -> None:
    sale, client = sell(cast, 3, customer=cast.asha), client_of(cast.meena)
    form = wish(
        cast,
        who="6505678",  # Bala's phone
        **{
            f"sold_{cast.can20.pk}": "0",
            f"sold_{cast.can10.pk}": "4",
            f"each_{cast.can10.pk}": "9",
            "is_unpaid": "on",
        },
    )
    url = reverse("sale_correct", args=["water", sale.pk])
    first, again = client.post(url, form), client.post(url, form)
    new = Sale.objects.standing().get()
    assert first.headers["Location"] == reverse("sale", args=["water", new.pk])
    assert again.status_code == 404  # a void sale is not corrected
    assert (new.replaces, new.customer, new.sold_at) == (sale, cast.bala, sale.sold_at)
    line = new.lines.get()
    assert [line.quantity, line.amount, line.list_amount] == [4, 36, 40]
    assert [cast.asha.ledger.all().balance(), cast.bala.ledger.all().balance()] == [0, 36]
    assert sum(row.amount for row in Payment.objects.all()) == 0


def test_an_unclear_customer_is_asked_for_with_names(cast: Cast, client_of: SignIn) -> None:
    url = reverse("sale_correct", args=["water", sell(cast, 3).pk])
    client = client_of(cast.meena)
    several = client.post(url, wish(cast, who="98765"))
    assert several.status_code == 422
    nobody = client.post(url, wish(cast, who="zzz"))
    assert "Nobody found" in nobody.content.decode()
    assert Sale.objects.standing().count() == 1


def test_an_amount_that_does_not_divide_stays_when_only_the_customer_was_wrong(
    cast: Cast, client_of: SignIn
) -> None:
    sale = sell(cast, lines=[Line(cast.can20, 3, Decimal(50))], customer=cast.bala)
    form = wish(cast, **{f"sold_{cast.can20.pk}": "3", f"each_{cast.can20.pk}": "16.67"})
    client_of(cast.meena).post(reverse("sale_correct", args=["water", sale.pk]), form)
    assert Sale.objects.standing().get().lines.get().amount == 50


def test_a_retired_size_can_still_be_corrected(cast: Cast, client_of: SignIn) -> None:
    sale = sell(cast, 3)
    client = client_of(cast.meena)
    client.post(reverse("can_type", args=["water", cast.can20.pk]), {"do": "retire"})
    form = wish(cast, who="")
    assert client.post(reverse("sale_correct", args=["water", sale.pk]), form).status_code == 302
    assert Sale.objects.standing().get().lines.get().quantity == 2


def test_a_clerk_needs_a_manager_and_other_shops_see_nothing(cast: Cast, client_of: SignIn) -> None:
    url = reverse("sale_correct", args=["water", sell(cast, 3).pk])
    assert client_of(cast.ravi).post(url, wish(cast)).status_code == 403
    other = make_cast("other")
    assert client_of(other.meena).get(url).status_code == 404


def test_a_correction_takes_no_deposit_where_none_was_taken(cast: Cast, client_of: SignIn) -> None:
    sale, client = sell(cast, 1, customer=cast.asha), client_of(cast.meena)
    url = reverse("sale_correct", args=["water", sale.pk])
    shown = client.get(url).context["form"]
    form = wish(cast, **{field.html_name: field.value() for _size, row in shown.rows() for field in row[-1:]})
    client.post(url, {name: "" if value is None else value for name, value in form.items()})
    assert not Sale.objects.standing().get().deposits.exists()
