"""The audit and what was written to people, to look at.

Queue tables and tokens are nobody's to edit; roles come from the shop, not from groups.
"""

from django.contrib import admin
from django.contrib.auth.models import Group
from django_q.models import Failure, OrmQ, Schedule, Success
from knox.models import AuthToken

from watershop.admin_site import ShopAdmin
from watershop.models import AuditEntry, Message

for hidden in (Group, AuthToken, Failure, OrmQ, Schedule, Success):
    if admin.site.is_registered(hidden):
        admin.site.unregister(hidden)


@admin.register(AuditEntry)
class AuditEntryAdmin(ShopAdmin[AuditEntry]):
    list_display = ("at", "shop", "user", "approved_by", "origin", "action", "subject_type", "subject_id")
    list_filter = ("action",)
    list_select_related = ("shop", "user", "approved_by")
    search_fields = ("user__username", "action", "subject_type", "subject_id")
    date_hierarchy = "at"
    ordering = ("-at", "-id")


@admin.register(Message)
class MessageAdmin(ShopAdmin[Message]):
    list_display = ("created_at", "topic", "channel", "to", "state", "sent_at", "by", "shop")
    list_filter = ("topic", "channel", "state")
    list_select_related = ("by", "shop")
    search_fields = ("to", "subject", "topic")
    date_hierarchy = "created_at"
