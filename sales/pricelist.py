"""The price list: every function that writes a can type. Sold sizes are retired, never deleted."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from sales.models import CanType
from watershop import audit
from watershop.audit import Actor
from watershop.models import Shop


@transaction.atomic
def add_can_type(
    *, shop: Shop, code: str, name: str, litres: Decimal, price: Decimal, deposit: Decimal, actor: Actor
) -> CanType:
    """A new size on the price list. Raises ValidationError when the shop has that size already."""
    if CanType.objects.of(shop).filter(code__iexact=code).exists():
        raise ValidationError({"code": _("There is already a size %(code)s.") % {"code": code}})
    can_type = CanType(shop=shop, code=code, name=name, litres=litres, price=price, deposit=deposit)
    can_type.full_clean()
    can_type.save()
    after = {"code": code, "name": name, "price": str(price), "deposit": str(deposit)}
    audit.record(shop, actor, "add_can_type", can_type, after=after)
    return can_type


def change_can_type(can_type: CanType, fields: Mapping[str, Any], *, actor: Actor) -> CanType:
    """Rename a size or give it a new price or deposit: sales made before keep what they charged."""
    return audit.change(can_type, actor, "change_can_type", fields)


def retire(can_type: CanType, *, actor: Actor) -> CanType:
    """Take a size off the till."""
    return audit.change(can_type, actor, "retire_can_type", {"retired_at": timezone.now()})


def bring_back(can_type: CanType, *, actor: Actor) -> CanType:
    """Put a retired size on the till again."""
    return audit.change(can_type, actor, "bring_back_can_type", {"retired_at": None})
