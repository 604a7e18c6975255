"""The roll-up equals the rows, whatever changed, in whatever order, and however late it was committed."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from rest_framework.test import APIClient

from analytics import queries, rollup, tasks
from analytics.models import CustomerDay, DailyTotals, SizeTotals, SlotTotals, VisitorDay
from sales.ledger import receive_payment
from sales.models import Sale, Tender
from sales.new_sale import Line
from sales.returns import Returned, return_cans
from sales.reversals import void_sale
from tests.analytics.by_hand import Day, days_of
from tests.analytics.test_queries import PERIOD, trade, watch
from tests.base import TESTS, Cast, make_cast, sell
from tests.sales.test_books_machine import PROFILE
from tests.vision.scene import a_person, a_visit
from vision.models import Visit
from watershop import jobs
from watershop.models import DirtyDay, Job, Shop, User

pytestmark = pytest.mark.django_db
DAYS, HOURS, WHO, WHICH = st.integers(0, 5), st.integers(0, 23), st.integers(0, 2), st.integers(0, 99)


def stored(shop: Shop) -> dict[date, dict[str, Any]]:
    """What the roll-up holds of each day on which anything happened."""
    empty = as_stored(Day())
    days = {row.day: vars_of(row) for row in DailyTotals.objects.filter(shop=shop)}
    for slot in SlotTotals.objects.filter(shop=shop):
        days[slot.day]["slots"][slot.slot] = [slot.sales, slot.cans, slot.revenue, slot.visits]
    for size in SizeTotals.objects.filter(shop=shop).select_related("can_type"):
        days[size.day]["sizes"][size.can_type.code] = [size.cans, size.revenue]
    for buyer in CustomerDay.objects.filter(shop=shop):
        days[buyer.day]["buyers"][buyer.customer] = [buyer.sales, buyer.cans, buyer.revenue]
    for visitor in VisitorDay.objects.filter(shop=shop):
        days[visitor.day]["visitors"][visitor.who] = visitor.visits
    return {day: row for day, row in days.items() if row != empty}


def vars_of(row: DailyTotals) -> dict[str, Any]:
    left_out = ("id", "shop", "day")
    fields = {f.name: getattr(row, f.name) for f in row._meta.concrete_fields if f.name not in left_out}
    return fields | {"slots": {}, "sizes": {}, "buyers": {}, "visitors": {}}


def as_stored(day: Day) -> dict[str, Any]:
    """A day counted by hand, in the words of the roll-up."""
    row = {"sales": day.sales, "cans": day.cans, "revenue": day.revenue, "paid": day.paid}
    row |= {"unpaid_sales": day.unpaid_sales, "cans_moved": day.cans_moved, "visits": day.visits}
    row |= {"anonymous": day.anonymous, "persons": len(day.visitors)}
    for tender in Tender:
        row |= {f"stated_{tender}": day.stated[tender], f"taken_{tender}": day.taken.get(tender, Decimal(0))}
    for name, moments in (("sale", day.sold_at), ("visit", day.seen_at), ("staff", day.staff_at)):
        row |= {f"first_{name}_at": min(moments, default=None), f"last_{name}_at": max(moments, default=None)}
    row |= {"slots": dict(day.slots), "sizes": dict(day.sizes)}
    return row | {"buyers": dict(day.buyers), "visitors": dict(day.visitors)}


def equals_rows(shop: Shop) -> bool:
    by_hand = {day: as_stored(row) for day, row in days_of(shop).items()}
    assert stored(shop) == {day: row for day, row in by_hand.items() if row != as_stored(Day())}
    return True


def trade_and_watch(cast: Cast, seed: int) -> None:
    trade(cast, seed, 20)
    watch(cast, seed)


def test_what_was_counted_is_what_the_rows_say(cast: Cast) -> None:
    neighbour = make_cast("next-door")
    for number, place in enumerate((cast, neighbour)):
        trade_and_watch(place, number)
        rollup.refresh(place.shop)
    assert equals_rows(cast.shop) and equals_rows(neighbour.shop)


def test_days_are_cut_anew_when_the_shop_moves_to_another_clock(cast: Cast) -> None:
    trade_and_watch(cast, 3)
    rollup.refresh(cast.shop)
    Shop.objects.update(zone="America/New_York")
    cast.shop.refresh_from_db()
    rollup.refresh(cast.shop)
    assert equals_rows(cast.shop)


def test_totals_have_a_row_for_every_day_and_slots_for_what_happened(cast: Cast) -> None:
    trade_and_watch(cast, 1)
    by_hand = days_of(cast.shop)
    days = queries.totals(cast.shop, PERIOD)
    assert [row.day for row in days] == PERIOD.days
    assert [(row.sales, row.revenue, row.visits) for row in days] == [
        (by_hand[day].sales, by_hand[day].revenue, by_hand[day].visits) for day in PERIOD.days
    ]
    slots = queries.by_slot(cast.shop, PERIOD)
    assert [(row.day, row.slot, Decimal(row.sales), Decimal(row.visits)) for row in slots] == [
        (day, slot, sales, visits)
        for day in PERIOD.days
        for slot, (sales, _cans, _revenue, visits) in sorted(by_hand[day].slots.items())
    ]


PAGES = (
    *("dashboard/", "dashboard/now/", "charts/revenue/", "visitors/", "staffing/", "opening-times/"),
    *("forecast/", "downloads/", "report/"),
)


def test_each_page_says_how_many_days_wait(
    cast: Cast, client_of: Callable[[User], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollup, "PATIENCE_S", 0)
    sell(cast)
    client = client_of(cast.meena)
    for page in PAGES:
        shown = client.get(f"/s/{cast.shop.slug}/{page}")
        assert "1 day is still being counted" in shown.content.decode(), page
    assert not DailyTotals.objects.exists()


def test_the_phone_waits_until_all_is_counted(
    cast: Cast, api_of: Callable[[User], APIClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollup, "PATIENCE_S", 0)
    sell(cast)
    assert api_of(cast.meena).get(f"/api/v1/shops/{cast.shop.slug}/summary/").json()["sales"] == 1


def test_a_page_does_not_wait_for_long_and_says_how_many_days_wait(
    cast: Cast, client_of: Callable[[User], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    sold_at = PERIOD.start + timedelta(hours=12)
    sell(cast, sold_at=sold_at)
    sell(cast, sold_at=sold_at + timedelta(days=1))
    monkeypatch.setattr(rollup, "PATIENCE_S", 0)
    dashboard, days = f"/s/{cast.shop.slug}/dashboard/", f"from={PERIOD.first}&to={PERIOD.last}"
    waiting = client_of(cast.meena).get(f"{dashboard}?{days}").content.decode()
    # Its money was received, and its cans went out, today or on those days: no day was counted yet.
    assert f"{rollup.waiting(cast.shop)} days are still being counted" in waiting
    assert not DailyTotals.objects.exists()
    rollup.refresh(cast.shop)
    counted = client_of(cast.meena).get(f"{dashboard}?{days}").content.decode()
    assert "being counted" not in counted and "2 sales" in counted


def test_after_an_import_a_worker_counts_the_days(cast: Cast) -> None:
    for day in range(tasks.MANY_DAYS - 1):
        sell(cast, sold_at=PERIOD.start + timedelta(days=day))
    with transaction.atomic():
        tasks.count_waiting_days()
    assert not Job.objects.exists(), "so few are counted by the page that shows them"
    sell(cast, sold_at=PERIOD.start + timedelta(days=tasks.MANY_DAYS))
    tasks.count_waiting_days()
    jobs.run(Job.objects.get().pk)
    assert Job.objects.get().state == Job.State.DONE
    assert not DirtyDay.objects.exists() and equals_rows(cast.shop)


def test_a_shop_can_be_counted_anew_from_its_rows(cast: Cast) -> None:
    trade_and_watch(cast, 2)
    rollup.refresh(cast.shop)
    DailyTotals.objects.update(sales=99)
    SlotTotals.objects.all().delete()
    told = StringIO()
    call_command("recount", shop=cast.shop.slug, stdout=told)
    assert told.getvalue().endswith("100%\n") and equals_rows(cast.shop)


class Changes(RuleBasedStateMachine):
    """Whatever changes a day, in any order; now and then somebody reads the numbers."""

    def __init__(self, cast: Cast) -> None:
        super().__init__()
        self.all_undone = transaction.atomic()
        self.all_undone.__enter__()
        self.cast, self.sales, self.moments = cast, list[Sale](), iter(range(10_000))
        self.persons = [a_person(cast.shop, customer=customer) for customer in (None, None, cast.asha)]

    def at(self, day: int, hour: int) -> datetime:
        """One of three months, on the shop's clock; no two moments are the same."""
        start = datetime(2026, 1 + 2 * (day % 3), 1 + day, tzinfo=self.cast.shop.tz)
        return start + timedelta(hours=hour, seconds=next(self.moments))

    @rule(day=DAYS, hour=HOURS, who=WHO, is_paid=st.booleans(), count=st.integers(1, 4))
    def sell(self, day: int, hour: int, who: int, is_paid: bool, count: int) -> None:
        customer = (None, self.cast.asha, self.cast.bala)[who]
        lines = [Line(self.cast.can20, count), Line(self.cast.can10, 1)][: 1 + count % 2]
        is_paid, at = is_paid or customer is None, self.at(day, hour)
        self.sales.append(sell(self.cast, lines=lines, customer=customer, is_paid=is_paid, sold_at=at))

    @precondition(lambda self: self.sales)
    @rule(which=WHICH)
    def void(self, which: int) -> None:
        void_sale(self.sales.pop(which % len(self.sales)), reason="mistake", actor=TESTS)

    @rule(day=DAYS, hour=HOURS, who=st.integers(1, 2), amount=st.integers(1, 50))
    def pay(self, day: int, hour: int, who: int, amount: int) -> None:
        customer = (self.cast.asha, self.cast.bala)[who - 1]
        at, cans = self.at(day, hour), [Returned(self.cast.can20, 1)]
        receive_payment(
            customer=customer, amount=Decimal(amount), tender=Tender.UPI, actor=TESTS, received_at=at
        )
        return_cans(customer=customer, returned=cans, actor=TESTS, at=at)

    @rule(day=DAYS, hour=HOURS, who=st.integers(0, 3))
    def come_in(self, day: int, hour: int, who: int) -> None:
        visit = a_visit(self.cast.shop, self.at(day, hour), person=self.persons[who % 3])
        if who == 3:
            Visit.objects.filter(pk=visit.pk).update(person=None)

    @precondition(lambda self: Visit.objects.exists())
    @rule(which=WHICH, day=DAYS, is_gone=st.booleans())
    def move_visit(self, which: int, day: int, is_gone: bool) -> None:
        visits = list(Visit.objects.order_by("pk"))
        visit = visits[which % len(visits)]
        if is_gone:
            visit.delete()
            return
        visit.entry_at = visit.exit_at = self.at(day, 9)
        visit.save()

    @rule(who=WHO, change=st.sampled_from(["is_shop_staff", "is_ignored", "customer"]))
    def turn_out_to_be(self, who: int, change: str) -> None:
        person = self.persons[who]
        value = not getattr(person, change)
        setattr(person, change, (self.cast.bala if value else None) if change == "customer" else value)
        person.save()

    @rule()
    def merge_faces(self) -> None:
        Visit.objects.filter(person=self.persons[1]).update(person=self.persons[0])

    @rule()
    def read(self) -> None:
        rollup.refresh(self.cast.shop)
        assert equals_rows(self.cast.shop)

    def teardown(self) -> None:
        try:
            self.read()
        finally:
            transaction.set_rollback(True)
            self.all_undone.__exit__(None, None, None)


def test_whatever_changes_the_roll_up_equals_the_rows(cast: Cast) -> None:
    short = settings(PROFILE, max_examples=6, stateful_step_count=15)
    run_state_machine_as_test(partial(Changes, cast), settings=short)  # type: ignore[arg-type]
