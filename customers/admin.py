"""Customers in the admin; a change is written by the same function as on the page."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from customers.book import change_customer
from customers.models import Customer
from watershop.admin_site import ShopAdmin
from watershop.audit import Actor


@admin.register(Customer)
class CustomerAdmin(ShopAdmin[Customer]):
    is_changeable = True
    fields = ("shop", "code", "name", "phone", "email", "language", "is_active", "created_at")
    readonly_fields = ("shop", "code", "created_at")
    list_display = ("name", "code", "phone", "language", "is_active", "shop")
    list_filter = ("is_active", "language")
    list_select_related = ("shop",)
    search_fields = ("name", "code", "phone")

    def save_model(self, request: HttpRequest, obj: Customer, form: Any, change: bool) -> None:
        changed = {name: form.cleaned_data[name] for name in form.changed_data}
        change_customer(obj, changed, actor=Actor.of(request))
