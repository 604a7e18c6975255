"""Two accounts of one customer that became one, and the undoing of that."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from watershop.constraints import AppendOnly, SameShop
from watershop.models import Shop, ShopRow, User, shop_id_unique


class MergeQuerySet(models.QuerySet["AccountMerge"]):
    def of(self, shop: Shop) -> "MergeQuerySet":
        return self.filter(shop=shop)

    def standing(self) -> "MergeQuerySet":
        """Merges that were not undone."""
        return self.filter(undo__isnull=True)


class AccountMerge(ShopRow):
    """What stood on the account of `old` went over to `into`: the transfers in ledger and cans name this row."""

    old = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="merges", db_constraint=False)
    into = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="merged", db_constraint=False)
    at = models.DateTimeField(_("time"), default=timezone.now)
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(_("reason"), max_length=200)

    objects = MergeQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            shop_id_unique("accountmerge"),
            models.CheckConstraint(condition=~Q(old=F("into")), name="accountmerge_of_two"),
            SameShop("old", name="accountmerge_old_same_shop"),
            SameShop("into", name="accountmerge_into_same_shop"),
            AppendOnly(name="accountmerge_append_only"),
        ]


class MergeUndo(ShopRow):
    """The merge was a mistake: its transfers are reversed."""

    merge = models.OneToOneField(
        AccountMerge, on_delete=models.PROTECT, related_name="undo", db_constraint=False
    )
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [
            shop_id_unique("mergeundo"),
            SameShop("merge", name="mergeundo_merge_same_shop"),
            AppendOnly(name="mergeundo_append_only"),
        ]
