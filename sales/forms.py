"""Forms of the till, of payments and returns, of voids, can types and the filter of the sales list."""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from sales.deposit_forms import add_deposit_fields, deposits_of
from sales.ledger import Line, NewSale
from sales.models import ZERO, CanType, Sale, SaleQuerySet, SaleVoid, Tender
from watershop.api import InFlight, KeyReused, answer_once
from watershop.dates import period_from, today
from watershop.models import Right, Shop
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
            self.add_error(None, ValidationError(refusal.messages))
        else:
            return str(answer["location"])
        return ""


def cans_field(label: str) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=0, max_value=MOST_CANS, required=False, initial=0)


def part_field(tender: Tender) -> forms.DecimalField:
    return forms.DecimalField(
        label=tender.label, min_value=ZERO, max_digits=10, decimal_places=2, required=False
    )


class TillForm(OnceForm):
    """A sale: `sold_<can type>` full cans and `back_<can type>` empties, who buys, and how they pay or will pay."""

    customer = forms.ModelChoiceField(
        Customer.objects.none(),
        required=False,
        widget=forms.HiddenInput,
        error_messages={"invalid_choice": _("This customer is not in the book any more. Choose again.")},
    )
    tender = forms.ChoiceField(label=_("Paid by"), choices=Tender.choices, initial=Tender.CASH)
    is_unpaid = forms.BooleanField(label=_("Unpaid"), required=False)
    # What each tender brings, when it is more than one or not all.
    part_cash = part_field(Tender.CASH)
    part_upi = part_field(Tender.UPI)
    part_coin = part_field(Tender.COIN)
    sold_at = forms.DateTimeField(
        label=_("Earlier time"),
        required=False,
        help_text=_("Only for a sale that was not entered when it happened."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    def __init__(self, shop: Shop, rights: frozenset[Right], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["customer"].queryset = Customer.objects.of(shop).active()  # type: ignore[attr-defined]
        if Right.BACK_DATE not in rights:
            del self.fields["sold_at"]
        self.can_types = list(CanType.objects.of(shop).on_sale())
        for can_type in self.can_types:
            self.fields[f"sold_{can_type.pk}"] = cans_field(can_type.name)
            self.fields[f"back_{can_type.pk}"] = cans_field(can_type.name)
        add_deposit_fields(self, self.can_types)

    def tiles(self) -> Iterator[tuple[CanType, forms.BoundField, forms.BoundField]]:
        """Each size on sale with its fields: full cans sold, empties brought back."""
        for can_type in self.can_types:
            yield can_type, self[f"sold_{can_type.pk}"], self[f"back_{can_type.pk}"]

    def parts(self) -> Iterator[forms.BoundField]:
        return (self[f"part_{tender}"] for tender in Tender.values)

    def is_split(self) -> bool:
        return any(part.value() for part in self.parts())

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors:
            is_paid = not data["is_unpaid"]
            data["deposits"] = deposits_of(self, data["customer"], self._moved(), is_paid=is_paid)
        return data

    def clean_sold_at(self) -> datetime | None:
        return past(self.cleaned_data["sold_at"])

    def new_sale(self) -> NewSale:
        data = self.cleaned_data
        return NewSale(
            lines=[Line(can_type, count) for can_type, count in self._counts("sold")],
            empties=list(self._counts("back")),
            deposits=data["deposits"],
            customer=data["customer"],
            tender=Tender(data["tender"]),
            is_paid=not data["is_unpaid"],
            split=self._split(),
            sold_at=data.get("sold_at"),
            client_ref=str(data["client_ref"]),
        )

    def _split(self) -> dict[Tender, Decimal] | None:
        amounts = {tender: self.cleaned_data[f"part_{tender}"] for tender in Tender}
        parts = {tender: amount for tender, amount in amounts.items() if amount}
        return parts or None

    def brought(self) -> list[CanType]:
        """The sizes of which more empties came back than full cans went out."""
        return [can_type for can_type, moved in self._moved().items() if moved < 0]

    def _moved(self) -> dict[CanType, int]:
        """Full cans that go out less empties that come in, of each size."""
        full, empty = dict(self._counts("sold")), dict(self._counts("back"))
        return {can_type: full.get(can_type, 0) - empty.get(can_type, 0) for can_type in self.can_types}

    def _counts(self, kind: str) -> Iterator[tuple[CanType, int]]:
        for can_type in self.can_types:
            if count := self.cleaned_data[f"{kind}_{can_type.pk}"]:
                yield can_type, count


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


class ReturnForm(OnceForm):
    """Empties that a customer brings back without buying: `back_<can type>`."""

    def __init__(self, shop: Shop, held: dict[str, int], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.can_types = list(CanType.objects.of(shop).filter(Q(retired_at=None) | Q(code__in=held)))
        for can_type in self.can_types:
            self.fields[f"back_{can_type.pk}"] = cans_field(can_type.name)

    def rows(self) -> Iterator[forms.BoundField]:
        return (self[f"back_{can_type.pk}"] for can_type in self.can_types)

    def cans(self) -> dict[CanType, int]:
        counts = {can_type: self.cleaned_data[f"back_{can_type.pk}"] for can_type in self.can_types}
        return {can_type: count for can_type, count in counts.items() if count}


class VoidForm(forms.ModelForm[SaleVoid]):
    class Meta:
        model = SaleVoid
        fields: ClassVar = ["reason"]


class CanTypeForm(forms.ModelForm[CanType]):
    """A new size on the price list."""

    class Meta:
        model = CanType
        fields: ClassVar = ["code", "name", "litres", "price", "deposit"]


class CanTypeEditForm(CanTypeForm):
    """A known size; its code stays, because imported files name it."""

    class Meta(CanTypeForm.Meta):
        fields: ClassVar = ["name", "litres", "price", "deposit"]


class SalesFilter(forms.Form):
    """?from=2026-11-01&to=2026-11-30&unpaid=1&customer=7. A day left out is today.

    Nothing chosen means today's sales; only `unpaid` or `customer` looks at all days.
    """

    unpaid = forms.BooleanField(label=_("Only unpaid"), required=False)
    customer = forms.ModelChoiceField(Customer.objects.none(), required=False, widget=forms.HiddenInput)

    def __init__(self, shop: Shop, data: Any) -> None:
        asked = {name: data[name] for name in ("from", "to", "unpaid", "customer") if data.get(name)}
        if not asked or asked.keys() & {"from", "to"}:
            day = today(shop).first.isoformat()
            asked = {"from": day, "to": day} | asked
        super().__init__(asked)
        self.shop = shop
        self.fields["customer"].queryset = Customer.objects.of(shop)  # type: ignore[attr-defined]
        for name, label in (("from", _("From")), ("to", _("To"))):
            widget = forms.DateInput(attrs={"type": "date"})
            self.fields[name] = forms.CharField(label=label, required=False, widget=widget)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        days = data.get("from"), data.get("to")
        if any(days):
            try:
                data["period"] = period_from(self.shop, *days, default=today(self.shop))
            except ValueError as error:
                self.add_error(None, str(error))
        return data

    def sales(self) -> SaleQuerySet:
        """The sales that the filter lets through, each with its sums; today's for an impossible choice."""
        sales = Sale.objects.of(self.shop)
        if not self.is_valid():
            return sales.during(today(self.shop)).with_sums()
        data = self.cleaned_data
        if period := data.get("period"):
            sales = sales.during(period)
        if data["customer"]:
            sales = sales.filter(customer=data["customer"])
        return sales.open() if data["unpaid"] else sales.with_sums()
