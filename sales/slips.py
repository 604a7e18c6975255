"""What a receipt says: one source for the page, the printer's picture and the message to the buyer.

It speaks the customer's language, a walk-in's the shop's, whatever the clerk's screen speaks.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from sales.dues import balance_of
from sales.gst import taxes_in
from sales.models import PaperWidth, Sale, SaleLine, SalesSettings
from sales.pricelist import price_book
from sales.reversals import came_with
from watershop import audit
from watershop.audit import Actor
from watershop.models import Shop
from watershop.templatetags.dates import shop_time
from watershop.templatetags.money import rupees

Pair = tuple[str, str]
"""A label and its value, as they are read."""


@dataclass(frozen=True)
class Item:
    """One line of the sale: `20 L`, `2 × ₹20`, `₹40.00`."""

    name: str
    count: str
    amount: str


@dataclass(frozen=True)
class Receipt:
    """Every word of a receipt, from top to bottom, in `language`; `width` is the paper of the browser's printer."""

    language: str
    shop: str
    width: PaperWidth
    facts: tuple[Pair, ...]
    items: tuple[Item, ...]
    total: Pair
    taxes: tuple[Pair, ...]
    settled: tuple[Pair, ...]
    thanks: str

    @property
    def text(self) -> str:
        """The receipt as a message: a few lines to read on a phone."""
        return "\n".join([self.shop, *self._lines(), self.thanks])

    def _lines(self) -> Iterator[str]:
        for label, value in self.facts:
            yield f"{label}: {value}"
        for item in self.items:
            yield f"{item.name}: {item.count} = {item.amount}"
        for label, value in (self.total, *self.taxes, *self.settled):
            yield f"{label}: {value}"


def settings_of(shop: Shop) -> SalesSettings:
    return SalesSettings.objects.filter(shop=shop).first() or SalesSettings(shop=shop)


@transaction.atomic
def change_settings(shop: Shop, *, actor: Actor, **fields: Any) -> SalesSettings:
    """What stands on each receipt and how wide it is. Raises ValidationError."""
    settings, _is_new = SalesSettings.objects.get_or_create(shop=shop)
    return audit.change(settings, actor, "change_receipts", fields)


def receipt_of(sale: Sale) -> Receipt:
    """The receipt of a sale that was read `with_sums`; what the customer owes in all is that of this moment."""
    language = sale.customer.language if sale.customer else sale.shop.language
    settings, book = settings_of(sale.shop), price_book(sale.shop)
    lines = [
        (line, book.entry(line.can_type, sale.sold_at)) for line in sale.lines.select_related("can_type")
    ]
    with translation.override(language):
        return Receipt(
            language=language,
            shop=sale.shop.name,
            width=PaperWidth(settings.receipt_width),
            facts=tuple(_facts(sale, settings.gstin)),
            items=tuple(_item(line, price.hsn) for line, price in lines),
            total=(_("Total"), rupees(sale.total, 2)),
            taxes=tuple(_taxes((price.gst_rate, line.amount) for line, price in lines)),
            settled=tuple(_settled(sale)),
            thanks=_("Thank you. Please bring our cans back."),
        )


def _facts(sale: Sale, gstin: str) -> Iterator[Pair]:
    if gstin:
        yield _("GSTIN"), gstin
    yield _("Receipt"), sale.receipt or sale.code
    yield _("Time"), shop_time(sale.sold_at, sale.shop)
    if sale.customer:
        yield _("Customer"), sale.customer.name
    if sale.clerk:
        yield _("Clerk"), sale.clerk.get_full_name() or sale.clerk.get_username()


def _item(line: SaleLine, hsn: str) -> Item:
    count = f"{line.quantity} × {rupees(line.unit_price)}"
    name = f"{line.can_type.name} (HSN {hsn})" if hsn else line.can_type.name
    return Item(name, count, rupees(line.amount, 2))


def _taxes(charged: Iterable[tuple[Decimal | None, Decimal]]) -> Iterator[Pair]:
    for tax in taxes_in(charged):
        rate = (tax.rate / 2).normalize()
        yield _("Without tax"), rupees(tax.taxable, 2)
        yield f"CGST {rate:f} %", rupees(tax.half, 2)
        yield f"SGST {rate:f} %", rupees(tax.half, 2)


def _settled(sale: Sale) -> Iterator[Pair]:
    if hasattr(sale, "void"):
        yield _("Void"), sale.void.reason
    else:
        for payment in came_with(sale):
            yield str(payment.get_tender_display()), rupees(payment.amount, 2)
        if sale.due:
            yield _("Unpaid"), rupees(sale.due, 2)
        for deposit in sale.deposits.filter(reverses=None, reversed_by=None).order_by("id"):
            yield capfirst(deposit.get_kind_display()), rupees(abs(deposit.amount), 2)
    if sale.customer and (balance := balance_of(sale.customer)) > 0:
        yield _("Due in all"), rupees(balance, 2)
