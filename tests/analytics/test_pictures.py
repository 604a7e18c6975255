"""Charts leave the page as files that stand alone: SVG with its own look, PNG with every script of the shop."""

import io
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from analytics.charts import Chart, HeatChart, LineChart, RankChart, Series
from analytics.drawing.marks import LETTERS
from analytics.pictures import png, svg_file
from sales.lettering import Paper, outline, shape
from tests.analytics.test_charts import ALL

SVG = "{http://www.w3.org/2000/svg}"
SCRIPTS = ["Water ₹1,240 · 5%", "మంగళవారం క్షీరం", "मंगलवार क्षत्रिय", "செவ்வாய்க்கிழமை"]


def seen(picture: bytes) -> NDArray[np.uint8]:
    """The PNG's pixels (rows, columns, RGB)."""
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))


def ink(picture: bytes) -> NDArray[np.bool_]:
    """Where there is a colour that is dark, as text is."""
    return np.asarray(seen(picture).max(axis=2) < 120)


@pytest.mark.parametrize("chart", ALL, ids=lambda chart: chart.key)
def test_a_file_brings_its_look_its_title_and_its_words_along(chart: Chart) -> None:
    drawn = svg_file(chart)
    root = ElementTree.fromstring(drawn)
    assert root.tag == f"{SVG}svg"
    (style,) = root.iter(f"{SVG}style")
    assert style.text and "var(" not in style.text and "Figtree" in style.text
    assert chart.title in [e.text for e in root.iter(f"{SVG}text")]
    assert "http" not in drawn.replace("http://www.w3.org/2000/svg", "")


def test_the_colours_of_a_file_are_those_of_the_light_theme() -> None:
    assert ".tone-1 {\n  color: #0a7f96;\n}" in svg_file(ALL[0])
    pixels = seen(png(ALL[1]))
    assert (pixels[0, 0] == 255).all()
    for colour in ((0x0A, 0x7F, 0x96), (0xE0, 0x9A, 0x1B)):  # the two sizes of cans
        assert (pixels == colour).all(axis=2).sum() > 1000


@pytest.mark.parametrize("width", [720, 1200])
def test_a_picture_is_as_wide_as_asked_and_keeps_its_shape(width: int) -> None:
    root = ElementTree.fromstring(svg_file(ALL[0]))
    rows, columns, _colours = seen(png(ALL[0], width=width)).shape
    assert columns == width
    assert rows == pytest.approx(width * float(root.attrib["height"]) / float(root.attrib["width"]), abs=1)


@pytest.mark.parametrize("words", SCRIPTS)
def test_every_script_appears_in_a_picture_as_it_is_printed_on_receipts(words: str) -> None:
    """The title's ink covers what the printer's own pen draws of the same words: no empty boxes."""
    size, weight = LETTERS["title"]
    scale = 3
    paper = Paper(2000)
    paper.write(words, size=size * scale, weight=weight, room=2000)
    paper.feed(size * scale)
    printed = ~np.asarray(paper.picture(), bool)
    chart = LineChart("k", words, ["a"], [Series("A", [1])])
    drawn = ink(png(chart, width=752 * scale))[: 44 * scale, : 600 * scale]
    ours, theirs = _cut_out(drawn), _cut_out(printed)
    assert all(abs(a - b) <= 2 for a, b in zip(ours.shape, theirs.shape, strict=True))
    rows, columns = (min(pair) for pair in zip(ours.shape, theirs.shape, strict=True))
    ours, theirs = ours[:rows, :columns], theirs[:rows, :columns]
    assert (ours & theirs).sum() / (ours | theirs).sum() > 0.7
    assert all(glyph.id for glyph in shape(words, size, weight)[0])


def _cut_out(dots: NDArray[np.bool_]) -> NDArray[np.bool_]:
    rows, columns = np.flatnonzero(dots.any(axis=1)), np.flatnonzero(dots.any(axis=0))
    return dots[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def test_names_of_all_scripts_stand_in_the_picture_of_a_ranking() -> None:
    chart = RankChart("k", "K", SCRIPTS, [Series("A", [4, 3, 2, 1])])
    blank = RankChart("k", "K", [" "] * 4, [Series("A", [4, 3, 2, 1])])
    with_names, without = ink(png(chart)), ink(png(blank))
    assert not without[48:, :150].any()
    tops = [48 + 4 + 44 * n for n in range(5)]
    for top, bottom in pairwise(tops):
        assert with_names[top * 720 // 752 : bottom * 720 // 752, :150].sum() > 20


def test_an_outline_has_no_box_for_what_a_font_knows() -> None:
    assert outline("水", 20, 400) != outline("మ", 20, 400)
    assert "NaN" not in outline("మంగళవారం", 20, 400)


def test_text_with_signs_of_markup_is_drawn_and_harms_nothing() -> None:
    chart = HeatChart("k", '<Water & "sons">', ["<a>"], [Series("&", [1])])
    ElementTree.fromstring(svg_file(chart))
    assert ink(png(chart))[10:44, 10:200].any()


def test_an_empty_chart_says_so_in_its_picture() -> None:
    empty = LineChart("k", "K", [], [Series("A", [])])
    middle = ink(png(empty))
    assert middle[48:].any() and "Nothing to show yet." in svg_file(empty)
