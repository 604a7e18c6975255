"""People whose faces lie on a line: how alike two are is how near their places on it are."""

from collections.abc import Iterable
from datetime import timedelta

import numpy as np
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from tests.vision.scene import JPEG, a_recording
from vision import gallery
from vision.embedding import MODEL_ID
from vision.faces import Floats
from vision.models import Person, Template, Tracklet, Visit
from watershop.models import Shop

NOW = timezone.now().replace(microsecond=0)


def a_face(place: float) -> Floats:
    """A vector on a line: as far apart as their places."""
    vector = np.full(128, 0.1, np.float32)
    vector[0] = place
    return vector


def came(
    shop: Shop,
    person: Person | None,
    places: Iterable[float],
    *,
    hour: float = 0,
    candidate: Person | None = None,
) -> Visit:
    """A visit in a recording of its own, with a face every ten seconds, as the watching leaves it."""
    start = NOW + timedelta(hours=hour)
    recording, places = a_recording(shop, start), list(places)
    visit = Visit.objects.create(
        **{"shop": shop, "recording": recording, "person": person, "candidate": candidate},
        **{
            "entry_at": start,
            "exit_at": start + timedelta(seconds=10 * len(places) - 1),
            "shots": 4 * len(places),
        },
    )
    faces = Tracklet.objects.bulk_create(
        Tracklet(
            **{"shop": shop, "recording": recording, "visit": visit, "person": person, "number": number + 1},
            **{"started_s": 10 * number, "ended_s": 10 * number + 9, "shots": 4, "quality": 0.8},
            picture=default_storage.save(f"faces/{recording.pk}/{number + 1}.jpg", ContentFile(JPEG)),
        )
        for number in range(len(places))
    )
    templates = Template.objects.bulk_create(
        Template(
            **{"shop": shop, "person": person, "tracklet": face, "model_id": MODEL_ID},
            **{"vector": a_face(place), "quality": 0.8},
        )
        for face, place in zip(faces, places, strict=True)
    )
    if person:
        gallery.enrol(person.pk, templates)
    return visit
