"""The page of oddities: found each night, asked about, explained or kept in view by people."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from analytics import anomalies, tasks
from analytics.models import Anomaly
from analytics.odd import RULES
from analytics.odd.cards import picture
from tests.analytics.odd_scenes import at, counted, sold, yesterday
from tests.base import Cast, make_cast
from watershop import jobs
from watershop.models import AuditEntry, Job, Right, Role, RoleRight, Shop, User

ClientOf = Callable[[User], Client]
PAGE = "/s/water/anomalies/"
PICTURE = {"value": 60, "usual": 20, "low": 10, "high": 30}


def an_oddity(shop: Shop, rule: str = "leaves_unpaid", key: str = "1", **facts: object) -> Anomaly:
    facts = PICTURE | {"of": 70} | facts
    return Anomaly.objects.create(shop=shop, rule=rule, key=key, day=yesterday(shop), score=5, facts=facts)


def an_oddity_of_each_rule(cast: Cast) -> None:
    facts: dict[str, Any] = {
        "clerk": cast.ravi.pk, "customer": cast.asha.pk, "measure": "sales", "hour": 9, "hits": 9, "session": 1,
        "counts": 12, "sum": -120, "sales": [], "sessions": [1],
        "day": yesterday(cast.shop).isoformat(), "first": yesterday(cast.shop).isoformat(),
    }  # fmt: skip
    for rule in RULES:
        an_oddity(cast.shop, rule, **facts)


def test_each_night_the_last_days_are_judged_once(cast: Cast, client_of: ClientOf) -> None:
    counted(cast, [0, 5, -5] * 8 + [-300])
    sold(
        cast,
        [at(cast.shop, yesterday(cast.shop) - timedelta(days=80)), at(cast.shop, yesterday(cast.shop), 3)],
    )
    for _night in range(2):
        tasks.look_for_oddities()
        jobs.run(Job.objects.get(name="analytics.tasks.judge_days", state=Job.State.QUEUED).pk)
        assert sorted(Anomaly.objects.values_list("rule", flat=True)) == ["outside_hours", "variance"]
    assert set(Job.objects.values_list("state", flat=True)) == {Job.State.DONE}
    page = client_of(cast.meena).get(PAGE).content.decode()
    assert "₹300 were missing at a count. Who knows why?" in page
    assert "1 sale was keyed while the shop is closed. Who was at work?" in page


def test_a_young_shop_is_told_when_the_rules_begin_and_not_that_all_is_well(
    cast: Cast, client_of: ClientOf
) -> None:
    page = client_of(cast.meena).get(PAGE).content.decode()
    assert "Too early to tell" in page and "Nothing odd" not in page
    sold(cast, [at(cast.shop, yesterday(cast.shop))])
    assert "The first rule can judge from" in client_of(cast.meena).get(PAGE).content.decode()


def test_a_rule_that_fails_keeps_no_other_from_judging(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    counted(cast, [0, 5, -5] * 8 + [-300])

    def fails(*_args: object) -> None:
        raise ValueError("out of order")

    monkeypatch.setattr(type(RULES["drift"]), "find", fails)
    anomalies.look(cast.shop, timezone.now())
    assert [row.rule for row in Anomaly.objects.all()] == ["variance"]


def test_a_rule_is_silent_until_it_has_seen_enough_and_the_page_says_when(
    cast: Cast, client_of: ClientOf
) -> None:
    counted(cast, [0] * 9 + [-300])
    anomalies.look(cast.shop, timezone.now())
    assert not Anomaly.objects.exists()
    page = client_of(cast.meena).get(PAGE)
    begins = {one.rule.name: (one.on, one.is_ready) for one in page.context["judges"]}
    assert begins["variance"] == (yesterday(cast.shop) + timedelta(days=5), False)
    assert begins["day"] == begins["no_clerk"] == (None, False)
    assert "needs sales" in page.content.decode()


def test_what_it_was_is_said_with_a_note_and_audited(cast: Cast, client_of: ClientOf) -> None:
    odd, client = an_oddity(cast.shop, customer=cast.asha.pk), client_of(cast.meena)
    door = f"{PAGE}{odd.pk}/"
    assert "Write what explains it." in client.post(door, {"do": "explained"}, follow=True).content.decode()
    client.post(door, {"do": "watched"})
    odd.refresh_from_db()
    assert (odd.state, odd.by, odd.note) == ("watched", cast.meena, "")
    page = client.post(door, {"do": "explained", "note": "Salary came late"}, follow=True)
    assert [card.anomaly.note for card in page.context["explained"]] == ["Salary came late"]
    assert not page.context["open"] and not page.context["watched"]
    entries = AuditEntry.objects.filter(action="decide_anomaly").order_by("pk")
    assert [(row.user, (row.after or {})["state"]) for row in entries] == [
        (cast.meena, "watched"),
        (cast.meena, "explained"),
    ]
    client.post(door, {"do": "nonsense"})
    client.post(door, {"do": "watched"})
    odd.refresh_from_db()
    assert (odd.state, odd.note) == ("watched", "Salary came late"), (
        "what was explained can be taken up again"
    )


def test_a_staff_member_sees_no_question_about_clerks(cast: Cast, client_of: ClientOf) -> None:
    RoleRight.objects.create(shop=cast.shop, role=Role.STAFF, right=Right.SEE_TOTALS, is_allowed=True)
    an_oddity_of_each_rule(cast)
    page = client_of(cast.ravi).get(PAGE)
    shown = {card.rule.name for card in page.context["open"]}
    assert shown == {name for name, rule in RULES.items() if not rule.is_about_clerks}
    assert {one.rule.name for one in page.context["judges"]} == shown
    about_him = Anomaly.objects.get(rule="voids")
    assert client_of(cast.ravi).post(f"{PAGE}{about_him.pk}/", {"do": "watched"}).status_code == 404
    assert {card.rule.name for card in client_of(cast.meena).get(PAGE).context["open"]} == set(RULES)


def test_every_question_about_clerks_is_a_question(cast: Cast, client_of: ClientOf) -> None:
    an_oddity_of_each_rule(cast)
    cards = client_of(cast.lakshmi).get(PAGE).context["open"]
    assert all(card.sentence.endswith("?") for card in cards if card.rule.is_about_clerks)
    assert len(cards) == len(RULES) and all(card.sentence for card in cards)


def test_the_page_needs_the_right_and_the_neighbour_sees_nothing(cast: Cast, client_of: ClientOf) -> None:
    odd, other = an_oddity(cast.shop, customer=cast.asha.pk), make_cast("other")
    assert client_of(cast.ravi).get(PAGE).status_code == 403
    neighbour = client_of(other.lakshmi)
    assert neighbour.get(PAGE).status_code == 404
    assert neighbour.post(f"/s/other/anomalies/{odd.pk}/", {"do": "watched"}).status_code == 404
    assert not neighbour.get("/s/other/anomalies/").context["open"]
    assert client_of(cast.meena).get(PAGE).context["open"]


def test_one_rule_can_be_looked_at_alone(cast: Cast, client_of: ClientOf) -> None:
    an_oddity_of_each_rule(cast)
    page = client_of(cast.meena).get(f"{PAGE}?rule=drift")
    assert [card.rule.name for card in page.context["open"]] == ["drift"]
    assert len(client_of(cast.meena).get(f"{PAGE}?rule=nonsense").context["open"]) == len(RULES)


def test_rows_of_visits_are_for_those_who_may_see_faces(cast: Cast, client_of: ClientOf) -> None:
    an_oddity(cast.shop, "day", measure="visits", day=yesterday(cast.shop).isoformat())
    (card,) = client_of(cast.meena).get(PAGE).context["open"]
    assert "/visits/?from=" in card.page
    RoleRight.objects.create(shop=cast.shop, role=Role.MANAGER, right=Right.SEE_FACES, is_allowed=False)
    (card,) = client_of(cast.meena).get(PAGE).context["open"]
    assert card.page == ""


def test_the_page_takes_as_many_queries_for_thirty_as_for_one(
    cast: Cast, client_of: ClientOf, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client, sales = client_of(cast.meena), sold(cast, [at(cast.shop, yesterday(cast.shop))])
    for key in range(30):
        an_oddity(cast.shop, key=str(key), customer=cast.asha.pk, sales=[sales[0].pk])
    client.get(PAGE)
    with django_assert_max_num_queries(28):
        page = client.get(PAGE)
    assert "₹20 · " in page.content.decode()


def test_the_picture_holds_what_was_and_what_is_usual() -> None:
    drawn = picture(PICTURE, "sales")
    assert 0 < drawn.low < drawn.usual < drawn.low + drawn.width < drawn.value < 100
    assert drawn.is_unusual and drawn.anchor == "end"
    missing = picture({"value": -240, "usual": 0, "low": -20, "high": 20}, "₹")
    assert missing.value < missing.low < missing.usual and missing.anchor == "start"
    assert (missing.text, missing.low_text) == ("−₹240", "−₹20")
    flat = picture({"value": 0, "usual": 0, "low": 0, "high": 0}, "%")
    assert (flat.text, flat.is_unusual) == ("0 %", False)
