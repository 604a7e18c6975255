"""Forms of customers. A phone number may be written the way people write it."""

from typing import Any, ClassVar

from django import forms

from customers.book import tidy_phone
from customers.models import Customer


class PhoneField(forms.CharField):
    """Takes 98765 43210 for 9876543210."""

    widget = forms.TextInput(attrs={"type": "tel", "autocomplete": "off", "inputmode": "tel"})

    def to_python(self, value: Any) -> str:
        return tidy_phone(super().to_python(value) or "")


class CustomerForm(forms.ModelForm[Customer]):
    """Somebody new."""

    class Meta:
        model = Customer
        fields: ClassVar = ["name", "phone", "email", "language"]
        field_classes: ClassVar = {"phone": PhoneField}


class CustomerEditForm(CustomerForm):
    """Somebody known; whoever stays away is made inactive, because their account must stay."""

    class Meta(CustomerForm.Meta):
        fields: ClassVar = [*CustomerForm.Meta.fields, "is_active"]
