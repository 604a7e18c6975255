"""What a door asks the ledger to record: a sale, as somebody bought and paid it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from customers.models import Customer
from sales import cans, deposits, pricelist
from sales.deposits import Deposit
from sales.models import ZERO, CanType, Sale, Tender

LARGEST_SALE = Decimal("99999999.99")  # what the columns of the ledger hold


@dataclass(frozen=True)
class Line:
    """So many cans of a type, for `amount` rupees together; without an amount the price list decides.

    `listed` is what the list says of them, once somebody has looked.
    """

    can_type: CanType
    quantity: int
    amount: Decimal | None = None
    listed: Decimal | None = None

    def by(self, book: pricelist.PriceBook, at: datetime, customer: Customer | None) -> "Line":
        """The line with the price that the list has for this customer at that time."""
        listed = book.price(self.can_type, at, customer) * self.quantity
        return replace(self, amount=listed if self.amount is None else self.amount, listed=listed)

    @property
    def charged(self) -> Decimal:
        assert self.amount is not None, "a line is priced before it is charged"
        return self.amount.quantize(ZERO)


@dataclass(frozen=True)
class NewSale:
    """What somebody bought, how they paid or will pay, and the empties they brought.

    A named customer takes the full cans along; `moves_cans=False` is for old records that don't tell of cans.
    `split` says what each tender brings now, and the rest is on credit; without it all is paid by `tender`, or nothing.
    `deposits` come or go by `tender` beside the price; they can't be on credit.
    Without `sold_at` it happens now, and money that comes with it goes into the drawer that is open, as does what an
    offline till took. What an offline till sold has happened: no limit and no closed drawer refuses it.
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
    may_pass_limit: bool = False
    slip: str = ""
    device_at: datetime | None = None
    # A correction of that sale: its money is counted now, into the drawer or not as that of the first entry was.
    replaces: Sale | None = None
    goes_into_drawer: bool | None = None

    def by(self, book: pricelist.PriceBook, now: datetime) -> "NewSale":
        """The sale at the prices of its time."""
        at = self.sold_at or now
        return replace(self, lines=[line.by(book, at, self.customer) for line in self.lines])

    @property
    def is_priced(self) -> bool:
        """Whether nobody needs to look at the list any more: the door did, or a file says what was charged."""
        is_told = self.source == Sale.Source.IMPORT
        return all(line.amount is not None and (is_told or line.listed is not None) for line in self.lines)

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
        if self.goes_into_drawer is None:
            is_now = self.sold_at is None and self.source != Sale.Source.IMPORT
            return bool(self.tenders) and (is_now or self.has_happened)
        return bool(self.tenders) and self.goes_into_drawer

    @property
    def has_happened(self) -> bool:
        """Whether water and money changed hands while nobody could refuse it; a correction is made now."""
        return self.source == Sale.Source.OFFLINE and self.replaces is None

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
