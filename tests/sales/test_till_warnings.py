"""What the till says before it sells: another price, a clock behind, a discount, a slip without its time."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from sales.models import Payment, Sale
from sales.pricelist import change_can_type, set_own_prices
from tests.base import TESTS, Cast, sell
from watershop import accounts
from watershop.models import Right, Role, User

SignIn = Callable[[User], Client]


def post(client: Client, cast: Cast, **fields: Any) -> HttpResponse:
    data = {"client_ref": str(uuid4()), f"sold_{cast.can20.pk}": 2, "tender": "cash", **fields}
    response: HttpResponse = client.post(reverse("till", args=["water"]), data)  # type: ignore[assignment]
    return response


def test_nobody_pays_a_price_that_they_were_not_told(cast: Cast, client_of: SignIn) -> None:
    change_can_type(cast.can20, {"price": Decimal(25)}, actor=TESTS)
    told = {f"price_{cast.can20.pk}": "20.00"}
    refused = post(client_of(cast.ravi), cast, **told)
    page = refused.content.decode()
    assert refused.status_code == 422
    assert "20L costs ₹25 now" in page and f'name="price_{cast.can20.pk}" value="25.00"' in page
    assert not Sale.objects.exists()
    assert post(client_of(cast.ravi), cast, **{f"price_{cast.can20.pk}": "25.00"}).status_code == 302
    assert Sale.objects.with_sums().get().total == 50


def test_an_amount_other_than_the_lists_needs_the_right(cast: Cast, client_of: SignIn) -> None:
    own = {f"amount_{cast.can20.pk}": "35"}
    assert post(client_of(cast.ravi), cast, **own).status_code == 403
    assert not Sale.objects.exists()
    assert post(client_of(cast.meena), cast, **own).status_code == 302
    assert Sale.objects.with_sums().get().total == 35
    same = {f"amount_{cast.can20.pk}": "40"}
    assert post(client_of(cast.ravi), cast, **same).status_code == 302


def test_a_credit_limit_is_passed_only_by_who_may(cast: Cast, client_of: SignIn) -> None:
    cast.asha.credit_limit = Decimal(10)
    cast.asha.save()
    unpaid = {"customer": cast.asha.pk, "is_unpaid": "on"}
    refused = post(client_of(cast.ravi), cast, **unpaid)
    assert refused.status_code == 422 and 'name="may_pass_limit"' in refused.content.decode()
    assert post(client_of(cast.ravi), cast, **unpaid, may_pass_limit="on").status_code == 403
    assert not Sale.objects.exists()
    assert post(client_of(cast.meena), cast, **unpaid, may_pass_limit="on").status_code == 302
    assert Sale.objects.with_sums().get().due == 40


def test_a_customer_sees_and_pays_their_own_price(cast: Cast, client_of: SignIn) -> None:
    set_own_prices(cast.asha, {cast.can20: Decimal(18)}, actor=TESTS)
    client, price = client_of(cast.ravi), f"price_{cast.can20.pk}"
    page = client.get(reverse("till", args=["water"]), {"customer": cast.asha.pk}).content.decode()
    assert f'name="{price}" value="18.00"' in page
    assert post(client, cast, customer=cast.asha.pk, **{price: "18.00"}).status_code == 302
    assert Sale.objects.with_sums().get().total == 36


def test_a_clerk_with_the_right_gives_a_discount(cast: Cast, client_of: SignIn) -> None:
    accounts.set_right(shop=cast.shop, role=Role.STAFF, right=Right.DISCOUNT, is_allowed=True, actor=TESTS)
    assert post(client_of(cast.ravi), cast, **{f"amount_{cast.can20.pk}": "35"}).status_code == 302


def test_a_clock_behind_the_last_entry_is_looked_at_before_the_next_sale(
    cast: Cast, client_of: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    sell(cast)
    now = timezone.now() - timedelta(minutes=10)
    monkeypatch.setattr(timezone, "now", lambda: now)
    refused = post(client_of(cast.ravi), cast)
    assert refused.status_code == 422 and "clock lies behind" in refused.content.decode()
    assert post(client_of(cast.ravi), cast, is_clock_right="on").status_code == 302
    assert Sale.objects.count() == 2


def test_a_small_step_back_of_the_clock_warns_nobody(
    cast: Cast, client_of: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    sell(cast)
    now = timezone.now() - timedelta(seconds=30)
    monkeypatch.setattr(timezone, "now", lambda: now)
    assert post(client_of(cast.ravi), cast).status_code == 302


def test_what_was_handed_over_is_no_takings_and_its_change_is_said(cast: Cast, client_of: SignIn) -> None:
    client = client_of(cast.ravi)
    response = post(client, cast, handed="100")
    assert Payment.objects.get().amount == 40
    page = client.get(response.headers["Location"]).content.decode()
    assert "<strong>₹60</strong>" in page


def test_less_cash_than_the_sale_costs_is_refused_unless_the_rest_is_owed(
    cast: Cast, client_of: SignIn
) -> None:
    client, asha = client_of(cast.ravi), {"customer": cast.asha.pk, "handed": "30"}
    refused = post(client, cast, handed="30")
    assert refused.status_code == 422 and "Too little" in refused.content.decode()
    with_deposit = asha | {"handed": "239", f"deposit_{cast.can20.pk}": ""}
    assert post(client, cast, **with_deposit).status_code == 422
    assert not Sale.objects.exists()
    assert post(client, cast, **asha, part_cash="30").status_code == 302
    assert post(client, cast, **asha, is_unpaid="on").status_code == 302
    assert post(client, cast, **with_deposit | {"handed": "240"}).status_code == 302


@pytest.mark.parametrize("change", ["", "x", "NaN", "-5", "0"])
def test_no_change_is_said_where_there_is_none(cast: Cast, client_of: SignIn, change: str) -> None:
    url = reverse("receipt", args=["water", sell(cast).pk])
    page = client_of(cast.ravi).get(url, {"done": "1", "change": change}).content.decode()
    assert "done__change" not in page


def test_slips_are_entered_one_after_the_other_with_their_own_times(cast: Cast, client_of: SignIn) -> None:
    client, till = client_of(cast.meena), reverse("till", args=["water"])
    assert "Time on the slip" in client.get(till, {"is_paper": "1"}).content.decode()
    refused = post(client, cast, is_paper="1")
    assert refused.status_code == 422 and "time that stands on the slip" in refused.content.decode()
    at = timezone.localtime(timezone.now() - timedelta(days=2), cast.shop.tz).strftime("%Y-%m-%dT%H:%M")
    response = post(client, cast, is_paper="1", sold_at=at, slip="17")
    assert response.headers["Location"] == f"{till}?is_paper=1&sold=1"
    sale = Sale.objects.get()
    assert sale.sold_at < timezone.now() - timedelta(days=1)
    assert (sale.source, sale.slip) == (Sale.Source.PAPER, "17")


def test_who_may_not_back_date_enters_no_slips(cast: Cast, client_of: SignIn) -> None:
    page = client_of(cast.ravi).get(reverse("till", args=["water"]), {"is_paper": "1"}).content.decode()
    assert "Time on the slip" not in page and "From paper" not in page


def test_the_usual_is_sold_for_cash_in_exchange_for_as_many_empties(cast: Cast, client_of: SignIn) -> None:
    sell(cast, 2, customer=cast.asha)
    page = client_of(cast.ravi).get(reverse("till", args=["water"]), {"customer": cast.asha.pk})
    text = page.content.decode()
    for name, value in ((f"sold_{cast.can20.pk}", 2), (f"back_{cast.can20.pk}", 2), ("tender", "cash")):
        assert f'name="{name}" form="usual" value="{value}"' in text
    assert "2 empties back" in text and "₹40" in text
