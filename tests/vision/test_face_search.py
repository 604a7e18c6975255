"""Was this face here before: by what a camera has seen, or by a picture that is looked at and not kept."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from tests.base import TESTS, Cast, make_cast
from tests.vision.crowd import a_face, came
from tests.vision.scene import JPEG, a_person
from vision import search_views
from vision.models import Template, Tracklet, Visit
from vision.portraits import PortraitFace
from vision.searching import Verdict, look_for, was_here
from watershop.models import AuditEntry, Right, Role, RoleRight

SignIn = Callable[..., Client]
SEARCH = "/s/water/faces/search/"


@pytest.fixture
def ravi(cast: Cast, client_of: SignIn) -> Client:
    return client_of(cast.ravi)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Says what the child will find in the next picture: faces at places on the line (`crowd`), so wide."""

    def show(*faces: tuple[float, float]) -> None:
        found = tuple(PortraitFace((0, 0, 1, 1), px, "", 0.9, a_face(at), JPEG) for at, px in faces)
        monkeypatch.setattr(search_views, "looked_at", lambda pictures, config: [found])

    return show


def face_of(visit: Visit) -> Tracklet:
    return visit.tracklets.get()


def hand_in(client: Client, content: bytes = JPEG) -> Any:
    return client.post(SEARCH, {"picture": SimpleUploadedFile("face.jpg", content, "image/jpeg")})


def test_the_nearest_come_first_with_a_verdict_and_their_visits(cast: Cast) -> None:
    near, far, stranger, another = (a_person(cast.shop) for _ in range(4))
    visits = [came(cast.shop, near, [place], hour=-hour) for hour, place in enumerate((0.0, 0.1))]
    came(cast.shop, far, [0.44])
    came(cast.shop, stranger, [3.0])
    came(cast.shop, another, [-4.0])
    nobodys = came(cast.shop, None, [0.2])
    hits = was_here(cast.shop, a_face(0.0), TESTS)
    assert [hit.person for hit in hits] == [near, None, far]
    assert [hit.verdict for hit in hits] == [Verdict.SURE, Verdict.SURE, Verdict.MAYBE]
    assert [visit.pk for visit in hits[0].visits] == [visit.pk for visit in visits]
    assert [visit.pk for visit in hits[1].visits] == [nobodys.pk]
    assert [hit.percent for hit in hits] == [100, 78, 51]


def test_who_is_hardly_it_is_shown_only_where_nobody_is_nearer(cast: Cast) -> None:
    for place in range(5):
        came(cast.shop, a_person(cast.shop), [2.0 + place])
    assert [hit.verdict for hit in was_here(cast.shop, a_face(0.0), TESTS)] == 3 * [Verdict.HARDLY]


def test_of_two_alike_nobody_is_sure(cast: Cast) -> None:
    for place in (0.1, -0.12):
        came(cast.shop, a_person(cast.shop), [place])
    assert {hit.verdict for hit in was_here(cast.shop, a_face(0.0), TESTS)} == {Verdict.MAYBE}


def test_a_shot_is_looked_for_without_its_own_visit(cast: Cast) -> None:
    person = a_person(cast.shop)
    first = came(cast.shop, person, [0.0])
    second = came(cast.shop, person, [0.3], hour=1)
    (hit,) = look_for(face_of(second), TESTS)
    assert [visit.pk for visit in hit.visits] == [first.pk] and round(hit.distance, 2) == 0.3
    alone = came(cast.shop, a_person(cast.shop), [9.0])
    assert all(hit.verdict == Verdict.HARDLY for hit in look_for(face_of(alone), TESTS))
    Template.objects.filter(tracklet__visit=alone).delete()
    assert look_for(face_of(alone), TESTS) == []


def test_the_page_answers_for_a_shot_and_says_how_far_it_remembers(cast: Cast, ravi: Client) -> None:
    person = a_person(cast.shop, name="Chitra")
    came(cast.shop, person, [0.0])
    visit = came(cast.shop, person, [0.1], hour=1)
    page = ravi.get(SEARCH, {"face": face_of(visit).pk}).content.decode()
    assert "Was here" in page and "Chitra" in page and "surely" in page and "30 days" in page
    link = f'{SEARCH}?face={face_of(visit).pk}"'
    assert link in ravi.get(f"/s/water/visits/{visit.pk}/").content.decode()
    alone = came(cast.shop, None, [9.0])
    assert "Not seen here in that time" in ravi.get(SEARCH, {"face": face_of(alone).pk}).content.decode()
    (asked, _other) = AuditEntry.objects.filter(action="search_face").order_by("pk")
    assert asked.after == {"visit": visit.pk, "persons": [person.pk]}


def test_a_picture_is_looked_at_and_not_kept(
    cast: Cast, ravi: Client, shown: Callable[..., None], settings: Settings
) -> None:
    came(cast.shop, a_person(cast.shop, name="Chitra"), [0.0])
    before = sorted(Path(settings.MEDIA_ROOT).rglob("*")), Template.objects.count()
    shown((0.05, 200), (7.0, 150), (3.0, 60))
    page = hand_in(ravi).content.decode()
    assert page.count("data:image/jpeg;base64") == 2, "the third is a passer-by"
    assert page.count("Was here") == 1 and page.count("Not seen here in that time") == 1
    assert (sorted(Path(settings.MEDIA_ROOT).rglob("*")), Template.objects.count()) == before
    assert AuditEntry.objects.filter(action="search_face").count() == 2
    shown()
    assert "No face is to be seen" in hand_in(ravi).content.decode()


def test_what_is_no_picture_is_said_by_the_child_that_opened_it(
    ravi: Client, settings: Settings, models_dir: Path
) -> None:
    settings.VISION_MODEL_DIR = models_dir
    answer = hand_in(ravi, b"no picture")
    assert answer.status_code == 422 and "not a picture" in answer.content.decode()


def test_a_search_takes_few_queries_however_many_are_known(
    cast: Cast, ravi: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for place in range(12):
        visit = came(cast.shop, a_person(cast.shop), [0.05 * place, 0.05 * place + 0.01], hour=-place)
    with django_assert_max_num_queries(22):
        ravi.get(SEARCH, {"face": visit.tracklets.values_list("pk", flat=True)[0]})


def test_faces_of_another_shop_are_not_compared_nor_found(cast: Cast, ravi: Client) -> None:
    foreign = make_cast("next-door").shop
    visit = came(foreign, a_person(foreign, name="Foreign"), [0.0])
    assert was_here(cast.shop, a_face(0.0), TESTS) == []
    assert ravi.get(SEARCH, {"face": face_of(visit).pk}).status_code == 404
    assert ravi.get(SEARCH, {"face": "x"}).status_code == 404
    assert ravi.get("/s/next-door/faces/search/").status_code == 404


def test_faces_need_the_right(cast: Cast, ravi: Client) -> None:
    RoleRight.objects.create(shop=cast.shop, role=Role.STAFF, right=Right.SEE_FACES, is_allowed=False)
    assert ravi.get(SEARCH).status_code == 403 and hand_in(ravi).status_code == 403
