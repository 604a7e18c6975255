"""The till's search: the likeliest customers first, whatever of them somebody knows."""

import pytest
from django.db import connection

from customers.models import Customer
from tests.base import Cast, make_cast


def names(cast: Cast, text: str, most: int = 8) -> list[str]:
    return [customer.name for customer in Customer.objects.of(cast.shop).active().find(text, most=most)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1234", ["Asha"]),  # the last digits of a phone number
        ("98765 01234", ["Asha"]),
        ("as", ["Asha"]),
        ("BALA", ["Bala"]),
        ("al", ["Bala"]),  # in the middle
        ("రా", ["రాజు గౌడ్"]),
        ("గౌడ్", ["రాజు గౌడ్"]),
        ("\0as ", ["Asha"]),
        ("a", []),  # one character means too many
        ("", []),
        ("zz", []),
        ("%%", []),
    ],
)
def test_two_characters_of_phone_name_or_code_find_a_customer(
    cast: Cast, text: str, found: list[str]
) -> None:
    Customer.objects.create(shop=cast.shop, code="R1", name="రాజు గౌడ్")
    assert names(cast, text) == found


def test_the_likeliest_come_first_and_no_more_than_asked_for(cast: Cast) -> None:
    for code, name, phone in (("12", "Zara", ""), ("C3", "Ina", "9000000012"), ("C4", "Mina12", "")):
        Customer.objects.create(shop=cast.shop, code=code, name=name, phone=phone)
    assert names(cast, "12") == ["Zara", "Ina", "Mina12"]  # code, phone, part of the name
    assert names(cast, "12", most=2) == ["Zara", "Ina"]
    assert names(cast, "ina") == ["Ina", "Mina12"]  # who begins so comes before who holds it


def test_nobody_of_another_shop_and_nobody_inactive_is_found(cast: Cast) -> None:
    make_cast("other")
    cast.bala.is_active = False
    cast.bala.save()
    assert names(cast, "as") == ["Asha"]
    assert names(cast, "bala") == []


def test_every_question_of_the_search_has_an_index(cast: Cast) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE tablename = 'customers_customer'")
        indexes = {name for (name,) in cursor.fetchall()}
        assert {"customer_by_part", "customer_by_first_letters", "customer_by_last_digits"} <= indexes
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = Customer.objects.order_by().search("esh").explain()
    assert "customer_by_part" in plan
