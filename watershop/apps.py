from django.apps import AppConfig


class WatershopConfig(AppConfig):
    name = "watershop"
    verbose_name = "WaterShop"
