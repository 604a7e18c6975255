"""Lines, bars and spans: what is drawn on two axes."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from analytics.charts import (
    BarChart,
    LineChart,
    Series,
    SpanChart,
    Value,
    clock,
    ticks,
    tone_of,
    written,
    written_short,
)
from analytics.drawing.axes import Frame, axes, left_of
from analytics.drawing.marks import Key, join, legend, text, width_of

Point = tuple[float, float]

HOUR = 60
HOURS_BETWEEN = (1, 2, 3, 4, 6, 12)
"""Between two lines of a scale of times: whole parts of a day."""


def plot(chart: LineChart | BarChart | SpanChart, width: int, height: int) -> SafeString:
    marks = _scale(chart)
    left, right = left_of(marks, chart.unit), width - 10
    keys, below = legend(_keys(chart), left, right)
    under = 16 if isinstance(chart, BarChart) and marks[0] < 0 else 0  # for the values of bars that hang down
    frame = Frame(width, height, left, 24 + below, right, height - 26 - under, marks, len(chart.labels))
    if isinstance(chart, LineChart):
        drawn = _lines(chart, frame)
    elif isinstance(chart, BarChart):
        drawn = _bars(chart, frame)
    else:
        drawn = _spans(chart, frame)
    return axes(chart.labels, chart.unit, frame) + drawn + keys


def _scale(chart: LineChart | BarChart | SpanChart) -> list[float]:
    """The values of the grid's lines, from the bottom to the top."""
    if isinstance(chart, SpanChart):
        return _hours(chart)
    if isinstance(chart, BarChart) and chart.is_stacked:
        values = _stacked_totals(chart)
    else:
        values = [float(v) for _name, column in chart.columns for v in column if v is not None]
    return ticks(min(values), max(values))


def _keys(chart: LineChart | BarChart | SpanChart) -> list[Key]:
    if isinstance(chart, SpanChart):
        return [Key(f"{name} {clock(at)}", 6, "reference") for name, at in chart.references]
    if len(chart.series) == 1:
        return []
    if isinstance(chart, BarChart):
        return [Key(series.name, tone_of(n, series.tone)) for n, series in enumerate(chart.series)]
    return [
        Key(series.name, tone_of(n, series.tone), "dashes" if series.is_dashed else "line")
        for n, series in enumerate(chart.series)
    ]


# lines


def _lines(chart: LineChart, frame: Frame) -> SafeString:
    drawn = [_band(chart, frame)]
    for n, series in enumerate(chart.series):
        runs = _runs(series, frame)
        if series.is_dashed and n:
            runs = _continued(runs, chart.series[n - 1], series, frame)
        drawn.append(_line(runs, tone_of(n, series.tone), frame, series.is_dashed, len(chart.series) == 1))
    if len(chart.series) == 1 and chart.series[0].known:
        drawn.append(_peak(chart.series[0], frame, chart.unit))
    return join(drawn)


def _runs(series: Series, frame: Frame) -> list[list[Point]]:
    """The series' points, a list for each stretch without a gap."""
    points = [(n, value) for n, value in enumerate(series.values)]
    return [
        [(frame.x(n), frame.y(value)) for n, value in run if value is not None]
        for is_known, run in groupby(points, key=lambda point: point[1] is not None)
        if is_known
    ]


def _continued(runs: list[list[Point]], before: Series, series: Series, frame: Frame) -> list[list[Point]]:
    """What is expected, begun where the series before it ends."""
    n = series.known[0] if series.known else 0
    last = before.values[n - 1] if n else None
    if last is None:
        return runs
    return [[(frame.x(n - 1), frame.y(last)), *runs[0]], *runs[1:]]


def _line(runs: list[list[Point]], tone: int, frame: Frame, is_dashed: bool, with_area: bool) -> SafeString:
    points = [point for run in runs for point in run]
    dots = points if len(points) <= 31 and frame.pitch > 16 else points[-1:]
    dots += [run[0] for run in runs if len(run) == 1 and run[0] not in dots]
    return format_html(
        '<g class="tone-{}">{}{}{}</g>',
        tone,
        join(_area(run, frame) for run in runs) if with_area else "",
        format_html_join(
            "",
            '<polyline class="chart-svg__line{}" points="{}"/>',
            ((" chart-svg__line--dashed" if is_dashed else "", _path(run)) for run in runs if len(run) > 1),
        ),
        format_html_join(
            "", '<circle class="chart-svg__dot" cx="{}" cy="{}" r="{}"/>', _dots(dots, is_dashed)
        ),
    )


def _dots(points: Sequence[Point], is_dashed: bool) -> Iterable[tuple[float, float, float]]:
    return ((x, y, 3 if is_dashed else 4) for x, y in points)


def _area(run: Sequence[Point], frame: Frame) -> SafeString:
    floor = frame.y(0)
    path = _path([(run[0][0], floor), *run, (run[-1][0], floor)])
    return format_html('<polygon class="chart-svg__area" points="{}"/>', path)


def _band(chart: LineChart, frame: Frame) -> SafeString:
    """The room between the lowest and the highest values of the last series."""
    if chart.band is None:
        return SafeString("")
    both = [
        (frame.x(n), frame.y(low), frame.y(high))
        for n, (low, high) in enumerate(zip(*chart.band, strict=True))
        if low is not None and high is not None
    ]
    around = [(x, high) for x, _low, high in both] + [(x, low) for x, low, _high in reversed(both)]
    tone = tone_of(len(chart.series) - 1, chart.series[-1].tone)
    return format_html('<polygon class="tone-{} chart-svg__band" points="{}"/>', tone, _path(around))


def _path(points: Iterable[Point]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)


def _peak(series: Series, frame: Frame, unit: str) -> SafeString:
    """The highest value, written above its point."""
    numbers = series.numbers
    n = max(series.known, key=lambda index: numbers[index])
    words = written(series.values[n], unit)
    half = width_of(words, "value") / 2
    x = min(max(frame.x(n), frame.left + half), frame.right - half)
    return text(x, frame.y(numbers[n]) - 10, "value", "middle", words)


# bars


def _bars(chart: BarChart, frame: Frame) -> SafeString:
    drawn = [
        format_html('<g class="tone-{}">{}</g>', tone_of(n, series.tone), join(_column(chart, n, frame)))
        for n, series in enumerate(chart.series)
    ]
    return join([*drawn, *_bar_values(chart, frame)])


def _column(chart: BarChart, index: int, frame: Frame) -> Iterable[SafeString]:
    """The bars of one series. Stacked bars stand on the sum of the series before them."""
    slots = 1 if chart.is_stacked else len(chart.series)
    wide = min(frame.pitch * 0.72 / slots, 64)
    bases = _sums(chart.series[:index], len(chart.labels)) if chart.is_stacked else [0.0] * len(chart.labels)
    for n, (value, base) in enumerate(zip(chart.series[index].numbers, bases, strict=True)):
        x = frame.x(n) - wide * slots / 2 + (0 if chart.is_stacked else index * wide)
        if value:
            yield _bar(x, wide, frame.y(base), frame.y(base + value))


def _bar(x: float, wide: float, y1: float, y2: float) -> SafeString:
    """An upright bar between two heights; beside it a narrow gap to the next."""
    width = max(wide - 1, wide * 0.8)
    return format_html(
        '<rect class="chart-svg__bar" x="{}" y="{}" width="{}" height="{}" rx="{}"/>',
        *(round(x, 1), min(y1, y2), round(width, 2), round(abs(y2 - y1), 1), min(3, round(wide / 4, 1))),
    )


def _sums(series: Sequence[Series], count: int) -> list[float]:
    """The series of stacked bars added up, label by label."""
    columns = [one.numbers for one in series]
    return [sum(column[n] for column in columns) for n in range(count)]


def _stacked_totals(chart: BarChart) -> list[float]:
    return _sums(chart.series, len(chart.labels))


def _bar_values(chart: BarChart, frame: Frame) -> Iterable[SafeString]:
    """The value at the end of each bar, where there is one bar per label and room for the text."""
    if not (chart.is_stacked or len(chart.series) == 1):
        return
    for n, total in enumerate(_stacked_totals(chart)):
        words = written_short(total, chart.unit)
        if total and frame.pitch > width_of(words, "value") + 4:
            yield text(frame.x(n), frame.y(total) + (16 if total < 0 else -6), "value", "middle", words)


# spans


def _hours(chart: SpanChart) -> list[float]:
    """Full hours around all that is shown, the latest first: a day goes down the page, as in a calendar."""
    known = [float(v) for series in chart.series for v in series.values if v is not None]
    times = [*known, *(float(at) for _name, at in chart.references)]
    first, last = int(min(times) // HOUR), int(-(-max(times) // HOUR))
    step = next((step for step in HOURS_BETWEEN if (last - first) / step <= 6), HOURS_BETWEEN[-1])
    first -= first % step
    last = max(last + -last % step, first + step)
    return [float(hour * HOUR) for hour in range(last, first - 1, -step)]


def _spans(chart: SpanChart, frame: Frame) -> SafeString:
    lines = format_html_join(
        "",
        '<line class="chart-svg__reference" x1="{}" y1="{}" x2="{}" y2="{}"/>',
        ((frame.left, frame.y(at), frame.right, frame.y(at)) for _name, at in chart.references),
    )
    starts, ends = (series.values for series in chart.series)
    tone = tone_of(0, chart.series[0].tone)
    drawn = [_span(n, start, end, frame) for n, (start, end) in enumerate(zip(starts, ends, strict=True))]
    return format_html('<g class="tone-{}">{}</g>{}', tone, join(drawn), lines)


def _span(n: int, start: Value, end: Value, frame: Frame) -> SafeString:
    """A bar with its times inside, if they have room there; a dot where only one end is known."""
    wide = min(frame.pitch * 0.84, 52)
    if start is None or end is None:
        return join(_dot(frame.x(n), frame.y(at), wide) for at in (start, end) if at is not None)
    top, bottom = frame.y(start), frame.y(end)
    drawn = [_bar(frame.x(n) - wide / 2, wide, top, bottom)]
    times = ((clock(start), top + 16), (clock(end), bottom - 7))
    if bottom - top > 40 and all(width_of(words, "cell") + 2 <= wide for words, _y in times):
        drawn += [text(frame.x(n), y, "cell chart-svg__cell--strong", "middle", words) for words, y in times]
    return join(drawn)


def _dot(x: float, y: float, room: float) -> SafeString:
    dot = '<circle class="chart-svg__dot" cx="{}" cy="{}" r="{}"/>'
    return format_html(dot, x, y, round(min(room / 2, 5), 1))
