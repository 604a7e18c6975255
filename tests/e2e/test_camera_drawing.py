"""A manager draws on a camera's picture by mouse, and sees boxes over a recording, played or as single pictures."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.base import PASSWORD, Cast, make_cast
from tests.vision.conftest import write_clip
from tests.vision.scene import a_person, a_recording
from vision.cameras import take_still
from vision.models import Recording, Tracklet, Visit

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def watched(cast: Cast, clip: Path) -> Recording:
    """Four seconds of film in which Chitra is seen from the first to the third."""
    recording = a_recording(cast.shop, timezone.now(), duration_s=4)
    recording.file.save(f"recordings/{clip.name}", ContentFile(clip.read_bytes()))
    stay = {"shop": cast.shop, "recording": recording, "person": a_person(cast.shop, name="Chitra")}
    at = recording.started_at
    visit = Visit.objects.create(
        **stay, entry_at=at + timedelta(seconds=1), exit_at=at + timedelta(seconds=3)
    )
    path = [[second / 5, 0.5, 0.25, 0.75, 0.75] for second in range(5, 16)]
    Tracklet.objects.create(**stay, visit=visit, number=1, started_s=1, ended_s=3, boxes=path)
    return recording


def sign_in(page: Page, address: str) -> None:
    page.goto(address)
    page.fill("[name=username]", "meena")
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(address)
    page.wait_for_load_state("load")


def test_a_counter_drawn_by_mouse_is_there_after_a_reload(
    page: Page, live_server: LiveServer, tmp_path: Path
) -> None:
    camera = watched(make_cast(), write_clip(tmp_path / "clip.mp4")).camera
    assert take_still(camera) == ""
    sign_in(page, f"{live_server.url}/s/water/cameras/{camera.pk}/")
    page.get_by_role("button", name="Counter").click()
    still = page.locator(".still > svg")
    still.scroll_into_view_if_needed()
    spot = still.bounding_box()
    assert spot is not None
    for x, y in ((0.25, 0.5), (0.75, 0.5), (0.5, 0.75)):
        page.mouse.click(spot["x"] + x * spot["width"], spot["y"] + y * spot["height"])
    page.get_by_role("button", name="Save the drawing").click()
    page.wait_for_load_state("load")
    expect(page.locator(".place--counter")).to_have_attribute("points", "25.0,50.0 75.0,50.0 50.0,75.0")
    camera.refresh_from_db()
    assert camera.counter == [[0.25, 0.5], [0.75, 0.5], [0.5, 0.75]]


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv"])
def test_the_preview_shows_a_box_with_a_name_where_somebody_is(
    page: Page, live_server: LiveServer, tmp_path: Path, name: str
) -> None:
    recording = watched(make_cast(), write_clip(tmp_path / name))
    sign_in(page, f"{live_server.url}/s/water/recordings/{recording.pk}/preview/")
    expect(page.locator(".still > video")).to_have_count(1 if name == "clip.mp4" else 0)
    expect(page.locator(".box")).to_have_count(0)
    page.locator(".lane").press("Enter")
    box = page.locator(".box")
    expect(box).to_have_text("Chitra")
    over, spot = page.locator("[data-boxes]").bounding_box(), box.bounding_box()
    assert over and spot and abs(spot["x"] - over["x"] - over["width"] / 2) < 2
