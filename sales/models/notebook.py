"""What came from the shop's notebook, batch by batch, so that a batch can be undone."""

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from sales.models.accounts import LedgerEntry
from watershop.constraints import AppendOnly, SameShop
from watershop.models import ShopRow, User, shop_id_unique


class NotebookImport(ShopRow):
    """One sheet of customers that was stored."""

    at = models.DateTimeField(_("time"), default=timezone.now)
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering: ClassVar = ["-at", "-id"]
        constraints: ClassVar = [
            shop_id_unique("notebookimport"),
            AppendOnly(name="notebookimport_append_only"),
        ]


class NotebookRow(ShopRow):
    """One row of the sheet: its customer, whether the row added them, what it opened and which limit it replaced."""

    batch = models.ForeignKey(
        NotebookImport, on_delete=models.PROTECT, related_name="rows", db_constraint=False
    )
    line = models.PositiveIntegerField()
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    is_new = models.BooleanField()
    opening = models.OneToOneField(
        LedgerEntry, null=True, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    sets_limit = models.BooleanField(default=False)
    limit_before = models.DecimalField(max_digits=10, decimal_places=2, null=True)

    class Meta:
        constraints: ClassVar = [
            shop_id_unique("notebookrow"),
            models.UniqueConstraint(fields=["batch", "customer"], name="notebookrow_once_per_customer"),
            SameShop("batch", name="notebookrow_batch_same_shop"),
            SameShop("customer", name="notebookrow_customer_same_shop"),
            SameShop("opening", name="notebookrow_opening_same_shop"),
            AppendOnly(name="notebookrow_append_only"),
        ]

    @property
    def client_ref(self) -> str:
        """By which the row's can movements are known."""
        return f"notebook-{self.batch_id}-{self.line}"


class NotebookUndo(ShopRow):
    """The batch was taken back, as far as its customers had not traded yet."""

    batch = models.OneToOneField(
        NotebookImport, on_delete=models.PROTECT, related_name="undo", db_constraint=False
    )
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [
            shop_id_unique("notebookundo"),
            SameShop("batch", name="notebookundo_batch_same_shop"),
            AppendOnly(name="notebookundo_append_only"),
        ]
