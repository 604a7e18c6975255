"""Forms of the price list: a size with its price, and one customer's own prices."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from sales.models import CanPrice, CanType, CustomerPrice
from sales.pricelist import PRICED


class CanTypeForm(forms.ModelForm[CanType]):
    """A new size with its first price."""

    class Meta:
        model = CanType
        fields: ClassVar = ["code", "name", "litres", "deposit"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields |= forms.fields_for_model(CanPrice, PRICED)


class CanTypeEditForm(CanTypeForm):
    """A known size; its code stays, because imported files name it. A new price counts now, or from a day to come."""

    since = forms.DateTimeField(
        label=_("New price from"),
        required=False,
        help_text=_("Empty: from now on."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    class Meta(CanTypeForm.Meta):
        fields: ClassVar = ["name", "litres", "deposit"]


class OwnPricesForm(forms.Form):
    """What each size costs one customer: `price_<can type>`, empty for the shop's price."""

    def __init__(self, can_types: list[Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.can_types = can_types
        for can_type in can_types:
            price: forms.Field = forms.fields_for_model(CustomerPrice, ["price"])["price"]
            price.label = can_type.name
            self.fields[f"price_{can_type.pk}"] = price

    def rows(self) -> Iterator[tuple[Any, forms.BoundField]]:
        """Each size, with the shop's price, and the field for the customer's own."""
        return ((can_type, self[f"price_{can_type.pk}"]) for can_type in self.can_types)

    def prices(self) -> dict[CanType, Decimal | None]:
        return {can_type: self.cleaned_data[f"price_{can_type.pk}"] for can_type in self.can_types}
