"""The form of the till: one sale as the counter enters it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, Signer
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from customers.models import Customer
from sales import counter_clock
from sales.deposit_forms import add_deposit_fields, deposits_of
from sales.forms import OnceForm, cans_field, past
from sales.models import ZERO, CanType, ParkedSale, Sale, Tender
from sales.new_sale import Line, NewSale
from sales.pricelist import priced
from watershop.models import Right, Shop
from watershop.templatetags.money import rupees

# What a sale is made of: the part of the form that is parked, and that the till's address can fill in.
_REFERENCES = Signer(salt="sales.till")
PART_OF_A_SALE = ("customer", "tender", "is_unpaid", "sold_", "back_", "amount_", "part_")


def is_part_of_a_sale(name: str) -> bool:
    return name.startswith(PART_OF_A_SALE)


def signed_ref(client_ref: str) -> str:
    """A reference for the till's address: who is sent there enters the sale that was meant, and nobody plants one."""
    return _REFERENCES.sign(client_ref)


def ref_of(signed: str) -> str | None:
    """The reference that was signed; None for anything else."""
    try:
        return _REFERENCES.unsign(signed)
    except BadSignature:
        return None


def money_field(label: StrOrPromise) -> forms.DecimalField:
    return forms.DecimalField(label=label, min_value=ZERO, max_digits=10, decimal_places=2, required=False)


@dataclass(frozen=True)
class Tile:
    """One size on the screen: full cans sold, empties brought back, and what is charged instead of the list."""

    can_type: CanType
    sold: forms.BoundField
    back: forms.BoundField
    amount: forms.BoundField


class BuyerField(forms.ModelChoiceField[Customer]):
    """The customer on the bill, who was looked up already (`buyer`); anybody else is looked for."""

    buyer: Customer | None = None

    def to_python(self, value: Any) -> Any:
        if self.buyer and str(value) == str(self.buyer.pk):
            return self.buyer
        return super().to_python(value)


class TillForm(OnceForm):
    """A sale: `sold_<can type>` full cans and `back_<can type>` empties, who buys, and how they pay or will pay.

    `price_<can type>` is what the screen showed for a can: nobody pays a price that they were not told. `amount_<can
    type>` is charged for a whole line instead. `handed` and the ticks that answer a warning are not stored.
    """

    customer = BuyerField(
        Customer.objects.none(),
        required=False,
        widget=forms.HiddenInput,
        error_messages={"invalid_choice": _("This customer is not in the book any more. Choose again.")},
    )
    tender = forms.ChoiceField(label=_("Paid by"), choices=Tender.choices, initial=Tender.CASH)
    is_unpaid = forms.BooleanField(label=_("Unpaid"), required=False)
    # What each tender brings, when it is more than one or not all.
    part_cash = money_field(Tender.CASH.label)
    part_upi = money_field(Tender.UPI.label)
    part_coin = money_field(Tender.COIN.label)
    handed = money_field(_("Handed over"))
    may_pass_limit = forms.BooleanField(label=_("Sell past the credit limit"), required=False)
    is_clock_right = forms.BooleanField(label=_("The clock is right: sell"), required=False)
    is_paper = forms.BooleanField(required=False, widget=forms.HiddenInput)
    sold_at = forms.DateTimeField(
        label=_("Time on the slip"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    slip = forms.CharField(label=_("Number on the slip"), max_length=20, required=False)

    def __init__(
        self, shop: Shop, rights: frozenset[Right], buyer: Customer | None, *args: Any, **kwargs: Any
    ) -> None:
        """`buyer` is the customer on the bill, whose prices are shown."""
        super().__init__(*args, **kwargs)
        self.shop, self.buyer = shop, buyer
        self.can_types = can_types = list(priced(self.sizes(), buyer))
        customers: BuyerField = self.fields["customer"]  # type: ignore[assignment]
        customers.queryset, customers.buyer = Customer.objects.of(shop).active(), buyer
        if Right.BACK_DATE not in rights:
            for name in ("is_paper", "sold_at", "slip"):
                del self.fields[name]
        for can_type in can_types:
            self.fields[f"sold_{can_type.pk}"] = cans_field(can_type.name)
            self.fields[f"back_{can_type.pk}"] = cans_field(can_type.name)
            self.fields[f"price_{can_type.pk}"] = money_field(can_type.name)
            self.fields[f"amount_{can_type.pk}"] = money_field(can_type.name)
        add_deposit_fields(self, can_types)

    def sizes(self) -> QuerySet[CanType]:
        return CanType.objects.of(self.shop).on_sale()

    def tiles(self) -> Iterator[Tile]:
        for can_type in self.can_types:
            yield Tile(can_type, *(self[f"{kind}_{can_type.pk}"] for kind in ("sold", "back", "amount")))

    def parts(self) -> Iterator[forms.BoundField]:
        return (self[f"part_{tender}"] for tender in Tender.values)

    def is_split(self) -> bool:
        return any(part.value() for part in self.parts())

    def has_own_amounts(self) -> bool:
        return any(tile.amount.value() for tile in self.tiles())

    def passes_limit(self) -> bool:
        """Whether it was refused because of the customer's credit limit, which somebody may pass."""
        return self.has_error("__all__", "over_limit")

    def clean_sold_at(self) -> datetime | None:
        at = past(self.cleaned_data["sold_at"])
        if at is None and self.cleaned_data.get("is_paper"):
            raise ValidationError(gettext("Enter the time that stands on the slip."))
        return at

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors:
            is_paid = not data["is_unpaid"]
            data["deposits"] = deposits_of(self, data["customer"], self._moved(), is_paid=is_paid)
        if not self.errors and not data.get("sold_at"):
            self.check_moment()
        return data

    def check_moment(self) -> None:
        """What must be so while the buyer stands there: the price they were told, their money, and the clock."""
        self._check_prices()
        self._check_handed()
        self._check_clock()

    def _check_prices(self) -> None:
        for can_type, _count in self.counts("sold"):
            shown = self.cleaned_data[f"price_{can_type.pk}"]
            if shown is not None and shown != can_type.price:
                names = {"size": can_type.name, "price": rupees(can_type.price)}
                self.add_error(
                    None, gettext("%(size)s costs %(price)s now. Tell the buyer, then sell again.") % names
                )

    def _check_handed(self) -> None:
        """Whoever pays all in cash hands over the price and the deposit, at least."""
        data = self.cleaned_data
        is_all_cash = data["tender"] == Tender.CASH and not data["is_unpaid"] and not self._split()
        if data["handed"] and is_all_cash and data["handed"] < self._to_pay():
            self.add_error("handed", gettext("Too little"))

    def _to_pay(self) -> Decimal:
        listed = (
            line.can_type.price * line.quantity if line.amount is None else line.amount
            for line in self.lines()
        )
        return sum(listed, ZERO) + sum((deposit.amount for deposit in self.cleaned_data["deposits"]), ZERO)

    def _check_clock(self) -> None:
        if not self.cleaned_data["is_clock_right"] and counter_clock.is_behind(self.shop):
            sentence = gettext("The clock lies behind the last entry. Look at it before you sell.")
            self.add_error("is_clock_right", sentence)

    def gives_discount(self) -> bool:
        """Whether a line is charged other than the list says."""
        return any(
            line.amount not in (None, line.can_type.price * line.quantity) for line in self.new_sale().lines
        )

    def new_sale(self) -> NewSale:
        data = self.cleaned_data
        return NewSale(
            lines=self.lines(),
            empties=list(self.counts("back")),
            deposits=data["deposits"],
            customer=data["customer"],
            tender=Tender(data["tender"]),
            is_paid=not data["is_unpaid"],
            split=self._split(),
            sold_at=data.get("sold_at"),
            source=Sale.Source.PAPER if data.get("is_paper") else Sale.Source.TILL,
            slip=data.get("slip", ""),
            may_pass_limit=data["may_pass_limit"],
            client_ref=str(data["client_ref"]),
        )

    def lines(self) -> list[Line]:
        """What is sold, at the price that was just read for this buyer; a slip has the price of its own time."""
        is_now = not self.cleaned_data.get("sold_at")
        lines = []
        for can_type, count in self.counts("sold"):
            amount, listed = self.cleaned_data[f"amount_{can_type.pk}"], can_type.price * count
            lines.append(
                Line(can_type, count, listed if amount is None else amount, listed)
                if is_now
                else Line(can_type, count, amount)
            )
        return lines

    def _split(self) -> dict[Tender, Decimal] | None:
        amounts = {tender: self.cleaned_data[f"part_{tender}"] for tender in Tender}
        parts = {tender: amount for tender, amount in amounts.items() if amount}
        return parts or None

    def parked(self) -> tuple[dict[str, str], int]:
        """The fields to fill in again once it is resumed, and how many full cans wait."""
        fields = {name: value for name, value in self.data.items() if value and is_part_of_a_sale(name)}
        return fields, sum(count for _can_type, count in self.counts("sold"))

    def brought(self) -> list[CanType]:
        """The sizes of which more empties came back than full cans went out."""
        return [can_type for can_type, moved in self._moved().items() if moved < 0]

    def _moved(self) -> dict[CanType, int]:
        """Full cans that go out less empties that come in, of each size."""
        full, empty = dict(self.counts("sold")), dict(self.counts("back"))
        return {can_type: full.get(can_type, 0) - empty.get(can_type, 0) for can_type in self.can_types}

    def counts(self, kind: str) -> Iterator[tuple[CanType, int]]:
        for can_type in self.can_types:
            if count := self.cleaned_data[f"{kind}_{can_type.pk}"]:
                yield can_type, count


DROP_REASONS = [pair for pair in ParkedSale.Closed.choices if pair[0] != ParkedSale.Closed.RESUMED]


class DropForm(forms.Form):
    """Why a parked sale comes to nothing."""

    why = forms.ChoiceField(choices=DROP_REASONS)
