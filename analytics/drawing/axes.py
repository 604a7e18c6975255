"""The plot area of lines, bars and spans: its two scales, the grid, and what is written beside it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from analytics.charts import Number, written_short
from analytics.drawing.marks import join, shortened, text, widest, width_of

LONGEST_LABEL = 120


@dataclass(frozen=True)
class Frame:
    """The drawing's size and plot area in px; `ticks` lead from the bottom to the top, `count` labels across."""

    width: int
    height: int
    left: float
    top: float
    right: float
    bottom: float
    ticks: Sequence[float]
    count: int

    def y(self, value: Number) -> float:
        low, high = self.ticks[0], self.ticks[-1]
        return round(self.bottom - (float(value) - low) / (high - low) * (self.bottom - self.top), 1)

    @property
    def pitch(self) -> float:
        """The width that each label has."""
        return (self.right - self.left) / max(self.count, 1)

    def x(self, index: int) -> float:
        """The middle of a label's width."""
        return round(self.left + (index + 0.5) * self.pitch, 1)


def axes(labels: Sequence[str], unit: str, frame: Frame) -> SafeString:
    """Grid lines with their values at the left, labels below."""
    grid = format_html_join(
        "",
        '<line class="chart-svg__{}" x1="{}" y1="{}" x2="{}" y2="{}"/>',
        (("grid" if m else "zero", frame.left, frame.y(m), frame.right, frame.y(m)) for m in frame.ticks),
    )
    scale = join(
        text(frame.left - 8, frame.y(m) + 4, "tick", "end", written_short(m, unit)) for m in frame.ticks
    )
    return grid + scale + _labels(labels, frame)


def _labels(labels: Sequence[str], frame: Frame) -> SafeString:
    """Every n-th label, so that none runs into the next, nor out of the picture."""
    longest = min(LONGEST_LABEL, frame.width / 3)
    every = max(1, math.ceil((min(widest(labels), longest) + 10) / frame.pitch))
    shown = [(frame.x(n), shortened(labels[n], longest)) for n in range(0, len(labels), every)]
    return join(
        text(x, frame.height - 7, "tick", "middle", label)
        for x, label in shown
        if width_of(label) / 2 <= min(x, frame.width - x)
    )


def left_of(ticks: Sequence[float], unit: str) -> float:
    """Where the plot begins, so that its scale has room beside it."""
    return round(14 + widest(written_short(mark, unit) for mark in ticks), 1)
