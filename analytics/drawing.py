"""Charts as SVG: classes alone and no style attribute, so that it lives under a CSP without inline styles.

charts.css gives the colour. Each chart is drawn twice, for 720 and for 360 px: text that is scaled down with a
picture cannot be read on a phone.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from analytics.charts import (
    BarChart,
    Chart,
    LineChart,
    Number,
    PieChart,
    RankChart,
    Series,
    described,
    ticks,
    tone_of,
    written,
    written_short,
)


@dataclass(frozen=True)
class _Frame:
    """The drawing's size and plot area in px, and the two scales."""

    width: int
    height: int
    left: float
    top: float
    right: float
    bottom: float
    ticks: list[float]
    count: int

    def y(self, value: Number) -> float:
        low, high = self.ticks[0], self.ticks[-1]
        return round(self.bottom - (float(value) - low) / (high - low) * (self.bottom - self.top), 1)

    @property
    def band(self) -> float:
        """The width that each label has."""
        return (self.right - self.left) / max(self.count, 1)

    def x(self, index: int) -> float:
        """The middle of a label's band."""
        return round(self.left + (index + 0.5) * self.band, 1)


def svg(chart: Chart, *, compact: bool = False) -> SafeString:
    """The chart as an <svg> of 720 px, or of 360 px if compact; it scales with the page around that width."""
    width, height = (360, 240) if compact else (720, 280)
    if chart.is_empty:
        body = _text(width / 2, height / 2, "empty", "middle", _("Nothing to show yet."))
    elif isinstance(chart, PieChart):
        body = _pie(chart, width, height)
    elif isinstance(chart, RankChart):
        body = _ranking(chart, width, height)
    else:
        body = _plot(chart, width, height)
    size = "compact" if compact else "wide"
    name = f"{chart.key}-{size}"
    return format_html(
        '<svg class="chart-svg chart-svg--{}" viewBox="0 0 {} {}" role="img" aria-labelledby="{}-t {}-d">'
        '<title id="{}-t">{}</title><desc id="{}-d">{}</desc>{}</svg>',
        *(size, width, height, name, name, name, chart.title, name, described(chart), body),
    )


def _plot(chart: LineChart | BarChart, width: int, height: int) -> SafeString:
    totals = _stacked_totals(chart) if isinstance(chart, BarChart) and chart.is_stacked else None
    values = totals or [float(value) for series in chart.series for value in series.values]
    marks = ticks(min(values), max(values))
    left = 14 + 7.5 * max(len(written_short(mark, chart.unit)) for mark in marks)
    places = _legend_places(chart.series, left, width - 10) if len(chart.series) > 1 else []
    top = 24 + max((y for _x, y in places), default=0)
    frame = _Frame(width, height, left, top, width - 10, height - 26, marks, len(chart.labels))
    drawn = _lines(chart, frame) if isinstance(chart, LineChart) else _bars(chart, frame)
    keys = _join(
        _key(x, y, tone_of(n, series.tone), series.name)
        for n, ((x, y), series) in enumerate(zip(places, chart.series, strict=False))
    )
    return _axes(chart, frame) + drawn + keys


def _stacked_totals(chart: BarChart) -> list[float]:
    return [float(sum(column)) for column in zip(*(series.values for series in chart.series), strict=True)]


def _axes(chart: Chart, frame: _Frame) -> SafeString:
    grid = format_html_join(
        "",
        '<line class="chart-svg__{}" x1="{}" y1="{}" x2="{}" y2="{}"/>',
        (("grid" if m else "zero", frame.left, frame.y(m), frame.right, frame.y(m)) for m in frame.ticks),
    )
    scale = _join(
        _text(frame.left - 8, frame.y(m) + 4, "tick", "end", written_short(m, chart.unit))
        for m in frame.ticks
    )
    every = _label_step(chart.labels, frame)
    below = _join(
        _text(frame.x(n), frame.height - 7, "tick", "middle", label)
        for n, label in enumerate(chart.labels)
        if n % every == 0
    )
    return grid + scale + below


def _label_step(labels: Sequence[str], frame: _Frame) -> int:
    """Show every n-th label, so that none runs into the next."""
    needed = 6.5 * max(len(label) for label in labels) + 8
    return max(1, math.ceil(needed / frame.band))


def _lines(chart: LineChart, frame: _Frame) -> SafeString:
    return _join(
        _line(series, tone_of(n, series.tone), frame, with_area=len(chart.series) == 1, unit=chart.unit)
        for n, series in enumerate(chart.series)
    )


def _line(series: Series, tone: int, frame: _Frame, *, with_area: bool, unit: str) -> SafeString:
    points = [(frame.x(n), frame.y(value)) for n, value in enumerate(series.values)]
    path = " ".join(f"{x},{y}" for x, y in points)
    floor = frame.y(0)
    area = f"{points[0][0]},{floor} {path} {points[-1][0]},{floor}" if with_area else ""
    dots = points if len(points) <= 31 and frame.band > 16 else points[-1:]
    return format_html(
        '<g class="tone-{}">{}<polyline class="chart-svg__line" points="{}"/>{}</g>{}',
        tone,
        format_html('<polygon class="chart-svg__area" points="{}"/>', area) if area else "",
        path,
        format_html_join("", '<circle class="chart-svg__dot" cx="{}" cy="{}" r="4"/>', dots),
        _peak(series, frame, unit) if with_area else "",
    )


def _peak(series: Series, frame: _Frame, unit: str) -> SafeString:
    """The highest value, written above its point."""
    n = max(range(len(series.values)), key=lambda index: series.values[index])
    text = written(series.values[n], unit)
    half = 4 * len(text)
    x = min(max(frame.x(n), frame.left + half), frame.right - half)
    return _text(x, frame.y(series.values[n]) - 10, "value", "middle", text)


def _bars(chart: BarChart, frame: _Frame) -> SafeString:
    drawn = [
        format_html('<g class="tone-{}">{}</g>', tone_of(n, series.tone), _join(_column(chart, n, frame)))
        for n, series in enumerate(chart.series)
    ]
    return _join([*drawn, *_bar_values(chart, frame)])


def _column(chart: BarChart, index: int, frame: _Frame) -> Iterable[SafeString]:
    """The bars of one series. Stacked bars stand on the sum of the series before them."""
    slots = 1 if chart.is_stacked else len(chart.series)
    wide = min(frame.band * 0.72 / slots, 64)
    for n, value in enumerate(chart.series[index].values):
        base = sum(float(s.values[n]) for s in chart.series[:index]) if chart.is_stacked else 0.0
        x = frame.x(n) - wide * slots / 2 + (0 if chart.is_stacked else index * wide)
        ends = sorted((frame.y(base), frame.y(base + float(value))))
        if value:
            yield format_html(
                '<rect class="chart-svg__bar" x="{}" y="{}" width="{}" height="{}" rx="{}"/>',
                *(
                    round(x, 1),
                    ends[0],
                    round(wide - 1, 1),
                    round(ends[1] - ends[0], 1),
                    min(3, round(wide / 4, 1)),
                ),
            )


def _bar_values(chart: BarChart, frame: _Frame) -> Iterable[SafeString]:
    """The value above each bar, where there is one bar per label and room for the text."""
    if not (chart.is_stacked or len(chart.series) == 1):
        return
    for n, total in enumerate(_stacked_totals(chart)):
        text = written_short(total, chart.unit)
        if total and frame.band > 7.5 * len(text) + 4:
            yield _text(frame.x(n), frame.y(max(total, 0)) - 6, "value", "middle", text)


def _legend_places(series: Sequence[Series], left: float, right: float) -> list[tuple[float, float]]:
    """Where each series' name goes above the plot: beside the one before, or on a new line if it is full."""
    places: list[tuple[float, float]] = []
    x, y = left, 14.0
    for one in series:
        width = 30 + 7.5 * len(one.name)
        if places and x + width > right:
            x, y = left, y + 20
        places.append((x, y))
        x += width
    return places


def _key(x: float, y: float, tone: int, text: str) -> SafeString:
    return format_html(
        '<g class="tone-{}"><rect class="chart-svg__bar" x="{}" y="{}" width="12" height="12" rx="3"/></g>{}',
        *(tone, x, y - 10, _text(x + 18, y, "legend", "start", text)),
    )


def _pie(chart: PieChart, width: int, height: int) -> SafeString:
    values = [float(value) for value in chart.series[0].values]
    total, radius = sum(values), min(height / 2 - 14, width * 0.22)
    centre_x, centre_y = radius + 14, height / 2
    slices, start = [], 0.0
    for value, tone in zip(values, chart.slice_tones, strict=False):
        if value:
            slices.append(_slice(centre_x, centre_y, radius, (start, start + value / total), tone))
        start += value / total
    return _join(slices) + _pie_legend(chart, centre_x + radius + 24, centre_y)


def _slice(x: float, y: float, r: float, share: tuple[float, float], tone: int) -> SafeString:
    """A sector between two shares of the circle, clockwise from twelve o'clock; a whole one is a circle."""
    if share[1] - share[0] > 0.9999:
        return format_html('<circle class="tone-{} chart-svg__slice" cx="{}" cy="{}" r="{}"/>', tone, x, y, r)
    (x1, y1), (x2, y2) = ((x + r * math.sin(t * math.tau), y - r * math.cos(t * math.tau)) for t in share)
    is_large = int(share[1] - share[0] > 0.5)
    path = f"M{x:.1f} {y:.1f}L{x1:.1f} {y1:.1f}A{r:.1f} {r:.1f} 0 {is_large} 1 {x2:.1f} {y2:.1f}Z"
    return format_html('<path class="tone-{} chart-svg__slice" d="{}"/>', tone, path)


def _pie_legend(chart: PieChart, x: float, middle: float) -> SafeString:
    values = chart.series[0].values
    total = sum(float(value) for value in values)
    pitch = min(42, 2 * middle / len(values))
    top = middle - pitch / 2 * (len(values) - 1)
    rows = []
    for n, (label, value, tone) in enumerate(zip(chart.labels, values, chart.slice_tones, strict=False)):
        y = top + pitch * n
        rows.append(_key(x, y, tone, label))
        share = f"{written(value, chart.unit)} · {float(value) / total:.0%}"
        rows.append(_text(x + 18, y + 18, "value", "start", share))
    return _join(rows)


def _ranking(chart: RankChart, width: int, height: int) -> SafeString:
    """A row for each name: the name, its bar, its value."""
    values = [float(value) for value in chart.series[0].values]
    texts = [written_short(value, chart.unit) for value in values]
    left = min(20 + 7.5 * max(len(label) for label in chart.labels), width * 0.38)
    longest = width - 14 - 8.5 * max(len(text) for text in texts) - left
    row = min((height - 8) / len(values), 44)
    tone, parts = tone_of(0, chart.series[0].tone), []
    for n, (label, value, text) in enumerate(zip(chart.labels, values, texts, strict=True)):
        middle, length = 4 + row * (n + 0.5), round(longest * value / max(values), 1)
        parts.append(_text(left - 10, middle + 4, "tick", "end", _shortened(label, left - 20)))
        parts.append(
            format_html(
                '<g class="tone-{}"><rect class="chart-svg__bar" x="{}" y="{}" width="{}" height="{}" rx="3"/></g>',
                *(tone, round(left, 1), round(middle - row * 0.36, 1), length, round(row * 0.72, 1)),
            )
        )
        parts.append(_text(left + length + 6, middle + 4, "value", "start", text))
    return _join(parts)


def _shortened(label: str, room: float) -> str:
    """As much of the label as `room` px hold."""
    letters = int(room / 7.5)
    return label if len(label) <= letters else f"{label[: letters - 1]}…"


def _text(x: float, y: float, kind: str, anchor: str, text: str) -> SafeString:
    return format_html(
        '<text class="chart-svg__{}" x="{}" y="{}" text-anchor="{}">{}</text>',
        *(kind, round(x, 1), round(y, 1), anchor, text),
    )


def _join(parts: Iterable[SafeString]) -> SafeString:
    return format_html_join("", "{}", ((part,) for part in parts))
