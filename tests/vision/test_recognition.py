"""What the people of a recording become when it is stored: known, doubtful, new or nobody; decisions hold."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.base import TESTS, Cast
from tests.vision.crowd import NOW, a_face, came
from tests.vision.scene import a_person, a_recording
from vision import decisions, linking, pipeline
from vision.analysis import Analysis
from vision.config import Bar, VisionConfig
from vision.frames import VideoInfo
from vision.models import Denial, Person, Recording, Template, Tracklet, Visit
from vision.seen import Seen
from vision.tracking import Shot
from vision.tracking import Tracklet as SeenTracklet
from watershop.models import Shop

CONFIG = VisionConfig(models_dir=Path("unused"))


def followed(
    number: int, place: float, shots: int = 4, *, start: float = 0.0, x: float = 0.0
) -> SeenTracklet:
    """A face on the line, followed for ten seconds."""
    box = (x, 0.0, x + 60.0, 60.0)
    times = [start + step / 5 for step in range(50)]
    kept = [Shot(start + n, box, 0.8, a_face(place), b"a face") for n in range(shots)]
    return SeenTracklet(number, times, [box] * 50, [0.9] * 50, kept)


def watched(tracklets: Sequence[SeenTracklet]) -> Analysis:
    info = VideoInfo(Path("x"), "mp4", "h264", 1280, 720, 15.0, 600.0, 9000, (0.0,), None)
    return Analysis(info, list(tracklets), {}, 0, 0, 0, {}, (720, 1280))


def finished(shop: Shop, *tracklets: SeenTracklet, hour: float = 0, config: VisionConfig = CONFIG) -> Seen:
    recording = a_recording(shop, NOW + timedelta(hours=hour), "waiting")
    return pipeline.finish(recording, watched(tracklets), config)


def whose() -> list[tuple[str | None, ...]]:
    """(person, candidate) of the visits, by their codes, in the order of entry."""
    rows = Visit.objects.order_by("entry_at", "pk").select_related("person", "candidate")
    return [tuple(who.code if who else None for who in (row.person, row.candidate)) for row in rows]


def everything() -> str:
    tables = (Visit, Tracklet, Template, Denial, Person)
    return str([list(table._default_manager.order_by("pk").values()) for table in tables])


def test_near_is_known_between_is_doubtful_far_is_new(shop: Shop) -> None:
    finished(shop, followed(1, 0.0))
    for hour, place in enumerate((0.2, 0.64, 2.0), 1):
        finished(shop, followed(1, place), hour=hour)
    assert whose() == [("P_0001", None), ("P_0001", None), (None, "P_0001"), ("P_0002", None)]
    doubtful = Visit.objects.get(candidate__isnull=False)
    assert doubtful.distance == pytest.approx(0.44, abs=0.01)
    template = Template.objects.get(tracklet__visit=doubtful)
    assert (template.person, template.is_enrolled) == (None, False), "a doubtful face is never learnt"


def test_who_was_seen_too_seldom_is_a_visit_of_nobody(shop: Shop) -> None:
    seen = finished(shop, followed(1, 0.0, shots=2), followed(2, 2.0, x=300))
    assert whose() == [(None, None), ("P_0001", None)]
    assert [who.code for who in seen.people] == ["U_0001", "P_0001"] and seen.summary()["persons"] == 1
    assert Template.objects.filter(person=None, is_enrolled=False).count() == 1
    finished(shop, followed(1, 0.0, shots=2), followed(2, 0.01, shots=1, start=200), hour=1)
    assert whose()[2:] == [("P_0002", None)] * 2, "three shots together are enough"


def test_a_dry_run_names_nobody_too(monkeypatch: pytest.MonkeyPatch) -> None:
    people = watched([followed(1, 0.0), followed(2, 2.0, shots=1, x=300), followed(3, 4.0, x=600)])
    monkeypatch.setattr(pipeline, "analyse", lambda *args, **kwargs: people)
    seen = pipeline.rehearse(Path("x"), CONFIG, camera="Door", started_at=NOW, look=pipeline.Look())
    assert [visit.person for visit in seen.visits] == ["P_0001", "U_0001", "P_0002"]


def test_one_person_is_in_a_picture_once_and_the_other_is_somebody_else(shop: Shop) -> None:
    finished(shop, followed(1, 0.0))
    finished(shop, followed(1, 0.05), followed(2, 0.1, x=300), hour=1)
    assert whose()[1:] == [("P_0001", None), ("P_0002", None)]


def test_a_poster_absorbs_its_face_and_counts_for_nobody(shop: Shop) -> None:
    finished(shop, followed(1, 0.0))
    Person.objects.update(is_ignored=True)
    finished(shop, followed(1, 0.1), hour=1)
    assert whose() == [("P_0001", None)] * 2 and not Visit.objects.by_customers().exists()


def test_the_bars_of_a_camera_hold(shop: Shop) -> None:
    strict = CONFIG.with_changes(bars=(Bar(100.0, 0.1, 0.2),))
    for hour, place in enumerate((0.0, 0.05, 0.2, 0.5)):
        finished(shop, followed(1, place), hour=hour, config=strict)
    assert whose() == [("P_0001", None), ("P_0001", None), (None, "P_0001"), ("P_0002", None)]


def test_what_somebody_decided_is_redone_by_no_job(cast: Cast) -> None:
    shop = cast.shop
    tracklets = [followed(1, 0.0), followed(2, 0.2, start=200)]
    finished(shop, *tracklets)
    recording = Recording.objects.get()
    wrong = Visit.objects.order_by("entry_at").last()
    assert wrong and wrong.person
    decisions.not_this(wrong, TESTS)
    decisions.name(Person.objects.get(), {"name": "Chitra"}, TESTS)
    before = everything()
    pipeline.finish(recording, watched(tracklets), CONFIG)
    linking.link_recording(recording)
    assert everything() == before
    finished(shop, followed(1, 0.19), hour=1)
    assert whose()[2:] == [("P_0002", None)], "not this person, in later recordings too"


def test_a_confirmed_face_is_known_the_next_time(shop: Shop) -> None:
    person = a_person(shop)
    came(shop, person, [0.0], hour=-1)
    finished(shop, followed(1, 0.4))
    visit = Visit.objects.get(candidate=person)
    decisions.confirm(visit, person, TESTS)
    finished(shop, followed(1, 0.6), hour=1)
    assert whose()[-1] == ("P_0001", None)


def test_a_known_face_seen_again_and_again_keeps_eight_templates(shop: Shop) -> None:
    for hour in range(10):
        finished(shop, followed(1, 0.02 * hour), hour=hour)
    assert Person.objects.count() == 1 and Template.objects.count() == 10
    held = Template.objects.filter(is_enrolled=True).order_by("pk")
    assert len(held) == 8 and held[0].pk == min(Template.objects.values_list("pk", flat=True))
    assert np.ptp([row.vector[0] for row in held]) == pytest.approx(0.18, abs=0.01)
