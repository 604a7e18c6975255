"""One customer, over all rooms: everything that is known of them as a file for them, and its erasure.

Erased, they are a bare code in ledger, sales, cans, links and audit; nothing holds a name, a face or a word of theirs.
"""

from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from customers import book
from customers.models import Customer
from sales import erasing as words
from vision.privacy import erasing as faces
from watershop import audit
from watershop.audit import Actor


@transaction.atomic
def erase(customer: Customer, code: str, actor: Actor) -> None:
    """Erase a customer with all accounts that were merged into theirs; `code` was typed to say that this is meant.

    Raises ValidationError when it is not theirs.
    """
    if code.strip().casefold() != customer.code.casefold():
        raise ValidationError(_("This is not the code of %(customer)s.") % {"customer": customer})
    _erase(customer, actor)


def replay(actor: Actor) -> int:
    """Erase once more who was erased since the backup that was brought back; how many. Again, it does nothing."""
    waiting = list(faces.undone())
    for customer, line in waiting:
        with transaction.atomic():
            _erase(customer, actor, again=line)
    return len(waiting)


def _erase(customer: Customer, actor: Actor, *, again: faces.Logged | None = None) -> None:
    # Each account has its line in the log: who was merged with whom then, the backup may not know, or know otherwise.
    accounts = [customer] if again else book.accounts_of(customer)
    also: Collection[int] = faces.persons_of(again) if again else ()
    people = faces.erase_faces(accounts, actor, also=also)
    words.erase(accounts, actor)
    faces.note(accounts, people, actor, again=again)
    audit.record(customer.shop, actor, "erase_customer_data", customer, after={"persons": people})
    transaction.on_commit(faces.sweep)
