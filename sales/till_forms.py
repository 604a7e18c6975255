"""The form of the till: one sale as the counter enters it."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from sales.deposit_forms import add_deposit_fields, deposits_of
from sales.forms import OnceForm, cans_field, past
from sales.ledger import Line, NewSale
from sales.models import ZERO, CanType, Tender
from sales.pricelist import priced
from watershop.models import Right, Shop


def part_field(tender: Tender) -> forms.DecimalField:
    return forms.DecimalField(
        label=tender.label, min_value=ZERO, max_digits=10, decimal_places=2, required=False
    )


class TillForm(OnceForm):
    """A sale: `sold_<can type>` full cans and `back_<can type>` empties, who buys, and how they pay or will pay."""

    customer = forms.ModelChoiceField(
        Customer.objects.none(),
        required=False,
        widget=forms.HiddenInput,
        error_messages={"invalid_choice": _("This customer is not in the book any more. Choose again.")},
    )
    tender = forms.ChoiceField(label=_("Paid by"), choices=Tender.choices, initial=Tender.CASH)
    is_unpaid = forms.BooleanField(label=_("Unpaid"), required=False)
    # What each tender brings, when it is more than one or not all.
    part_cash = part_field(Tender.CASH)
    part_upi = part_field(Tender.UPI)
    part_coin = part_field(Tender.COIN)
    sold_at = forms.DateTimeField(
        label=_("Earlier time"),
        required=False,
        help_text=_("Only for a sale that was not entered when it happened."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    def __init__(self, shop: Shop, rights: frozenset[Right], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["customer"].queryset = Customer.objects.of(shop).active()  # type: ignore[attr-defined]
        if Right.BACK_DATE not in rights:
            del self.fields["sold_at"]
        self.can_types = list(priced(CanType.objects.of(shop).on_sale()))
        for can_type in self.can_types:
            self.fields[f"sold_{can_type.pk}"] = cans_field(can_type.name)
            self.fields[f"back_{can_type.pk}"] = cans_field(can_type.name)
        add_deposit_fields(self, self.can_types)

    def tiles(self) -> Iterator[tuple[CanType, forms.BoundField, forms.BoundField]]:
        """Each size on sale with its fields: full cans sold, empties brought back."""
        for can_type in self.can_types:
            yield can_type, self[f"sold_{can_type.pk}"], self[f"back_{can_type.pk}"]

    def parts(self) -> Iterator[forms.BoundField]:
        return (self[f"part_{tender}"] for tender in Tender.values)

    def is_split(self) -> bool:
        return any(part.value() for part in self.parts())

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors:
            is_paid = not data["is_unpaid"]
            data["deposits"] = deposits_of(self, data["customer"], self._moved(), is_paid=is_paid)
        return data

    def clean_sold_at(self) -> datetime | None:
        return past(self.cleaned_data["sold_at"])

    def new_sale(self) -> NewSale:
        data = self.cleaned_data
        return NewSale(
            lines=[Line(can_type, count) for can_type, count in self._counts("sold")],
            empties=list(self._counts("back")),
            deposits=data["deposits"],
            customer=data["customer"],
            tender=Tender(data["tender"]),
            is_paid=not data["is_unpaid"],
            split=self._split(),
            sold_at=data.get("sold_at"),
            client_ref=str(data["client_ref"]),
        )

    def _split(self) -> dict[Tender, Decimal] | None:
        amounts = {tender: self.cleaned_data[f"part_{tender}"] for tender in Tender}
        parts = {tender: amount for tender, amount in amounts.items() if amount}
        return parts or None

    def brought(self) -> list[CanType]:
        """The sizes of which more empties came back than full cans went out."""
        return [can_type for can_type, moved in self._moved().items() if moved < 0]

    def _moved(self) -> dict[CanType, int]:
        """Full cans that go out less empties that come in, of each size."""
        full, empty = dict(self._counts("sold")), dict(self._counts("back"))
        return {can_type: full.get(can_type, 0) - empty.get(can_type, 0) for can_type in self.can_types}

    def _counts(self, kind: str) -> Iterator[tuple[CanType, int]]:
        for can_type in self.can_types:
            if count := self.cleaned_data[f"{kind}_{can_type.pk}"]:
                yield can_type, count
