"""Receipt numbers: per shop and Indian financial year (April to March), without gaps once a sale is stored."""

from datetime import date, datetime

from watershop.dates import day_of
from watershop.models import Shop

FIRST_MONTH = 4


def financial_year(day: date) -> str:
    """`2026-27` for the days from 1 April 2026 to 31 March 2027."""
    first = day.year if day.month >= FIRST_MONTH else day.year - 1
    return f"{first}-{(first + 1) % 100:02d}"


def series_of(year: str) -> str:
    """The name of the counter of that financial year."""
    return f"receipt {year}"


def year_of(shop: Shop, issued_at: datetime) -> str:
    """The year on whose series a receipt issued now is.

    A sale entered late gets the next number and not one of a year that is closed.
    """
    return financial_year(day_of(shop, issued_at))


def number(year: str, count: int) -> str:
    """`2026-27/000123`."""
    return f"{year}/{count:06d}"
