"""What customers promised about their dues."""

from typing import ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from watershop.constraints import AppendOnly, SameShop
from watershop.models import ShopRow, User, shop_id_unique


class PromiseQuerySet(models.QuerySet["Promise"]):
    def standing(self) -> "PromiseQuerySet":
        """Promises that count: those of a deed to many that was taken back do not."""
        return self.exclude(items__deed__undone_by__isnull=False)


class Promise(ShopRow):
    """A customer said they will pay so much until that day. Whether they did follows from their payments."""

    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="promises", db_constraint=False
    )
    amount = models.DecimalField(
        _("amount"), max_digits=10, decimal_places=2, validators=[MinValueValidator(1)]
    )
    due_on = models.DateField(_("until"))
    made_at = models.DateTimeField(_("promised"), default=timezone.now)
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    objects = PromiseQuerySet.as_manager()

    class Meta:
        verbose_name = _("promise")
        verbose_name_plural = _("promises")
        ordering: ClassVar = ["-made_at", "-id"]
        constraints: ClassVar = [
            shop_id_unique("promise"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="promise_of_something"),
            SameShop("customer", name="promise_customer_same_shop"),
            AppendOnly(name="promise_append_only"),
        ]
