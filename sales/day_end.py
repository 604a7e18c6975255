"""What the Close page says of a day: what was sold, what came in and how, what is owed anew, where the cans went."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from sales.models import (
    ZERO,
    Allocation,
    CanMovement,
    DepositEntry,
    DrawerSession,
    Payment,
    Sale,
    SaleLine,
    Tender,
    UpiClaim,
)
from sales.stock import Stand, stands
from watershop.dates import Period
from watershop.models import Shop

ALLOCATED_AT_THE_SALE = Q(sale__recorded_at=F("payment__recorded_at"))


@dataclass(frozen=True)
class DayEnd:
    """Rupees, unless it says cans. `takings` are `with_sales` + `dues_collected` + `given_back` (nought or less).

    Deposits are neither takings nor revenue: they go through the drawer, and stay the customers' money. The stock is
    that of now, whichever day it is.
    """

    sale_count: int
    cans_sold: int
    sold: Decimal
    credit_given: Decimal
    takings: dict[Tender, Decimal]
    with_sales: Decimal
    given_back: Decimal
    cans_out: int
    cans_in: int
    stock: list[Stand]
    deposits_taken: Decimal
    deposits_given_back: Decimal
    unconfirmed_upi: Decimal
    sessions: list[DrawerSession]

    @property
    def taken(self) -> Decimal:
        return sum(self.takings.values(), ZERO)

    @property
    def dues_collected(self) -> Decimal:
        """What customers paid toward dues, or ahead."""
        return self.taken - self.with_sales - self.given_back


def day_end(shop: Shop, day: Period) -> DayEnd:
    """The figures of a day on the shop's clock, with a fixed number of queries."""
    sales = Sale.objects.of(shop).during(day).standing()
    lines = SaleLine.objects.filter(sale__in=sales).aggregate(
        sold=Coalesce(Sum("amount"), ZERO), cans=Coalesce(Sum("quantity"), 0)
    )
    money = Payment.objects.filter(shop=shop, received_at__gte=day.start, received_at__lt=day.end)
    at_sales = Allocation.objects.filter(ALLOCATED_AT_THE_SALE, shop=shop)
    cans = CanMovement.objects.of(shop).filter(at__gte=day.start, at__lt=day.end)
    deposits = DepositEntry.objects.of(shop).moved_money().filter(at__gte=day.start, at__lt=day.end)
    claims = UpiClaim.objects.of(shop).open().filter(payment__in=money)
    return DayEnd(
        sale_count=sales.count(),
        cans_sold=lines["cans"],
        sold=lines["sold"],
        credit_given=lines["sold"] - _sum(at_sales.filter(sale__in=sales)),
        takings=_by_tender(money),
        with_sales=_sum(at_sales.filter(payment__in=money, amount__gt=0)),
        given_back=_sum(money.filter(amount__lt=0)),
        cans_out=_moved(cans, CanMovement.Kind.OUT),
        cans_in=-_moved(cans, CanMovement.Kind.RETURN),
        stock=stands(shop),
        deposits_taken=_sum(deposits.filter(amount__gt=0)),
        deposits_given_back=_sum(deposits.filter(amount__lt=0)),
        unconfirmed_upi=claims.aggregate(sum=Coalesce(Sum(F("payment__amount") + F("deposit")), ZERO))["sum"],
        sessions=list(_sessions(shop, day)),
    )


def _sum(rows: QuerySet[Any]) -> Decimal:
    total: Decimal = rows.aggregate(sum=Coalesce(Sum("amount"), ZERO))["sum"]
    return total


def _by_tender(money: QuerySet[Payment]) -> dict[Tender, Decimal]:
    sums = dict(money.order_by().values_list("tender").annotate(Sum("amount")))
    return {tender: sums.get(tender.value, ZERO) for tender in Tender}


def _moved(cans: QuerySet[CanMovement], kind: CanMovement.Kind) -> int:
    """Cans that moved this way, less what was reversed of it."""
    same = cans.filter(Q(kind=kind) | Q(reverses__kind=kind))
    count: int = same.aggregate(sum=Coalesce(Sum("quantity"), 0))["sum"]
    return count


def _sessions(shop: Shop, day: Period) -> QuerySet[DrawerSession]:
    """The drawer sessions that touch the day, the first one first."""
    not_before = Q(closed_at=None) | Q(closed_at__gte=day.start)
    sessions = DrawerSession.objects.of(shop).filter(not_before, opened_at__lt=day.end)
    return sessions.select_related("opened_by", "closed_by").prefetch_related("counts").order_by("opened_at")
