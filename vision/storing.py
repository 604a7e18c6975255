"""What a recording showed, as rows and pictures. Called by `pipeline` in its transaction."""

from collections.abc import Sequence
from datetime import timedelta

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from vision import gallery, stays
from vision.config import VisionConfig
from vision.local_files import remove_folder
from vision.models import Recording, Tracklet, Visit
from vision.persons import face_px
from vision.recordings import picture_folder
from vision.seen import Seen
from vision.tracking import Shot
from vision.tracking import Tracklet as SeenTracklet
from watershop import jobs
from watershop.models import Shop

LINK_TASK = "vision.tasks.link_recording"


def store(shop: Shop, recording: Recording, seen: Seen, config: VisionConfig) -> None:
    """Write visits, tracklets with their pictures, and templates, and have the sales of the time linked."""
    by_code = {who.code: who for who in seen.people}
    news = [
        Visit(
            shop=shop,
            recording=recording,
            person=by_code[span.person].person,
            candidate=by_code[span.person].candidate,
            entry_at=seen.at(span.entry_s),
            exit_at=seen.at(span.exit_s),
            shots=sum(len(tracklet.shots) for tracklet in span.tracklets),
            distance=by_code[span.person].distance,
            entry_by=span.entry_by,
            exit_by=span.exit_by,
            counter_from_at=span.at_counter and seen.at(span.at_counter[0]),
            counter_until_at=span.at_counter and seen.at(span.at_counter[1]),
        )
        for span in seen.visits
    ]
    visits = stays.join(recording, news, timedelta(seconds=config.visit_gap_s))
    rows = Tracklet.objects.bulk_create(
        _row(recording, visit, tracklet, seen.analysis.size)
        for visit, span in zip(visits, seen.visits, strict=True)
        for tracklet in span.tracklets
    )
    vectors = {tracklet.number: tracklet.vector for who in seen.people for tracklet in who.tracklets}
    gallery.remember(shop, [(row, vectors[row.number]) for row in rows], config)
    _save_pictures(recording, seen, rows)
    Recording.objects.filter(pk=recording.pk).update(
        state=Recording.State.DONE, duration_s=seen.analysis.info.duration_s, summary=seen.summary()
    )
    jobs.enqueue(shop, LINK_TASK, recording.pk)


def _row(recording: Recording, visit: Visit, tracklet: SeenTracklet, size: tuple[int, int]) -> Tracklet:
    return Tracklet(
        shop=visit.shop,
        recording=recording,
        visit=visit,
        person=visit.person,
        number=tracklet.number,
        started_s=tracklet.started_s,
        ended_s=tracklet.ended_s,
        shots=len(tracklet.shots),
        face_px=face_px([tracklet]),
        boxes=_boxes(tracklet, size),
        quality=best_shot(tracklet).quality,
        picture=f"{picture_folder(recording)}/{tracklet.number}.jpg",
    )


def _boxes(tracklet: SeenTracklet, size: tuple[int, int]) -> list[list[float]]:
    """[seconds, x1, y1, x2, y2] of each picture, in fractions of the picture of this height and width."""
    height, width = size
    return [
        [round(at, 2), *(round(side, 4) for side in (x1 / width, y1 / height, x2 / width, y2 / height))]
        for at, (x1, y1, x2, y2), _score in tracklet.rows()
    ]


def best_shot(tracklet: SeenTracklet) -> Shot:
    """The picture to show of a usable tracklet."""
    return max(tracklet.shots, key=lambda shot: shot.quality)


def _save_pictures(recording: Recording, seen: Seen, rows: Sequence[Tracklet]) -> None:
    """Write the best picture of each tracklet; whatever an attempt that died has left there goes first."""
    remove_folder(picture_folder(recording))
    by_number = {tracklet.number: tracklet for tracklet in seen.analysis.tracklets}
    for row in rows:
        default_storage.save(row.picture.name, ContentFile(best_shot(by_number[row.number]).jpeg))
