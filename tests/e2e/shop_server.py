"""A web server on the test database that a test can kill."""

import http.client
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from django.conf import settings
from django.db import connection

HOST = "127.0.0.1"
START_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


class ShopServer:
    """Gunicorn with hashed static files, collected once into `var`.

    `kill` is kill -9 of all its processes; `start` opens on the same port.
    """

    def __init__(self, var: Path) -> None:
        where = connection.settings_dict
        self.environment = {
            **os.environ,
            "DATABASE_URL": f"postgres://{where['USER']}@/{where['NAME']}?host={where['HOST']}",
            "WATERSHOP_VAR": str(var),
            "WATERSHOP_SECRET_KEY": settings.SECRET_KEY,
        }
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}"
        if not (var / "static" / "staticfiles.json").exists():  # written last
            collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"]
            subprocess.run(collect, cwd=settings.BASE_DIR, env=self.environment, check=True)

    def start(self) -> None:
        web = f"-m gunicorn watershop.wsgi --bind {HOST}:{self.port} --worker-class gthread --threads 4"
        self.process = subprocess.Popen(
            [sys.executable, *web.split(), "--no-control-socket"],
            cwd=settings.BASE_DIR,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert time.monotonic() < deadline and self.process.poll() is None, "the web server did not start"
            time.sleep(0.1)

    def _answers(self) -> bool:
        link = http.client.HTTPConnection(HOST, self.port, timeout=5)
        try:
            link.request("GET", "/healthz")
            return link.getresponse().status == http.HTTPStatus.OK
        except OSError:
            return False
        finally:
            link.close()

    def kill(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, 9)
            self.process.wait()
