"""The cast that every test knows, and the one place that may switch the append-only triggers off.

Meena manages, Ravi sells, Lakshmi owns the shop; Asha and Bala buy; 20 L costs 20 rupees, 10 L costs 10.
"""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection, transaction

from customers.models import Customer
from sales.ledger import record_sale
from sales.models import CanPrice, CanType, Sale, Tender
from sales.new_sale import Line, NewSale
from tests.shared_data import shared_folder
from watershop import accounts
from watershop.audit import Actor
from watershop.models import Role, Shop, User

PASSWORD = "the-cast-knows-it"
FILLED_BY_MIGRATIONS = {"auth_permission", "django_content_type", "django_migrations"}
TESTS = Actor.command("tests")


def shared() -> Path:
    """The folder of test data that is no part of the project; skips the test where it is missing."""
    folder = shared_folder()
    if not folder.is_dir():
        pytest.skip(f"no shared test data at {folder} (set WATERSHOP_SHARED)")
    return folder


@dataclass(frozen=True)
class Cast:
    shop: Shop
    lakshmi: User
    meena: User
    ravi: User
    asha: Customer
    bala: Customer
    can20: CanType
    can10: CanType


def make_cast(slug: str = "water") -> Cast:
    """A shop with its people. A second one with another slug is the neighbour that must never see the first."""
    users = {}
    for name in ("lakshmi", "meena", "ravi"):
        users[name] = User.objects.create_user(
            name if slug == "water" else f"{name}-{slug}", password=PASSWORD
        )
    shop = accounts.create_shop(slug=slug, name="Water", owner=users["lakshmi"], actor=TESTS)
    accounts.add_member(shop=shop, user=users["meena"], role=Role.MANAGER, actor=TESTS)
    accounts.add_member(shop=shop, user=users["ravi"], role=Role.STAFF, actor=TESTS)
    asha = Customer.objects.create(shop=shop, code="ASHA", name="Asha", phone="9876501234")
    bala = Customer.objects.create(shop=shop, code="BALA", name="Bala", phone="9876505678", language="te")
    can20, can10 = (
        _size(shop, code, litres) for code, litres in (("20L", Decimal(20)), ("10L", Decimal(10)))
    )
    return Cast(shop=shop, asha=asha, bala=bala, can20=can20, can10=can10, **users)


def _size(shop: Shop, code: str, litres: Decimal) -> CanType:
    can_type = CanType.objects.create(shop=shop, code=code, name=code, litres=litres, deposit=Decimal(100))
    CanPrice.objects.create(shop=shop, can_type=can_type, price=litres)
    return can_type


def sell(cast: Cast, quantity: int = 1, **fields: object) -> Sale:
    """Ravi sells 20 L cans for cash, unless told otherwise."""
    fields = {"lines": [Line(cast.can20, quantity)], "tender": Tender.CASH} | fields
    return record_sale(cast.shop, Actor(cast.ravi, "tests"), NewSale(**fields))  # type: ignore[arg-type]


def empty_tables() -> None:
    """Delete the rows of all tables but those that migrations fill; no setting of the product can do this.

    Between browser tests. Django's own flush truncates every table: a second each time, of which a test fills a few.
    """
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    tables = [connection.ops.quote_name(name) for name in names if name not in FILLED_BY_MIGRATIONS]
    some = "SELECT %s WHERE EXISTS (SELECT FROM {})"
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(some.format(table) for table in tables), tables)
        filled = [table for (table,) in cursor.fetchall()]
    switch = "ALTER TABLE {} {} TRIGGER USER"  # the append-only triggers
    with connection.cursor() as cursor:
        for table in filled:
            cursor.execute(switch.format(table, "DISABLE"))
        try:
            with transaction.atomic():
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
                for table in filled:
                    cursor.execute(f"DELETE FROM {table}")
        finally:
            for table in filled:
                cursor.execute(switch.format(table, "ENABLE"))
