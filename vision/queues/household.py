"""Who collects for an account without being its customer: one household, with several faces.

Somebody who belongs to no account is asked about once they have bought several times on one that has another face,
or have come in together with that face several times.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vision import decisions
from vision.models import Card, CardQuerySet, IdentityEvent, Person, SaleLink, Visit
from vision.queues.base import Answer, Outcome, Queue
from watershop.audit import Actor
from watershop.models import Role, Shop

TIMES = 3
"""So often is no chance any more."""
RECALL = timedelta(days=90)
AT_ONCE = timedelta(seconds=3)
"""Who comes through the door within so long of somebody comes with them."""
LONGEST_OWN_NAME = 60

Times = Counter[tuple[int, int]]
"""How often, by person (id) and customer (id)."""


@dataclass(frozen=True)
class Entry:
    """Somebody came in: when, through which camera's door, and whose account they belong to (ids)."""

    camera: int
    at: datetime
    person: int
    customer: int | None


class Household(Queue):
    """A face that belongs to no account, and the account for which it comes."""

    kind = Card.Kind.HOUSEHOLD
    title = gettext_lazy("One household?")
    hint = gettext_lazy("Who collects for somebody else's account")
    icon = "people"
    minutes = 10
    role = Role.STAFF
    outcomes = (
        Outcome("yes", gettext_lazy("Also collects"), "y", "check"),
        Outcome("no", gettext_lazy("Not theirs"), "n", "close"),
    )

    def find(self, shop: Shop, since: datetime) -> Iterable[Card]:
        """Pairs that bought or came since then are counted over a longer time."""
        pairs = {*_bought(shop, since), *_together(_entries(shop, since))}
        if not pairs:
            return []
        faces = _faces(shop, {customer for _person, customer in pairs})
        persons = {person for person, _customer in pairs}
        first = timezone.now() - RECALL
        bought = _bought(shop, first, persons)
        together = _together(_entries(shop, first, persons.union(*faces.values())))
        asked = sorted(
            pair for pair in pairs if pair[1] in faces and max(bought[pair], together[pair]) >= TIMES
        )
        last = _last_visits(shop, {person for person, _customer in asked})
        return [
            self._card(shop, pair, last[pair[0]], faces[pair[1]][0], bought[pair], together[pair])
            for pair in asked
        ]

    def _card(
        self, shop: Shop, pair: tuple[int, int], visit: Visit, face: int, bought: int, together: int
    ) -> Card:
        person, customer = pair
        return Card(
            shop=shop,
            kind=self.kind,
            key=f"{person}-{customer}",
            at=visit.entry_at,
            until_at=visit.exit_at,
            visit=visit,
            person_id=person,
            other_person_id=face,
            customer_id=customer,
            because={"bought": bought, "together": together},
        )

    def settled(self, cards: CardQuerySet) -> CardQuerySet:
        """The face was named, merged or forgotten elsewhere, or works here."""
        return cards.filter(
            Q(person__customer__isnull=False)
            | Q(person__merged_into__isnull=False)
            | Q(person__is_shop_staff=True)
            | Q(person__is_ignored=True)
            | Q(customer__merged_into__isnull=False)
        )

    def sentence(self, card: Card) -> str:
        names: dict[str, object] = {"who": card.person, "customer": card.customer} | card.because
        if card.because["bought"] >= TIMES:
            seen = _("%(who)s bought %(bought)s times on the account of %(customer)s.") % names
        else:
            seen = _("%(who)s came together with %(customer)s %(together)s times.") % names
        return f"{seen} {_('Ask them first: their face is then kept like the face of %(customer)s.') % names}"

    def decide(self, card: Card, outcome: str, answer: Answer, actor: Actor) -> dict[str, Any]:
        assert card.person is not None and card.customer is not None
        if outcome == "no":
            return {}
        fields: dict[str, Any] = {"customer": card.customer}
        if not card.person.name:  # else they would be called as the customer is
            own = card.customer.name[:LONGEST_OWN_NAME]
            fields["name"] = _("%(name)s's household") % {"name": own}
        event = decisions.name(card.person, fields, actor)
        return {"event": event.pk} if event else {}

    def undo(self, card: Card, actor: Actor) -> None:
        if "event" in card.done:
            decisions.undo(IdentityEvent.objects.of(card.shop).get(pk=card.done["event"]), actor)


def _bought(shop: Shop, since: datetime, persons: Collection[int] | None = None) -> Times:
    """How often somebody without an account (of these persons) bought on one since then."""
    links = SaleLink.objects.filter(
        shop=shop,
        state__in=SaleLink.SURE,
        sale__sold_at__gte=since,
        sale__customer__merged_into=None,
        sale__void=None,
        visit__in=Visit.objects.of(shop).by_customers(),
        visit__person__customer=None,
    ).exclude(Q(sale__customer=None) | Q(visit__person=None))
    if persons is not None:
        links = links.filter(visit__person__in=persons)
    return Counter(links.values_list("visit__person", "sale__customer"))


def _entries(shop: Shop, since: datetime, persons: Collection[int] | None = None) -> Iterator[list[Entry]]:
    """Who came in since then (of these persons), camera by camera, in the order in which they came."""
    visits = Visit.objects.of(shop).by_customers().filter(entry_at__gte=since, person__isnull=False)
    if persons is not None:
        visits = visits.filter(person__in=persons)
    rows = visits.order_by("recording__camera_id", "entry_at", "pk")
    columns = rows.values_list("recording__camera", "entry_at", "person", "person__customer")
    for _camera, entries in groupby((Entry(*row) for row in columns), lambda entry: entry.camera):
        yield list(entries)


def _together(cameras: Iterable[list[Entry]]) -> Times:
    """How often somebody without an account came in with a face of one."""
    times: Times = Counter()
    for entries in cameras:
        for place, one in enumerate(entries):
            for other in entries[place + 1 :]:
                if other.at - one.at > AT_ONCE:
                    break
                for guest, host in ((one, other), (other, one)):
                    if guest.customer is None and host.customer is not None:
                        times[guest.person, host.customer] += 1
    return times


def _faces(shop: Shop, customers: Collection[int]) -> dict[int, list[int]]:
    """The persons (ids) that each of these accounts (ids) has already."""
    people = Person.objects.of(shop).filter(customer__in=customers, merged_into=None).order_by("pk")
    faces: dict[int, list[int]] = {}
    for customer, person in people.values_list("customer", "pk"):
        faces.setdefault(customer or 0, []).append(person)
    return faces


def _last_visits(shop: Shop, persons: Collection[int]) -> dict[int, Visit]:
    """The last visit of each of these persons (ids)."""
    visits = Visit.objects.of(shop).filter(person__in=persons)
    rows = visits.order_by("person_id", "-entry_at").distinct("person_id")
    return {visit.person_id or 0: visit for visit in rows}
