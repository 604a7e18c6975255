"""Guessing a PIN with many requests at once, on a real database with real threads."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from unittest.mock import patch

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from tests.base import TESTS, make_cast
from watershop import pins
from watershop.models import Membership

pytestmark = pytest.mark.django_db(transaction=True)
GUESSERS = 12


def guesses_that_are_looked_at() -> int:
    """Twelve wrong guesses at the same moment; how many of them are compared with the PIN."""
    cast = make_cast()
    meena = Membership.objects.get(user=cast.meena)
    pins.set_pin(meena, "4826", actor=TESTS)
    looked_at: list[str] = []
    start = Barrier(GUESSERS)

    def guess(number: int) -> None:
        start.wait(20)
        try:
            with pytest.raises(ValidationError):
                pins.identify(cast.shop, str(meena.pk), f"11{number:02d}", actor=TESTS)
        finally:
            connection.close()

    def verify(digits: str, _encoded: str) -> bool:
        looked_at.append(digits)
        return False

    with patch.object(pins.HASHER, "verify", verify), ThreadPoolExecutor(GUESSERS) as pool:
        for done in [pool.submit(guess, number) for number in range(GUESSERS)]:
            done.result()
    return len(looked_at)


def test_guesses_at_the_same_moment_are_no_more_than_guesses_one_by_one() -> None:
    assert guesses_that_are_looked_at() == pins.MOST_TRIES


def test_control_a_count_that_is_read_and_then_written_lets_more_through() -> None:
    all_have_looked = Barrier(GUESSERS)

    def read_then_write(membership: Membership) -> bool:
        membership.refresh_from_db()
        all_have_looked.wait(20)
        if membership.pin_tries >= pins.MOST_TRIES:
            raise ValidationError("resting")
        membership.pin_tries += 1
        membership.save()
        return False

    with patch.object(pins, "_take_try", read_then_write):
        assert guesses_that_are_looked_at() > pins.MOST_TRIES
