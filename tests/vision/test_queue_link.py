"""A sale and the visit it may belong to: yes and no go to the link, and undo has it wait again."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from sales.models import Sale
from tests.base import TESTS, Cast, sell
from tests.vision.scene import a_visit
from vision import linking
from vision.models import Card, SaleLink
from vision.queues import QUEUES, deciding, finding
from watershop.audit import Actor

SignIn = Callable[..., Client]
PAGE = "/s/water/queues/link/"


@pytest.fixture
def link(cast: Cast) -> SaleLink:
    """A suggested link of an hour ago."""
    at = timezone.now().replace(microsecond=0) - timedelta(hours=1)
    sale, visit = sell(cast, sold_at=at), a_visit(cast.shop, at, picture=True)
    return SaleLink.objects.create(shop=cast.shop, sale=sale, visit=visit, confidence=0.8)


def asked(cast: Cast) -> list[Sale | None]:
    finding.find_for(QUEUES["link"], cast.shop)
    return [card.sale for card in Card.objects.open().filter(kind="link")]


def test_a_suggested_link_is_asked_about_with_the_face_and_the_sale(
    cast: Cast, link: SaleLink, client_of: SignIn
) -> None:
    assert asked(cast) == asked(cast) == [link.sale]
    page = client_of(cast.ravi).get(PAGE).content.decode()
    for text in ("Did they buy this? 80% sure.", "/s/water/faces/", f"/s/water/sales/{link.sale_id}/"):
        assert text in page, text


def test_a_sure_link_asks_nobody(cast: Cast, link: SaleLink) -> None:
    SaleLink.objects.update(state=SaleLink.State.LINKED)
    assert asked(cast) == []


@pytest.mark.parametrize(("outcome", "state"), [("yes", "confirmed"), ("no", "refused")])
def test_the_answer_is_the_links_and_undo_has_it_wait_again(
    cast: Cast, link: SaleLink, outcome: str, state: str
) -> None:
    asked(cast)
    card = deciding.decide(Card.objects.get(), outcome, Actor(cast.ravi, "tests"))
    link.refresh_from_db()
    assert (link.state, link.decided_by) == (state, cast.ravi) and asked(cast) == []
    deciding.undo(card, Actor(cast.ravi, "tests"))
    link.refresh_from_db()
    assert link.decided_by is None and link.state not in ("confirmed", "refused")


def test_a_link_that_was_decided_elsewhere_asks_nobody_any_more(cast: Cast, link: SaleLink) -> None:
    assert asked(cast) == [link.sale]
    linking.decide(link, is_right=True, actor=Actor(cast.meena, "tests"))
    assert asked(cast) == []


def test_a_link_that_a_job_has_moved_is_not_decided(cast: Cast, link: SaleLink) -> None:
    asked(cast)
    link.delete()
    with pytest.raises(ValidationError, match="changed meanwhile"):
        deciding.decide(Card.objects.get(), "yes", TESTS)
    assert Card.objects.get().outcome == ""
