"""The pages of cameras: add, change, test with a still and a plain fault, draw, check the placement; for managers."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from django.core.files import File
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from tests.base import TESTS, Cast, make_cast
from tests.vision.cameras import LOGIN, camera_server
from tests.vision.conftest import MadeClip, write_clip
from tests.vision.scene import a_recording
from vision import cameras
from vision.logins import camera_url
from vision.models import Camera, VisionSettings
from watershop import jobs
from watershop.models import AuditEntry, Job, RoleRight

PAGE = "/s/water/cameras/"
SignIn = Callable[..., Client]
BLANK = {"rotation": 0, "min_face_px": 36, "keep_days": 14, "keep_gb": 50}


@pytest.fixture
def meena(cast: Cast, client_of: SignIn) -> Client:
    return client_of(cast.meena)


@pytest.fixture
def network(tmp_path: Path, settings: Settings) -> Iterator[str]:
    """A camera in the network that sends a clip."""
    settings.VISION_ASKS_ITSELF = True
    with camera_server(write_clip(tmp_path / "clip.ts", seconds=2)) as url:
        yield url


def a_camera(cast: Cast, **fields: object) -> Camera:
    fields = {"name": "Door", "kind": Camera.Kind.STREAM, "address": "rtsp://10.0.0.7:554/live"} | fields
    return Camera.objects.create(shop=cast.shop, **fields)


def size(jpeg: bytes) -> tuple[int, ...]:
    """Height and width."""
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)).shape[:2]


def test_make_and_number_fill_the_address_and_the_login_is_never_shown_again(
    cast: Cast, meena: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cameras, "take_still", lambda camera: "unreachable")
    form = {"name": "Door", "brand": "hikvision", "host": "192.168.1.64", "channel": 2, "is_on": "on"}
    answer = meena.post(
        f"{PAGE}add/stream/", BLANK | form | {"login_name": "admin", "login_password": "s3cret/"}, follow=True
    )
    camera = Camera.objects.get()
    assert camera.address == "rtsp://192.168.1.64:554/Streaming/Channels/201"
    assert camera_url(camera) == camera.address.replace("//", "//admin:s3cret%2F@")
    assert "can&#x27;t be reached" in answer.content.decode()
    texts = [
        answer.content.decode(),
        meena.get(PAGE).content.decode(),
        meena.get(f"{PAGE}{camera.pk}/").content.decode(),
    ]
    texts += [str(entry.before) + str(entry.after) for entry in AuditEntry.objects.all()]
    texts.append(repr(camera.__dict__))
    assert not any("s3cret" in text for text in texts)
    assert not any("admin" in text for text in texts[-2:])


def test_a_pasted_login_is_taken_out_of_the_address(cast: Cast, meena: Client) -> None:
    camera = a_camera(cast)
    meena.post(
        f"{PAGE}{camera.pk}/", BLANK | {"name": "Door", "address": "rtsp://admin:s3cret@10.0.0.7:554/live"}
    )
    camera.refresh_from_db()
    assert camera.address == "rtsp://10.0.0.7:554/live"
    assert camera_url(camera) == "rtsp://admin:s3cret@10.0.0.7:554/live"
    assert AuditEntry.objects.filter(action="change_camera_login").count() == 1


def test_a_kept_password_does_not_go_to_another_address(cast: Cast, meena: Client) -> None:
    camera = a_camera(cast)
    meena.post(
        f"{PAGE}{camera.pk}/",
        BLANK | {"name": "Door", "address": camera.address, "login_name": "a", "login_password": "b"},
    )
    same = meena.post(f"{PAGE}{camera.pk}/", BLANK | {"name": "Door", "address": "rtsp://10.0.0.7:554/other"})
    other = meena.post(f"{PAGE}{camera.pk}/", BLANK | {"name": "Door", "address": "rtsp://10.6.6.6:554/live"})
    assert (same.status_code, other.status_code) == (302, 422)
    camera.refresh_from_db()
    assert camera_url(camera) == "rtsp://a:b@10.0.0.7:554/other"


@pytest.mark.parametrize(
    "address",
    ["file:///etc/passwd", "http://127.0.0.1/", "http://169.254.169.254/latest/", "rtsp://", "http://[x/"],
)
def test_what_is_no_camera_is_refused(cast: Cast, meena: Client, settings: Settings, address: str) -> None:
    settings.VISION_ASKS_ITSELF = False
    answer = meena.post(f"{PAGE}add/stream/", BLANK | {"name": "Door", "address": address})
    assert answer.status_code == 422 and not Camera.objects.exists()
    kept = a_camera(cast, address="http://127.0.0.1:1/")
    assert cameras.take_still(kept) == "refused", "and what is stored already is not asked either"


def test_a_folder_lies_where_the_server_may_look(
    cast: Cast, meena: Client, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "watched" / "yard").mkdir(parents=True)
    settings.WATCH_ROOT = str(tmp_path / "watched")
    form = BLANK | {"name": "Yard", "is_on": "on"}
    for address in ("..", "/etc", "nowhere"):
        assert meena.post(f"{PAGE}add/folder/", form | {"address": address}).status_code == 422
    assert meena.post(f"{PAGE}add/folder/", form | {"address": "yard"}).status_code == 302


def test_a_test_shows_a_still(cast: Cast, meena: Client, network: str) -> None:
    name, password = LOGIN.split(":")
    form = {"name": "Door", "address": f"{network}/locked", "login_name": name, "login_password": password}
    page = meena.post(f"{PAGE}add/stream/", BLANK | form, follow=True).content.decode()
    camera = Camera.objects.get()
    assert "The camera sends pictures." in page and f"{camera.pk}/still.jpg" in page
    assert camera.seen_at is not None and camera.fault == ""
    still = meena.get(f"{PAGE}{camera.pk}/still.jpg")
    assert (still["Content-Type"], still["Cache-Control"]) == ("image/jpeg", "no-store")
    assert size(still.getvalue()) == (192, 320)


@pytest.mark.parametrize(
    ("path", "fault", "says"),
    [
        ("/locked", "password", "refuses the name or the password"),
        ("/page", "codec", "format is not supported"),
    ],
)
def test_a_fault_is_said_with_what_to_do(
    cast: Cast, meena: Client, network: str, path: str, fault: str, says: str
) -> None:
    camera = a_camera(cast, address=network + path)
    page = meena.post(f"{PAGE}{camera.pk}/test/", follow=True).content.decode()
    camera.refresh_from_db()
    assert camera.fault == fault and says in page and not camera.still
    assert "secret page" not in page


def test_the_still_of_uploaded_recordings_is_a_picture_of_the_newest(
    cast: Cast, tmp_path: Path, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    recording = a_recording(cast.shop, timezone.now(), duration_s=4)
    camera = recording.camera
    assert cameras.take_still(camera) == "nothing_recorded"
    with write_clip(tmp_path / "clip.mp4").open("rb") as file:
        recording.file.save("recordings/clip.mp4", File(file))
    assert cameras.take_still(camera) == "" and camera.still
    first = camera.still.name
    with django_capture_on_commit_callbacks(execute=True):
        cameras.take_still(camera)
    assert not camera.still.storage.exists(str(first)), "the old picture goes"


def test_a_plugged_in_camera_that_is_being_watched_shows_its_newest_recording(
    cast: Cast, tmp_path: Path
) -> None:
    camera = a_recording(cast.shop, timezone.now(), duration_s=4).camera
    camera.kind, camera.address, camera.seen_at = Camera.Kind.DEVICE, "/dev/video0", timezone.now()
    camera.save()
    with write_clip(tmp_path / "clip.mp4").open("rb") as file:
        camera.recordings.get().file.save("recordings/clip.mp4", File(file))
    assert cameras.take_still(camera) == "" and camera.still


def test_what_is_drawn_is_kept_within_the_picture_and_recorded(cast: Cast, meena: Client) -> None:
    camera = a_camera(cast)
    drawn = {"region": "", "counter": "10,20 120,20 90,-5", "door": "40,90 60,90"}
    meena.post(f"{PAGE}{camera.pk}/draw/", drawn)
    camera.refresh_from_db()
    assert camera.counter == [[0.1, 0.2], [1.0, 0.2], [0.9, 0.0]]
    assert camera.scene.door == ((0.4, 0.9), (0.6, 0.9)) and camera.region == []
    assert AuditEntry.objects.get(action="draw_camera").subject_id == camera.pk
    Camera.objects.update(still="stills/door.jpg")
    page = meena.get(f"{PAGE}{camera.pk}/").content.decode()
    assert 'points="10.0,20.0 100.0,20.0 90.0,0.0"' in page, "drawn on the still"
    assert 'value="10.0,20.0 100.0,20.0 90.0,0.0"' in page, "and as numbers"


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("counter", "10,20 30,40"),
        ("counter", "10,20 10,20 10,20"),
        ("door", "10,20 30,40 50,60"),
        ("door", "10,20"),
        ("region", "ten,twenty"),
        ("region", "nan,1 2,2 3,3"),
        ("region", "1,2,3 4,5 6,7"),
    ],
)
def test_what_is_no_place_is_refused(cast: Cast, meena: Client, place: str, text: str) -> None:
    camera = a_camera(cast)
    assert meena.post(f"{PAGE}{camera.pk}/draw/", {place: text}).status_code == 422
    camera.refresh_from_db()
    assert getattr(camera, place) == []


def test_a_camera_that_is_turned_takes_its_picture_and_its_places_along(
    cast: Cast, meena: Client, network: str
) -> None:
    camera = a_camera(cast, address=f"{network}/live", counter=[[0.1, 0.2], [0.5, 0.2], [0.5, 0.6]])
    cameras.take_still(camera)
    meena.post(f"{PAGE}{camera.pk}/", BLANK | {"name": "Door", "address": camera.address, "rotation": 90})
    camera.refresh_from_db()
    assert camera.counter == pytest.approx(np.array([[0.8, 0.1], [0.8, 0.5], [0.4, 0.5]]))
    with camera.still.open() as file:
        assert size(file.read()) == (320, 192)
    assert cameras.take_still(camera) == ""
    with camera.still.open() as file:
        assert size(file.read()) == (320, 192)


def test_two_who_press_test_at_once_leave_one_picture(
    cast: Cast, network: str, settings: Settings, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    one = a_camera(cast, address=f"{network}/live")
    other = Camera.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        assert (cameras.take_still(one), cameras.take_still(other)) == ("", "")
    left = [path.name for path in (Path(settings.MEDIA_ROOT) / "stills").iterdir()]
    assert left == [Path(str(Camera.objects.get().still.name)).name]


def test_the_placement_check_finds_the_faces_of_a_recording_and_says_so(
    cast: Cast, meena: Client, made_clip: MadeClip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cameras, "PLACEMENT_S", 4.0)
    recording = a_recording(cast.shop, timezone.now(), duration_s=2 * made_clip.truth[0].entry_s + 8)
    with made_clip.path.open("rb") as file:
        recording.file.save("recordings/made.mp4", File(file))
    camera = recording.camera
    meena.post(f"{PAGE}{camera.pk}/check/")
    job = Job.objects.get(name=cameras.CHECK)
    assert (job.cluster, job.subject_id) == ("video", camera.pk)
    assert "hx-get" in meena.get(f"{PAGE}{camera.pk}/").content.decode().split("<main")[1]
    jobs.run(job.pk)
    camera.refresh_from_db()
    assert camera.placement is not None and camera.placement["faces"] > 0, camera.placement
    page = meena.get(f"{PAGE}{camera.pk}/").content.decode()
    assert 'class="face-box' in page and "Faces that can be compared" in page
    assert meena.get(f"{PAGE}{camera.pk}/progress/")["HX-Refresh"] == "true"


def test_the_settings_of_the_eye_show_what_each_gate_refused(cast: Cast, meena: Client) -> None:
    now = timezone.now()
    for refused in ({"blur": 30}, {"blur": 10, "pose": 20}):
        a_recording(cast.shop, now, summary={"faces": 100, "refused": refused})
        now += timedelta(hours=1)
    page = meena.get(f"{PAGE}settings/").content.decode()
    assert 'aria-label="Blurred">20%' in page and 'aria-label="Turned away">10%' in page
    fields = {"min_sharpness": 30, "max_yaw": 0.4, "edge_px": 2, "unnamed_shots": 2, "visit_gap_s": 60}
    assert meena.post(f"{PAGE}settings/", fields | {"counter_after_s": 4}).status_code == 302
    assert VisionSettings.of(cast.shop).min_sharpness == 30
    entry = AuditEntry.objects.get(action="change_vision_settings")
    assert entry.before == {"min_sharpness": 40, "max_yaw": 0.35, "edge_px": 0, "unnamed_shots": 3,
                            "visit_gap_s": 90, "counter_after_s": 5}  # fmt: skip
    assert meena.post(f"{PAGE}settings/", fields | {"max_yaw": 7}).status_code == 422


def test_cameras_are_for_managers_who_may_see_faces(cast: Cast, client_of: SignIn, meena: Client) -> None:
    camera = a_camera(cast)
    pages = [
        "",
        "add/stream/",
        "settings/",
        f"{camera.pk}/",
        f"{camera.pk}/still.jpg",
        f"{camera.pk}/progress/",
    ]
    assert [client_of(cast.ravi).get(PAGE + page).status_code for page in pages] == [403] * len(pages)
    for deed in ("test", "draw", "check"):
        assert client_of(cast.ravi).post(f"{PAGE}{camera.pk}/{deed}/").status_code == 403
    RoleRight.objects.create(shop=cast.shop, role="manager", right="see_faces", is_allowed=False)
    assert [meena.get(PAGE + page).status_code for page in pages] == [403] * len(pages)


def test_another_shops_camera_is_not_found(cast: Cast, meena: Client) -> None:
    foreign = a_camera(make_cast("other"))
    for page in ("", "still.jpg", "progress/"):
        assert meena.get(f"{PAGE}{foreign.pk}/{page}").status_code == 404
    for deed in ("test", "draw", "check"):
        assert meena.post(f"{PAGE}{foreign.pk}/{deed}/").status_code == 404
    assert "Door" not in meena.get(PAGE).content.decode().split("<main")[1]


def test_two_cameras_have_two_names(cast: Cast, meena: Client) -> None:
    a_camera(cast)
    answer = meena.post(f"{PAGE}add/files/", BLANK | {"name": "Door"})
    assert answer.status_code == 422 and "this name already" in answer.content.decode()
    assert meena.post(f"{PAGE}add/files/", BLANK | {"name": "Yard"}).status_code == 302
    assert meena.get(f"{PAGE}add/nonsense/").status_code == 404


def test_the_list_takes_the_same_queries_for_many_cameras(
    cast: Cast, meena: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    a_camera(cast)
    meena.get(PAGE)
    with django_assert_num_queries(5):
        meena.get(PAGE)
    for number in range(5):
        a_camera(cast, name=f"Camera {number}", fault="silent")
    with django_assert_num_queries(5):
        page = meena.get(PAGE).content.decode()
    assert "no pictures come" in page


def test_a_change_of_the_secret_key_asks_for_the_password_again(
    cast: Cast, meena: Client, settings: Settings
) -> None:
    camera = a_camera(cast)
    cameras.change(camera, {}, ("admin", "s3cret"), TESTS)
    settings.SECRET_KEY = "another"
    camera.refresh_from_db()
    assert cameras.take_still(camera) == "login_lost"
