"""The page of a person, whole: pictures, visits, sales, the account's other faces, the last decision to take back."""

from collections.abc import Callable

import pytest
from django.test import Client

from tests.base import Cast, sell
from tests.vision.crowd import NOW, came
from tests.vision.scene import a_person
from vision import person_views
from vision.models import SaleLink

SignIn = Callable[..., Client]


@pytest.fixture
def ravi(cast: Cast, client_of: SignIn) -> Client:
    return client_of(cast.ravi)


def test_sales_of_the_visits_and_of_the_account_stand_together(cast: Cast, ravi: Client) -> None:
    person = a_person(cast.shop, customer=cast.asha)
    visit = came(cast.shop, person, [0.0])
    linked, refused = (sell(cast, count) for count in (3, 4))
    for sale, state in ((linked, SaleLink.State.SUGGESTED), (refused, SaleLink.State.REFUSED)):
        SaleLink.objects.create(
            **{"shop": cast.shop, "sale": sale, "visit": visit, "confidence": 0.7, "state": state},
            decided_at=NOW if state == SaleLink.State.REFUSED else None,
        )
    own = sell(cast, 2, customer=cast.asha, is_paid=False)
    page = ravi.get(f"/s/water/persons/{person.pk}/").content.decode()
    part = page[page.index('id="sales"') : page.index('id="naming"')]
    assert part.count("list__row") == 2 and "₹60" in part and "₹40 unpaid" in part and "₹80" not in part
    assert f"/sales/{own.pk}/" in part and part.count(f"/visits/{visit.pk}/") == 1


def test_the_other_faces_of_an_account_are_shown(cast: Cast, ravi: Client) -> None:
    payer, carrier = (a_person(cast.shop, customer=cast.asha) for _ in range(2))
    came(cast.shop, carrier, [2.0])
    page = ravi.get(f"/s/water/persons/{payer.pk}/").content.decode()
    assert "Also on the account of Asha" in page and f"/persons/{carrier.pk}/" in page
    alone = a_person(cast.shop, customer=cast.bala)
    assert "Also on the account" not in ravi.get(f"/s/water/persons/{alone.pk}/").content.decode()


def test_a_visit_is_taken_off_beside_its_picture_and_given_back_at_the_top(cast: Cast, ravi: Client) -> None:
    person = a_person(cast.shop)
    visits = [came(cast.shop, person, [0.1 * hour], hour=hour) for hour in range(2)]
    address = f"/s/water/persons/{person.pk}/"
    assert ravi.get(address).content.decode().count("This is not P_0001") == 2
    answer = ravi.post(f"/s/water/visits/{visits[1].pk}/who/", {"do": "no", "next": address})
    assert answer["Location"] == address
    page = ravi.get(address).content.decode()
    assert page.count("This is not P_0001") == 1
    assert page.index("Take back") < page.index('id="pictures"')


def test_all_pictures_can_be_reached(cast: Cast, ravi: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(person_views, "PAGE_SIZE", 2)
    person = a_person(cast.shop)
    came(cast.shop, person, [0.1 * place for place in range(5)])
    address = f"/s/water/persons/{person.pk}/"
    counts = [ravi.get(f"{address}?faces={page}").content.decode().count('name="face"') for page in (1, 2, 3)]
    assert counts == [2, 2, 1]
    assert "?faces=1#pictures" in ravi.get(f"{address}?faces=2").content.decode()
