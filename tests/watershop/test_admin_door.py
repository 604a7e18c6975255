"""The admin's door: rights that an owner switched count there too, and passwords are changed in one place."""

from collections.abc import Callable

from django.test import Client
from django.urls import reverse

from tests.base import TESTS, Cast, make_cast
from vision.models import Person
from watershop import accounts
from watershop.models import Right, Role, Shop, User

ClientOf = Callable[[User], Client]
PERSONS = "/admin/vision/person/"


def hide_faces(shop: Shop) -> None:
    accounts.set_right(shop=shop, role=Role.MANAGER, right=Right.SEE_FACES, is_allowed=False, actor=TESTS)


def test_who_may_not_see_faces_finds_no_persons_recordings_or_visits(cast: Cast, client_of: ClientOf) -> None:
    hide_faces(cast.shop)
    manager, owner = client_of(cast.meena), client_of(cast.lakshmi)
    for name in ("person", "recording", "visit"):
        page = reverse(f"admin:vision_{name}_changelist")
        assert (manager.get(page).status_code, owner.get(page).status_code) == (403, 200)
        assert page not in manager.get("/admin/").content.decode()
        assert page in owner.get("/admin/").content.decode()


def test_a_right_counts_in_the_shop_where_it_is_switched(cast: Cast, client_of: ClientOf) -> None:
    other = make_cast("other").shop
    accounts.add_member(shop=other, user=cast.meena, role=Role.MANAGER, actor=TESTS)
    for shop in (cast.shop, other):
        Person.objects.create(shop=shop, code="P_0001")
    hide_faces(other)
    rows = client_of(cast.meena).get(PERSONS).context["cl"].result_list
    assert [row.shop for row in rows] == [cast.shop]


def test_a_password_is_changed_on_the_shops_own_page(cast: Cast, client_of: ClientOf) -> None:
    answer = client_of(cast.meena).get(reverse("admin:password_change"))
    assert answer["Location"] == reverse("password_change")
