"""Every function that moves money. Doors call one of these; nothing else writes to the tables of `sales.models`.

`record_sales` is the one write path of a sale; `record_sale` is the same for one. Everything happens in one
transaction, and at its end the database itself checks that the books agree (see migration `the_books_agree`).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import Customer
from sales import cans, credit, deposits, drawer, receipts, upi
from sales.deposits import Deposit, SaleDeposits
from sales.models import (
    ZERO,
    Allocation,
    CanType,
    LedgerEntry,
    Payment,
    Sale,
    SaleLine,
    SaleVoid,
    Tender,
    UpiClaim,
)
from sales.settling import hold, release, settle_oldest_first
from watershop import audit
from watershop.audit import Actor
from watershop.models import AuditEntry, Counter, Shop

LARGEST_SALE = Decimal("99999999.99")  # what the columns of the ledger hold


@dataclass(frozen=True)
class Line:
    """So many cans of a type, for `amount` rupees together; without an amount the price list decides."""

    can_type: CanType
    quantity: int
    amount: Decimal | None = None

    @property
    def charged(self) -> Decimal:
        amount = self.can_type.price * self.quantity if self.amount is None else self.amount
        return amount.quantize(ZERO)


@dataclass(frozen=True)
class NewSale:
    """What somebody bought, how they paid or will pay, and the empties they brought.

    A named customer takes the full cans along; `moves_cans=False` is for old records that don't tell of cans.
    `split` says what each tender brings now, and the rest is on credit; without it all is paid by `tender`, or nothing.
    `deposits` come or go by `tender` beside the price; they can't be on credit.
    Without `sold_at` it happens now, and money that comes with it goes into the drawer that is open.
    """

    lines: Sequence[Line]
    tender: Tender
    customer: Customer | None = None
    is_paid: bool = True
    split: Mapping[Tender, Decimal] | None = None
    sold_at: datetime | None = None
    code: str = ""
    client_ref: str | None = None
    source: Sale.Source = Sale.Source.TILL
    empties: Sequence[tuple[CanType, int]] = ()
    deposits: Sequence[Deposit] = ()
    moves_cans: bool = True

    @property
    def total(self) -> Decimal:
        return sum((line.charged for line in self.lines), ZERO)

    @property
    def received(self) -> dict[Tender, Decimal]:
        """The rupees that come with the sale, by tender."""
        if self.split is not None:
            return {tender: amount for tender, amount in self.split.items() if amount}
        return {self.tender: self.total} if self.is_paid and self.total else {}

    @property
    def on_credit(self) -> Decimal:
        return self.total - sum(self.received.values(), ZERO)

    @property
    def needs_account(self) -> bool:
        """Whether what it may do depends on what stands on the customer's account."""
        return bool(self.on_credit) or any(deposit.cans < 0 for deposit in self.deposits)

    @property
    def fills_drawer(self) -> bool:
        """Whether money comes with it now; what is imported or entered late was counted long ago, or never."""
        is_now = self.sold_at is None and self.source != Sale.Source.IMPORT
        return is_now and bool(self.tenders)

    @property
    def tenders(self) -> set[Tender]:
        """How money comes or goes with the sale."""
        return {*self.received, *({self.tender} if self.deposits else ())}

    def deposit_by(self, tender: str) -> Decimal:
        """The rupees of deposit that this tender brings beside the price."""
        return sum((deposit.amount for deposit in self.deposits if tender == self.tender), ZERO)

    @property
    def has_receipt(self) -> bool:
        return self.source != Sale.Source.IMPORT

    def cans_of(self, sale: Sale) -> cans.SaleCans:
        taken = [(line.can_type, line.quantity) for line in self.lines]
        lent = {deposit.can_type.pk: deposit.cans for deposit in self.deposits}
        return cans.SaleCans(sale, taken, self.empties, lent)

    def check(self) -> None:
        """Raise ValidationError with a sentence for the clerk."""
        types = [line.can_type.pk for line in self.lines]
        if not self.lines or any(line.quantity < 1 for line in self.lines):
            raise ValidationError(_("Choose at least one can."))
        if len(types) != len(set(types)):
            raise ValidationError(_("Put each can size on one line."))
        if any(line.charged < 0 for line in self.lines):
            raise ValidationError(_("An amount can't be negative. Undo a sale by voiding it."))
        if self.total > LARGEST_SALE:
            raise ValidationError(_("That is more money than one sale can hold. Check the number of cans."))
        if self.on_credit < 0 or any(amount < 0 for amount in self.received.values()):
            raise ValidationError(
                _("More is paid than the sale costs. Enter what stays here, without the change.")
            )
        if (self.on_credit or not self.is_paid) and self.customer is None:
            raise ValidationError(_("An unpaid sale needs a customer. Choose one, or take the money now."))
        if self.empties and self.customer is None:
            raise ValidationError(_("Empties can only be booked for a customer. Choose one."))
        if any(quantity < 1 for _can_type, quantity in self.empties):
            raise ValidationError(_("Count the empties from one upward, or leave them out."))
        deposits.check(self.deposits, self.customer)


def record_sale(shop: Shop, actor: Actor, sale: NewSale) -> Sale:
    """Record one sale: its lines, its money or debt, its cans, its audit entry."""
    return record_sales(shop, actor, [sale])[0]


@transaction.atomic
def record_sales(shop: Shop, actor: Actor, news: Sequence[NewSale]) -> list[Sale]:
    """Record many sales with a fixed number of queries. Raises ValidationError and stores nothing when one is wrong.

    An unpaid sale is settled at once by what its customer paid ahead, as far as that goes; no customer comes to owe
    more than they may.
    """
    for new in news:
        new.check()
    held = hold({new.customer.pk for new in news if new.customer and new.needs_account})
    credit.check(held, _asked_on_credit(news))
    pairs = list(zip(_save_sales(shop, actor, news), news, strict=True))
    SaleLine.objects.bulk_create(
        SaleLine(shop=shop, sale=sale, can_type=line.can_type, quantity=line.quantity, amount=line.charged)
        for sale, new in pairs
        for line in new.lines
    )
    paid = [(sale, new, *part) for sale, new in pairs for part in new.received.items()]
    session = drawer.session_for(shop, {tender for new in news if new.fills_drawer for tender in new.tenders})
    payments = Payment.objects.bulk_create(
        Payment(
            shop=shop,
            customer=new.customer,
            received_at=sale.sold_at,
            recorded_at=sale.recorded_at,
            tender=tender,
            amount=amount,
            clerk=actor.user,
            drawer_session=session if new.fills_drawer else None,
        )
        for sale, new, tender, amount in paid
    )
    Allocation.objects.bulk_create(
        Allocation(shop=shop, payment=payment, sale=sale, amount=payment.amount)
        for payment, (sale, *_how) in zip(payments, paid, strict=True)
    )
    upi.claim(
        (payment, new.client_ref, new.deposit_by(payment.tender))
        for payment, (_sale, new, *_how) in zip(payments, paid, strict=True)
    )
    owing = {new.customer.pk for new in news if new.customer and new.on_credit}
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
    settle_oldest_first(shop, [row for row in held if row.pk in owing])
    return [sale for sale, _new in pairs]


def _asked_on_credit(news: Iterable[NewSale]) -> dict[int, Decimal]:
    """New debt by customer. What a file tells of has happened, limit or not."""
    asked: dict[int, Decimal] = {}
    for new in news:
        if new.customer and new.on_credit and new.source != Sale.Source.IMPORT:
            asked[new.customer.pk] = asked.get(new.customer.pk, ZERO) + new.on_credit
    return asked


def _save_sales(shop: Shop, actor: Actor, news: Sequence[NewSale]) -> list[Sale]:
    codes = iter(_next_codes(shop, sum(not new.code for new in news)))
    recorded_at = timezone.now()
    numbers = iter(receipts.take_numbers(shop, recorded_at, sum(new.has_receipt for new in news)))
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
        )
        for new in news
    )


def _next_codes(shop: Shop, count: int) -> list[str]:
    """S000001, S000002 ...; codes that an import brought along are stepped over."""
    codes: list[str] = []
    while len(codes) < count:
        wanted = [f"S{n:06d}" for n in Counter.take(shop, "sale", count - len(codes))]
        taken = set(Sale.objects.of(shop).filter(code__in=wanted).values_list("code", flat=True))
        codes += [code for code in wanted if code not in taken]
    return codes


def _sale_entry(sale: Sale, new: NewSale) -> LedgerEntry:
    assert new.customer is not None
    return LedgerEntry(
        shop=sale.shop,
        customer=new.customer,
        kind=LedgerEntry.Kind.SALE,
        amount=new.total,
        at=sale.sold_at,
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
) -> Payment:
    """Take money from a customer and settle their dues with it: those with the keys in `dues`, then the oldest first.

    What is left over stays on the account as credit, for the next unpaid sale. The customer's row is locked, so two
    clerks never settle the same due twice: who chose a due that is paid meanwhile is refused. Without `received_at`
    the money comes now, into the drawer that is open.
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
        drawer_session=None if received_at else drawer.session_for(customer.shop, {tender}),
    )
    upi.claim([(payment, client_ref, ZERO)])
    LedgerEntry.objects.bulk_create(_payment_entries([payment]))
    settle_oldest_first(customer.shop, [customer], chosen=dues)
    after = {"customer": customer.pk, "amount": str(payment.amount), "tender": tender, "dues": [*dues]}
    audit.record(customer.shop, actor, "receive_payment", payment, after=after)
    return payment


@transaction.atomic
def void_sale(sale: Sale, *, reason: str, actor: Actor) -> SaleVoid:
    """Undo a sale by further rows: its debt is reversed, its cans come back.

    Money that came with the sale is given back; other money stays on the customer's account and settles what else is
    due.
    """
    account = hold({sale.customer_id} if sale.customer_id else ())
    rows = Sale.objects.select_for_update(of=["self"], no_key=True).select_related("shop", "customer")
    sale = rows.get(pk=sale.pk)
    if SaleVoid.objects.filter(sale=sale).exists():
        raise ValidationError(_("This sale is already void."))
    if not reason.strip():
        raise ValidationError(_("Say why the sale is void."))
    if _is_written_off(sale):
        raise ValidationError(
            _("This sale was written off. Undo the write-off first, on the customer's credit page.")
        )
    void = SaleVoid.objects.create(shop=sale.shop, sale=sale, by=actor.user, reason=reason.strip())
    _reverse(LedgerEntry.objects.filter(sale=sale, kind=LedgerEntry.Kind.SALE), void.at)
    release(sale.shop, Allocation.objects.filter(sale=sale))
    for payment in came_with(sale):
        _give_back(payment, void.at, actor)
    deposits.reverse_sale(sale, at=void.at, actor=actor)
    cans.reverse_sale(sale, at=void.at, actor=actor)
    settle_oldest_first(sale.shop, account)
    audit.record(sale.shop, actor, "void_sale", sale, after={"reason": void.reason})
    return void


@transaction.atomic
def payment_did_not_arrive(claim: UpiClaim, *, actor: Actor) -> None:
    """Take a claimed UPI payment off the books: what it settled is due again, and a walk-in's sale is void.

    Raises ValidationError when somebody decided on the claim before.
    """
    payment = claim.payment
    account = hold({payment.customer_id} if payment.customer_id else ())
    upi.decide(claim, UpiClaim.State.FAILED, actor=actor)
    if not account:  # nobody to owe it
        sale = Sale.objects.get(shop=claim.shop, allocations__payment=payment)
        void_sale(sale, reason=_("The UPI payment did not arrive."), actor=actor)
        return
    release(claim.shop, Allocation.objects.filter(payment=payment))
    now = timezone.now()
    _give_back(payment, now, actor)
    if claim.deposit:
        sale = Sale.objects.distinct().get(
            deposits__recorded_at=payment.recorded_at, allocations__payment=payment
        )
        deposits.reverse_sale(sale, at=now, actor=actor, only=Tender.UPI)
    settle_oldest_first(claim.shop, account)


def _is_written_off(sale: Sale) -> bool:
    parts = Allocation.objects.filter(sale=sale, credit__kind=LedgerEntry.Kind.WRITE_OFF)
    return bool(parts.aggregate(sum=Sum("amount"))["sum"])


def came_with(sale: Sale) -> QuerySet[Payment]:
    """The money taken in the moment of the sale: what a void gives back."""
    return Payment.objects.filter(
        shop=sale.shop, allocations__sale=sale, recorded_at=sale.recorded_at, reversed_by=None
    ).distinct()


def _give_back(payment: Payment, at: datetime, actor: Actor) -> None:
    """Undo a payment: its money leaves the drawer that is open now, unless it never went into one."""
    tenders = {Tender(payment.tender)} if payment.drawer_session_id else set()
    Payment.objects.create(
        shop=payment.shop,
        customer=payment.customer,
        received_at=at,
        tender=payment.tender,
        amount=-payment.amount,
        clerk=actor.user,
        reverses=payment,
        drawer_session=drawer.session_for(payment.shop, tenders),
    )
    _reverse(LedgerEntry.objects.filter(payment=payment, kind=LedgerEntry.Kind.PAYMENT), at)


def _reverse(entries: Iterable[LedgerEntry], at: datetime) -> None:
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            shop=entry.shop,
            customer=entry.customer,
            kind=LedgerEntry.Kind.REVERSAL,
            amount=-entry.amount,
            at=at,
            sale=entry.sale,
            payment=entry.payment,
            reverses=entry,
        )
        for entry in entries
    )
