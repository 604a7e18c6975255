"""The price list: add, rename, price, retire and bring back; every change is audited."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from sales import pricelist
from sales.forms import MOST_CANS
from sales.models import CanPrice, CanType, SaleLine
from sales.pricelist import priced
from tests.base import Cast, make_cast, sell
from watershop.models import AuditEntry, User

SignIn = Callable[[User], Client]
NEW = {"code": "5L", "name": "Small", "litres": "5", "price": "8", "deposit": "50"}


def test_a_manager_adds_a_size(cast: Cast, client_of: SignIn) -> None:
    client = client_of(cast.meena)
    assert client.post(reverse("can_type_add", args=["water"]), NEW).status_code == 302
    can_type = priced(CanType.objects.all()).get(code="5L")
    assert (can_type.shop, can_type.price, can_type.deposit) == (cast.shop, Decimal(8), Decimal(50))
    entry = AuditEntry.objects.get(action="add_can_type")
    assert (entry.user, entry.subject_id, entry.after["price"]) == (cast.meena, can_type.pk, "8")  # type: ignore[index]


def test_a_size_exists_once_per_shop_whatever_its_case(cast: Cast, client_of: SignIn) -> None:
    response = client_of(cast.meena).post(reverse("can_type_add", args=["water"]), NEW | {"code": "20l"})
    assert response.status_code == 422
    assert "already a size 20l" in response.content.decode()


def test_impossible_values_are_refused(cast: Cast, client_of: SignIn) -> None:
    client = client_of(cast.meena)
    for change in ({"price": "-1"}, {"litres": "0"}, {"code": "5 L"}, {"name": ""}, {"deposit": "x"}):
        assert client.post(reverse("can_type_add", args=["water"]), NEW | change).status_code == 422
    assert CanType.objects.count() == 2


def test_the_dearest_price_times_the_most_cans_can_be_sold(cast: Cast, client_of: SignIn) -> None:
    client, url = client_of(cast.meena), reverse("can_type", args=["water", cast.can20.pk])
    dear = {"name": "20L", "litres": "20", "deposit": "100"}
    assert client.post(url, dear | {"price": "10000.01"}).status_code == 422
    assert client.post(url, dear | {"price": "10000"}).status_code == 302
    assert sell(cast, MOST_CANS).lines.get().amount == Decimal(9_990_000)


def test_a_change_that_is_refused_at_last_is_said_on_the_form(
    cast: Cast, client_of: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise ValidationError({"price": "Somebody was quicker."})

    monkeypatch.setattr(pricelist, "change_can_type", refuse)
    data = {"name": "Big", "litres": "20", "price": "25", "deposit": "100"}
    response = client_of(cast.meena).post(reverse("can_type", args=["water", cast.can20.pk]), data)
    assert response.status_code == 422
    assert "Somebody was quicker." in response.content.decode()


def test_a_size_dearer_than_the_limit_of_today_can_be_retired(cast: Cast, client_of: SignIn) -> None:
    CanPrice.objects.create(shop=cast.shop, can_type=cast.can20, price=200_000)
    url = reverse("can_type", args=["water", cast.can20.pk])
    assert client_of(cast.meena).post(url, {"do": "retire"}).status_code == 302
    assert list(CanType.objects.on_sale()) == [cast.can10]


def test_a_new_price_leaves_old_sales_alone(cast: Cast, client_of: SignIn) -> None:
    sell(cast, 2)
    data = {"name": "Big", "litres": "20", "price": "25", "deposit": "100"}
    url = reverse("can_type", args=["water", cast.can20.pk])
    assert client_of(cast.meena).post(url, data).status_code == 302
    big = priced(CanType.objects.all()).get(pk=cast.can20.pk)
    assert (big.name, big.price, big.code) == ("Big", Decimal(25), "20L")
    assert SaleLine.objects.get().amount == Decimal(40)
    named = AuditEntry.objects.get(action="change_can_type")
    assert (named.before, named.after) == ({"name": "20L"}, {"changed": ["name"], "name": "Big"})
    dearer = AuditEntry.objects.get(action="change_price")
    assert (dearer.before, dearer.after["price"]) == ({"price": "20.00"}, "25")  # type: ignore[index]


def test_saving_without_a_change_writes_nothing(cast: Cast, client_of: SignIn) -> None:
    data = {"name": "20L", "litres": "20", "price": "20", "deposit": "100"}
    client_of(cast.meena).post(reverse("can_type", args=["water", cast.can20.pk]), data)
    assert not AuditEntry.objects.filter(action__startswith="change_").exists()


def test_a_retired_size_leaves_the_till_and_can_come_back(cast: Cast, client_of: SignIn) -> None:
    client, url = client_of(cast.meena), reverse("can_type", args=["water", cast.can10.pk])
    client.post(url, {"do": "retire"})
    assert list(CanType.objects.on_sale()) == [cast.can20]
    assert "Retired" in client.get(reverse("can_types", args=["water"])).content.decode()
    client.post(url, {"do": "bring_back"})
    assert CanType.objects.on_sale().count() == 2
    actions = AuditEntry.objects.filter(subject_type="sales.cantype").values_list("action", flat=True)
    assert list(actions.order_by("id")) == ["retire_can_type", "bring_back_can_type"]


def test_clerks_and_other_shops_have_no_price_list(cast: Cast, client_of: SignIn) -> None:
    assert client_of(cast.ravi).get(reverse("can_types", args=["water"])).status_code == 403
    other = make_cast("other")
    url = reverse("can_type", args=["water", other.can20.pk])
    assert client_of(cast.meena).post(url, {"do": "retire"}).status_code == 404


def test_the_list_asks_one_question_for_all_sizes(
    cast: Cast, client_of: SignIn, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of(cast.meena)
    with django_assert_num_queries(6):
        client.get(reverse("can_types", args=["water"]))
