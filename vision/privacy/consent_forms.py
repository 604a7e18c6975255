"""The forms by which a customer's agreement comes in, and then the pictures of their face."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from vision.models import Consent
from vision.portraits import MOST
from vision.privacy.consents import Agreement

LARGEST_MB = 15
"""A telephone's picture has four to eight."""


class _Files(forms.FileInput):
    allow_multiple_selected = True


class PicturesField(forms.FileField):
    """A few pictures of a reasonable size; cleaned, a list of files."""

    widget = _Files(attrs={"accept": "image/*", "multiple": True})

    def clean(self, data: Any, initial: Any = None) -> "list[UploadedFile[bytes]]":
        files = [super(PicturesField, self).clean(file, initial) for file in data or [None]]
        if len(files) > MOST or any(file.size > LARGEST_MB * 1024**2 for file in files):
            sentence = _("At most %(most)s pictures of %(size)s MB each.")
            raise ValidationError(sentence, params={"most": MOST, "size": LARGEST_MB})
        return files


class PortraitsForm(forms.Form):
    """Pictures of a customer's face."""

    pictures = PicturesField(label=_("Pictures of the face"))
    is_another = forms.BooleanField(label=_("Somebody else who buys on this account"), required=False)


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
