"""What a till did without the server enters the books once, whatever rule it broke."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from customers.models import Customer
from sales import drawer, pricelist
from sales.deposits import Deposit, held_of
from sales.models import (
    CanMovement,
    DepositEntry,
    LedgerEntry,
    Payment,
    Replay,
    RuleCard,
    Sale,
    SaleLine,
    Tender,
)
from sales.offline import LETTERS, clerk_stamp, initials, slip_code
from tests.base import TESTS, Cast, make_cast, sell
from watershop import accounts
from watershop.models import AuditEntry, User

SignIn = Callable[[User], Client]
Kind = RuleCard.Kind


def ago(**time: int) -> datetime:
    return timezone.now() - timedelta(**time)


def deed(cast: Cast, fields: dict[str, Any], kind: str = "sale", **body: Any) -> dict[str, Any]:
    """What Ravi's till sends of something that happened ten minutes ago."""
    return {
        "client_ref": str(uuid4()),
        "kind": kind,
        "fields": {"tender": "cash", **fields},
        "device_at": ago(minutes=10).isoformat(),
        "sent_at": timezone.now().isoformat(),
        "clerk": clerk_stamp(cast.shop, cast.ravi),
        **body,
    }


def send(client: Client, body: Any, slug: str = "water") -> Any:
    where = reverse("offline_replay", args=[slug])
    return client.post(where, json.dumps(body), content_type="application/json")


def cards() -> dict[str, Any]:
    return dict(RuleCard.objects.values_list("kind", "detail"))


@pytest.fixture
def till(cast: Cast, client_of: SignIn) -> Client:
    return client_of(cast.ravi)


def test_a_sale_without_the_server_enters_the_books_at_its_time(cast: Cast, till: Client) -> None:
    body = deed(cast, {f"sold_{cast.can20.pk}": "2", "customer": cast.asha.pk, f"back_{cast.can20.pk}": "1"})
    answer = send(till, body)
    sale = Sale.objects.with_sums().get()
    assert answer.json() == {"slip": slip_code(body["client_ref"]), "sale": sale.pk}
    assert (sale.total, sale.due, sale.source, sale.clerk) == (Decimal(40), Decimal(0), "offline", cast.ravi)
    assert sale.sold_at == sale.device_at == datetime.fromisoformat(body["device_at"])
    assert sale.recorded_at > sale.sold_at + timedelta(minutes=9)
    assert sale.slip == slip_code(body["client_ref"]) and sale.receipt
    assert CanMovement.objects.held() == {"20L": 1}
    assert cards() == {}


def test_a_payment_and_a_return_enter_the_books_at_their_time(cast: Cast, till: Client) -> None:
    sell(cast, 2, customer=cast.asha, is_paid=False)
    send(till, deed(cast, {"customer": cast.asha.pk, "amount": "30.50"}, "payment"))
    send(till, deed(cast, {"customer": cast.asha.pk, f"back_{cast.can20.pk}": "2"}, "return"))
    assert LedgerEntry.objects.balance() == Decimal("9.50")
    assert CanMovement.objects.held() == {}
    assert Payment.objects.get().received_at < ago(minutes=9)
    assert CanMovement.objects.filter(kind="return").get().at < ago(minutes=9)
    assert cards() == {}


def test_a_return_keeps_how_the_cans_were_found_and_the_deposit_given_back(cast: Cast, till: Client) -> None:
    sell(cast, 3, customer=cast.asha, deposits=[Deposit(cast.can20, 3, Decimal(300))])
    session = drawer.open_session(cast.shop, opening_float=Decimal(500), actor=TESTS)
    fields = {f"back_{cast.can20.pk}": "1", f"half_cap_{cast.can20.pk}": "2", "refund": "cash"}
    body = deed(cast, {"customer": cast.asha.pk, "brought_by": "Ramu", **fields}, "return")
    assert send(till, body | {"device_at": timezone.now().isoformat()}).status_code == 200
    returned = CanMovement.objects.filter(kind="return").order_by("quantity")
    assert list(returned.values_list("quantity", "condition", "brought_by")) == [
        (-2, "half_cap", "Ramu"),
        (-1, "good", "Ramu"),
    ]
    assert DepositEntry.objects.filter(customer=cast.asha).held() == {}
    assert drawer.expected(session)[Tender.CASH] == Decimal(200)
    assert cards() == {}


def test_a_deposit_given_back_without_a_drawer_is_a_card(cast: Cast, till: Client) -> None:
    session = drawer.open_session(cast.shop, opening_float=Decimal(0), actor=TESTS)
    sell(cast, customer=cast.asha, deposits=[Deposit(cast.can20, 1, Decimal(100))])
    drawer.close_session(session, sheet={100: 1, 20: 1}, coin=Decimal(0), upi=Decimal(0), actor=TESTS)
    fields = {"customer": cast.asha.pk, f"back_{cast.can20.pk}": "1", "refund": "cash"}
    send(till, deed(cast, fields, "return"))
    assert DepositEntry.objects.filter(customer=cast.asha).held() == {}
    assert cards() == {Kind.DRAWER: {"amount": "-100.00"}}


def test_a_deed_sent_again_is_found_and_not_done_again(cast: Cast, till: Client) -> None:
    body = deed(cast, {f"sold_{cast.can20.pk}": "1"})
    first, second = send(till, body), send(till, body)
    assert (first.status_code, first.json()) == (200, second.json())
    assert Sale.objects.count() == Replay.objects.count() == 1


def test_a_deed_whose_answer_was_lost_is_found_under_the_code_of_its_slip(cast: Cast, till: Client) -> None:
    ref = str(uuid4())
    form = {"client_ref": ref, f"sold_{cast.can20.pk}": "1", "tender": "cash"}
    assert till.post(reverse("till", args=["water"]), form).status_code == 302
    answer = send(till, deed(cast, form, client_ref=ref))
    assert Sale.objects.count() == 1
    assert answer.json() == {"slip": slip_code(ref), "sale": Sale.objects.get().pk}
    assert cards() == {}


@pytest.mark.django_db(transaction=True)
def test_twenty_replays_at_once_are_one_sale(client_of: SignIn) -> None:
    cast = make_cast()
    body = deed(cast, {f"sold_{cast.can20.pk}": "1"})
    clients = [client_of(cast.ravi) for _n in range(20)]

    def go(client: Client) -> int:
        try:
            status: int = send(client, body).status_code
            return status
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(go, clients))
    assert set(answers) <= {200, 409} and 200 in answers
    assert Sale.objects.count() == Replay.objects.count() == 1


def test_a_limit_broken_offline_is_a_card_and_a_sale(cast: Cast, till: Client) -> None:
    Customer.objects.filter(pk=cast.asha.pk).update(credit_limit=30)
    unpaid = {f"sold_{cast.can20.pk}": "2", "customer": cast.asha.pk, "is_unpaid": "on"}
    assert (
        till.post(
            reverse("till", args=["water"]), {"client_ref": str(uuid4()), "tender": "cash", **unpaid}
        ).status_code
        == 422
    )
    send(till, deed(cast, unpaid))
    assert LedgerEntry.objects.balance() == Decimal(40)
    assert cards() == {Kind.LIMIT: {"balance": "40.00", "limit": "30.00"}}
    assert "Asha" not in json.dumps(list(AuditEntry.objects.values_list("after", flat=True)))


def test_what_a_blocked_or_inactive_customer_took_is_a_card(cast: Cast, till: Client) -> None:
    Customer.objects.filter(pk=cast.asha.pk).update(is_credit_blocked=True, is_active=False)
    send(till, deed(cast, {f"sold_{cast.can20.pk}": "1", "customer": cast.asha.pk, "is_unpaid": "on"}))
    assert cards().keys() == {Kind.BLOCKED, Kind.INACTIVE}
    assert LedgerEntry.objects.balance() == Decimal(20)


def test_the_buyer_keeps_the_price_that_the_device_showed(cast: Cast, till: Client) -> None:
    price = {f"price_{cast.can20.pk}": "18.00"}
    send(till, deed(cast, {f"sold_{cast.can20.pk}": "2", **price}))
    assert SaleLine.objects.get().amount == Payment.objects.get().amount == Decimal(36)
    assert cards() == {Kind.PRICE: {"lines": [{"size": "20L", "charged": "36.00", "listed": "40.00"}]}}


def test_a_discount_and_the_time_on_a_note_are_kept(cast: Cast, till: Client) -> None:
    size, noon = (
        cast.can20.pk,
        ago(days=1).astimezone(cast.shop.tz).replace(hour=12, minute=0, second=0, microsecond=0),
    )
    shown = {f"price_{size}": "20.00", f"amount_{size}": "35.00", "sold_at": noon.strftime("%Y-%m-%dT%H:%M")}
    send(till, deed(cast, {f"sold_{size}": "2", **shown}))
    assert (SaleLine.objects.get().amount, Sale.objects.get().sold_at) == (Decimal(35), noon)
    assert cards().keys() == {Kind.PRICE}


def test_a_price_that_changed_afterwards_is_no_card(cast: Cast, till: Client) -> None:
    body = deed(cast, {f"sold_{cast.can20.pk}": "1", f"price_{cast.can20.pk}": "20.00"})
    body["device_at"] = timezone.now().isoformat()
    pricelist.change_can_type(cast.can20, {"price": Decimal(25)}, actor=TESTS)
    send(till, body)
    assert SaleLine.objects.get().amount == Decimal(20)
    assert cards() == {}


def test_a_size_that_was_off_the_till_is_a_card(cast: Cast, till: Client) -> None:
    cast.can20.retired_at = ago(hours=1)
    cast.can20.save()
    send(till, deed(cast, {f"sold_{cast.can20.pk}": "1"}))
    assert cards() == {Kind.RETIRED: {"sizes": ["20L"]}}
    assert Sale.objects.exists()


def test_cash_without_a_drawer_is_a_card_and_in_an_open_one_it_is_counted(cast: Cast, till: Client) -> None:
    session = drawer.open_session(cast.shop, opening_float=Decimal(0), actor=TESTS)
    now = timezone.now().isoformat()
    send(till, deed(cast, {f"sold_{cast.can20.pk}": "1"}, device_at=now))
    send(till, deed(cast, {"customer": cast.asha.pk, "amount": "5"}, "payment", device_at=now))
    assert drawer.expected(session)[Tender.CASH] == Decimal(25)
    assert cards() == {}
    drawer.close_session(session, sheet={10: 2, 5: 1}, coin=Decimal(0), upi=Decimal(0), actor=TESTS)
    send(till, deed(cast, {f"sold_{cast.can20.pk}": "1"}, device_at=now))
    assert cards() == {Kind.DRAWER: {"amount": "20.00"}}


def test_more_deposit_given_back_than_was_left_is_a_card_and_a_sale(cast: Cast, till: Client) -> None:
    sell(cast, 1, customer=cast.asha, deposits=[Deposit(cast.can20, 1, Decimal(100))])
    back = {f"back_{cast.can20.pk}": "2", f"sold_{cast.can10.pk}": "1", "customer": cast.asha.pk}
    send(till, deed(cast, {**back, f"deposit_{cast.can20.pk}": "-160"}))
    assert cards() == {Kind.DEPOSIT: {"amount": "60.00"}}
    assert held_of(cast.asha) == {} and Sale.objects.count() == 2
    send(till, deed(cast, {**back, f"deposit_{cast.can20.pk}": "-100"}))
    assert RuleCard.objects.latest("id").detail == {"amount": "100.00"}


def test_a_clock_that_is_wrong_is_corrected_and_told(cast: Cast, till: Client) -> None:
    """The device is two days behind; by its own clock the sale was ten minutes before it was sent."""
    told = ago(days=2, minutes=10)
    send(
        till,
        deed(
            cast, {f"sold_{cast.can20.pk}": "1"}, device_at=told.isoformat(), sent_at=ago(days=2).isoformat()
        ),
    )
    sale = Sale.objects.get()
    assert sale.device_at == told
    assert timedelta(minutes=9) < timezone.now() - sale.sold_at < timedelta(minutes=11)
    assert cards() == {Kind.CLOCK: {"minutes": 2880, "is_behind": True}}


def test_what_comes_days_later_is_told(cast: Cast, till: Client) -> None:
    send(till, deed(cast, {f"sold_{cast.can20.pk}": "1"}, device_at=ago(days=5).isoformat()))
    assert cards() == {Kind.OLD: {"days": 5}}


def test_a_deed_stays_its_clerks_while_somebody_else_is_signed_in(cast: Cast, client_of: SignIn) -> None:
    send(client_of(cast.meena), deed(cast, {f"sold_{cast.can20.pk}": "1"}))
    row = Replay.objects.get()
    assert (Sale.objects.get().clerk, row.clerk, row.sent_by) == (cast.ravi, cast.ravi, cast.meena)
    assert cards() == {}


def test_a_clerk_who_is_no_member_or_a_stamp_that_is_not_ours_is_a_card(
    cast: Cast, client_of: SignIn
) -> None:
    other = make_cast("other")
    for stamp in ("made up", clerk_stamp(other.shop, cast.ravi), clerk_stamp(cast.shop, other.ravi)):
        send(client_of(cast.meena), deed(cast, {f"sold_{cast.can20.pk}": "1"}, clerk=stamp))
    assert set(Sale.objects.values_list("clerk", flat=True)) == {cast.meena.pk}
    assert [card.kind for card in RuleCard.objects.all()] == [Kind.CLERK] * 3
    accounts.set_active(cast.ravi.memberships.get(), is_active=False, actor=TESTS)
    send(client_of(cast.meena), deed(cast, {f"sold_{cast.can20.pk}": "1"}))
    assert RuleCard.objects.count() == 4


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"sold_1234567": "1"},
        {"sold_{size}": "1", "customer": "1234567"},
        {"sold_{size}": "1", "customer": "x"},
        {"sold_{size}": "many"},
        {"sold_{size}": "1", "tender": "shells"},
        {"sold_{size}": "1", "is_unpaid": "on"},
        {"sold_{size}": "1", "price_{size}": "NaN"},
        {"sold_{size}": "1", "price_{size}": "-1"},
        {"sold_{size}": "999", "price_{size}": "99999999999"},
        {"sold_{size}": "1", "part_cash": "99"},
    ],
)
def test_what_cannot_be_read_is_kept_whole_and_the_queue_goes_on(
    cast: Cast, till: Client, fields: dict[str, str]
) -> None:
    asked = {name.format(size=cast.can20.pk): value for name, value in fields.items()}
    body = deed(cast, asked)
    assert send(till, body).status_code == 200
    assert not Sale.objects.exists() and not LedgerEntry.objects.exists()
    assert Replay.objects.get().fields == body["fields"]
    assert cards().keys() == {Kind.UNREADABLE}


def test_a_payment_without_customer_or_sum_is_kept_for_a_manager(cast: Cast, till: Client) -> None:
    send(till, deed(cast, {"amount": "20"}, "payment"))
    send(till, deed(cast, {"customer": cast.asha.pk}, "payment"))
    send(till, deed(cast, {"customer": cast.asha.pk, "amount": "12345678901"}, "payment"))
    send(till, deed(cast, {"customer": cast.asha.pk}, "return"))
    assert [card.kind for card in RuleCard.objects.all()] == [Kind.UNREADABLE] * 4
    assert not Payment.objects.exists()


def test_what_the_device_gave_up_on_is_kept_for_a_manager(cast: Cast, till: Client) -> None:
    send(till, deed(cast, {f"sold_{cast.can20.pk}": "1"}, is_unreadable=True))
    assert not Sale.objects.exists()
    assert cards().keys() == {Kind.UNREADABLE}


def test_a_size_or_customer_of_another_shop_is_not_touched(cast: Cast, till: Client) -> None:
    other = make_cast("other")
    send(till, deed(cast, {f"sold_{other.can20.pk}": "1"}))
    send(till, deed(cast, {f"sold_{cast.can20.pk}": "1", "customer": other.asha.pk}))
    assert not Sale.objects.exists()
    assert set(RuleCard.objects.values_list("kind", "shop")) == {(Kind.UNREADABLE, cast.shop.pk)}


def test_strangers_send_nothing(cast: Cast, client_of: SignIn) -> None:
    body = deed(cast, {f"sold_{cast.can20.pk}": "1"})
    assert send(client_of(make_cast("other").ravi), body).status_code == 404
    assert send(Client(), body).status_code == 302
    assert not Replay.objects.exists()


@pytest.mark.parametrize("body", [[], {}, {"client_ref": "no key"}, "text"])
def test_what_no_till_of_ours_sends_is_refused(cast: Cast, till: Client, body: Any) -> None:
    assert send(till, body).status_code == 400


def test_a_slip_has_six_letters_and_one_that_finds_a_slip_of_the_pen() -> None:
    ref = str(UUID("3f2504e0-4f89-41d3-9a0c-0305e82c3301"))
    code = slip_code(ref)
    assert len(code) == 8 and code == slip_code(ref) and set(code) - {"-"} <= set(LETTERS)
    letters = [LETTERS.index(letter) for letter in code.replace("-", "")]
    assert sum(place * digit for place, digit in enumerate(letters[:6], start=1)) % 31 == letters[6]


def test_initials_are_letters_in_any_script() -> None:
    assert [initials(name) for name in ("Asha Devi Rao", "ravi", "లక్ష్మి దేవి")] == ["AD", "R", "లదే"]
