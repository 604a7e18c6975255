"""Vectors for another network, made from the pictures that are kept: what a shop does after changing its engine."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import cv2
import numpy as np
from django.db import transaction
from django.db.models import QuerySet

from vision import gallery
from vision.config import VisionConfig
from vision.engines import Engine, make_detector, prepare
from vision.faces import WHOLE, Box, Detector, Face, Floats, iou
from vision.frames import Image
from vision.models import Template, Tracklet
from watershop import audit
from watershop.audit import Actor
from watershop.models import Shop

Keep: TypeAlias = Callable[[Shop, Mapping[int, Floats], str], int]
"""What takes the new vectors of a shop's faces (ids), made by a network; how many it kept."""
BATCH = 32
LEAST_PX = 240
"""A smaller picture is enlarged to this, since no detector finds its face otherwise."""
AROUND = 1.8
"""The picture of a face is so much larger than the face (`candidates.crop`)."""
_SAME_FACE = 0.3


@dataclass
class Renewal:
    """What became of the vectors of a shop."""

    made: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    """How many faces keep only their old vector: `no_picture` (it is gone) or `no_face` (none is found in it)."""
    dropped: int = 0


def renew(
    shop: Shop,
    config: VisionConfig,
    actor: Actor,
    *,
    drops_old: bool = False,
    on_progress: Callable[[float], None] = lambda fraction: None,
) -> Renewal:
    """Give each face that only another network knows a vector of the present one, for the same person.

    Who is who stays as it was decided. Old vectors stay, too, unless `drops_old` says that those with a successor
    go. Stopped and begun again it goes on where it was; done again it does nothing. Raises EngineUnavailable.
    """
    engine, detector, renewal = prepare(config), make_detector(config), Renewal()
    seen = list(gallery.outdated(shop, config.model_id))
    taken = list(gallery.outdated_portraits(shop, config.model_id))
    kinds: tuple[tuple[QuerySet[Any], Keep, list[int]], ...] = (
        (Tracklet.objects.all(), gallery.renew, seen),
        (Template.objects.all(), gallery.renew_portraits, taken),
    )
    batches = [
        (table, keep, waiting[start : start + BATCH])
        for table, keep, waiting in kinds
        for start in range(0, len(waiting), BATCH)
    ]
    for number, (table, keep, batch) in enumerate(batches, 1):
        vectors = _vectors(table.in_bulk(batch), detector, engine, renewal.failed)
        with transaction.atomic():
            # As in `pipeline.finish`: nobody else may change who is known meanwhile.
            Shop.objects.select_for_update(no_key=True).get(pk=shop.pk)
            renewal.made += keep(shop, vectors, config.model_id)
        on_progress(number / len(batches))
    if drops_old:
        renewal.dropped = gallery.drop_outdated(shop, config.model_id)
    if renewal.made or renewal.dropped:
        done = {"model": config.model_id, "made": renewal.made, "dropped": renewal.dropped}
        audit.record(shop, actor, "reembed", shop, after=done | renewal.failed)
    return renewal


def _vectors(
    rows: Mapping[int, Tracklet | Template], detector: Detector, engine: Engine, failed: Counter[str]
) -> dict[int, Floats]:
    """Row -> vector, of those whose picture shows their face; counts the others."""
    chips: dict[int, Image] = {}
    for pk, row in rows.items():
        picture = _picture(row)
        face = face_in_the_middle(picture, detector) if picture is not None else None
        if picture is None or face is None:
            failed["no_picture" if picture is None else "no_face"] += 1
        else:
            chips[pk] = engine.chip(picture, face)
    return dict(zip(chips, engine.embed(np.stack(list(chips.values()))), strict=True)) if chips else {}


def _picture(row: Tracklet | Template) -> Image | None:
    """The best shot, large enough for a detector; None when it is gone or no picture."""
    try:
        with row.picture.open("rb") as file:
            picture = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_COLOR)
    except (FileNotFoundError, ValueError, cv2.error):  # removed; never saved; empty
        return None
    if picture is None:
        return None
    scale = max(1.0, LEAST_PX / min(picture.shape[:2]))
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale), np.uint8)


def face_in_the_middle(picture: Image, detector: Detector) -> Face | None:
    """The face around which a picture was cut; not one that looks over its shoulder."""
    height, width = picture.shape[:2]
    rim_x, rim_y = (side * (1 - 1 / AROUND) / 2 for side in (width, height))
    middle: Box = (rim_x, rim_y, width - rim_x, height - rim_y)
    faces = detector.detect(picture, [WHOLE])
    best = max(faces, key=lambda face: iou(face.box, middle), default=None)
    return best if best and iou(best.box, middle) >= _SAME_FACE else None
