"""A camera's name and password: kept encrypted, taken out of pasted addresses, lost with the secret key."""

import pytest
from pytest_django import Settings

from tests.base import Cast
from vision.logins import LoginLost, camera_url, set_login, without_login
from vision.models import Camera


@pytest.fixture
def camera(cast: Cast) -> Camera:
    return Camera.objects.create(
        shop=cast.shop, name="Door", kind=Camera.Kind.STREAM, address="rtsp://10.0.0.7:554/Streaming/101?x=1"
    )


def test_a_login_is_stored_encrypted_and_comes_back_in_the_address(camera: Camera) -> None:
    set_login(camera, "admin", "p@ss:/?# ü")
    camera.refresh_from_db()
    assert "admin" not in camera.login and "p@ss" not in camera.login
    assert camera_url(camera) == ("rtsp://admin:p%40ss%3A%2F%3F%23%20%C3%BC@10.0.0.7:554/Streaming/101?x=1")
    assert without_login(camera_url(camera)) == (camera.address, "admin", "p@ss:/?# ü")


def test_a_camera_that_asks_for_nothing_has_its_plain_address(camera: Camera) -> None:
    set_login(camera, "admin", "secret")
    set_login(camera, "", "")
    assert camera.login == "" and camera_url(camera) == camera.address


def test_another_secret_key_asks_for_the_password_again(camera: Camera, settings: Settings) -> None:
    set_login(camera, "admin", "secret")
    settings.SECRET_KEY = "another key"
    with pytest.raises(LoginLost, match="Write it again"):
        camera_url(camera)


@pytest.mark.parametrize(
    ("pasted", "split"),
    [
        ("rtsp://10.0.0.7/live", ("rtsp://10.0.0.7/live", "", "")),
        ("rtsp://u:p@10.0.0.7/live", ("rtsp://10.0.0.7/live", "u", "p")),
        ("rtsp://u:p@ss@10.0.0.7/live", ("rtsp://10.0.0.7/live", "u", "p@ss")),
        ("http://u@[fe80::1]:81/", ("http://[fe80::1]:81/", "u", "")),
        ("/dev/video0", ("/dev/video0", "", "")),
    ],
)
def test_a_pasted_address_is_split(pasted: str, split: tuple[str, str, str]) -> None:
    assert without_login(pasted) == split
