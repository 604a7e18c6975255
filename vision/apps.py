from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class VisionConfig(AppConfig):
    name = "vision"
    verbose_name = _("Cameras")

    def ready(self) -> None:
        """Have the settings of the eye checked with all others."""
        from vision import checks  # noqa: F401 (registers itself)
