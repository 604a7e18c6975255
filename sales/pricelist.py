"""The price list: every function that writes a can type or a price, and what a can costs whom at what time.

Sold sizes are retired, never deleted; a new price is a further row, so that an old sale finds the price of its time.
"""

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import BigIntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Now
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import Customer
from sales.models import MONEY, CanPrice, CanType, CustomerPrice
from watershop import audit
from watershop.audit import Actor
from watershop.models import Shop

PRICED = ("price", "gst_rate", "hsn")  # what a row of CanPrice says of a size


@dataclass(frozen=True)
class Price:
    """What counts from `since` on; a customer's own price is None where it leads back to the shop's."""

    since: datetime
    price: Decimal | None
    gst_rate: Decimal | None
    hsn: str


@dataclass(frozen=True)
class PriceBook:
    """Prices over time, oldest first, by the ids of customer (None: everybody) and can type."""

    prices: Mapping[tuple[int | None, int], Sequence[Price]]

    def entry(self, can_type: CanType, at: datetime) -> Price:
        """The shop's price at that time, with its tax; before the first one, that one."""
        rows = self.prices[None, can_type.pk]
        return _latest(rows, at) or rows[0]

    def price(self, can_type: CanType, at: datetime, customer: Customer | None = None) -> Decimal:
        """Rupees per can for this customer, or for anybody, at that time."""
        own = _latest(self.prices.get((customer.pk, can_type.pk), ()), at) if customer else None
        price = own.price if own and own.price is not None else self.entry(can_type, at).price
        assert price is not None, "the shop's own price is never empty"
        return price


def _latest(rows: Sequence[Price], at: datetime) -> Price | None:
    place = bisect_right(rows, at, key=lambda row: row.since)
    return rows[place - 1] if place else None


def price_book(shop: Shop, customers: Collection[Customer] = ()) -> PriceBook:
    """Every price of the shop and of these customers; one query."""
    everybody = Value(None, BigIntegerField())
    rows: QuerySet[Any, Any] = CanPrice.objects.filter(shop=shop).values_list(
        everybody, "can_type_id", "since", "id", *PRICED
    )
    if customers:
        untaxed = Value(None, MONEY), Value("")
        theirs = CustomerPrice.objects.filter(shop=shop, customer__in=customers)
        rows = rows.union(
            theirs.values_list("customer_id", "can_type_id", "since", "id", "price", *untaxed), all=True
        )
    prices: dict[tuple[int | None, int], list[Price]] = {}
    for customer, size, since, _pk, *what in sorted(rows, key=lambda row: row[2:4]):
        prices.setdefault((customer, size), []).append(Price(since, *what))
    return PriceBook(prices)


def priced(can_types: QuerySet[CanType], customer: Customer | None = None) -> QuerySet[Any]:
    """The sizes, each with what it costs this customer, or anybody, now: `price`, `gst_rate`, `hsn`."""
    listed = CanPrice.objects.filter(can_type=OuterRef("pk"), since__lte=Now()).order_by("-since", "-id")
    shown = {name: Subquery(listed.values(name)[:1]) for name in PRICED}
    if customer:
        own = CustomerPrice.objects.filter(can_type=OuterRef("pk"), customer=customer, since__lte=Now())
        latest = Subquery(own.order_by("-since", "-id").values("price")[:1], output_field=MONEY)
        shown["price"] = Coalesce(latest, shown["price"], output_field=MONEY)  # type: ignore[assignment]
    return can_types.annotate(**shown)


@transaction.atomic
def add_can_type(
    *,
    shop: Shop,
    code: str,
    name: str,
    litres: Decimal,
    price: Decimal,
    deposit: Decimal,
    actor: Actor,
    gst_rate: Decimal | None = None,
    hsn: str = "",
) -> CanType:
    """A new size on the price list. Raises ValidationError when the shop has that size already."""
    if CanType.objects.of(shop).filter(code__iexact=code).exists():
        raise ValidationError({"code": _("There is already a size %(code)s.") % {"code": code}})
    can_type = CanType(shop=shop, code=code, name=name, litres=litres, deposit=deposit)
    can_type.full_clean()
    can_type.save()
    _put(can_type, timezone.now(), actor, price=price, gst_rate=gst_rate, hsn=hsn)
    after = {"code": code, "name": name, "price": str(price), "deposit": str(deposit)}
    audit.record(shop, actor, "add_can_type", can_type, after=after)
    return can_type


@transaction.atomic
def change_can_type(can_type: CanType, fields: Mapping[str, Any], *, actor: Actor) -> CanType:
    """Rename a size, or give it a new price, tax or deposit: sales made before keep what they charged.

    `fields` are columns of CanType and those of its price; `since` says from when the price counts, now without it.
    Raises ValidationError.
    """
    prices = {name: fields[name] for name in PRICED if name in fields}
    if prices:
        _change_price(can_type, prices, fields.get("since"), actor)
    rest = {name: value for name, value in fields.items() if name not in (*PRICED, "since")}
    return audit.change(can_type, actor, "change_can_type", rest)


def _change_price(can_type: CanType, prices: Mapping[str, Any], since: datetime | None, actor: Actor) -> None:
    now = timezone.now()
    if since and since < now:
        raise ValidationError({"since": _("A price can't change in the past. Choose a day to come.")})
    standing = price_book(can_type.shop).entry(can_type, since or now)
    kept = {name: getattr(standing, name) for name in PRICED}
    changed = {name: value for name, value in prices.items() if value != kept[name]}
    if not changed:
        return
    row = _put(can_type, since or now, actor, **kept | changed)
    before = {name: str(kept[name]) for name in changed}
    after = {name: str(value) for name, value in changed.items()} | {"since": row.since.isoformat()}
    audit.record(can_type.shop, actor, "change_price", can_type, before=before, after=after)


def _put(can_type: CanType, since: datetime, actor: Actor, **fields: Any) -> CanPrice:
    row = CanPrice(shop=can_type.shop, can_type=can_type, since=since, by=actor.user, **fields)
    row.full_clean(exclude=["shop", "can_type", "by"])
    row.save()
    return row


@transaction.atomic
def set_own_prices(customer: Customer, prices: Mapping[CanType, Decimal | None], *, actor: Actor) -> None:
    """What these sizes cost this customer from now on; None leads back to the shop's price. Raises ValidationError."""
    now = timezone.now()
    standing = own_prices(customer)
    for can_type, price in prices.items():
        if standing.get(can_type.pk) == price:
            continue
        row = CustomerPrice(
            shop=customer.shop, customer=customer, can_type=can_type, price=price, since=now, by=actor.user
        )
        row.full_clean(exclude=["shop", "customer", "can_type", "by"])
        row.save()
        after = {"size": can_type.code, "price": None if price is None else str(price)}
        audit.record(customer.shop, actor, "set_own_price", customer, after=after)


def put_own_prices(
    shop: Shop, prices: Mapping[tuple[Customer, CanType], Decimal], *, since: datetime, actor: Actor
) -> None:
    """Own prices of many customers, with one query. The values were checked; the deed that calls this records it."""
    CustomerPrice.objects.bulk_create(
        CustomerPrice(
            shop=shop, customer=customer, can_type=can_type, price=price, since=since, by=actor.user
        )
        for (customer, can_type), price in prices.items()
    )


def take_back_own_prices(
    shop: Shop, customers: Collection[Customer], *, since: datetime, at: datetime, actor: Actor
) -> None:
    """What `put_own_prices` set for these customers at `since` is from `at` on what it was before; two queries."""
    own = {
        (customer, size): rows
        for (customer, size), rows in price_book(shop, customers).prices.items()
        if customer is not None
    }
    before = {key: _latest(rows, since - timedelta.resolution) for key, rows in own.items()}
    CustomerPrice.objects.bulk_create(
        CustomerPrice(
            shop=shop,
            customer_id=customer,
            can_type_id=can_type,
            price=earlier.price if (earlier := before[customer, can_type]) else None,
            since=at,
            by=actor.user,
        )
        for (customer, can_type), rows in own.items()
        if rows[-1].since == since
    )


def own_prices(customer: Customer) -> dict[int, Decimal]:
    """The customer's own prices that count now, by the size's id."""
    rows = CustomerPrice.objects.filter(shop=customer.shop_id, customer=customer, since__lte=timezone.now())
    latest = rows.order_by("can_type_id", "-since", "-id").distinct("can_type_id")
    return {row.can_type_id: row.price for row in latest if row.price is not None}


def to_come(shop: Shop) -> QuerySet[CanPrice]:
    """Prices that are set but do not count yet, the next one first."""
    return CanPrice.objects.filter(Q(shop=shop), since__gt=timezone.now()).select_related("can_type")


def retire(can_type: CanType, *, actor: Actor) -> CanType:
    """Take a size off the till."""
    return audit.change(can_type, actor, "retire_can_type", {"retired_at": timezone.now()})


def bring_back(can_type: CanType, *, actor: Actor) -> CanType:
    """Put a retired size on the till again."""
    return audit.change(can_type, actor, "bring_back_can_type", {"retired_at": None})
