"""A change is checked where it changes something, and written down."""

import pytest
from django.core.exceptions import ValidationError

from customers.book import add_unknown, change_customer
from customers.models import Customer
from sales.models import CanType
from tests.base import TESTS, Cast
from watershop import audit
from watershop.models import AuditEntry, Shop


def test_an_imported_code_that_nobody_could_type_does_not_stand_in_the_way(shop: Shop) -> None:
    (customer,) = add_unknown(shop, ['Flat 12, "B"'], actor=TESTS)
    assert change_customer(customer, {"phone": "9876500000"}, actor=TESTS).phone == "9876500000"
    (entry,) = AuditEntry.objects.filter(action="change_customer")
    assert entry.after == {"changed": ["phone"]}


def test_what_is_new_must_be_right(asha: Customer) -> None:
    with pytest.raises(ValidationError, match="7 to 15 digits"):
        change_customer(asha, {"phone": "12", "name": "Asha R"}, actor=TESTS)
    asha.refresh_from_db()
    assert asha.name == "Asha"


def test_rules_that_span_fields_are_asked_as_well(cast: Cast) -> None:
    with pytest.raises(ValidationError, match="already exists"):
        audit.change(cast.can10, TESTS, "change_can_type", {"code": cast.can20.code})
    assert CanType.objects.get(pk=cast.can10.pk).code == "10L"


def test_nothing_new_leaves_no_trace(asha: Customer) -> None:
    change_customer(asha, {"name": "Asha"}, actor=TESTS)
    assert not AuditEntry.objects.filter(action="change_customer").exists()
