"""Believable sales of a water shop, made up: regulars with their own rhythm, walk-ins, peaks, and people who owe.

Pure functions of their seed, without a database: `generate_transactions` writes them to a file, the demo shop
records them.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

from sales.models import FIRST_CAN_TYPES, Tender
from sales.transactions_csv import Row

PRICES: dict[Decimal, Decimal] = {can_type["litres"]: can_type["price"] for can_type in FIRST_CAN_TYPES}
BIG, SMALL = sorted(PRICES, reverse=True)
OPENS, CLOSES = 8 * 60, 20 * 60  # minutes of the shop's day
MORNING, EVENING = 9.3 * 60, 18.2 * 60
WALK_INS = 0.18
WEEKEND = 1.35  # how much busier Saturday and Sunday are
DEFAULTERS = 0.12
SELDOM, OFTEN = 0.02, 0.55  # the share of their sales that people leave unpaid


@dataclass(frozen=True)
class Buyer:
    """Somebody with habits; a walk-in has no code and is seen once. `minute` of the day is when they usually come."""

    code: str
    pace: float
    minute: float
    litres: Decimal
    quantity: int
    tender: Tender
    owes: float


def believable_sales(
    *, count: int, customers: int, first: date, days: int, zone: ZoneInfo, seed: int
) -> list[Row]:
    """Exactly `count` sales in the order of time, over `days` from `first`, to that many regulars and to walk-ins.

    The same arguments give the same rows.
    """
    chance = random.Random(seed)
    calendar = [first + timedelta(days=number) for number in range(days)]
    regulars = [_buyer(chance, f"CUST_{number:04d}") for number in range(1, customers + 1)]
    visits = list(_regular_visits(chance, regulars, round(count * (1 - WALK_INS)), calendar))
    weights = [WEEKEND if _is_weekend(day) else 1 for day in calendar]
    for day in chance.choices(calendar, weights, k=count - len(visits)):
        visits.append((_clock(chance, day, walk_in := _buyer(chance, "")), walk_in))
    visits.sort(key=lambda visit: visit[0])
    return [
        _row(chance, number, f"T{seed}-{number:06d}", at.replace(tzinfo=zone), buyer)
        for number, (at, buyer) in enumerate(visits, start=1)
    ]


def _buyer(chance: random.Random, code: str) -> Buyer:
    usual = (
        chance.gauss(MORNING, 65),
        chance.gauss(EVENING, 60),
        chance.uniform(OPENS, CLOSES),
    )
    is_defaulter = chance.random() < DEFAULTERS
    return Buyer(
        code=code,
        pace=chance.lognormvariate(0, 0.45),
        minute=chance.choices(usual, (43, 33, 24))[0],
        litres=BIG if chance.random() < 0.78 else SMALL,
        quantity=chance.choices((1, 2, 3, 5), (72, 20, 5, 3))[0],
        tender=chance.choices((Tender.UPI, Tender.CASH, Tender.COIN), (46, 43, 11))[0],
        owes=0 if not code else OFTEN if is_defaulter else SELDOM,
    )


def _regular_visits(
    chance: random.Random, regulars: Sequence[Buyer], count: int, calendar: Sequence[date]
) -> Iterator[tuple[datetime, Buyer]]:
    """`count` visits (none without regulars), shared out by pace and spread evenly, but for a person's whims."""
    shares = [round(count * part) for part in _running_shares([buyer.pace for buyer in regulars])]
    for buyer, (before, after) in zip(regulars, pairwise([0, *shares]), strict=True):
        interval = len(calendar) / max(after - before, 1)
        for number in range(after - before):
            place = int((number + 0.5 + chance.gauss(0, 0.25)) * interval)
            day = calendar[min(max(place, 0), len(calendar) - 1)]
            yield _clock(chance, _perhaps_weekend(chance, day, calendar[-1]), buyer), buyer


def _running_shares(parts: Sequence[float]) -> list[float]:
    whole = sum(parts)
    return [running / whole for running in accumulate(parts)]


def _is_weekend(day: date) -> bool:
    return day.weekday() >= 5


def _perhaps_weekend(chance: random.Random, day: date, last: date) -> date:
    """Some visits of a weekday are put off to the weekend."""
    weekend = day + timedelta(days=5 - day.weekday() + chance.randrange(2))
    is_put_off = not _is_weekend(day) and chance.random() < (WEEKEND - 1) / 4
    return weekend if is_put_off and weekend <= last else day


def _clock(chance: random.Random, day: date, buyer: Buyer) -> datetime:
    """The buyer's usual time, give or take. Who would find the shop closed comes as long after it opens."""
    minute = chance.gauss(buyer.minute, 25)
    minute = OPENS + abs(minute - OPENS)
    minute = CLOSES - abs(CLOSES - minute)
    return datetime.combine(day, time.min) + timedelta(seconds=int(minute * 60))


def _row(chance: random.Random, line: int, code: str, at: datetime, buyer: Buyer) -> Row:
    quantity = max(1, buyer.quantity + chance.choices((0, 1, -1), (86, 9, 5))[0])
    litres = buyer.litres if chance.random() < 0.93 else SMALL
    tender = buyer.tender if chance.random() < 0.8 else chance.choice(list(Tender))
    return Row(
        line=line + 1,
        code=code,
        sold_at=at,
        customer=buyer.code,
        tender=tender,
        litres=litres,
        quantity=quantity,
        amount=PRICES[litres] * quantity,
        is_paid=chance.random() >= buyer.owes,
    )
