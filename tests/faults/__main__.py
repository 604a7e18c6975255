"""`make faults`: kill what works at a recording, at random moments, and see that its rows are the same as ever.

A shop of its own is opened by `manage.py run` in a folder of its own. One made-up recording is watched in peace; then
it is watched again by another shop each time, while a worker, the video cluster or the database is killed with
SIGKILL. Each kill is printed; the same seed kills in the same order. The exit status says how many differed.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from vision.models import Recording
    from watershop.models import Shop

ROOT = Path(__file__).resolve().parents[2]
LONGEST_S = 900.0
TARGETS = ("worker", "cluster", "database")


def main() -> int:
    """Open the shop, watch in peace, then with kills; how many recordings came out differently."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="how often to kill (20)")
    parser.add_argument("--seed", type=int, default=1, help="which moments and targets (1)")
    parser.add_argument("--port", type=int, default=8765, help="of the shop's web server (8765)")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    folder.chmod(0o755)  # a database that root starts runs as another user
    os.environ |= {"WATERSHOP_VAR": str(folder), "DJANGO_SETTINGS_MODULE": "tests.faults.settings"}
    os.environ.pop("DATABASE_URL", None)
    shop = _open(asked.port)
    try:
        return _compare(shop, random.Random(asked.seed), asked.kills)
    finally:
        shop.terminate()
        shop.wait(60)
        rmtree(folder, ignore_errors=True)


def _open(port: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "manage.py", "run", "--port", str(port)]
    shop = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    for line in shop.stdout or ():
        if "Ctrl-C" in line:
            return shop
    raise SystemExit("The shop did not open.")


def _compare(shop: "subprocess.Popen[str]", chance: random.Random, kills: int) -> int:
    import django

    django.setup()
    from tests.faults.rows import rows_of
    from vision.footage import make_footage

    film = Path(os.environ["WATERSHOP_VAR"]) / "made.mp4"
    models = Path(os.environ["WATERSHOP_VAR"]) / "models"
    make_footage(film, minutes=2.0, visits=6, persons=6, seed=1, models_dir=models)
    begun = time.monotonic()
    calm = _watched("calm", film, lambda: None)
    peace_s = time.monotonic() - begun
    wanted = rows_of(calm)
    _say(f"In peace: {peace_s:.0f} s, {', '.join(f'{len(rows)} {kind}' for kind, rows in wanted.items())}")
    wrong = 0
    for number in range(1, kills + 1):
        target, after_s = chance.choice(TARGETS), chance.uniform(0, peace_s)
        begun = time.monotonic()
        seen = rows_of(_watched(f"fault-{number}", film, partial(_kill, shop, target, after_s, chance)))
        differs = [kind for kind in wanted if seen[kind] != wanted[kind]]
        wrong += bool(differs)
        verdict = f"DIFFERS in {', '.join(differs)}" if differs else "the same"
        _say(f"{number:3}. {target} after {after_s:5.1f} s: {verdict}, in {time.monotonic() - begun:.0f} s")
    _say(f"{kills - wrong} of {kills} came out as in peace.")
    return wrong


def _watched(slug: str, film: Path, meanwhile: Callable[[], None]) -> "Shop":
    """A new shop whose worker watches the film to its end."""
    from django.core.files import File

    from tests.base import TESTS
    from tests.vision.scene import a_camera
    from vision import recordings
    from vision.models import Recording
    from watershop import accounts, jobs
    from watershop.models import User

    owner = User.objects.create_user(slug)
    shop = accounts.create_shop(slug=slug, name=slug, owner=owner, actor=TESTS)
    start = (datetime(2026, 11, 20, 9, tzinfo=UTC), Recording.StartSource.GIVEN)
    a_camera(shop, "Door")
    recording, _is_new = recordings.register(shop, film, camera="Door", start=start, name=film.name)
    with film.open("rb") as file:
        recording.file.save(f"recordings/{slug}.mp4", File(file))
    jobs.enqueue(shop, recordings.PROCESS, recording.pk, cluster="video")
    meanwhile()
    _wait_until(lambda: _is_done(recording), slug)
    return shop


def _is_done(recording: "Recording") -> bool:
    """Done, and its chunks gone; a database that was just killed says neither."""
    from django.db import DatabaseError, connection

    try:
        recording.refresh_from_db()
        return recording.state == recording.State.DONE and not recording.chunks.exists()
    except DatabaseError:
        connection.close()
        return False


def _wait_until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + LONGEST_S
    while not is_so():
        if time.monotonic() > deadline:
            raise SystemExit(f"{what} was not done within {LONGEST_S:.0f} s.")
        time.sleep(0.5)


def _kill(shop: "subprocess.Popen[str]", target: str, after_s: float, chance: random.Random) -> None:
    time.sleep(after_s)
    with suppress(psutil.NoSuchProcess, IndexError):
        chance.choice(_processes(shop, target)).kill()


def _processes(shop: "subprocess.Popen[str]", target: str) -> list[psutil.Process]:
    if target == "database":
        data = Path(os.environ["WATERSHOP_VAR"]) / "postgresql" / "postmaster.pid"
        return [psutil.Process(int(data.read_text().split()[0]))]
    clusters = [
        child
        for child in psutil.Process(shop.pid).children()
        if "qcluster" in child.cmdline() and child.environ().get("Q_CLUSTER_NAME") == "video"
    ]
    if target == "cluster":
        return clusters
    sentinels = [sentinel for cluster in clusters for sentinel in cluster.children()]
    return [worker for sentinel in sentinels for worker in sentinel.children()]


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
