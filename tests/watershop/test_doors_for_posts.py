"""A door that takes posts alone answers a GET, to which the language switch of its answers leads, with a page."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from django.core.files import File
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, reverse
from django.utils import timezone

from analytics.models import AlertRule, Anomaly, FestivalDay, ReportSchedule
from sales import drawer, printing
from sales.models import (
    BulkDeed,
    DrawerSession,
    NotebookImport,
    NotebookTask,
    ParkedSale,
    Payment,
    Printer,
    Printout,
    Replay,
    RuleCard,
    Sale,
    UpiClaim,
)
from tests.base import TESTS, Cast, sell
from tests.vision.conftest import write_clip
from tests.vision.scene import a_camera, agrees
from vision.models import (
    Card,
    ClockEstimate,
    DisputeFile,
    IdentityEvent,
    Person,
    Recording,
    SaleLink,
    Sighting,
    Template,
    Tracklet,
    Visit,
)
from watershop.models import Message, User
from watershop.urls import ROOMS, urlpatterns

ClientOf = Callable[[User], Client]
POSTED = {
    "staff_add": "staff",
    "staff_change": "staff",
    "staff_rights": "staff",
    "sale_void": "sale",
    "receipt_print": "receipt",
    "printer_ask": "printer",
    "customer_pay": "customer",
    "customer_return_cans": "customer",
    "customer_open": "customer_credit",
    "customer_withdraw": "customer_face",
    "customer_export": "customer_data",
    "customer_write_off": "customer_credit",
    "entry_undo": "customers",
    "outbox_message": "outbox",
    "sales_import_store": "sales_import",
    "stock_deliver": "stock",
    "stock_count": "stock",
    "tags_add": "tags",
    "notebook_undo": "notebook",
    "drawer_open": "drawer",
    "drawer_move": "drawer",
    "drawer_close": "drawer",
    "drawer_day_send": "drawer_day",
    "drawer_explain": "drawer_session",
    "recording_retry": "recording",
    "recording_keep": "recording",
    "recording_remove": "recording",
    "offline_replay": "offline_till",
    "rule_card_decide": "rule_cards",
    "link_decide": "visits",
    "sale_dispute": "sale",
    "card_decide": "queues",
    "card_undo": "queues",
    "threshold_set": "thresholds",
    "clock_decide": "cameras",
    "camera_test": "camera",
    "camera_draw": "camera",
    "camera_check": "camera",
    "camera_recognition": "camera",
    "festivals_save": "festivals",
    "festivals_suggested": "festivals",
    "festival_remove": "festivals",
    "counter_choose": "till",
    "counter_correct": "till",
    "counter_cans": "till",
    "anomaly_decide": "anomalies",
    "alerts_seen": "alerts",
}
SITE = (*urlpatterns, *(page for room in ROOMS for page in room.pages))
PAGES = [page for page in SITE if isinstance(page, URLPattern)]
ABOUT_ROWS = [str(page.name) for page in PAGES if "pk" in page.pattern.converters]


@pytest.fixture
def rows(cast: Cast) -> dict[str, int]:
    return one_of_each(cast)


def one_of_each(cast: Cast) -> dict[str, int]:
    """One row of each kind, by the first word of the URL names that are about it."""
    sale = sell(cast, customer=cast.asha)
    payment = Payment.objects.get(shop=cast.shop)
    counter = Printer.objects.create(shop=cast.shop, name="Counter", address="127.0.0.1:1")
    return {
        "staff": cast.ravi.memberships.get().pk,
        "sale": sale.pk,
        "receipt": sale.pk,
        "customer": cast.asha.pk,
        "entry": sale.ledger.get().pk,
        "upi": UpiClaim.objects.create(shop=cast.shop, payment=payment, reference="R1").pk,
        "can": cast.can20.pk,
        "bulk": BulkDeed.objects.create(shop=cast.shop, kind="block").pk,
        "till": ParkedSale.objects.create(shop=cast.shop, customer=cast.asha, fields={}, cans=2).pk,
        "outbox": Message.objects.create(shop=cast.shop, topic="day", channel="sms").pk,
        "rule": _card(sale).pk,
        "notebook": NotebookImport.objects.create(shop=cast.shop).pk,
        "sheet": NotebookTask.objects.create(shop=cast.shop, kind="store", sheet="Name\nChitra", rows=1).pk,
        "drawer": _counted_drawer(cast).pk,
        "printer": counter.pk,
        "anomaly": _oddity(cast).pk,
        "festival": FestivalDay.objects.create(shop=cast.shop, day=sale.sold_at.date(), name="Diwali").pk,
        "report": ReportSchedule.objects.create(shop=cast.shop, rhythm="daily", to="owner@example.in").pk,
        "alert": AlertRule.objects.create(shop=cast.shop, kind="unpaid", limit=1000).pk,
        "printout": printing.ask(counter, Printout.Kind.TEST, actor=TESTS).pk,
        **_watched(sale),
    }


def _oddity(cast: Cast) -> Anomaly:
    facts = {"customer": cast.asha.pk, "of": 6, "value": 6, "usual": 0.4, "low": 0, "high": 2}
    day = timezone.now().date()
    return Anomaly.objects.create(
        shop=cast.shop, rule="leaves_unpaid", key="1", day=day, score=5, facts=facts
    )


def _card(sale: Sale) -> RuleCard:
    assert sale.clerk is not None
    times = dict.fromkeys(("device_at", "sent_at"), timezone.now())
    replay = Replay.objects.create(
        shop=sale.shop, client_ref="R1", kind="sale", fields={}, sent_by=sale.clerk, sale=sale, **times
    )
    return RuleCard.objects.create(shop=sale.shop, replay=replay, kind="clerk")


def _counted_drawer(cast: Cast) -> DrawerSession:
    session = drawer.open_session(cast.shop, opening_float=Decimal(0), actor=TESTS)
    return drawer.close_session(session, sheet={}, coin=Decimal(0), upi=Decimal(0), actor=TESTS)


def _watched(sale: Sale) -> dict[str, int]:
    now = timezone.now()
    camera = a_camera(sale.shop, "Counter")
    camera.still.save("still.jpg", ContentFile(b"a picture"))
    recording = Recording.objects.create(
        shop=sale.shop, camera=camera, started_at=now, state="failed", original_name="counter.mp4"
    )
    with (
        TemporaryDirectory() as folder,
        write_clip(Path(folder) / "counter.mp4", seconds=1).open("rb") as clip,
    ):
        recording.file.save("counter.mp4", File(clip))
    person = Person.objects.create(shop=sale.shop, code="P_0001")
    stay = {"shop": sale.shop, "recording": recording, "person": person}
    visit = Visit.objects.create(**stay, entry_at=now, exit_at=now + timedelta(seconds=9))
    face = Tracklet.objects.create(**stay, visit=visit, number=1, started_s=0, ended_s=9)
    face.picture.save("face.jpg", ContentFile(b"a face"))
    link = SaleLink.objects.create(shop=sale.shop, sale=sale, visit=visit, confidence=0.9)
    sighting = Sighting.objects.create(shop=sale.shop, camera=camera, track="1", first_at=now)
    sighting.picture.save("now.jpg", ContentFile(b"a face"))
    card = Card.objects.create(
        shop=sale.shop,
        kind="late_void",
        key="1",
        at=now,
        visit=visit,
        amount=20,
        because={"minutes": 4, "again": None},
    )
    decision = IdentityEvent.objects.create(shop=sale.shop, kind="name", person=person)
    assert sale.customer
    taken = Template.objects.create(
        shop=sale.shop, consent=agrees(sale.customer), model_id="a-net", vector=[1.0]
    )
    taken.picture.save("taken.jpg", ContentFile(b"a face"))
    numbers = dict.fromkeys(("offset_s", "z", "peak_ratio", "spread_s", "sales", "visits"), 1)
    clock = ClockEstimate.objects.create(
        shop=sale.shop, camera=camera, at=now, first_at=now, last_at=now, **numbers
    )
    assert sale.clerk
    day = timedelta(days=1)
    file = DisputeFile.objects.create(
        shop=sale.shop, sale=sale, sha256="", made_by=sale.clerk, expires_at=now + day
    )
    rows = {
        "dispute": file,
        "portrait": taken,
        "sighting": sighting,
        "decision": decision,
        "recording": recording,
        "person": person,
        "visit": visit,
        "picture": face,
        "link": link,
        "card": card,
        "camera": camera,
        "clock": clock,
    }
    return {name: row.pk for name, row in rows.items()}


def address(name: str, rows: dict[str, int]) -> str:
    """The page of that name, of the row that it is about where it is about one."""
    try:
        return reverse(name, args=["water"])
    except NoReverseMatch:
        return reverse(name, args=["water", rows[name.partition("_")[0]]])


@pytest.mark.parametrize("name", POSTED)
def test_a_get_leads_to_the_page_that_posts(
    cast: Cast, client_of: ClientOf, rows: dict[str, int], name: str
) -> None:
    answer = client_of(cast.lakshmi).get(address(name, rows), follow=True)
    assert answer.redirect_chain == [(address(POSTED[name], rows), 302)]
    assert answer.status_code == 200


def test_the_switch_on_the_answer_to_a_refused_post_leads_to_a_page(
    cast: Cast, client_of: ClientOf, rows: dict[str, int]
) -> None:
    client, door = client_of(cast.lakshmi), address("sale_void", rows)
    page = client.post(door, {"reason": ""})
    assert page.status_code == 422
    assert f'name="next" value="{door}"' in page.content.decode()
    page = client.post(reverse("set_language"), {"language": "te", "next": door}, follow=True)
    assert page.status_code == 200
    assert '<html lang="te">' in page.content.decode()


def test_a_stranger_is_asked_to_sign_in_first(cast: Cast, rows: dict[str, int]) -> None:
    answer = Client().get(address("sale_void", rows))
    assert answer["Location"].startswith(reverse("login"))


def test_no_page_about_a_row_answers_a_get_with_an_empty_refusal(
    cast: Cast, client_of: ClientOf, rows: dict[str, int]
) -> None:
    client = client_of(cast.lakshmi)
    answers = {name: client.get(address(name, rows)).status_code for name in ABOUT_ROWS}
    assert set(answers.values()) <= {200, 302}, answers
