"""Receipt numbers: per shop and Indian financial year (April to March), without gaps once a sale is stored."""

from datetime import date, datetime

from watershop.dates import day_of
from watershop.models import Counter, Shop

FIRST_MONTH = 4


def financial_year(day: date) -> str:
    """`2026-27` for the days from 1 April 2026 to 31 March 2027."""
    first = day.year if day.month >= FIRST_MONTH else day.year - 1
    return f"{first}-{(first + 1) % 100:02d}"


def take_numbers(shop: Shop, issued_at: datetime, count: int) -> list[str]:
    """The next numbers, such as `2026-27/000123`; a deed that is rolled back gives its numbers back.

    The year is that of the day on which the receipt is issued, so that a sale entered late gets the next number and
    not one of a year that is closed.
    """
    if not count:
        return []
    year = financial_year(day_of(shop, issued_at))
    return [f"{year}/{number:06d}" for number in Counter.take(shop, f"receipt {year}", count)]
