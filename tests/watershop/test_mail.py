"""Mail with a page, pictures and files, taken by a real SMTP server on this machine."""

import email
import socket
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage, MIMEPart
from email.policy import default
from io import BytesIO

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.utils import timezone
from PIL import Image
from pytest_django import Settings

from tests.base import TESTS
from watershop import outbox
from watershop.models import Attachment, Message, Shop

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Mailbox:
    """What a server took. `answers` are its next answers to DATA; after those it takes everything."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.answers: list[str] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.answers:
            return self.answers.pop(0)
        assert isinstance(envelope.content, bytes)
        parsed = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(parsed, EmailMessage)
        self.taken.append(parsed)
        return "250 taken"


@pytest.fixture
def mailbox(settings: Settings) -> Iterator[Mailbox]:
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        address, port = free.getsockname()
    server = Controller(box, hostname=address, port=port)
    server.start()
    settings.HAS_EMAIL = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = address, port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    yield box
    server.stop()


def red_png() -> bytes:
    file = BytesIO()
    Image.new("RGB", (4, 3), "red").save(file, "PNG")
    return file.getvalue()


def report(shop: Shop) -> Message:
    """A message as reports are: a page that shows a picture, and a workbook."""
    message = Message(
        shop=shop,
        topic="report",
        channel="email",
        language="te",
        to="owner@example.in",
        subject="నేటి లెక్క",
        text="అమ్మకం: ₹40",
        html='<p>అమ్మకం: ₹40</p><img src="cid:sold@watershop" alt="">' + " " * 2000,
    )
    picture = {"name": "sold.png", "content_type": "image/png", "content_id": "sold@watershop"}
    files = [
        Attachment(shop=shop, message=message, data=red_png(), **picture),
        Attachment(shop=shop, message=message, name="నేటి లెక్క.xlsx", content_type=XLSX, data=b"PK\x03\x04"),
    ]
    outbox.put(shop, [message], files)
    return message


def state(message: Message) -> str:
    message.refresh_from_db()
    return message.state


def shape(part: MIMEPart) -> object:
    """The kinds of a mail's parts, as nested lists."""
    kind = part.get_content_type()
    return [kind, *(shape(inner) for inner in part.iter_parts())] if part.is_multipart() else kind


def test_a_server_takes_text_page_pictures_and_files_in_their_places(shop: Shop, mailbox: Mailbox) -> None:
    message = report(shop)
    outbox.send(message.pk)
    (mail,) = mailbox.taken
    assert shape(mail) == [
        "multipart/mixed",
        ["multipart/alternative", "text/plain", ["multipart/related", "text/html", "image/png"]],
        XLSX,
    ]
    assert (mail["Subject"], mail["To"]) == ("నేటి లెక్క", "owner@example.in")
    text, page, picture, workbook = [part for part in mail.walk() if not part.is_multipart()]
    assert text.get_content().strip() == "అమ్మకం: ₹40"
    assert "₹40" in page.get_content() and 'src="cid:sold@watershop"' in page.get_content()
    assert (picture["Content-ID"], picture.get_content_disposition()) == ("<sold@watershop>", "inline")
    assert Image.open(BytesIO(picture.get_content())).size == (4, 3)
    assert (workbook.get_filename(), workbook.get_content()) == ("నేటి లెక్క.xlsx", b"PK\x03\x04")


def test_a_message_without_a_page_is_its_text_alone(shop: Shop, mailbox: Mailbox) -> None:
    message = Message(shop=shop, topic="day", channel="email", language="en", to="a@b.in", text="Sold: ₹40")
    outbox.put(shop, [message])
    outbox.send(message.pk)
    assert shape(mailbox.taken[0]) == "text/plain" and "Sold: ₹40" in mailbox.taken[0].get_content()


def test_a_server_that_is_busy_takes_it_later_whole_and_once(
    shop: Shop, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox.answers = ["451 come back"]
    message = report(shop)
    outbox.send(message.pk)
    assert (state(message), mailbox.taken) == ("queued", [])
    assert message.attachments.count() == 2, "its files wait with it"
    later = message.not_before
    monkeypatch.setattr(timezone, "now", lambda: later)
    outbox.send(message.pk)
    outbox.send(message.pk)
    assert state(message) == "sent" and len(mailbox.taken) == 1
    assert len(list(mailbox.taken[0].walk())) == 7


def test_a_server_that_refuses_it_is_not_asked_again(shop: Shop, mailbox: Mailbox) -> None:
    mailbox.answers = ["552 too large"]
    message = report(shop)
    outbox.send(message.pk)
    outbox.send(message.pk)
    assert state(message) == "failed" and "552" in message.error and mailbox.taken == []


def test_pages_and_files_go_once_it_is_sent(shop: Shop, mailbox: Mailbox) -> None:
    message = report(shop)
    outbox.send(message.pk)
    assert (state(message), message.html, message.text) == ("sent", "", "అమ్మకం: ₹40")
    assert not Attachment.objects.exists()


def test_what_failed_keeps_its_files_for_a_week_and_goes_as_text_after_it(
    shop: Shop, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox.answers = ["552 too large"]
    failed, waiting = report(shop), report(shop)
    outbox.send(failed.pk)
    outbox.forget_parts()
    assert Attachment.objects.count() == 4
    after_a_week = timezone.now() + timedelta(days=7, minutes=1)
    monkeypatch.setattr(timezone, "now", lambda: after_a_week)
    outbox.forget_parts()
    assert set(Attachment.objects.values_list("message", flat=True)) == {waiting.pk}
    outbox.retry(failed, actor=TESTS)
    outbox.send(failed.pk)
    assert state(failed) == "sent" and shape(mailbox.taken[0]) == "text/plain"


def test_words_that_are_forgotten_take_the_page_and_the_files_along(shop: Shop) -> None:
    message, other = report(shop), report(shop)
    outbox.forget_words(Message.objects.filter(pk=message.pk), actor=TESTS)
    assert (state(message), message.html, message.text) == ("cancelled", "", "")
    assert set(Attachment.objects.values_list("message", flat=True)) == {other.pk}
