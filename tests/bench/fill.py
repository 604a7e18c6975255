"""Shops with a past of any length, made by SQL: one small shop, written by the ledger itself, copied many times.

Each copy is another neighbourhood: the same customers under other codes, their sales somewhat earlier, so that all
copies together fill the gap to the sale before. So every column of every table is filled as the ledger fills it,
whatever migrations add, and the books of the copy agree. Visits are written as they are found: by one statement.
"""

import random
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from functools import cache

from django.apps import apps
from django.db import connection, models, transaction
from django.db.models import Max
from django.db.models.functions import Coalesce
from django.utils import timezone

from customers.book import add_customer
from customers.models import Customer
from sales import drawer
from sales.ledger import receive_payment, record_sales
from sales.models import CanType, Sale, Tender
from sales.new_sale import Line, NewSale
from tests.base import TESTS
from vision.models import Camera, Person, Recording
from watershop import accounts, opening
from watershop.models import Answer, AuditEntry, Membership, Role, RoleRight, Shop, ShopRow, User

SMALL, MIDDLE, BIG = "small", "middle", "big"
CLERKS = 8
CUSTOMERS_PER_SALE = Decimal("0.05")
DAYS = 3 * 365
UNPAID = 0.06
VISITS_PER_SALE = 0.3
FACES = 3000
NAMES = (
    "Asha",
    "Bala",
    "Chandra",
    "Divya",
    "Eswar",
    "Fatima",
    "Ganesh",
    "Harini",
    "Imran",
    "Jyothi",
    "Kavitha",
)
FAMILIES = ("Reddy", "Rao", "Naidu", "Sharma", "Iyer", "Begum", "Gupta", "Pillai", "Varma", "Kumari")
CAN_TYPES = [
    {"code": "20L", "litres": Decimal(20), "price": Decimal(20), "deposit": Decimal(0)},
    {"code": "10L", "litres": Decimal(10), "price": Decimal(10), "deposit": Decimal(0)},
]
# The tables' primary keys and unique rules first, as the foreign keys of all tables need them.
KEYS = """
SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace
AND (contype = 'f' OR contype IN ('p', 'u') AND conrelid::regclass::text = ANY(%s))
ORDER BY array_position(ARRAY['p', 'u', 'f'], contype::text), conname
"""
INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid::regclass::text = ANY(%s)
AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
"""
VISITS = """
INSERT INTO vision_visit (shop_id, recording_id, person_id, entry_at, exit_at, is_confirmed, kind, label, entry_by,
    exit_by, shots)
SELECT shop, %s, CASE WHEN random() > 0.125 THEN (%s::bigint[])[1 + floor(random() * %s)::int] END,
    at, at + random() * interval '5 minutes', false, 'face', '', 'sight', 'sight', 3
FROM (SELECT %s * interval '1 day' AS years, %s::bigint AS shop) AS these,
    LATERAL (SELECT now() - years * random() AS at FROM generate_series(1, %s)) AS entries
ORDER BY at
"""


@transaction.atomic
def fill(*, small: int, copies: int) -> None:
    """The shop `small` with so many sales, `big` with that many times `copies`, and `middle` with a tenth of that."""
    if Shop.objects.filter(slug=BIG).exists():
        return
    clerks = [User.objects.create_user(f"clerk{number}") for number in range(CLERKS)]
    shops = {slug: _open(slug, clerks) for slug in (SMALL, MIDDLE, BIG)}
    _trade(shops[SMALL], sales=small)
    few = max(1, copies // 10)
    with _no_keys():
        stride = max(_last_id(model) for model in _copied())
        _copy(shops[SMALL], shops[BIG], range(1, copies + 1), stride)
        _copy(shops[SMALL], shops[MIDDLE], range(copies + 1, copies + few + 1), stride)
    for slug, copied in ((MIDDLE, few), (BIG, copies)):
        _come_in(shops[slug], round(small * copied * VISITS_PER_SALE))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _open(slug: str, clerks: Iterable[User]) -> Shop:
    owner = User.objects.create_user(f"owner-{slug}")
    shop = accounts.create_shop(slug=slug, name=slug.title(), owner=owner, actor=TESTS)
    for clerk in clerks:
        accounts.add_member(shop=shop, user=clerk, role=Role.STAFF, actor=TESTS)
    return shop


def _trade(shop: Shop, *, sales: int) -> None:
    """Sales over two years to regulars who mostly pay, and who bring some of what they owe."""
    chance = random.Random(1)
    opening.equip(shop, can_types=CAN_TYPES, upi_id="bench@examplebank", actor=TESTS)
    drawer.open_session(shop, opening_float=Decimal(500), actor=TESTS)
    can_types = list(CanType.objects.of(shop).order_by("code"))
    customers = [_customer(shop, number) for number in range(max(1, int(sales * CUSTOMERS_PER_SALE)))]
    first = timezone.now() - timedelta(days=DAYS)
    news = [
        NewSale(
            lines=[_line(chance.choice(can_types), chance.randint(1, 3))],
            tender=chance.choice(list(Tender)),
            customer=chance.choice(customers),
            is_paid=chance.random() > UNPAID,
            sold_at=first + timedelta(days=DAYS) * (number + 1) / sales,
        )
        for number in range(sales)
    ]
    record_sales(shop, TESTS, news)
    for customer in customers[::2]:
        receive_payment(customer=customer, amount=Decimal(40), tender=Tender.CASH, actor=TESTS)


def _line(can_type: CanType, quantity: int) -> Line:
    """At a rupee a litre, as there was no price list yet."""
    return Line(can_type, quantity, can_type.litres * quantity)


def _customer(shop: Shop, number: int) -> Customer:
    name = f"{NAMES[number % len(NAMES)]} {FAMILIES[number % len(FAMILIES)]}"
    phone = f"{9_000_000_000 + number * 7919}"
    return add_customer(shop=shop, name=name, phone=phone, language="en", actor=TESTS)


@contextmanager
def _no_keys() -> Iterator[None]:
    """Without keys and indexes while rows are copied: made again at the end, they check and sort all rows at once."""
    with connection.cursor() as cursor:
        tables = [model._meta.db_table for model in _copied()]
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL maintenance_work_mem = '512MB'")
        cursor.execute(KEYS, [tables])
        keys = cursor.fetchall()
        for table, name, _rule in reversed(keys):
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        cursor.execute(INDEXES, [tables])
        indexes = cursor.fetchall()
        for name, _rule in indexes:
            cursor.execute(f"DROP INDEX {name}")
        cursor.execute("".join(f"ALTER TABLE {table} DISABLE TRIGGER USER;" for table in tables))
        yield
        cursor.execute("".join(f"ALTER TABLE {table} ENABLE TRIGGER USER;" for table in tables))
        for name, rule in indexes:
            _say(f"making {name}")
            cursor.execute(rule)
        for table, name, rule in keys:
            _say(f"making {name}")
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {rule}")


def _copied() -> list[type[ShopRow]]:
    left_out = (Membership, RoleRight, Answer)
    return [
        model
        for app in ("watershop", "customers", "sales")
        for model in apps.get_app_config(app).get_models()
        if issubclass(model, ShopRow) and not model._meta.proxy and model not in left_out
    ]


@cache
def _is_many(model: type[models.Model]) -> bool:
    """Whether each copy has its own: what is a customer's, or about what is a customer's."""
    keys = [field.related_model for field in model._meta.concrete_fields if field.is_relation]
    return model in (Customer, AuditEntry) or any(
        isinstance(key, type) and key is not model and _is_many(key) for key in keys
    )


def _copy(source: Shop, target: Shop, copies: range, stride: int) -> None:
    """The copies with these numbers, which no other shop has: `stride` times its number parts the ids of a copy."""
    sales = Sale.objects.of(source).count()
    step_s = DAYS * 24 * 3600 / sales / len(copies)
    with connection.cursor() as cursor:
        for model in _copied():
            table, last = model._meta.db_table, copies[-1] if _is_many(model) else copies[0]
            _say(f"copying {table}")
            columns = {
                f'"{field.column}"': _value(field, stride, copies[0], step_s) for field in _stored(model)
            }
            columns['"shop_id"'] = str(target.pk)
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(columns.values())} "
                f"FROM {table} row_, generate_series({copies[0]}, {last}) copy WHERE shop_id = %s "
                "ORDER BY row_.id, copy",
                [source.pk],
            )
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")


def _say(text: str) -> None:
    """Progress, beside the figures: a million sales take minutes."""
    sys.stderr.write(f"{text} ...\n")


def _last_id(model: type[ShopRow]) -> int:
    return model._default_manager.aggregate(last=Coalesce(Max("pk"), 0))["last"]  # type: ignore[no-any-return]


def _stored(model: type[ShopRow]) -> list["models.Field[object, object]"]:
    return [field for field in model._meta.concrete_fields if not isinstance(field, models.GeneratedField)]


def _value(field: "models.Field[object, object]", stride: int, first: int, step_s: float) -> str:
    """What a copy has in that column; `copy` is its number."""
    model, value = field.model, f'row_."{field.column}"'
    other = field.related_model
    if field.primary_key or (isinstance(other, type) and issubclass(other, ShopRow)):
        is_many = _is_many(model if field.primary_key else other)
        return f"{value} + {stride} * {'copy' if is_many else first}"
    if not _is_many(model):
        return value
    if isinstance(field, models.DateTimeField):
        return f"{value} - (copy - {first}) * interval '{step_s} seconds'"
    if field.name == "phone":
        return f"({value}::bigint + copy * 104729)::text"
    if field.name == "name" or _is_unique(field):
        return f"{value} || ' ' || copy" if field.name == "name" else f"{value} || '-' || copy"
    return value


def _is_unique(field: "models.Field[object, object]") -> bool:
    """Whether it is a text that the shop has once, such as a code or a receipt number."""
    once = [
        rule.fields for rule in field.model._meta.constraints if isinstance(rule, models.UniqueConstraint)
    ]
    return (
        isinstance(field, models.CharField) and not field.choices and any(field.name in row for row in once)
    )


def _come_in(shop: Shop, visits: int) -> None:
    """One visit in eight is of nobody known, one face in fifty of somebody who works here."""
    camera = Camera.objects.create(shop=shop, name="Door")
    recording = Recording.objects.create(shop=shop, camera=camera, sha256="bench", started_at=timezone.now())
    codes = Person.next_codes(shop, min(FACES, visits))
    people = Person.objects.bulk_create(
        Person(shop=shop, code=code, is_shop_staff=number % 50 == 49) for number, code in enumerate(codes)
    )
    faces = [person.pk for person in people]
    _say(f"{visits} visits to {shop}")
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.5)")
        cursor.execute(VISITS, [recording.pk, faces, len(faces), DAYS, shop.pk, visits])
