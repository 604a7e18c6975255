"""Forms of the drawer: open it, put cash in or take it out, count it, say why the count differs."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from sales.forms import OnceForm
from sales.models import DENOMINATIONS, ZERO, CashMove, DrawerSession

MOST_PIECES = 9_999


def rupees_field(label: StrOrPromise, *, least: Decimal = ZERO, **options: Any) -> forms.DecimalField:
    return forms.DecimalField(label=label, min_value=least, max_digits=8, decimal_places=2, **options)


class OpenForm(OnceForm):
    """The cash in the drawer to begin with; a note where the session before was left open."""

    opening_float = rupees_field(_("Cash in the drawer"))
    note = forms.CharField(
        label=_("Note on the session left open"),
        max_length=200,
        help_text=_("It is closed uncounted. Say what you found."),
    )

    def __init__(self, is_left_open: bool, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_left_open:
            del self.fields["note"]


class MoveForm(OnceForm):
    """Cash that goes in or out without a customer."""

    kind = forms.ChoiceField(label=_("In or out"), choices=CashMove.Kind.choices, initial=CashMove.Kind.OUT)
    amount = rupees_field(_("Amount"), least=Decimal("0.01"))
    reason = forms.CharField(
        label=_("Reason"), max_length=200, help_text=_("Examples: diesel, change from the bank, to the owner")
    )


class CountForm(OnceForm):
    """The blind count: `count_<denomination>` notes and coins of the cash, and what the other tenders brought."""

    coin = rupees_field(
        _("Coins kept apart"),
        required=False,
        help_text=_("Of sales paid by coins; nothing if they lie in the drawer."),
    )
    upi = rupees_field(_("UPI received"), required=False, help_text=_("As your UPI app says."))
    note = forms.CharField(label=_("Note"), max_length=200, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for value in DENOMINATIONS:
            self.fields[f"count_{value}"] = forms.IntegerField(
                label=f"₹{value}", min_value=0, max_value=MOST_PIECES, required=False
            )

    def pieces(self) -> Iterator[forms.BoundField]:
        return (self[f"count_{value}"] for value in DENOMINATIONS)

    def counted(self) -> dict[str, Any]:
        """What `close_session` wants to know; a field left empty is nought."""
        data = self.cleaned_data
        return {
            "sheet": {value: data[f"count_{value}"] or 0 for value in DENOMINATIONS},
            "coin": data["coin"] or ZERO,
            "upi": data["upi"] or ZERO,
            "note": data["note"],
        }


class ReasonForm(forms.ModelForm[DrawerSession]):
    """Why more or less was counted than expected."""

    reason = forms.CharField(label=_("Why does the count differ?"), max_length=200)

    class Meta:
        model = DrawerSession
        fields: ClassVar = ["reason"]
