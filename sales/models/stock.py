"""The cans in the shop, full, empty and broken: sums of what moved them."""

from typing import ClassVar

from django.db import models
from django.db.models import Q, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sales.models.accounts import CanMovement
from sales.models.goods import CanType
from sales.models.selling import Sale
from watershop.constraints import AppendOnly, SameShop
from watershop.models import Shop, ShopRow, User, shop_id_unique


class StockQuerySet(models.QuerySet["StockMove"]):
    def of(self, shop: Shop) -> "StockQuerySet":
        return self.filter(shop=shop)

    def on_hand(self) -> dict[tuple[int, str], int]:
        """How many cans there are, by can type's id and state."""
        rows = self.order_by().values_list("can_type", "state").annotate(Sum("quantity"))
        return {(can_type, state): count for can_type, state, count in rows}


class StockMove(ShopRow):
    """Cans that came into the shop (positive) or left it, or that a count found to be more or fewer.

    `movement` is the other side of it: what a customer took along or brought back.
    """

    class State(models.TextChoices):
        FULL = "full", _("full")
        EMPTY = "empty", _("empty")
        BROKEN = "broken", _("broken")

    class Kind(models.TextChoices):
        SALE = "sale", _("sold")
        LENT = "lent", _("taken along")
        RETURN = "return", _("brought back")
        DELIVERY = "delivery", _("delivered full")
        SENT = "sent", _("sent to be filled")
        COUNT = "count", _("counted")
        REVERSAL = "reversal", _("reversal")

    can_type = models.ForeignKey(CanType, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    state = models.CharField(_("state"), max_length=6, choices=State.choices)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    quantity = models.IntegerField(_("cans"))
    counted = models.PositiveIntegerField(_("counted"), null=True)
    note = models.CharField(_("note"), max_length=200, blank=True)
    at = models.DateTimeField(_("time"))
    recorded_at = models.DateTimeField(_("recorded"), default=timezone.now)
    clerk = models.ForeignKey(
        User, verbose_name=_("clerk"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    sale = models.ForeignKey(
        Sale, null=True, on_delete=models.PROTECT, related_name="stock_moves", db_constraint=False
    )
    movement = models.OneToOneField(
        CanMovement, null=True, on_delete=models.PROTECT, related_name="stock_move", db_constraint=False
    )
    reverses = models.OneToOneField(
        "self", null=True, on_delete=models.PROTECT, related_name="reversed_by", db_constraint=False
    )
    client_ref = models.CharField(max_length=255, null=True)

    objects = StockQuerySet.as_manager()

    class Meta:
        verbose_name = _("stock move")
        verbose_name_plural = _("stock moves")
        ordering: ClassVar = ["-at", "-id"]
        constraints: ClassVar = [
            shop_id_unique("stockmove"),
            models.UniqueConstraint(
                fields=["shop", "client_ref", "can_type", "state"], name="stockmove_client_ref_once"
            ),
            models.CheckConstraint(
                condition=Q(kind="sale", state="full", quantity__lt=0, sale__isnull=False)
                | Q(kind="lent", state="full", quantity__lt=0, movement__isnull=False)
                | Q(kind="return", state__in=["empty", "broken"], quantity__gt=0)
                | Q(kind="delivery", state="full", quantity__gt=0)
                | Q(kind="sent", state="empty", quantity__lt=0)
                | Q(kind="count", counted__isnull=False)
                | Q(kind="reversal", reverses__isnull=False),
                name="stockmove_sign_follows_kind",
            ),
            models.CheckConstraint(
                condition=~Q(kind="count", note="") | Q(quantity=0), name="stockmove_count_says_why"
            ),
            models.CheckConstraint(
                condition=Q(kind="reversal") | Q(reverses=None), name="stockmove_reversal_reverses"
            ),
            SameShop("can_type", name="stockmove_can_type_same_shop"),
            SameShop("sale", name="stockmove_sale_same_shop"),
            SameShop("movement", name="stockmove_movement_same_shop"),
            SameShop("reverses", name="stockmove_reverses_same_shop"),
            AppendOnly(name="stockmove_append_only"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["shop", "can_type", "state"], include=["quantity"], name="stockmove_on_hand"
            ),
            models.Index(
                fields=["shop", "-at"],
                condition=Q(kind__in=["delivery", "sent", "count"]),
                name="stockmove_by_hand",
            ),
        ]
