"""Cards for a person to decide: what till and camera together find odd."""

from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from sales.models import DrawerSession, Sale, UpiClaim
from vision.models.people import Person
from vision.models.visits import Visit
from watershop.constraints import SameShop
from watershop.models import Shop, ShopRow, User, shop_id_unique


class CardQuerySet(models.QuerySet["Card"]):
    def of(self, shop: Shop) -> "CardQuerySet":
        return self.filter(shop=shop)

    def open(self) -> "CardQuerySet":
        return self.filter(outcome="")


class Card(ShopRow):
    """One question of a queue (`vision.queues`), with what it is about; decided once, and taken back at will."""

    class Kind(models.TextChoices):
        NO_SALE = "no_sale", _("visit without a sale")
        NO_VISIT = "no_visit", _("sale without anybody present")
        LATE_VOID = "late_void", _("undone after the customer left")
        DEBTOR = "debtor", _("debtor arrived")
        LINK = "link", _("sale and visit")
        DOUBT = "doubt", _("doubtful identity")
        SAME = "same", _("one person or two")
        OLD_DEBT = "old_debt", _("new account, old debt")
        UPI = "upi", _("UPI not seen yet")
        CANS = "cans", _("cans counted otherwise")
        VARIANCE = "variance", _("cash variance")
        TENDER = "tender", _("paid otherwise")
        HOUSEHOLD = "household", _("one household")

    kind = models.CharField(_("queue"), max_length=10, choices=Kind.choices)
    key = models.CharField(max_length=60)
    """What it is about; the same question is never asked twice."""
    at = models.DateTimeField(_("at"), help_text=_("when it happened"))
    until_at = models.DateTimeField(null=True, help_text=_("end of the film that shows it"))
    visit = models.ForeignKey(
        Visit, null=True, on_delete=models.PROTECT, related_name="queue_cards", db_constraint=False
    )
    sale = models.ForeignKey(
        Sale, null=True, on_delete=models.PROTECT, related_name="queue_cards", db_constraint=False
    )
    customer = models.ForeignKey(
        Customer, null=True, on_delete=models.PROTECT, related_name="queue_cards", db_constraint=False
    )
    other_customer = models.ForeignKey(
        Customer, null=True, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    person = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="queue_cards", db_constraint=False
    )
    other_person = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    claim = models.ForeignKey(
        UpiClaim, null=True, on_delete=models.PROTECT, related_name="queue_cards", db_constraint=False
    )
    session = models.ForeignKey(
        DrawerSession, null=True, on_delete=models.PROTECT, related_name="queue_cards", db_constraint=False
    )
    amount = models.DecimalField(_("rupees"), max_digits=12, decimal_places=2, null=True)
    because = models.JSONField(default=dict)
    """The numbers of its reason, by name: the queue makes the sentence."""
    made_at = models.DateTimeField(default=timezone.now)
    outcome = models.CharField(_("outcome"), max_length=20, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)
    recovered = models.DecimalField(_("money recovered"), max_digits=12, decimal_places=2, default=Decimal(0))
    done = models.JSONField(default=dict)
    """Ids of the rows that the outcome made, by name: what taking it back undoes."""
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)

    objects = CardQuerySet.as_manager()

    class Meta:
        verbose_name = _("card")
        verbose_name_plural = _("cards")
        ordering: ClassVar = ["-at", "-id"]
        constraints: ClassVar = [
            shop_id_unique("card"),
            models.UniqueConstraint(fields=["shop", "kind", "key"], name="card_asked_once"),
            models.CheckConstraint(
                condition=Q(outcome="", decided_at=None) | ~Q(outcome="") & Q(decided_at__isnull=False),
                name="card_outcome_has_a_time",
            ),
            models.CheckConstraint(condition=Q(recovered__gte=0), name="card_recovered_not_negative"),
            SameShop("visit", name="card_visit_same_shop"),
            SameShop("sale", name="card_sale_same_shop"),
            SameShop("customer", name="card_customer_same_shop"),
            SameShop("other_customer", name="card_other_customer_same_shop"),
            SameShop("person", name="card_person_same_shop"),
            SameShop("other_person", name="card_other_person_same_shop"),
            SameShop("claim", name="card_claim_same_shop"),
            SameShop("session", name="card_session_same_shop"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["shop", "kind", "at"], condition=Q(outcome=""), name="card_open_by_kind"),
        ]
