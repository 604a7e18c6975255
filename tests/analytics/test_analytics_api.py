"""The summary over the API: the same numbers as on the dashboard, money as strings."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from rest_framework.test import APIClient

from sales.models import Tender
from tests.base import Cast, make_cast, sell
from watershop.dates import today
from watershop.models import User

ApiOf = Callable[[User], APIClient]
NOON = datetime(2026, 3, 10, 12, tzinfo=ZoneInfo("Asia/Kolkata"))
SUMMARY = "/api/v1/shops/water/summary/"


def test_the_summary_tells_the_numbers_of_the_asked_days(cast: Cast, api_of: ApiOf) -> None:
    sell(cast, 3, sold_at=NOON)
    sell(cast, 2, sold_at=NOON, customer=cast.asha, tender=Tender.UPI, is_paid=False)
    sell(cast, 4, sold_at=NOON - timedelta(days=7))
    sell(cast, 9)
    answer = api_of(cast.meena).get(SUMMARY, {"from": "2026-03-10", "to": "2026-03-10"})
    assert answer.json() == {
        "first": "2026-03-10",
        "last": "2026-03-10",
        "sales": 2,
        "cans": 5,
        "revenue": "100.00",
        "takings": [
            {"tender": "cash", "amount": "60.00"},
            {"tender": "upi", "amount": "0.00"},
            {"tender": "coin", "amount": "0.00"},
        ],
        "due": "40.00",
        "unpaid_sales": 1,
        "cans_out": 2,
        "visits": 0,
        "new_persons": 0,
        "returning_persons": 0,
        "sales_per_visit": None,
        "revenue_per_visit": None,
        "earlier": {
            **{"first": "2026-03-03", "last": "2026-03-03", "until": "2026-03-04T00:00:00+05:30"},
            **{"sales": 1, "cans": 4, "revenue": "80.00", "taken": "80.00", "visits": 0, "cans_out": 0},
        },
        "sentence": "10 Mar 2026: 5 cans, +25\N{NO-BREAK SPACE}% on the Tuesday before.",
        "debtors": 0,
        "cameras_offline": [],
    }


def test_without_days_the_summary_is_of_today(cast: Cast, api_of: ApiOf) -> None:
    sell(cast, 9)
    answer = api_of(cast.meena).get(SUMMARY).json()
    assert (answer["first"], answer["cans"]) == (today(cast.shop).first.isoformat(), 9)


def test_a_day_that_cannot_be_read_is_a_problem_with_a_sentence(cast: Cast, api_of: ApiOf) -> None:
    answer = api_of(cast.meena).get(SUMMARY, {"from": "soon"})
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["errors"] == [
        {
            "path": "/period",
            "message": "“soon” is not a day of this century. Write it like 2026-11-30.",
        }
    ]


def test_the_summary_is_for_those_who_may_see_the_totals_of_this_shop(cast: Cast, api_of: ApiOf) -> None:
    make_cast("next-door")
    assert api_of(cast.ravi).get(SUMMARY).status_code == 403
    assert api_of(cast.meena).get("/api/v1/shops/next-door/summary/").status_code == 404
    assert APIClient().get(SUMMARY).status_code == 401
