"""The book of customers: every function that writes one. Names, phone numbers and e-mail stay out of the audit."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction

from customers.models import Customer, next_codes
from watershop import audit
from watershop.audit import Actor
from watershop.models import AuditEntry, Counter, Shop

PERSONAL = frozenset({"name", "phone", "email"})


def tidy_phone(text: str) -> str:
    """A phone number without the marks people write between its digits: 98765-43210 and (040) 123 4567."""
    return re.sub(r"[\s\-().]", "", text)


@transaction.atomic
def add_customer(
    *, shop: Shop, name: str, phone: str, language: str, actor: Actor, email: str = ""
) -> Customer:
    """A new customer with the next free code. Raises ValidationError when a value can't be used."""
    (code,) = next_codes(shop)
    customer = Customer(shop=shop, code=code, name=name, phone=phone, email=email, language=language)
    customer.full_clean()
    customer.save()
    audit.record(shop, actor, "add_customer", customer, after={"code": code, "language": language})
    return customer


@dataclass(frozen=True)
class NewCustomer:
    """Somebody to add with many others."""

    name: str
    phone: str
    language: str
    credit_limit: Decimal | None = None


@transaction.atomic
def add_customers(shop: Shop, people: Sequence[NewCustomer], *, actor: Actor) -> list[Customer]:
    """New customers with the next free codes, with few queries however many. The values were checked before."""
    added = Customer.objects.bulk_create(
        Customer(shop=shop, code=code, **asdict(new))
        for code, new in zip(next_codes(shop, len(people)), people, strict=True)
    )
    AuditEntry.objects.bulk_create(
        audit.entry(shop, actor, "add_customer", row, after={"code": row.code, "language": row.language})
        for row in added
    )
    return added


@transaction.atomic
def retire_customers(shop: Shop, customers: Sequence[Customer], *, actor: Actor) -> None:
    """Make many inactive; their accounts stay."""
    Customer.objects.filter(pk__in=[row.pk for row in customers]).update(is_active=False)
    AuditEntry.objects.bulk_create(
        audit.entry(
            shop, actor, "change_customer", row, before={"is_active": True}, after={"is_active": False}
        )
        for row in customers
    )


@transaction.atomic
def add_unknown(shop: Shop, codes: Sequence[str], *, actor: Actor) -> list[Customer]:
    """Customers for those codes that nobody has, named by their code until somebody writes the name in."""
    if not _unknown(shop, codes):
        return []
    # Lock out `next_codes`, or somebody who is added meanwhile could get one of these; then look once more.
    Counter.take(shop, "customer", 0)
    added = Customer.objects.bulk_create(
        Customer(shop=shop, code=code, name=code, language=shop.language) for code in _unknown(shop, codes)
    )
    AuditEntry.objects.bulk_create(
        audit.entry(shop, actor, "add_customer", row, after={"code": row.code, "language": row.language})
        for row in added
    )
    return added


def _unknown(shop: Shop, codes: Sequence[str]) -> list[str]:
    taken = set(Customer.objects.of(shop).filter(code__in=codes).values_list("code", flat=True))
    return [code for code in dict.fromkeys(codes) if code not in taken]


def change_customer(customer: Customer, fields: Mapping[str, Any], *, actor: Actor) -> Customer:
    """Change what is known of a customer; the code stays for ever. Raises ValidationError."""
    return audit.change(customer, actor, "change_customer", fields, personal=PERSONAL)


def accounts_of(customer: Customer) -> list[Customer]:
    """The customer's account, and all that were merged into it, over any number of steps."""
    accounts = [customer]
    for account in accounts:  # it grows meanwhile
        accounts += account.merged_from.order_by("pk")
    return accounts


def erase_customer(customer: Customer, *, actor: Actor) -> Customer:
    """Only the code stays: name, phone number and e-mail go for good, and the account is closed."""
    fields = {"name": customer.code, "phone": "", "email": "", "is_active": False}
    return audit.change(customer, actor, "erase_customer", fields, personal=PERSONAL)


def mark_merged(customer: Customer, into: Customer | None, *, actor: Actor) -> Customer:
    """The customer is found under another account from now on, or (None) under their own again."""
    fields = {"merged_into": into, "is_active": into is None}
    return audit.change(customer, actor, "mark_merged", fields)


@transaction.atomic
def set_credit_block(customers: Collection[int], *, is_blocked: bool, actor: Actor) -> None:
    """Stop credit for these customers, or allow it again, each change recorded; a fixed number of queries."""
    held = Customer.objects.filter(pk__in=customers, is_credit_blocked=not is_blocked).order_by("pk")
    rows = list(held.select_for_update(of=("self",)).select_related("shop"))
    Customer.objects.filter(pk__in=[row.pk for row in rows]).update(is_credit_blocked=is_blocked)
    name = "is_credit_blocked"
    before, after = {name: not is_blocked}, {"changed": [name], name: is_blocked}
    AuditEntry.objects.bulk_create(
        audit.entry(row.shop, actor, "change_customer", row, before=before, after=after) for row in rows
    )
