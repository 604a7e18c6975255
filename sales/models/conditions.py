"""In what state a can comes back, and what that costs the customer."""

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sales.models.goods import MOST_PER_CAN, ZERO, CanType
from watershop.constraints import SameShop
from watershop.models import ShopRow, shop_id_unique


class Condition(models.TextChoices):
    """How a can was found. Lost: it does not come back. Refused: the shop does not take it, and nothing moves."""

    GOOD = "good", _("good")
    LEAKING = "leaking", _("leaking")
    HALF_CAP = "half_cap", _("half cap")
    DAMAGED = "damaged", _("damaged")
    REFUSED = "refused", _("refused")
    LOST = "lost", _("lost")


CHARGED = (Condition.LEAKING, Condition.HALF_CAP, Condition.DAMAGED, Condition.LOST)
BROKEN = frozenset({Condition.LEAKING, Condition.DAMAGED})  # what can't be filled again


class ConditionCharge(ShopRow):
    """What the shop charges for one can of a size that comes back like this, in rupees. No row: nothing."""

    can_type = models.ForeignKey(
        CanType, on_delete=models.PROTECT, related_name="charges", db_constraint=False
    )
    condition = models.CharField(_("condition"), max_length=8, choices=Condition.choices)
    amount = models.DecimalField(
        _("amount"),
        max_digits=8,
        decimal_places=2,
        default=ZERO,
        validators=[MinValueValidator(ZERO), MaxValueValidator(MOST_PER_CAN)],
    )

    class Meta:
        constraints: ClassVar = [
            shop_id_unique("conditioncharge"),
            models.UniqueConstraint(fields=["can_type", "condition"], name="conditioncharge_once"),
            models.CheckConstraint(
                condition=Q(condition__in=CHARGED, amount__gte=0), name="conditioncharge_known"
            ),
            SameShop("can_type", name="conditioncharge_can_type_same_shop"),
        ]
