"""The owner's page of the people: add, change the role, let go, bring back, reset."""

from collections.abc import Callable

import pytest
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from tests.base import PASSWORD, Cast, make_cast
from watershop import accounts
from watershop.models import AuditEntry, Membership, Right, Role, User
from watershop.roles import rights_of

ClientOf = Callable[[User], Client]
STAFF = "/s/water/staff/"


@pytest.fixture
def owner(cast: Cast, client_of: ClientOf) -> Client:
    return client_of(cast.lakshmi)


def add(owner: Client, **changes: str) -> str:
    data = {"username": "sita", "first_name": "Sita", "language": "te", "role": "staff"} | changes
    return owner.post(reverse("staff_add", args=["water"]), data).content.decode()


def change(owner: Client, user: User, slug: str = "water", **data: str) -> str:
    member = Membership.objects.get(shop__slug=slug, user=user)
    answer = owner.post(reverse("staff_change", args=["water", member.pk]), data, follow=True)
    return answer.content.decode() if answer.status_code == 200 else str(answer.status_code)


def member(user: User) -> Membership:
    return Membership.objects.get(shop__slug="water", user=user)


def shown_code(page: str) -> str:
    return page.partition("<code>")[2].partition("</code>")[0]


def test_somebody_new_gets_a_one_time_password_that_is_shown_once(owner: Client) -> None:
    code = shown_code(add(owner))
    sita = authenticate(username="sita", password=code)
    assert isinstance(sita, User)
    assert sita.has_one_time_password
    assert (sita.language, member(sita).role) == ("te", Role.STAFF)
    assert code not in owner.get(STAFF).content.decode()


def test_somebody_who_works_in_another_shop_keeps_their_own_password(owner: Client) -> None:
    neighbour = make_cast("next-door")
    page = add(owner, username=neighbour.ravi.username, role="manager")
    assert "can sign in here with their own password" in page
    assert member(neighbour.ravi).role == Role.MANAGER
    assert authenticate(username=neighbour.ravi.username, password=PASSWORD) == neighbour.ravi


def test_an_impossible_user_name_is_refused_with_the_reason(owner: Client) -> None:
    page = add(owner, username="no spaces please")
    assert "Enter a valid username" in page
    assert Membership.objects.filter(shop__slug="water").count() == 3


def test_who_works_here_cannot_be_added_again(owner: Client, cast: Cast) -> None:
    assert "lakshmi works here already." in add(owner, username="lakshmi", role="staff")
    assert (member(cast.lakshmi).role, AuditEntry.objects.filter(action="add_member").count()) == ("owner", 3)


def test_who_left_comes_back_when_added_again(owner: Client, cast: Cast) -> None:
    change(owner, cast.ravi, do="deactivate")
    assert "can sign in here with their own password" in add(owner, username="ravi", role="manager")
    assert (member(cast.ravi).role, member(cast.ravi).is_active) == ("manager", True)


def test_somebody_who_cannot_be_hired_leaves_no_user_behind(
    owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "add_member", refuse)
    assert "Not today." in add(owner)
    assert not User.objects.filter(username="sita").exists()


def refuse(**_wish: object) -> None:
    raise ValidationError("Not today.")


def test_a_changed_role_counts_and_is_audited(owner: Client, cast: Cast) -> None:
    assert "Saved." in change(owner, cast.ravi, do="role", role="manager")
    assert member(cast.ravi).role == Role.MANAGER
    entry = AuditEntry.objects.get(action="change_role")
    assert (entry.before, entry.after, entry.user) == ({"role": "staff"}, {"role": "manager"}, cast.lakshmi)
    assert entry.origin == "web 127.0.0.1"


def test_who_leaves_is_deactivated_and_can_come_back(owner: Client, cast: Cast) -> None:
    assert "Deactivated" in change(owner, cast.ravi, do="deactivate")
    assert not member(cast.ravi).is_active
    assert "Deactivated" not in change(owner, cast.ravi, do="activate")
    assert member(cast.ravi).is_active


def test_a_reset_shows_a_code_and_ends_the_old_password(
    owner: Client, cast: Cast, client_of: ClientOf
) -> None:
    signed_in = client_of(cast.ravi)
    code = shown_code(change(owner, cast.ravi, do="reset"))
    assert authenticate(username="ravi", password=PASSWORD) is None
    assert authenticate(username="ravi", password=code) == cast.ravi
    assert signed_in.get("/s/water/").headers["Location"].startswith(reverse("login"))


def test_a_person_of_another_shop_cannot_be_reset_from_here(owner: Client, cast: Cast) -> None:
    neighbour = make_cast("next-door")
    add(owner, username=neighbour.ravi.username)
    assert "This person also works elsewhere" in change(owner, neighbour.ravi, do="reset")
    assert authenticate(username=neighbour.ravi.username, password=PASSWORD) == neighbour.ravi


def test_the_last_owner_stays_an_owner(owner: Client, cast: Cast) -> None:
    for wish in ({"do": "role", "role": "staff"}, {"do": "deactivate"}):
        assert "A shop needs an owner" in change(owner, cast.lakshmi, **wish)
    assert (member(cast.lakshmi).role, member(cast.lakshmi).is_active) == (Role.OWNER, True)


def test_nothing_chosen_changes_nothing(owner: Client, cast: Cast) -> None:
    assert "Choose what to change." in change(owner, cast.ravi, do="role", role="emperor")
    assert member(cast.ravi).role == Role.STAFF


def test_every_right_has_a_switch(owner: Client, cast: Cast) -> None:
    page = owner.get(STAFF).content.decode()
    assert all(f'name="staff:{right}"' in page for right in Right)
    owner.post(reverse("staff_rights", args=["water"]), {})
    assert rights_of(Membership(shop=cast.shop, role=Role.MANAGER)) == frozenset()


def test_the_people_of_another_shop_are_not_found(owner: Client) -> None:
    neighbour = make_cast("next-door")
    assert change(owner, neighbour.ravi, slug="next-door", do="deactivate") == "404"
    assert neighbour.ravi.username not in owner.get(STAFF).content.decode()


@pytest.mark.parametrize("who", ["meena", "ravi"])
def test_only_an_owner_sees_and_changes_the_staff(cast: Cast, client_of: ClientOf, who: str) -> None:
    client = client_of(getattr(cast, who))
    assert client.get(STAFF).status_code == 403
    assert client.post(reverse("staff_add", args=["water"]), {"username": "mole"}).status_code == 403
    assert client.post(reverse("staff_rights", args=["water"]), {}).status_code == 403
    assert change(client, cast.ravi, do="role", role="owner") == "403"
