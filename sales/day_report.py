"""The figures of a day as a message: by e-mail to the owner, or by a link to whomever it is opened for."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from sales.day_end import DayEnd, day_end
from sales.stock import Stand
from watershop import audit, outbox, phone_links
from watershop.audit import Actor
from watershop.dates import Period
from watershop.models import Message, Shop
from watershop.templatetags.dates import shop_day
from watershop.templatetags.money import grouped, rupees


def text_of(shop: Shop, day: date, end: DayEnd) -> str:
    """The Close page in a few lines, in the shop's language."""
    with translation.override(shop.language):
        return "\n".join(
            [f"{shop.name}, {shop_day(day)}", *(f"{name}: {value}" for name, value in _lines(end))]
        )


def _lines(end: DayEnd) -> Iterator[tuple[str, str]]:
    yield _("Sales"), grouped(end.sale_count)
    yield _("Goods sold"), rupees(end.sold)
    yield _("of it on credit"), rupees(end.credit_given)
    for tender, amount in end.takings.items():
        yield str(tender.label), rupees(amount)
    yield _("Takings"), rupees(end.taken)
    yield _("Paid with the sale"), rupees(end.with_sales)
    yield _("Dues collected"), rupees(end.dues_collected)
    if end.given_back:
        yield _("Given back"), rupees(end.given_back)
    if end.unconfirmed_upi:
        yield _("UPI not confirmed yet"), rupees(end.unconfirmed_upi)
    yield _("Cans taken along"), grouped(end.cans_out)
    yield _("Cans brought back"), grouped(end.cans_in)
    if end.deposits_taken or end.deposits_given_back:
        yield _("Deposits taken"), rupees(end.deposits_taken)
        yield _("Deposits given back"), rupees(end.deposits_given_back)
    for stand in end.stock:
        yield stand.can_type.code, _in_stock(stand)
    for variance in _variances(end):
        yield _("Variance"), rupees(variance)


def _in_stock(stand: Stand) -> str:
    """Full 12, Empty 8: what is there now, whichever day the message tells of."""
    counts = [(_("Full"), stand.full), (_("Empty"), stand.empty)]
    counts += [(_("Broken"), stand.broken)] if stand.broken else []
    return ", ".join(f"{name} {count}" for name, count in counts)


def _variances(end: DayEnd) -> Iterator[Decimal]:
    for session in end.sessions:
        if session.closed_at and (variance := session.variance):
            yield variance


def links(shop: Shop, day: date, end: DayEnd) -> dict[str, str]:
    """Addresses that open WhatsApp and the text messages with the day's figures; the phone asks for whom."""
    text = text_of(shop, day, end)
    return {"whatsapp": phone_links.whatsapp("", text), "sms": phone_links.sms("", text)}


@transaction.atomic
def mail_to_owner(shop: Shop, day: Period, *, actor: Actor) -> Message:
    """Put the figures of a day into the outbox, for the shop's own address. Raises ValidationError without one."""
    if not shop.email:
        raise ValidationError(_("The shop has no e-mail address yet. The owner writes it in under Shop."))
    with translation.override(shop.language):
        subject = f"{_('Close of the day')}: {shop_day(day.first)}"
    text = text_of(shop, day.first, day_end(shop, day))
    mail = Message(
        shop=shop,
        topic="day",
        channel=Message.Channel.EMAIL,
        language=shop.language,
        to=shop.email,
        subject=subject,
        text=text,
        by=actor.user,
    )
    (message,) = outbox.put(shop, [mail])
    audit.record(shop, actor, "send_day", message, after={"day": day.first.isoformat()})
    return message
