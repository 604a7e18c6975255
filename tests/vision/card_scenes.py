"""What till and camera saw that is worth a card: the scenes of the queues."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from customers.models import Customer
from sales import drawer
from sales.models import DrawerSession, Sale, Tender, UpiClaim
from tests.base import TESTS, Cast, sell
from tests.vision.crowd import came
from tests.vision.scene import a_person, a_visit
from vision.models import CanCount, Card, Consent, Person, SaleLink, Visit
from vision.queues import QUEUES, finding
from watershop.models import Shop

NEW, OLD = timedelta(days=1), timedelta(days=400)
FLOAT = 500


def look(kind: str, shop: Shop) -> list[Card]:
    """What waits in a queue once it was looked into."""
    finding.find_for(QUEUES[kind], shop)
    return list(Card.objects.open().filter(kind=kind).order_by("pk"))


def linked(cast: Cast, sale: Sale, person: Person) -> SaleLink:
    visit = a_visit(cast.shop, sale.sold_at - timedelta(seconds=30), person=person)
    return SaleLink.objects.create(
        shop=cast.shop, sale=sale, visit=visit, confidence=0.97, state=SaleLink.State.LINKED
    )


def a_doubt(shop: Shop) -> tuple[Person, Visit]:
    person = a_person(shop, name="Chitra")
    came(shop, person, [0.0], hour=-2)
    return person, came(shop, None, [0.4], hour=-1, candidate=person)


def two_alike(shop: Shop) -> tuple[Person, Person]:
    one, other = a_person(shop), a_person(shop)
    came(shop, one, [0.0], hour=-2)
    came(shop, other, [0.2], hour=-1)
    return one, other


def an_account_with_a_face(cast: Cast) -> Person:
    return a_person(cast.shop, customer=cast.asha)


def buys(cast: Cast, person: Person, times: int, **fields: Any) -> None:
    """This person buys on Asha's account, a day apart."""
    for day in range(times):
        at = timezone.now() - timedelta(days=day, hours=1)
        visit = a_visit(cast.shop, at, person=person)
        sale = sell(cast, sold_at=at + timedelta(seconds=30), **{"customer": cast.asha} | fields)
        SaleLink.objects.create(
            shop=cast.shop, sale=sale, visit=visit, confidence=0.97, state=SaleLink.State.LINKED
        )


def an_old_debtor(cast: Cast) -> Person:
    """Asha has been a customer for long and owes 40; her face is known."""
    Customer.objects.filter(pk=cast.asha.pk).update(created_at=timezone.now() - OLD)
    Customer.objects.filter(pk=cast.bala.pk).update(created_at=timezone.now() - NEW)
    sell(cast, 2, customer=cast.asha, is_paid=False)
    person = a_person(cast.shop, customer=cast.asha)
    Consent.objects.update(given_at=timezone.now() - OLD)
    came(cast.shop, person, [0.0], hour=-5)
    return person


def a_new_face(cast: Cast, place: float = 0.2) -> Person:
    """Bala's account is new, and so is his face."""
    person = a_person(cast.shop, customer=cast.bala)
    came(cast.shop, person, [place], hour=-1)
    return person


def a_claim(cast: Cast, person: Person | None = None, ref: str = "ref", **fields: Any) -> UpiClaim:
    """A UPI payment that comes with a sale to somebody whom the camera sees."""
    sale = sell(cast, **{"tender": Tender.UPI, "client_ref": ref} | fields)
    linked(cast, sale, person or a_person(cast.shop))
    return UpiClaim.objects.get(payment__allocations__sale=sale)


def a_count(cast: Cast, taken: int, brought: int, minutes: float = 20, **fields: object) -> Sale:
    """A sale of two cans, and how many the clerk counted."""
    ref = f"till-{CanCount.objects.count()}"
    at = timezone.now() - timedelta(minutes=minutes)
    sale = sell(cast, 2, **{"client_ref": ref, "sold_at": at} | fields)
    CanCount.objects.create(shop=cast.shop, brought=brought, taken=taken, client_ref=ref, by=cast.ravi, at=at)
    return sale


def opened(cast: Cast) -> DrawerSession:
    return drawer.open_session(cast.shop, opening_float=Decimal(FLOAT), actor=TESTS)


def closed(session: DrawerSession, *, off: int, upi_off: int = 0) -> DrawerSession:
    """Counted otherwise than expected, in rupees."""
    expected = drawer.expected(session)
    cash = int(expected[Tender.CASH]) + off
    return drawer.close_session(
        session,
        sheet={1: cash},
        coin=expected[Tender.COIN],
        upi=expected[Tender.UPI] + upi_off,
        actor=TESTS,
    )
