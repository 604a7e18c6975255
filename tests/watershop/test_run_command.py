"""`manage.py run`: it opens, it says where, it closes without a trace, and it survives what kills it."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from shutil import rmtree

import psutil
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django import Settings

from watershop.management.commands import run as run_module
from watershop.management.supervisor import MARK, Child, Supervisor, end_marked

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """One data folder for all runs of this file, open to the user that root's server runs as."""
    folder = Path(tempfile.mkdtemp(prefix="shop-"))
    folder.chmod(0o755)
    yield folder
    rmtree(folder)


@pytest.fixture
def var(folder: Path) -> Iterator[Path]:
    """The data folder; what a failed test leaves running is ended."""
    yield folder
    for process in processes_of(folder):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    assert eventually(lambda: not processes_of(folder))


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def open_shop(var: Path, port: int) -> "subprocess.Popen[str]":
    environment = {**os.environ, "WATERSHOP_VAR": str(var), "PYTHONUNBUFFERED": "1"}
    for name in ("DATABASE_URL", "WATERSHOP_DEMO"):
        environment.pop(name, None)
    return subprocess.Popen(
        [sys.executable, "manage.py", "run", "--port", str(port)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def read_until(shop: "subprocess.Popen[str]", words: str) -> str:
    """What it says up to the line with these words; all of it, if it ends before."""
    assert shop.stdout is not None
    said = ""
    for line in shop.stdout:
        said += line
        if words in line:
            break
    return said


def close(shop: "subprocess.Popen[str]", number: signal.Signals) -> None:
    shop.send_signal(number)
    shop.communicate(timeout=20)


def web_server(shop: "subprocess.Popen[str]") -> psutil.Process | None:
    return next(
        (child for child in psutil.Process(shop.pid).children() if "gunicorn" in child.cmdline()), None
    )


def processes_of(var: Path) -> list[psutil.Process]:
    """Everything that works for this data folder: by its mark, its words or its working folder."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            environment = process.environ()
            marks = (environment.get(MARK, ""), environment.get("WATERSHOP_VAR", ""), process.cwd())
            if str(var) in " ".join([*marks, *process.cmdline()]):
                found.append(process)
    return found


def eventually(is_so: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not (so := is_so()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return so


def test_it_opens_an_empty_shop_and_closes_without_a_trace(var: Path, port: int) -> None:
    shop = open_shop(var, port)
    said = read_until(shop, "Ctrl-C")
    assert f"http://127.0.0.1:{port}/" in said
    link = re.search(r"http://\S+/setup/\?token=\S+", said)
    assert link, said
    with urllib.request.urlopen(link.group()) as page:
        assert page.status == 200
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as page:
        assert page.read() == b"ok\n"
    second = open_shop(var, port + 1)
    assert f"already open at http://127.0.0.1:{port}/" in read_until(second, "never said")
    assert second.wait() == 1
    started = time.monotonic()
    close(shop, signal.SIGINT)
    assert time.monotonic() - started < 15
    assert shop.returncode == 0
    assert not processes_of(var)


def test_after_a_kill_of_everything_it_opens_again(var: Path, port: int) -> None:
    shop = open_shop(var, port)
    assert "is open at" in read_until(shop, "Ctrl-C")
    for process in processes_of(var):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    shop.communicate()
    assert (var / "postgresql" / "postmaster.pid").exists()
    again = open_shop(var, port)
    said = read_until(again, "Ctrl-C")
    assert "is open at" in said, said
    assert "Preparing the database" not in said
    close(again, signal.SIGTERM)
    assert not processes_of(var)


def test_what_dies_is_started_again_and_a_killed_supervisor_takes_all_along(var: Path, port: int) -> None:
    shop = open_shop(var, port)
    assert "is open at" in read_until(shop, "Ctrl-C")
    web = web_server(shop)
    assert web is not None
    postmaster = int((var / "postgresql" / "postmaster.pid").read_text().split()[0])
    web.kill()
    psutil.Process(postmaster).kill()

    def is_well() -> bool:
        health = f"http://127.0.0.1:{port}/healthz"
        with suppress(OSError, psutil.ZombieProcess), urllib.request.urlopen(health, timeout=5) as page:
            return page.status == 200 and web_server(shop) not in {None, web}
        return False

    assert eventually(is_well, 30)
    shop.kill()
    shop.communicate()
    assert eventually(lambda: not processes_of(var))


def test_a_busy_port_gets_one_line_before_anything_starts(var: Path, port: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        shop = open_shop(var, port)
        said = read_until(shop, "never said")
    assert shop.wait() == 1
    assert len(said.splitlines()) == 1
    assert f"make run PORT={port + 1}" in said
    assert not processes_of(var)


def test_a_missing_wheel_gets_one_line(monkeypatch: pytest.MonkeyPatch, port: int, settings: object) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setattr("watershop.postgresql.programs.WHEEL", "a_wheel_that_is_not_there")
    with pytest.raises(CommandError, match="not installed: run `make run`") as error:
        call_command("run", port=port)
    assert "\n" not in str(error.value)


def test_any_other_missing_wheel_gets_one_line_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Settings
) -> None:
    (tmp_path / "requirements.in").write_text("# What runs.\ndjango>=5\na-wheel-that-is-not-there<3  # why\n")
    settings.BASE_DIR = tmp_path
    with pytest.raises(CommandError, match="a-wheel-that-is-not-there is not installed here: run `make run`"):
        run_module._require_wheels()


@pytest.mark.parametrize("module", ["django", "csp", "django_q", "knox"])
def test_a_command_without_a_module_gets_one_line(module: str) -> None:
    code = f"import sys; sys.modules[{module!r}] = None; sys.argv = ['manage.py', 'run']; import manage; manage.main()"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == (
        f"{module} is not installed here. Run `make run` once: it makes .venv and installs the lock.\n"
    )


def test_static_files_are_collected_only_when_one_changed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: object
) -> None:
    monkeypatch.setattr("django.conf.settings.STATIC_ROOT", tmp_path)
    calls: list[str] = []
    monkeypatch.setattr(run_module, "call_command", lambda name, **options: calls.append(name))
    run_module._collect_static()
    run_module._collect_static()
    assert calls == ["collectstatic"]


def test_a_child_that_keeps_dying_is_started_less_and_less_often(tmp_path: Path) -> None:
    child = Child("short", [sys.executable, "-c", ""], tmp_path / "short.log")
    warned: list[Child] = []
    supervisor = Supervisor([child], f"test-{tmp_path}", warned.append)
    supervisor.tend()
    pauses = []
    for _ in range(3):
        assert eventually(lambda: child.is_dead)
        supervisor.tend()
        pauses.append(child.start_after - time.monotonic())
        child.start_after = 0
        supervisor.tend()
    supervisor.stop()
    assert len(warned) == 3
    assert pauses == sorted(pauses)
    assert pauses[-1] > 3 * pauses[0]


def test_a_child_with_nothing_to_do_is_not_started_until_there_is(tmp_path: Path) -> None:
    is_wanted = False
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    child = Child("some", command, tmp_path / "some.log", is_wanted=lambda: is_wanted)
    supervisor = Supervisor([child], f"test-{tmp_path}", lambda child: None)
    supervisor.tend()
    assert child.process is None and child.start_after > time.monotonic()
    is_wanted, child.start_after = True, 0
    supervisor.tend()
    assert child.process is not None
    supervisor.stop()


def test_what_a_killed_run_left_over_is_ended_by_its_mark(tmp_path: Path) -> None:
    mark = f"test-{tmp_path}"
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    marked = subprocess.Popen([sys.executable, "-c", stubborn], env={**os.environ, MARK: mark})
    other = subprocess.Popen(["sleep", "60"], env={**os.environ, MARK: f"{mark}-other"})
    end_marked(mark, grace=0.5)
    assert marked.wait(5) in {-signal.SIGKILL, -signal.SIGTERM}
    assert other.poll() is None
    other.kill()
    other.wait()


def test_a_signal_whose_exception_was_swallowed_ends_the_run_at_the_next_pause() -> None:
    command = run_module.Command()
    with suppress(KeyboardInterrupt):  # as a callback at a fork does
        command._interrupt(signal.SIGTERM, None)
    with pytest.raises(KeyboardInterrupt):
        command._pause(0)
