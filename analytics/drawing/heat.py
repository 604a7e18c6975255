"""Heat maps: a table in colours, its scale below it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html
from django.utils.safestring import SafeString

from analytics.charts import RUPEES, HeatChart, Value, written, written_short
from analytics.drawing.marks import join, shortened, text, widest, width_of

LEVELS = 6
DARK_FROM = 4
"""From this level on the colour is so strong that text needs the other ink."""
TOP, BELOW = 24, 32
TALLEST_ROW, TALLEST_TABLE = 32, 528


@dataclass(frozen=True)
class _Grid:
    """The cells as they are drawn: `down` names the rows, `across` the columns."""

    down: Sequence[str]
    across: Sequence[str]
    rows: Sequence[Sequence[Value]]

    @property
    def row_height(self) -> float:
        return min(TALLEST_ROW, TALLEST_TABLE / len(self.down))


def _grid(chart: HeatChart, compact: bool) -> _Grid:
    """Of a wide table a phone shows the columns below each other: its cells then have room for their values."""
    across = [series.name for series in chart.series]
    rows = [[series.values[n] for series in chart.series] for n in range(len(chart.labels))]
    if compact and len(across) > len(rows):
        return _Grid(across, chart.labels, list(zip(*rows, strict=True)))
    return _Grid(chart.labels, across, rows)


def heat_height(chart: HeatChart, compact: bool) -> int:
    grid = _grid(chart, compact)
    return math.ceil(TOP + len(grid.down) * grid.row_height + BELOW)


def heat(chart: HeatChart, width: int, height: int, compact: bool) -> SafeString:
    grid = _grid(chart, compact)
    left = round(min(14 + widest(grid.down), width * 0.3), 1)
    cell = (width - 6 - left) / len(grid.across)
    peak = max(abs(float(value)) for row in grid.rows for value in row if value is not None)
    parts = [_names(grid, left, cell), _scale(peak, chart.unit, left, height - 8)]
    in_cells = _fits(grid, chart.unit, cell)
    for n, row in enumerate(grid.rows):
        for m, value in enumerate(row):
            if value is not None:
                box = (left + m * cell, TOP + n * grid.row_height, cell, grid.row_height)
                tip = f"{grid.down[n]}, {grid.across[m]}: {written(value, chart.unit)}"
                parts.append(_cell(box, _level(float(value), peak), tip))
                if in_cells:
                    parts.append(_inside(box, _level(float(value), peak), written_short(value, chart.unit)))
    return join(parts)


def _fits(grid: _Grid, unit: str, cell: float) -> bool:
    """Whether every value has room in its cell."""
    texts = {written_short(value, unit) for row in grid.rows for value in row if value is not None}
    return grid.row_height >= 16 and widest(texts, "cell") + 5 <= cell


def _level(value: float, peak: float) -> int:
    """0 for nothing, 1 to LEVELS for a sixth to all of the peak, -1 below 0."""
    return -1 if value < 0 else math.ceil(LEVELS * value / peak - 1e-9)


def _cell(box: tuple[float, float, float, float], level: int, tip: str) -> SafeString:
    x, y, width, height = box
    gap = 1 if min(width, height) > 6 else 0
    return format_html(
        '<rect class="heat-{}" x="{}" y="{}" width="{}" height="{}" rx="{}"><title>{}</title></rect>',
        *("below" if level < 0 else level, round(x + gap, 1), round(y + gap, 1)),
        *(round(width - 2 * gap, 2), round(height - 2 * gap, 2), 3 * gap, tip),
    )


def _inside(box: tuple[float, float, float, float], level: int, words: str) -> SafeString:
    x, y, width, height = box
    kind = "cell chart-svg__cell--strong" if level >= DARK_FROM else "cell"
    return text(x + width / 2, y + height / 2 + 4, kind, "middle", words)


def _names(grid: _Grid, left: float, cell: float) -> SafeString:
    """The names of columns above them and of rows beside them; where they are many, every n-th."""
    longest = max(cell - 4, 60)
    across = [shortened(name, longest) for name in grid.across]
    every = max(1, math.ceil((widest(across) + 6) / cell))
    above = [
        text(left + (n + 0.5) * cell, TOP - 8, "tick", "middle", across[n])
        for n in range(0, len(across), every)
    ]
    each = max(1, math.ceil(15 / grid.row_height))
    beside = [
        text(
            left - 8, TOP + (n + 0.5) * grid.row_height + 4, "tick", "end", shortened(grid.down[n], left - 12)
        )
        for n in range(0, len(grid.down), each)
    ]
    return join([*above, *beside])


def _scale(peak: float, unit: str, left: float, base: float) -> SafeString:
    """From nothing to the peak: the colours in their order."""
    low, high = written_short(0, unit), written_short(peak, unit)
    named = high if unit in ("", RUPEES) else f"{high} {unit}"
    x = left + width_of(low) + 6
    boxes = [
        format_html(
            '<rect class="heat-{}" x="{}" y="{}" width="18" height="12" rx="2"/>',
            n,
            round(x + n * 20, 1),
            base - 10,
        )
        for n in range(LEVELS + 1)
    ]
    ends = (
        text(left, base, "tick", "start", low),
        text(x + 20 * (LEVELS + 1) + 4, base, "tick", "start", named),
    )
    return join([*boxes, *ends])
