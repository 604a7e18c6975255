"""The form that corrects a sale: the till's, filled with what was entered, and what was wrong with it."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from sales.models import ZERO, CanMovement, CanType, Sale
from sales.new_sale import Line
from sales.reversals import came_with
from sales.till_forms import TillForm, money_field
from watershop.models import Right

MOST_NAMED = 5
AT_THE_COUNTER = ("customer", "handed", "is_clock_right", "is_paper", "sold_at", "slip")


class CorrectForm(TillForm):
    """A sale as it should have been: `each_<can type>` is the price per can, `who` the customer.

    Its time stays, so nothing of the counter's moment is asked.
    """

    who = forms.CharField(
        label=_("Customer"),
        max_length=80,
        required=False,
        help_text=_("Code, phone or name. Empty: a walk-in."),
    )
    reason = forms.CharField(label=_("What was wrong?"), max_length=200)

    def __init__(self, sale: Sale, rights: frozenset[Right], *args: Any, **kwargs: Any) -> None:
        self.sale = sale
        super().__init__(sale.shop, rights, sale.customer, *args, initial=_as_entered(sale), **kwargs)
        for name in AT_THE_COUNTER:
            self.fields.pop(name, None)
        for can_type in self.can_types:
            del self.fields[f"price_{can_type.pk}"], self.fields[f"amount_{can_type.pk}"]
            self.fields[f"each_{can_type.pk}"] = money_field(_("Price per can"))
            self.fields[f"deposit_{can_type.pk}"].label = _("Deposit")
            self.initial.setdefault(f"each_{can_type.pk}", can_type.price)

    def sizes(self) -> QuerySet[CanType]:
        """What is on sale, and what this sale is of."""
        of_sale = Q(pk__in=self.sale.lines.values("can_type"))
        return CanType.objects.of(self.sale.shop).filter(Q(retired_at=None) | of_sale)

    def rows(self) -> Iterator[tuple[CanType, list[forms.BoundField]]]:
        """Each size with its fields: full cans, rupees each, empties, deposit."""
        kinds = ("sold", "each", "back", "deposit")
        for can_type in self.can_types:
            yield can_type, [self[f"{kind}_{can_type.pk}"] for kind in kinds]

    def clean_who(self) -> Customer | None:
        """The one customer that is meant. Raises ValidationError that names the candidates when it is not clear."""
        text = self.cleaned_data["who"].strip()
        customers = Customer.objects.of(self.sale.shop).active()
        if not text:
            return None
        if exact := customers.filter(code__iexact=text).first():
            return exact
        found = customers.find(text, most=MOST_NAMED)
        if len(found) == 1:
            return found[0]
        if not found:
            raise ValidationError(gettext("Nobody found. Enter the code from the customer's page."))
        names = ", ".join(f"{customer.name} ({customer.code})" for customer in found)
        raise ValidationError(gettext("Which one? Enter the code: %(names)s") % {"names": names})

    def clean(self) -> dict[str, Any]:
        self.cleaned_data["customer"] = self.cleaned_data.get("who")
        return super().clean()

    def check_moment(self) -> None:
        """The sale was made: nobody stands there any more."""

    def lines(self) -> list[Line]:
        """A line that stays as it was keeps its amount to the paisa, which need not divide by its cans."""
        known = {line.can_type_id: line for line in self.sale.lines.all()}
        lines = []
        for can_type, count in self.counts("sold"):
            each, old = self.cleaned_data[f"each_{can_type.pk}"], known.get(can_type.pk)
            is_same = old is not None and (old.quantity, old.unit_price) == (count, each)
            amount = old.amount if old and is_same else None if each is None else each * count
            lines.append(Line(can_type, count, amount))
        return lines


def _as_entered(sale: Sale) -> dict[str, Any]:
    """The fields as the sale stands now."""
    paid = {payment.tender: payment.amount for payment in came_with(sale)}
    total = sum((line.amount for line in sale.lines.all()), ZERO)
    is_split = bool(paid) and paid != {sale.stated_tender: total}
    fields: dict[str, Any] = {
        "who": sale.customer.code if sale.customer else "",
        "tender": sale.stated_tender,
        "is_unpaid": bool(total) and not paid,
    }
    fields |= {f"part_{tender}": amount for tender, amount in paid.items() if is_split}
    for line in sale.lines.all():
        fields |= {f"sold_{line.can_type_id}": line.quantity, f"each_{line.can_type_id}": line.unit_price}
        fields[f"deposit_{line.can_type_id}"] = ZERO  # none was taken: empty would be what the rule says
    for move in sale.can_movements.filter(kind=CanMovement.Kind.RETURN):
        fields[f"back_{move.can_type_id}"] = -move.quantity
    for size, held in sale.deposits.filter(reverses=None, reversed_by=None).held().items():
        fields[f"deposit_{size}"] = held.amount
    return fields
