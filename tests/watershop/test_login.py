"""Signing in: own passwords, one-time passwords, and what an expired one is worth."""

from datetime import timedelta

from django.contrib.auth import authenticate
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.base import PASSWORD, TESTS, Cast
from watershop import accounts
from watershop.models import User

NEW = "clear-water-every-day"


def sign_in(username: str, password: str) -> Client:
    client = Client()
    client.post(reverse("login"), {"username": username, "password": password})
    return client


def test_a_stranger_is_sent_to_the_login_page_and_back(cast: Cast) -> None:
    page = reverse("staff", args=["water"])
    assert Client().get(page)["Location"] == f"{reverse('login')}?next={page}"
    data = {"username": "lakshmi", "password": PASSWORD, "next": page}
    assert Client().post(reverse("login"), data)["Location"] == page


def test_a_page_that_asks_by_itself_takes_a_stranger_to_the_login_page_and_back_to_the_whole_page(
    cast: Cast,
) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://shop.local/s/water/staff/?lang=te"}
    answer = Client().get(reverse("dashboard_now", args=["water"]), headers=headers)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer["HX-Redirect"] == f"{reverse('login')}?next=/s/water/staff/%3Flang%3Dte"


def test_a_wrong_password_says_so_and_lets_nobody_in(cast: Cast) -> None:
    client = Client()
    answer = client.post(reverse("login"), {"username": "ravi", "password": "guess"})
    assert "Please enter a correct username and password" in answer.content.decode()
    assert client.get("/")["Location"] == reverse("login")


def test_the_start_leads_into_the_only_shop(cast: Cast) -> None:
    assert sign_in("ravi", PASSWORD).get("/")["Location"] == reverse("shop_home", args=["water"])


def test_the_owner_looks_first_and_everybody_else_sells_first(cast: Cast) -> None:
    home = reverse("shop_home", args=["water"])
    assert sign_in("lakshmi", PASSWORD).get(home)["Location"] == reverse("dashboard", args=["water"])
    assert sign_in("ravi", PASSWORD).get(home)["Location"] == reverse("till", args=["water"])


def test_a_one_time_password_has_to_be_replaced_before_anything_else(cast: Cast) -> None:
    code = accounts.set_one_time_password(cast.ravi)
    client = sign_in("ravi", code)
    for page in ("/", reverse("till", args=["water"])):
        assert client.get(page)["Location"] == reverse("password_change")
    assert "one-time password" in client.get(reverse("password_change")).content.decode()


def test_after_the_own_password_is_set_the_one_time_password_is_worth_nothing(cast: Cast) -> None:
    code = accounts.set_one_time_password(cast.ravi)
    client = sign_in("ravi", code)
    data = {"old_password": code, "new_password1": NEW, "new_password2": NEW}
    assert client.post(reverse("password_change"), data)["Location"] == "/"
    assert client.get("/")["Location"] == reverse("shop_home", args=["water"])
    assert authenticate(username="ravi", password=code) is None
    assert authenticate(username="ravi", password=NEW) == cast.ravi


def test_a_one_time_password_cannot_replace_itself(cast: Cast) -> None:
    code = accounts.set_one_time_password(cast.ravi)
    client = sign_in("ravi", code)
    data = {"old_password": code, "new_password1": code, "new_password2": code}
    answer = client.post(reverse("password_change"), data)
    assert "This is the old password. Choose another one." in answer.content.decode()
    cast.ravi.refresh_from_db()
    assert cast.ravi.has_one_time_password


def test_who_holds_a_one_time_password_can_also_sign_out(cast: Cast) -> None:
    client = sign_in("ravi", accounts.set_one_time_password(cast.ravi))
    assert f'action="{reverse("logout")}"' in client.get(reverse("password_change")).content.decode()


def test_the_demos_new_passwords_and_pins_touch_nobody_of_a_real_shop(cast: Cast) -> None:
    assert accounts.fresh_demo_sign_ins() == []
    assert authenticate(username="ravi", password=PASSWORD) == cast.ravi


def test_a_one_time_password_expires_also_for_those_already_inside(cast: Cast) -> None:
    code = accounts.set_one_time_password(cast.ravi)
    client = sign_in("ravi", code)
    User.objects.filter(pk=cast.ravi.pk).update(password_expires_at=timezone.now() - timedelta(seconds=1))
    assert authenticate(username="ravi", password=code) is None
    assert client.get("/")["Location"] == reverse("login")


def test_signing_out_takes_a_press_and_not_a_link(cast: Cast) -> None:
    client = sign_in("ravi", PASSWORD)
    assert client.get(reverse("logout"))["Location"] == "/"
    assert client.get(reverse("till", args=["water"])).status_code == 200
    client.post(reverse("logout"))
    assert client.get("/")["Location"] == reverse("login")


def test_who_works_in_two_shops_chooses_and_who_works_in_none_is_told(cast: Cast) -> None:
    accounts.create_shop(slug="other", name="Second Shop", owner=cast.lakshmi, actor=TESTS)
    assert "Second Shop" in sign_in("lakshmi", PASSWORD).get("/").content.decode()
    User.objects.create_user("nobody", password=PASSWORD)
    assert "You work in no shop at present" in sign_in("nobody", PASSWORD).get("/").content.decode()


def test_before_the_first_shop_the_start_names_the_set_up_link(db: None) -> None:
    assert "set-up link" in Client().get("/").content.decode()
