"""Parking a sale and taking it up again: the till's form is kept as it was; no money and no can moves."""

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import Customer
from sales.models import ParkedSale
from watershop import audit
from watershop.audit import Actor
from watershop.models import Shop


@transaction.atomic
def park(
    shop: Shop, actor: Actor, *, customer: Customer | None, fields: Mapping[str, str], cans: int
) -> ParkedSale:
    """Put the sale aside. `fields` are the form's, by name. Raises ValidationError when it holds no can."""
    if not cans:
        raise ValidationError(_("Choose at least one can."))
    parked = ParkedSale.objects.create(
        shop=shop, customer=customer, fields=dict(fields), cans=cans, parked_by=actor.user
    )
    after = {"customer": parked.customer_id, "cans": cans}
    audit.record(shop, actor, "park_sale", parked, after=after)
    return parked


@transaction.atomic
def close(parked: ParkedSale, how: ParkedSale.Closed, *, actor: Actor) -> None:
    """Resume or drop it. Raises ValidationError when somebody else was faster: nobody sells it twice."""
    waiting = ParkedSale.objects.waiting().filter(pk=parked.pk)
    if not waiting.update(closed_at=timezone.now(), closed_by=actor.user, closed=how):
        raise ValidationError(_("Somebody has taken this parked sale already."))
    action = "resume_sale" if how == ParkedSale.Closed.RESUMED else "drop_sale"
    audit.record(parked.shop, actor, action, parked, after={"closed": how})
