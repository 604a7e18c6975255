"""What `manage.py check` says of the queue's settings."""

from math import ceil
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register("watershop")
def check_queue(**kwargs: Any) -> list[CheckMessage]:
    """No cluster hands a task to a second worker while the first may still have it.

    The clock of `retry` starts when a task is fetched, and a cluster fetches queue_limit + 1 tasks that no worker has
    begun.
    """
    base: dict[str, Any] = settings.Q_CLUSTER
    errors: list[CheckMessage] = []
    for name, own in {base["name"]: {}, **base["ALT_CLUSTERS"]}.items():
        conf = base | own
        needed = conf["timeout"] * (1 + ceil((conf["queue_limit"] + 1) / conf["workers"])) + 30
        if conf["retry"] < needed:
            text = f"The queue's cluster {name} has retry {conf['retry']}: it must be at least {needed}."
            errors.append(Error(text, id="watershop.E002"))
    return errors
