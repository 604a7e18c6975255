"""Forms of printers and of what stands on each receipt."""

from typing import Any, ClassVar

from django import forms

from sales.models import Printer, SalesSettings
from sales.printing import check_address


class PrinterForm(forms.ModelForm[Printer]):
    class Meta:
        model = Printer
        fields: ClassVar = ["name", "address", "width", "has_drawer", "prints_sales"]

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"]
        check_address(address)
        return address


class CapitalsField(forms.CharField):
    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).upper()


class ReceiptForm(forms.ModelForm[SalesSettings]):
    """What the receipts of this shop look like."""

    class Meta:
        model = SalesSettings
        fields: ClassVar = ["receipt_width", "gstin"]
        field_classes: ClassVar = {"gstin": CapitalsField}
