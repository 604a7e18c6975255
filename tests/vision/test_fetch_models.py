"""`fetch_models` brings YuNet over a real connection, or says what to do; never another file."""

import hashlib
import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from tests.base import shared
from vision import fetching
from vision.config import VisionConfig
from vision.fetching import YUNET, FetchFailed, ModelFile, fetch

CONTENT = bytes(range(256)) * 2000
MODEL = ModelFile("some.onnx", "http://nowhere.invalid/some.onnx", hashlib.sha256(CONTENT).hexdigest())


class Publisher(BaseHTTPRequestHandler):
    """Serves `content`, from the byte that is asked for; hangs up after `cut` bytes once."""

    url: str
    content = CONTENT
    cut: int | None = None
    asked: list[str | None] = []

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        type(self).asked.append(wanted)
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        if wanted and start >= len(self.content):
            self.send_error(416)
            return
        body = self.content[start:]
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: self.cut])
        type(self).cut = None

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name there)
        """Say nothing."""


@pytest.fixture
def publisher() -> Iterator[type[Publisher]]:
    """A web server of our own; its address is `url`."""

    class OwnPublisher(Publisher):
        asked: list[str | None] = []

    server = HTTPServer(("127.0.0.1", 0), OwnPublisher)
    OwnPublisher.url = f"http://127.0.0.1:{server.server_port}/some.onnx"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield OwnPublisher
    server.shutdown()
    thread.join()
    server.server_close()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_file_comes_whole_and_its_progress_is_told(publisher: type[Publisher], tmp_path: Path) -> None:
    told: list[float] = []
    fetch(MODEL, tmp_path / "models", url=publisher.url, on_progress=told.append)
    assert (tmp_path / "models" / "some.onnx").read_bytes() == CONTENT
    assert names(tmp_path / "models") == ["some.onnx"]
    assert told == sorted(told) and told[-1] == 1.0 and len(told) > 2


def test_a_download_that_was_cut_off_goes_on_from_there(publisher: type[Publisher], tmp_path: Path) -> None:
    publisher.cut = 100_000
    with pytest.raises(FetchFailed, match="after 100000 of 512000 bytes; run it again"):
        fetch(MODEL, tmp_path, url=publisher.url)
    assert names(tmp_path) == [".some.onnx.part"]
    fetch(MODEL, tmp_path, url=publisher.url)
    assert publisher.asked == [None, "bytes=100000-"] and MODEL.is_at(tmp_path / "some.onnx")


def test_a_part_that_is_too_long_is_thrown_away(publisher: type[Publisher], tmp_path: Path) -> None:
    (tmp_path / ".some.onnx.part").write_bytes(CONTENT + b"more")
    fetch(MODEL, tmp_path, url=publisher.url)
    assert names(tmp_path) == ["some.onnx"] and MODEL.is_at(tmp_path / "some.onnx")


def test_another_file_is_refused_and_deleted(publisher: type[Publisher], tmp_path: Path) -> None:
    publisher.content = b"something else"
    with pytest.raises(FetchFailed, match="another file than the known one"):
        fetch(MODEL, tmp_path, url=publisher.url)
    assert names(tmp_path) == []


def test_a_file_that_never_ends_is_not_kept(
    publisher: type[Publisher], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "LARGEST", 1 << 18)
    with pytest.raises(FetchFailed, match="too much"):
        fetch(MODEL, tmp_path, url=publisher.url)
    assert names(tmp_path) == []


def test_only_the_web_is_asked(tmp_path: Path) -> None:
    with pytest.raises(FetchFailed, match="no web address"):
        fetch(MODEL, tmp_path, url=f"file://{tmp_path}/some.onnx")


def run(settings: Settings, folder: Path, *arguments: str) -> str:
    settings.VISION_MODEL_DIR = folder
    said = io.StringIO()
    call_command("fetch_models", *arguments, stdout=said)
    return said.getvalue()


def test_without_a_network_the_command_says_what_to_do(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(CommandError) as failure:
        run(settings, tmp_path, "--url", "http://127.0.0.1:9/yunet.onnx")
    assert "could not be read" in str(failure.value)
    assert "fetch_models --from FILE" in str(failure.value) and YUNET.url in str(failure.value)


def test_a_file_brought_by_hand_is_taken_once_and_used(settings: Settings, tmp_path: Path) -> None:
    brought = shared() / "models" / YUNET.name
    assert "is here; recordings are watched with it" in run(settings, tmp_path, "--from", str(brought))
    assert VisionConfig(models_dir=tmp_path).yunet == tmp_path / YUNET.name
    assert "is here already" in run(settings, tmp_path, "--url", "http://127.0.0.1:9/yunet.onnx")


def test_another_file_brought_by_hand_stays_where_it_is(settings: Settings, tmp_path: Path) -> None:
    other = tmp_path / "other.onnx"
    other.write_bytes(CONTENT)
    with pytest.raises(CommandError, match="is not the known"):
        run(settings, tmp_path / "models", "--from", str(other))
    assert other.read_bytes() == CONTENT and not (tmp_path / "models").exists()


def test_yunet_published_under_its_address_is_fetched(
    publisher: type[Publisher], settings: Settings, tmp_path: Path
) -> None:
    publisher.content = (shared() / "models" / YUNET.name).read_bytes()
    said = run(settings, tmp_path, "--url", publisher.url)
    assert "100 %" in said and YUNET.is_at(tmp_path / YUNET.name)
