"""A manager looks at what happened without the server against a rule."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from sales.models import RuleCard
from tests.base import Cast, make_cast
from tests.sales.test_replaying import deed, send
from watershop.models import AuditEntry, User

SignIn = Callable[[User], Client]
LIST = "/s/water/manage/cards/"


def broken(cast: Cast, till: Client, **fields: Any) -> RuleCard:
    """A sale that broke one rule: another price than the list, unless told otherwise."""
    fields = fields or {f"sold_{cast.can20.pk}": "1", f"price_{cast.can20.pk}": "18.00"}
    send(till, deed(cast, fields))
    return RuleCard.objects.latest("pk")


def decide(client: Client, card: RuleCard, note: str = "") -> HttpResponse:
    where = reverse("rule_card_decide", args=["water", card.pk])
    answer: HttpResponse = client.post(where, {"note": note}, follow=True)  # type: ignore[assignment]
    return answer


def test_a_card_says_which_rule_and_leads_to_the_sale(cast: Cast, client_of: SignIn) -> None:
    card, client = broken(cast, client_of(cast.ravi)), client_of(cast.meena)
    page = client.get(LIST).content.decode()
    assert "20L: ₹18.00 charged, ₹20.00 by the list." in page
    assert reverse("sale", args=["water", card.replay.sale_id]) in page
    assert card.replay.slip in page and "ravi" in page
    assert client.get("/s/water/manage/").content.decode().count(LIST) == 1


def test_a_card_is_decided_once(cast: Cast, client_of: SignIn) -> None:
    card, client = broken(cast, client_of(cast.ravi)), client_of(cast.meena)
    decide(client, card, "agreed by phone")
    assert "Somebody has decided this already." in decide(client, card, "once more").content.decode()
    card.refresh_from_db()
    assert (card.decided_by, card.note) == (cast.meena, "agreed by phone")
    assert AuditEntry.objects.filter(action="decide_card").count() == 1
    assert card.replay.slip not in client.get(LIST).content.decode()
    assert "agreed by phone" in client.get(LIST, {"all": 1}).content.decode()


def test_what_could_not_be_read_shows_its_content_and_asks_what_was_done(
    cast: Cast, client_of: SignIn
) -> None:
    fields = {f"sold_{cast.can20.pk}": "3", "customer": cast.asha.pk, "tender": "shells"}
    card, client = broken(cast, client_of(cast.ravi), **fields), client_of(cast.meena)
    page = client.get(LIST).content.decode()
    assert "<dt>sold 20L</dt><dd>3</dd>" in page and "<dd>ASHA</dd>" in page and "<dd>shells</dd>" in page
    assert "Say what you did about it" in decide(client, card).content.decode()
    decide(client, card, "entered as S000002")
    assert not RuleCard.objects.open().exists()


def test_every_rule_has_its_sentence(cast: Cast, client_of: SignIn) -> None:
    replay = broken(cast, client_of(cast.ravi)).replay
    details = {
        "limit": {"balance": "40.00", "limit": "30.00"},
        "blocked": {"balance": "40.00", "limit": "0.00"},
        "drawer": {"amount": "20.00"},
        "deposit": {"amount": "60.00"},
        "retired": {"sizes": ["20L"]},
        "old": {"days": 5},
        "clock": {"minutes": 10, "is_behind": True},
        "unreadable": {"why": "No such customer."},
    }
    for kind in RuleCard.Kind:
        card, _new = RuleCard.objects.get_or_create(shop=cast.shop, replay=replay, kind=kind)
        if kind in details:
            RuleCard.objects.filter(pk=card.pk).update(detail=details[kind])
    page = client_of(cast.meena).get(LIST).content.decode()
    for said in ("Owed ₹40 after it; ₹30 is the limit.", "It came 5 days after", "It is 10 minutes behind"):
        assert said in page
    assert page.count('class="notice notice--') == len(RuleCard.Kind)


def test_many_cards_cost_no_more_queries(
    cast: Cast, client_of: SignIn, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    till, client = client_of(cast.ravi), client_of(cast.meena)
    for _n in range(8):
        broken(cast, till)
        broken(cast, till, **{"sold_999999": "1"})
    with django_assert_max_num_queries(9):
        client.get(LIST)


def test_clerks_and_other_shops_decide_nothing(cast: Cast, client_of: SignIn) -> None:
    card = broken(cast, client_of(cast.ravi))
    stranger = client_of(make_cast("other").meena)
    assert client_of(cast.ravi).get(LIST).status_code == 403
    assert decide(client_of(cast.ravi), card).status_code == 403
    assert stranger.get(LIST).status_code == 404
    assert decide(stranger, card).status_code == 404
    other = reverse("rule_card_decide", args=["other", card.pk])
    assert stranger.post(other, {"note": "x"}).status_code == 404
    assert RuleCard.objects.open().exists()
