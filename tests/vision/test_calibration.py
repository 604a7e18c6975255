"""Each camera's bars, fitted to pairs that nobody labelled; the truth is known here because the pairs are drawn."""

import math
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from scipy.stats import norm

from tests.base import Cast, make_cast
from tests.vision.scene import a_recording
from vision import pairs
from vision.faces import Floats
from vision.models import Calibration, Camera, Recording, VisionSettings
from vision.pairs import ACCEPT_FMR, Pairs, count_pairs, fit
from vision.pipeline import eye, eye_of
from vision.tasks import calibrate_cameras
from vision.tracking import Shot, Tracklet

GENERATOR = np.random.default_rng(7)
COLD = 0.36
SignIn = Callable[..., Client]


def drawn(impostors: int, genuine: int, *, apart: float = 0.66, spread: float = 0.08) -> Pairs:
    """Pairs of different people around `apart`, of one person around 0.24."""

    def steps(distances: np.ndarray) -> Counter[int]:
        return Counter((distances / pairs.STEP).astype(int).tolist())

    return Pairs(
        steps(GENERATOR.normal(apart, spread, impostors)), steps(GENERATOR.normal(0.24, 0.04, genuine))
    )


def followed(number: int, face: Floats, *, x: float, width: float, seconds: float = 8.0) -> Tracklet:
    """A face five times a second, with a shot each second."""
    times = [step / 5 for step in range(int(5 * seconds))]
    box = (x, 0.0, x + width, width)
    shots = [Shot(float(second), box, 0.8, face, b"") for second in range(int(seconds))]
    return Tracklet(number, times, [box] * len(times), [0.9] * len(times), shots)


def a_face(first: float) -> Floats:
    face = np.zeros(128, np.float32)
    face[0] = first
    return face


def test_two_faces_in_one_picture_are_two_people_and_one_face_is_one_person() -> None:
    near, far = (
        followed(1, a_face(0), x=0, width=70),
        followed(2, a_face(0.605), x=300, width=50),
    )
    assert count_pairs([near, far]) == {
        64.0: Pairs(impostor=Counter({60: 4}), genuine=Counter({0: 1})),
        math.inf: Pairs(genuine=Counter({0: 1})),
    }


def test_a_short_look_and_faces_at_different_times_are_no_pairs() -> None:
    brief = followed(1, a_face(0), x=0, width=70, seconds=4)
    later = followed(2, a_face(0.6), x=300, width=70)
    later.times = [time + 60 for time in later.times]
    assert count_pairs([brief]) == {}
    assert count_pairs([followed(3, a_face(0), x=0, width=70), later])[math.inf].impostor == Counter()


def test_what_is_counted_can_be_stored_and_added_up() -> None:
    counted = count_pairs([followed(1, a_face(0), x=0, width=70), followed(2, a_face(0.5), x=300, width=50)])
    whole = pairs.total([pairs.from_plain(pairs.as_plain(counted))] * 3)
    assert whole[64.0].impostor.total() == 12 and whole[math.inf].genuine.total() == 3
    assert whole[48.0] == Pairs()


@pytest.mark.parametrize("impostors", [4000, 40000])
def test_the_bar_lies_where_as_many_strangers_pass_as_are_wanted(impostors: int) -> None:
    """Of normally distributed pairs the true share below any bar is known, far beyond what can be counted."""
    fitted = [fit(64, drawn(impostors, 800, apart=0.72, spread=0.09), COLD) for _ in range(9)]
    true = [float(norm.cdf(found.bar.accept_at, 0.72, 0.09)) for found in fitted if found]
    assert ACCEPT_FMR / 3 < np.median(true) < ACCEPT_FMR * 3
    middle = fitted[0]
    assert middle and middle.fmr == pytest.approx(ACCEPT_FMR, rel=0.1)
    assert middle.bar.review_at > middle.bar.accept_at and middle.fnmr < 0.01


def test_the_share_of_one_person_beyond_the_bar_is_counted() -> None:
    counted = drawn(4000, 1000)
    counted.genuine = Counter({20: 900, 60: 100})
    fitted = fit(64, counted, COLD)
    assert fitted and fitted.fnmr == 0.1


def test_too_few_pairs_leave_the_cold_start_values() -> None:
    assert fit(64, drawn(1999, 5000), COLD) is None
    assert fit(64, drawn(5000, 499), COLD) is None
    assert fit(64, drawn(2000, 500), COLD) is not None


def test_a_camera_that_shows_nonsense_moves_the_bar_only_so_far() -> None:
    blurred = fit(64, drawn(4000, 800, apart=0.3), COLD)
    strange = fit(64, drawn(4000, 800, apart=1.2), COLD)
    assert blurred and blurred.bar.accept_at == pytest.approx(0.7 * COLD) and blurred.fmr > ACCEPT_FMR
    assert strange and strange.bar.accept_at == pytest.approx(1.5 * COLD)


def test_pairs_that_are_all_alike_can_be_fitted() -> None:
    fitted = fit(64, Pairs(Counter({70: 3000}), Counter({20: 600})), COLD)
    assert fitted and fitted.bar.accept_at == pytest.approx(1.5 * COLD)


@pytest.fixture
def camera(cast: Cast) -> Camera:
    """A camera with enough pairs of faces from 48 to 64 pixels, in two recordings."""
    counted = {eye().model_id: pairs.as_plain({64.0: drawn(3000, 400)})}
    yesterday = timezone.now() - timedelta(days=1)
    a_recording(cast.shop, yesterday, pairs=counted)
    return a_recording(cast.shop, yesterday, pairs=counted).camera


def test_the_daily_job_fits_each_camera_and_the_eye_uses_it(cast: Cast, camera: Camera) -> None:
    calibrate_cameras()
    row = Calibration.objects.get()
    assert (row.camera, row.up_to_px, row.impostor_pairs, row.genuine_pairs) == (camera, 64.0, 6000, 800)
    config = eye_of(camera)
    assert config.bar(60).accept_at == row.accept_at != config.accept_at
    assert config.bar(40).accept_at == config.bar(100).accept_at == config.accept_at, "the others are cold"
    calibrate_cameras()
    assert Calibration.objects.count() == 1


def test_old_recordings_and_those_of_another_network_do_not_count(cast: Cast, camera: Camera) -> None:
    calibrate_cameras()
    Recording.objects.filter(camera=camera).update(started_at=timezone.now() - timedelta(days=31))
    calibrate_cameras()
    assert not Calibration.objects.exists()


def test_the_page_shows_hills_bars_and_errors(cast: Cast, camera: Camera, client_of: SignIn) -> None:
    calibrate_cameras()
    page = client_of(cast.meena).get(f"/s/water/cameras/{camera.pk}/calibration/")
    text = page.content.decode()
    assert text.count("<polygon") == 2 and "6000 · 800" in text
    assert "FNMR" in text and "0 of 2000" in text, "the other bands are still learning"


def test_the_page_of_a_new_camera_says_how_much_is_missing(
    cast: Cast, client_of: SignIn, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    camera = Camera.objects.create(shop=cast.shop, name="Door")
    VisionSettings.of(cast.shop)
    client = client_of(cast.meena)
    address = f"/s/water/cameras/{camera.pk}/calibration/"
    client.get(address)
    with django_assert_num_queries(9):
        text = client.get(address).content.decode()
    assert text.count("0 of 2000") == 3 and "<polygon" not in text


def test_the_page_is_for_managers_of_the_shop(cast: Cast, camera: Camera, client_of: SignIn) -> None:
    assert client_of(cast.ravi).get(f"/s/water/cameras/{camera.pk}/calibration/").status_code == 403
    stranger = make_cast("milk")
    elsewhere = client_of(stranger.meena)
    assert elsewhere.get(f"/s/milk/cameras/{camera.pk}/calibration/").status_code == 404
