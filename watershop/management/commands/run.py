"""`manage.py run [--demo] [--port N]`: everything the shop needs, from one command, until Ctrl-C.

The database, the web server and the two queue workers are started, watched and started again when they die,
and all of them are gone when this ends. `make run` is `run --demo`, `make shop` is `run`.
"""

import contextlib
import fcntl
import hashlib
import http.client
import importlib.metadata
import os
import re
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _

from analytics import one_person
from vision.models import Camera
from watershop import accounts, database, jobs
from watershop.audit import Actor
from watershop.management.supervisor import Child, Supervisor, end_marked
from watershop.management.watchdog import Watchdog, cluster_child
from watershop.models import Shop
from watershop.postgresql.programs import EmbeddedServerError, programs

HOST = "127.0.0.1"
WEB_START_SECONDS = 60
CAMERA_GRACE_SECONDS = 8.0
"""For the pieces of film that are being recorded to be made whole."""
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Command(BaseCommand):
    """Open the shop on this machine."""

    help = "Open the shop: database, workers and web server, until Ctrl-C."
    requires_system_checks = ()
    is_told_to_end = False

    def add_arguments(self, parser: CommandParser) -> None:
        """The demo shop or the real one, and where."""
        parser.add_argument("--demo", action="store_true", help="the demo shop, in a database of its own")
        parser.add_argument("--port", type=int, default=8000, help="port of the web server (8000)")

    def handle(self, *args: Any, demo: bool, port: int, **options: Any) -> None:
        """Check first, then start, then watch; whatever happens, stop all."""
        if demo and not settings.DEMO:
            _become_demo()
        with _the_only_run(port):
            _require_wheels()
            _require_server_programs()
            _require_free_port(port)
            end_marked(_mark())
            self._serve(port)

    def _serve(self, port: int) -> None:
        for number in ENDING:  # SIGINT too: a script's background job starts with it ignored
            signal.signal(number, self._interrupt)
        web, clusters = _web_server(port), _clusters()
        supervisor = Supervisor([web, *clusters.values(), _live_cameras()], _mark(), warn=self._warn)
        try:
            self._prepare()
            web.start(supervisor.mark)  # alone at first, for the workers would take its processor time
            self._wait_for(web, port)
            self._welcome(port)
            self._watch(supervisor, Watchdog(clusters, self._warn_frozen))
        except KeyboardInterrupt:
            self.stdout.write(_("Closing the shop ..."))
        finally:
            for number in ENDING:
                signal.signal(number, signal.SIG_IGN)
            supervisor.stop()
            connection.close()
            if database.is_embedded():
                database.embedded_server().leave()

    def _prepare(self) -> None:
        """Tables, static files and, for the demo, a shop. Quick when all is there."""
        try:
            if admin_url := os.environ.get("DATABASE_ADMIN_URL"):
                database.prepare_external(admin_url)
            plan = _open_migrations()
        except (EmbeddedServerError, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from error
        if plan:
            self.stdout.write(_("Preparing the database ..."))
            call_command("migrate", verbosity=0)
        jobs.ensure_schedules()
        one_person.replay(Actor.command("run"))  # if a backup was brought back meanwhile
        _collect_static()
        if settings.DEMO and not Shop.objects.exists():
            self.stdout.write(_("Making up 60 days of trade for the demo shop ..."))
            call_command("seed")

    def _wait_for(self, web: Child, port: int) -> None:
        deadline = time.monotonic() + WEB_START_SECONDS
        while not _answers(port):
            if web.is_dead or time.monotonic() > deadline:
                raise CommandError(
                    _("The web server did not start. The end of %(log)s:") % {"log": web.log}
                    + "\n"
                    + _tail(web.log)
                )
            self._pause(0.1)

    def _watch(self, supervisor: Supervisor, watchdog: Watchdog) -> None:
        while True:
            if database.is_embedded() and database.embedded_server().process() is None:
                self.stderr.write(_("The database stopped; it is started again."))
                database.embedded_server().start()
            supervisor.tend()
            watchdog.look()
            self._pause(1)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self.is_told_to_end = True
        raise KeyboardInterrupt

    def _pause(self, seconds: float) -> None:
        """Sleep. Ends the run here if a signal came in a callback (at a fork, say), which swallows exceptions."""
        time.sleep(seconds)
        if self.is_told_to_end:
            raise KeyboardInterrupt

    def _warn(self, child: Child) -> None:
        self.stderr.write(_("%(name)s ended; it is started again. See %(log)s.") % vars(child))

    def _warn_frozen(self, child: Child) -> None:
        self.stderr.write(_("%(name)s does not move; it is ended.") % vars(child))

    def _welcome(self, port: int) -> None:
        """Where to go and how to get in. Passwords are made anew at each start and stored only as hashes."""
        url = f"http://{HOST}:{port}"
        lines = ["", _("WaterShop is open at %(url)s") % {"url": f"{url}/"}]
        if settings.DEMO:
            lines += ["", _("Sign in to the demo shop as (passwords and PINs are new at each start):")]
            lines += [
                f"  {name:<10} {password:<18} PIN {pin:<8} {role}"
                for name, role, password, pin in accounts.fresh_demo_sign_ins()
            ]
        elif not Shop.objects.exists():
            lines += [
                "",
                _("Open your shop here (the link works once): %(url)s")
                % {"url": url + accounts.setup_link()},
            ]
        lines += ["", _("Logs are in %(folder)s. Ctrl-C closes the shop.") % {"folder": _logs()}]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()


def _become_demo() -> None:
    """Start over as the demo: the settings have chosen the real database already."""
    os.environ["WATERSHOP_DEMO"] = "1"
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 (ourselves)


def _mark() -> str:
    return f"{settings.VAR_DIR}:{settings.DATABASES['default']['NAME']}"


def _logs() -> Path:
    return Path(settings.VAR_DIR) / ("demo-logs" if settings.DEMO else "logs")


@contextlib.contextmanager
def _the_only_run(port: int) -> Iterator[None]:
    """Hold the lock of this shop's data; the file says where the holder serves it."""
    path = Path(settings.VAR_DIR) / f"run-{settings.DATABASES['default']['NAME']}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            message = _("This shop is already open at %(url)s: close it there first (Ctrl-C).")
            raise CommandError(message % {"url": lock.read()}) from None
        lock.truncate(0)
        lock.write(f"http://{HOST}:{port}/")
        lock.flush()
        yield


def _require_wheels() -> None:
    """What a worker would miss hours later is said now."""
    for line in (settings.BASE_DIR / "requirements.in").read_text().splitlines():
        if wheel := re.match(r"[\w.-]+", line):
            try:
                importlib.metadata.distribution(wheel.group())
            except importlib.metadata.PackageNotFoundError as error:
                message = _("%(wheel)s is not installed here: run `make run` once, it installs the lock.")
                raise CommandError(message % {"wheel": wheel.group()}) from error


def _require_server_programs() -> None:
    if database.is_embedded():
        try:
            programs()
        except EmbeddedServerError as error:
            raise CommandError(str(error)) from error


def _require_free_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gunicorn does: a closed one is free
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            message = _("Port %(port)s can't be used (%(reason)s). Choose another: make run PORT=%(other)s")
            values = {"port": port, "reason": error, "other": port + 1}
            raise CommandError(message % values) from error


def _web_server(port: int) -> Child:
    web = f"-m gunicorn watershop.wsgi --bind {HOST}:{port} --worker-class gthread --workers 2 --threads 8"
    limits = (
        "--max-requests 5000 --max-requests-jitter 500 --graceful-timeout 3 --no-control-socket --preload"
    )
    place = ["--chdir", str(settings.BASE_DIR)]
    return Child("web", [sys.executable, *web.split(), *limits.split(), *place], _logs() / "web.log")


def _clusters() -> dict[str, Child]:
    """The queue's clusters by name; they are stopped after the web server."""
    names = {"default": "worker", "video": "video"}
    return {cluster: cluster_child(name, cluster, _logs()) for cluster, name in names.items()}


def _live_cameras() -> Child:
    """Who watches the live cameras, where there are any."""
    return Child(
        "cameras",
        [sys.executable, str(settings.BASE_DIR / "manage.py"), "watch_cameras"],
        _logs() / "cameras.log",
        {"WATERSHOP_LOG_LEVEL": os.environ.get("WATERSHOP_LOG_LEVEL", "INFO")},
        grace=CAMERA_GRACE_SECONDS,
        is_wanted=_has_live_camera,
    )


def _has_live_camera() -> bool:
    """Whether a camera is to be watched; while the database is away nobody knows."""
    try:
        return Camera.objects.live().exists()
    except DatabaseError:
        connection.close()
        return False


def _open_migrations() -> list[Any]:
    executor = MigrationExecutor(connection)
    return executor.migration_plan(executor.loader.graph.leaf_nodes())


def _collect_static() -> None:
    """Collect, hash and compress static files, but only when one of them changed since the last time."""
    state = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            found = Path(storage.path(name)).stat()
            state.update(f"{name} {found.st_size} {found.st_mtime_ns}\n".encode())
    stamp = Path(settings.STATIC_ROOT) / "collected"
    if not stamp.exists() or stamp.read_text() != state.hexdigest():
        call_command("collectstatic", interactive=False, clear=True, verbosity=0)
        stamp.write_text(state.hexdigest())


def _answers(port: int) -> bool:
    """Whether the health check is answered, whatever host names and redirects the settings ask for."""
    link = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        link.request("GET", "/healthz")
        return link.getresponse().status < http.HTTPStatus.INTERNAL_SERVER_ERROR
    except OSError:
        return False
    finally:
        link.close()


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-8:])
