"""One deed per idempotency key, whatever the network and the clerk's finger do."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from rest_framework.exceptions import APIException, ValidationError

from sales.models import Sale
from tests.base import Cast, make_cast, sell
from watershop.api import InFlight, KeyReused, answer_once, forget_answers
from watershop.models import Answer

BODY = {"cans": 2}


def deed_of(cast: Cast, key: str) -> Callable[[], tuple[int, dict[str, Any]]]:
    return lambda: (201, {"sale": sell(cast, 2, client_ref=key).pk})


def test_the_same_request_gets_the_stored_answer(cast: Cast) -> None:
    first = answer_once(cast.shop, "k1", BODY, deed_of(cast, "k1"))
    second = answer_once(cast.shop, "k1", BODY, deed_of(cast, "k1"))
    assert first == second == (201, {"sale": Sale.objects.get().pk})


def test_the_same_key_with_another_body_is_refused(cast: Cast) -> None:
    answer_once(cast.shop, "k1", BODY, deed_of(cast, "k1"))
    with pytest.raises(KeyReused):
        answer_once(cast.shop, "k1", {"cans": 3}, deed_of(cast, "k1"))
    assert KeyReused().status_code == 422


def test_a_refused_deed_leaves_the_key_free(cast: Cast) -> None:
    def refused() -> tuple[int, dict[str, Any]]:
        sell(cast, client_ref="k1")
        raise ValidationError("no")

    with pytest.raises(ValidationError):
        answer_once(cast.shop, "k1", BODY, refused)
    assert not Answer.objects.exists() and not Sale.objects.exists()
    assert answer_once(cast.shop, "k1", BODY, deed_of(cast, "k1"))[0] == 201


def test_two_shops_may_use_the_same_key(cast: Cast) -> None:
    other = make_cast("other")
    for who in (cast, other):
        answer_once(who.shop, "k1", BODY, deed_of(who, "k1"))
    assert Sale.objects.count() == 2


def test_a_key_of_no_length_is_refused(cast: Cast) -> None:
    with pytest.raises(ValidationError):
        answer_once(cast.shop, "", BODY, deed_of(cast, "k"))


def test_an_answer_is_kept_for_seven_days(cast: Cast) -> None:
    for key, days in (("young", 6), ("old", 8)):
        answer_once(cast.shop, key, BODY, deed_of(cast, key))
        Answer.objects.filter(key=key).update(created_at=timezone.now() - timedelta(days=days))
    forget_answers()
    assert list(Answer.objects.values_list("key", flat=True)) == ["young"]


def test_a_key_whose_answer_is_forgotten_still_does_nothing_twice(cast: Cast) -> None:
    answer_once(cast.shop, "k1", BODY, deed_of(cast, "k1"))
    Answer.objects.all().delete()
    with pytest.raises(KeyReused):
        answer_once(cast.shop, "k1", BODY, deed_of(cast, "k1"))
    assert Sale.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_while_the_first_is_in_flight_the_second_is_told_so() -> None:
    cast = make_cast()
    started, go_on = Event(), Event()

    def slow() -> tuple[int, dict[str, Any]]:
        started.set()
        assert go_on.wait(10)
        return deed_of(cast, "k1")()

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(_in_own_connection, lambda: answer_once(cast.shop, "k1", BODY, slow))
        assert started.wait(10)
        with pytest.raises(InFlight):
            answer_once(cast.shop, "k1", BODY, deed_of(cast, "k1"))
        go_on.set()
        assert first.result()[0] == 201
    assert Sale.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_posts_with_one_key_make_one_sale() -> None:
    cast = make_cast()
    assert _twenty(lambda: answer_once(cast.shop, "k1", BODY, deed_of(cast, "k1"))) >= 1
    assert Sale.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_posts_without_the_guard_make_many_sales() -> None:
    """The control: without the key the same race does double the sale, so the test above can fail."""
    cast = make_cast()
    _twenty(lambda: sell(cast, 2))
    assert Sale.objects.count() == 20


def _twenty(post: Callable[[], object]) -> int:
    """How many of twenty simultaneous posts were answered; the others were told that one is in flight."""
    with ThreadPoolExecutor(10) as pool:
        answers = [pool.submit(_in_own_connection, post) for _ in range(20)]
    return sum(not isinstance(answer.exception(), APIException) for answer in answers)


def _in_own_connection(post: Callable[[], Any]) -> Any:
    try:
        with transaction.atomic():
            return post()
    finally:
        connection.close()
