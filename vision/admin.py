"""Recordings, persons and visits in the admin, to look at. Faces are on the pages; vectors are on no page at all."""

from django.contrib import admin

from vision.models import Person, Recording, Visit
from watershop.admin_site import ShopAdmin
from watershop.models import Right


@admin.register(Recording)
class RecordingAdmin(ShopAdmin[Recording]):
    right = Right.SEE_FACES
    exclude = ("file", "sha256", "pairs", "plan")
    list_display = ("original_name", "camera", "started_at", "state", "shop")
    list_filter = ("state",)
    list_select_related = ("camera", "shop")
    search_fields = ("original_name", "camera__name")
    date_hierarchy = "started_at"


@admin.register(Person)
class PersonAdmin(ShopAdmin[Person]):
    right = Right.SEE_FACES
    list_display = ("code", "name", "customer", "is_shop_staff", "shop")
    list_filter = ("is_shop_staff",)
    list_select_related = ("customer", "shop")
    search_fields = ("code", "name", "customer__name", "customer__code")


@admin.register(Visit)
class VisitAdmin(ShopAdmin[Visit]):
    right = Right.SEE_FACES
    list_display = ("entry_at", "exit_at", "person", "recording", "shop")
    list_select_related = ("person__customer", "recording", "shop")
    search_fields = ("person__code", "person__name")
    date_hierarchy = "entry_at"
