"""The admin: managers and owners look into their own shops; money and audit can't be changed there."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin import ModelAdmin, RelatedFieldListFilter
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import ForeignKey, QuerySet
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from customers.models import Customer
from sales.models import CanTag, CanType, CustomerPrice, DepositEntry, Promise, Sale, SaleLine
from tests.base import TESTS, Cast, make_cast, sell
from tests.watershop.test_doors_for_posts import one_of_each
from watershop import accounts
from watershop.admin_site import ShopAdmin, ShopInline
from watershop.models import AuditEntry, Shop, User

SignIn = Callable[[User], Client]
CHANGEABLE = (Customer, CanType)
REGISTERED = sorted(admin.site._registry, key=lambda model: model._meta.label)
LISTS = [model._meta.label_lower.replace(".", "_") for model in REGISTERED]


def rows_of_each_kind(cast: Cast) -> None:
    """Something in every list of the admin: a model that joins the admin joins here."""
    one_of_each(cast)
    shop, sizes = cast.shop, {"shop": cast.shop, "can_type": cast.can20}
    for customer in (cast.asha, cast.bala):
        sell(cast, customer=customer, is_paid=False, sold_at=timezone.now() - timedelta(days=30))
    CanTag.objects.create(**sizes, code="TAG-1")
    CustomerPrice.objects.create(**sizes, customer=cast.asha, price=18)
    DepositEntry.objects.create(
        **sizes, customer=cast.asha, kind="taken", cans=1, amount=100, tender="cash", at=timezone.now()
    )
    Promise.objects.create(shop=shop, customer=cast.asha, amount=20, due_on=timezone.localdate())


def stranger_cast() -> Cast:
    """A neighbour whose every name would be seen at once on a page of the first shop."""
    other = make_cast("stranger")
    other.shop.name = "The stranger's"
    other.shop.save()
    for customer in (other.asha, other.bala):
        customer.name = f"Stranger {customer.name}"
        customer.save()
    return other


def leaks(model_admin: ModelAdmin[Any], request: HttpRequest, shop: Shop) -> list[str]:
    """What an admin shows or offers of other shops: rows, choices of its filters, choices of its fields."""
    rows, found = model_admin.get_queryset(request), list[str]()
    if not isinstance(model_admin, ShopAdmin):
        found.append("no ShopAdmin")
    if set(rows.order_by().values_list("shop", flat=True)) - {shop.pk}:
        found.append("rows")
    if not all(issubclass(inline, ShopInline) for inline in model_admin.inlines):
        found.append("inline")
    for spec in model_admin.get_changelist_instance(request).filter_specs:
        if isinstance(spec, RelatedFieldListFilter):
            found.append(f"filter {spec.title}")
    for field in model_admin.model._meta.fields:
        if not isinstance(field, ForeignKey):
            continue
        offered = model_admin.formfield_for_foreignkey(field, request)
        if offered and not _all_of(offered.queryset, shop):
            found.append(f"field {field.name}")
    return found


def _all_of(rows: QuerySet[Any] | None, shop: Shop) -> bool:
    assert rows is not None
    if rows.model is User:
        return not rows.exclude(memberships__shop=shop).exists()
    return not rows.exclude(**{"pk" if rows.model is Shop else "shop": shop.pk}).exists()


def request_of(user: User, path: str = "/admin/") -> HttpRequest:
    request = RequestFactory().get(path)
    request.user = user
    return request


def change_url(row: object, name: str) -> str:
    return reverse(f"admin:{name}_change", args=[row.pk])  # type: ignore[attr-defined]


@pytest.fixture
def full(cast: Cast) -> Cast:
    """Two shops with rows of each kind; the first one."""
    for shop in (cast, stranger_cast()):
        rows_of_each_kind(shop)
    return cast


def test_no_admin_shows_or_offers_anything_of_another_shop(full: Cast) -> None:
    request = request_of(full.meena)
    found = {
        model._meta.label: leaks(admin.site._registry[model], request, full.shop) for model in REGISTERED
    }
    assert not {label: leak for label, leak in found.items() if leak}


def test_control_an_admin_without_the_limit_is_found(full: Cast) -> None:
    class Careless(ModelAdmin[Sale]):
        list_filter = ("clerk",)
        inlines = (type("Lines", (admin.TabularInline,), {"model": SaleLine}),)

    found = leaks(Careless(Sale, admin.site), request_of(full.meena), full.shop)
    assert {
        "no ShopAdmin",
        "rows",
        "inline",
        "filter clerk",
        "field customer",
        "field clerk",
        "field shop",
    } <= set(found)


def test_the_lists_and_all_their_filters_show_rows_of_the_own_shop_alone(
    full: Cast, client_of: SignIn
) -> None:
    client = client_of(full.meena)
    for name in LISTS:
        address = reverse(f"admin:{name}_changelist")
        page = client.get(address)
        changelist, ways = page.context["cl"], [address]
        for spec in changelist.filter_specs:
            ways += [address + choice["query_string"] for choice in spec.choices(changelist)]
        assert changelist.result_list, f"{name}: rows_of_each_kind makes none"
        for way in ways:
            page = client.get(way)
            assert {row.shop for row in page.context["cl"].result_list} <= {full.shop}, way
            assert "stranger" not in page.content.decode().lower(), way
        elsewhere = client.get(address, {"shop__id__exact": Shop.objects.get(slug="stranger").pk})
        assert elsewhere.status_code in (302, 400) or not elsewhere.context["cl"].result_list


def test_no_list_asks_once_more_for_each_row() -> None:
    for model in REGISTERED:
        model_admin = admin.site._registry[model]
        joined = {path.split("__")[0] for path in model_admin.list_select_related}  # type: ignore[union-attr]
        keys = {field.name for field in model._meta.fields if isinstance(field, ForeignKey)}
        assert keys & set(model_admin.list_display) <= joined, model


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


def test_another_shops_row_is_not_found(full: Cast, client_of: SignIn) -> None:
    client = client_of(full.lakshmi)
    for model, name in zip(REGISTERED, LISTS, strict=True):
        row = model._default_manager.exclude(shop=full.shop).first()
        response = client.get(change_url(row, name))
        assert (response.status_code, response.headers.get("Location")) == (302, reverse("admin:index")), name


def test_what_happened_is_read_only(full: Cast, client_of: SignIn) -> None:
    client = client_of(full.lakshmi)
    for model, name in zip(REGISTERED, LISTS, strict=True):
        row = client.get(reverse(f"admin:{name}_changelist")).context["cl"].result_list[0]
        assert client.get(reverse(f"admin:{name}_add")).status_code == 403
        assert client.get(reverse(f"admin:{name}_delete", args=[row.pk])).status_code == 403
        if model not in CHANGEABLE:
            page = client.get(change_url(row, name)).content.decode()
            assert 'name="_save"' not in page and "stranger" not in page.lower()
            assert client.post(change_url(row, name), {}).status_code == 403


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


def test_searching_and_walking_through_days_works(full: Cast, client_of: SignIn) -> None:
    client, today = client_of(full.meena), timezone.localdate()
    for model, name in zip(REGISTERED, LISTS, strict=True):
        address = reverse(f"admin:{name}_changelist")
        page = client.get(address, {"q": "asha"})
        assert page.status_code == 200 and "stranger" not in page.content.decode().lower()
        if days := admin.site._registry[model].date_hierarchy:
            parts = {f"{days}__year": today.year, f"{days}__month": today.month}
            assert client.get(address, parts).status_code == 200, name
