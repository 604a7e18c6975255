"""The tokens of a user's devices: how they come, how many there are, and what ends them."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from knox.models import AuthToken
from rest_framework.test import APIClient

from tests.base import PASSWORD, TESTS, Cast, make_cast
from watershop import accounts
from watershop.models import Membership, Role, User

ApiOf = Callable[[User], APIClient]
NEW = "clear-water-every-day"
SALES = "/api/v1/shops/water/sales/"


def sign_in(username: str = "ravi", password: str = PASSWORD) -> tuple[int, dict[str, object]]:
    answer = APIClient().post(
        reverse("api_tokens"), {"username": username, "password": password}, format="json"
    )
    return answer.status_code, answer.json()


def test_a_device_gets_a_token_that_opens_the_shop(cast: Cast) -> None:
    status, body = sign_in()
    phone = APIClient()
    phone.credentials(HTTP_AUTHORIZATION=f"Token {body['token']}")
    assert (status, phone.get(SALES).status_code) == (201, 200)
    assert phone.delete(reverse("api_current_token")).status_code == 204
    assert phone.get(SALES).status_code == 401


def test_the_twenty_first_device_is_refused_with_a_way_out(cast: Cast) -> None:
    for _n in range(20):
        AuthToken.objects.create(user=cast.ravi)
    status, body = sign_in()
    assert status == 403
    assert "20 devices. Sign out on one of them" in str(body["detail"])
    assert AuthToken.objects.count() == 20


def test_a_reset_signs_the_devices_out(cast: Cast, api_of: ApiOf) -> None:
    phone, other = api_of(cast.ravi), api_of(cast.meena)
    accounts.reset_password(cast.ravi, actor=TESTS)
    assert (phone.get(SALES).status_code, other.get(SALES).status_code) == (401, 200)


def test_an_own_new_password_signs_the_devices_out(
    cast: Cast, api_of: ApiOf, client_of: Callable[[User], APIClient]
) -> None:
    phone, browser = api_of(cast.ravi), client_of(cast.ravi)
    data = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    assert browser.post(reverse("password_change"), data)["Location"] == "/"
    assert phone.get(SALES).status_code == 401
    assert sign_in(password=NEW)[0] == 201


@pytest.mark.parametrize(("works_elsewhere", "tokens"), [(False, 0), (True, 1)])
def test_who_works_nowhere_any_more_keeps_no_token(
    cast: Cast, api_of: ApiOf, works_elsewhere: bool, tokens: int
) -> None:
    phone = api_of(cast.ravi)
    if works_elsewhere:
        accounts.add_member(shop=make_cast("other").shop, user=cast.ravi, role=Role.STAFF, actor=TESTS)
    member = Membership.objects.get(user=cast.ravi, shop=cast.shop)
    accounts.set_active(member, is_active=False, actor=TESTS)
    assert phone.get(SALES).status_code in (401, 404)
    assert AuthToken.objects.filter(user=cast.ravi).count() == tokens
