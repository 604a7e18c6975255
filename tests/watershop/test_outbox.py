"""The outbox: what is sent is sent once, tried again when that may help, and never at night against the shop's wish."""

import socketserver
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connection, connections
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import Settings

from tests.base import TESTS, make_cast
from watershop import jobs, outbox
from watershop.models import AuditEntry, Job, Message, Shop

NOON = datetime(2026, 11, 10, 6, 30, tzinfo=UTC)  # 12:00 in the shop
Clock = Callable[[datetime], None]


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Clock:
    """The time is noon until a test says otherwise; e-mail is set up."""
    settings.HAS_EMAIL = True

    def show(at: datetime) -> None:
        monkeypatch.setattr(timezone, "now", lambda: at)

    show(NOON)
    return show


def written(shop: Shop, **fields: object) -> Message:
    fields = {
        "topic": "day",
        "channel": "email",
        "language": "en",
        "to": "owner@example.in",
        "text": "Hi",
    } | fields
    (row,) = outbox.put(shop, [Message(shop=shop, **fields)])
    return row


def state(row: Message) -> str:
    row.refresh_from_db()
    return row.state


def work() -> None:
    """What the worker does: every job that waits."""
    for job in Job.objects.filter(state=Job.State.QUEUED):
        jobs.run(job.pk)


def test_a_message_goes_out_by_itself_and_once(shop: Shop) -> None:
    row = written(shop, subject="Today")
    outbox.send_due()
    assert OrmQ.objects.count() == 1, "one job for all that waits"
    work()
    outbox.send(row.pk)
    outbox.send_due()
    work()
    assert state(row) == "sent" and row.sent_at == NOON
    assert [(sent.subject, sent.to) for sent in mail.outbox] == [("Today", ["owner@example.in"])]
    assert mail.outbox[0].extra_headers["Message-ID"].startswith(f"<watershop-{shop.pk}-{row.pk}@")


def test_customers_are_left_in_peace_at_night_and_owners_are_not(shop: Shop, clock: Clock) -> None:
    clock(NOON + timedelta(hours=10))
    late, own = written(shop, keeps_night=True), written(shop)
    work()
    assert (state(late), state(own)) == ("queued", "sent")
    assert late.not_before == NOON + timedelta(hours=21)
    clock(late.not_before)
    outbox.send_due()
    work()
    assert state(late) == "sent"


@pytest.mark.parametrize(
    ("begin", "end", "clock", "until"),
    [
        (time(21), time(9), time(20, 59), None),
        (time(21), time(9), time(21), time(9)),
        (time(21), time(9), time(8, 59), time(9)),
        (time(21), time(9), time(9), None),
        (time(1), time(5), time(3), time(5)),
        (time(0), time(0), time(3), None),
    ],
)
def test_the_quiet_hours_are_the_shops(begin: time, end: time, clock: time, until: time | None) -> None:
    shop = Shop(quiet_from=begin, quiet_until=end)
    at = datetime.combine(NOON.date(), clock, shop.tz)
    found = outbox.quiet_until(shop, at)
    assert found >= at
    assert (found.time() == until and found - at < timedelta(hours=13)) if until else found == at


class Server(socketserver.ThreadingTCPServer):
    """A mail server that answers RCPT with `says`, and keeps what it took."""

    allow_reuse_address = True
    daemon_threads = True
    says = "250 ok"
    dies = False
    taken: list[str]


class Talk(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        self.say("220 here")
        while line := self.rfile.readline().decode().strip():
            word = line[:4].upper()
            if word == "DATA":
                self.say("354 go on")
                lines = iter(lambda: self.rfile.readline().decode(), ".\r\n")
                text = "".join(lines)
                if self.server.dies:
                    return
                self.server.taken.append(text)
            self.say("221 bye" if word == "QUIT" else self.server.says if word == "RCPT" else "250 ok")

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@pytest.fixture
def server(settings: Settings) -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Talk) as server:
        server.taken = []
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address[:2]
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        yield server
        server.shutdown()


def test_a_real_mail_server_takes_it(shop: Shop, server: Server) -> None:
    row = written(shop, subject="నేటి లెక్క", text="₹40")
    work()
    assert state(row) == "sent" and len(server.taken) == 1
    assert "To: owner@example.in" in server.taken[0]


def test_what_may_help_later_is_tried_later_and_not_for_ever(
    shop: Shop, server: Server, clock: Clock
) -> None:
    server.says = "451 come back"
    row = written(shop)
    work()
    assert state(row) == "queued" and "451" in row.error
    assert row.not_before == NOON + timedelta(minutes=1)
    outbox.send_due()
    work()
    assert state(row) == "queued" and row.attempts == 1, "not before its time"
    while state(row) == "queued":
        clock(row.not_before)
        outbox.send_due()
        work()
    assert (row.state, row.attempts) == ("failed", len(outbox.PAUSES) + 1)
    server.says = "250 ok"
    outbox.retry(row, actor=TESTS)
    work()
    assert state(row) == "sent" and len(server.taken) == 1


def test_a_server_that_is_away_is_tried_later(shop: Shop, server: Server, settings: Settings) -> None:
    settings.EMAIL_PORT = 1
    row = written(shop)
    work()
    assert state(row) == "queued" and row.error


def test_what_never_helps_fails_at_once(shop: Shop, server: Server) -> None:
    server.says = "550 nobody of that name"
    row = written(shop)
    work()
    assert state(row) == "failed" and "550" in row.error


def test_a_line_that_broke_amid_the_message_is_left_to_a_person(shop: Shop, server: Server) -> None:
    server.dies = True
    row = written(shop)
    work()
    outbox.send_due()
    work()
    assert state(row) == "failed" and row.attempts == 1 and "may have arrived" in row.error


def test_a_message_whose_sender_died_is_left_to_a_person(shop: Shop, clock: Clock) -> None:
    row = written(shop)
    Message.objects.update(state="sending", claimed_at=NOON)
    outbox.send_due()
    assert state(row) == "sending"
    clock(NOON + timedelta(minutes=11))
    outbox.send_due()
    work()
    assert state(row) == "failed" and mail.outbox == []


def test_without_e_mail_it_says_so(shop: Shop, settings: Settings) -> None:
    settings.HAS_EMAIL = False
    row = written(shop)
    work()
    assert state(row) == "failed" and "no way to send e-mail" in row.error
    assert "email" not in dict(outbox.channels())


def test_what_is_called_off_stays(shop: Shop) -> None:
    row, sent = written(shop), written(shop)
    outbox.send(sent.pk)
    assert outbox.cancel(Message.objects.of(shop), actor=TESTS) == 1
    work()
    assert (state(row), state(sent), len(mail.outbox)) == ("cancelled", "sent", 1)
    with pytest.raises(ValidationError):
        outbox.retry(sent, actor=TESTS)
    with pytest.raises(ValidationError):
        outbox.open_by_hand(row, actor=TESTS)
    (entry,) = AuditEntry.objects.filter(action="cancel_message")
    assert entry.after == {"topic": "day", "about": None, "channel": "email"}


def test_one_query_for_each_step_however_many_are_written(shop: Shop) -> None:
    def cost(count: int) -> int:
        rows = [
            Message(shop=shop, topic="day", channel="email", to="a@b.in", text="x") for _n in range(count)
        ]
        before = len(connection.queries_log)
        connection.force_debug_cursor = True
        try:
            outbox.put(shop, rows)
        finally:
            connection.force_debug_cursor = False
        return len(connection.queries_log) - before

    cost(1)  # the job is queued now
    assert cost(40) == cost(2) <= 8


@pytest.mark.django_db(transaction=True)
def test_ten_senders_at_once_send_it_once() -> None:
    row = written(make_cast().shop)

    def send() -> None:
        try:
            outbox.send(row.pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert state(row) == "sent" and len(mail.outbox) == 1
