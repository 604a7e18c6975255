"""A shop that changes its engine keeps everybody it knows: `reembed` makes their vectors anew from the pictures."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from tests.base import TESTS, Cast, make_cast
from tests.vision.scene import a_person, a_recording
from tests.vision.test_faces import portrait
from tests.vision.tiny_networks import tiny_arcface, tiny_scrfd
from vision import gallery, pipeline, reembedding
from vision.arcface import ArcFace
from vision.candidates import crop
from vision.embedding import Dlib
from vision.faces import WHOLE, Hog
from vision.frames import Image
from vision.models import Person, Template, Tracklet
from vision.picture import as_jpeg
from watershop.models import AuditEntry, Shop

OLD = "some-older-net"


@pytest.fixture(autouse=True)
def insightface(tmp_path: Path, settings: Settings) -> str:
    """The present engine, of tiny networks; its model's id."""
    settings.VISION_ENGINE = "insightface"
    settings.VISION_SCRFD_MODEL = str(tiny_scrfd(tmp_path / "scrfd.onnx"))
    settings.VISION_ARCFACE_MODEL = str(tiny_arcface(tmp_path / "arcface.onnx"))
    return ArcFace(Path(settings.VISION_ARCFACE_MODEL)).model_id


def a_picture(blue: int = 0, cell: tuple[int, int] = (112, 112)) -> Image:
    """What the tiny detector takes for a face, 24 pixels wide, on a ground of some colour."""
    picture = np.zeros((240, 240, 3), np.uint8)
    picture[..., 0] = blue
    x, y = cell
    picture[y : y + 8, x : x + 8] = (0, 0, 255)
    return picture


def a_face(
    shop: Shop, person: Person | None = None, picture: Image | None = None, *, is_enrolled: bool = True
) -> Template:
    """A tracklet with its picture and the vector that an older network made of it."""
    recording = a_recording(shop, timezone.now())
    name = f"faces/{recording.pk}/1.jpg"
    if picture is not None:
        name = default_storage.save(name, ContentFile(as_jpeg(picture)))
    seen = {"recording": recording, "number": 1, "started_s": 0, "ended_s": 1, "quality": 0.7}
    row = {"person": person, "is_enrolled": is_enrolled and person is not None, "quality": 0.7}
    tracklet = Tracklet.objects.create(shop=shop, person=person, picture=name, **seen)
    return Template.objects.create(shop=shop, tracklet=tracklet, model_id=OLD, vector=[0.5] * 4, **row)


def reembed(*arguments: str) -> str:
    said = io.StringIO()
    call_command("reembed", *arguments, stdout=said)
    return said.getvalue()


@pytest.fixture
def small_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny detector's faces are 24 pixels wide, whatever the picture."""
    monkeypatch.setattr(reembedding, "AROUND", 10.0)


@pytest.mark.usefixtures("small_faces")
def test_each_known_face_gets_a_vector_of_the_new_network_for_the_same_person(
    cast: Cast, insightface: str
) -> None:
    asha, bala = a_person(cast.shop), a_person(cast.shop)
    rows = [
        a_face(cast.shop, asha, a_picture()),
        a_face(cast.shop, bala, a_picture(250), is_enrolled=False),
        a_face(cast.shop, None, a_picture()),
    ]
    before = list(Template.objects.order_by("pk").values())
    assert f"water: 3 faces have a vector of {insightface} now" in reembed("--shop", "water")
    new = list(Template.objects.filter(model_id=insightface).order_by("pk"))
    for old, made in zip(rows, new, strict=True):
        same = ("person_id", "tracklet_id", "is_enrolled", "quality", "shop_id")
        assert [getattr(old, name) for name in same] == [getattr(made, name) for name in same]
        assert np.linalg.norm(made.vector) == pytest.approx(1)
    assert not np.allclose(new[0].vector, new[1].vector, atol=0.1)
    assert np.allclose(new[0].vector, new[2].vector)
    assert list(Template.objects.filter(model_id=OLD).order_by("pk").values()) == before
    assert gallery.known(cast.shop, insightface).owners.tolist() == [
        asha.pk,
        asha.pk,
    ]  # the template and the mean
    audited = AuditEntry.objects.get(action="reembed")
    assert audited.after == {"model": insightface, "made": 3, "dropped": 0}


@pytest.mark.usefixtures("small_faces")
def test_done_again_it_does_nothing_and_what_came_between_is_done(cast: Cast, insightface: str) -> None:
    a_face(cast.shop, a_person(cast.shop), a_picture())
    reembed()
    assert "water: 0 faces" in reembed()
    a_face(cast.shop, a_person(cast.shop), a_picture())
    assert "water: 1 faces" in reembed()
    assert Template.objects.filter(model_id=insightface).count() == 2
    assert AuditEntry.objects.filter(action="reembed").count() == 2


@pytest.mark.usefixtures("small_faces")
def test_stopped_in_the_middle_it_goes_on_from_there(
    cast: Cast, insightface: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reembedding, "BATCH", 1)
    for _ in range(3):
        a_face(cast.shop, a_person(cast.shop), a_picture())

    def stop(fraction: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reembedding.renew(cast.shop, pipeline.eye(), TESTS, on_progress=stop)
    assert Template.objects.filter(model_id=insightface).count() == 1
    assert "water: 2 faces" in reembed()


@pytest.mark.usefixtures("small_faces")
def test_faces_that_cannot_be_done_are_counted_with_the_reason(cast: Cast, insightface: str) -> None:
    person = a_person(cast.shop)
    a_face(cast.shop, person)  # its picture is gone
    a_face(cast.shop, person, np.zeros((90, 90, 3), np.uint8))
    a_face(cast.shop, person, a_picture(cell=(24, 24)))  # somebody else in the corner
    said = reembed()
    assert "1 could not be done: their picture is gone" in said
    assert "2 could not be done: no face is found in their picture" in said
    assert not Template.objects.filter(model_id=insightface).exists()


@pytest.mark.usefixtures("small_faces")
def test_old_vectors_go_on_request_but_never_the_only_one(cast: Cast, insightface: str) -> None:
    a_face(cast.shop, a_person(cast.shop), a_picture())
    kept = a_face(cast.shop, a_person(cast.shop))
    assert "1 old ones deleted" in reembed("--drop-old")
    assert set(Template.objects.values_list("model_id", "tracklet")) == {
        (OLD, kept.tracklet_id),
        (insightface, Template.objects.get(model_id=insightface).tracklet_id),
    }


@pytest.mark.usefixtures("small_faces")
def test_only_the_shop_that_is_named_is_done(cast: Cast, insightface: str) -> None:
    other = make_cast("tea").shop
    for shop in (cast.shop, other):
        a_face(shop, a_person(shop), a_picture())
    reembed("--shop", "water")
    assert list(Template.objects.filter(model_id=insightface).values_list("shop", flat=True)) == [
        cast.shop.pk
    ]
    with pytest.raises(CommandError, match="tea, water"):
        reembed("--shop", "coffee")


def test_an_engine_that_is_not_there_is_said(cast: Cast, settings: Settings) -> None:
    settings.VISION_ARCFACE_MODEL = "/nowhere.onnx"
    with pytest.raises(CommandError, match="which is not there"):
        call_command("reembed", skip_checks=True)


def test_a_kept_picture_says_as_much_as_the_film_did(
    cast: Cast, settings: Settings, models_dir: Path
) -> None:
    settings.VISION_ENGINE, settings.VISION_YUNET_MODEL, settings.VISION_MODEL_DIR = "dlib", None, models_dir
    film, engine = portrait(), Dlib(models_dir)
    (face,) = Hog(0.5).detect(film, [WHOLE])
    small = np.asarray(cv2.resize(film, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
    x1, y1, x2, y2 = (corner / 2 for corner in face.box)
    kept = cv2.imdecode(np.frombuffer(crop(small, (x1, y1, x2, y2)), np.uint8), cv2.IMREAD_COLOR)
    a_face(cast.shop, a_person(cast.shop), np.asarray(kept, np.uint8))
    assert "water: 1 faces" in reembed()
    made = Template.objects.get(model_id=engine.model_id)
    assert np.linalg.norm(made.vector - engine.embed(engine.chip(film, face)[None])[0]) < 0.2
