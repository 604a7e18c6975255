"""Every function that takes money in: sales and payments. `reversals.py` takes them back, `corrections.py` the rest.

`record_sales` is the one write path of a sale; `record_sale` is the same for one. Everything happens in one
transaction, and at its end the database itself checks that the books agree (see migration `the_books_agree`).
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import Customer
from sales import cans, credit, deposits, drawer, pricelist, receipts, upi
from sales.deposits import SaleDeposits
from sales.dues import Due
from sales.models import (
    ZERO,
    Allocation,
    DrawerSession,
    LedgerEntry,
    Payment,
    Sale,
    SaleLine,
    Tender,
)
from sales.new_sale import NewSale
from sales.settling import hold, purses_of, settle_oldest_first, spend
from watershop import audit
from watershop.audit import Actor
from watershop.models import AuditEntry, Counter, Shop

OWN_CODE = re.compile(r"S[0-9]{6,15}")


def record_sale(shop: Shop, actor: Actor, sale: NewSale) -> Sale:
    """Record one sale: its lines, its money or debt, its cans, its audit entry."""
    return record_sales(shop, actor, [sale])[0]


@transaction.atomic
def record_sales(shop: Shop, actor: Actor, news: Sequence[NewSale]) -> list[Sale]:
    """Record many sales with a fixed number of queries. Raises ValidationError and stores nothing when one is wrong.

    An unpaid sale is settled at once by what its customer paid ahead, as far as that goes; no customer comes to owe
    more than they may.
    """
    news = _priced(shop, news)
    for new in news:
        new.check()
    held = hold({new.customer.pk for new in news if new.customer and new.needs_account})
    credit.check(held, _asked_on_credit(news))
    owing = {new.customer.pk for new in news if new.customer and new.on_credit}
    ahead = purses_of(shop, [row for row in held if row.pk in owing])
    pairs = list(zip(_save_sales(shop, actor, news), news, strict=True))
    SaleLine.objects.bulk_create(
        SaleLine(
            shop=shop,
            sale=sale,
            can_type=line.can_type,
            quantity=line.quantity,
            amount=line.charged,
            list_amount=line.listed,
        )
        for sale, new in pairs
        for line in new.lines
    )
    paid = [(sale, new, *part) for sale, new in pairs for part in new.received.items()]
    session = _drawer_session(shop, news)
    payments = Payment.objects.bulk_create(
        Payment(
            shop=shop,
            customer=new.customer,
            received_at=sale.moved_at,
            recorded_at=sale.recorded_at,
            tender=tender,
            amount=amount,
            clerk=actor.user,
            drawer_session=session if new.fills_drawer else None,
        )
        for sale, new, tender, amount in paid
    )
    Allocation.objects.bulk_create(
        [
            *(
                Allocation(shop=shop, payment=payment, sale=sale, amount=payment.amount)
                for payment, (sale, *_how) in zip(payments, paid, strict=True)
            ),
            *spend(shop, ahead, _dues_of(pairs)),
        ]
    )
    upi.claim(
        (payment, new.client_ref, new.deposit_by(payment.tender))
        for payment, (_sale, new, *_how) in zip(payments, paid, strict=True)
    )
    owed = [_sale_entry(sale, new) for sale, new in pairs if new.customer and new.total]
    LedgerEntry.objects.bulk_create([*owed, *_payment_entries(payments)])
    cans.book_with_sales((new.cans_of(sale) for sale, new in pairs if new.moves_cans), actor)
    deposits.book_with_sales(
        (
            SaleDeposits(sale, new.deposits, new.tender, session if new.fills_drawer else None)
            for sale, new in pairs
        ),
        actor,
    )
    AuditEntry.objects.bulk_create(_audit_entries(shop, actor, pairs))
    return [sale for sale, _new in pairs]


def _priced(shop: Shop, news: Sequence[NewSale]) -> list[NewSale]:
    """The sales at the prices of their time."""
    asking = [new for new in news if not new.is_priced]
    if not asking:
        return list(news)
    customers = {new.customer for new in asking if new.customer}
    book, now = pricelist.price_book(shop, customers), timezone.now()
    return [new if new.is_priced else new.by(book, now) for new in news]


def _drawer_session(shop: Shop, news: Sequence[NewSale]) -> DrawerSession | None:
    """The session that the money of these sales joins; without one, money in hand is refused unless it was taken."""
    filling = [new for new in news if new.fills_drawer]
    if any(new.has_happened for new in filling):
        return drawer.session_since(shop, min(new.sold_at for new in filling if new.sold_at))
    return drawer.session_for(shop, {tender for new in filling for tender in new.tenders})


def _asked_on_credit(news: Iterable[NewSale]) -> dict[int, Decimal]:
    """New debt by customer that the limit decides on. What has happened, has happened, limit or not."""
    asked: dict[int, Decimal] = {}
    for new in news:
        is_free = new.may_pass_limit or new.has_happened or new.source == Sale.Source.IMPORT
        if new.customer and new.on_credit and not is_free:
            asked[new.customer.pk] = asked.get(new.customer.pk, ZERO) + new.on_credit
    return asked


def _save_sales(shop: Shop, actor: Actor, news: Sequence[NewSale]) -> list[Sale]:
    recorded_at = timezone.now()
    codes, numbers = _numbers(shop, recorded_at, news)
    return Sale.objects.bulk_create(
        Sale(
            shop=shop,
            code=new.code or next(codes),
            receipt=next(numbers) if new.has_receipt else None,
            customer=new.customer,
            sold_at=new.sold_at or recorded_at,
            recorded_at=recorded_at,
            clerk=actor.user,
            stated_tender=new.tender,
            source=new.source,
            client_ref=new.client_ref,
            slip=new.slip,
            device_at=new.device_at,
            replaces=new.replaces,
        )
        for new in news
    )


def _numbers(shop: Shop, issued_at: datetime, news: Sequence[NewSale]) -> tuple[Iterator[str], Iterator[str]]:
    """Sale codes S000001, S000002 ... and receipt numbers, without a gap once they are stored.

    Codes that an import brought along are never given out: the counter is sent past them.
    """
    step_over(shop, [new.code for new in news])
    year = receipts.year_of(shop, issued_at)
    wanted = {
        "sale": sum(not new.code for new in news),
        receipts.series_of(year): sum(new.has_receipt for new in news),
    }
    taken = Counter.take_each(shop, wanted) if any(wanted.values()) else dict.fromkeys(wanted, range(0))
    codes, numbers = (taken[series] for series in wanted)
    return (f"S{count:06d}" for count in codes), (receipts.number(year, count) for count in numbers)


def step_over(shop: Shop, codes: Iterable[str]) -> None:
    """Never give out one of these codes, which came from elsewhere."""
    if brought := [int(code[1:]) for code in codes if OWN_CODE.fullmatch(code)]:
        Counter.step_over(shop, "sale", max(brought))


def _dues_of(pairs: Iterable[tuple[Sale, NewSale]]) -> list[Due]:
    """What is left to pay of these sales, the oldest first. Who has money lying on the account owes nothing else."""
    dues = [
        Due(new.customer.pk, sale.sold_at, new.total, new.on_credit, sale.pk, sale.code)
        for sale, new in pairs
        if new.customer and new.on_credit
    ]
    return sorted(dues, key=lambda due: due.at)


def _sale_entry(sale: Sale, new: NewSale) -> LedgerEntry:
    assert new.customer is not None
    return LedgerEntry(
        shop=sale.shop,
        customer=new.customer,
        kind=LedgerEntry.Kind.SALE,
        amount=new.total,
        at=sale.moved_at,
        recorded_at=sale.recorded_at,
        sale=sale,
    )


def _payment_entries(payments: Iterable[Payment]) -> list[LedgerEntry]:
    """A named customer's payment lowers what they owe; a walk-in has no account."""
    return [
        LedgerEntry(
            shop=payment.shop,
            customer=payment.customer,
            kind=LedgerEntry.Kind.PAYMENT,
            amount=-payment.amount,
            at=payment.received_at,
            recorded_at=payment.recorded_at,
            payment=payment,
        )
        for payment in payments
        if payment.customer is not None
    ]


def _audit_entries(shop: Shop, actor: Actor, pairs: Sequence[tuple[Sale, NewSale]]) -> list[AuditEntry]:
    return [
        audit.entry(
            shop,
            actor,
            "record_sale",
            sale,
            after={
                "code": sale.code,
                "customer": sale.customer_id,
                "total": str(new.total),
                "tender": new.tender,
                "is_paid": not new.on_credit,
            },
        )
        for sale, new in pairs
    ]


@transaction.atomic
def receive_payment(
    *,
    customer: Customer,
    amount: Decimal,
    tender: Tender,
    actor: Actor,
    received_at: datetime | None = None,
    client_ref: str | None = None,
    dues: Collection[str] = (),
    has_happened: bool = False,
) -> Payment:
    """Take money from a customer and settle their dues with it: those with the keys in `dues`, then the oldest first.

    What is left over stays on the account as credit, for the next unpaid sale. The customer's row is locked, so two
    clerks never settle the same due twice: who chose a due that is paid meanwhile is refused. Without `received_at`
    the money comes now, into the drawer that is open; what `has_happened` at that time, while nobody could refuse it,
    goes into the drawer that was open then and still is.
    """
    if amount <= 0:
        raise ValidationError(_("The amount must be more than zero."))
    hold({customer.pk})
    payment = Payment.objects.create(
        shop=customer.shop,
        customer=customer,
        received_at=received_at or timezone.now(),
        tender=tender,
        amount=amount.quantize(ZERO),
        clerk=actor.user,
        client_ref=client_ref,
        drawer_session=_session_of_payment(customer.shop, tender, received_at, has_happened),
    )
    upi.claim([(payment, client_ref, ZERO)])
    LedgerEntry.objects.bulk_create(_payment_entries([payment]))
    settle_oldest_first(customer.shop, [customer], chosen=dues)
    after = {"customer": customer.pk, "amount": str(payment.amount), "tender": tender, "dues": [*dues]}
    audit.record(customer.shop, actor, "receive_payment", payment, after=after)
    return payment


def _session_of_payment(
    shop: Shop, tender: Tender, received_at: datetime | None, has_happened: bool
) -> DrawerSession | None:
    if received_at is None:
        return drawer.session_for(shop, {tender})
    return drawer.session_since(shop, received_at) if has_happened else None
