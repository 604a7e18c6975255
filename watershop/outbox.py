"""The outbox: what is written to people outside waits here until it is sent, opened by hand, or called off.

No message is sent twice: a sender claims it by a conditional update, and a message whose sender died is not tried
again by itself. Customers are left in peace at night, and whoever wrote a message is asked once more before it goes.
Its page and its files are kept until it has gone out.
"""

import time
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone, translation
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from watershop import audit, jobs
from watershop.adapters import RefusedError, TryLaterError, adapter_of
from watershop.audit import Actor
from watershop.dates import day_of
from watershop.jobs import Beat
from watershop.models import Attachment, AuditEntry, Message, MessageQuerySet, Shop

State = Message.State
PAUSES = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))
SILENCE = timedelta(minutes=10)  # after that, a sender has died
PARTS_KEPT = timedelta(days=7)  # of a message that failed or was called off, for it may be sent again
LONGEST_RUN = 60.0  # seconds; what is left waits for the next minute


def quiet_until(shop: Shop, at: datetime) -> datetime:
    """`at` itself, or the end of the shop's quiet hours if it falls into them."""
    local = at.astimezone(shop.tz)
    begin, end, clock = shop.quiet_from, shop.quiet_until, local.time()
    is_quiet = begin <= clock < end if begin <= end else clock >= begin or clock < end
    if not is_quiet:
        return at
    morning = datetime.combine(local.date(), end, shop.tz)
    return morning if clock < end else morning + timedelta(days=1)


def is_by_hand(channel: str) -> bool:
    """Whether somebody has to open such a message on their own phone."""
    return adapter_of(channel).is_by_hand


def channels() -> list[tuple[str, str]]:
    """The channels that work here, with their names."""
    return [
        (channel, str(label))
        for channel, label in Message.Channel.choices
        if channel != "email" or settings.HAS_EMAIL
    ]


@transaction.atomic
def put(shop: Shop, messages: Iterable[Message], files: Iterable[Attachment] = ()) -> list[Message]:
    """Store new messages of one shop with their files, and see that they are sent; a fixed number of queries.

    Raises ValidationError when somebody has been written to about the same on this day already.
    """
    rows = list(messages)
    for row in rows:
        row.not_before = earliest(row)
    try:
        with transaction.atomic():
            stored = Message.objects.bulk_create(rows)
            Attachment.objects.bulk_create(files)
    except IntegrityError as error:
        raise ValidationError(_("Somebody was quicker: they were reminded today already.")) from error
    if any(not is_by_hand(row.channel) for row in stored):
        jobs.enqueue(shop, "watershop.outbox.send_waiting", shop.pk)
    return stored


def earliest(message: Message) -> datetime:
    """When the message may go out: now, or in the morning."""
    now = timezone.now()
    return quiet_until(message.shop, now) if message.keeps_night else now


@transaction.atomic
def open_by_hand(message: Message, *, actor: Actor) -> str:
    """The address that opens the message on this device; it counts as opened from now on.

    Opened already it may be opened again. Raises ValidationError with the reason why it must not go out now.
    """
    message = Message.objects.select_for_update().select_related("shop").get(pk=message.pk)
    if message.state not in (State.QUEUED, State.OPENED) or not is_by_hand(message.channel):
        raise ValidationError(_("This message does not wait any more."))
    if (morning := earliest(message)) > timezone.now():
        clock = morning.astimezone(message.shop.tz).strftime("%H:%M")
        raise ValidationError(_("It is night. Customers are written to from %(time)s on.") % {"time": clock})
    if message.state == State.QUEUED:
        message.text = review(message)
        _mark_opened(message)
        audit.record(message.shop, actor, "open_message", message, after=_codes(message))
    return adapter_of(message.channel).hand_over(message)


def _mark_opened(message: Message) -> None:
    now = timezone.now()
    message.state, message.sent_at = State.OPENED, now
    if message.day:
        message.day = day_of(message.shop, now)
    try:
        with transaction.atomic():
            message.save(update_fields=["state", "sent_at", "day", "text"])
    except IntegrityError as error:
        raise ValidationError(_("This customer was reminded today already.")) from error


def _codes(message: Message) -> dict[str, str | int | None]:
    return {"topic": message.topic, "about": message.about_id, "channel": message.channel}


def review(message: Message) -> str:
    """The text as it is to go out now. Raises ValidationError when it must not go out any more."""
    reviewer = settings.MESSAGE_REVIEWERS.get(message.topic)
    text: str = import_string(reviewer)(message) if reviewer else message.text
    return text


@transaction.atomic
def cancel(messages: MessageQuerySet, *, actor: Actor) -> int:
    """Call off those of the messages that still wait; how many these were."""
    waiting = list(messages.waiting().select_for_update(of=("self",)).select_related("shop"))
    Message.objects.filter(pk__in=[row.pk for row in waiting]).update(state=State.CANCELLED)
    AuditEntry.objects.bulk_create(
        audit.entry(row.shop, actor, "cancel_message", row, after=_codes(row)) for row in waiting
    )
    return len(waiting)


@transaction.atomic
def forget_words(messages: MessageQuerySet, *, actor: Actor) -> None:
    """Address, words and files of these messages go for good, and what still waits is called off.

    That there was one stays.
    """
    cancel(messages, actor=actor)
    _drop_parts(messages)
    messages.update(to="", subject="", text="", error="")


def forget_parts() -> None:
    """Each day: pages and files go that no message takes along any more, of one that failed after a week."""
    gone = Q(state__in=[State.SENT, State.OPENED])
    given_up = Q(state__in=[State.FAILED, State.CANCELLED], created_at__lt=timezone.now() - PARTS_KEPT)
    _drop_parts(Message.objects.filter(gone | given_up))


def _drop_parts(messages: MessageQuerySet) -> None:
    Attachment.objects.filter(message__in=messages.order_by()).delete()
    messages.exclude(html="").update(html="")


@transaction.atomic
def retry(message: Message, *, actor: Actor) -> None:
    """Let a message that failed or was called off wait again. Raises ValidationError when it is neither."""
    try:
        with transaction.atomic():
            again = Message.objects.filter(pk=message.pk, state__in=[State.FAILED, State.CANCELLED]).update(
                state=State.QUEUED, attempts=0, error="", not_before=earliest(message)
            )
    except IntegrityError as error:
        raise ValidationError(_("This customer was reminded today already.")) from error
    if not again:
        raise ValidationError(_("This message does not wait for that any more."))
    audit.record(message.shop, actor, "retry_message", message, after=_codes(message))
    if not is_by_hand(message.channel):
        jobs.enqueue(message.shop, "watershop.outbox.send_waiting", message.shop_id)


def send_due() -> None:
    """Each minute: give up on messages whose sender died, and send what is due in each shop."""
    now = timezone.now()
    Message.objects.filter(state=State.SENDING, claimed_at__lt=now - SILENCE).update(
        state=State.FAILED,
        error=_("The computer stopped while it was sent. It may have arrived all the same."),
    )
    shops = Shop.objects.filter(pk__in=_due(now).values("shop"))
    for shop in shops:
        jobs.enqueue(shop, "watershop.outbox.send_waiting", shop.pk)


def _due(now: datetime) -> MessageQuerySet:
    by_itself = [channel for channel in settings.MESSAGE_ADAPTERS if not is_by_hand(channel)]
    return Message.objects.waiting().filter(channel__in=by_itself, not_before__lte=now)


def send_waiting(shop_id: int, beat: Beat) -> None:
    """The job of one shop: send what is due, one after the other, for a minute at most."""
    stop = time.monotonic() + LONGEST_RUN
    due = _due(timezone.now()).filter(shop=shop_id).order_by("not_before", "id")
    waiting = list(due.values_list("pk", flat=True))
    for done, pk in enumerate(waiting):
        if time.monotonic() > stop:
            return
        beat(done / len(waiting))
        send(pk)


def send(pk: int) -> None:
    """Send one message, if nobody else does: claim, review, hand over, note the end."""
    now = timezone.now()
    claimed = _due(now).filter(pk=pk).update(state=State.SENDING, claimed_at=now, attempts=F("attempts") + 1)
    if not claimed:
        return
    message = Message.objects.select_related("shop").get(pk=pk)
    with translation.override(message.shop.language):
        _carry(message)


def _carry(message: Message) -> None:
    morning = earliest(message)
    if morning > timezone.now():
        return _end(message, State.QUEUED, not_before=morning, attempts=message.attempts - 1)
    try:
        message.text = review(message)
        adapter_of(message.channel).hand_over(message)
    except ValidationError as refusal:
        _end(message, State.CANCELLED, error=" ".join(refusal.messages))
    except RefusedError as refusal:
        _end(message, State.FAILED, error=str(refusal))
    except TryLaterError as refusal:
        _later(message, str(refusal))
    else:
        _end(message, State.SENT, sent_at=timezone.now(), text=message.text)
        _drop_parts(Message.objects.filter(pk=message.pk, state=State.SENT))


def _later(message: Message, error: str) -> None:
    if message.attempts > len(PAUSES):
        return _end(message, State.FAILED, error=error)
    pause = PAUSES[message.attempts - 1]
    _end(message, State.QUEUED, error=error, not_before=timezone.now() + pause)


def _end(message: Message, state: State, **fields: object) -> None:
    Message.objects.filter(pk=message.pk, state=State.SENDING, attempts=message.attempts).update(
        state=state, **fields
    )
