"""Reports by mail: the numbers of the dashboard, in the reader's language, once for each day, week or month."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from io import BytesIO
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook
from PIL import Image
from pytest_django import DjangoAssertNumQueries, Settings

from analytics import queries, reports, schedules
from analytics.models import ReportSchedule
from sales.models import Tender
from tests.base import TESTS, Cast, make_cast, sell
from watershop import jobs
from watershop.dates import Period
from watershop.models import Attachment, AuditEntry, Job, Message, Right, Role, RoleRight, User

ClientOf = Callable[[User], Client]
Clock = Callable[[datetime], None]
MONDAY = datetime(2026, 11, 16, 3, 0, tzinfo=UTC)  # 8:30 in the shop, after the hour of the reports
SUNDAY = date(2026, 11, 15)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """It is Monday morning until a test says otherwise."""

    def show(at: datetime) -> None:
        monkeypatch.setattr(timezone, "now", lambda: at)

    show(MONDAY)
    return show


def daily(cast: Cast, **fields: Any) -> ReportSchedule:
    fields = {"rhythm": "daily", "to": "owner@example.in", "language": "en", "hour": 7} | fields
    return schedules.add(cast.shop, fields, TESTS)


def work() -> None:
    for job in Job.objects.filter(state=Job.State.QUEUED, name=schedules.SEND):
        jobs.run(job.pk)
        job.refresh_from_db()
        assert job.state == Job.State.DONE, job.error


def run_minute() -> None:
    schedules.queue_due()
    work()


def sent() -> list[str]:
    return list(Message.objects.filter(topic="report").order_by("pk").values_list("subject", flat=True))


def sold_on_sunday(cast: Cast) -> None:
    noon = MONDAY - timedelta(hours=20)
    sell(cast, 3, sold_at=noon, customer=cast.asha)
    sell(cast, 2, sold_at=noon, customer=cast.bala, tender=Tender.UPI, is_paid=False)


def made(cast: Cast, **fields: Any) -> tuple[Message, list[Attachment]]:
    """The report of Sunday, not stored yet."""
    schedule = ReportSchedule(shop=cast.shop, to="owner@example.in", rhythm="daily", **fields)
    return reports.mail_of(schedule, Period(SUNDAY, SUNDAY, cast.shop.tz))


class Pictures(HTMLParser):
    """The addresses and words of a page's pictures."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "img":
            self.found[given["src"] or ""] = given["alt"] or ""


def test_text_and_page_hold_the_numbers_of_the_dashboard(cast: Cast) -> None:
    sold_on_sunday(cast)
    mail, _files = made(cast)
    numbers = queries.summary(cast.shop, Period(SUNDAY, SUNDAY, cast.shop.tz))
    assert [numbers.sold.revenue, numbers.taken, numbers.settled.due] == [100, 60, 40]
    assert mail.subject == "Water, report: Sun 15 Nov 2026"
    for line in ("Sold: ₹100 (2 sales · 5 cans)", "Takings: ₹60 (Cash ₹60", "Unpaid: ₹40 (1 unpaid sale)"):
        assert line in mail.text
    for words in ("₹100", "2 sales · 5 cans", "₹40", "1 unpaid sale", "Sun 15 Nov 2026"):
        assert words in mail.html


def test_a_report_says_how_much_more_or_less_than_a_week_before(cast: Cast) -> None:
    sold_on_sunday(cast)
    sell(cast, 4, sold_at=MONDAY - timedelta(hours=20, days=7))
    mail, _files = made(cast)
    for words in ("▲ 25\u00a0%", "Compared with Sun 8 Nov 2026."):
        assert words in mail.text and words in mail.html


def test_each_picture_of_the_page_travels_with_it_and_says_in_words_what_it_shows(cast: Cast) -> None:
    sold_on_sunday(cast)
    mail, files = made(cast)
    shown = Pictures(mail.html).found
    drawn = {f"cid:{file.content_id}": file for file in files if file.content_id}
    assert shown.keys() == drawn.keys() and len(drawn) >= 3
    assert all(words for words in shown.values())
    for file in drawn.values():
        picture = Image.open(BytesIO(file.data))
        assert (file.content_type, picture.format, picture.width) == ("image/png", "PNG", 720)


def test_the_workbook_opens_and_counts_the_same(cast: Cast) -> None:
    sold_on_sunday(cast)
    _mail, files = made(cast, has_workbook=True)
    (workbook,) = [file for file in files if not file.content_id]
    assert workbook.name == "water-2026-11-15.xlsx"
    book = load_workbook(BytesIO(workbook.data))
    spent = sorted(row[:2] for row in book["Total_Spend"].iter_rows(min_row=2, values_only=True))
    assert spent == [("ASHA", 60), ("BALA", 40)]
    _mail, files = made(cast, has_workbook=False)
    assert all(file.content_id for file in files)


def test_no_name_of_a_customer_leaves_the_shop(cast: Cast) -> None:
    sold_on_sunday(cast)
    mail, files = made(cast)
    assert not re.search("Asha|Bala", mail.text + mail.html)
    assert "customers@watershop" not in {file.content_id for file in files}
    (workbook,) = [file for file in files if not file.content_id]
    book = load_workbook(BytesIO(workbook.data))
    cells = [str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row]
    assert "ASHA" in cells and not re.search("Asha|Bala", " ".join(cells))


@pytest.mark.parametrize("language", ["te", "hi", "ta"])
def test_a_report_speaks_the_language_of_its_schedule(cast: Cast, language: str) -> None:
    sold_on_sunday(cast)
    mail, _files = made(cast, language=language)
    assert mail.language == language and f'<html lang="{language}">' in mail.html
    assert re.search("[\u0900-\u0dff]", mail.text) and "Takings" not in mail.text


def test_a_link_is_there_where_the_shop_has_an_address(cast: Cast, settings: Settings) -> None:
    settings.SITE_ADDRESS = ""
    assert "<a " not in made(cast)[0].html
    settings.SITE_ADDRESS = "https://water.example"
    mail = made(cast)[0]
    link = "https://water.example/s/water/report/?from=2026-11-15&to=2026-11-15"
    assert link in mail.text and link.replace("&", "&amp;") in mail.html


def test_a_pdf_goes_along_where_weasyprint_is_and_fetches_nothing_but_its_pictures(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    sold_on_sunday(cast)
    seen: dict[str, Any] = {}

    def draw(string: str, url_fetcher: Callable[[str], Any]) -> Any:
        seen.update(html=string, fetch=url_fetcher)
        return SimpleNamespace(write_pdf=lambda stylesheets: b"%PDF-1.7")

    module = ModuleType("weasyprint")
    module.HTML = draw  # type: ignore[attr-defined]
    monkeypatch.setattr(reports, "engine", lambda: module)
    mail, files = made(cast, has_pdf=True, has_workbook=False)
    (pdf,) = [file for file in files if not file.content_id]
    assert (pdf.name, pdf.data, seen["html"]) == ("water-2026-11-15.pdf", b"%PDF-1.7", mail.html)
    for address in Pictures(mail.html).found:
        assert seen["fetch"](address)["string"].startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="fetches nothing"):
        seen["fetch"]("file:///etc/passwd")
    monkeypatch.setattr(reports, "engine", lambda: None)
    assert not [file for file in made(cast, has_pdf=True, has_workbook=False)[1] if not file.content_id]


@pytest.mark.parametrize(
    ("rhythm", "first", "last"),
    [
        ("daily", date(2026, 11, 15), date(2026, 11, 15)),
        ("weekly", date(2026, 11, 9), date(2026, 11, 15)),
        ("monthly", date(2026, 10, 1), date(2026, 10, 31)),
    ],
)
def test_a_report_is_of_the_last_whole_day_week_or_month(rhythm: str, first: date, last: date) -> None:
    assert schedules.last_before(rhythm, MONDAY.date()) == (first, last)


def test_it_goes_out_after_the_day_at_its_hour_on_the_shops_clock_and_once(cast: Cast, clock: Clock) -> None:
    daily(cast)
    run_minute()
    assert sent() == [], "the day that ran when it was added is the first"
    clock(MONDAY + timedelta(hours=22))  # Tuesday 6:30
    run_minute()
    assert sent() == []
    clock(MONDAY + timedelta(hours=22, minutes=30))
    run_minute()
    run_minute()
    assert sent() == ["Water, report: Mon 16 Nov 2026"]
    (entry,) = AuditEntry.objects.filter(action="send_report")
    assert entry.after == {"first": "2026-11-16", "last": "2026-11-16"}


def test_of_two_workers_that_made_the_same_report_one_sends_it(cast: Cast, clock: Clock) -> None:
    schedule = daily(cast)
    clock(MONDAY + timedelta(days=1))
    period = schedules.due(schedule, timezone.now())
    assert period
    first, second = (reports.mail_of(schedule, period) for _worker in range(2))
    assert [schedules.put(schedule, period, *mail) for mail in (first, second)] == [True, False]
    assert len(sent()) == 1


def test_after_a_standstill_the_latest_alone_goes_out_and_says_its_days(cast: Cast, clock: Clock) -> None:
    daily(cast, rhythm="weekly")
    clock(MONDAY + timedelta(days=23))
    run_minute()
    run_minute()
    assert sent() == ["Water, report: Mon 30 Nov 2026 – Sun 6 Dec 2026"]


def test_one_can_be_asked_for_now_and_the_next_goes_out_as_ever(cast: Cast, clock: Clock) -> None:
    schedule = daily(cast)
    schedules.change(schedule, {"is_active": False}, TESTS)
    schedules.ask(schedule, TESTS)
    schedules.ask(schedule, TESTS)
    work()
    assert sent() == ["Water, report: Sun 15 Nov 2026"]
    schedules.ask(schedule, TESTS)
    work()
    assert len(sent()) == 2, "again, for the asking"
    clock(MONDAY + timedelta(days=3))
    run_minute()
    assert len(sent()) == 2, "it is paused"
    schedules.change(schedule, {"is_active": True}, TESTS)
    run_minute()
    assert len(sent()) == 2, "what was missed meanwhile is not made up for"
    clock(MONDAY + timedelta(days=4))
    run_minute()
    assert sent()[2:] == ["Water, report: Thu 19 Nov 2026"]


def test_a_new_hour_sends_nothing_twice_and_an_unchanged_form_skips_nothing(cast: Cast, clock: Clock) -> None:
    schedule = daily(cast)
    clock(MONDAY + timedelta(days=1))
    schedules.change(schedule, {"hour": 7, "language": "en"}, TESTS)
    run_minute()
    assert len(sent()) == 1
    schedules.change(schedule, {"hour": 20}, TESTS)
    clock(MONDAY + timedelta(days=1, hours=13))
    run_minute()
    assert len(sent()) == 1


def test_what_cannot_be_made_is_tried_again_after_an_hour_not_each_minute(
    cast: Cast, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule = daily(cast)
    clock(MONDAY + timedelta(days=1))
    Job.objects.create(
        shop=cast.shop,
        name=schedules.SEND,
        subject_id=schedule.pk,
        state="failed",
        finished_at=timezone.now(),
    )
    run_minute()
    assert sent() == []
    clock(MONDAY + timedelta(days=1, minutes=61))
    run_minute()
    assert len(sent()) == 1


def test_one_address_gets_one_report_of_a_kind(cast: Cast) -> None:
    daily(cast)
    weekly = daily(cast, rhythm="weekly")
    with pytest.raises(ValidationError, match="gets this report already"):
        daily(cast)
    with pytest.raises(ValidationError, match="gets this report already"):
        schedules.change(weekly, {"rhythm": "daily"}, TESTS)


def test_the_pages_add_change_pause_send_and_remove_and_each_deed_is_audited(
    cast: Cast, client_of: ClientOf
) -> None:
    client = client_of(cast.meena)
    fields = {"rhythm": "daily", "hour": "7", "to": "owner@example.in", "language": "te"}
    assert client.post("/s/water/reports/add/", {**fields, "hour": "24"}).status_code == 422
    client.post("/s/water/reports/add/", {**fields, "has_workbook": "on"})
    schedule = ReportSchedule.objects.get(shop=cast.shop)
    assert (schedule.language, schedule.has_workbook, schedule.by) == ("te", True, cast.meena)
    page = f"/s/water/reports/{schedule.pk}/"
    assert client.post("/s/water/reports/add/", fields).status_code == 422, "a double"
    client.post(page, {**fields, "hour": "9"})
    client.post(page, {"do": "pause"})
    schedule.refresh_from_db()
    assert (schedule.hour, schedule.has_workbook, schedule.is_active) == (9, False, False)
    client.post(page, {"do": "send"})
    work()
    assert len(sent()) == 1
    client.post(page, {"do": "remove"})
    assert not ReportSchedule.objects.exists()
    actions = [entry.action for entry in AuditEntry.objects.filter(action__contains="report").order_by("pk")]
    expected = ["add_report", "change_report", "change_report", "ask_report", "send_report", "remove_report"]
    assert actions == expected
    told = [entry.after for entry in AuditEntry.objects.filter(action__contains="report")]
    assert "owner@example.in" not in str(told)


def test_the_workbook_is_for_those_who_may_take_files_along(cast: Cast, client_of: ClientOf) -> None:
    RoleRight.objects.create(shop=cast.shop, role=Role.MANAGER, right=Right.EXPORT, is_allowed=False)
    assert "has_workbook" not in client_of(cast.meena).get("/s/water/reports/add/").content.decode()
    assert "has_workbook" in client_of(cast.lakshmi).get("/s/water/reports/add/").content.decode()


def test_who_may_not_export_sends_the_workbook_nowhere_new(cast: Cast, client_of: ClientOf) -> None:
    RoleRight.objects.create(shop=cast.shop, role=Role.MANAGER, right=Right.EXPORT, is_allowed=False)
    kept, moved = daily(cast), daily(cast, to="second@example.in")
    client, fields = client_of(cast.meena), {"rhythm": "daily", "hour": "9", "language": "en"}
    for page, to in (("add", "new@example.in"), (kept.pk, kept.to), (moved.pk, "other@example.in")):
        answer = client.post(f"/s/water/reports/{page}/", {**fields, "to": to, "has_workbook": "on"})
        assert answer.status_code == 302
    with_workbook = ReportSchedule.objects.filter(has_workbook=True, hour=9)
    assert [row.to for row in with_workbook] == [kept.to] and ReportSchedule.objects.count() == 3


def test_clerks_and_neighbours_stay_out(cast: Cast, client_of: ClientOf) -> None:
    schedule, other = daily(cast), make_cast("other")
    pages = [reverse(name, args=["water"]) for name in ("report", "report_schedules", "report_schedule_add")]
    pages.append(reverse("report_schedule", args=["water", schedule.pk]))
    for page in pages:
        assert client_of(cast.ravi).get(page).status_code == 403
        assert client_of(other.lakshmi).get(page).status_code == 404
    assert client_of(other.lakshmi).get(f"/s/other/reports/{schedule.pk}/").status_code == 404


def test_the_page_of_a_report_shows_its_numbers_and_can_be_printed(cast: Cast, client_of: ClientOf) -> None:
    sold_on_sunday(cast)
    page = client_of(cast.lakshmi).get("/s/water/report/").content.decode()
    assert "Sun 15 Nov 2026" in page and "₹100" in page and "data-print" in page
    assert "Top customers" in page and "Asha" in page
    week = client_of(cast.lakshmi).get("/s/water/report/?from=2026-11-09&to=2026-11-15").content.decode()
    assert "Mon 9 Nov 2026 – Sun 15 Nov 2026" in week


def test_the_list_costs_the_same_however_long_it_is(
    cast: Cast, client_of: ClientOf, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of(cast.meena)
    for n in range(5):
        daily(cast, to=f"owner{n}@example.in")
    client.get("/s/water/reports/")
    with django_assert_max_num_queries(6):
        client.get("/s/water/reports/")
    with django_assert_max_num_queries(1):
        schedules.queue_due()
