"""Two who add customers at the same time never get the same code."""

from concurrent.futures import ThreadPoolExecutor
from time import sleep

import pytest
from django.db import connection, transaction

from customers.book import add_customer, add_unknown
from customers.models import Customer
from tests.base import TESTS, make_cast
from watershop.models import Shop


def _add_ravi(shop: Shop) -> str:
    try:
        return add_customer(shop=shop, name="Ravi", phone="", language="en", actor=TESTS).code
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_clerk_who_adds_somebody_during_an_import_steps_over_its_codes() -> None:
    shop = make_cast().shop
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            add_unknown(shop, ["CUST_0001", "CUST_0003"], actor=TESTS)
            added = pool.submit(_add_ravi, shop)
            sleep(0.3)
            assert not added.done(), "the code is not known before the import has ended"
        assert added.result(timeout=10) == "CUST_0002"


@pytest.mark.django_db(transaction=True)
def test_an_import_takes_the_customer_whom_a_clerk_has_just_added() -> None:
    shop = make_cast().shop
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            add_customer(shop=shop, name="Ravi", phone="", language="en", actor=TESTS)
            imported = pool.submit(_import_codes, shop)
            sleep(0.3)
        assert imported.result(timeout=10) == ["CUST_0002"]
    assert Customer.objects.of(shop).get(code="CUST_0001").name == "Ravi"


def _import_codes(shop: Shop) -> list[str]:
    try:
        return [row.code for row in add_unknown(shop, ["CUST_0001", "CUST_0002"], actor=TESTS)]
    finally:
        connection.close()
