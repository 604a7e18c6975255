"""What a printer gets is dots: every script is shaped, nothing is a box, and amounts end in one column."""

import struct
from dataclasses import replace

import numpy as np
import pytest
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from sales.lettering import FONTS, Paper, shape, wrap
from sales.models import PaperWidth, Printer, Printout, Sale
from sales.printing import bytes_of
from sales.slip_picture import DOTS, picture_of, sample
from sales.slips import Item, Receipt, receipt_of
from tests.base import Cast, sell

FEED, CUT = b"\x1bd\x06", b"\x1dV\x00"  # a narrow printer has no knife
Dots = NDArray[np.bool_]
SIZE, WEIGHT = 48, 500
SCRIPTS = {  # joined letters, with the letters that they are written from
    "క్ష": "Telugu: KA, virama, SSA become one sign",
    "స్త్రీ": "Telugu: two letters below the first",
    "क्ष": "Devanagari: KA, virama, SSA become one sign",
    "हिन्दी": "Devanagari: the vowel sign stands before its letter",
    "கோ": "Tamil: one vowel sign stands on both sides of its letter",
}


def dots(picture: Image.Image) -> Dots:
    """Rows of True where the paper is black."""
    return ~np.asarray(picture)


def drawn(*texts: str) -> Dots:
    """Texts set side by side, each shaped alone."""
    paper, x = Paper(DOTS[PaperWidth.WIDE]), 0.0
    for text in texts:
        paper.write(text, size=SIZE, weight=WEIGHT, room=paper.width, x=x)
        x += shape(text, SIZE, WEIGHT)[1]
    paper.feed(SIZE)
    return dots(paper.picture())


def cut_out(picture: Dots) -> Dots:
    """The ink alone, without the white around it."""
    rows, columns = np.flatnonzero(picture.any(axis=1)), np.flatnonzero(picture.any(axis=0))
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def raster(sent: bytes) -> Dots:
    """The dots of all `GS v 0` blocks that a printer is sent, one below the other."""
    blocks, at = [], sent.find(b"\x1dv0")
    while at >= 0:
        columns, rows = struct.unpack("<HH", sent[at + 4 : at + 8])
        end = at + 8 + columns * rows
        bits = np.unpackbits(np.frombuffer(sent[at + 8 : end], np.uint8))
        blocks.append(bits.reshape(rows, columns * 8).astype(bool))
        at = sent.find(b"\x1dv0", end)
    return np.vstack(blocks)


@pytest.mark.parametrize("text", SCRIPTS)
def test_letters_are_joined_as_their_script_joins_them(text: str) -> None:
    joined, apart = drawn(text), drawn(*text)
    assert joined.any() and (joined != apart).any()
    # A control: letters that don't join look the same either way.
    np.testing.assert_array_equal(drawn("మన"), drawn("మ", "న"))


def test_the_conjunct_is_one_glyph_and_the_vowel_sign_comes_first() -> None:
    for conjunct, letter in (("క్ష", "క"), ("क्ष", "क")):
        (one,), _width = shape(conjunct, SIZE, WEIGHT)
        assert one.id != shape(letter, SIZE, WEIGHT)[0][0].id
    (before, letter_i), _width = shape("हि", SIZE, WEIGHT)
    (ha,), _width = shape("ह", SIZE, WEIGHT)
    assert letter_i.id == ha.id != before.id  # HA, I as they are typed; I, HA as they are read
    left, ka, right = shape("கோ", SIZE, WEIGHT)[0]
    assert ka.id == shape("க", SIZE, WEIGHT)[0][0].id
    assert left.x < ka.x < right.x


@pytest.mark.parametrize(
    "letter, file",
    {
        "మ": "noto-sans-telugu",
        "म": "noto-sans-devanagari",
        "க": "noto-sans-tamil",
        "W": "figtree-latin",
    }.items(),
)
def test_a_letter_looks_as_another_renderer_draws_it(letter: str, file: str) -> None:
    """FreeType, inside Pillow, draws the same outline: both inks cover nearly the same dots."""
    path = settings.BASE_DIR / "watershop" / "static" / "fonts" / f"{file}.woff2"
    font = ImageFont.truetype(path, SIZE, layout_engine=ImageFont.Layout.BASIC)
    font.set_variation_by_axes([WEIGHT])
    other = Image.new("L", (100, 100), 255)
    ImageDraw.Draw(other).text((10, 10), letter, fill=0, font=font)
    ours, theirs = cut_out(drawn(letter)), cut_out(np.asarray(other) < 128)
    assert all(abs(a - b) <= 1 for a, b in zip(ours.shape, theirs.shape, strict=True))
    rows, columns = (min(pair) for pair in zip(ours.shape, theirs.shape, strict=True))
    ours, theirs = ours[:rows, :columns], theirs[:rows, :columns]
    assert (ours & theirs).sum() / (ours | theirs).sum() > 0.7


@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
def test_no_word_of_a_receipt_is_a_box(cast: Cast, language: str) -> None:
    cast.asha.language = language
    cast.asha.save()
    sell(cast, 1, customer=cast.asha, is_paid=False)
    slip = receipt_of(Sale.objects.with_sums().get(pk=sell(cast, 2, customer=cast.asha, is_paid=False).pk))
    for text in (*slip.text.splitlines(), "₹1,23,456.50", "–…“”"):
        assert all(glyph.id for glyph in shape(text, SIZE, WEIGHT)[0]), text
    assert not all(glyph.id for glyph in shape("水", SIZE, WEIGHT)[0])  # control: no font of ours has it


@pytest.mark.parametrize("width", PaperWidth)
def test_a_printer_gets_as_many_dots_as_its_head_has(cast: Cast, width: PaperWidth) -> None:
    printer = Printer.objects.create(shop=cast.shop, name="Counter", address="127.0.0.1", width=width)
    sale = sell(cast, customer=cast.bala)
    printout = Printout.objects.create(shop=cast.shop, printer=printer, kind="receipt", sale=sale)
    sent = bytes_of(printout)
    assert sent.startswith(b"\x1b@") and sent.endswith(FEED if width == PaperWidth.NARROW else CUT)
    picture = raster(sent)
    assert picture.shape[1] == DOTS[width] == {58: 384, 80: 576}[width]
    slip = receipt_of(Sale.objects.with_sums().get(pk=sale.pk))
    np.testing.assert_array_equal(picture, dots(picture_of(slip, width)))


def test_amounts_end_in_one_column_whatever_their_length() -> None:
    items = tuple(
        Item("20 L", f"{count} × ₹20", amount) for count, amount in ((1, "₹20.00"), (999, "₹19,980.00"))
    )
    for width in PaperWidth:
        slip = Receipt("en", "Shop", width, (), items, ("Total", "₹20,000.00"), (), (), "Thanks")
        one_by_one = [dots(picture_of(replace(slip, items=(item,)), width)) for item in items]
        ends = [np.flatnonzero(picture.any(axis=0))[-1] for picture in one_by_one]
        assert len(set(ends)) == 1 and ends[0] >= DOTS[width] - 4


def test_a_long_name_is_broken_between_words_and_never_leaves_the_paper() -> None:
    name = "శ్రీ వెంకటేశ్వర స్వామి మినరల్ వాటర్ ప్లాంట్ అండ్ డిస్ట్రిబ్యూటర్స్"
    lines = wrap(name, SIZE, WEIGHT, 384)
    assert len(lines) > 1 and " ".join(lines) == name
    assert all(shape(line, SIZE, WEIGHT)[1] <= 384 for line in lines)
    paper = Paper(384)
    paper.write("W" * 80, size=SIZE, weight=WEIGHT, room=384)
    paper.feed(SIZE)
    assert np.flatnonzero(dots(paper.picture()).any(axis=0))[-1] < 384


def test_the_test_print_speaks_all_languages() -> None:
    words = []
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            words.append(_("Thank you. Please bring our cans back."))
    assert len(set(words)) == 4
    fonts = {glyph.font for text in words for glyph in shape(text, SIZE, WEIGHT)[0]}
    assert fonts == set(FONTS) - {"figtree-latin-ext"}
    assert dots(sample("Shop", PaperWidth.NARROW)).shape[1] == 384
