"""Stepping up: a manager's PIN lets the clerk do one thing, once, and the audit names both."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from sales.models import Sale, SaleVoid
from tests.base import TESTS, Cast, make_cast, sell
from watershop import accounts, pins
from watershop.models import AuditEntry, Membership, Right, Role, User

ClientOf = Callable[[User], Client]
PINS = {"lakshmi": "770011", "meena": "4826", "ravi": "9137"}


def member(user: User) -> Membership:
    return Membership.objects.get(user=user)


@pytest.fixture
def cast(cast: Cast) -> Cast:
    """Everybody has a PIN."""
    for name, digits in PINS.items():
        pins.set_pin(member(getattr(cast, name)), digits, actor=TESTS)
    return cast


@pytest.fixture
def clerk(cast: Cast, client_of: ClientOf) -> Client:
    return client_of(cast.ravi)


@pytest.fixture
def sale(cast: Cast) -> Sale:
    return sell(cast)


def void(client: Client, sale: Sale, **fields: str) -> tuple[int, str]:
    door = reverse("sale_void", args=[sale.shop.slug, sale.pk])
    answer = client.post(door, {"reason": "mistyped <1>"} | fields)
    return answer.status_code, answer.content.decode()


def by(user: User, digits: str) -> dict[str, str]:
    return {"approver": str(member(user).pk), "approver_pin": digits}


def test_a_refused_deed_is_shown_again_with_the_managers_who_can_allow_it(clerk: Client, sale: Sale) -> None:
    status, page = void(clerk, sale)
    assert status == 403
    assert "A manager can allow this" in page and "Void a sale" in page
    assert '<input type="hidden" name="reason" value="mistyped &lt;1&gt;">' in page
    assert f'action="{reverse("sale_void", args=["water", sale.pk])}"' in page
    assert "meena" in page and "lakshmi" in page
    assert page.count('name="approver"') == 2, "a clerk is not among them"
    assert not SaleVoid.objects.exists()


def test_a_clerk_voids_with_a_managers_pin_and_the_history_names_both(
    cast: Cast, clerk: Client, sale: Sale, client_of: ClientOf
) -> None:
    assert "Void this sale" in clerk.get(reverse("sale", args=["water", sale.pk])).content.decode()
    assert void(clerk, sale, **by(cast.meena, PINS["meena"]))[0] == 302
    assert SaleVoid.objects.get().by == cast.ravi
    entry = AuditEntry.objects.get(action="void_sale")
    assert (entry.user, entry.approved_by) == (cast.ravi, cast.meena)
    assert "mistyped <1>" in str(entry.after) and PINS["meena"] not in str(entry.after)
    history = client_of(cast.meena).get(reverse("sale", args=["water", sale.pk])).content.decode()
    assert "allowed by meena" in history


def test_an_approval_does_not_last(cast: Cast, clerk: Client, sale: Sale) -> None:
    void(clerk, sale, **by(cast.meena, PINS["meena"]))
    assert void(clerk, sell(cast))[0] == 403
    assert SaleVoid.objects.count() == 1


def test_a_wrong_pin_allows_nothing_and_five_let_it_rest(cast: Cast, clerk: Client, sale: Sale) -> None:
    for _try in range(4):
        status, page = void(clerk, sale, **by(cast.meena, "1111"))
        assert (status, "This PIN is wrong." in page) == (403, True)
        assert 'value="mistyped &lt;1&gt;"' in page
        assert 'value="1111"' not in page
    assert "rests for five minutes" in void(clerk, sale, **by(cast.meena, "1111"))[1]
    assert "rests for five minutes" in void(clerk, sale, **by(cast.meena, PINS["meena"]))[1]
    assert not SaleVoid.objects.exists()


def test_a_clerks_pin_allows_nothing(cast: Cast, clerk: Client, sale: Sale) -> None:
    status, page = void(clerk, sale, **by(cast.ravi, PINS["ravi"]))
    assert (status, "Only a manager can allow this." in page) == (403, True)


def test_a_manager_of_another_shop_allows_nothing(clerk: Client, sale: Sale) -> None:
    neighbour = make_cast("next-door")
    pins.set_pin(member(neighbour.meena), "4826", actor=TESTS)
    status, page = void(clerk, sale, **by(neighbour.meena, "4826"))
    assert (status, "Choose who you are." in page) == (403, True)
    assert void(clerk, sell(neighbour), **by(neighbour.meena, "4826"))[0] == 404
    assert not SaleVoid.objects.exists()


def test_a_manager_without_the_right_cannot_lend_it(cast: Cast, clerk: Client, sale: Sale) -> None:
    accounts.set_right(shop=cast.shop, role=Role.MANAGER, right=Right.VOID, is_allowed=False, actor=TESTS)
    for fields in ({}, by(cast.meena, PINS["meena"]), by(cast.lakshmi, PINS["lakshmi"])):
        status, page = void(clerk, sale, **fields)
        assert (status, "A manager can allow this" in page) == (403, False)
    assert "Void this sale" not in clerk.get(reverse("sale", args=["water", sale.pk])).content.decode()


def test_what_is_the_owners_no_pin_allows(cast: Cast, clerk: Client) -> None:
    door = reverse("staff_change", args=["water", member(cast.ravi).pk])
    for fields in ({}, by(cast.lakshmi, PINS["lakshmi"])):
        answer = clerk.post(door, {"do": "role", "role": "owner"} | fields)
        assert (answer.status_code, "A manager can allow" in answer.content.decode()) == (403, False)
    assert member(cast.ravi).role == Role.STAFF


def test_a_page_of_the_managers_opens_to_no_pin_by_looking(cast: Cast, clerk: Client) -> None:
    for query in ("", f"?approver={member(cast.meena).pk}&approver_pin={PINS['meena']}"):
        answer = clerk.get(reverse("can_types", args=["water"]) + query)
        assert (answer.status_code, "A manager can allow" in answer.content.decode()) == (403, False)


def test_a_deed_of_the_managers_role_can_be_allowed_too(cast: Cast, clerk: Client) -> None:
    door = reverse("can_type", args=["water", cast.can10.pk])
    assert "A manager can allow this" in clerk.post(door, {"do": "retire"}).content.decode()
    assert clerk.post(door, {"do": "retire"} | by(cast.meena, PINS["meena"])).status_code == 302
    cast.can10.refresh_from_db()
    assert cast.can10.retired_at
    assert AuditEntry.objects.latest("pk").approved_by == cast.meena


def test_an_approved_deed_that_is_sent_twice_is_done_once(cast: Cast, clerk: Client) -> None:
    sell(cast, 3, customer=cast.asha, is_paid=False)
    page = clerk.get(reverse("till", args=["water"])).content.decode()
    ref = page.partition('name="client_ref" value="')[2].partition('"')[0]
    form = {"client_ref": ref, f"sold_{cast.can20.pk}": "1", "tender": "cash"}
    door = reverse("till", args=["water"])
    first = clerk.post(door, form | by(cast.meena, PINS["meena"]))
    again = clerk.post(door, form | by(cast.meena, PINS["meena"]))
    plain = clerk.post(door, form)
    assert first["Location"] == again["Location"] == plain["Location"]
    assert Sale.objects.count() == 2


def test_an_approval_needs_the_token_of_the_form(cast: Cast, sale: Sale, client_of: ClientOf) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies = client_of(cast.ravi).cookies
    assert "A manager can allow" not in void(client, sale, **by(cast.meena, PINS["meena"]))[1]
    assert not SaleVoid.objects.exists()


def test_somebody_signed_out_allows_nothing(cast: Cast, sale: Sale) -> None:
    assert void(Client(), sale, **by(cast.meena, PINS["meena"]))[0] == 302
    assert not SaleVoid.objects.exists()
    assert member(cast.meena).pin_tries == 0


def test_without_a_managers_pin_the_refusal_stays_what_it_was(cast: Cast, clerk: Client, sale: Sale) -> None:
    Membership.objects.exclude(role=Role.STAFF).update(pin="")
    status, page = void(clerk, sale)
    assert (status, "A manager can allow" in page) == (403, False)
    assert "“Void a sale”. The owner can switch it on under Staff." in page
