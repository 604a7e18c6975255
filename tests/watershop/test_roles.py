"""Who may come in: the shop of the path, the role, and the rights that the owner switched."""

from collections.abc import Callable

from django.test import Client
from django.urls import reverse

from tests.base import Cast, make_cast
from watershop import accounts
from watershop.audit import Actor
from watershop.models import AuditEntry, Membership, Right, Role, User
from watershop.roles import DEFAULT_RIGHTS, rights_of

ClientOf = Callable[[User], Client]


def dashboard(client: Client, slug: str = "water") -> int:
    return client.get(reverse("dashboard", args=[slug])).status_code


def membership(cast: Cast, user: User) -> Membership:
    return Membership.objects.get(shop=cast.shop, user=user)


def test_a_clerk_does_not_see_the_totals_and_a_manager_does(cast: Cast, client_of: ClientOf) -> None:
    assert dashboard(client_of(cast.ravi)) == 403
    assert dashboard(client_of(cast.meena)) == 200


def test_who_is_refused_reads_who_can_help(cast: Cast, client_of: ClientOf) -> None:
    page = client_of(cast.ravi).get(reverse("dashboard", args=["water"])).content.decode()
    assert "“See the shop&#x27;s totals”. The owner can switch it on under Staff." in page
    page = client_of(cast.meena).get(reverse("staff", args=["water"])).content.decode()
    assert "This needs the role “Owner”. Ask somebody who has it." in page


def test_the_owners_switch_takes_effect_with_the_next_request(cast: Cast, client_of: ClientOf) -> None:
    owner, clerk, manager = (client_of(user) for user in (cast.lakshmi, cast.ravi, cast.meena))
    boxes = {f"{role}:{right}": "on" for role in (Role.STAFF, Role.MANAGER) for right in DEFAULT_RIGHTS[role]}
    boxes["staff:see_totals"] = "on"
    del boxes["manager:see_totals"]
    owner.post(reverse("staff_rights", args=["water"]), boxes)
    assert (dashboard(clerk), dashboard(manager)) == (200, 403)
    changes = AuditEntry.objects.filter(action="set_right").order_by("pk").values_list("after", "user")
    assert list(changes) == [
        ({"role": role, "right": "see_totals", "is_allowed": allowed}, cast.lakshmi.pk)
        for role, allowed in (("staff", True), ("manager", False))
    ]


def test_an_owner_keeps_every_right(cast: Cast) -> None:
    assert rights_of(membership(cast, cast.lakshmi)) == frozenset(Right)


def test_another_shop_does_not_exist_for_those_who_do_not_work_there(cast: Cast, client_of: ClientOf) -> None:
    make_cast("next-door")
    for page in ("dashboard", "staff", "till", "shop_home"):
        assert client_of(cast.lakshmi).get(reverse(page, args=["next-door"])).status_code == 404


def test_switches_of_one_shop_change_nothing_in_another(cast: Cast) -> None:
    neighbour = make_cast("next-door")
    actor = Actor(cast.lakshmi, "tests")
    accounts.set_right(shop=cast.shop, role=Role.STAFF, right=Right.VOID, is_allowed=True, actor=actor)
    assert Right.VOID in rights_of(membership(cast, cast.ravi))
    assert Right.VOID not in rights_of(membership(neighbour, neighbour.ravi))


def test_a_deactivated_member_is_out_with_the_next_request(cast: Cast, client_of: ClientOf) -> None:
    client = client_of(cast.meena)
    assert dashboard(client) == 200
    accounts.set_active(membership(cast, cast.meena), is_active=False, actor=Actor(cast.lakshmi, "tests"))
    assert dashboard(client) == 404
