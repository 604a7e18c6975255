"""Forms of payments and returns, of voids, and the filters of the lists; what a form does once."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from sales.models import CanType, Payment, Replay, Sale, SaleLine, SaleQuerySet, SaleVoid, Tender
from sales.offline import as_slip
from watershop.api import InFlight, KeyReused, answer_once
from watershop.dates import period_from, today
from watershop.models import Shop
from watershop.roles import ShopRequest

MOST_CANS = 999
Deed = Callable[[], tuple[int, dict[str, Any]]]


class OnceForm(forms.Form):
    """A form whose deed is done once, however often it is sent. Showing it again answers with `status`."""

    client_ref = forms.UUIDField(
        widget=forms.HiddenInput,
        initial=uuid4,
        error_messages={"invalid": _("This form is damaged. Open the page again.")},
    )
    status = 422

    def once(self, request: ShopRequest, deed: Deed) -> str:
        """Do the deed, or find its stored answer, and return the answer's location.

        "" when it was refused; the reason is then among the errors. A form that was sent before with other
        content gets a new client_ref, so that sending it once more is a deed of its own.
        """
        form = {name: self.data[name] for name in self.data if name != "csrfmiddlewaretoken"}
        body = {"path": request.path, "form": form}
        try:
            _code, answer = answer_once(request.shop, str(self.cleaned_data["client_ref"]), body, deed)
        except InFlight as refusal:
            self.status = refusal.status_code
            self.add_error(None, str(refusal.detail))
        except KeyReused:
            self.data = form | {"client_ref": str(uuid4())}
            self.add_error(
                None, gettext("This form was already sent, with other content. Check, then send again.")
            )
        except ValidationError as refusal:
            code = getattr(refusal, "code", None)
            self.add_error(None, [ValidationError(message, code=code) for message in refusal.messages])
        else:
            return str(answer["location"])
        return ""


def cans_field(label: str) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=0, max_value=MOST_CANS, required=False, initial=0)


def past(at: datetime | None) -> datetime | None:
    """The time itself, unless it is still to come."""
    if at and at > timezone.now():
        raise ValidationError(gettext("This time is still to come. Leave it empty for now."))
    return at


class PaymentForm(OnceForm):
    """Money that a customer brings; it settles the ticked dues (`due_<key>`), then the oldest first."""

    amount = forms.DecimalField(label=_("Amount"), min_value=Decimal("0.01"), max_digits=10, decimal_places=2)
    tender = forms.ChoiceField(label=_("Paid by"), choices=Tender.choices, initial=Tender.CASH)

    def dues(self) -> list[str]:
        """The keys of the ticked dues. Each has a name of its own, for a name sent twice keeps only its last value."""
        return [name.removeprefix("due_") for name in self.data if name.startswith("due_")]


class RefundForm(OnceForm):
    """Cans of a sale that the buyer gives back for their money: `refund_<can type>`, and why."""

    reason = forms.CharField(label=_("Reason"), max_length=200)

    def __init__(self, lines: Sequence[SaleLine], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = lines
        for line in lines:
            self.fields[f"refund_{line.can_type_id}"] = forms.IntegerField(
                label=line.can_type.name, min_value=0, max_value=line.quantity, required=False, initial=0
            )

    def rows(self) -> Iterator[forms.BoundField]:
        return (self[f"refund_{line.can_type_id}"] for line in self.lines)

    def back(self) -> dict[CanType, int]:
        counts = {line.can_type: self.cleaned_data[f"refund_{line.can_type_id}"] for line in self.lines}
        return {can_type: count for can_type, count in counts.items() if count}


class VoidForm(forms.ModelForm[SaleVoid]):
    class Meta:
        model = SaleVoid
        fields: ClassVar = ["reason"]


class DaysForm(forms.Form):
    """The days of a list, both included: ?from=2026-11-01&to=2026-11-30. A day left out is today."""

    def __init__(self, shop: Shop, asked: Any) -> None:
        super().__init__(asked)
        self.shop = shop
        for name, label in (("from", _("From")), ("to", _("To"))):
            widget = forms.DateInput(attrs={"type": "date"})
            self.fields[name] = forms.CharField(label=label, required=False, widget=widget)

    def clean(self) -> dict[str, Any]:
        """Adds the `period`, if any day was asked for."""
        data = super().clean() or {}
        days = data.get("from"), data.get("to")
        if any(days):
            try:
                data["period"] = period_from(self.shop, *days, default=today(self.shop))
            except ValueError as error:
                self.add_error(None, str(error))
        return data


class PaymentsFilter(DaysForm):
    """?from=2026-11-01&to=2026-11-30&tender=upi. Today's to begin with."""

    tender = forms.ChoiceField(label=_("Tender"), choices=[("", _("All")), *Tender.choices], required=False)

    def __init__(self, shop: Shop, data: Any) -> None:
        day = today(shop).first.isoformat()
        asked = {name: data[name] for name in ("from", "to", "tender") if data.get(name)}
        super().__init__(shop, asked if asked.keys() & {"from", "to"} else {"from": day, "to": day} | asked)

    def payments(self) -> QuerySet[Payment]:
        """The newest first; today's for an impossible choice."""
        is_valid = self.is_valid()
        days = self.cleaned_data["period"] if is_valid else today(self.shop)
        payments = Payment.objects.filter(
            shop=self.shop, received_at__gte=days.start, received_at__lt=days.end
        )
        tender = self.cleaned_data["tender"] if is_valid else ""
        return payments.filter(tender=tender) if tender else payments


class SalesFilter(DaysForm):
    """?from=2026-11-01&to=2026-11-30&unpaid=1&customer=7. A day left out is today.

    Nothing chosen means today's sales; only `unpaid` or `customer` looks at all days. `code` asks for one sale by its
    code, its receipt or its offline slip, whenever it was.
    """

    code = forms.CharField(label=_("Sale, receipt or slip"), required=False, max_length=40)
    unpaid = forms.BooleanField(label=_("Only unpaid"), required=False)
    customer = forms.ModelChoiceField(Customer.objects.none(), required=False, widget=forms.HiddenInput)

    def __init__(self, shop: Shop, data: Any) -> None:
        asked = {name: data[name] for name in ("from", "to", "unpaid", "customer") if data.get(name)}
        if code := data.get("code"):
            asked = {"code": code}
        elif not asked or asked.keys() & {"from", "to"}:
            day = today(shop).first.isoformat()
            asked = {"from": day, "to": day} | asked
        super().__init__(shop, asked)
        self.fields["customer"].queryset = Customer.objects.of(shop)  # type: ignore[attr-defined]

    def sales(self) -> SaleQuerySet:
        """The sales that the filter lets through, each with its sums; today's for an impossible choice."""
        sales = Sale.objects.of(self.shop)
        if not self.is_valid():
            return sales.during(today(self.shop)).with_sums()
        data = self.cleaned_data
        if data["code"]:
            return _called(self.shop, data["code"]).with_sums()
        if period := data.get("period"):
            sales = sales.during(period)
        if data["customer"]:
            sales = sales.filter(customer=data["customer"])
        return sales.open() if data["unpaid"] else sales.with_sums()


def _called(shop: Shop, text: str) -> SaleQuerySet:
    """The sale with this code, receipt number or offline slip."""
    slips = list(Replay.objects.filter(shop=shop, slip=as_slip(text)).values_list("sale", flat=True))
    return Sale.objects.of(shop).filter(Q(code=text.upper()) | Q(receipt=text) | Q(pk__in=slips))
