"""The health check: whether this server can serve, in one line and without a traceback."""

import pytest
from django.db import DatabaseError
from django.test import Client

from watershop.postgresql.programs import EmbeddedServerError


def test_it_is_well_when_the_database_answers(db: None) -> None:
    answer = Client().get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.parametrize(
    "error", [DatabaseError("no answer"), EmbeddedServerError("PostgreSQL did not start.")]
)
def test_it_says_so_when_the_database_does_not(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def refuse() -> None:
        raise error

    monkeypatch.setattr("watershop.health.connection.cursor", refuse)
    answer = Client().get("/healthz")
    assert (answer.status_code, answer.content) == (503, b"database down\n")
