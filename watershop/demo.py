"""The demo shop: sixty days of made-up trade, up to the current minute, through the same doors as real trade.

Only the people, the habits and the camera's past are made up here; sales, money, cans and links are written by the
functions that the shop itself uses. See `watershop.demo_camera` for who came.
"""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from itertools import groupby

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.book import add_customer
from customers.models import Customer
from sales import stock
from sales.generating import believable_sales
from sales.ledger import receive_payment, record_sales
from sales.models import FIRST_CAN_TYPES, CanType, Sale, StockMove, Tender
from sales.new_sale import Line, NewSale
from sales.returns import Returned, return_cans
from sales.reversals import void_sale
from sales.transactions_csv import Row
from watershop import accounts, demo_camera, opening
from watershop.audit import Actor
from watershop.models import Role, Shop, User

SLUG = "demo"
NAME = "Sri Lakshmi Water"
DAYS = 60
SALES = 1500
SEED = 20
ORIGIN = "command seed"
SLOW_PAYERS = 6
MORNING_SALES = 12
CUSTOMERS = {  # by the language they are written to
    "te": """
        Asha Reddy, Bala Krishna, Chandra Sekhar, Divya Rao, Eswar Naidu, Ganesh Kumar,
        Jyothi Prasad, Lokesh Varma, Mahesh Babu, Padma Latha, Sunitha Kumari, Venkat Rao,
        Yamini Devi, Bhavani Tiffin Centre, Hanuman Stores, Lalitha Hostel, Prakash Tailors,
        Sai Auto Works, Vijaya Lakshmi
    """,
    "hi": """
        Fatima Begum, Imran Khan, Nandini Sharma, Om Prakash, Qasim Ali, Ramesh Gupta, Waseem Ahmed,
        Zakir Hussain, Deepak Verma, Mohan Das
    """,
    "ta": """
        Harini Iyer, Kavitha Murugan, Uma Maheswari, Anand Pillai, Karthik Subramanian,
        Revathi Natarajan
    """,
    "en": """
        Thomas Mathew, Xavier D'Souza, City Dental Clinic, Green Park Flats, Nirmala School
    """,
}


class NotEmptyError(Exception):
    """There is a shop already: the demo is only ever built into an empty database."""


def build_demo() -> Shop:
    """Open the demo shop with everything in it and a recording that waits for the worker. Raises NotEmptyError."""
    if Shop.objects.exists():
        raise NotEmptyError(
            _("There is a shop in this database already. The demo needs an empty one: `make run`.")
        )
    clip = demo_camera.film_clip(timezone.now(), seed=SEED)  # slow, so before the transaction
    with transaction.atomic():
        trade = _Trade(_open_shop(), random.Random(SEED))
        trade.go_on_until(clip.starts_at)
        trade.sell_on_camera(clip.moments())
        trade.void_some()
        trade.count_stock()
        demo_camera.remember_visits(trade.shop, trade.chance, until=clip.starts_at, decided_by=trade.manager)
        clip.hand_in(trade.shop)
    return trade.shop


def _open_shop() -> Shop:
    """The shop with its three people, its price list and its customers."""
    actor = Actor(None, ORIGIN)
    users = {  # their passwords and PINs are made anew at each start, by accounts.fresh_demo_sign_ins
        role: User.objects.create_user(username, first_name=name)
        for username, role, name in accounts.DEMO_USERS
    }
    shop = accounts.create_shop(slug=SLUG, name=NAME, owner=users[Role.OWNER], actor=actor, is_demo=True)
    for role in (Role.MANAGER, Role.STAFF):
        accounts.add_member(shop=shop, user=users[role], role=role, actor=actor)
    opening.equip(shop, can_types=FIRST_CAN_TYPES, upi_id="srilakshmi@examplebank", actor=actor)
    for number, (name, language) in enumerate(_people(), start=1):
        phone = f"90000{number * 1237:05d}"
        add_customer(shop=shop, name=name, phone=phone, language=language, actor=actor)
    return shop


def _people() -> list[tuple[str, str]]:
    """Name and language of each customer, in the order of the alphabet."""
    return sorted(
        (name.strip(), language) for language, names in CUSTOMERS.items() for name in names.split(",")
    )


def _up_to(now: datetime, rows: Sequence[Row]) -> list[Row]:
    """What was sold by `now`. Lest today be empty, a demo opened early has sold its morning since midnight."""
    midnight = datetime.combine(now.date(), time.min, now.tzinfo)
    if now - midnight > timedelta(hours=11):
        return [row for row in rows if row.sold_at < now]
    today = [row for row in rows if row.sold_at >= midnight][:MORNING_SALES]
    step = (now - midnight) / (len(today) + 1)
    moved = [replace(row, sold_at=midnight + number * step) for number, row in enumerate(today, start=1)]
    return [row for row in rows if row.sold_at < midnight] + moved


def _at_work(shop: Shop, role: Role) -> Actor:
    return Actor(User.objects.get(memberships__shop=shop, memberships__role=role), ORIGIN)


@dataclass
class _Trade:
    """The shop's days, one after the other. Money owed and cans held are followed to make people behave."""

    shop: Shop
    chance: random.Random
    owed_since: dict[str, datetime] = field(default_factory=dict)
    owed: Counter[str] = field(default_factory=Counter)
    held: Counter[tuple[str, Decimal]] = field(default_factory=Counter)
    slow: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.clerk = _at_work(self.shop, Role.STAFF)
        self.manager = _at_work(self.shop, Role.MANAGER)
        self.customers = {customer.code: customer for customer in Customer.objects.of(self.shop)}
        self.can_types = {can_type.litres: can_type for can_type in CanType.objects.of(self.shop)}

    def go_on_until(self, now: datetime) -> None:
        """Everything from sixty days ago to `now`."""
        now = now.astimezone(self.shop.tz)
        first = now.date() - timedelta(days=DAYS - 1)
        rows = believable_sales(
            count=SALES, customers=len(self.customers), first=first, days=DAYS, zone=self.shop.tz, seed=SEED
        )
        rows = _up_to(now, rows)
        unpaid = Counter(row.customer for row in rows if not row.is_paid)
        self.slow = frozenset(code for code, _count in unpaid.most_common(SLOW_PAYERS))
        for day, sales in groupby(rows, key=lambda row: row.sold_at.date()):
            self._sell(sales)
            closing = datetime.combine(day, time(19, 50), self.shop.tz)
            if closing < now:
                self._settle(closing)
                self._bring_cans_back(closing)

    def _sell(self, rows: Iterable[Row]) -> None:
        """Ravi sells in the morning, Meena in the afternoon."""
        for is_morning, part in groupby(rows, key=lambda row: row.sold_at.hour < 14):
            seller = self.clerk if is_morning else self.manager
            record_sales(self.shop, seller, [self._new_sale(row) for row in part])

    def _new_sale(self, row: Row) -> NewSale:
        customer = self.customers.get(row.customer)
        can_type, quantity = self.can_types[row.litres], row.quantity or 1
        if customer and not row.is_paid:
            self.owed[row.customer] += int(row.amount)
            self.owed_since.setdefault(row.customer, row.sold_at)
        brought = self._empties(row, quantity) if customer else 0
        return NewSale(
            lines=[Line(can_type, quantity, row.amount)],
            tender=row.tender,
            customer=customer,
            is_paid=row.is_paid,
            sold_at=row.sold_at,
            empties=[(can_type, brought)] if brought else [],
        )

    def _empties(self, row: Row, taken: int) -> int:
        """How many empties come back with this sale: mostly all that are at home."""
        key = (row.customer, row.litres)
        brought = min(self.held[key], taken + 1) if self.chance.random() < 0.9 else 0
        self.held[key] += taken - brought
        return brought

    def _settle(self, at: datetime) -> None:
        """Most people pay what they owe within days; the slow ones a part of it, when it has become old."""
        for code, since in list(self.owed_since.items()):
            is_slow = code in self.slow
            patience = timedelta(days=24 if is_slow else 3 + self.chance.randrange(6))
            if at - since < patience:
                continue
            amount = max(10, self.owed[code] // 20 * 10) if is_slow else self.owed[code]
            receive_payment(
                customer=self.customers[code],
                amount=Decimal(amount),
                tender=self.chance.choice((Tender.UPI, Tender.CASH)),
                actor=self.manager,
                received_at=at,
            )
            self.owed[code] -= amount
            del self.owed_since[code]
            if self.owed[code]:
                self.owed_since[code] = at - timedelta(days=10)

    def _bring_cans_back(self, at: datetime) -> None:
        """Now and then somebody tidies up and brings cans back without buying."""
        for (code, litres), count in list(self.held.items()):
            if count >= 2 and self.chance.random() < 0.12:
                return_cans(
                    customer=self.customers[code],
                    returned=[Returned(self.can_types[litres], count - 1)],
                    actor=self.clerk,
                    at=at,
                )
                self.held[code, litres] = 1

    def sell_on_camera(self, moments: Iterable[datetime]) -> None:
        """A sale in each of these moments, to two customers and then to walk-ins."""
        big = self.can_types[max(self.can_types)]
        buyers = [self.customers["CUST_0001"], self.customers["CUST_0002"]]
        news = [
            NewSale(
                lines=[Line(big, 1)],
                tender=Tender.UPI,
                customer=buyers[number] if number < len(buyers) else None,
                sold_at=at,
            )
            for number, at in enumerate(moments)
        ]
        record_sales(self.shop, self.clerk, news)

    def void_some(self) -> None:
        """Three of the last sales were mistakes."""
        reasons = (_("Wrong customer"), _("Pressed twice"), _("Can was leaking"))
        lately = Sale.objects.of(self.shop).order_by("-sold_at")[6:12:2]
        for sale, reason in zip(lately, reasons, strict=True):
            void_sale(sale, reason=reason, actor=self.manager)

    def count_stock(self) -> None:
        """What stands in the shop; by the sales alone it would be less than nothing."""
        full, empty, broken = StockMove.State
        here = ((full, 60), (empty, 25), (broken, 2))
        counted = {(size, str(state)): number for size in self.can_types.values() for state, number in here}
        stock.count(self.shop, counted=counted, reason=_("First count"), actor=self.manager)
