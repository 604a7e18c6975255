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
    from watershop import jobs  # its models are there only after this module was imported

    errors: list[CheckMessage] = []
    for name in (settings.Q_CLUSTER["name"], *settings.Q_CLUSTER["ALT_CLUSTERS"]):
        conf = jobs.cluster_conf(name)
        needed = conf["timeout"] * (1 + ceil((conf["queue_limit"] + 1) / conf["workers"])) + 30
        if conf["retry"] < needed:
            text = f"The queue's cluster {name} has retry {conf['retry']}: it must be at least {needed}."
            errors.append(Error(text, id="watershop.E002"))
    return errors
