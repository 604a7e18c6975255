"""Alerts: each kind tells once and again the next day, at night on the page alone, and names nobody by mail."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import DjangoAssertNumQueries, Settings

from analytics import alerts
from analytics.alert_checks import CHECKS
from analytics.alert_limits import LIMITS, limit_for
from analytics.models import Alert, AlertRule, Anomaly
from sales import drawer
from sales.models import Drawer, DrawerSession, Sale
from tests.base import TESTS, Cast, make_cast, sell
from tests.vision.scene import a_camera
from vision.models import Camera, Card, Recording, Visit
from watershop import outbox
from watershop.models import AuditEntry, Message, Right, Role, RoleRight, User

ClientOf = Callable[[User], Client]
Clock = Callable[[datetime], None]
Kind = AlertRule.Kind
NOON = datetime(2026, 11, 17, 6, 30, tzinfo=UTC)  # 12:00 in the shop
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Clock:
    """It is noon until a test says otherwise; e-mail is set up."""
    settings.HAS_EMAIL = True
    settings.SITE_ADDRESS = "https://water.example"

    def show(at: datetime) -> None:
        monkeypatch.setattr(timezone, "now", lambda: at)

    show(NOON)
    return show


def rule(
    cast: Cast, kind: Kind, limit: int | None = None, to: str = "owner@example.in", **fields: Any
) -> AlertRule:
    fields = {"limit": None if limit is None else Decimal(limit), "language": "en"} | fields
    return alerts.add(cast.shop, {"kind": kind, "to": to, **fields}, TESTS)


def told(kind: Kind | None = None) -> list[Alert]:
    rows = Alert.objects.order_by("pk")
    return list(rows.filter(rule__kind=kind) if kind else rows)


def mails() -> list[str]:
    return list(Message.objects.filter(topic="alert").order_by("pk").values_list("text", flat=True))


def look_twice() -> None:
    alerts.look()
    alerts.look()


def buys_unpaid(cast: Cast, at: datetime) -> Sale:
    return sell(cast, 30, customer=cast.asha, is_paid=False, sold_at=at)


def comes_in(cast: Cast, at: datetime) -> Card:
    """What the queue writes when a debtor is surely recognised."""
    return Card.objects.create(
        shop=cast.shop,
        kind=Card.Kind.DEBTOR,
        key=f"{cast.asha.pk}-{at.date()}",
        at=at,
        made_at=at,
        customer=cast.asha,
        amount=Decimal(600),
        because={"days": 40, "unpaid": 3},
    )


def visits(cast: Cast, at: datetime, count: int) -> None:
    camera, _is_new = Camera.objects.get_or_create(shop=cast.shop, name="Door")
    recording = Recording.objects.create(shop=cast.shop, camera=camera, sha256=str(at), started_at=at)
    for _one in range(count):
        Visit.objects.create(shop=cast.shop, recording=recording, entry_at=at, exit_at=at + MINUTE)


def falls_silent(cast: Cast, at: datetime) -> None:
    camera = Camera.objects.filter(shop=cast.shop, name="Gate").first() or a_camera(cast.shop, "Gate")
    fields = {"kind": Camera.Kind.STREAM, "address": "rtsp://10.0.0.5/1", "is_on": True}
    Camera.objects.filter(pk=camera.pk).update(
        **fields, fault=Camera.Fault.UNREACHABLE, seen_at=at - 11 * MINUTE
    )


def nobody_works(cast: Cast, at: datetime) -> None:
    OrmQ.objects.all().delete()
    OrmQ.objects.create(key="video", payload="x", lock=at - timedelta(hours=1))


def closes_short(cast: Cast, at: datetime) -> None:
    counter, _is_new = Drawer.objects.get_or_create(shop=cast.shop, name="Counter")
    fields = {"opening_float": Decimal(100), "opened_at": at - timedelta(hours=2)}
    session = DrawerSession.objects.create(shop=cast.shop, drawer=counter, **fields)
    drawer.close_session(session, sheet={20: 2}, coin=Decimal(0), upi=Decimal(0), actor=TESTS)


def opens_late(cast: Cast, at: datetime) -> None:
    """Nothing is sold until noon, though the shop says that it opens at eight."""


def is_odd(cast: Cast, at: datetime) -> None:
    Anomaly.objects.create(shop=cast.shop, rule="whole_day", key=str(at), day=at.date(), score=6, found_at=at)


HAPPENS: dict[Kind, tuple[Callable[[Cast, datetime], object], str]] = {
    Kind.UNPAID: (buys_unpaid, "ASHA owes ₹"),
    Kind.DEBTOR: (comes_in, "Somebody came in who owes for long."),
    Kind.PEAK: (lambda cast, at: visits(cast, at, 31), "31 came in the half-hour from 12:00."),
    Kind.CAMERA: (
        falls_silent,
        "Gate: the last picture came at 17 Nov 2026, 11:49. The camera can't be reached.",
    ),
    Kind.WORKER: (nobody_works, "Nobody takes up the work on recordings."),
    Kind.VARIANCE: (closes_short, "The drawer is ₹60 short."),
    Kind.OPENING: (opens_late, "Not open yet, 240 minutes after the hour."),
    Kind.ANOMALY: (is_odd, ""),
}


@pytest.mark.parametrize("kind", list(Kind))
def test_each_kind_tells_once_and_again_the_next_day(cast: Cast, clock: Clock, kind: Kind) -> None:
    rule(cast, kind, 500 if kind == Kind.UNPAID else None)
    happens, words = HAPPENS[kind]
    look_twice()
    happens(cast, NOON)
    look_twice()
    assert len(told(kind)) == len(mails()) == 1
    assert words in mails()[0]
    clock(NOON + DAY)
    AlertRule.objects.update(checked_at=NOON + DAY - MINUTE)
    happens(cast, NOON + DAY)
    look_twice()
    assert len(told(kind)) == len(mails()) == 2


def test_what_goes_on_over_midnight_is_told_once(cast: Cast, clock: Clock) -> None:
    cast.shop.opens_at = cast.shop.closes_at = time(0)  # it never closes
    cast.shop.save()
    rule(cast, Kind.CAMERA)
    midnight = datetime(2026, 11, 17, 18, 30, tzinfo=UTC)
    for at in (midnight - MINUTE, midnight + MINUTE):
        clock(at)
        falls_silent(cast, at)
        alerts.look()
    assert len(told()) == 1
    clock(midnight + timedelta(hours=5))
    alerts.look()
    assert len(told()) == 2


def test_of_two_that_look_at_the_same_moment_one_tells(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    row = rule(cast, Kind.UNPAID, 500)
    buys_unpaid(cast, NOON)
    real, raced = alerts._new, list[bool]()

    def overtaken(*args: Any) -> Any:
        """The other one tells between this one's first look and its lock."""
        news = real(*args)
        if not raced:
            raced.append(True)
            alerts.look_by(row, NOON)
        return news

    monkeypatch.setattr(alerts, "_new", overtaken)
    alerts.look_by(row, NOON)
    assert len(told()) == len(mails()) == 1


def test_at_night_the_page_tells_at_once_and_the_mail_in_the_morning(
    cast: Cast, clock: Clock, client_of: ClientOf
) -> None:
    rule(cast, Kind.UNPAID, 500)
    night = NOON + timedelta(hours=11)  # 23:00
    clock(night)
    AlertRule.objects.update(checked_at=night)
    buys_unpaid(cast, night)
    alerts.look()
    assert "Asha owes" in page_of(client_of(cast.meena))
    (message,) = Message.objects.filter(topic="alert")
    assert message.not_before == NOON + timedelta(hours=21)  # 9:00
    outbox.send(message.pk)
    message.refresh_from_db()
    assert message.state == "queued"


def test_a_rule_without_an_address_is_shown_alone(cast: Cast, client_of: ClientOf) -> None:
    rule(cast, Kind.UNPAID, 500, to="")
    buys_unpaid(cast, NOON)
    alerts.look()
    assert mails() == [] and "Asha owes ₹600." in page_of(client_of(cast.meena))


def test_all_that_a_rule_finds_at_once_is_one_mail(cast: Cast) -> None:
    rule(cast, Kind.UNPAID, 500)
    buys_unpaid(cast, NOON)
    sell(cast, 30, customer=cast.bala, is_paid=False, sold_at=NOON)
    alerts.look()
    (mail,) = mails()
    assert len(told()) == 2 and "- ASHA owes ₹600.\n- BALA owes ₹600." in mail
    assert mail.endswith("https://water.example/s/water/alerts/")
    assert not re.search("Asha|Bala", mail)


def test_old_debts_and_those_below_the_limit_are_no_news(cast: Cast) -> None:
    sell(cast, 100, customer=cast.bala, is_paid=False, sold_at=NOON - 2 * DAY)
    rule(cast, Kind.UNPAID, 600)
    buys_unpaid(cast, NOON)
    alerts.look()
    assert told() == []


def test_a_rush_is_seen_in_sales_where_no_camera_looks(cast: Cast) -> None:
    rule(cast, Kind.PEAK, 3)
    for minute in range(4):
        sell(cast, sold_at=NOON - minute * MINUTE - 20 * MINUTE)
    alerts.look()
    assert [one.facts["came"] for one in told()] == [4]


def test_half_hours_are_those_of_the_shops_clock(cast: Cast) -> None:
    cast.shop.zone = "Asia/Kathmandu"  # a quarter beside those of UTC
    cast.shop.save()
    rule(cast, Kind.PEAK, 3)
    for minute in range(4):
        sell(cast, sold_at=NOON - minute * MINUTE)
    alerts.look()
    assert [one.facts["start"] for one in told()] == [(NOON - 15 * MINUTE).isoformat()]


def test_a_camera_that_works_or_a_shop_that_is_closed_is_no_news(cast: Cast, clock: Clock) -> None:
    rule(cast, Kind.CAMERA, 15)
    falls_silent(cast, NOON)
    alerts.look()
    assert told() == [], "not long enough"
    clock(NOON + timedelta(hours=10))
    alerts.look()
    assert told() == [], "at night some are switched off"
    clock(NOON + DAY)
    alerts.look()
    assert len(told()) == 1


def test_a_standstill_of_the_work_itself_is_told_when_it_is_over(cast: Cast, clock: Clock) -> None:
    rule(cast, Kind.WORKER)
    alerts.look()
    clock(NOON + 40 * MINUTE)
    look_twice()
    assert "Nothing was worked on from 17 Nov 2026, 12:00 to 17 Nov 2026, 12:40." in mails()[0]
    AlertRule.objects.update(checked_at=NOON + timedelta(hours=10))
    clock(NOON + timedelta(hours=20))
    alerts.look()
    assert len(told()) == 1, "it was switched off for the night"


def test_closing_early_is_told_the_day_after(cast: Cast, clock: Clock) -> None:
    rule(cast, Kind.OPENING, 30)
    sell(cast, sold_at=NOON - timedelta(hours=4))
    sell(cast, sold_at=NOON + timedelta(hours=5))
    clock(NOON + timedelta(hours=20))  # 8:00
    alerts.look()
    assert [one.facts for one in told()] == [{"early": 180, "is_sure": False}]
    assert (
        "Closed 180 minutes early. No face of staff was seen: it may have been open for longer." in mails()[0]
    )


def test_a_weekday_on_which_the_shop_rests_is_not_late(cast: Cast, clock: Clock) -> None:
    rule(cast, Kind.OPENING, 30)
    for ago in range(1, 22):
        if ago % 7:  # it rests on the weekday that is today
            sell(cast, sold_at=NOON - ago * DAY - timedelta(hours=4))
            sell(cast, sold_at=NOON - ago * DAY + timedelta(hours=8))
    alerts.look()
    assert told() == []
    clock(NOON + DAY)
    alerts.look()
    assert [one.facts["late"] for one in told()] == [240]


def test_a_mail_speaks_the_language_of_its_rule(cast: Cast) -> None:
    rule(cast, Kind.VARIANCE, language="te")
    closes_short(cast, NOON)
    alerts.look()
    assert "₹60" in mails()[0] and re.search("[\u0c00-\u0c7f]", mails()[0])
    assert "short" not in mails()[0]


def test_a_rule_that_fails_leaves_the_others_their_turn(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = rule(cast, Kind.PEAK)
    rule(cast, Kind.UNPAID, 500)
    AlertRule.objects.filter(pk=broken.pk).update(checked_at=NOON - MINUTE)

    def fail(*args: object) -> Any:
        raise OSError("disk gone")

    monkeypatch.setattr("analytics.alerts.CHECKS", {**CHECKS, Kind.PEAK: fail})
    buys_unpaid(cast, NOON)
    alerts.look()
    assert len(told()) == 1
    broken.refresh_from_db()
    assert broken.checked_at == NOON - MINUTE, "it catches up"


@pytest.mark.parametrize("limit", ["-1", "0", "2.5"])
def test_a_limit_makes_sense(limit: str) -> None:
    with pytest.raises(ValidationError):
        limit_for(Kind.PEAK, Decimal(limit))
    assert limit_for(Kind.UNPAID, Decimal("99.50")) == Decimal("99.50")
    assert limit_for(Kind.PEAK, None) == LIMITS[Kind.PEAK].usual
    assert limit_for(Kind.DEBTOR, Decimal(5)) is None


def page_of(client: Client) -> str:
    return unescape(client.get("/s/water/alerts/").content.decode())


def test_only_who_may_see_faces_reads_which_debtor_came(cast: Cast, client_of: ClientOf) -> None:
    rule(cast, Kind.DEBTOR)
    comes_in(cast, NOON)
    alerts.look()
    page = page_of(client_of(cast.meena))
    assert "Asha came in: owes ₹600, the oldest for 40 days." in page and "/queues/debtor/" in page
    RoleRight.objects.create(shop=cast.shop, role=Role.MANAGER, right=Right.SEE_FACES, is_allowed=False)
    page = page_of(client_of(cast.meena))
    assert (
        "Somebody came in who owes for long." in page and "Asha" not in page and "/queues/debtor/" not in page
    )


def test_an_alert_leads_to_what_it_is_about_and_is_seen_by_somebody(cast: Cast, client_of: ClientOf) -> None:
    rule(cast, Kind.UNPAID, 500)
    rule(cast, Kind.VARIANCE)
    buys_unpaid(cast, NOON)
    closes_short(cast, NOON)
    alerts.look()
    client = client_of(cast.meena)
    page = page_of(client)
    links = re.findall(r'<span class="list__title"><a href="(/s/water/[^"]*)"', page)
    assert len(links) == 2 and all(client.get(link).status_code == 200 for link in links)
    first, _second = told()
    client.post("/s/water/alerts/seen/", {"alert": first.pk})
    first.refresh_from_db()
    assert (first.seen_by, alerts.unseen(cast.shop)) == (cast.meena, 1)
    client.post("/s/water/alerts/seen/")
    assert alerts.unseen(cast.shop) == 0 and "All seen" not in page_of(client)
    counts = [entry.after["count"] for entry in AuditEntry.objects.filter(action="see_alerts") if entry.after]
    assert sorted(counts) == [1, 1]


def test_a_standstill_is_shown_as_long_as_it_lasts(cast: Cast, client_of: ClientOf) -> None:
    client = client_of(cast.meena)
    assert "stands still: nothing is looked at" not in page_of(client)
    OrmQ.objects.create(key="default", payload="x", lock=NOON - timedelta(hours=1))
    assert "stands still: nothing is looked at" in page_of(client)


def test_rules_are_added_changed_paused_and_removed_and_each_deed_is_audited(
    cast: Cast, client_of: ClientOf
) -> None:
    client, add = client_of(cast.meena), "/s/water/alerts/rules/add/"
    fields = {"to": "owner@example.in", "language": "en"}
    assert client.post(add, {**fields, "kind": "peak", "limit": "0.5"}).status_code == 422
    assert client.post(add, {**fields, "kind": "peak", "limit": ""}).status_code == 302
    assert client.post(add, {**fields, "kind": "peak"}).status_code == 422, "a double"
    row = AlertRule.objects.get(shop=cast.shop)
    assert row.limit == 30 and "More than 30 visits in half an hour" in page_of(client)
    page = f"/s/water/alerts/rules/{row.pk}/"
    assert client.get(page).status_code == 200
    client.post(page, {**fields, "limit": "12", "to": ""})
    client.post(page, {"do": "pause"})
    row.refresh_from_db()
    assert [row.limit, row.to, row.is_active] == [12, "", False]
    visits(cast, NOON, 13)
    alerts.look()
    assert told() == [], "a paused rule looks at nothing"
    client.post(page, {"do": "resume"})
    alerts.look()
    client.post(page, {"do": "remove"})
    assert not AlertRule.objects.exists() and not Alert.objects.exists()
    entries = AuditEntry.objects.filter(action__endswith="_alert_rule").order_by("pk")
    assert [entry.action.split("_")[0] for entry in entries] == [
        "add",
        "change",
        "change",
        "change",
        "remove",
    ]
    assert "owner@example.in" not in str([entry.after for entry in entries])


def test_clerks_and_neighbours_stay_out(cast: Cast, client_of: ClientOf) -> None:
    row, other = rule(cast, Kind.UNPAID, 500), make_cast("other")
    buys_unpaid(cast, NOON)
    alerts.look()
    for path in ("alerts/", "alerts/rules/add/", f"alerts/rules/{row.pk}/"):
        assert client_of(cast.ravi).get(f"/s/water/{path}").status_code == 403
        assert client_of(other.lakshmi).get(f"/s/water/{path}").status_code == 404
    assert client_of(other.lakshmi).get(f"/s/other/alerts/rules/{row.pk}/").status_code == 404
    (alert,) = told()
    client_of(other.lakshmi).post("/s/other/alerts/seen/", {"alert": alert.pk})
    client_of(other.lakshmi).post("/s/other/alerts/seen/")
    assert alerts.unseen(cast.shop) == 1


def test_a_page_of_alerts_costs_the_same_however_many_there_are(
    cast: Cast, client_of: ClientOf, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    row = rule(cast, Kind.UNPAID, 500)
    facts = {"customer": cast.asha.pk, "balance": "600"}
    Alert.objects.bulk_create(
        Alert(shop=cast.shop, rule=row, key=f"customer-{n}:2026-11-17", facts=facts) for n in range(40)
    )
    client = client_of(cast.meena)
    client.get("/s/water/alerts/")
    with django_assert_max_num_queries(12):
        client.get("/s/water/alerts/")


def test_a_minute_in_which_nothing_happens_costs_few_queries(
    cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for kind in Kind:
        rule(cast, kind)
    sell(cast, sold_at=NOON - timedelta(hours=4))
    alerts.look()
    with django_assert_max_num_queries(20):
        alerts.look()
