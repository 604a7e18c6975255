"""Charts: what is shown, the same numbers as a table, and JSON that Chart.js draws again.

A page shows a chart by `{% chart c %}` (analytics/templatetags/charts.py), whose drawing is made in drawing.py.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from watershop.templatetags.money import grouped, rupees

Number = int | float | Decimal

RUPEES = "₹"
TONES = 6


@dataclass(frozen=True)
class Series:
    """Values in the order of the chart's labels. `tone` (1 to 6) picks the colour, None the next one."""

    name: str
    values: Sequence[Number]
    tone: int | None = None


@dataclass(frozen=True)
class _Chart:
    """What all charts have. `key` names the chart on its page; `unit` is RUPEES or a word such as "cans"."""

    key: str
    title: str
    labels: Sequence[str]
    series: Sequence[Series]
    unit: str = ""

    def __post_init__(self) -> None:
        for series in self.series:
            if len(series.values) != len(self.labels):
                raise ValueError(
                    f"Chart {self.key!r}: series {series.name!r} has {len(series.values)} values "
                    f"for {len(self.labels)} labels."
                )

    @property
    def is_empty(self) -> bool:
        return not any(value for series in self.series for value in series.values)


@dataclass(frozen=True)
class LineChart(_Chart):
    """How something goes over time. A single series gets a shaded area below its line."""


@dataclass(frozen=True)
class BarChart(_Chart):
    """Things side by side; `is_stacked` puts the series of one label on each other (values of 0 or more)."""

    is_stacked: bool = False


@dataclass(frozen=True)
class PieChart(_Chart):
    """Parts of a whole: one series with values of 0 or more. `tones` colours the slices in order."""

    tones: Sequence[int] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.series) != 1 or any(value < 0 for value in self.series[0].values):
            raise ValueError(f"Chart {self.key!r}: a pie has one series, and no value below 0.")

    @property
    def slice_tones(self) -> list[int]:
        return list(self.tones) or [tone_of(n) for n in range(len(self.labels))]


@dataclass(frozen=True)
class RankChart(_Chart):
    """Names with one value each, 0 or more: bars from left to right, so that every name has room."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.series) != 1 or any(value < 0 for value in self.series[0].values):
            raise ValueError(f"Chart {self.key!r}: a ranking has one series, and no value below 0.")


Chart = LineChart | BarChart | PieChart | RankChart


def tone_of(index: int, chosen: int | None = None) -> int:
    """The colour of the series or slice at that place: 1 to 6, again and again."""
    return chosen or index % TONES + 1


# numbers


def written(value: Number, unit: str) -> str:
    """A value as tables show it: money with its sign, whole numbers grouped, others to one place."""
    if unit == RUPEES:
        return rupees(value if isinstance(value, Decimal | int) else Decimal(str(value)))
    if value == int(value):
        return grouped(int(value))
    return f"{value:.1f}"


def written_short(value: float, unit: str) -> str:
    """A value as an axis shows it: 1,500 -> 1.5K, 2,50,000 -> 2.5L, 3,00,00,000 -> 3Cr."""
    for size, letter in ((1e7, "Cr"), (1e5, "L"), (1e3, "K")):
        if abs(value) >= size:
            text = f"{abs(value) / size:.2f}".rstrip("0").rstrip(".") + letter
            break
    else:
        text = f"{abs(value):.2f}".rstrip("0").rstrip(".")
    return f"{'−' if value < 0 else ''}{RUPEES if unit == RUPEES else ''}{text}"


def ticks(low: float, high: float, about: int = 4) -> list[float]:
    """Round numbers (1, 2, 2.5, 5 times a power of ten) from `low` or less to `high` or more, with 0."""
    low, high = min(low, 0.0), max(high, 0.0)
    raw = (high - low) / about or 1.0
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(nice * power for nice in (1, 2, 2.5, 5, 10) if nice * power >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(n * step, 10) for n in range(first, max(last, first + 1) + 1)]


def table(chart: Chart) -> tuple[list[str], list[list[str]]]:
    """The chart's numbers as text: head cells and rows, the label first."""
    head = ["", *(series.name for series in chart.series)]
    columns = [[written(value, chart.unit) for value in series.values] for series in chart.series]
    return head, [[label, *cells] for label, *cells in zip(chart.labels, *columns, strict=True)]


def chart_json(chart: Chart) -> dict[str, Any]:
    """What js/charts.js needs, for json_script. Money becomes a float here: it is drawn, never added up."""
    kind = {LineChart: "line", BarChart: "bar", PieChart: "pie", RankChart: "bar"}[type(chart)]
    return {
        "kind": kind,
        "title": chart.title,
        "unit": chart.unit,
        "stacked": isinstance(chart, BarChart) and chart.is_stacked,
        "lying": isinstance(chart, RankChart),
        "labels": list(chart.labels),
        "series": [
            {
                "name": series.name,
                "values": [float(v) for v in series.values],
                "tone": tone_of(n, series.tone),
            }
            for n, series in enumerate(chart.series)
        ],
        "tones": chart.slice_tones if isinstance(chart, PieChart) else [],
    }


def described(chart: Chart) -> str:
    """The chart in one sentence per series, for those who do not see it."""
    if chart.is_empty:
        return _("Nothing to show yet.")
    return " ".join(_described(series, chart) for series in chart.series)


def _described(series: Series, chart: Chart) -> str:
    high = max(range(len(series.values)), key=lambda n: series.values[n])
    low = min(range(len(series.values)), key=lambda n: series.values[n])
    return _("%(name)s: highest %(high)s (%(high_label)s), lowest %(low)s (%(low_label)s).") % {
        "name": series.name,
        "high": written(series.values[high], chart.unit),
        "high_label": chart.labels[high],
        "low": written(series.values[low], chart.unit),
        "low_label": chart.labels[low],
    }
