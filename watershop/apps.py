from django.apps import AppConfig, apps
from django.contrib.admin import apps as admin
from django.utils.translation import gettext_lazy as _


class WatershopConfig(AppConfig):
    name = "watershop"
    verbose_name = _("Shop")

    def ready(self) -> None:
        """Have the queue checked; call a reference without a name like what it points at: translated once."""
        from watershop import checks  # noqa: F401 (registers itself)

        for field in (field for model in apps.get_models() for field in model._meta.fields):
            if field.remote_field and "verbose_name" not in field.deconstruct()[3]:
                field.verbose_name = field.remote_field.model._meta.verbose_name or field.name


class ShopAdminConfig(admin.AdminConfig):
    """Django's admin behind the shop's own door."""

    default = False  # `watershop` in INSTALLED_APPS means the config above
    default_site = "watershop.admin_site.ShopAdminSite"
