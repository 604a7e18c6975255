"""A real browser against a real server, with real workers behind it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as live_settings
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from pytest_django import Settings

from tests.web_server import same_shop
from watershop import jobs

# Playwright's own loop runs in this thread; the tests themselves never wait on it while they query.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
GIVEN_UP = ("htmx:afterRequest", "htmx:sendAbort")  # what a page that is left still asked for
QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-gpu"]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def _chromium() -> str:
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found:
        return found
    reason = "no Chromium found: apt-get install chromium, or name one in CHROMIUM"
    if os.environ.get("WATERSHOP_E2E_REQUIRED"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = _chromium()
    with sync_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=executable, args=[*QUIET, *sandbox])
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A desktop browser; the pages take their language from the shop's people, not from this machine."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-IN")
    context.set_default_timeout(15_000)
    yield context
    context.close()


def _is_complaint(message: ConsoleMessage) -> bool:
    return message.type == "error" and not message.text.startswith(GIVEN_UP)


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page on which every script error and every refusal of the content security policy fails the test."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if _is_complaint(message) else None)
    yield page
    assert not complaints


@pytest.fixture
def workers(settings: Settings, tmp_path: Path, transactional_db: None) -> Iterator[None]:
    """The two worker clusters, as `run` starts them, on the test database."""
    jobs.ensure_schedules()
    environment = {**os.environ, **same_shop(tmp_path)}
    clusters = [
        subprocess.Popen(
            [sys.executable, "manage.py", "qcluster"],
            cwd=live_settings.BASE_DIR,
            env=environment | {"Q_CLUSTER_NAME": name},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for name in ("default", "video")
    ]
    yield
    for cluster in clusters:
        os.killpg(cluster.pid, 15)
    for cluster in clusters:
        try:
            cluster.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(cluster.pid, 9)
            cluster.wait()
