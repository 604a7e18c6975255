"""Customers' cards: every function that issues or revokes one, and who holds the card that was scanned."""

import re
import secrets
from base64 import b32encode
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from customers.models import Customer
from sales.models import CustomerCard
from watershop import audit
from watershop.audit import Actor
from watershop.models import AuditEntry, Shop

TOKEN = re.compile(r"WC[A-Z2-7]{16}")
"""80 bits of chance in letters that a scanner types alike on every keyboard."""


def customer_of(shop: Shop, text: str) -> Customer | None:
    """Whose card says this, if it is what a valid card says; other text costs no query."""
    token = text.strip().upper()
    if not TOKEN.fullmatch(token):
        return None
    cards = CustomerCard.objects.filter(shop=shop, token=token, revoked_at=None)
    card = cards.select_related("customer__merged_into").first()
    holder = card and (card.customer.merged_into or card.customer)
    return holder if holder and holder.is_active else None


def card_of(customer: Customer) -> CustomerCard | None:
    """The card that the customer may show, if there is one."""
    return customer.cards.filter(revoked_at=None).first()


@transaction.atomic
def issue(shop: Shop, customers: Iterable[Customer], *, actor: Actor) -> list[CustomerCard]:
    """The cards of these customers, in their order; who has a valid one keeps it."""
    customers = list(customers)
    # Whoever issues at the same moment waits here, and then finds these.
    list(
        Customer.objects.select_for_update(no_key=True)
        .filter(pk__in=[row.pk for row in customers])
        .order_by("pk")
    )
    valid = CustomerCard.objects.filter(shop=shop, customer__in=customers, revoked_at=None)
    card_by = {card.customer_id: card for card in valid}
    added = CustomerCard.objects.bulk_create(
        CustomerCard(shop=shop, customer=row, token=_new_token())
        for row in customers
        if row.pk not in card_by
    )
    AuditEntry.objects.bulk_create(
        audit.entry(shop, actor, "issue_card", card, after={"customer": card.customer_id}) for card in added
    )
    card_by |= {card.customer_id: card for card in added}
    for row in customers:
        card_by[row.pk].customer = row
    return [card_by[row.pk] for row in customers]


@transaction.atomic
def reissue(customer: Customer, *, actor: Actor) -> CustomerCard:
    """A new card instead of the one that is lost, which then opens nothing any more."""
    revoke(customer, actor=actor)
    return issue(customer.shop, [customer], actor=actor)[0]


@transaction.atomic
def revoke(customer: Customer, *, actor: Actor) -> None:
    """The customer's card opens nothing any more."""
    Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
    for card in customer.cards.filter(revoked_at=None):
        audit.change(card, actor, "revoke_card", {"revoked_at": timezone.now()})


def _new_token() -> str:
    return "WC" + b32encode(secrets.token_bytes(10)).decode()
