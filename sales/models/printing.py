"""The printers of a shop, and what each was asked to print."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sales.models.goods import PaperWidth
from sales.models.selling import Sale
from watershop.constraints import AppendOnly, SameShop
from watershop.models import Shop, ShopRow, User, shop_id_unique


class PrinterQuerySet(models.QuerySet["Printer"]):
    def of(self, shop: Shop) -> "PrinterQuerySet":
        return self.filter(shop=shop)

    def active(self) -> "PrinterQuerySet":
        return self.filter(is_active=True)


class Printer(ShopRow):
    """A receipt printer that speaks ESC/POS. Put away, never deleted: what it printed keeps its printer."""

    name = models.CharField(_("name"), max_length=40, help_text=_("Example: Counter"))
    address = models.CharField(
        _("where"),
        max_length=100,
        help_text=_(
            "In the shop's network: 192.168.1.50 or 192.168.1.50:9100. At this computer: /dev/usb/lp0"
        ),
    )
    width = models.PositiveSmallIntegerField(_("paper"), choices=PaperWidth.choices, default=PaperWidth.WIDE)
    has_drawer = models.BooleanField(
        _("opens the cash drawer"), default=False, help_text=_("For each sale that brings cash.")
    )
    prints_sales = models.BooleanField(
        _("prints each sale at once"), default=False, help_text=_("Otherwise on a press of a button.")
    )
    is_active = models.BooleanField(_("in use"), default=True)

    objects = PrinterQuerySet.as_manager()

    class Meta:
        verbose_name = _("printer")
        verbose_name_plural = _("printers")
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [
            shop_id_unique("printer"),
            models.UniqueConstraint(fields=["shop", "name"], name="printer_name_once_per_shop"),
            models.CheckConstraint(condition=Q(width__in=PaperWidth.values), name="printer_width_known"),
        ]

    def __str__(self) -> str:
        return self.name


class Printout(ShopRow):
    """Something a printer was asked for, once. How it went is said by the job that does it."""

    class Kind(models.TextChoices):
        RECEIPT = "receipt", _("receipt")
        TEST = "test", _("test print")
        DRAWER = "drawer", _("drawer opened")

    printer = models.ForeignKey(
        Printer, on_delete=models.PROTECT, related_name="printouts", db_constraint=False
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    sale = models.ForeignKey(
        Sale, null=True, on_delete=models.PROTECT, related_name="printouts", db_constraint=False
    )
    asked_at = models.DateTimeField(_("time"), default=timezone.now)
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("printout")
        verbose_name_plural = _("printouts")
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            shop_id_unique("printout"),
            models.CheckConstraint(
                condition=Q(kind="receipt", sale__isnull=False)
                | Q(kind="test", sale=None)
                | Q(kind="drawer"),
                name="printout_kind_fits_sale",
            ),
            SameShop("printer", name="printout_printer_same_shop"),
            SameShop("sale", name="printout_sale_same_shop"),
            AppendOnly(name="printout_append_only"),
        ]
