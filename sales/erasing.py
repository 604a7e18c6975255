"""What the counter knows of a customer by name goes: messages, cards, answers to the devices. The books stay."""

from collections.abc import Sequence

from django.db import transaction

from customers import book
from customers.models import Customer
from sales import cards, reminders
from watershop import api, outbox
from watershop.audit import Actor


@transaction.atomic
def erase(accounts: Sequence[Customer], actor: Actor) -> None:
    """Of a customer (all their accounts) ledger, sales and cans keep the bare code, and nothing keeps a name."""
    outbox.forget_words(reminders.about(accounts[0].shop, accounts), actor=actor)
    for account in accounts:
        words = {account.name, account.phone, account.email} - {"", account.code}
        api.forget_answers_with(account.shop, words)
        cards.revoke(account, actor=actor)
        book.erase_customer(account, actor=actor)
