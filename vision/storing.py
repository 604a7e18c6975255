"""What a recording showed, as rows and pictures. Called by `pipeline` in its transaction."""

from collections.abc import Sequence
from datetime import timedelta

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from vision import gallery, stays
from vision.config import VisionConfig
from vision.local_files import remove_folder
from vision.models import Recording, Tracklet, VisionSettings, Visit
from vision.persons import face_px
from vision.recordings import picture_folder
from vision.seen import Seen, SeenPerson
from vision.tracking import Tracklet as SeenTracklet
from vision.visits import VisitSpan
from watershop import jobs
from watershop.models import Shop

LINK_TASK = "vision.tasks.link_recording"


def store(shop: Shop, recording: Recording, seen: Seen, config: VisionConfig) -> None:
    """Write visits and what is kept of the faces in them, and have the sales of the time linked."""
    by_code = {who.code: who for who in seen.people}
    news = [_visit(recording, seen, span, by_code.get(span.person)) for span in seen.visits]
    visits = stays.join(recording, news, timedelta(seconds=config.visit_gap_s))
    remove_folder(picture_folder(recording))  # whatever an attempt that died has left there
    if seen.recognises:
        _keep_faces(shop, recording, seen, visits, config)
    Recording.objects.filter(pk=recording.pk).update(
        state=Recording.State.DONE, duration_s=seen.analysis.info.duration_s, summary=seen.summary()
    )
    jobs.enqueue(shop, LINK_TASK, recording.pk)


def _keep_faces(
    shop: Shop, recording: Recording, seen: Seen, visits: Sequence[Visit], config: VisionConfig
) -> None:
    """The tracklets of these visits (in the order of what was seen) with their pictures, and their templates."""
    codes = {who.code for who in seen.people}
    folder = picture_folder(recording) if VisionSettings.of(shop).keeps_pictures else ""
    rows = Tracklet.objects.bulk_create(
        _row(recording, visit, tracklet, seen.analysis.size, folder)
        for visit, span in zip(visits, seen.visits, strict=True)
        for tracklet in span.tracklets
        if tracklet.is_usable or span.person not in codes
    )
    vectors = {tracklet.number: tracklet.vector for who in seen.people for tracklet in who.tracklets}
    gallery.remember(shop, [(row, vectors[row.number]) for row in rows if row.number in vectors], config)
    _save_pictures(seen, [row for row in rows if row.picture])


def _visit(recording: Recording, seen: Seen, span: VisitSpan[str], who: SeenPerson | None) -> Visit:
    """A visit as a row; that of nobody among the people is a figure's."""
    return Visit(
        shop=recording.shop,
        recording=recording,
        person=who.person if who else None,
        candidate=who.candidate if who else None,
        kind=Visit.Kind.FACE if who else Visit.Kind.BODY,
        label="" if who else span.person,
        entry_at=seen.at(span.entry_s),
        exit_at=seen.at(span.exit_s),
        shots=sum(len(tracklet.shots) for tracklet in span.tracklets),
        distance=who.distance if who else None,
        entry_by=span.entry_by,
        exit_by=span.exit_by,
        counter_from_at=span.at_counter and seen.at(span.at_counter[0]),
        counter_until_at=span.at_counter and seen.at(span.at_counter[1]),
        upi_s=seen.moved_s("upi_stand", span),
        cash_s=seen.moved_s("cash_drawer", span),
    )


def _row(
    recording: Recording, visit: Visit, tracklet: SeenTracklet, size: tuple[int, int], folder: str
) -> Tracklet:
    """A tracklet as a row; its picture will lie in the folder, if there is one."""
    return Tracklet(
        shop=visit.shop,
        recording=recording,
        visit=visit,
        person=visit.person,
        number=tracklet.number,
        started_s=tracklet.started_s,
        ended_s=tracklet.ended_s,
        shots=len(tracklet.shots),
        face_px=face_px([tracklet]) if tracklet.is_usable else 0,
        boxes=_boxes(tracklet, size),
        quality=tracklet.best.quality if tracklet.is_usable else 0,
        picture=f"{folder}/{tracklet.number}.jpg" if folder else "",
    )


def _boxes(tracklet: SeenTracklet, size: tuple[int, int]) -> list[list[float]]:
    """[seconds, x1, y1, x2, y2] of each picture, in fractions of the picture of this height and width."""
    height, width = size
    return [
        [round(at, 2), *(round(side, 4) for side in (x1 / width, y1 / height, x2 / width, y2 / height))]
        for at, (x1, y1, x2, y2), _score in tracklet.rows()
    ]


def _save_pictures(seen: Seen, rows: Sequence[Tracklet]) -> None:
    """Write the best picture of each tracklet."""
    faces = {face.number: face.best.jpeg for face in seen.analysis.tracklets if face.is_usable}
    pictures = faces | {body.number: body.jpeg for body in seen.analysis.bodies}
    for row in rows:
        default_storage.save(row.picture.name, ContentFile(pictures[row.number]))
