"""The doors of `analytics`: pages under /s/<slug>/, API under /api/v1/shops/<slug>/."""

from django.urls import path

from analytics import api as api_views
from analytics import views

pages = [
    path("dashboard/", views.dashboard, name="dashboard"),
    path("charts/<slug:name>/", views.chart, name="chart"),
]
api = [
    path("summary/", api_views.SummaryView.as_view(), name="api_summary"),
]
