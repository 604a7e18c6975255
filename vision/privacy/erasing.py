"""What the cameras know of a customer goes for good, and the log of ids by which it goes again after a restore.

The log is a file beside the database, since a backup that is brought back brings back who was erased after it.
"""

import json
import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from customers.models import Customer
from vision import decisions, keeping
from vision.models import DisputeFile, Erasure, IdentityEvent, Person, Recording, SaleLink
from vision.privacy.withdrawing import forget_faces, withdraw
from watershop.audit import Actor
from watershop.models import Shop


@dataclass(frozen=True)
class Logged:
    """A line of the log: which account was erased when, by ids, and since when it was known: ids are given anew."""

    shop: str
    customer: int
    known_since: str
    persons: tuple[int, ...]
    at: str


@transaction.atomic
def erase_faces(accounts: Sequence[Customer], actor: Actor, *, also: Collection[int] = ()) -> list[int]:
    """Faces, vectors, pictures and films of a customer (all their accounts), and of persons (ids) of the log, go.

    Their persons (ids), who stay as bare codes with the times of their visits.
    """
    shop = accounts[0].shop
    Shop.objects.select_for_update(no_key=True).get(pk=shop.pk)
    untied = {*also, *_nameless_buyers(accounts)}
    theirs = Person.objects.filter(Q(customer__in=accounts) | Q(pk__in=untied), shop=shop)
    people = sorted({one for person in theirs for one in decisions.everyone_in(person.now())})
    for account in accounts:
        withdraw(account, actor)
        forget_faces(account, actor)
    for person in Person.objects.filter(pk__in=untied, shop=shop):
        decisions.forget(person, actor)
    decided = IdentityEvent.objects.filter(Q(person__in=people) | Q(other__in=people))
    decided.exclude(moved={}).update(moved={})
    _drop_films(people)
    _drop_dispute_files(accounts, people)
    return people


def _nameless_buyers(accounts: Sequence[Customer]) -> list[int]:
    """The persons (ids) of whom nothing is said but that they surely bought what these bought.

    So is who took their consent back, and who was never tied to a customer.
    """
    bought = SaleLink.objects.filter(sale__customer__in=accounts, state__in=SaleLink.SURE)
    nameless = Person.objects.undescribed().filter(merged_into=None, visits__in=bought.values("visit"))
    return list(nameless.values_list("pk", flat=True))


def _drop_films(people: Collection[int]) -> None:
    """Those that show them, kept by hand or not; whoever else is in them loses the film, too, but not their visits."""
    showing = Recording.objects.filter(tracklets__person__in=people).exclude(file="").distinct()
    for recording in showing:
        transaction.on_commit(partial(keeping.drop_film, recording))


def _drop_dispute_files(accounts: Sequence[Customer], people: Collection[int]) -> None:
    """Those about their sales, and those about somebody else's that may show them."""
    theirs = Q(sale__customer__in=accounts) | Q(sale__links__visit__person__in=people)
    files = dict(DisputeFile.objects.filter(theirs).exclude(file="").values_list("pk", "file"))
    for name in files.values():
        transaction.on_commit(partial(default_storage.delete, name))
    DisputeFile.objects.filter(pk__in=files).update(file="")


def note(accounts: Sequence[Customer], people: Sequence[int], actor: Actor, *, again: Logged | None) -> None:
    """Write down that these were erased, in the database and, unless it stands there (`again`), in the log.

    Each account has its line: in a backup that is brought back they may not be one yet.
    """
    at = datetime.fromisoformat(again.at) if again else timezone.now()
    for account in accounts:
        row = {"customer_id": account.pk, "persons": list(people), "by": actor.user, "at": at}
        Erasure.objects.create(shop=account.shop, **row)
        if not again:
            known_since = account.created_at.isoformat()
            line = Logged(account.shop.slug, account.pk, known_since, tuple(people), at.isoformat())
            transaction.on_commit(partial(_append, line))


def _append(line: Logged) -> None:
    """On the disk before anybody is told that it is done."""
    descriptor = os.open(settings.ERASURE_LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "w") as log:
        log.write(json.dumps(asdict(line)) + "\n")
        log.flush()
        os.fsync(log.fileno())


def undone() -> Iterator[tuple[Customer, Logged]]:
    """Who stands in the log, and in this database as if nothing had been."""
    if not settings.ERASURE_LOG.exists():
        return
    for text in settings.ERASURE_LOG.read_text().splitlines():
        line = Logged(**json.loads(text))
        customer = Customer.objects.filter(
            pk=line.customer, shop__slug=line.shop, created_at=datetime.fromisoformat(line.known_since)
        ).first()
        at = datetime.fromisoformat(line.at)
        if customer and not Erasure.objects.filter(customer_id=customer.pk, at=at).exists():
            yield customer, line


def persons_of(line: Logged) -> list[int]:
    """The persons (ids) of a line who are in this database; who became known later has got the id of another."""
    at = datetime.fromisoformat(line.at)
    known = Person.objects.filter(pk__in=line.persons, shop__slug=line.shop, created_at__lte=at)
    return list(known.values_list("pk", flat=True))


def sweep() -> None:
    """Take deleted vectors, names and words out of the tables' files, where no transaction is open."""
    if not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM vision_template, customers_customer, watershop_message, watershop_answer")
