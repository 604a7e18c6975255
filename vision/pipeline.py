"""The whole way of a recording on one page: file -> tracklets -> persons -> visits -> rows.

The slow work (decoding, faces, vectors) comes first and holds no transaction; one short transaction at the end
looks up who is known, gives the others a code, and writes everything or nothing.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from vision import gallery
from vision.analysis import Analysis, analyse
from vision.chunks import Pictures
from vision.config import VisionConfig
from vision.frames import UnreadableVideo
from vision.models import Person, Recording, Tracklet, Visit
from vision.persons import cluster, template
from vision.recordings import fail, picture_folder
from vision.tracking import Shot
from vision.tracking import Tracklet as SeenTracklet
from vision.visits import VisitSpan, visits_from
from watershop import jobs
from watershop.models import Shop

LINK_TASK = "vision.tasks.link_recording"


def eye() -> VisionConfig:
    """The eye as this installation has it."""
    yunet = settings.VISION_YUNET_MODEL
    return VisionConfig(Path(settings.VISION_MODEL_DIR), Path(yunet) if yunet else None)


@dataclass
class SeenPerson:
    """A person in one recording, and how near to their templates (L2); None for somebody new."""

    person: Person
    tracklets: list[SeenTracklet]
    distance: float | None = None

    @property
    def shots(self) -> list[Shot]:
        return [shot for tracklet in self.tracklets for shot in tracklet.shots]


@dataclass(frozen=True)
class Seen:
    """What one recording shows. People in the order of their first tracklet, visits in the order of entry."""

    camera: str
    started_at: datetime
    analysis: Analysis
    people: list[SeenPerson]
    visits: list[VisitSpan[str]]
    """`person` is the person's code."""

    def at(self, seconds: float) -> datetime:
        """The moment that lies so far from the start of the file."""
        return self.started_at + timedelta(seconds=seconds)

    def shot_distances(self, seen: SeenPerson) -> list[float]:
        """L2 from each of a person's shots to their mean in this recording."""
        mean = template(seen.tracklets)
        return [float(np.linalg.norm(shot.vector - mean)) for shot in seen.shots]

    def summary(self) -> dict[str, Any]:
        """Counts, wall seconds per stage, and how far the shots lie from their persons (L2)."""
        far = [distance for seen in self.people for distance in self.shot_distances(seen)]
        spread = {"mean": sum(far) / len(far), "min": min(far), "max": max(far)} if far else None
        return {
            "seconds": {stage: round(spent, 3) for stage, spent in self.analysis.seconds.items()},
            "duration_s": round(self.analysis.info.duration_s, 3),
            "frames_decoded": self.analysis.frames_decoded,
            "frames_analysed": self.analysis.frames_analysed,
            "faces": self.analysis.faces,
            "tracks": len(self.analysis.tracklets),
            "persons": len(self.people),
            "visits": len(self.visits),
            "distance": spread and {name: round(value, 4) for name, value in spread.items()},
        }


@dataclass(frozen=True)
class Look:
    """How to look: with how many child processes, which pictures to leave where, whom to tell about progress."""

    workers: int = 1
    pictures: Pictures | None = None
    on_progress: Callable[[float], None] = lambda fraction: None


def rehearse(path: Path, config: VisionConfig, *, camera: str, started_at: datetime, look: Look) -> Seen:
    """The dry run: everybody is new, no database is asked, nothing is stored. Raises UnreadableVideo."""
    analysis = _analysis(path, config, look)
    groups = cluster(analysis.tracklets, config.cluster_at)
    people = [SeenPerson(Person(code=f"P_{n:04d}"), group) for n, group in enumerate(groups, 1)]
    return _seen(camera, started_at, analysis, people, config)


def process(recording: Recording, path: Path, config: VisionConfig, look: Look) -> Seen:
    """Watch a recording and store who came; one that is done is watched again, but nothing is stored twice.

    Raises UnreadableVideo (the recording has then failed) or ChunkFailed; nothing is stored then.
    """
    waiting = Recording.objects.filter(pk=recording.pk).exclude(state=Recording.State.DONE)
    waiting.update(state=Recording.State.PROCESSING, error="", error_code="")
    try:
        analysis = _analysis(path, config, look)
    except UnreadableVideo as error:
        fail(recording, str(error).replace(path.name, recording.original_name), error.code)
        raise
    groups = cluster(analysis.tracklets, config.cluster_at)
    with transaction.atomic():
        # One recording at a time may change who is known, or two would give the same person two codes.
        shop = Shop.objects.select_for_update(no_key=True).get(pk=recording.shop_id)
        people = _recognised(shop, groups, config)
        is_new = waiting.exists()
        if is_new:
            _introduce(shop, people)
        seen = _seen(recording.camera.name, recording.started_at, analysis, people, config)
        if is_new:
            _store(shop, recording, seen)
    return seen


def _analysis(path: Path, config: VisionConfig, look: Look) -> Analysis:
    return analyse(path, config, workers=look.workers, pictures=look.pictures, on_progress=look.on_progress)


def _recognised(shop: Shop, groups: Sequence[list[SeenTracklet]], config: VisionConfig) -> list[SeenPerson]:
    """The person of each group of tracklets; strangers have no code yet.

    Groups of one known person are put together, unless their faces were seen in one picture: then the nearer
    group is that person and the other is somebody else.
    """
    matches = gallery.identify(shop, [template(group) for group in groups], config)
    wanted = [match.person for match in matches if match.person]
    known = Person.objects.filter(shop=shop).select_related("customer").in_bulk(wanted)
    found: dict[int, SeenPerson] = {}
    people = []
    for group, match in sorted(zip(groups, matches, strict=True), key=lambda pair: pair[1].distance):
        seen = found.get(match.person) if match.person else None
        if seen and not _are_together(seen.tracklets, group):
            seen.tracklets += group
        elif match.person and not seen:
            people.append(SeenPerson(known[match.person], group, match.distance))
            found[match.person] = people[-1]
        else:
            people.append(SeenPerson(Person(shop=shop), group))
    return sorted(people, key=lambda seen: min(tracklet.number for tracklet in seen.tracklets))


def _are_together(some: Sequence[SeenTracklet], others: Sequence[SeenTracklet]) -> bool:
    return any(one.is_seen_with(other) for one in some for other in others)


def _introduce(shop: Shop, people: Sequence[SeenPerson]) -> None:
    """Give the strangers a code."""
    strangers = [seen.person for seen in people if not seen.person.code]
    for person, code in zip(strangers, Person.next_codes(shop, len(strangers)), strict=True):
        person.code = code
    Person.objects.bulk_create(strangers)


def _seen(
    camera: str, started_at: datetime, analysis: Analysis, people: list[SeenPerson], config: VisionConfig
) -> Seen:
    pairs = [(tracklet, seen.person.code) for seen in people for tracklet in seen.tracklets]
    return Seen(camera, started_at, analysis, people, visits_from(pairs, config.visit_gap_s))


def _store(shop: Shop, recording: Recording, seen: Seen) -> None:
    """Write visits, tracklets with their pictures, and templates, and have the sales of the time linked."""
    by_code = {who.person.code: who for who in seen.people}
    visits = Visit.objects.bulk_create(
        Visit(
            shop=shop,
            recording=recording,
            person=by_code[span.person].person,
            entry_at=seen.at(span.entry_s),
            exit_at=seen.at(span.exit_s),
            shots=sum(len(tracklet.shots) for tracklet in span.tracklets),
            distance=by_code[span.person].distance,
        )
        for span in seen.visits
    )
    rows = Tracklet.objects.bulk_create(
        _row(visit, tracklet)
        for visit, span in zip(visits, seen.visits, strict=True)
        for tracklet in span.tracklets
    )
    _enrol(shop, seen.people, rows)
    _save_pictures(recording, seen, rows)
    Recording.objects.filter(pk=recording.pk).update(
        state=Recording.State.DONE, duration_s=seen.analysis.info.duration_s, summary=seen.summary()
    )
    jobs.enqueue(shop, LINK_TASK, recording.pk)


def _row(visit: Visit, tracklet: SeenTracklet) -> Tracklet:
    return Tracklet(
        shop=visit.shop,
        recording=visit.recording,
        visit=visit,
        person=visit.person,
        number=tracklet.number,
        started_s=tracklet.started_s,
        ended_s=tracklet.ended_s,
        shots=len(tracklet.shots),
        quality=best_shot(tracklet).quality,
        picture=f"{picture_folder(visit.recording)}/{tracklet.number}.jpg",
    )


def best_shot(tracklet: SeenTracklet) -> Shot:
    """The picture to show of a usable tracklet."""
    return max(tracklet.shots, key=lambda shot: shot.quality)


def _enrol(shop: Shop, people: Sequence[SeenPerson], rows: Sequence[Tracklet]) -> None:
    """One template per person and recording: the mean of all shots, shown by the best tracklet."""
    by_number = {row.number: row for row in rows}
    best = [
        max((by_number[tracklet.number] for tracklet in seen.tracklets), key=lambda row: row.quality)
        for seen in people
    ]
    gallery.enrol(
        shop,
        [
            (seen.person, row, template(seen.tracklets), seen.distance)
            for seen, row in zip(people, best, strict=True)
        ],
    )


def _save_pictures(recording: Recording, seen: Seen, rows: Sequence[Tracklet]) -> None:
    """Write the best picture of each tracklet; whatever an attempt that died has left there goes first."""
    shutil.rmtree(default_storage.path(picture_folder(recording)), ignore_errors=True)
    by_number = {tracklet.number: tracklet for tracklet in seen.analysis.tracklets}
    for row in rows:
        default_storage.save(row.picture.name, ContentFile(best_shot(by_number[row.number]).jpeg))
