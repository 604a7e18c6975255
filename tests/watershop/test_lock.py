"""The lock: what is in it, what must never be, and the FFmpeg that comes inside two of its wheels."""

import re
from importlib.metadata import distribution
from pathlib import Path

import av
import cv2
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PYTHONS = ("3.11", "3.12", "3.13")
# FFmpeg 8.1.1 reads out of bounds in MagicYUV (CVE-2026-8461); 8.1.2 is mended.
FIRST_SAFE_FFMPEG = (8, 1, 2)


def pins(lock: str) -> list[Requirement]:
    """The requirement lines of a lock, without their hashes."""
    lines = (ROOT / lock).read_text().splitlines()
    return [Requirement(line.rstrip("\\ ")) for line in lines if re.match(r"[A-Za-z0-9]", line)]


def wanted(source: str) -> set[str]:
    lines = (line.partition("#")[0].strip() for line in (ROOT / source).read_text().splitlines())
    return {canonicalize_name(Requirement(line).name) for line in lines if line and not line.startswith("-")}


def ffmpeg_inside(package: str) -> tuple[int, ...]:
    """The version that the wheel's own libavcodec names."""
    [library] = [path for path in distribution(package).files or [] if path.name.startswith("libavcodec")]
    found = re.search(rb"FFmpeg version n?(\d+)\.(\d+)(?:\.(\d+))?", Path(str(library.locate())).read_bytes())
    assert found, f"{library} names no version"
    return tuple(int(part or 0) for part in found.groups())


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_dlib_is_never_built(lock: str) -> None:
    names = {canonicalize_name(pin.name) for pin in pins(lock)}
    assert "dlib" not in names
    assert "dlib-bin" in names


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_the_first_lines_give_the_install_command(lock: str) -> None:
    first = (ROOT / lock).read_text().splitlines()[0]
    assert first.endswith(f"python -m pip install --no-deps --require-hashes -r {lock}")


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_every_line_has_a_hash_and_no_host(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    for block in re.split(r"\n(?=[A-Za-z0-9])", text)[1:]:
        assert "--hash=sha256:" in block, block.splitlines()[0]


@pytest.mark.parametrize("python", PYTHONS)
def test_each_python_gets_exactly_one_version_of_each_package(python: str) -> None:
    surroundings = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux"}
    names = [
        canonicalize_name(pin.name)
        for pin in pins("requirements.txt")
        if pin.marker is None or pin.marker.evaluate(surroundings)
    ]
    assert sorted(names) == sorted(set(names))
    assert wanted("requirements.in") <= set(names)


def test_the_checks_run_on_the_versions_that_the_shop_runs_on() -> None:
    shop, checks = (
        {(pin.name, str(pin.specifier)) for pin in pins(lock)}
        for lock in ("requirements.txt", "requirements-dev.txt")
    )
    assert shop <= checks


def test_opencv_is_the_last_line_that_has_hog() -> None:
    assert cv2.__version__.startswith("4.14.")
    assert hasattr(cv2, "HOGDescriptor")


@pytest.mark.parametrize("package", ["opencv-python-headless", "av"])
def test_the_bundled_ffmpeg_is_not_the_vulnerable_one(package: str) -> None:
    assert ffmpeg_inside(package) >= FIRST_SAFE_FFMPEG


def test_pyav_uses_the_ffmpeg_that_it_brought() -> None:
    assert tuple(int(part) for part in re.findall(r"\d+", av.ffmpeg_version_info)) >= FIRST_SAFE_FFMPEG
