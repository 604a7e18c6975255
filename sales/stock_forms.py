"""Forms of the shop's stock: a refill from the plant, and a count."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from sales.forms import OnceForm, cans_field
from sales.models import CanType, StockMove
from sales.stock import Stand

MOST_IN_STOCK = 99_999
BACK_TO = (("stock", "stock"), ("drawer_day", "drawer_day"))


@dataclass(frozen=True)
class Row:
    """One size with its fields."""

    stand: Stand
    fields: list[forms.BoundField]


class DeliveryForm(OnceForm):
    """`came_<can type>` full cans from the plant, `sent_<can type>` empties to it."""

    note = forms.CharField(
        label=_("Supplier or note"), max_length=200, required=False, help_text=_("Example: plant, bill 417")
    )

    def __init__(self, stands: list[Stand], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stands = stands
        for stand in stands:
            for kind in ("came", "sent"):
                self.fields[f"{kind}_{stand.can_type.pk}"] = cans_field(stand.can_type.name)

    def came(self) -> Iterator[forms.BoundField]:
        return (self[f"came_{stand.can_type.pk}"] for stand in self.stands)

    def sent(self) -> Iterator[forms.BoundField]:
        return (self[f"sent_{stand.can_type.pk}"] for stand in self.stands)

    def cans(self, kind: str) -> dict[CanType, int]:
        """The sizes of which some came, or some were sent."""
        counts = {stand.can_type: self.cleaned_data[f"{kind}_{stand.can_type.pk}"] for stand in self.stands}
        return {can_type: count for can_type, count in counts.items() if count}


class StockCountForm(OnceForm):
    """`full_<can type>`, `empty_...`, `broken_...`: what somebody counted; a field left empty was not counted."""

    reason = forms.CharField(
        label=_("Why does it differ?"),
        max_length=200,
        required=False,
        help_text=_("Examples: first count, two found broken, not entered yesterday"),
    )
    back_to = forms.ChoiceField(choices=BACK_TO, initial="stock", widget=forms.HiddenInput)

    def __init__(self, stands: list[Stand], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stands = stands
        for stand in stands:
            for state in StockMove.State:
                self.fields[f"{state}_{stand.can_type.pk}"] = forms.IntegerField(
                    label=state.label, min_value=0, max_value=MOST_IN_STOCK, required=False
                )

    def rows(self) -> Iterator[Row]:
        for stand in self.stands:
            yield Row(stand, [self[f"{state}_{stand.can_type.pk}"] for state in StockMove.State])

    def counted(self) -> dict[tuple[CanType, str], int]:
        numbers = {
            (stand.can_type, state.value): self.cleaned_data[f"{state}_{stand.can_type.pk}"]
            for stand in self.stands
            for state in StockMove.State
        }
        return {key: number for key, number in numbers.items() if number is not None}
