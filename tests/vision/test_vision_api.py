"""Visits and recordings over the API: what a phone may read, and what it may not."""

from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone
from rest_framework.test import APIClient

from tests.base import Cast, make_cast, sell
from tests.vision.scene import a_person, a_recording, a_visit, some_chunks
from vision import linking, recordings
from vision.models import Recording
from watershop import jobs
from watershop.models import Job, Right, Role, RoleRight

API = "/api/v1/shops/water"
Pair = Callable[..., APIClient]


def test_visits_tell_who_came_when_and_what_they_bought(cast: Cast, api_of: Pair) -> None:
    now = timezone.now()
    visit = a_visit(cast.shop, now, 61, person=a_person(cast.shop, customer=cast.asha))
    sale = sell(cast, sold_at=now)
    linking.link_recording(visit.recording)
    answer = api_of(cast.ravi).get(f"{API}/visits/").json()
    assert answer["count"] == 1
    (row,) = answer["results"]
    assert (row["person"]["code"], row["person"]["customer"]) == ("P_0001", "ASHA")
    assert (row["camera"], row["duration_s"], row["distance"]) == ("Counter", 61.0, None)
    (link,) = row["links"]
    assert (link["sale_code"], link["state"]) == (sale.code, "suggested") and link["confidence"] > 0.6
    assert api_of(cast.ravi).get(f"{API}/visits/{visit.pk}/").json() == row


def test_visits_of_chosen_days(cast: Cast, api_of: Pair) -> None:
    a_visit(cast.shop, timezone.now() - timedelta(days=5))
    phone = api_of(cast.ravi)
    assert phone.get(f"{API}/visits/").json()["count"] == 0
    first = (timezone.now() - timedelta(days=6)).date()
    assert phone.get(f"{API}/visits/?from={first}").json()["count"] == 1
    answer = phone.get(f"{API}/visits/?from=soon")
    assert answer.status_code == 400 and answer.json()["errors"][0]["path"] == "/period"


def test_a_recording_tells_how_far_it_is_and_why_it_failed(cast: Cast, api_of: Pair) -> None:
    recording = a_recording(cast.shop, timezone.now(), state="processing")
    (chunk,) = some_chunks(recording, 60)
    job = jobs.enqueue(cast.shop, recordings.WATCH, chunk.pk, cluster="video")
    Job.objects.filter(pk=job.pk).update(state=Job.State.RUNNING, progress=50)
    phone, address = api_of(cast.ravi), f"{API}/recordings/{recording.pk}/"
    row = phone.get(address).json()
    assert (row["state"], row["progress"], row["visits"], row["error"]) == ("processing", 48, 0, "")
    recordings.fail(recording, "x.mp4: no pictures", "no_picture")
    row = phone.get(address).json()
    assert (row["state"], row["error_code"]) == ("failed", "no_picture")
    assert "sound only" in row["error"]
    assert phone.get(f"{API}/recordings/").json()["results"][0]["state"] == Recording.State.FAILED


def test_another_shop_is_not_there_and_faces_need_the_right(cast: Cast, api_of: Pair) -> None:
    foreign = a_visit(make_cast("next-door").shop, timezone.now())
    phone = api_of(cast.ravi)
    for address in (f"visits/{foreign.pk}/", f"recordings/{foreign.recording_id}/"):
        assert phone.get(f"{API}/{address}").status_code == 404
    RoleRight.objects.create(shop=cast.shop, role=Role.STAFF, right=Right.SEE_FACES, is_allowed=False)
    for address in ("visits/", "recordings/"):
        assert phone.get(f"{API}/{address}").status_code == 403
    assert APIClient().get(f"{API}/visits/").status_code == 401
