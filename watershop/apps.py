from django.apps import AppConfig
from django.contrib.admin import apps as admin


class WatershopConfig(AppConfig):
    name = "watershop"
    verbose_name = "WaterShop"


class ShopAdminConfig(admin.AdminConfig):
    """Django's admin behind the shop's own door."""

    default = False  # `watershop` in INSTALLED_APPS means the config above
    default_site = "watershop.admin_site.ShopAdminSite"
