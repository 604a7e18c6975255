"""Who came: the page of visits, one visit, one person, their pictures, and the slot on a sale's page."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.base import Cast, make_cast, sell
from tests.vision.scene import JPEG, a_person, a_visit, agrees
from vision import linking
from vision.models import SaleLink, Tracklet, Visit
from watershop.dates import day_of
from watershop.models import AuditEntry, Right, Role, RoleRight

SignIn = Callable[..., Client]
PAGE = "/s/water/visits/"


@pytest.fixture
def ravi_sees(cast: Cast, client_of: SignIn) -> Callable[[str], str]:
    client = client_of(cast.ravi)

    def get(address: str) -> str:
        answer = client.get(address)
        assert answer.status_code == 200, address
        return answer.content.decode()

    return get


def test_todays_visits_are_shown_with_face_stay_and_sale(cast: Cast, ravi_sees: Callable[[str], str]) -> None:
    now = timezone.now()
    visit = a_visit(cast.shop, now, 185, picture=True)
    sell(cast, 2, customer=cast.asha, sold_at=now)
    linking.link_recording(visit.recording)
    page = ravi_sees(PAGE)
    face = Tracklet.objects.get()
    for text in ("P_0001", "3:05", f"/s/water/faces/{face.pk}.jpg", "₹40", "Asha", "Suggested"):
        assert text in page, text
    assert f"{PAGE}{visit.pk}/" in page


def test_the_door_and_the_wait_at_the_counter_are_shown(cast: Cast, ravi_sees: Callable[[str], str]) -> None:
    now = timezone.now()
    visit = a_visit(cast.shop, now, 185)
    Visit.objects.update(
        entry_by="door",
        counter_from_at=now + timedelta(seconds=20),
        counter_until_at=now + timedelta(seconds=87),
    )
    assert "1:07 at the counter" in ravi_sees(PAGE)
    page = ravi_sees(f"{PAGE}{visit.pk}/")
    assert page.count("through the door") == 1 and "1:07" in page


def test_where_no_picture_is_kept_an_icon_stands_in(cast: Cast, ravi_sees: Callable[[str], str]) -> None:
    a_visit(cast.shop, timezone.now())
    assert '<span class="face"><svg class="icon"' in ravi_sees(PAGE)


def test_an_empty_day_leads_to_the_last_day_with_visits(cast: Cast, ravi_sees: Callable[[str], str]) -> None:
    assert "Upload a video" in ravi_sees(PAGE)
    last = timezone.now() - timedelta(days=9)
    a_visit(cast.shop, last)
    day = day_of(cast.shop, last).isoformat()
    page = ravi_sees(PAGE)
    assert f"?from={day}&amp;to={day}" in page and "P_0001" not in page
    assert "P_0001" in ravi_sees(f"{PAGE}?from={day}&to={day}")


def test_an_unreadable_day_says_so_and_shows_today(cast: Cast, client_of: SignIn) -> None:
    answer = client_of(cast.ravi).get(f"{PAGE}?from=soon")
    assert answer.status_code == 400 and "“soon” is not a day" in answer.content.decode()


def test_visits_take_few_queries_however_many(
    cast: Cast, client_of: SignIn, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    now = timezone.now()
    for _ in range(10):
        visit, sale = a_visit(cast.shop, now, picture=True), sell(cast, sold_at=now)
        SaleLink.objects.create(shop=cast.shop, sale=sale, visit=visit, confidence=0.7)
    client = client_of(cast.ravi)
    with django_assert_max_num_queries(13):
        page = client.get(PAGE).content.decode()
    assert page.count('class="visit"') == 10


def test_a_visit_shows_its_pictures_and_its_sale(cast: Cast, ravi_sees: Callable[[str], str]) -> None:
    now = timezone.now()
    visit = a_visit(cast.shop, now, picture=True)
    sell(cast, sold_at=now)
    linking.link_recording(visit.recording)
    page = ravi_sees(f"{PAGE}{visit.pk}/")
    assert "face--large" in page and "first time seen" in page
    assert 'value="confirm"' in page and f"/s/water/links/{SaleLink.objects.get().pk}/" in page


def test_a_person_gets_a_name_a_customer_and_a_job(cast: Cast, client_of: SignIn) -> None:
    person = a_visit(cast.shop, timezone.now(), picture=True).person
    assert person is not None
    address = f"/s/water/persons/{person.pk}/"
    client = client_of(cast.ravi)
    agrees(cast.asha)
    client.post(address, {"name": "Chitra", "customer": cast.asha.pk, "is_shop_staff": "on"})
    person.refresh_from_db()
    assert (person.name, person.customer, person.is_shop_staff) == ("Chitra", cast.asha, True)
    entry = AuditEntry.objects.get(action="change_person")
    assert entry.after == {
        "changed": ["name", "customer", "is_shop_staff"],
        "customer": cast.asha.pk,
        "is_shop_staff": True,
    }
    page = client.get(address).content.decode()
    assert "Chitra" in page and "P_0001" in page and "works here" in page


def test_a_person_is_never_tied_to_another_shops_customer(cast: Cast, client_of: SignIn) -> None:
    person = a_person(cast.shop)
    stranger = make_cast("next-door").asha
    answer = client_of(cast.ravi).post(
        f"/s/water/persons/{person.pk}/", {"name": "Chitra", "customer": stranger.pk}
    )
    person.refresh_from_db()
    assert (answer.status_code, person.name, person.customer) == (422, "", None)


def test_a_picture_is_served_and_kept_by_no_cache(cast: Cast, client_of: SignIn) -> None:
    a_visit(cast.shop, timezone.now(), picture=True)
    answer: Any = client_of(cast.ravi).get(f"/s/water/faces/{Tracklet.objects.get().pk}.jpg")
    assert b"".join(answer.streaming_content) == JPEG
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("image/jpeg", "no-store")
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_picture_that_is_gone_is_not_there(cast: Cast, client_of: SignIn) -> None:
    a_visit(cast.shop, timezone.now(), picture=True)
    tracklet = Tracklet.objects.get()
    tracklet.picture.delete(save=False)
    assert client_of(cast.ravi).get(f"/s/water/faces/{tracklet.pk}.jpg").status_code == 404


def test_the_slot_of_a_sale_shows_its_visit(cast: Cast, ravi_sees: Callable[[str], str]) -> None:
    now = timezone.now()
    sale, other = sell(cast, sold_at=now), sell(cast, sold_at=now)
    visit = a_visit(cast.shop, now - timedelta(seconds=60), picture=True)
    linking.link_recording(visit.recording)
    fragment = ravi_sees(f"/s/water/sales/{sale.pk}/visits/")
    assert "<html" not in fragment and "P_0001" in fragment
    assert fragment.count("<section") == 1 and f'value="/s/water/sales/{sale.pk}/"' in fragment
    SaleLink.objects.filter(sale=other).delete()
    assert "No visit is linked" in ravi_sees(f"/s/water/sales/{other.pk}/visits/")


def addresses(cast: Cast) -> list[str]:
    now = timezone.now()
    visit, sale = a_visit(cast.shop, now, picture=True), sell(cast, sold_at=now)
    face = Tracklet.objects.get(visit=visit)
    return [
        f"{PAGE}{visit.pk}/",
        f"/s/water/persons/{visit.person_id}/",
        f"/s/water/faces/{face.pk}.jpg",
        f"/s/water/sales/{sale.pk}/visits/",
    ]


def test_another_shops_faces_are_not_there(cast: Cast, client_of: SignIn) -> None:
    client = client_of(cast.lakshmi)
    for address in addresses(make_cast("next-door")):
        assert client.get(address).status_code == 404, address
        assert client.get(address.replace("/water/", "/next-door/")).status_code == 404, address


def test_without_the_right_to_see_faces_nothing_is_shown(cast: Cast, client_of: SignIn) -> None:
    RoleRight.objects.create(shop=cast.shop, role=Role.STAFF, right=Right.SEE_FACES, is_allowed=False)
    client = client_of(cast.ravi)
    for address in [PAGE, *addresses(cast)]:
        assert client.get(address).status_code == 403, address


def test_the_admin_shows_the_own_shops_visits_and_never_a_vector(cast: Cast, client_of: SignIn) -> None:
    a_visit(cast.shop, timezone.now())
    a_visit(make_cast("next-door").shop, timezone.now())
    client = client_of(cast.meena)
    for table in ("recording", "person", "visit"):
        page = client.get(f"/admin/vision/{table}/").content.decode()
        assert page.count('name="_selected_action"') == 0 and "1 " in page and page.count("<tr") == 2, table
    for hidden in ("template", "tracklet", "salelink"):
        assert client.get(f"/admin/vision/{hidden}/").status_code == 404
