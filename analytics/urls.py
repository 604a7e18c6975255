"""The doors of `analytics`: pages under /s/<slug>/, API under /api/v1/shops/<slug>/."""

from django.urls import path

from analytics import api as api_views
from analytics import one_person_views, views

pages = [
    path("dashboard/", views.dashboard, name="dashboard"),
    path("charts/<slug:name>/", views.chart, name="chart"),
    path("visitors/", views.visitors_page, name="visitors"),
    path("visitors.csv", views.visitors_csv, name="visitors_csv"),
    path("customers/<int:pk>/data/", one_person_views.customer_data, name="customer_data"),
    path("customers/<int:pk>/data/export/", one_person_views.customer_export, name="customer_export"),
]
api = [
    path("summary/", api_views.SummaryView.as_view(), name="api_summary"),
    path("visitors/", api_views.VisitorsView.as_view(), name="api_visitors"),
]
