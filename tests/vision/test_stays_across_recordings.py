"""Somebody in the shop while one recording ends and the next begins has come once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from tests.base import TESTS, Cast, sell
from tests.vision.scene import a_recording
from vision import linking, pipeline, recordings
from vision.analysis import Analysis
from vision.config import VisionConfig
from vision.models import Camera, Recording, SaleLink, Tracklet, Visit

Store = Callable[..., Recording]


@pytest.fixture
def start() -> datetime:
    return timezone.now().replace(microsecond=0) - timedelta(hours=1)


@pytest.fixture
def store(cast: Cast, analysis: Analysis, eye: VisionConfig, start: datetime) -> Store:
    """The first visitor of the made-up clip, seen in a recording that begins so many seconds later."""
    first = min(analysis.tracklets, key=lambda tracklet: tracklet.started_s)
    alone = replace(analysis, tracklets=[first])

    def run(later_s: float, **fields: object) -> Recording:
        recording = a_recording(cast.shop, start + timedelta(seconds=later_s), "waiting", **fields)
        pipeline.finish(recording, alone, eye)
        return recording

    return run


def length_s() -> list[float]:
    """How long each visit is, in the order of entry."""
    return [visit.duration_s for visit in Visit.objects.order_by("entry_at")]


def test_who_is_out_of_sight_for_a_moment_between_two_recordings_came_once(store: Store) -> None:
    one = store(0)
    (alone,) = length_s()
    two = store(60)
    assert length_s() == pytest.approx([alone + 60])
    visit = Visit.objects.get()
    assert visit.recording == one and visit.shots == sum(Tracklet.objects.values_list("shots", flat=True))
    assert {row.recording for row in visit.tracklets.all()} == {one, two}
    pictures = [str(row.picture.name) for row in Tracklet.objects.all()]
    assert len(set(pictures)) == 2 and all(map(default_storage.exists, pictures))


def test_the_order_in_which_recordings_come_in_does_not_matter(store: Store) -> None:
    later = store(60)
    (alone,) = length_s()
    store(0)
    assert length_s() == pytest.approx([alone + 60])
    assert Visit.objects.get().recording == later


def test_who_was_away_for_longer_came_twice(store: Store) -> None:
    store(0)
    store(300)
    assert len(length_s()) == 2


def test_two_cameras_see_two_visits(store: Store, cast: Cast) -> None:
    store(0)
    Camera.objects.update(name="Door")
    store(60)
    assert len(length_s()) == 2


def test_who_left_through_the_door_and_comes_back_comes_again(store: Store) -> None:
    store(0)
    Visit.objects.update(exit_by=Visit.Edge.DOOR)
    store(60)
    assert len(length_s()) == 2


def test_without_one_of_its_recordings_a_visit_is_what_the_others_show(store: Store, start: datetime) -> None:
    one, two = store(0), store(60)
    served = start + timedelta(seconds=1)
    Visit.objects.update(counter_from_at=served, counter_until_at=served, entry_by=Visit.Edge.DOOR)
    recordings.remove(one, TESTS)
    visit, face = Visit.objects.get(), Tracklet.objects.get()
    assert (visit.recording, face.recording) == (two, two)
    assert visit.entry_at == two.started_at + timedelta(seconds=face.started_s)
    assert visit.exit_at == two.started_at + timedelta(seconds=face.ended_s)
    assert (visit.entry_by, visit.counter_from_at, visit.shots) == (Visit.Edge.SIGHT, None, face.shots)
    recordings.remove(two, TESTS)
    assert not Visit.objects.exists()


def test_a_sale_in_the_second_recording_is_linked_to_the_visit_that_began_in_the_first(
    store: Store, cast: Cast
) -> None:
    store(0)
    two = store(60)
    sale = sell(cast, sold_at=two.started_at + timedelta(seconds=5))
    linking.link_recording(two)
    assert SaleLink.objects.get(sale=sale).visit == Visit.objects.get()
