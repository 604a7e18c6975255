"""What has had its time goes in the night: faces without a name, faces unseen for long, pictures, dispute files."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client

from tests.base import Cast, make_cast, sell
from tests.vision.crowd import NOW, a_face, came
from tests.vision.scene import a_camera, a_person, a_recording, agrees, some_chunks
from vision import keeping
from vision.embedding import MODEL_ID
from vision.models import (
    Camera,
    DisputeFile,
    Person,
    Recording,
    RetentionRun,
    Template,
    Tracklet,
    VisionSettings,
    Visit,
)
from vision.privacy import retention
from vision.privacy.report import nights
from watershop.models import Shop

PAGE = "/s/water/privacy/deleted/"
SignIn = Callable[..., Client]


def after(shop: Shop, days: float) -> dict[str, int]:
    """What goes in the night so many days from now, without what there is nothing of."""
    run = retention.clean_up(shop, NOW + timedelta(days=days))
    return {kind: count for kind, count in run.deleted.items() if count}


def kept() -> set[str]:
    """Whose faces can still be compared with, by code or name."""
    rows = Template.objects.filter(is_enrolled=True).select_related("person__customer")
    return {str(row.person) for row in rows}


def files() -> int:
    return len(list(Path(default_storage.path("faces")).rglob("*.jpg")))


def wishes(shop: Shop, **fields: object) -> None:
    VisionSettings.objects.update_or_create(shop=shop, defaults=fields)


def test_a_face_without_a_name_goes_after_its_days_and_the_code_stays(shop: Shop) -> None:
    visit = came(shop, a_person(shop), [0.0, 0.1])
    assert after(shop, 29.9) == {} and kept() == {"P_0001"} and files() == 2
    assert after(shop, 30.1) == {"unnamed": 2, "pictures": 2}
    assert not Template.objects.exists() and files() == 0
    assert set(Tracklet.objects.values_list("picture", flat=True)) == {""}
    visit.refresh_from_db()
    assert visit.person and visit.person.code == "P_0001" and visit.exit_at
    assert after(shop, 31) == {}, "a second night finds nothing to do"


def test_who_came_again_is_known_by_the_later_face(shop: Shop) -> None:
    person = a_person(shop)
    came(shop, person, [0.0])
    came(shop, person, [0.0], hour=20 * 24)
    assert Template.objects.filter(is_enrolled=True).count() == 2
    Template.objects.filter(tracklet__recording__started_at__gt=NOW).update(is_enrolled=False)
    assert after(shop, 31) == {"unnamed": 1, "pictures": 1}
    assert kept() == {"P_0001"}, "what is left is compared with from now on"


def test_faces_in_doubt_go_with_those_without_a_name(shop: Shop) -> None:
    known = a_person(shop, is_shop_staff=True)
    came(shop, known, [0.0])
    came(shop, None, [0.4], candidate=known)
    assert after(shop, 31) == {"unnamed": 1, "pictures": 2} and kept() == {"P_0001"}


def test_without_days_a_face_goes_when_its_visit_is_closed(shop: Shop) -> None:
    wishes(shop, unnamed_days=0)
    came(shop, a_person(shop), [0.0])
    came(shop, a_person(shop, is_shop_staff=True), [2.0])
    stored = max(Template.objects.values_list("created_at", flat=True))
    retention.forget_closed_visits(stored + timedelta(minutes=11))
    assert kept() == {"P_0001", "P_0002"}, "the next piece of the camera may go on with the visit"
    retention.forget_closed_visits(stored + timedelta(minutes=12))
    assert kept() == {"P_0002"} and files() == 1
    assert RetentionRun.objects.get().deleted == {"unnamed": 1, "pictures": 1}
    retention.forget_closed_visits(stored + timedelta(minutes=13))
    assert RetentionRun.objects.count() == 1 and Visit.objects.count() == 2


def test_customers_and_staff_stay_as_long_as_they_come_and_a_mere_name_holds_nothing(
    shop: Shop, cast: Cast
) -> None:
    came(shop, a_person(shop, customer=cast.asha), [0.0])
    came(shop, a_person(shop, is_shop_staff=True), [2.0])
    came(shop, a_person(shop, name="Chitra"), [4.0])
    asha = Person.objects.get(customer=cast.asha)
    assert after(shop, 40) == {"unnamed": 1, "pictures": 3} and kept() == {"Asha", "P_0002"}
    came(shop, asha, [0.0], hour=200 * 24)
    assert after(shop, 366) == {"known": 1, "pictures": 1} and kept() == {"Asha"}
    assert after(shop, 566) == {"known": 2} and kept() == set()


@pytest.mark.parametrize(("keeps_pictures", "until"), [(True, 29.9), (False, 0)])
def test_a_face_that_was_taken_under_a_consent_stays_without_a_visit_its_picture_as_long_as_others(
    shop: Shop, cast: Cast, keeps_pictures: bool, until: float
) -> None:
    wishes(shop, keeps_pictures=keeps_pictures)
    consent = agrees(cast.asha)
    person = a_person(shop, customer=cast.asha)
    name = default_storage.save("faces/consents/1.jpg", ContentFile(b"a face"))
    row = {"person": person, "model_id": MODEL_ID, "consent": consent, "is_enrolled": True}
    Template.objects.create(shop=shop, vector=a_face(0.0), picture=name, **row)
    assert not until or (after(shop, until) == {} and files() == 1)
    assert after(shop, until + 1) == {"pictures": 1} and kept() == {"Asha"} and files() == 0
    assert after(shop, 360) == {} and kept() == {"Asha"}
    assert after(shop, 367) == {"known": 1} and kept() == set()


def test_where_no_pictures_are_kept_those_that_are_there_go_and_the_vectors_stay(shop: Shop) -> None:
    came(shop, a_person(shop), [0.0, 0.1])
    wishes(shop, keeps_pictures=False)
    assert after(shop, 1) == {"pictures": 2} and files() == 0 and kept() == {"P_0001"}


def test_pictures_go_before_the_faces_that_they_show(shop: Shop, cast: Cast) -> None:
    wishes(shop, picture_days=3)
    came(shop, a_person(shop, customer=cast.asha), [0.0])
    assert after(shop, 4) == {"pictures": 1} and kept() == {"Asha"}


def test_what_a_camera_showed_when_it_was_tested_goes_too_also_where_it_is_off(shop: Shop) -> None:
    for name in ("On", "Off"):
        camera = a_camera(shop, name, recognises=name == "On")
        camera.still.save("still.jpg", ContentFile(b"whoever stood there"))
    assert after(shop, 29.9) == {} and after(shop, 30.1) == {"pictures": 2}
    assert (
        not default_storage.exists(str(camera.still.name)) and not Camera.objects.exclude(still="").exists()
    )
    camera.still.save("still.jpg", ContentFile(b"somebody else"))
    wishes(shop, keeps_pictures=False)
    assert after(shop, 1) == {"pictures": 1}


def test_any_number_goes_some_at_a_time(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    for place in range(3):
        came(shop, a_person(shop), [place, place + 0.1])
    assert after(shop, 31) == {"unnamed": 6, "pictures": 6} and files() == 0


def test_a_dispute_file_goes_when_it_expires_and_that_there_was_one_stays(shop: Shop, cast: Cast) -> None:
    name = default_storage.save("disputes/1.pdf", ContentFile(b"a file"))
    row = {"sale": sell(cast), "made_by": cast.meena, "made_at": NOW, "sha256": "0" * 64}
    DisputeFile.objects.create(shop=shop, file=name, expires_at=NOW + timedelta(days=30), **row)
    assert after(shop, 29) == {} and default_storage.exists(name)
    assert after(shop, 31) == {"disputes": 1} and not default_storage.exists(name)
    assert DisputeFile.objects.get().file.name == ""


def test_recordings_that_went_by_their_days_are_reported_too(
    shop: Shop, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    recording = a_recording(shop, NOW - timedelta(days=20), file="recordings/x.mp4", size_bytes=9)
    Camera.objects.update(kind=Camera.Kind.FOLDER)
    assert keeping.keep_within_quotas() == 1
    retention.clean_up(shop, NOW)
    (night,) = nights(shop)
    assert night.total == 1 and [count for _label, count in night.deleted] == [0, 0, 0, 1, 0]
    recording.refresh_from_db()
    assert not recording.file


def test_what_was_seen_of_a_recording_that_failed_goes_after_a_day(shop: Shop) -> None:
    recording = a_recording(shop, NOW, Recording.State.FAILED, plan={"info": "", "config": ""})
    (chunk,) = some_chunks(recording, 10)
    chunk.result.save("chunks/1/0.npz", ContentFile(b"vectors"))
    after(shop, 0.9)
    assert recording.chunks.exists()
    after(shop, 1.1)
    recording.refresh_from_db()
    assert not recording.chunks.exists() and recording.plan is None, "another try begins anew"


def test_another_shop_keeps_its_own(shop: Shop) -> None:
    neighbour = make_cast("next-door").shop
    came(neighbour, a_person(neighbour), [0.0])
    assert after(shop, 400) == {} and Template.objects.count() == 1


def test_a_manager_sees_what_went_in_which_night(
    shop: Shop, cast: Cast, client_of: SignIn, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    assert "Nothing was deleted yet" in client_of(cast.meena).get(PAGE).content.decode()
    for night in range(20):
        deleted = {"unnamed": night, "pictures": 2 * night}
        RetentionRun.objects.create(shop=shop, at=NOW - timedelta(days=night), deleted=deleted)
    client = client_of(cast.meena)
    with django_assert_max_num_queries(8):
        page = client.get(PAGE).content.decode()
    assert page.count("<progress") == 20 and 'value="57" max="57"' in page and "pictures: 38" in page
    assert client_of(cast.ravi).get(PAGE).status_code == 403
    stranger = client_of(make_cast("next-door").lakshmi)
    assert stranger.get(PAGE).status_code == 404
    assert "Nothing was deleted yet" in stranger.get(PAGE.replace("water", "next-door")).content.decode()
