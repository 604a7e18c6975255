"""The doors of `customers`: pages under /s/<slug>/, API under /api/v1/shops/<slug>/."""

from django.urls import URLPattern, path

from customers import api as doors
from customers import views

pages: list[URLPattern] = [
    path("customers/", views.customers, name="customers"),
    path("customers/add/", views.customer_add, name="customer_add"),
    path("customers/<int:pk>/edit/", views.customer_edit, name="customer_edit"),
]
api: list[URLPattern] = [
    path("customers/", doors.Customers.as_view(), name="api_customers"),
    path("customers/<int:pk>/", doors.CustomerDetail.as_view(), name="api_customer"),
]
