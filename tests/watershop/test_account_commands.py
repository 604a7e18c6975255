"""Shops and passwords from the server's command line."""

import re
from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from sales.models import CanType, SalesSettings
from sales.pricelist import priced
from watershop.models import AuditEntry, Membership, Role, Shop, User

Capture = pytest.CaptureFixture[str]


def password_in(capsys: Capture) -> str:
    found = re.search(r"one-time password (\S+)", capsys.readouterr().out)
    assert found
    return found[1]


def create(slug: str = "north", *options: str, owner: str = "devi") -> None:
    call_command("create_shop", slug, "--name", "North Water", "--owner", owner, *options)


def test_a_new_shop_has_an_owner_with_a_one_time_password(db: None, capsys: Capture) -> None:
    create("north", "--language", "te", "--zone", "Asia/Colombo")
    shop = Shop.objects.get(slug="north")
    assert (shop.name, shop.zone, shop.language) == ("North Water", "Asia/Colombo", "te")
    owner = Membership.objects.get(shop=shop)
    assert (owner.user.username, owner.role, owner.user.has_one_time_password) == ("devi", Role.OWNER, True)
    assert AuditEntry.objects.filter(shop=shop, action="create_shop", origin="command create_shop").exists()

    browser = Client()
    answer = browser.post(reverse("login"), {"username": "devi", "password": password_in(capsys)})
    assert answer.headers["Location"] == reverse("password_change")


def test_a_new_shop_can_sell_at_once(db: None) -> None:
    create()
    prices = {can_type.code: int(can_type.price) for can_type in priced(CanType.objects.all())}
    assert prices == {"20L": 20, "10L": 10}
    assert all(can_type.deposit for can_type in CanType.objects.all())
    assert SalesSettings.objects.filter(shop__slug="north").exists()


def test_somebody_who_has_a_shop_keeps_the_password_for_the_next(lakshmi: User, capsys: Capture) -> None:
    create(owner="lakshmi")
    assert "one-time" not in capsys.readouterr().out
    assert lakshmi.memberships.filter(role=Role.OWNER).count() == 2


@pytest.mark.parametrize(
    ("slug", "options", "says"),
    [
        ("water", (), "already exists"),
        ("not a slug", (), "slug"),
        ("north", ("--zone", "Mars/Olympus"), "time zone"),
        ("north", ("--language", "tlh"), "language"),
        ("north", ("--owner", "de vi;"), "username"),
    ],
)
def test_what_cannot_be_opened_is_refused_and_leaves_nothing(
    shop: Shop, slug: str, options: tuple[str, ...], says: str
) -> None:
    with pytest.raises(CommandError, match=says):
        create(slug, *options)
    assert list(Shop.objects.all()) == [shop]
    assert not User.objects.filter(username="devi").exists()


def test_a_reset_replaces_the_password_and_ends_the_sessions(
    ravi: User, client_of: Callable[[User], Client], capsys: Capture
) -> None:
    browser = client_of(ravi)
    call_command("reset_password", "ravi")
    assert browser.get(reverse("password_change")).status_code == 302, "signed out"
    again = Client()
    answer = again.post(reverse("login"), {"username": "ravi", "password": password_in(capsys)})
    assert answer.headers["Location"] == reverse("password_change")
    assert AuditEntry.objects.filter(action="reset_password", origin="command reset_password").exists()


def test_a_reset_of_nobody_says_so(db: None) -> None:
    with pytest.raises(CommandError, match="no user nobody"):
        call_command("reset_password", "nobody")
