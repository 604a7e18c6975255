"""A shop's days counted row by row in plain Python: slow, obvious, and knowing nothing of the roll-up."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from sales.models import CanMovement, Payment, Sale
from vision.models import Visit
from watershop.dates import day_of
from watershop.models import Shop


@dataclass
class Day:
    """What happened on one day; `buyers` and `visitors` say how often."""

    sales: int = 0
    cans: int = 0
    revenue: Decimal = Decimal(0)
    paid: Decimal = Decimal(0)
    unpaid_sales: int = 0
    stated: Counter[str] = field(default_factory=Counter)
    taken: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    cans_moved: int = 0
    visits: int = 0
    anonymous: int = 0
    sold_at: list[datetime] = field(default_factory=list)
    seen_at: list[datetime] = field(default_factory=list)
    staff_at: list[datetime] = field(default_factory=list)
    slots: dict[int, list[Decimal]] = field(default_factory=lambda: defaultdict(lambda: [Decimal(0)] * 4))
    """Sales, cans, revenue and visits of each half-hour."""
    sizes: dict[str, list[Decimal]] = field(default_factory=lambda: defaultdict(lambda: [Decimal(0)] * 2))
    """Cans and revenue by the code of the can type."""
    buyers: dict[int, list[Decimal]] = field(default_factory=lambda: defaultdict(lambda: [Decimal(0)] * 3))
    """Sales, cans and revenue by the id of the customer."""
    visitors: Counter[int] = field(default_factory=Counter)


def days_of(shop: Shop) -> dict[date, Day]:
    """Every day on which anything happened."""
    days: dict[date, Day] = defaultdict(Day)
    for sale in Sale.objects.filter(shop=shop, void=None).prefetch_related("lines__can_type", "allocations"):
        _sell(days[day_of(shop, sale.sold_at)], sale, shop)
    for payment in Payment.objects.filter(shop=shop):
        days[day_of(shop, payment.received_at)].taken[payment.tender] += payment.amount
    for moved in CanMovement.objects.filter(shop=shop):
        days[day_of(shop, moved.at)].cans_moved += moved.quantity
    for visit in Visit.objects.filter(shop=shop).select_related("person"):
        _come_in(days[day_of(shop, visit.entry_at)], visit, shop)
    return days


def slot_of(shop: Shop, at: datetime) -> int:
    local = at.astimezone(shop.tz)
    return 2 * local.hour + local.minute // 30


def _add(to: list[Decimal], *amounts: Decimal | int) -> None:
    to[:] = [old + new for old, new in zip(to, amounts, strict=True)]


def _sell(day: Day, sale: Sale, shop: Shop) -> None:
    lines = list(sale.lines.all())
    cans, worth = sum(line.quantity for line in lines), sum((line.amount for line in lines), Decimal(0))
    paid = sum((part.amount for part in sale.allocations.all()), Decimal(0))
    day.sales += 1
    day.cans += cans
    day.revenue += worth
    day.paid += paid
    day.unpaid_sales += worth > paid
    day.stated[sale.stated_tender] += 1
    day.sold_at.append(sale.sold_at)
    _add(day.slots[slot_of(shop, sale.sold_at)], 1, cans, worth, 0)
    for line in lines:
        _add(day.sizes[line.can_type.code], line.quantity, line.amount)
    if sale.customer_id:
        _add(day.buyers[sale.customer_id], 1, cans, worth)


def _come_in(day: Day, visit: Visit, shop: Shop) -> None:
    person = visit.person
    if person and person.is_shop_staff:
        day.staff_at += [visit.entry_at, visit.exit_at]
    if person and (person.is_shop_staff or person.is_ignored):
        return
    day.visits += 1
    day.seen_at += [visit.entry_at, visit.exit_at]
    _add(day.slots[slot_of(shop, visit.entry_at)], 0, 0, 0, 1)
    if person:
        day.visitors[person.customer_id or -person.pk] += 1
    else:
        day.anonymous += 1
