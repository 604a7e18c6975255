"""A customer's card held before the camera puts its holder on the bill."""

from pathlib import Path

import numpy as np
import pytest
import segno
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from sales import cards
from tests.base import PASSWORD, TESTS, make_cast
from tests.e2e.conftest import QUIET, _chromium

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def film(token: str, path: Path) -> Path:
    """A camera's picture of 640 x 480 of the code, as Y4M."""
    code = np.array(list(segno.make_qr(token, error="m").matrix_iter(scale=10, border=4)), np.uint8)
    luma = np.full((480, 640), 200, np.uint8)
    luma[60 : 60 + code.shape[0], 120 : 120 + code.shape[1]] = np.where(code, 20, 235)
    frame = b"FRAME\n" + luma.tobytes() + bytes([128]) * (640 * 480 // 2)
    path.write_bytes(b"YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420jpeg\n" + frame * 10)
    return path


def test_a_card_before_the_camera_puts_its_holder_on_the_bill(
    live_server: LiveServer, browser: Browser, tmp_path: Path
) -> None:
    cast = make_cast()
    (card,) = cards.issue(cast.shop, [cast.asha], actor=TESTS)
    camera = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film(card.token, tmp_path / 'card.y4m')}",
    ]
    seeing = browser.browser_type.launch(executable_path=_chromium(), args=[*QUIET, "--no-sandbox", *camera])
    page = seeing.new_page()
    page.goto(f"{live_server.url}/s/water/till/")
    page.fill("[name=username]", "ravi")
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/till/")  # loaded, with the script that the button needs
    expect(page.get_by_role("button", name="Scan")).to_be_visible()
    page.wait_for_load_state("load")
    page.get_by_role("button", name="Scan").click()
    expect(page.locator(".buyer__name")).to_contain_text("Asha", timeout=30_000)
    seeing.close()
