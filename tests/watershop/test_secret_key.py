"""A shop that sets no secret key has one of its own, the same for all of its processes from the first moment on."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from watershop import settings

STARTERS = 8


def test_all_that_start_at_once_have_one_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(settings, "VAR_DIR", tmp_path / "var")
    start = Barrier(STARTERS)

    def begin() -> str:
        start.wait()
        return settings._own_secret_key()

    with ThreadPoolExecutor(STARTERS) as pool:
        keys = {key.result() for key in [pool.submit(begin) for _ in range(STARTERS)]}
    assert len(keys) == 1 and len(keys.pop()) > 50
    (file,) = (tmp_path / "var").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_key_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(settings, "VAR_DIR", tmp_path)
    assert settings._own_secret_key() == settings._own_secret_key()
