"""The small form beside an outcome: only what that outcome asks."""

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from sales.models import Tender
from vision.models import Card
from vision.queues.base import Answer, Outcome


class AnswerForm(forms.Form):
    """The fields of `Answer` that an outcome asks; what it does not ask is left out."""

    amount = forms.DecimalField(label=_("Amount"), min_value=1, max_digits=10, decimal_places=2)
    tender = forms.ChoiceField(label=_("Paid by"), choices=Tender.choices, initial=Tender.CASH)
    day = forms.DateField(label=_("Day"), widget=forms.DateInput(attrs={"type": "date"}))
    note = forms.CharField(label=_("Note"), max_length=200)

    def __init__(self, outcome: Outcome, card: Card, data: QueryDict | None = None) -> None:
        super().__init__(data, initial={"amount": card.amount}, auto_id=f"{outcome.name}_%s")
        for name in set(self.fields) - set(outcome.asks):
            del self.fields[name]

    def answer(self) -> Answer:
        """What was entered; call it on a valid form."""
        given = dict(self.cleaned_data)
        if "tender" in given:
            given["tender"] = Tender(given["tender"])
        return Answer(**given)
