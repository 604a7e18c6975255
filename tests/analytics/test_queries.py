"""Every number against a slow and obvious count in Python, over made-up weeks that end with voids and returns."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from pytest_django import DjangoAssertNumQueries

from analytics import queries
from analytics.queries import Settled, Sold
from analytics.visitors import Visitors, visitors, visitors_by_day, visits_by_hour
from sales.ledger import receive_payment, record_sales
from sales.models import CanMovement, Payment, Sale, Tender
from sales.new_sale import Line, NewSale
from sales.returns import Returned, return_cans
from sales.reversals import void_sale
from tests.base import TESTS, Cast, make_cast, sell
from tests.vision.scene import agrees
from vision.models import Camera, Person, Recording, Visit
from watershop.dates import Period
from watershop.models import Shop

INDIA = ZoneInfo("Asia/Kolkata")
FIRST = date(2026, 3, 2)
PERIOD = Period(FIRST + timedelta(days=3), FIRST + timedelta(days=8), INDIA)
MIDNIGHTS = (PERIOD.start, PERIOD.end, PERIOD.start - timedelta(seconds=1), PERIOD.end - timedelta(seconds=1))


def moments(chance: random.Random, count: int) -> list[datetime]:
    """Times within two weeks, at all hours, and the four that lie on the period's edges."""
    start = datetime(2026, 3, 2, tzinfo=INDIA)
    minutes = [chance.randrange(14 * 24 * 60) for _ in range(count)]
    return [*MIDNIGHTS, *(start + timedelta(minutes=minute) for minute in minutes)]


def trade(cast: Cast, seed: int, sales_count: int) -> None:
    """Two weeks of sales, payments of dues, returned cans and voids."""
    chance = random.Random(seed)
    customers = [None, cast.asha, cast.bala]
    news = []
    for at in moments(chance, sales_count):
        customer, types = chance.choice(customers), [cast.can20, cast.can10][: chance.randint(1, 2)]
        lines = [Line(can_type, chance.randint(1, 5)) for can_type in types]
        is_paid = customer is None or chance.random() < 0.6
        tender = chance.choice(list(Tender))
        news.append(NewSale(lines=lines, tender=tender, customer=customer, is_paid=is_paid, sold_at=at))
    sales = record_sales(cast.shop, TESTS, news)
    for at in moments(chance, 4):
        customer = chance.choice([cast.asha, cast.bala])
        amount, tender = Decimal(chance.randint(5, 90)), chance.choice(list(Tender))
        receive_payment(customer=customer, amount=amount, tender=tender, actor=TESTS, received_at=at)
        return_cans(
            customer=customer, returned=[Returned(cast.can20, chance.randint(1, 3))], actor=TESTS, at=at
        )
    for sale in chance.sample(sales, 4):
        void_sale(sale, reason="mistake", actor=TESTS)


def watch(cast: Cast, seed: int) -> None:
    """Visits of a few persons, two of them of one account, of one who works here, and of some nobody."""
    shop, chance = cast.shop, random.Random(seed)
    camera = Camera.objects.create(shop=shop, name="Door")
    recording = Recording.objects.create(shop=shop, camera=camera, sha256="0", started_at=PERIOD.start)
    persons: list[Person | None] = [None]
    accounts = {1: cast.asha, 2: cast.asha, 3: cast.bala}
    for customer in (cast.asha, cast.bala):
        agrees(customer)
    for n in range(8):
        persons.append(
            Person.objects.create(shop=shop, code=f"P_{n}", is_shop_staff=n == 0, customer=accounts.get(n))
        )
    Visit.objects.bulk_create(
        Visit(
            shop=shop,
            recording=recording,
            person=chance.choice(persons),
            entry_at=at,
            exit_at=at + timedelta(60),
        )
        for at in moments(chance, 30)
    )


@pytest.fixture(params=[1, 2])
def busy(cast: Cast, request: pytest.FixtureRequest) -> Cast:
    """Two shops full of rows: the neighbour's must never be counted."""
    neighbour = make_cast("next-door")
    for number, place in enumerate((cast, neighbour)):
        trade(place, request.param + 10 * number, 40 - 30 * number)
        watch(place, request.param + 10 * number)
    return cast


@dataclass
class Row:
    """A standing sale of the period, read one by one."""

    sale: Sale
    at: datetime
    amounts: dict[str, Decimal]
    cans: dict[str, int]
    paid: Decimal

    @property
    def total(self) -> Decimal:
        return sum(self.amounts.values(), Decimal(0))


def standing(shop: Shop) -> list[Row]:
    rows = []
    for sale in Sale.objects.filter(shop=shop):
        at = sale.sold_at.astimezone(INDIA)
        if hasattr(sale, "void") or not PERIOD.first <= at.date() <= PERIOD.last:
            continue
        lines = list(sale.lines.all())
        amounts = {line.can_type.code: line.amount for line in lines}
        cans = {line.can_type.code: line.quantity for line in lines}
        paid = sum((row.amount for row in sale.allocations.all()), Decimal(0))
        rows.append(Row(sale, at, amounts, cans, paid))
    assert rows
    return rows


def sold(rows: list[Row]) -> Sold:
    return Sold(
        len(rows), sum(sum(row.cans.values()) for row in rows), sum((row.total for row in rows), Decimal(0))
    )


def grouped(rows: list[Row], key: Callable[[Row], object]) -> dict[object, Sold]:
    groups: dict[object, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return {name: sold(members) for name, members in groups.items()}


def seen(shop: Shop) -> list[Visit]:
    visits = Visit.objects.filter(shop=shop)
    return [visit for visit in visits if not (visit.person and visit.person.is_shop_staff)]


def in_period(visits: list[Visit]) -> list[Visit]:
    return [
        visit for visit in visits if PERIOD.first <= visit.entry_at.astimezone(INDIA).date() <= PERIOD.last
    ]


def test_the_summary_counts_standing_sales_alone(busy: Cast) -> None:
    rows = standing(busy.shop)
    summary = queries.summary(busy.shop, PERIOD)
    open_rows = [row for row in rows if row.paid < row.total]
    paid = sum((row.paid for row in rows), Decimal(0))
    due = sold(rows).revenue - paid
    assert summary.sold == sold(rows)
    assert summary.settled == Settled(paid, due, len(rows) - len(open_rows), len(open_rows))


def test_takings_are_money_received_less_money_given_back(busy: Cast) -> None:
    expected: dict[str, Decimal] = defaultdict(Decimal)
    for payment in Payment.objects.filter(shop=busy.shop):
        if PERIOD.first <= payment.received_at.astimezone(INDIA).date() <= PERIOD.last:
            expected[payment.tender] += payment.amount
    takings = queries.takings_by_tender(busy.shop, PERIOD)
    assert {row.tender: row.amount for row in takings} == {tender: expected[tender] for tender in Tender}
    assert queries.summary(busy.shop, PERIOD).taken == sum(expected.values())


def test_a_void_today_lowers_todays_takings_and_not_those_of_the_day_it_was_sold(cast: Cast) -> None:
    sale = sell(cast, 2, sold_at=datetime(2026, 3, 3, 12, tzinfo=INDIA))
    void = void_sale(sale, reason="mistake", actor=TESTS)
    sold_on, voided_on = (
        queries.summary(cast.shop, Period(at.astimezone(INDIA).date(), at.astimezone(INDIA).date(), INDIA))
        for at in (sale.sold_at, void.at)
    )
    assert (sold_on.taken, sold_on.sold) == (Decimal(40), queries.NOTHING)
    assert voided_on.taken == Decimal(-40)


def test_stated_tenders_count_paid_and_unpaid_sales_alike(busy: Cast) -> None:
    expected = Counter(row.sale.stated_tender for row in standing(busy.shop))
    counts = {row.tender: row.sales for row in queries.stated_tenders(busy.shop, PERIOD)}
    assert counts == {tender: expected[tender] for tender in Tender}


def test_cans_out_are_what_customers_held_at_that_moment(busy: Cast) -> None:
    moved = [row.quantity for row in CanMovement.objects.filter(shop=busy.shop) if row.at < PERIOD.end]
    assert queries.cans_out(busy.shop, PERIOD.end) == sum(moved)


def test_each_day_has_its_own_sales_on_the_shops_clock(busy: Cast) -> None:
    expected = grouped(standing(busy.shop), lambda row: row.at.date())
    days = queries.totals(busy.shop, PERIOD)
    assert [row.day for row in days] == PERIOD.days
    assert {row.day: Sold(row.sales, row.cans, row.revenue) for row in days if row.sales} == expected


def test_each_hour_has_its_own_sales_on_the_shops_clock(busy: Cast) -> None:
    expected = grouped(standing(busy.shop), lambda row: row.at.hour)
    hours = queries.sold_by_hour(busy.shop, PERIOD)
    assert [row.hour for row in hours] == list(range(24))
    assert {row.hour: row.sold for row in hours if row.sold.sales} == expected


def test_cans_per_day_are_told_apart_by_size(busy: Cast) -> None:
    expected: Counter[tuple[str, date]] = Counter()
    for row in standing(busy.shop):
        expected.update({(code, row.at.date()): count for code, count in row.cans.items()})
    sizes = queries.cans_by_day(busy.shop, PERIOD)
    assert [size.code for size in sizes] == ["20L", "10L"]
    assert {size.code: size.cans for size in sizes} == {
        code: [expected[code, day] for day in PERIOD.days] for code in ("20L", "10L")
    }


def test_top_customers_stand_in_the_order_of_their_revenue(busy: Cast) -> None:
    named = [row for row in standing(busy.shop) if row.sale.customer]
    expected = grouped(named, lambda row: row.sale.customer_id)
    top = queries.top_customers(busy.shop, PERIOD)
    assert {row.customer_id: row.sold for row in top} == expected
    assert [row.sold.revenue for row in top] == sorted((row.sold.revenue for row in top), reverse=True)
    assert {row.name for row in top} == {"Asha", "Bala"}
    assert queries.top_customers(busy.shop, PERIOD, limit=1) == top[:1]


def test_visitors_are_new_when_never_seen_before_the_period(busy: Cast) -> None:
    assert visitors(busy.shop, PERIOD) == counted(busy.shop, in_period(seen(busy.shop)), PERIOD.start)


def counted(shop: Shop, visits: list[Visit], midnight: datetime) -> Visitors:
    """These visits one by one: faces of one account are one visitor, known if there before that midnight."""
    there = {who(visit) for visit in visits} - {None}
    before = {who(visit) for visit in seen(shop) if visit.entry_at < midnight}
    nobody = sum(visit.person is None for visit in visits)
    return Visitors(len(visits), len(there - before), len(there & before), nobody)


def who(visit: Visit) -> object:
    return visit.person and (visit.person.customer or visit.person)


def test_visits_are_counted_per_day_and_per_hour_of_entry(busy: Cast) -> None:
    visits = in_period(seen(busy.shop))
    for row in visitors_by_day(busy.shop, PERIOD):
        of_day = [visit for visit in visits if visit.entry_at.astimezone(INDIA).date() == row.day]
        assert row.visitors == counted(
            busy.shop, of_day, datetime.combine(row.day, datetime.min.time(), INDIA)
        )
    per_hour = Counter(visit.entry_at.astimezone(INDIA).hour for visit in visits)
    assert [row.visits for row in visits_by_hour(busy.shop, PERIOD)] == [per_hour[hour] for hour in range(24)]


def test_an_empty_shop_has_zeros_and_not_nothing(shop: Shop) -> None:
    summary = queries.summary(shop, PERIOD)
    assert summary.sold == queries.NOTHING
    assert [row.amount for row in summary.takings] == [0, 0, 0]
    assert (summary.settled, summary.cans_out) == (Settled(Decimal(0), Decimal(0), 0, 0), 0)
    assert summary.visitors == Visitors(0, 0, 0, 0)
    assert not queries.cans_by_day(shop, PERIOD)
    assert not queries.top_customers(shop, PERIOD)
    assert [row.sales for row in queries.totals(shop, PERIOD)] == [0] * 6


def test_the_summary_takes_four_queries_and_each_chart_two(
    busy: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """One of them asks whether anything changed."""
    queries.totals(busy.shop, PERIOD)
    with django_assert_num_queries(4):
        queries.summary(busy.shop, PERIOD)
    charts = (
        queries.totals,
        queries.sold_by_hour,
        queries.cans_by_day,
        queries.top_customers,
        queries.stated_tenders,
        visitors_by_day,
        visits_by_hour,
    )
    for chart in charts:
        with django_assert_num_queries(3 if chart == visitors_by_day else 2):
            chart(busy.shop, PERIOD)
