"""Text to dots or outlines, in every language of the shop: HarfBuzz shapes and draws it from the fonts of the pages.

No font, shaper or toolkit of the machine is used, so a bare one prints Telugu, Hindi and Tamil like any other.
"""

import io
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import groupby

import uharfbuzz as hb
from django.conf import settings
from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont
from PIL import Image

FONTS = ("figtree-latin", "figtree-latin-ext", "noto-sans-telugu", "noto-sans-devanagari", "noto-sans-tamil")
"""Each letter is drawn from the first font that has it."""
LINE_HEIGHT = 1.5  # of the letters' size: Telugu stacks letters below the line
BASELINE = 1.05  # of the letters' size, from the top of its line
HALF_BLACK = 110  # of 255: thin strokes of small letters stay whole


@dataclass(frozen=True)
class Glyph:
    """A glyph of one of the FONTS, at dots right of the line's start and above its baseline."""

    font: str
    id: int
    x: float
    y: float


@cache
def _face(name: str) -> hb.Face:
    """A font of the pages, unpacked once per process: HarfBuzz reads no WOFF2."""
    packed, plain = settings.BASE_DIR / "watershop" / "static" / "fonts" / f"{name}.woff2", io.BytesIO()
    font = TTFont(packed)
    font.flavor = None
    font.save(plain)
    return hb.Face(plain.getvalue())


@cache
def _letters(name: str) -> frozenset[int]:
    return frozenset(_face(name).unicodes)


@cache
def _font(name: str, size: int, weight: int) -> hb.Font:
    """A font whose units are 1/64 dot."""
    font = hb.Font(_face(name))
    font.scale = (size * 64, size * 64)
    font.set_variations({"wght": weight})
    return font


def _font_of(letter: str, before: str) -> str:
    """The font that draws this letter; a mark or joiner stays with the letter before it, or it could not join."""
    if unicodedata.category(letter) in ("Mn", "Mc", "Cf") and before and ord(letter) in _letters(before):
        return before
    return next((name for name in FONTS if ord(letter) in _letters(name)), FONTS[0])


def _runs(text: str) -> Iterator[tuple[str, str]]:
    """The text cut where the font changes: (font, part)."""
    names: list[str] = []
    for letter in text:
        names.append(_font_of(letter, names[-1] if names else ""))
    for name, letters in groupby(zip(names, text, strict=True), key=lambda pair: pair[0]):
        yield name, "".join(letter for _name, letter in letters)


@lru_cache(maxsize=2000)
def shape(text: str, size: int, weight: int) -> tuple[tuple[Glyph, ...], float]:
    """The glyphs of a line of text, and its width in dots."""
    glyphs, x = [], 0.0
    for name, part in _runs(text):
        buffer = hb.Buffer()
        buffer.add_str(part)
        buffer.guess_segment_properties()
        hb.shape(_font(name, size, weight), buffer)
        for info, at in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
            glyphs.append(Glyph(name, info.codepoint, x + at.x_offset / 64, at.y_offset / 64))
            x += at.x_advance / 64
    return tuple(glyphs), x


@lru_cache(maxsize=2000)
def outline(text: str, size: int, weight: int) -> str:
    """A line of text as the `d` of an SVG path: it starts at x = 0, its baseline is y = 0, y grows downward."""
    path = SVGPathPen(None, ntos=lambda number: f"{number:.2f}")
    for glyph in shape(text, size, weight)[0]:
        pen = TransformPen(path, (1 / 64, 0, 0, -1 / 64, glyph.x, -glyph.y))
        _font(glyph.font, size, weight).draw_glyph_with_pen(glyph.id, pen)
    return str(path.getCommands())


def wrap(text: str, size: int, weight: int, width: float) -> list[str]:
    """The text in lines of at most `width` dots, cut between words; a word that is longer keeps its line alone."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and shape(longer, size, weight)[1] <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines or [""]


@dataclass
class Paper:
    """A slip of `width` dots that grows downward. Lines of text stand side by side until `feed` moves on."""

    width: int
    height: float = 0
    rules: list[int] = field(default_factory=list)
    _pen: hb.RasterDraw = field(default_factory=hb.RasterDraw)

    def write(
        self, text: str, *, size: int, weight: int, room: float, x: float = 0, align: float = 0
    ) -> None:
        """One line of text: `align` 0 starts it at x, 1 ends it there, 0.5 centres it.

        What is wider than `room` dots is drawn smaller: a word that long can't be cut in every script.
        """
        glyphs, wide = shape(text, size, weight)
        shrink = min(1.0, room / wide) if wide else 1.0
        left = x - align * wide * shrink
        for glyph in glyphs:
            # The pen's y grows upward from the paper's top, so lines further down have a negative one.
            y = glyph.y * shrink - self.height - size * BASELINE
            scale = shrink / 64
            self._pen.transform = (scale, 0, 0, scale, left + glyph.x * shrink, y)
            self._pen.draw_glyph(_font(glyph.font, size, weight), glyph.id)

    def feed(self, size: float) -> None:
        """Move down past a line of letters of this size."""
        self.height += size * LINE_HEIGHT

    def rule(self, gap: int = 10) -> None:
        """A dashed line across the paper."""
        self.rules.append(round(self.height) + gap)
        self.height += 2 * gap

    def picture(self) -> Image.Image:
        """The slip as a picture of black and white dots; the pen is then empty."""
        height = round(self.height)
        self._pen.extents = hb.RasterExtents(
            x_origin=0, y_origin=-height, width=self.width, height=height, stride=0
        )
        drawn = self._pen.render()
        stride = drawn.extents.stride
        grey = Image.frombytes("L", (stride, height), drawn.buffer).crop((0, 0, self.width, height))
        black = grey.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        for y in self.rules:
            for x in range(0, self.width, 8):
                black.paste(255, (x, y, x + 4, y + 2))
        return black.point(lambda ink: 0 if ink > HALF_BLACK else 255).convert("1", dither=Image.Dither.NONE)
