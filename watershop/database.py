"""Which PostgreSQL the shop uses, and how it is made ready.

`DATABASE_URL` (postgres://user:password@host:port/name?sslmode=require) names any PostgreSQL >= 15 with
pgvector >= 0.8. Unset, it is the embedded server of `watershop.postgresql`, with its data under `var/`;
`WATERSHOP_VAR` moves that folder, so `WATERSHOP_VAR=/tmp/mine` gives a developer, or a test run, a server of
its own.

Two roles. The plain one owns the databases and does all the work of the shop, so that row security binds it.
The superuser (`DATABASE_ADMIN_URL` on an external server) only makes the plain role and its databases, puts
`vector` into template1, from which test databases inherit it, and runs backup and restore.

`WATERSHOP_DEMO=1` selects the demo shop's database, which stands beside the real one under the name
`<name>_demo`. Importing this module, or the settings, starts nothing: a connection does
(`watershop.postgresql.base`).
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import psycopg2
from django.core.exceptions import ImproperlyConfigured
from psycopg2 import sql
from psycopg2.extensions import ISOLATION_LEVEL_AUTOCOMMIT, connection, cursor, make_dsn

from watershop.postgresql.server import SUPERUSER, EmbeddedServer

BASE_DIR = Path(__file__).resolve().parent.parent
ROLE = "watershop"
YES = frozenset({"1", "true", "yes", "on"})  # what a switch in the environment may say, in any case
OLDEST_SERVER = 15
OLDEST_VECTOR = (0, 8)
ONE_AT_A_TIME = 7_260_018  # the advisory lock of `prepare`; any number that nobody else takes


def var_dir() -> Path:
    """The folder of everything that the shop makes: database, media, models. `WATERSHOP_VAR`, else `var/`."""
    return Path(os.environ.get("WATERSHOP_VAR") or BASE_DIR / "var").absolute()


def is_demo() -> bool:
    """Whether this process serves the demo shop, which has a database and media of its own."""
    return os.environ.get("WATERSHOP_DEMO", "").strip().lower() in YES


def is_embedded() -> bool:
    """Whether the shop brings its own server along."""
    return not os.environ.get("DATABASE_URL")


def database_settings() -> dict[str, Any]:
    """The entry of Django's DATABASES; starts nothing. ImproperlyConfigured for a bad DATABASE_URL."""
    url = os.environ.get("DATABASE_URL")
    where = _from_url(url) if url else _of_embedded_server()
    if is_demo():
        where["NAME"] = f"{where['NAME']}_demo"
    return {
        "ENGINE": "watershop.postgresql",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,  # a restarted server costs a request nothing
        **where,
    }


def embedded_server() -> EmbeddedServer:
    """The one server object of this process, for it holds the process's place among the users."""
    return _SERVERS.setdefault(var_dir(), EmbeddedServer(var_dir()))


_SERVERS: dict[Path, EmbeddedServer] = {}


def ensure_running() -> None:
    """Start or join the embedded server, with role and databases made. Cheap when called again."""
    server = embedded_server()
    if server.join():
        admin = f"host='{server.socket_dir}' user={SUPERUSER} dbname=postgres"
        try:
            if not _has_database(admin, f"{ROLE}_demo"):
                prepare(admin, **_plain_role())
        except BaseException:
            server.leave()
            raise


def prepare_external(admin_url: str) -> None:
    """Make role and databases of DATABASE_URL through the superuser of `admin_url`; safe to repeat."""
    prepare(admin_url, **_plain_role())


def _plain_role() -> dict[str, str]:
    where = database_settings()
    name = where["NAME"].removesuffix("_demo")
    return {"role": where["USER"], "password": where["PASSWORD"], "name": name}


def prepare(admin: str, *, role: str, password: str, name: str) -> None:
    """Create the plain role, its databases `name` and `name`_demo, and `vector` in template1 and in both.

    `admin` is the connection string of a superuser. What exists is left as it is, but for a plain role with a
    superuser's powers, which is refused: row security would not bind it.
    """
    databases = (name, f"{name}_demo")  # the demo's comes last: where it is, all is done
    with _superuser(admin) as rows:
        rows.execute("SELECT pg_advisory_lock(%s)", [ONE_AT_A_TIME])
        check_server(rows.connection.server_version)
        _ensure_vector(admin, "template1")
        _ensure_role(rows, role, password)
        for database in databases:
            _ensure_database(admin, database, role)
            _ensure_vector(admin, database)


def check_server(version: int) -> None:
    """Raise ImproperlyConfigured when the server (180004 for 18.4) is older than the shop needs."""
    if version // 10_000 < OLDEST_SERVER:
        raise ImproperlyConfigured(
            f"WaterShop needs PostgreSQL {OLDEST_SERVER} or newer, this is {version // 10_000}: "
            "upgrade the server, or unset DATABASE_URL to use the embedded one."
        )


def check_vector(version: str | None) -> None:
    """Raise ImproperlyConfigured when the extension `vector` is missing (None) or older than 0.8."""
    wanted = ".".join(map(str, OLDEST_VECTOR))
    if version is None:
        raise ImproperlyConfigured(
            f"This database lacks the extension pgvector >= {wanted}: install it on the server, then set "
            "DATABASE_ADMIN_URL and run `python manage.py prepare_database`."
        )
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_VECTOR:
        raise ImproperlyConfigured(
            f"WaterShop needs pgvector >= {wanted}, this is {version}: install a newer one on the server "
            "and run ALTER EXTENSION vector UPDATE as a superuser."
        )


def _ensure_role(rows: cursor, role: str, password: str) -> None:
    rows.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = %s", [role])
    found = rows.fetchone()
    if found is None:
        statement = sql.SQL("CREATE ROLE {} LOGIN CREATEDB NOSUPERUSER NOBYPASSRLS PASSWORD {}")
        rows.execute(statement.format(sql.Identifier(role), sql.Literal(password or None)))
    elif found[0]:
        raise ImproperlyConfigured(
            f"The role {role} of DATABASE_URL is a superuser or bypasses row security: "
            "name a plain role there, and keep the superuser for DATABASE_ADMIN_URL."
        )


def _has_database(admin: str, database: str) -> bool:
    """One look from outside: a session in template1 would stand in the way of test databases being made."""
    with _superuser(admin) as rows:
        rows.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
        return rows.fetchone() is not None


def _ensure_database(admin: str, database: str, role: str) -> None:
    if not _has_database(admin, database):
        with _superuser(admin) as rows:
            statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template1")
            rows.execute(statement.format(sql.Identifier(database), sql.Identifier(role)))


def _ensure_vector(admin: str, database: str) -> None:
    with _superuser(admin, database) as rows:
        rows.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
        if (found := rows.fetchone()) is None:
            rows.execute("CREATE EXTENSION vector")
            rows.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
            found = rows.fetchone()
        check_vector(found[0] if found else None)


@contextlib.contextmanager
def _superuser(admin: str, database: str | None = None) -> Iterator[cursor]:
    """A cursor outside transactions, for CREATE DATABASE cannot run in one."""
    link: connection = psycopg2.connect(make_dsn(admin, dbname=database))
    link.set_isolation_level(ISOLATION_LEVEL_AUTOCOMMIT)
    try:
        with link.cursor() as rows:
            yield rows
    finally:
        link.close()


def _of_embedded_server() -> dict[str, Any]:
    return {"NAME": ROLE, "USER": ROLE, "PASSWORD": "", "HOST": str(embedded_server().socket_dir), "PORT": ""}


def _from_url(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    name = unquote(parts.path.removeprefix("/"))
    if parts.scheme not in {"postgres", "postgresql"} or not name or not parts.username:
        raise ImproperlyConfigured(
            "DATABASE_URL must look like postgres://user:password@host:5432/name?sslmode=require"
        )
    options = dict(parse_qsl(parts.query))
    return {
        "NAME": name,
        "USER": unquote(parts.username),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", unquote(parts.hostname or "")),
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
    }
