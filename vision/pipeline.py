"""The whole way of a recording on one page: file -> tracklets -> persons -> visits -> rows.

The slow work (decoding, faces, vectors) comes first and holds no transaction; one short transaction at the end
looks up who is known, gives the others a code, and writes everything or nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from django.conf import settings
from django.db import transaction

from vision.analysis import Analysis, analyse
from vision.bodies import fused
from vision.chunks import Pictures
from vision.config import Bar, VisionConfig
from vision.engines import with_cold_start
from vision.models import Camera, Person, Recording, VisionSettings
from vision.pairs import BANDS, as_plain, count_pairs
from vision.persons import cluster
from vision.privacy import switch
from vision.recognition import in_order, introduce, recognised, somebody_new
from vision.recordings import failing_when_unreadable
from vision.seen import Seen, SeenPerson, label
from vision.storing import store
from vision.tracking import Tracklet
from vision.visits import VisitSpan, visits_from
from watershop.models import Shop

Who = TypeVar("Who", bound=Hashable)


def eye() -> VisionConfig:
    """The eye as this installation has it. Raises EngineUnavailable."""
    names = ("VISION_YUNET_MODEL", "VISION_SCRFD_MODEL", "VISION_ARCFACE_MODEL")
    yunet, scrfd, arcface = (Path(place) if (place := getattr(settings, name)) else None for name in names)
    return with_cold_start(
        VisionConfig(
            models_dir=Path(settings.VISION_MODEL_DIR),
            yunet_model=yunet,
            engine=settings.VISION_ENGINE,
            scrfd_model=scrfd,
            arcface_model=arcface,
            providers=tuple(settings.VISION_PROVIDERS),
        )
    )


def eye_of(camera: Camera) -> VisionConfig:
    """The eye as it looks through a camera: how that hangs, the shop's settings, the numbers fitted to it."""
    wishes = VisionSettings.of(camera.shop)
    config = eye()
    fitted = {row.up_to_px: row.bar for row in camera.calibrations.filter(model_id=config.model_id)}
    cold_start = {band: Bar(band, config.accept_at, config.review_at) for band in BANDS}
    return config.with_changes(
        scene=camera.scene,
        shot_min_px=float(camera.min_face_px),
        shot_min_sharpness=wishes.min_sharpness,
        shot_max_yaw=wishes.max_yaw,
        shot_edge_px=float(wishes.edge_px),
        unnamed_shots=wishes.unnamed_shots,
        visit_gap_s=float(wishes.visit_gap_s),
        counter_after_s=float(wishes.counter_after_s),
        finds_bodies=wishes.finds_bodies,
        bars=tuple(_by_hand(bar, wishes.accept_at) for bar in (cold_start | fitted).values()),
    )


def _by_hand(bar: Bar, accept_at: float | None) -> Bar:
    """The bar with the shop's own wish, where it has one."""
    if accept_at is None:
        return bar
    return replace(bar, accept_at=accept_at, review_at=max(accept_at, bar.review_at))


@dataclass(frozen=True)
class Look:
    """How to look: with how many child processes, which pictures to leave where, whom to tell about progress."""

    workers: int = 1
    pictures: Pictures | None = None
    on_progress: Callable[[float], None] = lambda fraction: None


def rehearse(path: Path, config: VisionConfig, *, camera: str, started_at: datetime, look: Look) -> Seen:
    """The dry run: everybody is new, no database is asked, nothing is stored. Raises UnreadableVideo."""
    analysis = _analysis(path, config, look)
    groups = cluster(analysis.tracklets, config)
    people = in_order([somebody_new(group, Person(), config) for group in groups])
    people = _who_came(people, analysis, config)
    for number, person in enumerate((seen.person for seen in people if seen.person), 1):
        person.code = f"P_{number:04d}"
    return _seen(camera, started_at, analysis, people, config)


def process(recording: Recording, path: Path, config: VisionConfig, look: Look) -> Seen:
    """Watch a recording and store who came; one that is done is watched again, but nothing is stored twice.

    Raises UnreadableVideo (the recording has then failed) or ChunkFailed; nothing is stored then.
    """
    waiting = Recording.objects.filter(pk=recording.pk).exclude(state=Recording.State.DONE)
    waiting.update(state=Recording.State.PROCESSING, error="", error_code="")
    with failing_when_unreadable(recording, path):
        analysis = _analysis(path, config, look)
    return finish(recording, analysis, config)


def finish(recording: Recording, analysis: Analysis, config: VisionConfig) -> Seen:
    """Say who was seen in a recording and store it; when it is stored already, only say it.

    Where the camera's recognition is off, everybody is nobody: faces are compared within the recording alone, to
    count its visits, and nothing of a face is stored.
    """
    groups = cluster(analysis.tracklets, config)
    pairs = {config.model_id: as_plain(count_pairs(analysis.tracklets))}
    with transaction.atomic():
        # One recording at a time may change who is known, or two would give the same person two codes.
        shop = Shop.objects.select_for_update(no_key=True).get(pk=recording.shop_id)
        recognises = switch.is_on(recording.camera_id)
        people = recognised(shop, groups, config) if recognises else [SeenPerson(group) for group in groups]
        people = _who_came(in_order(people), analysis, config)
        is_new = Recording.objects.filter(pk=recording.pk).exclude(state=Recording.State.DONE).exists()
        if is_new:
            introduce(shop, people)
        seen = _seen(recording.camera.name, recording.started_at, analysis, people, config)
        seen = seen if recognises else seen.anonymous()
        if is_new:
            store(shop, recording, seen, config)
            Recording.objects.filter(pk=recording.pk).update(pairs=pairs if recognises else {})
    return seen


def _analysis(path: Path, config: VisionConfig, look: Look) -> Analysis:
    return analyse(path, config, workers=look.workers, pictures=look.pictures, on_progress=look.on_progress)


def _who_came(people: list[SeenPerson], analysis: Analysis, config: VisionConfig) -> list[SeenPerson]:
    """Those with a visit, and of each the tracklets of the visits: who only passes the door is nobody."""
    pairs = [(tracklet, number) for number, seen in enumerate(people) for tracklet in seen.tracklets]
    stays: dict[int, list[Tracklet]] = defaultdict(list)
    for visit in _visits(pairs, analysis, config):
        stays[visit.person] += visit.tracklets
    return [replace(people[number], tracklets=tracklets) for number, tracklets in sorted(stays.items())]


def _visits(
    pairs: Iterable[tuple[Tracklet, Who]], analysis: Analysis, config: VisionConfig
) -> list[VisitSpan[Who]]:
    scene = config.scene.in_pixels(analysis.size)
    return visits_from(pairs, config.visit_gap_s, scene, config.counter_after_s)


def _seen(
    camera: str, started_at: datetime, analysis: Analysis, people: list[SeenPerson], config: VisionConfig
) -> Seen:
    label(people)
    pairs = [(tracklet, seen.code) for seen in people for tracklet in seen.tracklets]
    known, faceless = fused(analysis.bodies, pairs)
    figures = [(body, f"body-{number}") for number, body in enumerate(faceless, 1)]
    return Seen(camera, started_at, analysis, people, _visits([*pairs, *known, *figures], analysis, config))
