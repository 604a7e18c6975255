"""What a device did while the server was gone, as it told of it, and the rules that were broken by it."""

from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from sales.models.selling import Sale
from watershop.constraints import AppendOnly, SameShop
from watershop.models import Shop, ShopRow, User, shop_id_unique


class Replay(ShopRow):
    """A deed that happened without the server, kept whole: its form, both clocks, and both people.

    `sale` or `customer` says where it stands in the books; a payment and a return have its `client_ref`. With
    neither it could not be read, and its card waits for a manager.
    """

    class Kind(models.TextChoices):
        SALE = "sale", _("sale")
        PAYMENT = "payment", _("payment")
        RETURN = "return", _("empties")

    client_ref = models.CharField(max_length=255)
    slip = models.CharField(_("slip"), max_length=20)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    fields = models.JSONField(help_text=_("what the form held: ids and numbers"))
    device_at = models.DateTimeField(_("time on the device"))
    sent_at = models.DateTimeField(_("sent, on the device's clock"))
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    clerk = models.ForeignKey(
        User, verbose_name=_("clerk"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    sent_by = models.ForeignKey(User, verbose_name=_("sent by"), on_delete=models.PROTECT, related_name="+")
    sale = models.ForeignKey(
        Sale, null=True, on_delete=models.PROTECT, related_name="replays", db_constraint=False
    )
    customer = models.ForeignKey(
        Customer, null=True, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )

    class Meta:
        verbose_name = _("deed without the server")
        verbose_name_plural = _("deeds without the server")
        constraints: ClassVar = [
            shop_id_unique("replay"),
            models.UniqueConstraint(fields=["shop", "client_ref"], name="replay_client_ref_once"),
            models.CheckConstraint(
                condition=Q(kind__in=["sale", "payment", "return"]), name="replay_kind_known"
            ),
            SameShop("sale", name="replay_sale_same_shop"),
            SameShop("customer", name="replay_customer_same_shop"),
            AppendOnly(name="replay_append_only"),
        ]
        indexes: ClassVar = [models.Index(fields=["shop", "slip"], name="replay_by_slip")]


class RuleCardQuerySet(models.QuerySet["RuleCard"]):
    def of(self, shop: Shop) -> "RuleCardQuerySet":
        return self.filter(shop=shop)

    def open(self) -> "RuleCardQuerySet":
        """Cards that no manager has decided yet."""
        return self.filter(decided_at=None)

    def with_all_shown(self) -> "RuleCardQuerySet":
        """With all that a card says, but `told` of the unreadable (see `rule_cards.told`)."""
        people = ("replay__clerk", "replay__sent_by", "decided_by")
        return self.select_related("replay__sale__void", "replay__customer", *people)


class RuleCard(ShopRow):
    """A rule that something broke which had already happened: it stands in the books, and a manager looks at it."""

    class Kind(models.TextChoices):
        LIMIT = "limit", _("Over the credit limit")
        BLOCKED = "blocked", _("Nothing on credit, but sold")
        PRICE = "price", _("Another price than the list")
        DRAWER = "drawer", _("No open drawer")
        DEPOSIT = "deposit", _("More deposit given back than was left")
        RETIRED = "retired", _("A size no longer on sale")
        INACTIVE = "inactive", _("An inactive customer")
        OLD = "old", _("Came late")
        CLOCK = "clock", _("The device's clock is wrong")
        CLERK = "clerk", _("Clerk not known")
        UNREADABLE = "unreadable", _("Not in the books")

    replay = models.ForeignKey(Replay, on_delete=models.PROTECT, related_name="cards", db_constraint=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    detail = models.JSONField(_("details"), default=dict, help_text=_("numbers and codes, never a name"))
    decided_at = models.DateTimeField(_("decided"), null=True)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(_("what was done"), max_length=200, blank=True)

    objects = RuleCardQuerySet.as_manager()

    if TYPE_CHECKING:  # what rule_cards.told() adds
        told: list[tuple[str, str]]

    class Meta:
        verbose_name = _("broken rule")
        verbose_name_plural = _("broken rules")
        constraints: ClassVar = [
            shop_id_unique("rulecard"),
            models.UniqueConstraint(fields=["replay", "kind"], name="rulecard_once_per_rule"),
            models.CheckConstraint(
                condition=Q(decided_at=None, decided_by=None) | Q(decided_at__isnull=False),
                name="rulecard_decided_has_its_time",
            ),
            SameShop("replay", name="rulecard_replay_same_shop"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["shop"], condition=Q(decided_at=None), name="rulecard_undecided")
        ]

    @property
    def money(self) -> dict[str, Decimal]:
        """Its sums in rupees: `balance` and `limit`, or `amount`."""
        return {
            name: Decimal(self.detail[name]) for name in ("balance", "limit", "amount") if name in self.detail
        }

    @property
    def lines(self) -> list[tuple[str, Decimal, Decimal]]:
        """What cost another price, as (size, rupees charged, rupees by the list)."""
        rows = self.detail.get("lines", [])
        return [(row["size"], Decimal(row["charged"]), Decimal(row["listed"])) for row in rows]
