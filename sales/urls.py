"""The doors of `sales`: pages under /s/<slug>/, API under /api/v1/shops/<slug>/."""

from django.urls import URLPattern

pages: list[URLPattern] = []
api: list[URLPattern] = []
