"""Rupees as India writes them: ₹1,23,456.50. Latin digits in every language."""

from decimal import ROUND_HALF_UP, Decimal

from django import template

register = template.Library()


@register.filter
def grouped(whole: int) -> str:
    """A whole number in Indian groups: 1234567 -> 12,34,567, -123 -> −123."""
    digits = str(abs(whole))
    head, tail = digits[:-3], digits[-3:]
    pairs = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)]
    return ("−" if whole < 0 else "") + ",".join([*reversed(pairs), tail])


@register.filter
def rupees(amount: Decimal | int | None, places: int | None = None) -> str:
    """Money for the eye. Paise are shown when there are any; `rupees:2` always shows them, `rupees:0` rounds.

    None is a dash. A float is refused: money is Decimal from the database to the page.
    """
    if amount is None:
        return "–"
    if not isinstance(amount, Decimal | int):
        raise TypeError(f"rupees wants a Decimal or an int, not {type(amount).__name__}: {amount!r}")
    exact = Decimal(amount).quantize(Decimal("0.01"), ROUND_HALF_UP)
    if places is None:
        places = 0 if exact == exact.to_integral_value() else 2
    shown = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    whole, _, part = f"{abs(shown):f}".partition(".")
    return f"{'−' if shown < 0 else ''}₹{grouped(int(whole))}{'.' + part if part else ''}"
