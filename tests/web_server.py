"""The shop's web server as `run` starts it, on the database of the tests or of the bench."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil
from django.conf import settings
from django.db import connection
from django.test import Client

from watershop.models import User

HOST = "127.0.0.1"
START_SECONDS = 60
PATIENCE = 60  # seconds for an answer, on a machine that does much else
CSRF = "c" * 32


@dataclass(frozen=True)
class WebServer:
    """A gunicorn with its workers."""

    port: int
    process: "subprocess.Popen[bytes]"

    @property
    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()

    def answers(self) -> bool:
        link = http.client.HTTPConnection(HOST, self.port, timeout=5)
        try:
            link.request("GET", "/healthz")
            return link.getresponse().status == HTTPStatus.OK
        except OSError:
            return False
        finally:
            link.close()

    def wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            assert self.process.poll() is None, "the web server ended"
            assert time.monotonic() < deadline, "the web server does not answer"
            time.sleep(0.1)


class Browser:
    """Somebody's browser, signed in, with one connection that it keeps."""

    def __init__(self, server: WebServer, user: User) -> None:
        client = Client()
        client.force_login(user, backend="watershop.accounts.OneTimePasswordBackend")
        session = client.cookies["sessionid"].value
        self.headers = {"Cookie": f"sessionid={session}; csrftoken={CSRF}", "X-CSRFToken": CSRF}
        self.link = http.client.HTTPConnection(HOST, server.port, timeout=PATIENCE)

    def get(self, path: str) -> http.client.HTTPResponse:
        self.link.request("GET", path, headers=self.headers)
        return self.link.getresponse()

    def post(self, path: str, form: Mapping[str, Any]) -> http.client.HTTPResponse:
        self.send(path, form)
        return self.link.getresponse()

    def send(self, path: str, form: Mapping[str, Any]) -> None:
        """Post without waiting for the answer."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        self.link.request("POST", path, urlencode(form), self.headers | kind)


@contextmanager
def web_server(
    *, var: Path, workers: int, environment: Mapping[str, str] | None = None
) -> Iterator[WebServer]:
    """Serve the database of this process's connection until the block ends."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    gunicorn = f"-m gunicorn watershop.wsgi --bind {HOST}:{port} --worker-class gthread --threads 8"
    process = subprocess.Popen(
        [sys.executable, *gunicorn.split(), f"--workers={workers}", "--no-control-socket"],
        cwd=settings.BASE_DIR,
        env={**os.environ, **same_shop(var), **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    server = WebServer(port, process)
    try:
        server.wait()
        yield server
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait()


def same_shop(var: Path) -> dict[str, str]:
    """What makes another process use this one's database and take its sessions for its own."""
    where = connection.settings_dict
    return {
        "DATABASE_URL": f"postgres://{where['USER']}@/{where['NAME']}?host={where['HOST']}",
        "WATERSHOP_DEMO": "",
        "WATERSHOP_VAR": str(var),
        "WATERSHOP_SECRET_KEY": settings.SECRET_KEY,
    }
