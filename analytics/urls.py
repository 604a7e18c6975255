"""The doors of `analytics`: pages under /s/<slug>/, API under /api/v1/shops/<slug>/."""

from django.urls import path

from analytics import (
    alert_views,
    anomaly_views,
    chart_views,
    dashboard_views,
    downloads_views,
    festival_views,
    forecast_views,
    one_person_views,
    opening_views,
    report_views,
    staffing_views,
    views,
)
from analytics import api as api_views

pages = [
    path("dashboard/", dashboard_views.dashboard, name="dashboard"),
    path("dashboard/now/", dashboard_views.dashboard_now, name="dashboard_now"),
    path("charts/<slug:name>/", views.chart, name="chart"),
    path("charts/<slug:name>.csv", chart_views.chart_file, {"kind": "csv"}, name="chart_csv"),
    path("charts/<slug:name>.svg", chart_views.chart_file, {"kind": "svg"}, name="chart_svg"),
    path("charts/<slug:name>.png", chart_views.chart_file, {"kind": "png"}, name="chart_png"),
    path("visitors/", views.visitors_page, name="visitors"),
    path("report/", report_views.report, name="report"),
    path("reports/", report_views.report_schedules, name="report_schedules"),
    path("reports/add/", report_views.report_schedule_add, name="report_schedule_add"),
    path("reports/<int:pk>/", report_views.report_schedule, name="report_schedule"),
    path("alerts/", alert_views.alerts_page, name="alerts"),
    path("alerts/seen/", alert_views.alerts_seen, name="alerts_seen"),
    path("alerts/rules/add/", alert_views.alert_rule_add, name="alert_rule_add"),
    path("alerts/rules/<int:pk>/", alert_views.alert_rule, name="alert_rule"),
    path("visitors.csv", views.visitors_csv, name="visitors_csv"),
    path("staffing/", staffing_views.staffing, name="staffing"),
    path("staffing/settings/", staffing_views.staffing_settings, name="staffing_settings"),
    path("opening-times/", opening_views.opening_times_page, name="opening_times"),
    path("opening-times.csv", opening_views.opening_times_csv, name="opening_times_csv"),
    path("forecast/", forecast_views.forecast_page, name="forecast"),
    path("festivals/", festival_views.festivals_page, name="festivals"),
    path("festivals/save/", festival_views.festivals_save, name="festivals_save"),
    path("festivals/suggested/", festival_views.festivals_suggested, name="festivals_suggested"),
    path("festivals/<int:pk>/remove/", festival_views.festival_remove, name="festival_remove"),
    path("downloads/", downloads_views.downloads, name="downloads"),
    path("downloads/all.zip", downloads_views.download_all, name="download_all"),
    path("downloads/<str:name>", downloads_views.download, name="download"),
    path("anomalies/", anomaly_views.anomalies_page, name="anomalies"),
    path("anomalies/<int:pk>/", anomaly_views.anomaly_decide, name="anomaly_decide"),
    path("customers/<int:pk>/data/", one_person_views.customer_data, name="customer_data"),
    path("customers/<int:pk>/data/export/", one_person_views.customer_export, name="customer_export"),
]
api = [
    path("summary/", api_views.SummaryView.as_view(), name="api_summary"),
    path("visitors/", api_views.VisitorsView.as_view(), name="api_visitors"),
]
