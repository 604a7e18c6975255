"""The admin: managers and owners look into their own shops; money and audit can't be changed there."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from sales.models import CanType, Sale
from tests.base import TESTS, Cast, make_cast, sell
from watershop import accounts
from watershop.models import AuditEntry, User

SignIn = Callable[[User], Client]
LISTS = [
    "customers_customer",
    "sales_cantype",
    "sales_sale",
    "sales_payment",
    "sales_ledgerentry",
    "sales_canmovement",
    "sales_defaultingcustomer",
    "watershop_auditentry",
]


def change_url(row: object, name: str) -> str:
    return reverse(f"admin:{name}_change", args=[row.pk])  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", LISTS)
def test_a_manager_sees_the_rows_of_the_own_shop_alone(cast: Cast, client_of: SignIn, name: str) -> None:
    other = make_cast("other")
    for here, customer in ((cast, cast.asha), (other, other.asha)):
        for _n in range(2):
            sell(here, customer=customer)
            sell(here, customer=customer, is_paid=False)
    response = client_of(cast.meena).get(reverse(f"admin:{name}_changelist"))
    rows = response.context["cl"].result_list
    assert rows and {row.shop for row in rows} == {cast.shop}


def test_only_managers_and_owners_come_in(cast: Cast, client: Client, client_of: SignIn) -> None:
    index = reverse("admin:index")
    superuser = User.objects.create_superuser("root", password="x")
    assert client_of(cast.lakshmi).get(index).status_code == 200
    for user in (cast.ravi, superuser):
        assert client_of(user).get(index, follow=True).status_code == 403
    sign_in = client.get(index, follow=True).redirect_chain[-1][0]
    assert sign_in.startswith(reverse("login")) and "next=/admin/" in sign_in


def test_a_deactivated_manager_is_out_at_once(cast: Cast, client_of: SignIn) -> None:
    client = client_of(cast.meena)
    assert client.get(reverse("admin:index")).status_code == 200
    accounts.set_active(cast.meena.memberships.get(), is_active=False, actor=TESTS)
    assert client.get(reverse("admin:index"), follow=True).status_code == 403


def test_another_shops_row_is_not_found(cast: Cast, client_of: SignIn) -> None:
    other = make_cast("other")
    client = client_of(cast.lakshmi)
    for row, name in ((other.asha, "customers_customer"), (sell(other), "sales_sale")):
        response = client.get(change_url(row, name))
        assert response.status_code == 302
        assert response.headers["Location"] == reverse("admin:index")


@pytest.mark.parametrize(
    "name", [name for name in LISTS if name not in ("customers_customer", "sales_cantype")]
)
def test_money_cans_and_audit_are_read_only(cast: Cast, client_of: SignIn, name: str) -> None:
    for _n in range(2):
        sell(cast, customer=cast.asha)
        sell(cast, customer=cast.asha, is_paid=False)
    client = client_of(cast.lakshmi)
    row = client.get(reverse(f"admin:{name}_changelist")).context["cl"].result_list[0]
    page = client.get(change_url(row, name)).content.decode()
    assert 'name="_save"' not in page
    assert client.post(change_url(row, name), {}).status_code == 403
    assert client.get(reverse(f"admin:{name}_add")).status_code == 403
    assert client.get(reverse(f"admin:{name}_delete", args=[row.pk])).status_code == 403


def test_a_change_goes_through_the_rooms_own_function(cast: Cast, client_of: SignIn) -> None:
    client = client_of(cast.meena)
    data = {"name": "Asha Devi", "phone": "9876501234", "language": "en", "is_active": "on"}
    assert client.post(change_url(cast.asha, "customers_customer"), data).status_code == 302
    data = {"name": "20L", "litres": "20", "deposit": "150"}
    assert client.post(change_url(cast.can20, "sales_cantype"), data).status_code == 302
    assert CanType.objects.get(code="20L").deposit == 150
    changes = AuditEntry.objects.filter(action__startswith="change_").order_by("id")
    assert [(row.action, row.user) for row in changes] == [
        ("change_customer", cast.meena),
        ("change_can_type", cast.meena),
    ]


@pytest.mark.parametrize(
    ("room", "name"),
    [
        ("customers.admin.change_customer", "customers_customer"),
        ("sales.admin.change_can_type", "sales_cantype"),
    ],
)
def test_a_change_that_is_refused_at_last_is_said_above_the_form(
    cast: Cast, client_of: SignIn, monkeypatch: pytest.MonkeyPatch, room: str, name: str
) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise ValidationError({"name": "Somebody was quicker."})

    monkeypatch.setattr(room, refuse)
    row = cast.asha if name == "customers_customer" else cast.can20
    data = {"name": "New", "phone": "", "language": "en", "litres": "20", "deposit": "100"}
    response = client_of(cast.meena).post(change_url(row, name), data, follow=True)
    text = response.content.decode()
    assert "Somebody was quicker." in text and "was changed successfully" not in text


def test_the_defaulters_stand_there_with_the_rule(cast: Cast, client_of: SignIn) -> None:
    sell(cast, 3, customer=cast.asha, is_paid=False, sold_at=timezone.now() - timedelta(days=30))
    sell(cast, 1, customer=cast.bala, is_paid=False)
    page = client_of(cast.meena).get(reverse("admin:sales_defaultingcustomer_changelist")).content.decode()
    assert "Asha" in page and "60.00" in page and "15 days" in page
    assert "BALA" not in page


def test_the_defaulters_are_looked_for_once(cast: Cast, client_of: SignIn) -> None:
    for _n in range(2):
        sell(cast, customer=cast.asha, is_paid=False)
    client = client_of(cast.meena)
    with CaptureQueriesContext(connection) as asked:
        client.get(reverse("admin:sales_defaultingcustomer_changelist"))
    assert sum('AS "balance"' in query["sql"] for query in asked.captured_queries) == 1


def test_queue_tables_tokens_groups_and_vectors_are_hidden() -> None:
    shown = {model._meta.label for model in admin.site._registry}
    assert not {label for label in shown if label.startswith(("django_q.", "knox.", "auth."))}
    assert "vision.Template" not in shown


def test_searching_and_walking_through_days_works(cast: Cast, client_of: SignIn) -> None:
    sell(cast, customer=cast.asha)
    client = client_of(cast.meena)
    for name in LISTS:
        assert client.get(reverse(f"admin:{name}_changelist"), {"q": "asha"}).status_code == 200
    assert Sale.objects.count() == 1
