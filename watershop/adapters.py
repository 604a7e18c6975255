"""Who carries a message out of the shop: one adapter per channel, named in settings.MESSAGE_ADAPTERS.

The links need no account anywhere: they open WhatsApp, the messages or the dialler of whoever stands before the
screen. A provider that sends by itself is a class with `hand_over` that answers "" and `is_by_hand = False`.
"""

import smtplib
from collections.abc import Iterable
from email.mime.base import MIMEBase
from email.mime.image import MIMEImage
from typing import ClassVar, Protocol

from django.conf import settings
from django.core.mail import EmailMessage, SafeMIMEMultipart, SafeMIMEText, get_connection
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from watershop import phone_links
from watershop.models import Attachment, Message


class TryLaterError(Exception):
    """It surely did not go out; it may the next time."""


class RefusedError(Exception):
    """It did not go out and never will, or nobody knows whether it did: a person decides what to do."""


class Adapter(Protocol):
    """Carries the messages of one channel. `is_by_hand`: a person opens what `hand_over` answers."""

    is_by_hand: bool

    def hand_over(self, message: Message) -> str:
        """Hand the message over; the address to open, or "" when it is gone. Raises TryLaterError, RefusedError."""


def adapter_of(channel: str) -> Adapter:
    adapter: Adapter = import_string(settings.MESSAGE_ADAPTERS[channel])()
    return adapter


class Mail:
    """E-mail over SMTP. A server that fell silent amid the message may have taken it: that is not tried again."""

    is_by_hand: ClassVar = False

    def hand_over(self, message: Message) -> str:
        if not settings.HAS_EMAIL:
            raise RefusedError(_("There is no way to send e-mail yet. Set WATERSHOP_EMAIL_URL."))
        mail = _mail_of(message)
        connection = get_connection()
        try:
            connection.open()
        except (OSError, smtplib.SMTPException) as error:
            raise TryLaterError(str(error)) from error
        try:
            connection.send_messages([mail])
        except smtplib.SMTPRecipientsRefused as error:
            raise _by_code(*next(iter(error.recipients.values()))) from error
        except smtplib.SMTPResponseException as error:
            raise _by_code(error.smtp_code, error.smtp_error) from error
        except (OSError, smtplib.SMTPException) as error:
            raise RefusedError(_("The line broke. It may have arrived all the same.")) from error
        finally:
            connection.close()
        return ""


def _mail_of(message: Message) -> EmailMessage:
    """A message without a page is its text; its files are attached either way."""
    mail = EmailMessage(message.subject, to=[message.to], headers=_headers(message))
    files = list(message.attachments.all())
    if message.html:
        mail.attach(_text_and_page(message, [file for file in files if file.content_id]))
    else:
        mail.body = message.text
    for file in files:
        if not file.content_id:
            mail.attach(file.name, bytes(file.data), file.content_type)
    return mail


def _text_and_page(message: Message, pictures: Iterable[Attachment]) -> MIMEBase:
    """A mail program shows the last part that it can; the pictures belong to the page, or all would list them."""
    page = SafeMIMEMultipart("related", type="text/html")
    page.attach(SafeMIMEText(message.html, "html", "utf-8"))
    for picture in pictures:
        page.attach(_shown(picture))
    both = SafeMIMEMultipart("alternative")
    both.attach(SafeMIMEText(message.text, "plain", "utf-8"))
    both.attach(page)
    return both


def _shown(picture: Attachment) -> MIMEImage:
    part = MIMEImage(bytes(picture.data), picture.content_type.partition("/")[2])
    part.add_header("Content-ID", f"<{picture.content_id}>")
    part.add_header("Content-Disposition", "inline", filename=picture.name)
    return part


def _headers(message: Message) -> dict[str, str]:
    """One id however often it is tried, so that a mailbox can see the same message twice as one."""
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")
    return {"Message-ID": f"<watershop-{message.shop_id}-{message.pk}@{host}>"}


def _by_code(code: int, words: bytes | str) -> Exception:
    """SMTP says 4xx for what may work later, and 5xx for what never will."""
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    return TryLaterError(f"{code} {text}") if 400 <= code < 500 else RefusedError(f"{code} {text}")


class WhatsAppLink:
    """Opens WhatsApp with the text written; without a number, WhatsApp asks for whom."""

    is_by_hand: ClassVar = True

    def hand_over(self, message: Message) -> str:
        return phone_links.whatsapp(message.to, message.text)


class SmsLink:
    """Opens the text messages of a phone."""

    is_by_hand: ClassVar = True

    def hand_over(self, message: Message) -> str:
        return phone_links.sms(message.to, message.text)


class CallLink:
    """Opens the dialler; the text is what to say."""

    is_by_hand: ClassVar = True

    def hand_over(self, message: Message) -> str:
        return phone_links.call(message.to)
