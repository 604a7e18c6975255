"""Who the faces in front of a live camera are: a row for each that is followed, rewritten about once a second.

Where the camera's recognition is off, the row says that somebody is there, and nothing else.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from vision import gallery
from vision.config import VisionConfig
from vision.faces import Floats
from vision.messages import FaceInSight, Sight
from vision.models import Camera, CounterChoice, Sighting, VisionSettings
from vision.persons import Known, identify, template
from vision.privacy import switch
from vision.sightings import FOLDER
from vision.tracking import Shot, Tracklet

KNOWN_S = 3.0
"""Who is known is read anew so often, and whether anybody may be."""
REFUSED_FOR = timedelta(minutes=10)
"""So long the clerk's "not this one" is looked up; by then the film is stored, and the gallery knows it."""
ASKED = ("person", "distance")
"""Written only when it was asked who a face is: meanwhile the clerk may have said that it is not."""


@dataclass
class _Face:
    """What is known of a face by its last good shots."""

    shots: Sequence[Shot] = ()
    person: int | None = None
    distance: float | None = None
    picture: str = ""


class Sightings:
    """Those in sight of one camera, from telling to telling."""

    def __init__(self, camera: Camera, config: VisionConfig) -> None:
        self._camera, self._config = camera, config
        self._faces: dict[str, _Face] = {}
        self._known: Known | None = None
        self._keeps_pictures = True
        self._read_s = float("-inf")
        self._refused: dict[tuple[str, int], Floats] = {}
        """Faces (by track) of which the clerk said that they are not a person, each as one vector."""

    def take(self, sight: Sight) -> None:
        """Say who each new or better seen face is, and write all down in one statement."""
        has_read = self._read()
        before = {} if self._known is None else self._faces
        self._faces = {face.track: before.get(face.track, _Face()) for face in sight.faces}
        news = [face for face in sight.faces if face.shots]
        is_asked = bool(news) or has_read
        if self._known is not None:
            for face in news:
                self._faces[face.track].shots = face.shots
                self._faces[face.track].picture = self._save_picture(face)
            if is_asked:
                self._identify(self._but_refused(self._known))
        Sighting.objects.bulk_create(
            (self._row(face) for face in sight.faces),
            update_conflicts=True,
            unique_fields=["camera", "track"],
            update_fields=[*(ASKED if is_asked else ()), "last_at", "counter_since_at", "picture"],
        )

    def _identify(self, known: Known) -> None:
        """Who each face is, by its last good shots. A person is once in a picture: of two the nearer is theirs."""
        probes = {track: [_tracklet(face.shots)] for track, face in self._faces.items() if face.shots}
        near = {track: identify(probe, known, self._config).distance for track, probe in probes.items()}
        there: set[int] = set()
        for track in sorted(probes, key=near.__getitem__):
            match = identify(probes[track], known, self._config, but=there)
            self._faces[track].person, self._faces[track].distance = match.person, _finite(match.distance)
            if match.person:
                there.add(match.person)

    def _but_refused(self, known: Known) -> Known:
        """With the faces that the clerk refused a name just now: neither they nor who looks like them get it again."""
        choices = CounterChoice.objects.filter(
            shop=self._camera.shop_id,
            camera=self._camera.pk,
            is_correction=True,
            at__gte=timezone.now() - REFUSED_FOR,
        )
        held, self._refused = self._refused, {}
        for track, person in choices.values_list("track", "shown"):
            if (face := self._faces.get(track)) and face.shots:
                self._refused[track, person] = template([_tracklet(face.shots)])
            elif (track, person) in held:
                self._refused[track, person] = held[track, person]
        return known.refusing([(person, vector) for (_, person), vector in self._refused.items()])

    def _read(self) -> bool:
        """Read who is known, every few seconds; whether that was now. Nobody is where recognition is off.

        Somebody may have got a name meanwhile, or be forgotten, and that holds for who stands there already.
        """
        if time.monotonic() - self._read_s <= KNOWN_S:
            return False
        shop, self._read_s = self._camera.shop, time.monotonic()
        recognises = switch.is_on(self._camera.pk)
        self._known = gallery.known(shop, self._config.model_id) if recognises else None
        self._keeps_pictures = VisionSettings.of(shop).keeps_pictures
        return True

    def _save_picture(self, face: FaceInSight) -> str:
        """Put its best picture in the place of the last one; its name, empty where no pictures are kept."""
        name = f"{FOLDER}/{self._camera.pk}/{face.track}.jpg"
        default_storage.delete(name)
        if not self._keeps_pictures:
            return ""
        best = max(face.shots, key=lambda shot: len(shot.jpeg))
        return default_storage.save(name, ContentFile(best.jpeg))

    def _row(self, face: FaceInSight) -> Sighting:
        who = self._faces[face.track]
        return Sighting(
            shop=self._camera.shop,
            camera=self._camera,
            track=face.track,
            person_id=who.person,
            distance=who.distance,
            first_at=face.first_at,
            last_at=face.last_at,
            counter_since_at=face.counter_since_at,
            picture=who.picture,
        )


def _tracklet(shots: Sequence[Shot]) -> Tracklet:
    """A face that is still followed, as far as its shots tell who it is."""
    return Tracklet(1, shots=list(shots))


def _finite(distance: float) -> float | None:
    return distance if math.isfinite(distance) else None
