"""What the usual week means, in a sentence each: when people come, and whether another clerk pays."""

from collections.abc import Sequence

from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.charts import clock
from analytics.peaks import HalfHour, Spell, Week
from sales.models import ZERO
from watershop.templatetags.money import rupees


def peak_and_idle(week: Week) -> str:
    """The busiest and the quietest two hours; nothing where nothing was counted."""
    if week.busiest is None or week.quietest is None:
        return ""
    return _(
        "Busiest: %(peak)s, with %(most)s customers in half an hour. Quietest: %(idle)s, with %(least)s."
    ) % {
        "peak": _when(week.busiest),
        "most": f"{week.busiest.came:.1f}",
        "idle": _when(week.quietest),
        "least": f"{week.quietest.came:.1f}",
    }


def worth_of_clerks(row: Sequence[HalfHour]) -> str:
    """Of one weekday: in how many half-hours more clerks pay, and in how many it is cheaper to let people wait."""
    paying = [each for each in row if each.extra > 0 and not each.is_cheaper_to_wait]
    cheaper = [each for each in row if each.is_cheaper_to_wait]
    sentences = [
        *([_paying(paying)] if paying else ()),
        *([_cheaper(cheaper)] if cheaper else ()),
    ]
    return " ".join(sentences) or _("The clerks of now keep the wait short all day.")


def _paying(rows: Sequence[HalfHour]) -> str:
    return ngettext(
        "More clerks pay in %(count)s half-hour: %(wage)s of wage keeps %(kept)s of sales.",
        "More clerks pay in %(count)s half-hours: %(wage)s of wage keeps %(kept)s of sales.",
        len(rows),
    ) % _sums(rows)


def _cheaper(rows: Sequence[HalfHour]) -> str:
    return ngettext(
        "In %(count)s half-hour it is cheaper to let people wait: %(wage)s of wage would keep %(kept)s of sales.",
        "In %(count)s half-hours it is cheaper to let people wait: %(wage)s of wage would keep %(kept)s of sales.",
        len(rows),
    ) % _sums(rows)


def _sums(rows: Sequence[HalfHour]) -> dict[str, object]:
    return {
        "count": len(rows),
        "wage": rupees(sum((each.extra_wage for each in rows), ZERO), 0),
        "kept": rupees(sum((each.kept for each in rows), ZERO), 0),
    }


def _when(spell: Spell) -> str:
    ends = f"{clock(spell.slots[0] * 30)}–{clock(spell.slots[-1] * 30 + 30)}"
    return f"{WEEKDAYS[spell.weekday]} {ends}"
