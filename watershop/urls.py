"""The map of the site: pages under /s/<slug>/, the API under /api/v1/, the admin, and the health check.

Each room lists its `pages` and its `api` in its own urls.py; nothing else may be reached from outside.
"""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

import analytics.urls
import customers.urls
import sales.urls
import vision.urls
from sales import offline_views
from watershop import health, pin_views, views

ROOMS = (customers.urls, sales.urls, vision.urls, analytics.urls)

urlpatterns = [
    path("", views.home, name="home"),
    path("login/", views.Login.as_view(), name="login"),
    path("logout/", views.Logout.as_view(), name="logout"),
    path("password/", views.PasswordChange.as_view(), name="password_change"),
    path("setup/", views.setup, name="setup"),
    path("language/", views.language, name="set_language"),
    path("sw.js", offline_views.service_worker, name="service_worker"),
    path("healthz", health.healthz, name="healthz"),
    path("admin/", admin.site.urls),
    path("s/<slug:slug>/", views.shop_home, name="shop_home"),
    path("s/<slug:slug>/settings/", views.shop_settings, name="shop_settings"),
    path("s/<slug:slug>/lock/", pin_views.lock, name="lock"),
    path("s/<slug:slug>/lock/open/", pin_views.unlock, name="unlock"),
    path("s/<slug:slug>/pin/", pin_views.my_pin, name="my_pin"),
    path("s/<slug:slug>/staff/", views.staff, name="staff"),
    path("s/<slug:slug>/staff/add/", views.staff_add, name="staff_add"),
    path("s/<slug:slug>/staff/rights/", views.staff_rights, name="staff_rights"),
    path("s/<slug:slug>/staff/<int:pk>/", views.staff_change, name="staff_change"),
    path("s/<slug:slug>/", include([page for room in ROOMS for page in room.pages])),
    path("api/v1/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/v1/auth/", include("watershop.tokens")),
    path("api/v1/shops/<slug:slug>/", include([door for room in ROOMS for door in room.api])),
]

handler400 = "watershop.views.bad_request"
