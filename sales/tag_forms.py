"""Forms of tagged cans: one read by a scanner that types, and new tags."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from sales.forms import OnceForm
from sales.models import CanType, TagRead
from watershop.models import Shop


class ReadForm(forms.Form):
    """A scanner types the tag and presses Enter. Reading a tag twice is one read."""

    gate = forms.ChoiceField(label=_("Gate"), choices=TagRead.Gate.choices, initial=TagRead.Gate.RETURNED)
    customer = forms.ModelChoiceField(
        Customer.objects.none(),
        label=_("Customer's code"),
        required=False,
        to_field_name="code",
        widget=forms.TextInput,
        help_text=_("Only for a can that goes out."),
    )
    code = forms.CharField(label=_("Tag"), max_length=80, widget=forms.TextInput({"autofocus": True}))

    def __init__(self, shop: Shop, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["customer"].queryset = Customer.objects.of(shop).active()  # type: ignore[attr-defined]


class TagsForm(OnceForm):
    """New tags, one on each line, for cans of one size."""

    can_type = forms.ModelChoiceField(CanType.objects.none(), label=_("Size"))
    codes = forms.CharField(label=_("Tags, one on each line"), widget=forms.Textarea({"rows": 4}))

    def __init__(self, shop: Shop, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["can_type"].queryset = CanType.objects.of(shop).on_sale()  # type: ignore[attr-defined]

    def clean_codes(self) -> list[str]:
        codes: list[str] = self.cleaned_data["codes"].split()
        if any(len(code) > 80 for code in codes):
            raise forms.ValidationError(_("A tag has 80 characters at most."))
        return codes
