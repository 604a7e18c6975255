"""Times and days as the shop's clock shows them. Names of months follow the language, digits stay Latin."""

from datetime import date, datetime

from django import template
from django.utils.dateformat import format as date_format

from watershop.models import Shop

register = template.Library()


@register.filter
def shop_time(at: datetime | None, shop: Shop) -> str:
    """Day and time in the shop's zone: 5 Aug 2026, 14:05. None is a dash."""
    return "–" if at is None else date_format(at.astimezone(shop.tz), "j M Y, H:i")


@register.filter
def shop_clock(at: datetime | None, shop: Shop) -> str:
    """The time alone: 14:05."""
    return "–" if at is None else date_format(at.astimezone(shop.tz), "H:i")


@register.filter
def shop_day(day: date | None) -> str:
    """A day of the shop's calendar: Wed 5 Aug 2026."""
    return "–" if day is None else date_format(day, "D j M Y")


@register.filter
def duration(seconds: float | None) -> str:
    """A stay or a wait, to the second, as a clock shows it: 0:45, 4:05, 1:02:07."""
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
