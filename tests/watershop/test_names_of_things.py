"""What the admin shows of the shop's rows is called by names that can be translated."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.utils.functional import Promise

NUMBER = "id"  # Django's own word, the same in every language of the shop
SHOWN = sorted(admin.site._registry.items(), key=lambda pair: pair[0]._meta.label)
ROOMS = {model._meta.app_label for model, _page in SHOWN}


def hidden(page: ModelAdmin) -> set[str]:  # type: ignore[type-arg]
    return {NUMBER, *(page.exclude or ())}


@pytest.mark.parametrize(("model", "page"), SHOWN, ids=[model._meta.label for model, _page in SHOWN])
def test_a_table_and_its_columns_have_names_that_can_be_translated(model: type, page: ModelAdmin) -> None:  # type: ignore[type-arg]
    meta = page.model._meta
    assert isinstance(meta.verbose_name, Promise) and isinstance(meta.verbose_name_plural, Promise)
    shown = set(page.fields or [field.name for field in meta.fields]) - hidden(page)
    names = {field.name: field.verbose_name for field in meta.fields if field.name in shown}
    assert [name for name, text in names.items() if not isinstance(text, Promise)] == []


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_a_room_has_a_name_that_can_be_translated(room: str) -> None:
    assert isinstance(apps.get_app_config(room).verbose_name, Promise)


def test_a_reference_is_called_like_what_it_points_at_unless_it_says_otherwise() -> None:
    entry, sale = apps.get_model("sales.LedgerEntry")._meta, apps.get_model("sales.Sale")._meta
    assert entry.get_field("customer").verbose_name == "customer"
    assert sale.get_field("clerk").verbose_name == "clerk"
