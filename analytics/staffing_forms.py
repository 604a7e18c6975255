"""What an owner says of the counter, so that waits and clerks can be reckoned."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _

from analytics.models import NumbersSettings
from analytics.staffing import MOST_STAFF

HOUR_S = 3600
MOST = {"staff_now": MOST_STAFF, "wait_s": HOUR_S, "patience_s": HOUR_S, "service_s": HOUR_S}
"""More is a slip of the finger, and would be reckoned with for minutes."""


class StaffingForm(forms.ModelForm[NumbersSettings]):
    """Clerks, wage, and how long customers wait."""

    class Meta:
        model = NumbersSettings
        fields: ClassVar = ["staff_now", "wage", "wait_s", "patience_s", "service_s"]

    def clean(self) -> dict[str, Any]:
        for name, most in MOST.items():
            if (self.cleaned_data.get(name) or 0) > most:
                self.add_error(name, _("%(most)s at most.") % {"most": most})
        return self.cleaned_data
