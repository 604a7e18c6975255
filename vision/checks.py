"""What `manage.py check` says of the eye's settings before a recording finds out."""

from typing import Any

from django.core.checks import CheckMessage, Error, register


@register("vision")
def check_engine(**kwargs: Any) -> list[CheckMessage]:
    """The engine, its files and what it computes on are there."""
    from vision import pipeline  # slow to import, and most commands look at nothing
    from vision.networks import EngineUnavailable

    try:
        pipeline.eye()
    except EngineUnavailable as error:
        return [Error(str(error), id="vision.E001")]
    return []
