"""The deposit fields of the till: one per size, in rupees, with a minus for what is given back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext

from customers.models import Customer
from sales.deposits import Deposit, held_of, suggested
from sales.models import CanType, Held


def add_deposit_fields(form: forms.Form, can_types: list[CanType]) -> None:
    """Add `deposit_<can type>`: empty is what the shop's rule says, 0 is none."""
    for can_type in can_types:
        form.fields[f"deposit_{can_type.pk}"] = forms.DecimalField(
            label=can_type.name, max_digits=8, decimal_places=2, required=False
        )


@dataclass(frozen=True)
class DepositRow:
    """One size at the till with its field, and what is held of the buyer for it."""

    can_type: CanType
    field: forms.BoundField
    held: Held


def deposit_rows(
    form: forms.Form, can_types: list[CanType], customer: Customer | None
) -> Iterator[DepositRow]:
    """The sizes for which this buyer may leave a deposit or get one back."""
    held = held_of(customer) if customer else {}
    for can_type in can_types:
        if can_type.deposit or can_type.pk in held:
            yield DepositRow(can_type, form[f"deposit_{can_type.pk}"], held.get(can_type.pk, Held()))


def deposits_of(
    form: forms.Form, customer: Customer | None, moved: Mapping[CanType, int], *, is_paid: bool
) -> list[Deposit]:
    """The deposits that the clerk entered, and by the shop's rule those left empty; none of these when unpaid.

    `moved` is full cans out minus empties in. A form without the fields says nothing of deposits.
    """
    names = {can_type: f"deposit_{can_type.pk}" for can_type in moved}
    shown = {can_type: name for can_type, name in names.items() if name in form.data}
    entered = {can_type: form.cleaned_data[name] for can_type, name in shown.items()}
    empty = {can_type: moved[can_type] for can_type, amount in entered.items() if amount is None}
    by_itself = suggested(customer, empty) if is_paid else []
    return by_itself + [
        Deposit(can_type, _cans(moved[can_type], amount), amount)
        for can_type, amount in entered.items()
        if amount
    ]


def _cans(moved: int, amount: Decimal) -> int:
    if moved * amount > 0:
        return moved
    raise ValidationError(
        gettext("A deposit is taken for cans that go out, and given back for cans that come in.")
    )
