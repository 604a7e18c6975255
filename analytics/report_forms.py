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
        if Right.EXPORT not in rights:
            del self.fields["has_workbook"]
        if not engine():
            del self.fields["has_pdf"]
