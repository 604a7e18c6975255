"""Deeds to many customers: shown first, done as shown, taken back for as long as that is possible."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import Thread
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from customers import book
from customers.models import Customer
from sales import bulk, collecting
from sales.bulk import Kind, carry_out, plan, undo
from sales.dues import balance_of
from sales.ledger import receive_payment
from sales.models import BulkDeed, LedgerEntry, Tender
from sales.reminders import Channel
from tests.base import TESTS, Cast, make_cast, sell
from watershop import outbox
from watershop.models import AuditEntry, Message, User

SignIn = Callable[[User], Client]
NOON = datetime(2026, 11, 10, 6, 30, tzinfo=UTC)  # 12:00 in the shop
TOMORROW = date(2026, 11, 11)
DOOR = "/s/water/manage/bulk/"


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOON)


@pytest.fixture
def debts(cast: Cast) -> Cast:
    """Asha owes ₹40, Bala ₹60; they have two and three cans."""
    for customer, cans in ((cast.asha, 2), (cast.bala, 3)):
        sell(cast, cans, customer=customer, is_paid=False)
    return cast


def both(cast: Cast) -> list[int]:
    return [cast.asha.pk, cast.bala.pk]


def done(cast: Cast, kind: Kind, **how: object) -> BulkDeed:
    seen = plan(cast.shop, kind, both(cast), channel=Channel.WHATSAPP).fingerprint
    return carry_out(cast.shop, kind, both(cast), seen=seen, actor=TESTS, **how)  # type: ignore[arg-type]


def looked(client: Client, kind: Kind, customers: Sequence[object]) -> Any:
    """The page that shows what would happen to these customers."""
    return client.get(f"{DOOR}?{urlencode({'do': kind.value, 'customer': customers}, doseq=True)}")


def posted(client: Client, cast: Cast, kind: Kind, **fields: object) -> dict[str, object]:
    """The form of the page that shows what will happen, filled in."""
    page = looked(client, kind, both(cast))
    form = {"do": kind.value, "customer": both(cast), "channel": "whatsapp", "client_ref": str(uuid4())}
    return form | {"seen": page.context["plan"].fingerprint} | fields


def test_the_preview_says_what_each_would_get_and_who_is_left_out(debts: Cast, client_of: SignIn) -> None:
    other = make_cast("other")
    book.change_customer(debts.bala, {"phone": ""}, actor=TESTS)
    client, asked = client_of(debts.meena), [*both(debts), other.asha.pk, "x"]
    page = looked(client, Kind.REMIND, asked)
    text = page.content.decode()
    assert "Dear Asha, your balance at Water is ₹40" in text and "no phone number" in text
    assert [row.customer.name for row in page.context["plan"].todo] == ["Asha"]
    assert not Message.objects.exists() and not BulkDeed.objects.exists()
    book.change_customer(debts.asha, {"has_refused_reminders": True}, actor=TESTS)
    assert "does not want" in looked(client, Kind.REMIND, asked).content.decode()


def test_at_night_the_preview_says_until_when_they_wait(
    debts: Cast, client_of: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOON + timedelta(hours=10))
    client = client_of(debts.meena)
    assert "It is night" in looked(client, Kind.REMIND, both(debts)).content.decode()
    done(debts, Kind.REMIND)
    assert {row.not_before for row in Message.objects.all()} == {NOON + timedelta(hours=21)}


def test_a_manager_reminds_many_and_calls_off_what_still_waits(debts: Cast, client_of: SignIn) -> None:
    client = client_of(debts.meena)
    page = client.post(DOOR, form := posted(client, debts, Kind.REMIND), follow=True)
    deed = BulkDeed.objects.get()
    assert page.redirect_chain[-1][0] == reverse("bulk_deed", args=["water", deed.pk])
    assert client.post(DOOR, form).status_code == 302 and BulkDeed.objects.count() == 1, (
        "sent twice, done once"
    )
    assert [row.language for row in Message.objects.order_by("pk")] == ["en", "te"]
    outbox.open_by_hand(Message.objects.get(about_id=debts.asha.pk), actor=TESTS)
    assert "Take back for 1 customer" in client.get(reverse("defaulters", args=["water"])).content.decode()
    client.post(reverse("bulk_deed", args=["water", deed.pk]))
    assert sorted(Message.objects.values_list("state", flat=True)) == ["cancelled", "opened"]
    with pytest.raises(ValidationError):
        undo(deed, actor=TESTS)
    assert not BulkDeed.objects.undoable()


def test_who_was_reminded_today_is_left_out(debts: Cast) -> None:
    done(debts, Kind.REMIND)
    with pytest.raises(ValidationError, match="nobody"):
        done(debts, Kind.REMIND)
    assert Message.objects.count() == 2


def test_cans_are_asked_for_from_many(debts: Cast, client_of: SignIn) -> None:
    page = looked(client_of(debts.meena), Kind.CANS, both(debts))
    assert page.context["plan"].total == 5 and "2 cans of Water" in page.content.decode()
    done(debts, Kind.CANS)
    assert Message.objects.filter(topic="cans").count() == 2


def test_credit_is_stopped_for_many_and_allowed_again_for_those_alone(debts: Cast) -> None:
    book.change_customer(debts.bala, {"is_credit_blocked": True}, actor=TESTS)
    deed = done(debts, Kind.BLOCK)
    assert [item.customer for item in deed.items.all()] == [debts.asha]
    undo(deed, actor=TESTS)
    assert set(Customer.objects.filter(is_credit_blocked=True)) == {debts.bala}
    back = done(debts, Kind.UNBLOCK)
    undo(back, actor=TESTS)
    assert set(Customer.objects.filter(is_credit_blocked=True)) == {debts.bala}
    entry = AuditEntry.objects.filter(action="change_customer", subject_id=debts.asha.pk).first()
    assert entry and entry.after == {"changed": ["is_credit_blocked"], "is_credit_blocked": True}


def test_the_owner_writes_off_many_and_they_owe_it_again_when_it_is_taken_back(
    debts: Cast, client_of: SignIn
) -> None:
    manager, owner = client_of(debts.meena), client_of(debts.lakshmi)
    assert looked(manager, Kind.WRITE_OFF, both(debts)).status_code == 403
    assert manager.post(DOOR, {"do": "write_off", "customer": both(debts)}).status_code == 403
    form = posted(owner, debts, Kind.WRITE_OFF)
    assert owner.post(DOOR, form).status_code == 422, "it wants a reason"
    assert owner.post(DOOR, form | {"reason": "Moved away"}).status_code == 302
    assert [balance_of(row) for row in (debts.asha, debts.bala)] == [0, 0]
    door = reverse("bulk_deed", args=["water", BulkDeed.objects.get().pk])
    assert manager.post(door).status_code == 403
    assert owner.post(door).status_code == 302
    assert [balance_of(row) for row in (debts.asha, debts.bala)] == [40, 60]
    assert LedgerEntry.objects.filter(kind="reversal").count() == 2


def test_what_changed_since_it_was_shown_is_shown_again(debts: Cast, client_of: SignIn) -> None:
    owner = client_of(debts.lakshmi)
    form = posted(owner, debts, Kind.WRITE_OFF, reason="Moved away")
    receive_payment(customer=debts.asha, amount=Decimal(30), tender=Tender.COIN, actor=TESTS)
    page = owner.post(DOOR, form)
    assert page.status_code == 422 and "Something changed" in page.content.decode()
    assert balance_of(debts.asha) == 10
    form["seen"] = page.context["plan"].fingerprint
    assert owner.post(DOOR, form).status_code == 302
    assert balance_of(debts.asha) == 0


def test_a_promise_of_many_does_not_count_once_it_is_taken_back(debts: Cast) -> None:
    deed = done(debts, Kind.PROMISE, due_on=TOMORROW)
    assert len(collecting.last_promises(debts.shop, [debts.asha, debts.bala])) == 2
    undo(deed, actor=TESTS)
    assert collecting.last_promises(debts.shop, [debts.asha, debts.bala]) == {}


def test_a_week_later_nothing_is_taken_back(debts: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    deed = done(debts, Kind.BLOCK)
    monkeypatch.setattr(timezone, "now", lambda: NOON + timedelta(days=8))
    with pytest.raises(ValidationError):
        undo(deed, actor=TESTS)


@pytest.mark.parametrize("kind", [Kind.REMIND, Kind.CANS, Kind.BLOCK, Kind.PROMISE])
def test_it_costs_the_same_however_many_they_are(debts: Cast, kind: Kind) -> None:
    def cost(customers: list[int]) -> int:
        with CaptureQueriesContext(connection) as asked:
            seen = plan(debts.shop, kind, customers, channel=Channel.WHATSAPP).fingerprint
            carry_out(debts.shop, kind, customers, seen=seen, actor=TESTS, due_on=TOMORROW)
        return len(asked)

    more = []
    for number in range(6):
        customer = Customer.objects.create(
            shop=debts.shop, code=f"C{number}", name=f"C{number}", phone="9876543210"
        )
        sell(debts, 2, customer=customer, is_paid=False)
        more.append(customer.pk)
    assert cost(both(debts)) == cost(more)


def test_clerks_and_other_shops_do_nothing_to_many(debts: Cast, client_of: SignIn) -> None:
    deed, other = done(debts, Kind.BLOCK), make_cast("other")
    door = reverse("bulk_deed", args=["water", deed.pk])
    for address in (DOOR, door):
        assert client_of(debts.ravi).post(address, {"do": "block"}).status_code == 403
        assert client_of(other.meena).post(address, {"do": "block"}).status_code == 404
    strange = reverse("bulk_deed", args=["other", deed.pk])
    assert client_of(other.meena).post(strange).status_code == 404
    page = looked(client_of(debts.meena), Kind.BLOCK, [other.asha.pk])
    assert page.context["plan"].rows == []
    assert client_of(debts.meena).post(DOOR, {"do": "block"}).status_code == 302


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_guarded", [True, False], ids=["as it is", "control: without the lock"])
def test_ten_managers_at_once_write_a_debt_off_once(
    monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    cast = make_cast()
    sell(cast, 2, customer=cast.asha, is_paid=False)
    seen = plan(cast.shop, Kind.WRITE_OFF, both(cast), channel=Channel.WHATSAPP).fingerprint
    if not is_guarded:
        monkeypatch.setattr(bulk, "hold", lambda _keys: None)
        monkeypatch.setattr("sales.corrections.hold", lambda _keys: None)

    ends: list[str] = []

    def press() -> None:
        try:
            carry_out(cast.shop, Kind.WRITE_OFF, both(cast), seen=seen, actor=TESTS, reason="Moved")
            ends.append("done")
        except (ValidationError, IntegrityError) as refusal:
            ends.append(type(refusal).__name__)
        finally:
            connections.close_all()

    threads = [Thread(target=press) for _n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if is_guarded:
        assert sorted(ends) == ["ValidationError"] * 9 + ["done"] and balance_of(cast.asha) == 0
    else:
        assert "IntegrityError" in ends, "then the books' own triggers are the last guard"
