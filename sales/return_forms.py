"""Forms of what comes back: a customer's cans in any condition, and what the shop charges for each."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sales.forms import OnceForm, cans_field
from sales.models import CHARGED, MOST_PER_CAN, ZERO, CanType, Condition, Sale, Tender
from sales.returns import Returned
from watershop.models import Shop
from watershop.templatetags.money import rupees

LEAVE_IT = ("", _("Leave it here"))
WORSE = tuple(condition for condition in Condition if condition != Condition.GOOD)


class ReturnForm(OnceForm):
    """Cans brought back without buying: `back_<can type>` good ones, `leaking_<can type>` and so on for the others."""

    refund = forms.ChoiceField(
        label=_("Give the deposit back"),
        choices=[*Tender.choices, LEAVE_IT],
        initial=Tender.CASH,
        required=False,
    )
    brought_by = forms.CharField(
        label=_("Brought by somebody else"), max_length=60, required=False, help_text=_("A name or code")
    )

    def __init__(self, shop: Shop, held: Mapping[str, int], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.can_types = list(CanType.objects.of(shop).filter(Q(retired_at=None) | Q(code__in=held)))
        for can_type in self.can_types:
            self.fields[f"back_{can_type.pk}"] = cans_field(can_type.name)
            for condition in WORSE:
                self.fields[f"{condition}_{can_type.pk}"] = cans_field(str(condition.label).capitalize())

    def rows(self) -> Iterator[forms.BoundField]:
        return (self[f"back_{can_type.pk}"] for can_type in self.can_types)

    def worse(self) -> Iterator[tuple[CanType, list[forms.BoundField]]]:
        """Each size with the fields of its other conditions."""
        for can_type in self.can_types:
            yield can_type, [self[f"{condition}_{can_type.pk}"] for condition in WORSE]

    def has_worse(self) -> bool:
        return any(
            field.value() not in (0, "0", "", None) for _size, fields in self.worse() for field in fields
        )

    def returned(self) -> list[Returned]:
        data = self.cleaned_data
        counts = [
            Returned(can_type, data[f"{name}_{can_type.pk}"] or 0, condition)
            for can_type in self.can_types
            for name, condition in [("back", Condition.GOOD), *((row.value, row) for row in WORSE)]
        ]
        return [row for row in counts if row.cans]

    def refund_by(self) -> Tender | None:
        tender = self.cleaned_data["refund"]
        return Tender(tender) if tender else None


class WalkInReturnForm(OnceForm):
    """Empties that a walk-in brings back against their receipt: `back_<can type>`, no more than they left money for."""

    refund = forms.ChoiceField(label=_("Give the deposit back"), choices=Tender.choices, initial=Tender.CASH)

    def __init__(self, sale: Sale, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = {} if sale.customer_id else sale.deposits.all().held()
        self.can_types = list(CanType.objects.filter(pk__in=held))
        for can_type in self.can_types:
            field = cans_field(f"{can_type.name} · {rupees(held[can_type.pk].amount)}")
            field.max_value = held[can_type.pk].cans
            self.fields[f"back_{can_type.pk}"] = field

    def rows(self) -> Iterator[forms.BoundField]:
        return (self[f"back_{can_type.pk}"] for can_type in self.can_types)

    def back(self) -> dict[CanType, int]:
        counts = {can_type: self.cleaned_data[f"back_{can_type.pk}"] for can_type in self.can_types}
        return {can_type: count for can_type, count in counts.items() if count}


class ChargesForm(forms.Form):
    """`leaking_<can type>` and so on: rupees per can; empty is nothing."""

    def __init__(
        self, can_types: list[CanType], now: Mapping[tuple[CanType, Condition], Decimal], *args: Any
    ) -> None:
        super().__init__(*args)
        self.can_types = can_types
        for can_type in can_types:
            for condition in CHARGED:
                self.fields[f"{condition}_{can_type.pk}"] = forms.DecimalField(
                    label=str(condition.label).capitalize(),
                    min_value=ZERO,
                    max_value=MOST_PER_CAN,
                    decimal_places=2,
                    required=False,
                    initial=now.get((can_type, condition)),
                )

    def rows(self) -> Iterator[tuple[CanType, list[forms.BoundField]]]:
        for can_type in self.can_types:
            yield can_type, [self[f"{condition}_{can_type.pk}"] for condition in CHARGED]

    def charges(self) -> dict[tuple[CanType, Condition], Decimal]:
        return {
            (can_type, condition): self.cleaned_data[f"{condition}_{can_type.pk}"] or ZERO
            for can_type in self.can_types
            for condition in CHARGED
        }
