"""Django's PostgreSQL backend, with the embedded server started or joined before the first connection.

So any command, web worker, queue worker or test that needs the database has it, and what needs none
(settings, lint, types, schema) starts none. On an external server it only refuses what is too old, with a
line that says what to do.
"""

from collections.abc import Iterable
from typing import Any

from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.validation import BaseDatabaseValidation
from django.db.backends.postgresql import base
from django.db.backends.postgresql.client import DatabaseClient as PostgresqlClient
from django.db.backends.postgresql.features import DatabaseFeatures as PostgresqlFeatures
from psycopg2 import OperationalError

from watershop.database import OLDEST_SERVER, check_vector, embedded_server, ensure_running, is_embedded


class DatabaseFeatures(PostgresqlFeatures):
    """Django itself still takes 14; it compares this with the server on the first connection."""

    minimum_database_version = (OLDEST_SERVER,)


class DatabaseValidation(BaseDatabaseValidation):
    """What `migrate` and `check --database` ask of the server."""

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        """One error when the extension is missing or too old."""
        with self.connection.cursor() as rows:
            rows.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
            found = rows.fetchone()
        try:
            check_vector(found[0] if found else None)
        except ImproperlyConfigured as error:
            return [Error(str(error), id="watershop.E001")]
        return []


class DatabaseClient(PostgresqlClient):
    """`manage.py dbshell` needs the server too, and uses the psql that came with it."""

    def runshell(self, parameters: Iterable[str]) -> None:
        """Join the server, then hand over to psql."""
        if is_embedded():
            ensure_running()
            self.executable_name = embedded_server().binary("psql")
        super().runshell(parameters)


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that brings its server along."""

    features_class = DatabaseFeatures
    validation_class = DatabaseValidation
    client_class = DatabaseClient

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect; a server that died since this process joined it is started once more."""
        if not is_embedded():
            return super().get_new_connection(conn_params)
        ensure_running()
        try:
            return super().get_new_connection(conn_params)
        except OperationalError:
            embedded_server().start()  # does nothing where it runs: then the second try raises the same
            return super().get_new_connection(conn_params)
