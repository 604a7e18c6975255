"""The embedded PostgreSQL: who starts it, who stops it, what survives, and what an external server must be."""

import os
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from shutil import rmtree

import psutil
import psycopg2
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from watershop import database
from watershop.postgresql import programs as programs_module
from watershop.postgresql import server as server_module
from watershop.postgresql.programs import EmbeddedServerError
from watershop.postgresql.server import SUPERUSER, EmbeddedServer

ROOT = Path(__file__).resolve().parents[2]
USE_IT = """
import sys, time
from watershop.database import ensure_running
ensure_running()
print("ready", flush=True)
time.sleep(float(sys.argv[1]))
"""


@pytest.fixture
def var() -> Iterator[Path]:
    """A data folder that other users can reach, as pytest's own are not for root; cleared away after the test."""
    folder = Path(tempfile.mkdtemp(prefix="shop-"))
    folder.chmod(0o755)
    yield folder
    kill_everything(folder)
    rmtree(folder, ignore_errors=True)


def use(var: Path, seconds: float = 60) -> "subprocess.Popen[str]":
    """A process that uses the server of `var` for a while, as a command or a worker does."""
    environment = {**os.environ, "WATERSHOP_VAR": str(var), "PYTHONPATH": str(ROOT)}
    environment.pop("DATABASE_URL", None)
    return subprocess.Popen(
        [sys.executable, "-c", USE_IT, str(seconds)], env=environment, stdout=subprocess.PIPE, text=True
    )


def wait_until_ready(user: "subprocess.Popen[str]") -> None:
    assert user.stdout is not None
    assert user.stdout.readline() == "ready\n"


def kill(user: "subprocess.Popen[str]") -> None:
    user.kill()
    user.communicate()


def eventually(is_so: Callable[[], bool], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while not (so := is_so()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return so


def processes_of(var: Path) -> list[psutil.Process]:
    """PostgreSQL's processes and the keeper of this data folder."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if str(var) in " ".join(process.cmdline()) or str(var) in process.cwd():
                found.append(process)
    return found


def kill_everything(var: Path) -> None:
    for process in processes_of(var):
        with suppress(psutil.NoSuchProcess):
            process.kill()


def ask(server: EmbeddedServer, question: str, *, user: str = SUPERUSER, dbname: str = "postgres") -> object:
    link = psycopg2.connect(host=str(server.socket_dir), user=user, dbname=dbname)
    try:
        with link, link.cursor() as rows:
            rows.execute(question)
            return rows.fetchall() if rows.description else None
    finally:
        link.close()


def test_the_settings_start_nothing(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "WATERSHOP_VAR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "watershop.settings",
    }
    environment.pop("DATABASE_URL", None)
    subprocess.run(
        [sys.executable, "-c", "import django; django.setup()"], cwd=ROOT, env=environment, check=True
    )
    assert not list(tmp_path.glob("postgresql*"))


@pytest.mark.django_db
def test_the_shop_works_as_a_plain_role_that_owns_its_tables() -> None:
    with connection.cursor() as rows:
        rows.execute("SELECT rolsuper, rolbypassrls, rolcreatedb FROM pg_roles WHERE rolname = current_user")
        assert rows.fetchone() == (False, False, True)
        rows.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
        assert rows.fetchall() == [(connection.settings_dict["USER"],)]


@pytest.mark.django_db
def test_test_databases_inherit_the_vector_extension() -> None:
    with connection.cursor() as rows:
        rows.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
        database.check_vector(rows.fetchone()[0])
        rows.execute("SELECT '[1,2]'::vector <-> '[4,6]'::vector")
        assert rows.fetchone() == (5.0,)


def test_several_users_start_one_server_and_the_last_one_out_stops_it(var: Path) -> None:
    users = [use(var) for _ in range(4)]
    for user in users:
        wait_until_ready(user)
    server = EmbeddedServer(var)
    first = server.process()
    assert first is not None
    for user in users[:-1]:
        kill(user)
    time.sleep(0.5)
    assert server.process() == first
    kill(users[-1])
    assert eventually(lambda: not processes_of(var))


def test_leaving_waits_until_the_server_is_down_but_only_for_the_last(var: Path) -> None:
    mine, other = EmbeddedServer(var), EmbeddedServer(var)
    assert mine.join()
    assert not mine.join()
    other.join()
    mine.leave()
    assert other.process() is not None
    other.leave()
    assert other.process() is None


def test_after_a_kill_of_everything_the_next_start_finds_its_data(var: Path) -> None:
    user = use(var)
    wait_until_ready(user)
    server = EmbeddedServer(var)
    ask(server, "CREATE TABLE kept AS SELECT 'two cans' AS what", user="watershop", dbname="watershop")
    kill_everything(var)
    kill(user)
    assert (server.data / "postmaster.pid").exists()
    server.join()
    try:
        assert ask(server, "SELECT what FROM kept", dbname="watershop") == [("two cans",)]
    finally:
        server.leave()


def test_a_stale_pid_that_now_belongs_to_somebody_else_harms_nobody(var: Path) -> None:
    server = EmbeddedServer(var)
    server.join()
    lines = (server.data / "postmaster.pid").read_text().splitlines()
    server.leave()
    with subprocess.Popen(["sleep", "60"], **server._as_owner()) as stranger:
        (server.data / "postmaster.pid").write_text("\n".join([str(stranger.pid), *lines[1:], ""]))
        assert server.process() is None
        server.join()
        server.leave()
        assert stranger.poll() is None
        stranger.kill()


def test_backends_orphaned_by_a_killed_server_do_not_block_the_next(var: Path) -> None:
    server = EmbeddedServer(var)
    server.join()
    link = psycopg2.connect(host=str(server.socket_dir), user=SUPERUSER, dbname="postgres")
    process = server.process()
    assert process is not None
    process.kill()
    server.start()
    assert ask(server, "SELECT 1") == [(1,)]
    server.leave()
    link.close()


def test_a_dead_server_is_started_again_by_the_next_connection(
    var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATERSHOP_VAR", str(var))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    database.ensure_running()
    server = database.embedded_server()
    process = server.process()
    assert process is not None
    process.kill()
    wrapper = connection.copy()
    parameters = {"host": str(server.socket_dir), "user": "watershop", "dbname": "watershop"}
    wrapper.get_new_connection(parameters).close()
    server.leave()


def test_a_half_made_data_folder_is_made_again(var: Path) -> None:
    (var / "postgresql.new").mkdir()
    (var / "postgresql.new" / "PG_VERSION").write_text("18\n")
    server = EmbeddedServer(var)
    server.join()
    server.leave()
    assert (server.data / "PG_VERSION").exists()


def test_data_of_another_version_are_refused_with_a_way_out(var: Path) -> None:
    (var / "postgresql").mkdir()
    (var / "postgresql" / "PG_VERSION").write_text("16\n")
    with pytest.raises(EmbeddedServerError, match="made by PostgreSQL 16, this is 18"):
        EmbeddedServer(var).join()


def test_a_path_too_long_for_a_socket_gets_a_short_closed_folder(var: Path) -> None:
    deep = var / ("deep-" * 12) / ("deeper-" * 8)
    deep.mkdir(parents=True)
    server = EmbeddedServer(deep)
    assert server.socket_dir != server.data
    server.join()
    try:
        assert stat.S_IMODE(server.socket_dir.stat().st_mode) == 0o700
        assert ask(server, "SELECT 1") == [(1,)]
    finally:
        server.leave()
        rmtree(server.socket_dir)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as somebody else")
def test_root_keeps_the_data_elsewhere_when_the_checkout_is_closed(
    var: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(server_module, "ROOT_HOME", var / "lib")
    closed = var / "closed"
    closed.mkdir(mode=0o700)
    server = EmbeddedServer(closed / "var")
    server.join()
    server.leave()
    assert server.data.is_relative_to(var / "lib")
    assert server.data.stat().st_uid != 0
    assert not (closed / "var").exists()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert f"kept in {server.home}" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as somebody else")
def test_programs_that_the_server_cannot_reach_are_copied(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = programs_module.programs().parents[1]
    closed = var / "closed"
    closed.mkdir(mode=0o700)
    for folder in (package, package.with_name(f"{package.name}.libs")):
        (closed / folder.name).symlink_to(folder)
    monkeypatch.setattr(programs_module, "programs", lambda: closed / package.name / "pginstall18" / "bin")
    monkeypatch.setattr(server_module, "ROOT_HOME", var)
    server = EmbeddedServer(var)
    assert Path(server.binary("postgres")).is_relative_to(var)
    server.join()
    server.leave()


def test_a_database_url_is_read_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://shop:p%40ss@db.example:6432/water?sslmode=require")
    monkeypatch.delenv("WATERSHOP_DEMO", raising=False)
    found = database.database_settings()
    assert (found["USER"], found["PASSWORD"], found["HOST"], found["PORT"]) == (
        "shop",
        "p@ss",
        "db.example",
        "6432",
    )
    assert (found["NAME"], found["OPTIONS"]) == ("water", {"sslmode": "require"})


@pytest.mark.parametrize(
    ("said", "name"),
    [("1", "water_demo"), ("true", "water_demo"), ("YES", "water_demo"), ("0", "water"), ("", "water")],
)
def test_the_demo_has_a_database_of_its_own(monkeypatch: pytest.MonkeyPatch, said: str, name: str) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://shop@db.example/water")
    monkeypatch.setenv("WATERSHOP_DEMO", said)
    assert database.database_settings()["NAME"] == name
    assert database.is_demo() is (name == "water_demo")


@pytest.mark.parametrize("url", ["mysql://a:b@c/d", "postgres://host/", "postgres:///name", "water"])
def test_an_unreadable_database_url_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(ImproperlyConfigured, match="postgres://user:password@host"):
        database.database_settings()


@pytest.mark.parametrize(
    ("check", "value", "message"),
    [
        (database.check_server, 140_011, "needs PostgreSQL 15"),
        (database.check_vector, "0.7.4", "needs pgvector >= 0.8, this is 0.7.4"),
        (database.check_vector, None, "prepare_database"),
    ],
)
def test_an_external_server_that_is_too_old_is_refused(
    check: Callable[[object], None], value: object, message: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=message):
        check(value)


def test_an_external_server_is_made_ready_by_its_superuser(
    var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = EmbeddedServer(var)
    server.join()
    where = f"host={server.socket_dir}"
    monkeypatch.setenv("DATABASE_URL", f"postgres://keeper:secret@/water?{where}")
    monkeypatch.setenv("DATABASE_ADMIN_URL", f"postgresql://{SUPERUSER}@/postgres?{where}")
    call_command("prepare_database", verbosity=0)
    call_command("prepare_database", verbosity=0)
    question = "SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = 'keeper'"
    assert ask(server, question, user="keeper", dbname="water") == [(False, True)]
    assert ask(server, "SELECT '[1]'::vector", user="keeper", dbname="water_demo") == [("[1]",)]
    monkeypatch.setenv("DATABASE_URL", f"postgres://{SUPERUSER}@/water?{where}")
    with pytest.raises(CommandError, match="name a plain role"):
        call_command("prepare_database")
    server.leave()


def test_preparing_without_a_superuser_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_ADMIN_URL", raising=False)
    with pytest.raises(CommandError, match="DATABASE_ADMIN_URL"):
        call_command("prepare_database")
