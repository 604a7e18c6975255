"""Pages of persons: who was seen, who may be one, and every decision with its way back."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.base import Cast, make_cast
from tests.vision.crowd import came
from tests.vision.scene import a_person
from vision.models import IdentityEvent, Person, Template, Tracklet, Visit
from watershop.models import AuditEntry, Right, Role, RoleRight

SignIn = Callable[..., Client]
PERSONS = "/s/water/persons/"
VISITS = "/s/water/visits/"


@pytest.fixture
def ravi(cast: Cast, client_of: SignIn) -> Client:
    return client_of(cast.ravi)


def page_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer.content.decode()


def test_everybody_who_was_seen_is_shown_with_a_face_and_found_again(cast: Cast, ravi: Client) -> None:
    said: list[dict[str, Any]] = [{}, {"name": "Chitra"}, {"is_shop_staff": True}, {"is_ignored": True}]
    for place, fields in enumerate([*said, {"customer": cast.asha}]):
        came(cast.shop, a_person(cast.shop, **fields), [2.0 * place], hour=place)
    a_person(cast.shop)
    page = page_of(ravi, PERSONS)
    assert page.count("face--large") == 5 and "P_0006" not in page, "nobody saw the sixth"
    for kind, names in {
        "unnamed": ["P_0001"],
        "named": ["Chitra", "Asha"],
        "staff": ["P_0003"],
        "ignored": ["P_0004"],
    }.items():
        part = page_of(ravi, f"{PERSONS}?kind={kind}")
        assert part.count("face--large") == len(names) and all(name in part for name in names), kind
    for query in ("chit", "P_0002", "asha"):
        assert page_of(ravi, f"{PERSONS}?q={query}").count("face--large") == 1, query
    assert "Nobody found" in page_of(ravi, f"{PERSONS}?q=zzz")


def test_persons_take_few_queries_however_many(
    cast: Cast, ravi: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for place in range(12):
        came(cast.shop, a_person(cast.shop), [2.0 * place, 2.0 * place + 0.1], hour=place)
    with django_assert_max_num_queries(14):
        assert page_of(ravi, PERSONS).count("face--large") == 12
    with django_assert_max_num_queries(28):
        page_of(ravi, f"{PERSONS}{Person.objects.latest('pk').pk}/")


def test_two_who_may_be_one_are_asked_about_and_never_merged_by_themselves(cast: Cast, ravi: Client) -> None:
    one, other, third = (a_person(cast.shop) for _ in range(3))
    for hour, (person, place) in enumerate(((one, 0.0), (other, 0.4), (third, 3.0))):
        came(cast.shop, person, [place], hour=hour)
    page = page_of(ravi, PERSONS)
    assert "One person or two?" in page and page.count(f'value="{other.code}"') == 2
    ravi.post(f"{PERSONS}{one.pk}/differ/", {"who": other.code, "next": PERSONS})
    page = page_of(ravi, PERSONS)
    assert "One person or two?" not in page and "Take back" in page
    event = IdentityEvent.objects.get()
    ravi.post(f"/s/water/decisions/{event.pk}/undo/", {"next": PERSONS})
    assert "One person or two?" in page_of(ravi, PERSONS)
    answer = ravi.post(f"{PERSONS}{one.pk}/merge/", {"who": other.code.lower(), "next": PERSONS})
    assert answer["Location"] == PERSONS
    one.refresh_from_db()
    assert one.merged_into == other
    assert ravi.get(f"{PERSONS}{one.pk}/")["Location"] == f"{PERSONS}{other.pk}/"
    history = page_of(ravi, f"{PERSONS}{other.pk}/")
    assert history.count("Take back") == 2, "at the top, and in its place in the history"
    assert "two made one" in history
    assert AuditEntry.objects.filter(action__in=["merge_person", "undo_not_this_person"]).count() == 2


def test_ticked_pictures_become_somebody_else(cast: Cast, ravi: Client) -> None:
    person = a_person(cast.shop)
    visit = came(cast.shop, person, [0.0, 0.6, 0.61])
    faces = list(visit.tracklets.order_by("number").values_list("pk", flat=True))[1:]
    page = page_of(ravi, f"{PERSONS}{person.pk}/")
    assert page.count('name="face"') == 3
    ravi.post(f"{PERSONS}{person.pk}/split/", {"face": [*faces, "x"]})
    new = Person.objects.get(code="P_0002")
    assert set(new.tracklets.values_list("pk", flat=True)) == set(faces) and new.visits.count() == 1
    ravi.post(f"{PERSONS}{person.pk}/split/", {})
    assert "Choose some of the pictures" in page_of(ravi, f"{PERSONS}{person.pk}/")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"do": "yes"}, "P_0001"),
        ({"do": "no"}, None),
        ({"do": "new"}, "P_0003"),
        ({"do": "is", "who": "chitra"}, "P_0002"),
    ],
)
def test_a_doubtful_visit_is_answered_with_one_press(
    cast: Cast, ravi: Client, answer: dict[str, str], expected: str | None
) -> None:
    person, other = a_person(cast.shop), a_person(cast.shop, name="Chitra")
    came(cast.shop, person, [0.0])
    came(cast.shop, other, [3.0], hour=1)
    visit = came(cast.shop, None, [0.4], hour=2, candidate=person)
    page = page_of(ravi, f"{VISITS}?doubtful")
    assert page.count('class="visit"') == 1 and "Is this P_0001?" in page
    assert all(f'data-key="{key}"' in page for key in "yns")
    assert "Is this P_0001?" in page_of(ravi, f"{VISITS}{visit.pk}/")
    ravi.post(f"{VISITS}{visit.pk}/who/", answer | {"next": f"{VISITS}?doubtful"})
    visit.refresh_from_db()
    assert (visit.person.code if visit.person else None, visit.candidate) == (expected, None)
    page = page_of(ravi, f"{VISITS}?doubtful")
    assert "No doubts left" in page and "Take back" in page
    again = ravi.post(f"{VISITS}{visit.pk}/who/", {"do": "yes"}, follow=True)
    assert "answered already" in again.content.decode()


def test_a_visit_is_taken_off_a_person_and_given_to_another(cast: Cast, ravi: Client) -> None:
    person, other = a_person(cast.shop), a_person(cast.shop)
    came(cast.shop, other, [0.5])
    visit = came(cast.shop, person, [0.0, 0.45], hour=1)
    face = visit.tracklets.get(number=2)
    assert "This is not P_0001" in page_of(ravi, f"{VISITS}{visit.pk}/")
    ravi.post(f"{VISITS}{visit.pk}/who/", {"do": "no", "face": face.pk})
    face.refresh_from_db()
    assert face.person is None and face.visit_id != visit.pk
    page = page_of(ravi, f"{VISITS}{face.visit_id}/")
    assert page.index('value="P_0002"') < page.index('value="P_0001"'), "the most alike first"
    ravi.post(f"{VISITS}{face.visit_id}/who/", {"do": "is", "who": "P_0002"})
    face.refresh_from_db()
    assert face.person == other


def test_who_is_meant_has_to_be_clear(cast: Cast, ravi: Client) -> None:
    one = a_person(cast.shop)
    for _ in range(2):
        a_person(cast.shop, name="Chitra")
    for who, says in (("Chitra", "Several persons"), ("Dev", "Nobody is called"), ("", "required")):
        answer = ravi.post(f"{PERSONS}{one.pk}/merge/", {"who": who}, follow=True)
        assert says in answer.content.decode(), who
    assert not IdentityEvent.objects.exists()


def test_only_a_manager_forgets_a_person(cast: Cast, ravi: Client, client_of: SignIn) -> None:
    person = a_person(cast.shop, name="Chitra")
    came(cast.shop, person, [0.0])
    address = f"{PERSONS}{person.pk}/"
    assert "Forget" not in page_of(ravi, address)
    assert ravi.post(f"{address}forget/").status_code == 403
    meena = client_of(cast.meena)
    assert "Forget" in page_of(meena, address)
    meena.post(f"{address}forget/")
    person.refresh_from_db()
    assert person.name == "" and not Template.objects.exists()
    assert "No pictures are kept" in page_of(meena, address)


def test_another_shops_persons_are_not_there(cast: Cast, client_of: SignIn) -> None:
    foreign = make_cast("next-door").shop
    person = a_person(foreign)
    visit = came(foreign, person, [0.0])
    client = client_of(cast.lakshmi)
    deeds = [f"persons/{person.pk}/{deed}/" for deed in ("merge", "differ", "split", "forget")]
    for deed in [*deeds, f"visits/{visit.pk}/who/"]:
        assert client.post(f"/s/water/{deed}", {"who": "P_0001"}).status_code == 404, deed
    assert client.get(f"{PERSONS}{person.pk}/").status_code == 404
    own = a_person(cast.shop, name="Own")
    client.post(f"{PERSONS}{own.pk}/split/", {"face": Tracklet.objects.values_list("pk", flat=True)})
    client.post(f"{PERSONS}{own.pk}/merge/", {"who": "P_0002"})
    assert not IdentityEvent.objects.exists() and Visit.objects.get().person == person


def test_faces_need_the_right(cast: Cast, ravi: Client) -> None:
    visit = came(cast.shop, a_person(cast.shop), [0.0])
    RoleRight.objects.create(shop=cast.shop, role=Role.STAFF, right=Right.SEE_FACES, is_allowed=False)
    assert ravi.get(PERSONS).status_code == 403
    for deed in (f"visits/{visit.pk}/who/", f"persons/{visit.person_id}/merge/"):
        assert ravi.post(f"/s/water/{deed}", {"do": "no"}).status_code == 403
    assert not IdentityEvent.objects.exists()


def test_the_api_tells_of_persons_and_doubts_and_never_a_vector(
    cast: Cast, api_of: Callable[..., Any]
) -> None:
    person = a_person(cast.shop, name="Chitra", customer=cast.asha)
    came(cast.shop, person, [0.0])
    visit = came(cast.shop, None, [0.4], candidate=person)
    phone, api = api_of(cast.ravi), "/api/v1/shops/water"
    (row,) = phone.get(f"{api}/persons/?q=chi").json()["results"]
    assert set(row) == {
        *("id", "code", "name", "customer", "is_shop_staff", "is_ignored", "created_at", "merged_into"),
    }
    assert phone.get(f"{api}/persons/{person.pk}/").json() == row
    assert phone.get(f"{api}/persons/?q=zzz").json()["count"] == 0
    seen = phone.get(f"{api}/visits/{visit.pk}/").json()
    assert (seen["person"], seen["candidate"]["code"], seen["is_confirmed"]) == (None, "P_0001", False)
    foreign = a_person(make_cast("next-door").shop)
    assert phone.get(f"{api}/persons/{foreign.pk}/").status_code == 404
