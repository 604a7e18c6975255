"""What every drawing is made of: text that is measured before it is set, and the keys of a legend."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from sales.lettering import shape

Anchor = Literal["start", "middle", "end"]

LETTERS = {
    "tick": (13, 400),
    "legend": (13, 400),
    "value": (13, 650),
    "cell": (12, 500),
    "empty": (15, 400),
    "title": (17, 650),
}
"""Size in px and weight of each kind of text, as drawing.css sets them for .chart-svg__<kind>."""


def width_of(text: str, kind: str = "tick") -> float:
    """How wide the text is in px, in the fonts of the pages."""
    return shape(text, *LETTERS[kind])[1]


def widest(texts: Iterable[str], kind: str = "tick") -> float:
    return max((width_of(text, kind) for text in texts), default=0.0)


def shortened(text: str, room: float, kind: str = "tick") -> str:
    """As much of the text as `room` px hold; no letter is parted from the signs that belong to it."""
    wide = width_of(text, kind)
    if wide <= room:
        return text
    end = int(len(text) * room / wide)
    while end > 0 and (_parts_a_letter(text, end) or width_of(f"{text[:end]}…", kind) > room):
        end -= 1
    return f"{text[:end].rstrip()}…"


def _parts_a_letter(text: str, at: int) -> bool:
    is_sign = unicodedata.category(text[at]) in ("Mn", "Mc", "Cf")
    joins_the_next = unicodedata.combining(text[at - 1]) == 9  # a virama
    return is_sign or joins_the_next


def text(x: float, y: float, kind: str, anchor: Anchor, words: str) -> SafeString:
    return format_html(
        '<text class="chart-svg__{}" x="{}" y="{}" text-anchor="{}">{}</text>',
        *(kind, round(x, 1), round(y, 1), anchor, words),
    )


def join(parts: Iterable[SafeString]) -> SafeString:
    return format_html_join("", "{}", ((part,) for part in parts))


@dataclass(frozen=True)
class Key:
    """An entry of a legend: its name, and how the thing itself is drawn."""

    name: str
    tone: int
    kind: Literal["bar", "line", "dashes", "reference"] = "bar"

    def at(self, x: float, y: float) -> SafeString:
        """The key with its name's baseline at y."""
        if self.kind == "bar":
            mark = '<rect class="chart-svg__bar" x="{}" y="{}" width="12" height="12" rx="3"/>'
            sample = format_html(mark, round(x, 1), round(y - 10, 1))
        else:
            lines = {"line": "line", "dashes": "line chart-svg__line--dashed", "reference": "reference"}
            line = '<line class="chart-svg__{}" x1="{}" y1="{}" x2="{}" y2="{}"/>'
            ends = (round(x, 1), round(y - 4, 1), round(x + 22, 1), round(y - 4, 1))
            sample = format_html(line, lines[self.kind], *ends)
        words = text(x + self.indent, y, "legend", "start", self.name)
        return format_html('<g class="tone-{}">{}</g>{}', self.tone, sample, words)

    @property
    def indent(self) -> int:
        return 18 if self.kind == "bar" else 28


def legend(keys: Sequence[Key], left: float, right: float) -> tuple[SafeString, float]:
    """The keys above a plot, each beside the one before or on a new line if that is full; and their height."""
    drawn: list[SafeString] = []
    x, y = left, 14.0
    for key in keys:
        name = shortened(key.name, right - left - key.indent, "legend")
        width = key.indent + width_of(name, "legend")
        if drawn and x + width > right:
            x, y = left, y + 20
        drawn.append(Key(name, key.tone, key.kind).at(x, y))
        x += width + 14
    return join(drawn), y if drawn else 0.0
