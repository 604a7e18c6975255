"""Charts: what is shown, the same numbers as a table and as CSV, and JSON that Chart.js draws again.

A page shows a chart by `{% chart c %}` (analytics/templatetags/charts.py); `drawing` draws it for pages,
`pictures` for files and mail.
"""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from sales.account_statement import Writable, as_text
from watershop.templatetags.money import grouped, rupees

Number = int | float | Decimal
Value = Number | None
"""None is a gap: nothing is known there. Not every chart can show one."""

RUPEES = "₹"
TIME = "time"
"""The unit of whole minutes since midnight; what is past the next midnight has 1440 or more."""
TONES = 6
MOST_SLICES = 6


@dataclass(frozen=True)
class Series:
    """Values in the order of the chart's labels. `tone` (1 to 6) picks the colour, None the next one.

    `is_dashed` draws a line of what is expected and has not happened.
    """

    name: str
    values: Sequence[Value]
    tone: int | None = None
    is_dashed: bool = False

    @property
    def numbers(self) -> list[float]:
        """The values to draw. A gap is 0, so ask for them only where there is none, or where none is as good."""
        return [float(value or 0) for value in self.values]

    @property
    def known(self) -> list[int]:
        """The places at which there is a value."""
        return [n for n, value in enumerate(self.values) if value is not None]


@dataclass(frozen=True)
class _Chart:
    """What all charts have. `key` names the chart on its page; `unit` is RUPEES, TIME or a word such as "cans"."""

    key: str
    title: str
    labels: Sequence[str]
    series: Sequence[Series]
    unit: str = ""

    may_have_gaps: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for name, values in self.columns:
            if len(values) != len(self.labels):
                raise ValueError(
                    f"Chart {self.key!r}: series {name!r} has {len(values)} values for {len(self.labels)} labels."
                )
            if not self.may_have_gaps and None in values:
                raise ValueError(f"Chart {self.key!r}: series {name!r} has a gap, which it cannot show.")
            if not all(math.isfinite(value) for value in values if value is not None):
                raise ValueError(f"Chart {self.key!r}: series {name!r} has a value that is no number.")

    @property
    def columns(self) -> list[tuple[str, Sequence[Value]]]:
        """Everything that is shown beside the labels: names and values."""
        return [(series.name, series.values) for series in self.series]

    @property
    def is_empty(self) -> bool:
        return not any(value for _name, values in self.columns for value in values)


@dataclass(frozen=True)
class LineChart(_Chart):
    """How something goes over time. A single series gets a shaded area below its line.

    `band` holds the lowest and the highest values that the last series may take, such as a forecast's interval.
    """

    band: tuple[Sequence[Value], Sequence[Value]] | None = None

    may_have_gaps: ClassVar[bool] = True

    @property
    def columns(self) -> list[tuple[str, Sequence[Value]]]:
        names = (_("at least"), _("at most"))
        return [*super().columns, *(zip(names, self.band, strict=True) if self.band else ())]


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
        if len(self.series) != 1 or min(self.series[0].numbers, default=0) < 0:
            raise ValueError(f"Chart {self.key!r}: a pie has one series, and no value below 0.")

    @property
    def slice_tones(self) -> list[int]:
        return list(self.tones) or [tone_of(n) for n in range(len(self.labels))]

    @property
    def folded(self) -> "PieChart":
        """Of many parts the largest, and the rest as one: more than a few slices cannot be told apart."""
        values, numbers = self.series[0].values, self.series[0].numbers
        if len(values) <= MOST_SLICES:
            return self
        order = sorted(range(len(values)), key=lambda n: -numbers[n])
        kept, rest = sorted(order[: MOST_SLICES - 1]), order[MOST_SLICES - 1 :]
        others = sum(value for n in rest if (value := values[n]) is not None)
        return replace(
            self,
            labels=[*(self.labels[n] for n in kept), _("%(count)s others") % {"count": len(rest)}],
            series=[replace(self.series[0], values=[*(values[n] for n in kept), others])],
            tones=[*(self.slice_tones[n] for n in kept), TONES],
        )


@dataclass(frozen=True)
class RankChart(_Chart):
    """Names with one value each, 0 or more: bars from left to right, so that every name has room."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.series) != 1 or min(self.series[0].numbers, default=0) < 0:
            raise ValueError(f"Chart {self.key!r}: a ranking has one series, and no value below 0.")


@dataclass(frozen=True)
class HeatChart(_Chart):
    """A table in colours: a row for each label, a column for each series, such as weekday x hour.

    The more, the stronger the colour; what is below 0 has another. A gap is left blank.
    """

    may_have_gaps: ClassVar[bool] = True


@dataclass(frozen=True)
class SpanChart(_Chart):
    """From when to when, for each label: two series of TIME, whose gaps are ends that nobody knows.

    `references` are times to compare with, such as the posted hours: name and minutes since midnight.
    """

    unit: str = TIME
    references: Sequence[tuple[str, int]] = ()

    may_have_gaps: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.series) != 2 or self.unit != TIME:
            raise ValueError(f"Chart {self.key!r}: a span has two series of TIME, its starts and its ends.")

    @property
    def is_empty(self) -> bool:
        return not any(series.known for series in self.series)


Chart = LineChart | BarChart | PieChart | RankChart | HeatChart | SpanChart


def tone_of(index: int, chosen: int | None = None) -> int:
    """The colour of the series or slice at that place: 1 to 6, again and again."""
    return chosen or index % TONES + 1


# numbers


def written(value: Value, unit: str) -> str:
    """A value as tables show it: money with its sign, whole numbers grouped, others to one place."""
    if value is None:
        return "–"
    if unit == TIME:
        return clock(value)
    if unit == RUPEES:
        return rupees(value if isinstance(value, Decimal | int) else Decimal(str(value)))
    if value == int(value):
        return grouped(int(value))
    return f"{value:.1f}"


def written_short(value: Number, unit: str) -> str:
    """A value as an axis shows it: 1,500 -> 1.5K, 2,50,000 -> 2.5L, 3,00,00,000 -> 3Cr."""
    if unit == TIME:
        return clock(value)
    number = float(value)
    for size, letter in ((1e7, "Cr"), (1e5, "L"), (1e3, "K")):
        if abs(number) >= size:
            text = f"{abs(number) / size:.2f}".rstrip("0").rstrip(".") + letter
            break
    else:
        text = f"{abs(number):.2f}".rstrip("0").rstrip(".")
    return f"{'−' if number < 0 else ''}{RUPEES if unit == RUPEES else ''}{text}"


def clock(minutes: Number) -> str:
    """Minutes since midnight as the clock shows them, 565 -> 9:25, also those of the next day."""
    hours, rest = divmod(round(minutes), 60)
    return f"{hours % 24}:{rest:02}"


def ticks(low: float, high: float, about: int = 4) -> list[float]:
    """Round numbers (1, 2, 2.5, 5 times a power of ten) from `low` or less to `high` or more, with 0."""
    low, high = min(low, 0.0), max(high, 0.0)
    raw = (high - low) / about or 1.0
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(nice * power for nice in (1, 2, 2.5, 5, 10) if nice * power >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(n * step, 10) for n in range(first, max(last, first + 1) + 1)]


# the same numbers in other shapes


def table(chart: Chart) -> tuple[list[str], list[list[str]]]:
    """The chart's numbers as text: head cells and rows, the label first."""
    head = ["", *(name for name, _values in chart.columns)]
    columns = [[written(value, chart.unit) for value in values] for _name, values in chart.columns]
    return head, [[label, *cells] for label, *cells in zip(chart.labels, *columns, strict=True)]


def write_csv(chart: Chart, file: Writable) -> None:
    """The chart's table for a spreadsheet: numbers as they are, times as HH:MM, gaps empty, no formulas."""
    lines = csv.writer(file)
    lines.writerow(["", *(as_text(name) for name, _values in chart.columns)])
    for n, label in enumerate(chart.labels):
        lines.writerow([as_text(label), *(_raw(values[n], chart.unit) for _name, values in chart.columns)])


def _raw(value: Value, unit: str) -> Number | str:
    if value is None:
        return ""
    return clock(value).zfill(5) if unit == TIME else value


KINDS: dict[type[_Chart], str] = {LineChart: "line", BarChart: "bar", PieChart: "pie"}
"""What Chart.js calls them. The others stay as the server draws them: they show every value as it is."""


def chart_json(chart: Chart) -> dict[str, Any] | None:
    """What js/charts.js needs, for json_script. Money becomes a float here: it is drawn, never added up.

    None for a chart that stays as the server draws it.
    """
    if type(chart) not in KINDS:
        return None
    chart = chart.folded if isinstance(chart, PieChart) else chart
    return {
        "kind": KINDS[type(chart)],
        "title": chart.title,
        "unit": chart.unit,
        "stacked": isinstance(chart, BarChart) and chart.is_stacked,
        "labels": list(chart.labels),
        "series": [
            {
                "name": series.name,
                "values": _floats(series.values),
                "tone": tone_of(n, series.tone),
                "dashed": series.is_dashed,
            }
            for n, series in enumerate(chart.series)
        ],
        "band": [_floats(side) for side in chart.band or ()] if isinstance(chart, LineChart) else [],
        "tones": chart.slice_tones if isinstance(chart, PieChart) else [],
    }


def _floats(values: Sequence[Value]) -> list[float | None]:
    return [None if value is None else float(value) for value in values]


# the same numbers in words


def described(chart: Chart) -> str:
    """The chart in a sentence or two, for those who do not see it."""
    if chart.is_empty:
        return _("Nothing to show yet.")
    if isinstance(chart, HeatChart):
        return _described_heat(chart)
    told = _("%(name)s: highest %(high)s (%(high_label)s), lowest %(low)s (%(low_label)s).")
    if isinstance(chart, SpanChart):
        told = _("%(name)s: latest %(high)s (%(high_label)s), earliest %(low)s (%(low_label)s).")
    return " ".join(told % _extremes(series, chart) for series in chart.series if series.known)


def _extremes(series: Series, chart: Chart) -> dict[str, str]:
    """The words for a series' highest and lowest values and for the first labels that have them."""
    numbers = series.numbers
    high = max(series.known, key=lambda n: numbers[n])
    low = min(series.known, key=lambda n: numbers[n])
    return {
        "name": series.name,
        "high": written(series.values[high], chart.unit),
        "high_label": chart.labels[high],
        "low": written(series.values[low], chart.unit),
        "low_label": chart.labels[low],
    }


def _described_heat(chart: HeatChart) -> str:
    cells = [
        (value, label, series.name)
        for series in chart.series
        for label, value in zip(chart.labels, series.values, strict=True)
        if value is not None
    ]
    high, row, column = max(cells, key=lambda cell: float(cell[0]))
    return _("Highest: %(high)s (%(row)s, %(column)s).") % {
        "high": written(high, chart.unit),
        "row": row,
        "column": column,
    }
