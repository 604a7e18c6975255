"""What a recording showed, as rows and pictures. Called by `pipeline` in its transaction."""

import shutil
from collections.abc import Sequence

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from vision import gallery
from vision.models import Recording, Tracklet, Visit
from vision.persons import template
from vision.recordings import picture_folder
from vision.seen import Seen, SeenPerson
from vision.tracking import Shot
from vision.tracking import Tracklet as SeenTracklet
from watershop import jobs
from watershop.models import Shop

LINK_TASK = "vision.tasks.link_recording"


def store(shop: Shop, recording: Recording, seen: Seen) -> None:
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
