"""The form by which a customer's agreement comes in: to which text, in which language, and how they said so."""

from django import forms
from django.utils.translation import gettext_lazy as _

from vision.models import Consent
from vision.privacy.consents import Agreement


class ConsentForm(forms.Form):
    """What the page showed comes back with the answer, so that the record is of that and of nothing else."""

    language = forms.CharField()
    text_sha256 = forms.CharField()
    how = forms.ChoiceField(
        label=_("How did they say so?"), choices=Consent.How.choices, initial=Consent.How.COUNTER
    )

    def agreement(self) -> Agreement:
        """Of a valid form."""
        return Agreement(**self.cleaned_data)
