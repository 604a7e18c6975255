"""A customer who agreed has their face taken: what will do, what will not, and whose face it is."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from tests.base import TESTS, Cast, make_cast
from tests.vision.crowd import a_face, came
from tests.vision.scene import JPEG, a_person, agrees
from tests.vision.test_faces import portrait
from vision import gallery
from vision.config import VisionConfig
from vision.embedding import MODEL_ID
from vision.models import Person, Template, VisionSettings
from vision.picture import as_jpeg
from vision.portraits import PortraitFace, looked_at
from vision.privacy import enrolment
from watershop.models import AuditEntry, Right, Role, RoleRight

SignIn = Callable[..., Client]


@pytest.fixture(autouse=True)
def _own_eye(settings: Settings, models_dir: Path) -> None:
    settings.VISION_MODEL_DIR, settings.VISION_YUNET_MODEL = models_dir, None


@pytest.fixture
def ravi(cast: Cast, client_of: SignIn) -> Client:
    return client_of(cast.ravi)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Says what the child will find in the next pictures: a face at a place on the line (`crowd`) in each."""

    def show(*places: float, verdict: str = "") -> None:
        faces = [[PortraitFace((0, 0, 1, 1), 100, verdict, 0.9, a_face(at), JPEG)] for at in places]
        monkeypatch.setattr(enrolment, "looked_at", lambda pictures, config: [tuple(face) for face in faces])

    return show


def address(cast: Cast, page: str = "enrol/") -> str:
    return f"/s/water/customers/{cast.asha.pk}/face/{page}"


def take(cast: Cast, *, is_another: bool = False) -> list[str]:
    return enrolment.take(cast.asha, [b""], TESTS, is_another=is_another)


def test_each_picture_gets_a_verdict_in_a_child_process(eye: VisionConfig) -> None:
    good = portrait(21)
    pictures = {
        "": good,
        enrolment.SEVERAL: np.hstack([good, portrait(16)]),
        enrolment.NOBODY: np.full_like(good, 150),
        "blur": cv2.GaussianBlur(good, (0, 0), 4),
        "dark": good * 0.3,
        "glaring": np.clip(good * 2.0 + 60, 0, 255),
        "width": cv2.resize(good, None, fx=0.6, fy=0.6),
    }
    files = [as_jpeg(np.asarray(picture, np.uint8)) for picture in pictures.values()]
    seen = looked_at([*files, b"no picture"], eye.with_changes(shot_min_px=enrolment.LEAST_PX))
    assert [enrolment.verdict_of(portrait) for portrait in seen] == [*pictures, enrolment.UNREADABLE]
    assert seen[0] and seen[0][0].vector.shape == (128,) and seen[0][0].jpeg.startswith(b"\xff\xd8")


def test_consent_comes_before_the_camera(cast: Cast, ravi: Client) -> None:
    assert ravi.get(address(cast))["Location"] == address(cast, "agree/")
    with pytest.raises(ValidationError, match="not agreed"):
        take(cast)
    foreign = make_cast("next-door").asha
    assert ravi.get(f"/s/water/customers/{foreign.pk}/face/enrol/").status_code == 404
    RoleRight.objects.create(shop=cast.shop, role=Role.STAFF, right=Right.SEE_FACES, is_allowed=False)
    assert ravi.get(address(cast)).status_code == 403


def test_pictures_handed_in_by_the_form_make_a_person_of_the_customer(
    cast: Cast, ravi: Client, shown: Callable[..., None]
) -> None:
    consent = agrees(cast.asha)
    assert "data-portraits" in ravi.get(address(cast)).content.decode()
    shown(0.0, 3.0)
    files = [SimpleUploadedFile(name, JPEG) for name in ("a.jpg", "b.jpg")]
    page = ravi.post(address(cast), {"pictures": files}).content.decode()
    assert "Good" in page and "Not the same face" in page and 'data-taken="1"' in page
    person = Person.objects.get(customer=cast.asha)
    row = Template.objects.get()
    assert (row.person, row.consent, row.is_enrolled, row.model_id) == (person, consent, True, MODEL_ID)
    assert b"".join(ravi.get(f"/s/water/faces/taken/{row.pk}.jpg")).startswith(b"\xff\xd8")
    assert AuditEntry.objects.get(action="enrol_face").after == {"pictures": 1}


def test_what_is_not_the_face_of_the_other_pictures_is_not_kept(
    cast: Cast, shown: Callable[..., None]
) -> None:
    agrees(cast.asha)
    shown(0.0, 0.3, 2.0)
    assert take(cast) == ["", "", enrolment.OTHER]
    shown(2.0)
    assert take(cast) == [enrolment.OTHER] and Template.objects.count() == 2
    assert take(cast, is_another=True) == [""]
    assert [row.templates.count() for row in Person.objects.order_by("pk")] == [2, 1]
    shown(2.1, verdict="blur")
    assert take(cast) == ["blur"] and Template.objects.count() == 3


def test_a_person_of_the_account_without_a_face_gets_it(cast: Cast, shown: Callable[..., None]) -> None:
    person = a_person(cast.shop, customer=cast.asha)
    shown(0.0)
    take(cast)
    assert Template.objects.get().person == person and Person.objects.count() == 1


@pytest.mark.parametrize("said", ["same", "other", "discard"])
def test_a_face_that_looks_like_somebody_elses_is_asked_about(
    cast: Cast, ravi: Client, shown: Callable[..., None], said: str
) -> None:
    stranger = a_person(cast.shop)
    came(cast.shop, stranger, [0.0, 0.1])
    agrees(cast.asha)
    shown(0.2)
    take(cast)
    row = Template.objects.get(consent__isnull=False)
    assert row.person is None and not row.is_enrolled
    assert f"looks like {stranger.code}" in ravi.get(address(cast)).content.decode()
    ravi.post(address(cast, "whose/"), {"do": said})
    stranger.refresh_from_db()
    assert stranger.customer == (cast.asha if said == "same" else None)
    rows = Template.objects.filter(consent__isnull=False)
    whose = {"same": [stranger.pk], "other": [stranger.pk + 1], "discard": []}
    assert [row.person_id for row in rows] == whose[said]
    assert default_storage.exists(str(row.picture.name)) or said == "discard"


def test_the_face_of_another_customer_makes_nobody_two(
    cast: Cast, ravi: Client, shown: Callable[..., None]
) -> None:
    came(cast.shop, a_person(cast.shop, customer=cast.bala), [0.0])
    agrees(cast.asha)
    shown(0.1)
    take(cast)
    answer = ravi.post(address(cast, "whose/"), {"do": "same"}, follow=True).content.decode()
    assert "This is the face of Bala" in answer and not Person.objects.filter(customer=cast.asha).exists()


def test_one_person_of_the_account_and_a_stranger_with_that_face_become_one(
    cast: Cast, ravi: Client, shown: Callable[..., None]
) -> None:
    own = a_person(cast.shop, customer=cast.asha)
    came(cast.shop, own, [0.0])
    stranger = a_person(cast.shop)
    came(cast.shop, stranger, [0.45], hour=1)
    shown(0.3)
    take(cast)
    ravi.post(address(cast, "whose/"), {"do": "same"})
    own.refresh_from_db()
    assert (
        own.merged_into == stranger and Person.objects.get(customer=cast.asha, merged_into=None) == stranger
    )


def test_a_shop_that_keeps_no_pictures_keeps_the_vector_alone(
    cast: Cast, ravi: Client, shown: Callable[..., None]
) -> None:
    VisionSettings.of(cast.shop)
    VisionSettings.objects.update(keeps_pictures=False)
    agrees(cast.asha)
    shown(0.0)
    take(cast)
    row = Template.objects.get()
    assert not row.picture and row.is_enrolled
    assert ravi.get(f"/s/water/faces/taken/{row.pk}.jpg").status_code == 404
    assert 'data-taken="1"' in ravi.get(address(cast)).content.decode()


def test_pictures_taken_here_get_vectors_of_a_new_network_as_others_do(
    cast: Cast, shown: Callable[..., None]
) -> None:
    agrees(cast.asha)
    shown(0.0, 0.1)
    take(cast)
    Template.objects.update(model_id="older")
    old = list(gallery.outdated_portraits(cast.shop, MODEL_ID))
    assert len(old) == 2
    assert gallery.renew_portraits(cast.shop, {pk: a_face(0.5) for pk in old}, MODEL_ID) == 2
    assert not gallery.outdated_portraits(cast.shop, MODEL_ID).exists()
    news = Template.objects.filter(model_id=MODEL_ID)
    assert {(row.person, row.is_enrolled) for row in news} == {(Person.objects.get(), True)}
    assert gallery.drop_outdated(cast.shop, MODEL_ID) == 2
    assert all(default_storage.exists(str(row.picture.name)) for row in news)


def test_too_many_pictures_at_once_are_refused(cast: Cast, ravi: Client) -> None:
    agrees(cast.asha)
    files = [SimpleUploadedFile(f"{n}.jpg", b"x") for n in range(9)]
    answer = ravi.post(address(cast), {"pictures": files})
    assert answer.status_code == 422 and "At most 8 pictures" in answer.content.decode()
