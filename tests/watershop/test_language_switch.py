"""Every page carries the switch, and the choice stays: in the browser, and with the person."""

from collections.abc import Callable

from django.test import Client
from django.urls import reverse

from tests.base import PASSWORD, Cast
from watershop.models import User

ClientOf = Callable[[User], Client]


def switch(client: Client, language: str, back: str = "/login/") -> str:
    answer = client.post(reverse("set_language"), {"language": language, "next": back}, follow=True)
    page = answer.content.decode()
    return page.partition('<html lang="')[2].partition('"')[0]


def test_the_login_page_speaks_the_chosen_language(cast: Cast) -> None:
    client = Client()
    for language in ("te", "hi", "ta", "en"):
        assert switch(client, language) == language


def test_the_switch_leads_back_to_the_page_it_was_on(cast: Cast, client_of: ClientOf) -> None:
    client = client_of(cast.lakshmi)
    answer = client.post(reverse("set_language"), {"language": "te", "next": "/s/water/staff/"})
    assert answer["Location"] == "/s/water/staff/"


def test_the_switch_never_leads_to_another_site(cast: Cast) -> None:
    answer = Client().post(reverse("set_language"), {"language": "te", "next": "https://evil.example/"})
    assert answer["Location"] == "/"


def test_somebody_signed_in_has_the_language_again_at_the_next_sign_in(
    cast: Cast, client_of: ClientOf
) -> None:
    switch(client_of(cast.ravi), "hi", "/password/")
    cast.ravi.refresh_from_db()
    assert cast.ravi.language == "hi"
    browser = Client()
    browser.post(reverse("login"), {"username": "ravi", "password": PASSWORD})
    assert browser.cookies["django_language"].value == "hi"


def test_a_language_that_the_shop_does_not_speak_changes_nothing(cast: Cast, client_of: ClientOf) -> None:
    assert switch(client_of(cast.ravi), "fr", "/password/") == "en"
    cast.ravi.refresh_from_db()
    assert cast.ravi.language == "en"


def test_a_link_cannot_switch_the_language(cast: Cast) -> None:
    answer = Client().get(reverse("set_language"), {"language": "te"})
    assert (answer["Location"], answer.cookies) == ("/", {})


def test_the_switch_on_an_answer_that_shows_a_one_time_password_leads_back_to_the_staff(
    cast: Cast, client_of: ClientOf
) -> None:
    client = client_of(cast.lakshmi)
    member = cast.ravi.memberships.get()
    for answer in ("/s/water/staff/add/", f"/s/water/staff/{member.pk}/"):
        assert client.get(answer)["Location"] == "/s/water/staff/"
    assert switch(client, "te", f"/s/water/staff/{member.pk}/") == "te"
