"""Rupees as India writes them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watershop.templatetags.money import grouped, rupees


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (Decimal("0"), "₹0"),
        (Decimal("999"), "₹999"),
        (Decimal("1000"), "₹1,000"),
        (Decimal("123456.50"), "₹1,23,456.50"),
        (Decimal("12345678.00"), "₹1,23,45,678"),
        (40, "₹40"),
    ],
)
def test_groups_are_thousands_then_lakhs_then_crores(amount: Decimal | int, shown: str) -> None:
    assert rupees(amount) == shown


def test_a_number_below_zero_keeps_its_sign_beside_its_digits() -> None:
    assert [grouped(n) for n in (-7, -123, -1234, -1234567)] == ["−7", "−123", "−1,234", "−12,34,567"]


def test_paise_show_only_when_there_are_any() -> None:
    assert rupees(Decimal("20.00")) == "₹20"
    assert rupees(Decimal("20.05")) == "₹20.05"


def test_a_receipt_can_ask_for_both_places() -> None:
    assert rupees(Decimal("20"), 2) == "₹20.00"


def test_half_a_rupee_rounds_away_from_zero_when_paise_are_left_out() -> None:
    assert rupees(Decimal("20.50"), 0) == "₹21"
    assert rupees(Decimal("-20.50"), 0) == "−₹21"


def test_the_minus_stands_before_the_sign() -> None:
    assert rupees(Decimal("-1500")) == "−₹1,500"


def test_a_debt_that_rounds_to_nothing_has_no_minus() -> None:
    assert rupees(Decimal("-0.004")) == "₹0"
    assert rupees(Decimal("-0.40"), 0) == "₹0"


def test_nothing_is_a_dash() -> None:
    assert rupees(None) == "–"


def test_a_float_is_refused() -> None:
    with pytest.raises(TypeError, match="not float"):
        rupees(0.1)  # type: ignore[arg-type]


@given(st.decimals(min_value=-(10**10), max_value=10**10, places=2))
def test_what_is_shown_reads_back_as_the_same_amount(amount: Decimal) -> None:
    digits = rupees(amount, 2).replace("₹", "").replace(",", "").replace("−", "-")
    assert Decimal(digits) == amount
