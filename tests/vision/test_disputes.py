"""The file for a dispute: made of an unpaid sale in one press, only the buyer sharp in it, gone after a while."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from sales.models import Sale
from tests.base import Cast, make_cast, sell
from tests.vision.conftest import write_clip
from tests.vision.scene import a_visit
from vision import disputes
from vision.models import DisputeFile, FaceView, Recording, SaleLink, Tracklet, Visit
from vision.picture import as_jpeg
from watershop.audit import Actor
from watershop.models import AuditEntry

SignIn = Callable[..., Client]
FACE = (0.4, 0.3, 0.5, 0.5)
OTHER = (0.62, 0.3, 0.7, 0.5)


def a_box(at: float, box: disputes.Box) -> list[float]:
    return [at, *box]


@pytest.fixture
def visit(cast: Cast) -> Visit:
    """Asha's stay of three minutes, shown by one face that was kept as a picture; its film is gone."""
    visit = a_visit(cast.shop, timezone.now() - timedelta(minutes=3), 180, picture=True)
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)
    face = Tracklet.objects.get(visit=visit)
    name = default_storage.save("faces/buyer.jpg", ContentFile(as_jpeg(noise)))
    Tracklet.objects.filter(pk=face.pk).update(picture=name, boxes=[a_box(3.0, FACE), a_box(40.0, FACE)])
    return visit


def an_unpaid_sale(cast: Cast, visit: Visit | None = None, state: str = "confirmed") -> int:
    sale = sell(cast, 2, customer=cast.asha, is_paid=False, sold_at=timezone.now() - timedelta(minutes=1))
    if visit:
        decided_at = timezone.now() if state == "confirmed" else None
        SaleLink.objects.create(
            shop=cast.shop, sale=sale, visit=visit, confidence=0.99, state=state, decided_at=decided_at
        )
    return sale.pk


def text_of(file: DisputeFile) -> str:
    with file.file.open() as stored:
        return str(stored.read(), "utf-8")


def test_one_press_makes_a_page_with_receipt_clerk_history_and_two_pictures(
    cast: Cast, visit: Visit, client_of: SignIn
) -> None:
    sale = an_unpaid_sale(cast, visit)
    client = client_of(cast.meena)
    answer = client.post(f"/s/water/sales/{sale}/dispute/", follow=True)
    page = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    for text in ("Asha", "₹40.00", "ravi", "Recorded", "Counter"):
        assert text in page, text
    assert page.count("data:image/jpeg;base64,") == 2
    assert "http" not in page.replace("http-equiv", "")
    assert "sandbox" in answer["Content-Security-Policy"] and answer["Cache-Control"] == "no-store"
    made = DisputeFile.objects.get()
    assert AuditEntry.objects.filter(action="make_dispute_file", subject_id=sale).exists()
    assert AuditEntry.objects.filter(action="read_dispute_file", subject_id=made.pk).count() == 1
    assert FaceView.objects.get(what="dispute").person == visit.person
    assert f"/s/water/disputes/{made.pk}/" in client.get(f"/s/water/sales/{sale}/visits/").content.decode()


def test_a_visit_that_is_only_suggested_shows_no_picture(cast: Cast, visit: Visit) -> None:
    sale = an_unpaid_sale(cast, visit, state="suggested")
    made = disputes.make(Sale.objects.get(pk=sale), Actor(cast.meena, "tests"))
    assert "data:image" not in text_of(made)


def test_a_paid_sale_has_no_dispute(cast: Cast, client_of: SignIn) -> None:
    sale = sell(cast, customer=cast.asha)
    with pytest.raises(ValidationError):
        disputes.make(sale, Actor(cast.meena, "tests"))
    assert (
        "Dispute file" not in client_of(cast.meena).get(f"/s/water/sales/{sale.pk}/visits/").content.decode()
    )


def test_the_film_is_blurred_around_the_buyer(cast: Cast, visit: Visit, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4")
    name = default_storage.save("recordings/clip.mp4", ContentFile(clip.read_bytes()))
    Recording.objects.update(file=name)
    Tracklet.objects.update(boxes=[a_box(1.0, FACE), a_box(1.4, FACE), a_box(3.0, FACE)])
    sale = an_unpaid_sale(cast, visit, state="linked")
    made = disputes.make(Sale.objects.get(pk=sale), Actor(cast.meena, "tests"))
    assert text_of(made).count("data:image") == 2


def test_only_the_buyer_is_sharp_and_a_face_beside_them_is_not() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (400, 600, 3), np.uint8)
    moment = disputes.Moment(Tracklet(), 1.0, FACE, (OTHER,))
    shown = cv2.imdecode(np.frombuffer(disputes.blurred(as_jpeg(noise), moment), np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None

    def detail(x1: float, y1: float, x2: float, y2: float) -> float:
        part = shown[int(y1 * 400) : int(y2 * 400), int(x1 * 600) : int(x2 * 600)]
        return float(part.std())

    assert detail(*FACE) > 40
    for blurred in ((0.0, 0.0, 0.25, 1.0), (0.75, 0.0, 1.0, 1.0), (0.63, 0.32, 0.69, 0.48)):
        assert detail(*blurred) < 15


def test_the_two_pictures_are_of_different_moments(cast: Cast, visit: Visit) -> None:
    Tracklet.objects.update(boxes=[a_box(1.0, FACE), a_box(1.4, FACE), a_box(9.0, OTHER)])
    assert [moment.seconds for moment in disputes.best_moments(visit)] == [1.0, 9.0]


def test_an_expired_file_is_not_shown(cast: Cast, visit: Visit, client_of: SignIn) -> None:
    made = disputes.make(Sale.objects.get(pk=an_unpaid_sale(cast, visit)), Actor(cast.meena, "tests"))
    past = timezone.now() - timedelta(days=1)
    DisputeFile.objects.update(made_at=past - timedelta(days=30), expires_at=past)
    answer = client_of(cast.meena).get(f"/s/water/disputes/{made.pk}/")
    assert answer.status_code == 302


def test_clerks_and_other_shops_get_no_file(cast: Cast, visit: Visit, client_of: SignIn) -> None:
    sale = an_unpaid_sale(cast, visit)
    assert client_of(cast.ravi).post(f"/s/water/sales/{sale}/dispute/").status_code == 403
    made = disputes.make(Sale.objects.get(pk=sale), Actor(cast.meena, "tests"))
    assert client_of(cast.ravi).get(f"/s/water/disputes/{made.pk}/").status_code == 403
    neighbour = make_cast("next-door")
    client = client_of(neighbour.meena)
    assert client.get(f"/s/next-door/disputes/{made.pk}/").status_code == 404
    assert client.post(f"/s/next-door/sales/{sale}/dispute/").status_code == 404
