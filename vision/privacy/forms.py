"""The form of what is kept of faces."""

from typing import ClassVar

from django import forms

from vision.models import VisionSettings


class PrivacyForm(forms.ModelForm[VisionSettings]):
    """What is kept of a face and for how long, and how near a face must be to be spoken of."""

    class Meta:
        model = VisionSettings
        fields: ClassVar = [
            "unnamed_days", "known_days", "keeps_pictures", "picture_days", "till_at", "debtor_at",
        ]  # fmt: skip
