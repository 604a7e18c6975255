"""Reminders go out in the customer's language, once a day, never at night or against somebody's will."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from customers import book
from sales import reminders
from sales.ledger import receive_payment
from sales.models import Tender
from sales.reminders import Channel, Topic
from sales.returns import Returned, return_cans
from tests.base import TESTS, Cast, make_cast, sell
from watershop import outbox
from watershop.models import AuditEntry, Message, User

SignIn = Callable[[User], Client]
Clock = Callable[[datetime], None]
NOON = datetime(2026, 11, 10, 6, 30, tzinfo=UTC)  # 12:00 in the shop
OUTBOX = "/s/water/manage/messages/"


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Clock:
    """The time is noon until a test says otherwise; e-mail is set up."""
    settings.HAS_EMAIL = True

    def show(at: datetime) -> None:
        monkeypatch.setattr(timezone, "now", lambda: at)

    show(NOON)
    return show


def remind(cast: Cast, channel: Channel = Channel.WHATSAPP, topic: Topic = Topic.DUES) -> str:
    cast.asha.refresh_from_db()
    return reminders.remind(customer=cast.asha, channel=channel, topic=topic, actor=TESTS)


def owes(cast: Cast) -> None:
    sell(cast, 2, customer=cast.asha, is_paid=False)


def mailed(cast: Cast) -> Message:
    """A reminder by e-mail that waits to be sent."""
    book.change_customer(cast.asha, {"email": "asha@example.in"}, actor=TESTS)
    assert remind(cast, Channel.EMAIL) == ""
    return Message.objects.get()


def test_a_reminder_opens_the_clerks_own_phone(cast: Cast, clock: Clock) -> None:
    owes(cast)
    assert remind(cast).startswith(
        "https://wa.me/919876501234?text=Dear%20Asha%2C%20your%20balance%20at%20Water"
    )
    clock(NOON + timedelta(days=1))
    assert remind(cast, Channel.SMS).startswith("sms:+919876501234?body=Dear")
    book.change_customer(cast.asha, {"phone": "+4915112345678"}, actor=TESTS)
    assert remind(cast, Channel.CALL) == "tel:+4915112345678"
    assert "₹40" in Message.objects.all()[0].text


def test_one_message_a_day_and_a_call_besides(cast: Cast, clock: Clock) -> None:
    owes(cast)
    remind(cast)
    with pytest.raises(ValidationError, match="today already"):
        remind(cast, Channel.SMS)
    remind(cast, Channel.CALL)
    clock(NOON + timedelta(days=1))
    remind(cast, Channel.SMS)
    assert Message.objects.count() == 3


def test_nobody_is_reminded_at_night_against_their_will_or_for_nothing(cast: Cast, clock: Clock) -> None:
    with pytest.raises(ValidationError, match="owes nothing"):
        remind(cast)
    owes(cast)
    clock(NOON + timedelta(hours=10))
    with pytest.raises(ValidationError, match="09:00"):
        remind(cast)
    clock(NOON)
    with pytest.raises(ValidationError, match="e-mail"):
        remind(cast, Channel.EMAIL)
    book.change_customer(cast.asha, {"phone": ""}, actor=TESTS)
    with pytest.raises(ValidationError, match="phone number"):
        remind(cast)
    book.change_customer(cast.asha, {"has_refused_reminders": True}, actor=TESTS)
    with pytest.raises(ValidationError, match="does not want"):
        remind(cast)
    assert not Message.objects.exists()


def test_an_e_mail_of_the_night_waits_until_morning_and_names_the_new_balance(
    cast: Cast, clock: Clock
) -> None:
    owes(cast)
    clock(NOON + timedelta(hours=10))
    row = mailed(cast)
    assert row.not_before == NOON + timedelta(hours=21)
    with pytest.raises(ValidationError, match="today already"):
        remind(cast)
    receive_payment(customer=cast.asha, amount=Decimal(15), tender=Tender.COIN, actor=TESTS)
    clock(row.not_before)
    outbox.send(row.pk)
    (sent,) = mail.outbox
    assert sent.to == ["asha@example.in"] and "₹25" in sent.body and sent.subject == "Your account at Water"


@pytest.mark.parametrize("reason", ["refused", "paid"])
def test_who_refused_or_paid_meanwhile_is_not_written_to(cast: Cast, reason: str) -> None:
    owes(cast)
    row = mailed(cast)
    if reason == "refused":
        book.change_customer(cast.asha, {"has_refused_reminders": True}, actor=TESTS)
    else:
        receive_payment(customer=cast.asha, amount=Decimal(40), tender=Tender.COIN, actor=TESTS)
    outbox.send(row.pk)
    row.refresh_from_db()
    assert (row.state, mail.outbox) == ("cancelled", []) and row.error


def test_cans_are_asked_for_in_the_customers_language(cast: Cast) -> None:
    sell(cast, 3, customer=cast.asha)
    remind(cast, topic=Topic.CANS)
    assert "3 cans of Water" in Message.objects.get().text
    return_cans(customer=cast.asha, returned=[Returned(cast.can20, 3)], actor=TESTS)
    with pytest.raises(ValidationError):
        reminders.review(Message.objects.get())


def test_the_audit_holds_neither_words_nor_addresses(cast: Cast) -> None:
    owes(cast)
    mailed(cast)
    kept = str(list(AuditEntry.objects.values_list("before", "after")))
    assert "asha@" not in kept and "Dear" not in kept and "98765" not in kept


def test_a_manager_sees_opens_calls_off_and_tries_again(cast: Cast, client_of: SignIn) -> None:
    owes(cast)
    client, row = client_of(cast.meena), mailed(cast)
    door = reverse("outbox_message", args=["water", row.pk])
    page = client.get(OUTBOX).content.decode()
    assert "Asha" in page and "₹40" in page and "asha@example.in" not in page
    assert client.post(door, {"do": "open"}).status_code == 422, "it goes by itself"
    client.post(door, {"do": "cancel"})
    assert "Asha" in client.get(OUTBOX, {"state": "cancelled"}).content.decode()
    assert client.post(door, {"do": "cancel"}).status_code == 422
    client.post(door, {"do": "retry"})
    row.refresh_from_db()
    assert row.state == "queued"
    by_hand = Message.objects.create(
        shop=cast.shop, topic="dues", about_id=cast.asha.pk, channel="sms", to="9876501234", language="en"
    )
    door = reverse("outbox_message", args=["water", by_hand.pk])
    assert 'href="sms:+919876501234?body=Dear' in client.post(door, {"do": "open"}).content.decode()


def test_the_list_costs_the_same_however_long_it_is(
    cast: Cast, client_of: SignIn, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of(cast.meena)
    for count in (1, 5):
        for _n in range(count):
            Message.objects.create(
                shop=cast.shop, topic="dues", about_id=cast.asha.pk, channel="sms", to="1", by=cast.meena
            )
        with django_assert_num_queries(7):
            client.get(OUTBOX)


def test_clerks_and_other_shops_see_no_messages(cast: Cast, client_of: SignIn) -> None:
    owes(cast)
    row, other = mailed(cast), make_cast("other")
    assert client_of(cast.ravi).get(OUTBOX).status_code == 403
    assert client_of(other.meena).get(OUTBOX).status_code == 404
    door = reverse("outbox_message", args=["other", row.pk])
    assert client_of(other.meena).post(door, {"do": "cancel"}).status_code == 404
    assert "Asha" not in client_of(other.meena).get(reverse("outbox", args=["other"])).content.decode()
