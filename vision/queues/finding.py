"""New cards are looked for each minute, and those whose question has gone are taken away."""

import logging
from contextlib import suppress
from datetime import timedelta

from django.utils import timezone

from vision.models import Card
from vision.networks import EngineUnavailable
from vision.queues import QUEUES
from vision.queues.base import Queue
from watershop.models import Shop

log = logging.getLogger(__name__)

LATELY = timedelta(days=3)
"""How far back is looked each minute: over a long weekend, and bounded for the database."""


def find(shop: Shop, minute: int) -> None:
    """The queues of a shop whose turn it is in this minute of the hour; the shops take turns, too.

    One that fails is written to the log: all other questions are still asked.
    """
    for queue in QUEUES.values():
        if (minute + shop.pk) % queue.minutes == 0:
            try:
                with suppress(EngineUnavailable):  # there is no face network: nothing is wrong
                    find_for(queue, shop)
            except Exception:
                log.exception("queue %s of shop %s", queue.kind, shop.pk)


def find_for(queue: Queue, shop: Shop) -> None:
    """The new cards of one queue; one question (`key`) makes one card, however often and by how many it is found."""
    since = timezone.now() - LATELY
    queue.follow(shop, since)
    Card.objects.bulk_create(queue.find(shop, since), ignore_conflicts=True)
    gone = queue.settled(Card.objects.of(shop).open().filter(kind=queue.kind))
    # Two steps: the second looks at each row anew, so that what is decided in this moment stays.
    Card.objects.of(shop).open().filter(pk__in=list(gone.values_list("pk", flat=True))).delete()
