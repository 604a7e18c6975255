"""Many fingers at the till at once, through its web page: one sale per key, and one receipt number per sale."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import count, repeat
from threading import Barrier
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from sales.models import Sale
from tests.base import Cast, make_cast, sell
from tests.sales.test_at_once import at_once
from tests.sales.test_receipt_numbers import numbers
from watershop.models import Answer, Counter, Shop, User

pytestmark = pytest.mark.django_db(transaction=True)
TWENTY = 20
ClientOf = Callable[[User], Client]


def twenty_posts(client: Client, forms: list[Mapping[str, Any]]) -> list[int]:
    """The status of each answer; all are sent before the first one is back, each over a connection of its own."""
    start = Barrier(TWENTY)

    def post(form: Mapping[str, Any]) -> int:
        fingers = Client(raise_request_exception=False)
        fingers.cookies = client.cookies
        try:
            start.wait()
            return fingers.post(reverse("till", args=["water"]), form).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(TWENTY) as pool:
        return list(pool.map(post, forms))


def form(cast: Cast) -> dict[str, Any]:
    return {"client_ref": str(uuid4()), f"sold_{cast.can20.pk}": 1, "tender": "cash"}


def test_twenty_posts_of_one_form_make_one_sale(client_of: ClientOf) -> None:
    cast = make_cast()
    codes = twenty_posts(client_of(cast.ravi), [form(cast)] * TWENTY)
    assert 302 in codes
    assert set(codes) <= {302, 409}
    assert numbers() == [1]
    assert Answer.objects.count() == 1


def test_control_twenty_forms_make_twenty_sales(client_of: ClientOf) -> None:
    cast = make_cast()
    codes = twenty_posts(client_of(cast.ravi), [form(cast) for _ in range(TWENTY)])
    assert codes == [302] * TWENTY
    assert numbers() == list(range(1, TWENTY + 1))


def test_control_without_the_stored_answer_the_others_see_an_error_and_still_only_one_sells(
    client_of: ClientOf,
) -> None:
    cast = make_cast()
    with patch("sales.forms.answer_once", lambda _shop, _key, _body, deed: deed()):
        codes = twenty_posts(client_of(cast.ravi), [form(cast)] * TWENTY)
    assert sorted(codes) == [302] + [500] * (TWENTY - 1)
    assert numbers() == [1]


def test_control_numbers_that_are_not_given_back_leave_a_gap() -> None:
    cast, endless = make_cast(), count(1)

    def forgetful(shop: Shop, counts: Mapping[str, int]) -> dict[str, range]:
        return {series: range(number, number + 1) for series, number in zip(counts, repeat(next(endless)))}

    with patch.object(Counter, "take_each", forgetful):
        with transaction.atomic():
            sell(cast)
            transaction.set_rollback(True)
        sell(cast)
    assert numbers() == [2]


def test_control_numbers_that_two_clerks_read_at_once_would_be_double() -> None:
    cast, both_have_read = make_cast(), Barrier(2)
    refused: list[str] = []

    def careless(shop: Shop, counts: Mapping[str, int]) -> dict[str, range]:
        last = Sale.objects.of(shop).count()
        both_have_read.wait(10)
        return {series: range(last + 1, last + 2) for series in counts} | {"sale": own_code()}

    def buy() -> None:
        try:
            sell(cast)
        except IntegrityError as error:
            refused.append(str(error))

    with patch.object(Counter, "take_each", careless):
        at_once(buy, buy)
    assert ["sale_receipt_once_per_shop" in error for error in refused] == [True]
    assert numbers() == [1]


def own_code() -> range:
    """A code of its own for each clerk, so that the receipt's number alone is double."""
    number = uuid4().int % 10**9
    return range(number, number + 1)
