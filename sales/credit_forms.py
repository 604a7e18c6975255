"""Forms of what a customer may owe, owed before, and need not pay any more."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from sales.forms import OnceForm
from sales.models import Promise, SalesSettings
from watershop.dates import today
from watershop.models import Shop


class CreditForm(forms.ModelForm[Customer]):
    """What a customer may owe at most or whether anything at all, whether they leave deposits and want reminders."""

    class Meta:
        model = Customer
        fields: ClassVar = ["credit_limit", "is_credit_blocked", "keeps_cans_free", "has_refused_reminders"]


class OpeningForm(OnceForm):
    """What stood in the notebook, and since which day of the shop's calendar."""

    amount = forms.DecimalField(
        label=_("Amount"),
        max_digits=10,
        decimal_places=2,
        help_text=_("With a minus in front: what the customer had paid ahead."),
    )
    day = forms.DateField(label=_("Since"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))

    def __init__(self, shop: Shop, *args: Any) -> None:
        super().__init__(*args)
        self.shop = shop

    def clean_day(self) -> date:
        day: date = self.cleaned_data["day"]
        if day > today(self.shop).first:
            raise ValidationError(gettext("This day is still to come. Choose the day the debt was made."))
        return day

    def at(self) -> datetime:
        return datetime.combine(self.cleaned_data["day"], time.min, self.shop.tz)


class WriteOffForm(OnceForm):
    """What a customer need not pay any more, and why."""

    amount = forms.DecimalField(label=_("Amount"), min_value=Decimal("0.01"), max_digits=10, decimal_places=2)
    reason = forms.CharField(label=_("Reason"), max_length=200)


class RuleForm(forms.ModelForm[SalesSettings]):
    """Who counts as late, and from which age on each step is due."""

    class Meta:
        model = SalesSettings
        fields: ClassVar = [
            "late_sales",
            "late_amount",
            "late_days",
            "call_days",
            "stop_credit_days",
            "collect_cans_days",
            "write_off_days",
        ]
        labels: ClassVar = {"late_sales": _("This many unpaid sales, or more")}


class PromiseForm(forms.ModelForm[Promise]):
    """How much a customer will pay, and until when."""

    class Meta:
        model = Promise
        fields: ClassVar = ["amount", "due_on"]
        widgets: ClassVar = {"due_on": forms.DateInput({"type": "date"}, "%Y-%m-%d")}
