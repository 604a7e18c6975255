"""What a manager did to many customers at once, kept so that it can be taken back at once."""

from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from sales.models.accounts import LedgerEntry
from sales.models.collecting import Promise
from watershop.constraints import AppendOnly, SameShop
from watershop.models import Message, Shop, ShopRow, User, shop_id_unique

UNDO_FOR = timedelta(days=7)


class BulkDeedQuerySet(models.QuerySet["BulkDeed"]):
    def of(self, shop: Shop) -> "BulkDeedQuerySet":
        return self.filter(shop=shop)

    def undoable(self) -> "BulkDeedQuerySet":
        """Deeds of the last days of which something is `left` to take back: how many customers it would touch."""
        kind = BulkDeed.Kind
        left = (
            Q(kind__in=[kind.REMIND, kind.CANS], items__message__state=Message.State.QUEUED)
            | Q(kind=kind.BLOCK, items__customer__is_credit_blocked=True)
            | Q(kind=kind.UNBLOCK, items__customer__is_credit_blocked=False)
            | Q(kind=kind.WRITE_OFF, items__entry__reversed_by=None)
            | Q(kind=kind.PROMISE)
        )
        lately = self.filter(undoes=None, undone_by=None, made_at__gt=timezone.now() - UNDO_FOR)
        return lately.annotate(  # type: ignore[no-redef]
            left=Count("items", filter=left)
        ).filter(Q(left__gt=0))


class BulkDeed(ShopRow):
    """One deed to many customers; taken back by a further one that `undoes` it."""

    class Kind(models.TextChoices):
        REMIND = "remind", _("Remind")
        BLOCK = "block", _("Stop credit")
        UNBLOCK = "unblock", _("Allow credit")
        CANS = "cans", _("Ask for cans")
        PROMISE = "promise", _("Note a promise")
        WRITE_OFF = "write_off", _("Write off")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    made_at = models.DateTimeField(_("time"), default=timezone.now)
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    client_ref = models.CharField(max_length=255, null=True)
    undoes = models.OneToOneField(
        "self", null=True, on_delete=models.PROTECT, related_name="undone_by", db_constraint=False
    )

    objects = BulkDeedQuerySet.as_manager()

    if TYPE_CHECKING:  # what undoable() adds
        left: int

    class Meta:
        verbose_name = _("deed to many")
        verbose_name_plural = _("deeds to many")
        ordering: ClassVar = ["-made_at", "-id"]
        constraints: ClassVar = [
            shop_id_unique("bulkdeed"),
            models.UniqueConstraint(fields=["shop", "client_ref"], name="bulkdeed_client_ref_once"),
            SameShop("undoes", name="bulkdeed_undoes_same_shop"),
            AppendOnly(name="bulkdeed_append_only"),
        ]


class BulkDeedItem(ShopRow):
    """One customer of a deed, with what it made for them: a message, a write-off, a promise, or a changed switch."""

    deed = models.ForeignKey(BulkDeed, on_delete=models.PROTECT, related_name="items", db_constraint=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    message = models.ForeignKey(
        Message, null=True, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    entry = models.ForeignKey(
        LedgerEntry, null=True, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    promise = models.ForeignKey(
        Promise, null=True, on_delete=models.PROTECT, related_name="items", db_constraint=False
    )

    class Meta:
        constraints: ClassVar = [
            shop_id_unique("bulkdeeditem"),
            models.UniqueConstraint(fields=["deed", "customer"], name="bulkdeeditem_once_per_customer"),
            SameShop("deed", name="bulkdeeditem_deed_same_shop"),
            SameShop("customer", name="bulkdeeditem_customer_same_shop"),
            SameShop("message", name="bulkdeeditem_message_same_shop"),
            SameShop("entry", name="bulkdeeditem_entry_same_shop"),
            SameShop("promise", name="bulkdeeditem_promise_same_shop"),
            AppendOnly(name="bulkdeeditem_append_only"),
        ]
