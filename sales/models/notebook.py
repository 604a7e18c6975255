"""What came from the shop's notebook, batch by batch, so that a batch can be undone."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
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
    kept: "models.JSONField[list[int], list[int]]" = models.JSONField(
        default=list, help_text=_("ids of the customers who traded since and stay as they are")
    )

    class Meta:
        constraints: ClassVar = [
            shop_id_unique("notebookundo"),
            SameShop("batch", name="notebookundo_batch_same_shop"),
            AppendOnly(name="notebookundo_append_only"),
        ]


class NotebookTask(ShopRow):
    """What a manager asked a worker to do: store a sheet, or take a batch back. Done, it keeps no sheet.

    `rows` is how many good rows were looked at, `choices` says by line whose row it is (see `notebook.read`).
    """

    class Kind(models.TextChoices):
        STORE = "store", _("store")
        UNDO = "undo", _("undo")

    kind = models.CharField(max_length=5, choices=Kind.choices)
    batch = models.ForeignKey(
        NotebookImport, null=True, on_delete=models.PROTECT, related_name="tasks", db_constraint=False
    )
    sheet = models.TextField(blank=True)
    choices: "models.JSONField[dict[Any, str], dict[str, str]]" = models.JSONField(default=dict)
    rows = models.PositiveIntegerField(default=0)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    origin = models.CharField(max_length=60)
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-at", "-id"]
        constraints: ClassVar = [
            shop_id_unique("notebooktask"),
            models.UniqueConstraint(fields=["batch", "kind"], name="notebooktask_once_per_batch"),
            models.CheckConstraint(
                condition=Q(kind="store", batch=None, done_at=None)
                | Q(kind="store", batch__isnull=False, done_at__isnull=False, sheet="")
                | Q(kind="undo", batch__isnull=False, sheet=""),
                name="notebooktask_done_keeps_no_sheet",
            ),
            SameShop("batch", name="notebooktask_batch_same_shop"),
        ]
