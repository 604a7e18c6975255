"""A model file from its makers' site: known by its SHA-256, so that it does not matter who hands it over."""

import hashlib
import http.client
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from vision.config import YUNET_FILE

TIMEOUT_S = 30
LARGEST = 64 << 20
_PIECE = 64 << 10


@dataclass(frozen=True)
class ModelFile:
    """A published file: its name here, where it is published, its SHA-256."""

    name: str
    url: str
    sha256: str

    def is_at(self, place: Path) -> bool:
        """Is it this very file that lies there?"""
        return place.is_file() and hashlib.sha256(place.read_bytes()).hexdigest() == self.sha256


YUNET = ModelFile(
    name=YUNET_FILE,
    url="https://raw.githubusercontent.com/ShiqiYu/libfacedetection.train/master/onnx/" + YUNET_FILE,
    sha256="104ee26c71d5c270ce79a6b3dced91c91013260d29a6bf18f9296c5b8c4c2b12",
)
"""The face detector of libfacedetection.train (Apache-2.0)."""


class FetchFailed(Exception):  # noqa: N818 (it says what happened)
    """The file is not here now; the text says why and what to do."""


def take(model: ModelFile, source: Path, folder: Path) -> None:
    """Copy a file that was brought by hand into the folder. Raises FetchFailed when it is another one."""
    if not source.is_file():
        raise FetchFailed(f"There is no file {source}.")
    if not model.is_at(source):
        raise FetchFailed(
            f"{source} is not the known {model.name} (SHA-256 {model.sha256}): nothing was taken."
        )
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=f".{model.name}.", delete=False) as copy:
        shutil.copyfileobj(source.open("rb"), copy)
    _put(Path(copy.name), folder / model.name)


def fetch(
    model: ModelFile,
    folder: Path,
    *,
    url: str,
    on_progress: Callable[[float], None] = lambda fraction: None,
) -> None:
    """Download the file into the folder, going on where an earlier try was cut off; `on_progress` hears 0..1.

    It appears under its name only when its hash is right; a wrong one is deleted. Raises FetchFailed.
    """
    if not url.startswith(("http://", "https://")):
        raise FetchFailed(f"{url} is no web address.")
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{model.name}.part"
    try:
        _download(url, part, on_progress)
    except (OSError, http.client.HTTPException) as error:
        raise FetchFailed(f"{url} could not be read: {error}.") from error
    if not model.is_at(part):
        part.unlink()
        raise FetchFailed(f"{url} holds another file than the known one (SHA-256 {model.sha256}): deleted.")
    _put(part, folder / model.name)


def _download(url: str, part: Path, on_progress: Callable[[float], None]) -> None:
    """Fill `part` to the length that the server says. Raises OSError, also when the connection ends before."""
    held = part.stat().st_size if part.exists() else 0
    request = Request(url, headers={"Range": f"bytes={held}-"} if held else {})  # noqa: S310 (http or https)
    try:
        response = urlopen(request, timeout=TIMEOUT_S)  # noqa: S310
    except HTTPError as error:
        if (
            held and error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
        ):  # it is longer than the file
            part.unlink()
            return _download(url, part, on_progress)
        raise
    with response, part.open("ab") as file:
        if response.status != http.HTTPStatus.PARTIAL_CONTENT:
            file.truncate(held := 0)
        whole = held + int(response.headers.get("Content-Length") or LARGEST)
        while held <= LARGEST and (piece := response.read(_PIECE)):
            held += file.write(piece)
            on_progress(min(1.0, held / whole))
    if held > LARGEST:
        part.unlink()
        raise OSError(f"more than {LARGEST >> 20} MB came, which is too much")
    if "Content-Length" in response.headers and held < whole:
        raise OSError(f"the connection ended after {held} of {whole} bytes; run it again to go on from there")


def _put(file: Path, place: Path) -> None:
    file.chmod(0o644)
    file.replace(place)
