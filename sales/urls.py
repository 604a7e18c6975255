"""The doors of `sales`: pages under /s/<slug>/, API under /api/v1/shops/<slug>/."""

from django.urls import URLPattern, path

from sales import (
    account_views,
    collecting_views,
    credit_views,
    defaulter_views,
    drawer_views,
    import_views,
    manage_views,
    till_views,
    upi_views,
    views,
)
from sales import api as doors

pages: list[URLPattern] = [
    path("till/", till_views.till, name="till"),
    path("till/find/", till_views.till_find, name="till_find"),
    path("sales/", views.sales, name="sales"),
    path("sales/import/", import_views.sales_import, name="sales_import"),
    path("sales/import/store/", import_views.sales_import_store, name="sales_import_store"),
    path("sales/<int:pk>/", views.sale, name="sale"),
    path("sales/<int:pk>/void/", views.sale_void, name="sale_void"),
    path("sales/<int:pk>/receipt/", views.receipt, name="receipt"),
    path("customers/<int:pk>/", account_views.customer, name="customer"),
    path("customers/<int:pk>/pay/", account_views.customer_pay, name="customer_pay"),
    path("customers/<int:pk>/cans/", account_views.customer_return_cans, name="customer_return_cans"),
    path("customers/<int:pk>/credit/", credit_views.customer_credit, name="customer_credit"),
    path("customers/<int:pk>/opening/", credit_views.customer_open, name="customer_open"),
    path("customers/<int:pk>/write-off/", credit_views.customer_write_off, name="customer_write_off"),
    path("customers/<int:pk>/statement/", credit_views.customer_statement, name="customer_statement"),
    path(
        "customers/<int:pk>/statement.csv",
        credit_views.customer_statement_csv,
        name="customer_statement_csv",
    ),
    path("customers/<int:pk>/collect/", collecting_views.customer_collect, name="customer_collect"),
    path("ledger/<int:pk>/undo/", credit_views.entry_undo, name="entry_undo"),
    path("upi/", upi_views.upi_claims, name="upi_claims"),
    path("upi/<int:pk>/", upi_views.upi_decide, name="upi_decide"),
    path("upi/statement/", upi_views.upi_statement, name="upi_statement"),
    path("drawer/", drawer_views.drawer, name="drawer"),
    path("drawer/open/", drawer_views.drawer_open, name="drawer_open"),
    path("drawer/move/", drawer_views.drawer_move, name="drawer_move"),
    path("drawer/close/", drawer_views.drawer_close, name="drawer_close"),
    path("drawer/day/", drawer_views.drawer_day, name="drawer_day"),
    path("drawer/sessions/", drawer_views.drawer_sessions, name="drawer_sessions"),
    path("drawer/sessions/<int:pk>/", drawer_views.drawer_session, name="drawer_session"),
    path("drawer/sessions/<int:pk>/explain/", drawer_views.drawer_explain, name="drawer_explain"),
    path("manage/", manage_views.manage, name="manage"),
    path("manage/defaulters/", defaulter_views.defaulters, name="defaulters"),
    path("manage/defaulters/credit/", defaulter_views.defaulters_credit, name="defaulters_credit"),
    path("manage/defaulters/calls/", defaulter_views.call_list, name="call_list"),
    path("manage/defaulters/rule/", defaulter_views.defaulter_rule, name="defaulter_rule"),
    path("cans/", views.can_types, name="can_types"),
    path("cans/add/", views.can_type_add, name="can_type_add"),
    path("cans/<int:pk>/", views.can_type, name="can_type"),
]
api: list[URLPattern] = [
    path("can-types/", doors.CanTypes.as_view(), name="api_can_types"),
    path("sales/", doors.Sales.as_view(), name="api_sales"),
    path("sales/<int:pk>/", doors.SaleDetail.as_view(), name="api_sale"),
    path("payments/", doors.Payments.as_view(), name="api_payments"),
    path("can-returns/", doors.CanReturns.as_view(), name="api_can_returns"),
    path("dues/", doors.Dues.as_view(), name="api_dues"),
]
