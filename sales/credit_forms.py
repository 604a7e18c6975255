"""Forms of what a customer may owe."""

from typing import ClassVar

from django import forms

from customers.models import Customer


class CreditForm(forms.ModelForm[Customer]):
    """What a customer may owe at most, and whether anything at all."""

    class Meta:
        model = Customer
        fields: ClassVar = ["credit_limit", "is_credit_blocked"]
