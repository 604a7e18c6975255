"""Pies and rankings: parts of a whole, and names with one value each."""

import math
from collections.abc import Sequence

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from analytics.charts import PieChart, RankChart, tone_of, written
from analytics.drawing.marks import Key, join, shortened, text, widest

SHORTEST_ROW = 20
MOST_ROWS = 40


def pie(chart: PieChart, width: int, height: int) -> SafeString:
    chart = chart.folded
    values = chart.series[0].numbers
    total, radius = sum(values), min(height / 2 - 14, width * 0.22)
    legend = _legend_width(chart, width - 2 * radius - 38)
    centre_x, centre_y = round((width - legend - 24) / 2, 1), height / 2
    slices, start = [], 0.0
    for value, tone in zip(values, chart.slice_tones, strict=False):
        if value:
            slices.append(_slice(centre_x, centre_y, radius, (start, start + value / total), tone))
        start += value / total
    return join(slices) + _pie_legend(chart, centre_x + radius + 24, legend, centre_y)


def _slice(x: float, y: float, r: float, share: tuple[float, float], tone: int) -> SafeString:
    """A sector between two shares of the circle, clockwise from twelve o'clock; a whole one is a circle."""
    if share[1] - share[0] > 0.9999:
        return format_html('<circle class="tone-{} chart-svg__slice" cx="{}" cy="{}" r="{}"/>', tone, x, y, r)
    (x1, y1), (x2, y2) = ((x + r * math.sin(t * math.tau), y - r * math.cos(t * math.tau)) for t in share)
    is_large = int(share[1] - share[0] > 0.5)
    path = f"M{x:.1f} {y:.1f}L{x1:.1f} {y1:.1f}A{r:.1f} {r:.1f} 0 {is_large} 1 {x2:.1f} {y2:.1f}Z"
    return format_html('<path class="tone-{} chart-svg__slice" d="{}"/>', tone, path)


def _pie_legend(chart: PieChart, x: float, room: float, middle: float) -> SafeString:
    pitch = min(42, 2 * middle / len(chart.labels))
    top = middle - pitch / 2 * (len(chart.labels) - 1) - 4
    rows = []
    for n, (label, share) in enumerate(zip(chart.labels, _written_shares(chart), strict=True)):
        key = Key(shortened(label, room - 18, "legend"), chart.slice_tones[n])
        rows.append(key.at(x, top + pitch * n))
        rows.append(text(x + key.indent, top + pitch * n + 18, "value", "start", share))
    return join(rows)


def _legend_width(chart: PieChart, room: float) -> float:
    """As wide as its longest entry, and no wider than `room`."""
    return min(room, 18 + max(widest(chart.labels, "legend"), widest(_written_shares(chart), "value")))


def _written_shares(chart: PieChart) -> list[str]:
    total = sum(chart.series[0].numbers)
    return [
        f"{written(value, chart.unit)} · {float(value or 0) / total:.0%}" for value in chart.series[0].values
    ]


def ranking(chart: RankChart, width: int, height: int) -> SafeString:
    """A row for each name that has room: the name, its bar, its value; then how many there are besides."""
    labels, values = chart.labels, chart.series[0].numbers
    rows, more = _rows_with_room(len(labels), height)
    texts = [written(value, chart.unit) for value in chart.series[0].values[:rows]]
    left = min(20 + widest(labels[:rows]), width * 0.38)
    longest = width - 14 - widest(texts, "value") - left
    row = min((height - 8) / (rows + (more > 0)), 44)
    bars = _rank_bars(values[:rows], left, longest / max(values), row)
    drawn = []
    for n, (label, value, words) in enumerate(zip(labels, values, texts, strict=False)):
        base = 4 + row * (n + 0.5) + 4
        drawn.append(text(left - 10, base, "tick", "end", shortened(label, left - 20)))
        drawn.append(text(left + longest * value / max(values) + 6, base, "value", "start", words))
    if more:
        words = _("and %(count)s more") % {"count": more}
        drawn.append(text(left, 4 + row * (rows + 0.5) + 4, "tick", "start", words))
    tone = tone_of(0, chart.series[0].tone)
    return format_html('<g class="tone-{}">{}</g>{}', tone, bars, join(drawn))


def ranking_height(chart: RankChart) -> int:
    """How high it must be so that its names have room: all of them, up to a page."""
    return min(len(chart.labels), MOST_ROWS) * SHORTEST_ROW + 8


def _rows_with_room(count: int, height: int) -> tuple[int, int]:
    """How many names are shown, and how many are only counted."""
    room = (height - 8) // SHORTEST_ROW
    return (count, 0) if count <= room else (room - 1, count - room + 1)


def _rank_bars(values: Sequence[float], left: float, scale: float, row: float) -> SafeString:
    bar = '<rect class="chart-svg__bar" x="{}" y="{}" width="{}" height="{}" rx="3"/>'
    return join(
        format_html(
            bar,
            *(round(left, 1), round(4 + row * (n + 0.14), 1), round(scale * value, 1), round(row * 0.72, 1)),
        )
        for n, value in enumerate(values)
    )
