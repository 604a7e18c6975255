"""A simulated reader at two gates: bursts, repeats and any order become each can's way out and back, once."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from sales.models import CanMovement, StockMove, TagRead
from sales.tags import Result, Seen, add_tags, holder_of, take_reads
from tests.base import TESTS, Cast, make_cast, sell
from tests.sales.test_at_once import at_once
from watershop.models import User

SignIn = Callable[[User], Client]
PhoneOf = Callable[[User], APIClient]
NOON = datetime.fromisoformat("2026-11-02T12:00:00+05:30")
Gate = TagRead.Gate


def tagged(cast: Cast, count: int = 3) -> None:
    add_tags(cast.shop, [f"T{n}" for n in range(count)], cast.can20, actor=TESTS)


def read(cast: Cast, code: str, gate: TagRead.Gate, minute: int, **who: Any) -> Result:
    (result,) = take_reads(
        cast.shop, [Seen(code, gate, NOON + timedelta(minutes=minute), **who)], actor=TESTS
    )
    return result


def out(cast: Cast) -> int:
    return CanMovement.objects.filter(customer=cast.asha).held().get("20L", 0)


def test_a_tag_goes_out_and_its_return_credits_who_has_it(cast: Cast) -> None:
    tagged(cast)
    assert read(cast, "T0", Gate.OUT, 0, customer=cast.asha) == Result.NEW
    assert (out(cast), holder_of(cast.shop, "T0")) == (1, cast.asha)
    assert read(cast, "T0", Gate.RETURNED, 30) == Result.NEW
    assert (out(cast), holder_of(cast.shop, "T0")) == (0, None)
    here = StockMove.objects.of(cast.shop).on_hand()
    assert here == {(cast.can20.pk, "full"): -1, (cast.can20.pk, "empty"): 1}


def test_what_the_sale_booked_is_not_booked_again(cast: Cast) -> None:
    tagged(cast)
    sell(cast, 2, customer=cast.asha)
    for code in ("T0", "T1"):
        read(cast, code, Gate.OUT, 0, customer=cast.asha)
    assert out(cast) == 2
    read(cast, "T0", Gate.RETURNED, 30)
    assert out(cast) == 1


def test_a_missed_return_is_made_up_when_the_can_goes_out_again(cast: Cast) -> None:
    tagged(cast)
    read(cast, "T0", Gate.OUT, 0, customer=cast.asha)
    read(cast, "T0", Gate.OUT, 60, customer=cast.bala)
    assert (out(cast), holder_of(cast.shop, "T0")) == (0, cast.bala)
    assert read(cast, "T0", Gate.RETURNED, 30) == Result.NEW  # late: all is made up already
    assert CanMovement.objects.held() == {"20L": 1}


def test_a_refill_empties_one_can_and_fills_it(cast: Cast) -> None:
    tagged(cast)
    read(cast, "T0", Gate.REFILLED, 0)
    here = StockMove.objects.of(cast.shop).on_hand()
    assert here == {(cast.can20.pk, "full"): 1, (cast.can20.pk, "empty"): -1}


def test_bursts_repeats_and_any_order_leave_the_same_books(cast: Cast) -> None:
    tagged(cast, 10)
    way = [
        Seen(
            f"T{n}",
            gate,
            NOON + timedelta(hours=hour, seconds=second),
            cast.asha if gate == Gate.OUT else None,
        )
        for n in range(10)
        for hour, gate in ((0, Gate.OUT), (2, Gate.RETURNED), (3, Gate.REFILLED), (5, Gate.OUT))
        for second in (0, 1, 4)
        if hour < 5 or n < 4
    ]
    random.Random(7).shuffle(way)
    for start in range(0, len(way), 25):
        take_reads(cast.shop, way[start : start + 25], actor=TESTS)
    assert TagRead.objects.count() == 34
    assert out(cast) == 4
    assert take_reads(cast.shop, way, actor=TESTS) == [Result.DUPLICATE] * len(way)


def test_a_batch_over_the_api_says_what_each_read_was(cast: Cast, api_of: PhoneOf) -> None:
    tagged(cast)
    reads = [
        {"tag": "T0", "gate": "out", "at": NOON.isoformat(), "customer": "ASHA"},
        {"tag": "T0", "gate": "out", "at": NOON.isoformat(), "customer": "ASHA"},
        {"tag": "nobody's", "gate": "returned", "at": NOON.isoformat()},
    ]
    url, key = "/api/v1/shops/water/tag-reads/", str(uuid4())
    for _time in range(2):
        answer = api_of(cast.ravi).post(
            url, {"reads": reads}, format="json", headers={"Idempotency-Key": key}
        )
        assert answer.status_code == 200
        assert [row["result"] for row in answer.json()["results"]] == ["new", "duplicate", "unknown_tag"]
    assert out(cast) == 1
    too_many = {"reads": reads[:1] * 1001}
    answer = api_of(cast.ravi).post(url, too_many, format="json", headers={"Idempotency-Key": str(uuid4())})
    assert answer.status_code == 400


def test_a_scanner_that_types_reads_on_the_page(cast: Cast, client_of: SignIn) -> None:
    client, door = client_of(cast.ravi), reverse("tags", args=["water"])
    add = {"client_ref": str(uuid4()), "can_type": str(cast.can20.pk), "codes": "T0\nT1"}
    assert client.post(reverse("tags_add", args=["water"]), add).status_code == 403
    assert client_of(cast.meena).post(reverse("tags_add", args=["water"]), add).status_code == 302
    data = {"gate": "out", "customer": "ASHA", "code": "T0"}
    assert client.post(door, data)["Location"].endswith("?gate=out&customer=ASHA")
    assert "no tag of this shop" in client.post(door, data | {"code": "X"}, follow=True).content.decode()
    assert client.post(door, data | {"customer": "NOBODY"}).status_code == 422
    assert out(cast) == 1


def test_another_shop_reads_none_of_these_tags(cast: Cast, client_of: SignIn) -> None:
    tagged(cast)
    other = make_cast("other")
    seen = [Seen("T0", Gate.RETURNED, timezone.now())]
    assert take_reads(other.shop, seen, actor=TESTS) == [Result.UNKNOWN_TAG]
    assert client_of(other.ravi).get(reverse("tags", args=["water"])).status_code == 404


def both_read_it_back(cast: Cast) -> None:
    """Two clerks scan the same can that came back, a moment apart."""
    tagged(cast)
    sell(cast, 3, customer=cast.asha)
    read(cast, "T0", Gate.OUT, 0, customer=cast.asha)

    def scan(second: int) -> Callable[[], Any]:
        at = NOON + timedelta(hours=1, seconds=second)
        return lambda: take_reads(cast.shop, [Seen("T0", Gate.RETURNED, at)], actor=TESTS)

    at_once(*(scan(second) for second in range(4)))


@pytest.mark.django_db(transaction=True)
def test_two_clerks_scan_a_can_back_once() -> None:
    cast = make_cast()
    both_read_it_back(cast)
    assert out(cast) == 2
    assert TagRead.objects.filter(gate="returned").count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_they_book_it_more_than_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    cast, gate = make_cast(), Barrier(4)
    real = TagRead.objects.create

    def together(**fields: Any) -> TagRead:
        if fields["gate"] == Gate.RETURNED:
            gate.wait(10)
        return real(**fields)

    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, **_how: rows)
    monkeypatch.setattr(TagRead.objects, "create", together)
    both_read_it_back(cast)
    assert TagRead.objects.filter(gate="returned").count() == 4
