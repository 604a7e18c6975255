"""What the workers do for `analytics`."""

from django.utils import timezone

from analytics import anomalies
from watershop import jobs
from watershop.jobs import Beat
from watershop.models import Shop


def look_for_oddities() -> None:
    """Each day: every shop's last days are judged, in a job of its own."""
    for shop in Shop.objects.all():
        jobs.enqueue(shop, "analytics.tasks.judge_days", shop.pk)


def judge_days(shop_id: int, beat: Beat) -> None:
    """Judge the last days of a shop; twice does no harm."""
    shop = Shop.objects.filter(pk=shop_id).first()
    if shop is not None:
        anomalies.look(shop, timezone.now(), beat)
