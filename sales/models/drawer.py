"""The drawer: who opened it with how much, what went in and out beside sales, what was counted at its close."""

from collections.abc import Iterable
from decimal import Decimal
from typing import ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.translation import gettext_lazy as _

from sales.models.goods import ZERO, Tender
from watershop.constraints import AppendOnly, SameShop
from watershop.models import Shop, ShopRow, User, shop_id_unique

DENOMINATIONS = (500, 200, 100, 50, 20, 10, 5, 2, 1)  # rupees: the notes and coins of a count
IN_HAND = frozenset({Tender.CASH, Tender.COIN})  # what somebody has to count


class Drawer(ShopRow):
    """A place for cash. The first opening makes the one of the counter."""

    name = models.CharField(_("name"), max_length=60)

    class Meta:
        verbose_name = _("drawer")
        verbose_name_plural = _("drawers")
        constraints: ClassVar = [
            shop_id_unique("drawer"),
            models.UniqueConstraint(fields=["shop", "name"], name="drawer_name_once_per_shop"),
        ]

    def __str__(self) -> str:
        return self.name


class DrawerSessionQuerySet(models.QuerySet["DrawerSession"]):
    def of(self, shop: Shop) -> "DrawerSessionQuerySet":
        return self.filter(shop=shop)

    def open(self) -> "DrawerSessionQuerySet":
        return self.filter(closed_at=None)


class DrawerSession(ShopRow):
    """A drawer from its opening float to its closing count. Once closed, only the reason of a variance is added."""

    drawer = models.ForeignKey(Drawer, on_delete=models.PROTECT, related_name="sessions", db_constraint=False)
    opened_at = models.DateTimeField(_("opened"), default=timezone.now)
    opened_by = models.ForeignKey(
        User, verbose_name=_("opened by"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    opening_float = models.DecimalField(
        _("opening float"), max_digits=8, decimal_places=2, validators=[MinValueValidator(ZERO)]
    )
    closed_at = models.DateTimeField(_("closed"), null=True)
    closed_by = models.ForeignKey(
        User, verbose_name=_("closed by"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    note = models.CharField(_("note"), max_length=200, blank=True)
    reason = models.CharField(_("reason of the variance"), max_length=200, blank=True)

    objects = DrawerSessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("drawer session")
        verbose_name_plural = _("drawer sessions")
        ordering: ClassVar = ["-opened_at", "-id"]
        constraints: ClassVar = [
            shop_id_unique("drawersession"),
            models.UniqueConstraint(
                fields=["drawer"], condition=Q(closed_at=None), name="drawersession_one_open_per_drawer"
            ),
            models.CheckConstraint(condition=Q(opening_float__gte=0), name="drawersession_float"),
            models.CheckConstraint(
                condition=Q(closed_at=None) | Q(closed_at__gte=F("opened_at")), name="drawersession_times"
            ),
            SameShop("drawer", name="drawersession_drawer_same_shop"),
        ]
        indexes: ClassVar = [models.Index(fields=["shop", "opened_at"], name="drawersession_by_time")]

    def __str__(self) -> str:
        return date_format(timezone.localtime(self.opened_at), "j M Y, H:i")

    @property
    def variance(self) -> Decimal | None:
        """Rupees counted above what was expected, all tenders together; None where nobody counted."""
        return sum_or_none(row.variance for row in self.counts.all())

    @property
    def differs(self) -> bool:
        """Whether some tender was counted other than expected, even where the sums agree."""
        return any(row.variance for row in self.counts.all())


def sum_or_none(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """The sum; None where there is none or one of them is unknown."""
    known: list[Decimal] = []
    for amount in amounts:
        if amount is None:
            return None
        known.append(amount)
    return sum(known, ZERO) if known else None


class CashMove(ShopRow):
    """Cash put into the drawer or taken out of it, other than by a customer."""

    class Kind(models.TextChoices):
        IN = "in", _("Put in")
        OUT = "out", _("Taken out")

    drawer_session = models.ForeignKey(
        DrawerSession, on_delete=models.PROTECT, related_name="moves", db_constraint=False
    )
    kind = models.CharField(_("kind"), max_length=3, choices=Kind.choices)
    amount = models.DecimalField(_("amount"), max_digits=8, decimal_places=2)
    reason = models.CharField(_("reason"), max_length=200)
    at = models.DateTimeField(_("time"), default=timezone.now)
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering: ClassVar = ["at", "id"]
        constraints: ClassVar = [
            shop_id_unique("cashmove"),
            models.CheckConstraint(condition=Q(amount__gt=0, kind__in=["in", "out"]), name="cashmove_amount"),
            models.CheckConstraint(condition=~Q(reason=""), name="cashmove_says_why"),
            SameShop("drawer_session", name="cashmove_session_same_shop"),
            AppendOnly(name="cashmove_append_only"),
        ]


class CashCount(ShopRow):
    """So many notes or coins of one denomination, counted at the close."""

    drawer_session = models.ForeignKey(
        DrawerSession, on_delete=models.PROTECT, related_name="sheet", db_constraint=False
    )
    denomination = models.PositiveSmallIntegerField()
    count = models.PositiveIntegerField()

    class Meta:
        ordering: ClassVar = ["-denomination"]
        constraints: ClassVar = [
            shop_id_unique("cashcount"),
            models.UniqueConstraint(fields=["drawer_session", "denomination"], name="cashcount_once"),
            models.CheckConstraint(
                condition=Q(denomination__in=DENOMINATIONS, count__gt=0), name="cashcount_known"
            ),
            SameShop("drawer_session", name="cashcount_session_same_shop"),
            AppendOnly(name="cashcount_append_only"),
        ]

    @property
    def amount(self) -> Decimal:
        return Decimal(self.denomination * self.count)


class DrawerCount(ShopRow):
    """What the books expected of one tender at the close, and what was counted; None where nobody counted."""

    drawer_session = models.ForeignKey(
        DrawerSession, on_delete=models.PROTECT, related_name="counts", db_constraint=False
    )
    tender = models.CharField(_("tender"), max_length=5, choices=Tender.choices)
    expected = models.DecimalField(max_digits=12, decimal_places=2)
    counted = models.DecimalField(max_digits=12, decimal_places=2, null=True)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            shop_id_unique("drawercount"),
            models.UniqueConstraint(fields=["drawer_session", "tender"], name="drawercount_once"),
            models.CheckConstraint(condition=Q(tender__in=Tender.values), name="drawercount_tender_known"),
            models.CheckConstraint(
                condition=Q(counted=None) | Q(counted__gte=0), name="drawercount_not_negative"
            ),
            SameShop("drawer_session", name="drawercount_session_same_shop"),
            AppendOnly(name="drawercount_append_only"),
        ]

    @property
    def variance(self) -> Decimal | None:
        return None if self.counted is None else self.counted - self.expected
