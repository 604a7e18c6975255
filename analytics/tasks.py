"""What the workers do for `analytics`."""

from django.db.models import Count
from django.utils import timezone

from analytics import anomalies, rollup
from watershop import jobs
from watershop.jobs import Beat
from watershop.models import DirtyDay, Shop

MANY_DAYS = 5
"""A page counts fewer of them in passing."""


def count_waiting_days() -> None:
    """Each minute: where many days wait to be counted, after an import, they are, in a job of its own."""
    waiting = DirtyDay.objects.values("shop").annotate(days=Count("day", distinct=True))
    for shop in Shop.objects.filter(pk__in=waiting.filter(days__gte=MANY_DAYS).values("shop")):
        jobs.enqueue(shop, "analytics.tasks.count_days", shop.pk)


def count_days(shop_id: int, beat: Beat) -> None:
    """Bring a shop's roll-up up to date; twice does no harm."""
    shop = Shop.objects.filter(pk=shop_id).first()
    if shop is not None:
        rollup.refresh(shop, tell=beat)


def look_for_oddities() -> None:
    """Each day: every shop's last days are judged, in a job of its own."""
    for shop in Shop.objects.all():
        jobs.enqueue(shop, "analytics.tasks.judge_days", shop.pk)


def judge_days(shop_id: int, beat: Beat) -> None:
    """Judge the last days of a shop; twice does no harm."""
    shop = Shop.objects.filter(pk=shop_id).first()
    if shop is not None:
        anomalies.look(shop, timezone.now(), beat)
