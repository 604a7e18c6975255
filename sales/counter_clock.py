"""Whether the clock can be trusted: one that lies behind the last entry would put the next sale before it."""

from datetime import datetime, timedelta

from django.utils import timezone

from sales.models import Payment, Sale
from watershop.models import Shop

TOLERANCE = timedelta(minutes=1)


def last_entry_at(shop: Shop) -> datetime | None:
    """When the shop's last sale or payment was recorded, by the clock of that moment."""
    sales, payments = (
        model.objects.filter(shop=shop).order_by("-id").values_list("recorded_at", flat=True)[:1]
        for model in (Sale, Payment)
    )
    return max(sales.union(payments, all=True), default=None)


def is_behind(shop: Shop) -> bool:
    last = last_entry_at(shop)
    return last is not None and timezone.now() < last - TOLERANCE
