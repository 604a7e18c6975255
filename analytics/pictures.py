"""Charts that leave the page: an SVG that stands alone, and a PNG for mail, where SVG is stripped.

Both are light, with their title above them. The look is the pages' own: drawing.css, its colours from tokens.css.
"""

import html
import re
from functools import cache

import resvg_py
from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from analytics.charts import Chart, described
from analytics.drawing import drawn
from analytics.drawing.marks import LETTERS, shortened, text
from sales.lettering import outline, shape

CSS = settings.BASE_DIR / "watershop" / "static" / "css"
MARGIN, HEAD = 16, 48
TEXT = re.compile(
    r'<text class="(chart-svg__(\w+)[^"]*)" x="([^"]+)" y="([^"]+)" text-anchor="(\w+)">([^<]*)</text>'
)
"""Text as drawing.marks sets it."""
BEFORE = {"start": 0.0, "middle": 0.5, "end": 1.0}
"""How much of a text stands before its anchor."""


def svg_file(chart: Chart, *, compact: bool = False) -> str:
    """The chart as an SVG that needs no other file; who opens it sees its text in the fonts they have."""
    drawing = drawn(chart, compact=compact, is_file=True)
    width, height = drawing.width + 2 * MARGIN, drawing.height + HEAD + MARGIN
    title = text(MARGIN, 30, "title", "start", shortened(chart.title, width - 2 * MARGIN, "title"))
    ground = format_html('<rect class="chart-svg__ground" width="{}" height="{}"/>', width, height)
    return format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" class="chart-svg" width="{}" height="{}" viewBox="0 0 {} {}" '
        'role="img"><title>{}</title><desc>{}</desc><style>{}</style>{}{}<g transform="translate({} {})">{}</g></svg>',
        *(width, height, width, height, chart.title, described(chart), _style()),
        *(ground, title, MARGIN, HEAD, drawing.body),
    )


def png(chart: Chart, *, width: int = 720, compact: bool = False) -> bytes:
    """The chart as a PNG of that width in px; `compact` as on a phone, whose mail cannot choose.

    Its text becomes outlines first, by the shaper and the fonts that print receipts: every script of the shop
    looks right, on a machine without a single font.
    """
    outlined = TEXT.sub(_outlined, svg_file(chart, compact=compact))
    return bytes(resvg_py.svg_to_bytes(svg_string=outlined, skip_system_fonts=True, width=width))


def _outlined(found: re.Match[str]) -> str:
    classes, kind, x, y, anchor, escaped = found.groups()
    words = html.unescape(escaped)
    left = float(x) - BEFORE[anchor] * shape(words, *LETTERS[kind])[1]
    path = '<path class="{}" transform="translate({} {})" d="{}"/>'
    return format_html(path, classes, round(left, 2), y, outline(words, *LETTERS[kind]))


@cache
def _style() -> SafeString:
    """drawing.css with the values of the light theme in place of its variables."""
    tokens = re.findall(
        r"--([\w-]+): (?:light-dark\((#\w+), #\w+\)|([^;]+));", (CSS / "tokens.css").read_text()
    )
    values = {name: light or plain for name, light, plain in tokens}
    rules = re.sub(r"/\*.*?\*/\s*", "", (CSS / "drawing.css").read_text(), flags=re.DOTALL)
    filled = re.sub(r"var\(--([\w-]+)\)", lambda found: values[found[1]], rules)
    return mark_safe(filled.replace("currentcolor", "currentColor"))  # noqa: S308 - our own stylesheet
