"""Doors of opening balance, write-off and statement: who may, what the page says, the file for a spreadsheet."""

from collections.abc import Callable
from decimal import Decimal
from uuid import uuid4

from django.test import Client
from django.urls import reverse

from sales.dues import balance_of
from sales.models import LedgerEntry
from tests.base import TESTS, Cast, make_cast, sell
from watershop import accounts
from watershop.models import AuditEntry, Right, Role, User

SignIn = Callable[[User], Client]


def url(name: str, pk: int) -> str:
    return reverse(name, args=["water", pk])


def open_with(client: Client, cast: Cast, amount: str, **fields: str) -> int:
    body = {"client_ref": str(uuid4()), "amount": amount, "day": "2026-01-31"} | fields
    return client.post(url("customer_open", cast.asha.pk), body).status_code


def test_a_manager_carries_an_opening_balance_over_and_undoes_it(cast: Cast, client_of: SignIn) -> None:
    client = client_of(cast.meena)
    assert open_with(client, cast, "500") == 302
    page = client.get(url("customer_credit", cast.asha.pk)).content.decode()
    assert "Opening balance ₹500.00" in page and "31 Jan 2026" in page
    assert open_with(client, cast, "100") == 422
    assert client.post(url("entry_undo", LedgerEntry.objects.get().pk)).status_code == 302
    assert balance_of(cast.asha) == 0
    actions = AuditEntry.objects.order_by("id").values_list("action", flat=True)
    assert list(actions)[-2:] == ["opening", "undo_entry"]


def test_an_opening_balance_sent_twice_is_booked_once(cast: Cast, client_of: SignIn) -> None:
    client, ref = client_of(cast.meena), str(uuid4())
    assert [open_with(client, cast, "500", client_ref=ref) for _n in range(2)] == [302, 302]
    assert LedgerEntry.objects.count() == 1


def test_an_opening_balance_of_a_day_to_come_is_refused(cast: Cast, client_of: SignIn) -> None:
    assert open_with(client_of(cast.meena), cast, "500", day="2099-01-01") == 422
    assert not LedgerEntry.objects.exists()


def test_only_the_owner_writes_off_and_undoes_that(cast: Cast, client_of: SignIn) -> None:
    sell(cast, 2, customer=cast.asha, is_paid=False)
    body = {"client_ref": str(uuid4()), "amount": "40", "reason": "moved away"}
    door = url("customer_write_off", cast.asha.pk)
    assert client_of(cast.meena).post(door, body).status_code == 403
    assert (
        "Write it off" not in client_of(cast.meena).get(url("customer_credit", cast.asha.pk)).content.decode()
    )
    owner = client_of(cast.lakshmi)
    assert owner.post(door, body | {"amount": "41"}).status_code == 422
    assert owner.post(door, body | {"client_ref": str(uuid4())}).status_code == 302
    undo = url("entry_undo", LedgerEntry.objects.get(kind="write_off").pk)
    assert client_of(cast.meena).post(undo).status_code == 403
    assert balance_of(cast.asha) == 0
    assert owner.post(undo).status_code == 302
    assert balance_of(cast.asha) == 40


def test_the_statement_runs_from_the_balance_before_to_the_balance_after(
    cast: Cast, client_of: SignIn
) -> None:
    open_with(client_of(cast.meena), cast, "500")
    sale = sell(cast, 2, customer=cast.asha, is_paid=False)
    page = client_of(cast.ravi).get(url("customer_statement", cast.asha.pk)).content.decode()
    assert page.index("₹500.00") < page.index(sale.code) < page.index("₹540.00")
    answer = client_of(cast.ravi).get(url("customer_statement", cast.asha.pk), {"from": "soon"})
    assert answer.status_code == 422


def test_the_statement_is_a_file_without_formulas_for_those_who_may_export(
    cast: Cast, client_of: SignIn
) -> None:
    sell(cast, 2, customer=cast.asha, is_paid=False, code="=1+1")
    door = url("customer_statement_csv", cast.asha.pk)
    assert client_of(cast.ravi).get(door).status_code == 403
    accounts.set_right(shop=cast.shop, role=Role.STAFF, right=Right.EXPORT, is_allowed=True, actor=TESTS)
    lines = client_of(cast.ravi).get(door).content.decode("utf-8-sig").splitlines()
    assert "'=1+1,40.00,40.00" in lines[2]
    assert lines[-1].endswith("Balance after,,,40.00")
    assert client_of(cast.ravi).get(door, {"to": "x"}).status_code == 422


def test_clerks_and_other_shops_find_no_door(cast: Cast, client_of: SignIn) -> None:
    other = make_cast("other")
    open_with(client_of(cast.meena), cast, "500")
    entry = LedgerEntry.objects.get()
    posts = [("customer_open", cast.asha.pk), ("entry_undo", entry.pk)]
    for name, pk in posts:
        assert client_of(cast.ravi).post(url(name, pk)).status_code == 403
        assert client_of(other.lakshmi).post(url(name, pk)).status_code == 404
    for name in ("customer_statement", "customer_statement_csv"):
        assert client_of(cast.meena).get(url(name, other.asha.pk)).status_code == 404
    strange = LedgerEntry.objects.create(
        shop=other.shop, customer=other.asha, kind="opening", amount=Decimal(5), at=entry.at
    )
    assert client_of(cast.meena).post(url("entry_undo", strange.pk)).status_code == 404
