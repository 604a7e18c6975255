"""The shop's own rules for faces, the sign to hang up, and the notice that anybody may read."""

from collections.abc import Callable

import pytest
from django.test import Client

from tests.base import Cast, make_cast
from tests.vision.scene import a_camera
from vision.models import Camera, VisionSettings
from watershop.models import AuditEntry

PAGE = "/s/water/privacy/"
NOTICE = "/s/water/notice/"
WISHES = {"unnamed_days": 7, "known_days": 100, "picture_days": 3, "till_at": "", "debtor_at": "0.3"}
SignIn = Callable[..., Client]


def test_a_manager_says_what_is_kept_and_for_how_long(cast: Cast, client_of: SignIn) -> None:
    meena = client_of(cast.meena)
    assert 'href="/s/water/privacy/"' in meena.get("/s/water/manage/").content.decode()
    assert meena.post(PAGE, WISHES).status_code == 302
    row = VisionSettings.of(cast.shop)
    assert (row.unnamed_days, row.known_days, row.picture_days, row.keeps_pictures) == (7, 100, 3, False)
    assert (row.till_at, row.debtor_at) == (None, 0.3)
    entry = AuditEntry.objects.get(action="change_vision_settings")
    assert entry.user == cast.meena and (entry.after or {})["unnamed_days"] == 7
    assert meena.post(PAGE, WISHES | {"unnamed_days": 366}).status_code == 422
    assert meena.post(PAGE, WISHES | {"till_at": 9}).status_code == 422
    assert VisionSettings.of(cast.shop).unnamed_days == 7


@pytest.mark.parametrize("page", ["", "sign/", "deleted/", "views/"])
def test_only_managers_of_the_shop_come_in(cast: Cast, client_of: SignIn, page: str) -> None:
    assert client_of(cast.meena).get(PAGE + page).status_code == 200
    assert client_of(cast.ravi).get(PAGE + page).status_code == 403
    assert client_of(make_cast("next-door").lakshmi).get(PAGE + page).status_code == 404


def test_the_sign_is_printed_in_four_languages_or_in_one(cast: Cast, client_of: SignIn) -> None:
    meena = client_of(cast.meena)
    page = meena.get(f"{PAGE}sign/").content.decode()
    assert page.count('class="sign"') == 4 and page.count("http://testserver/s/water/notice/") >= 4
    for code in ("en", "te", "hi", "ta"):
        assert f'<article class="sign" lang="{code}">' in page
        one = meena.get(f"{PAGE}sign/?language={code}").content.decode()
        assert one.count('class="sign"') == 1 and f'<article class="sign" lang="{code}">' in one


def test_anybody_may_read_what_is_kept_with_the_shops_own_numbers(cast: Cast, client: Client) -> None:
    page = client.get(NOTICE).content.decode()
    assert "Nobody is recognised, and no face is kept." in page
    a_camera(cast.shop, kind=Camera.Kind.STREAM, address="rtsp://x", keep_days=9)
    VisionSettings.objects.update(unnamed_days=11, known_days=222, picture_days=33)
    page = client.get(NOTICE).content.decode()
    for words in ("11 days", "222 days", "33 days", "9 days", "at the counter"):
        assert words in page, words
    VisionSettings.objects.update(unnamed_days=0, keeps_pictures=False)
    page = client.get(NOTICE).content.decode()
    assert "until the visit ends" in page and "none are kept" in page
    assert client.get("/s/nowhere/notice/").status_code == 404


@pytest.mark.parametrize("code", ["en", "te", "hi", "ta"])
def test_the_notice_speaks_the_readers_language(cast: Cast, client: Client, code: str) -> None:
    answer = client.get(NOTICE, headers={"Accept-Language": code})
    assert f'<html lang="{code}">' in answer.content.decode()
