"""The form of a report that goes out by itself."""

from typing import Any, ClassVar

from django import forms

from analytics.models import ReportSchedule
from sales.statement_pdf import engine
from watershop.models import Right


class ScheduleForm(forms.ModelForm[ReportSchedule]):
    """Who gets which report, and when. The workbook is a file for those who may take files out of the shop."""

    class Meta:
        model = ReportSchedule
        fields: ClassVar = ["rhythm", "hour", "to", "language", "has_workbook", "has_pdf"]

    def __init__(self, *args: Any, rights: frozenset[Right], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["has_workbook"].disabled = Right.EXPORT not in rights
        if not engine():
            del self.fields["has_pdf"]

    def clean(self) -> dict[str, Any]:
        """Without the right to export nobody sends the workbook anywhere new; one that goes out already stays."""
        cleaned = super().clean() or self.cleaned_data
        is_new = self.instance.pk is None or "to" in self.changed_data
        if is_new and self.fields["has_workbook"].disabled:
            cleaned["has_workbook"] = False
        return cleaned
