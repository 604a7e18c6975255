"""Live sources: what may be opened at all, and the fault of what cannot be."""

import itertools
import socket
from pathlib import Path

import pytest

from tests.vision.cameras import LOGIN, camera_server
from tests.vision.conftest import write_clip
from vision.sources import AddressRefused, Source, SourceFault, check_address, opened


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file:///etc/passwd", "kind"),
        ("/etc/passwd", "kind"),
        ("concat:a|b", "kind"),
        ("ftp://10.0.0.7/x", "kind"),
        ("http://", "host"),
        ("http://10.0.0.7:notaport/", "host"),
        ("http://[::1/", "host"),
        ("http://127.0.0.1/", "private"),
        ("http://localhost:8000/", "private"),
        ("http://2130706433/", "private"),
        ("http://[::1]/", "private"),
        ("http://[::ffff:127.0.0.1]/", "private"),
        ("http://169.254.169.254/latest/meta-data/", "private"),
        ("http://[fe80::1]/", "private"),
        ("rtsp://0.0.0.0/", "private"),
        ("rtsp://224.0.0.1/", "private"),
    ],
)
def test_what_is_no_camera_is_never_opened(url: str, reason: str) -> None:
    with pytest.raises(AddressRefused, match=reason):
        check_address(Source(url))


@pytest.mark.parametrize(
    "url", ["rtsp://192.168.1.64:554/a", "rtsps://10.1.2.3/", "http://172.16.0.9/", "https://100.64.0.3/x"]
)
def test_cameras_of_the_shops_network_may_be_opened(url: str) -> None:
    check_address(Source(url))


@pytest.mark.parametrize("path", ["/dev/sda", "/dev/video0/../sda", "video0", "http://10.0.0.7/"])
def test_a_device_is_a_camera_of_this_machine(path: str) -> None:
    check_address(Source("/dev/video0", is_device=True))
    with pytest.raises(AddressRefused, match="kind"):
        check_address(Source(path, is_device=True))


def test_pictures_come_from_a_camera_in_the_network(tmp_path: Path) -> None:
    with camera_server(write_clip(tmp_path / "clip.ts")) as url:
        address = url.replace("//", "//admin:p%40ss%20word@") + "/locked"
        with opened(Source(address, is_test=True)) as (container, stream):
            times = [frame.time for frame in itertools.islice(container.decode(stream), 20)]
    assert len(times) == 20 and LOGIN.startswith("admin")


@pytest.mark.parametrize(
    ("path", "fault"),
    [("/locked", "password"), ("/page", "codec"), ("/silent", "silent"), ("/moved", "unreachable")],
)
def test_a_fault_has_its_name_and_tells_no_password(tmp_path: Path, path: str, fault: str) -> None:
    with camera_server(write_clip(tmp_path / "clip.ts", seconds=1)) as url:
        address = url.replace("//", "//admin:wrong@") + path
        with pytest.raises(SourceFault) as raised, opened(Source(address, is_test=True), timeout_s=0.5):
            pass
    assert str(raised.value) == fault
    assert raised.value.__suppress_context__, "the library's words have the password in them"


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with (
        pytest.raises(SourceFault, match="unreachable"),
        opened(Source(f"http://127.0.0.1:{port}/", is_test=True)),
    ):
        pass
