"""What is written to customers about their dues and our cans, in their language, and why somebody is not written to."""

from collections.abc import Collection, Iterable
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q, Sum
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from customers.models import Customer
from sales.dues import with_balance
from sales.models import ZERO, CanMovement
from watershop import audit, outbox
from watershop.audit import Actor
from watershop.dates import day_of
from watershop.models import Message, MessageQuerySet, Shop
from watershop.templatetags.money import rupees

Channel = Message.Channel


class Topic(models.TextChoices):
    """What a customer is written to about."""

    DUES = "dues", gettext_lazy("dues")
    CANS = "cans", gettext_lazy("cans")


def asked_of(shop: Shop, topic: Topic, customers: Collection[Customer]) -> dict[int, Decimal]:
    """What each of these customers is asked for: the rupees they owe, or how many cans they hold; one query."""
    keys = [row.pk for row in customers]
    if topic == Topic.DUES:
        return {row.pk: row.balance for row in with_balance(Customer.objects.of(shop).filter(pk__in=keys))}
    held = CanMovement.objects.of(shop).filter(customer__in=keys).order_by().values_list("customer")
    return {pk: Decimal(count) for pk, count in held.annotate(Sum("quantity"))}


def text_for(topic: Topic, customer: Customer, asked: Decimal) -> str:
    """The message in the customer's language."""
    names = {"name": customer.name, "shop": customer.shop.name, "amount": rupees(asked), "n": int(asked)}
    with translation.override(customer.language):
        if topic == Topic.DUES:
            return (
                _("Dear %(name)s, your balance at %(shop)s is %(amount)s. Please pay soon. Thank you.")
                % names
            )
        return (
            ngettext(
                "Dear %(name)s, %(n)s can of %(shop)s is with you. Please give it back, or call us to fetch it. "
                "Thank you.",
                "Dear %(name)s, %(n)s cans of %(shop)s are with you. Please give them back, or call us to fetch them. "
                "Thank you.",
                int(asked),
            )
            % names
        )


def address_of(customer: Customer, channel: Channel) -> str:
    return customer.email if channel == Channel.EMAIL else customer.phone


def why_not(topic: Topic, customer: Customer, channel: Channel, *, asked: Decimal, was_reached: bool) -> str:
    """The reason why this customer is not written to now; "" when there is none."""
    if customer.has_refused_reminders:
        return _("This customer does not want to be reminded.")
    if not address_of(customer, channel):
        if channel == Channel.EMAIL:
            return _("There is no e-mail address of this customer. Add one first.")
        return _("There is no phone number of this customer. Add one first.")
    if asked <= 0 and topic == Topic.CANS:
        return _("This customer has none of our cans.")
    if asked <= 0:
        return _("This customer owes nothing.")
    if was_reached and channel != Channel.CALL:
        return _("This customer was reminded today already.")
    return ""


def reached(shop: Shop, topic: Topic, customers: Collection[Customer]) -> set[int]:
    """Those of the customers who were written to today, or whose message still waits; one query.

    A call is a talk, not a message: it may follow on the same day.
    """
    written = about(shop, customers).filter(topic=topic).exclude(channel=Channel.CALL)
    is_today = Q(day=day_of(shop, timezone.now())) & ~Q(state__in=["failed", "cancelled"])
    waits = Q(state__in=[Message.State.QUEUED, Message.State.SENDING])
    return {pk for pk in written.filter(is_today | waits).values_list("about_id", flat=True) if pk}


def about(shop: Shop, customers: Iterable[Customer]) -> MessageQuerySet:
    """Everything that was written to these customers, the newest first."""
    keys = [row.pk for row in customers]
    return Message.objects.of(shop).filter(topic__in=Topic.values, about_id__in=keys)


def write(topic: Topic, customer: Customer, channel: Channel, *, asked: Decimal, actor: Actor) -> Message:
    """The message, not stored yet."""
    with translation.override(customer.language):
        subject = _("Your account at %(shop)s") % {"shop": customer.shop.name}
    now = timezone.now()
    return Message(
        shop=customer.shop,
        topic=topic,
        about_id=customer.pk,
        channel=channel,
        language=customer.language,
        to=address_of(customer, channel),
        subject=subject if channel == Channel.EMAIL else "",
        text=text_for(topic, customer, asked),
        keeps_night=True,
        day=None
        if channel == Channel.CALL
        else day_of(customer.shop, outbox.quiet_until(customer.shop, now)),
        by=actor.user,
    )


@transaction.atomic
def remind(*, customer: Customer, channel: Channel, actor: Actor, topic: Topic = Topic.DUES) -> str:
    """Write to one customer now. The address that opens the message, or "" when it goes out by itself.

    Raises ValidationError with the reason why it must not.
    """
    shop = customer.shop
    asked = asked_of(shop, topic, [customer]).get(customer.pk, ZERO)
    was_reached = bool(reached(shop, topic, [customer]))
    if reason := why_not(topic, customer, channel, asked=asked, was_reached=was_reached):
        raise ValidationError(reason)
    (message,) = outbox.put(shop, [write(topic, customer, channel, asked=asked, actor=actor)])
    after = {"customer": customer.pk, "channel": channel.value, "topic": topic.value}
    audit.record(shop, actor, "remind", message, after=after)
    return outbox.open_by_hand(message, actor=actor) if outbox.is_by_hand(channel) else ""


def review(message: Message) -> str:
    """The text with what is owed now. Raises ValidationError when the customer is not to be written to any more."""
    customer = Customer.objects.of(message.shop).select_related("shop").get(pk=message.about_id or 0)
    topic = Topic(message.topic)
    asked = asked_of(message.shop, topic, [customer]).get(customer.pk, ZERO)
    if reason := why_not(topic, customer, Channel(message.channel), asked=asked, was_reached=False):
        raise ValidationError(reason)
    return text_for(topic, customer, asked)
