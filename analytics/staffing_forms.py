"""What an owner says of the counter, so that waits and clerks can be reckoned."""

from typing import ClassVar

from django import forms

from analytics.models import NumbersSettings


class StaffingForm(forms.ModelForm[NumbersSettings]):
    """Clerks, wage, and how long customers wait."""

    class Meta:
        model = NumbersSettings
        fields: ClassVar = ["staff_now", "wage", "wait_s", "patience_s", "service_s"]
