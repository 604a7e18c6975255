"""Charts are drawn on the server, can be read without seeing them, and carry the numbers they show."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.template import Context, Template

from analytics.charts import (
    RUPEES,
    TIME,
    BarChart,
    Chart,
    HeatChart,
    LineChart,
    PieChart,
    RankChart,
    Series,
    SpanChart,
    chart_json,
    described,
    table,
    ticks,
    write_csv,
    written_short,
)
from analytics.drawing import svg
from analytics.drawing.marks import LETTERS, shortened, width_of

WEEK = ["Mon", "Tue", "Wed"]
TAKINGS = LineChart(
    "takings", "Takings", WEEK, [Series("Takings", [Decimal(1240), Decimal("990.50"), 0])], RUPEES
)
CANS = BarChart("cans", "Cans", WEEK, [Series("20 L", [4, 0, 2]), Series("10 L", [1, 3, 2])], "cans", True)
TENDER = PieChart(
    "tender", "Tender", ["Cash", "UPI"], [Series("Takings", [Decimal(75), Decimal(25)])], RUPEES
)
BUYERS = RankChart(
    "buyers",
    "Buyers",
    ["Asha", "Venkata Narasimha Raju of the corner"],
    [Series("Revenue", [90, 45])],
    RUPEES,
)
BUSY = HeatChart("busy", "Busy hours", WEEK, [Series(f"{h}:00", [h, 0, None]) for h in range(6, 22)], "cans")
HOURS = SpanChart(
    "hours",
    "Opening and closing",
    WEEK,
    [Series("Opened", [475, 490, None]), Series("Closed", [1230, None, None])],
    references=[("Opens", 480), ("Closes", 1230)],
)
OUTLOOK = LineChart(
    "outlook",
    "Cans to come",
    ["1 May", "2 May", "3 May", "4 May"],
    [Series("Sold", [40, 44, None, None]), Series("Expected", [None, None, 42, 46], is_dashed=True)],
    "cans",
    band=([None, None, 36, 38], [None, None, 48, 54]),
)
ALL: list[Chart] = [TAKINGS, CANS, TENDER, BUYERS, BUSY, HOURS, OUTLOOK]
NAME = "వెంకట నరసింహ రాజు గారి వాటర్ ప్లాంట్ మరియు కిరాణా దుకాణం"


def rects(chart: Chart) -> list[dict[str, str]]:
    return [e.attrib for e in ElementTree.fromstring(svg(chart)).iter("rect") if "rx" in e.attrib]


@pytest.mark.parametrize("chart", ALL, ids=lambda chart: chart.key)
@pytest.mark.parametrize("compact", [False, True])
def test_a_drawing_is_sound_xml_without_any_style(chart: Chart, compact: bool) -> None:
    root = ElementTree.fromstring(svg(chart, compact=compact))
    assert root.attrib["role"] == "img"
    assert not any("style" in element.attrib for element in root.iter())


def many(count: int) -> list[Chart]:
    """One of each kind, with so many labels, each of them long."""
    labels, values = [NAME] * count, [float(n % 7) + 1 for n in range(count)]
    series, times = [Series(NAME, values)], [Series("From", [480] * count), Series("To", [1500] * count)]
    return [
        LineChart("l", NAME, labels, [*series, Series(NAME, values, is_dashed=True)], band=(values, values)),
        BarChart("b", NAME, labels, series * 3),
        BarChart("s", NAME, labels, series * 3, is_stacked=True),
        PieChart("p", NAME, labels, series, RUPEES),
        RankChart("r", NAME, labels, series, RUPEES),
        HeatChart("h", NAME, labels, series * 3),
        SpanChart("t", NAME, labels, times, references=[(NAME, 480), (NAME, 1440)]),
    ]


def corners(element: ElementTree.Element) -> Iterator[tuple[float, float]]:
    """The points between which an element lies, its text measured."""
    at = {name: float(element.get(name, 0)) for name in ("x", "y", "width", "height", "x1", "y1", "x2", "y2")}
    yield at["x"] + at["width"], at["y"] + at["height"]
    yield at["x1"], at["y1"]
    yield at["x2"], at["y2"]
    for point in element.get("points", "").split():
        x, y = point.split(",")
        yield float(x), float(y)
    if element.tag == "text":
        wide = width_of(element.text or "", element.attrib["class"].split()[0].removeprefix("chart-svg__"))
        left = at["x"] - wide * {"start": 0, "middle": 0.5, "end": 1}[element.attrib["text-anchor"]]
        yield left, at["y"]
        yield left + wide, at["y"]


@pytest.mark.parametrize("compact", [False, True])
@pytest.mark.parametrize("chart", [*ALL, *many(1), *many(7), *many(1000)], ids=lambda chart: chart.key)
def test_everything_drawn_lies_inside_the_picture(chart: Chart, compact: bool) -> None:
    root = ElementTree.fromstring(svg(chart, compact=compact))
    width, height = (float(side) for side in root.attrib["viewBox"].split()[2:])
    assert width == (360 if compact else 720)
    for element in root.iter():
        assert all(-1 <= x <= width + 1 and 0 <= y <= height for x, y in corners(element)), element.attrib
        assert float(element.get("width", 0)) >= 0


def test_title_and_summary_name_the_drawing_for_a_screen_reader() -> None:
    root = ElementTree.fromstring(svg(TAKINGS))
    named = [
        element.text for element in root if element.attrib.get("id") in root.attrib["aria-labelledby"].split()
    ]
    assert named == ["Takings", "Takings: highest ₹1,240 (Mon), lowest ₹0 (Wed)."]


def test_text_is_escaped() -> None:
    drawn = svg(LineChart("k", "<script>", ["<b>"], [Series("<i>", [1])]))
    assert "<script>" not in drawn and "<b>" not in drawn and "<i>" not in drawn


def test_the_table_shows_the_same_numbers_as_text() -> None:
    assert table(TAKINGS) == (["", "Takings"], [["Mon", "₹1,240"], ["Tue", "₹990.50"], ["Wed", "₹0"]])
    assert table(CANS)[1][0] == ["Mon", "4", "1"]


def test_a_bar_is_as_tall_as_its_value() -> None:
    drawn = rects(BarChart("k", "K", WEEK, [Series("A", [10, 20, 5])]))
    first, second, third = (float(bar["height"]) for bar in drawn)
    assert second == pytest.approx(2 * first, abs=0.2)
    assert first == pytest.approx(2 * third, abs=0.2)


def test_a_stacked_bar_stands_on_the_one_before() -> None:
    bars = [bar for bar in rects(CANS) if bar["height"] != "12"]
    lower, upper = bars[0], bars[2]
    assert lower["x"] == upper["x"]
    assert float(upper["y"]) + float(upper["height"]) == pytest.approx(float(lower["y"]), abs=0.2)


def test_a_value_below_zero_hangs_from_the_zero_line() -> None:
    chart = BarChart("k", "K", ["a", "b"], [Series("A", [10, -5])])
    up, down = rects(chart)
    assert float(down["y"]) == pytest.approx(float(up["y"]) + float(up["height"]), abs=0.2)


def test_a_single_slice_is_a_whole_circle() -> None:
    whole = PieChart("k", "K", ["Cash", "UPI"], [Series("T", [Decimal(10), Decimal(0)])], RUPEES)
    assert "<circle" in svg(whole) and "<path" not in svg(whole)


def test_a_pie_says_shares_and_amounts() -> None:
    assert "₹75 · 75%" in svg(TENDER)


def test_nothing_to_show_is_said_in_words() -> None:
    empty = LineChart("k", "K", [], [Series("A", [])])
    assert "Nothing to show yet." in svg(empty)
    assert described(empty) == "Nothing to show yet."
    assert "Nothing to show yet." in svg(PieChart("k", "K", ["a"], [Series("A", [0])]))


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 7, [0, 2, 4, 6, 8]),
        (0, 2440, [0, 1000, 2000, 3000]),
        (-40, 100, [-50, 0, 50, 100]),
        (3, 3, [0, 1, 2, 3]),
        (0, 0, [0, 1]),
    ],
)
def test_an_axis_has_round_numbers_and_zero(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == expected


def test_an_axis_writes_thousands_lakhs_and_crores() -> None:
    shown = [written_short(v, RUPEES) for v in (0, 950, 1500, 250_000, -30_000_000)]
    assert shown == ["₹0", "₹950", "₹1.5K", "₹2.5L", "−₹3Cr"]


def test_long_labels_are_thinned_until_none_touches_the_next() -> None:
    days = [f"{n} August" for n in range(1, 61)]
    root = ElementTree.fromstring(svg(LineChart("k", "K", days, [Series("A", [1] * 60)])))
    at = [float(e.attrib["x"]) for e in root.iter("text") if (e.text or "").endswith("August")]
    assert min(b - a for a, b in pairwise(at)) > 6.5 * len("10 August")


def test_a_long_legend_goes_on_in_a_second_line_of_a_narrow_drawing() -> None:
    chart = LineChart("k", "K", WEEK, [Series(f"A rather long name {n}", [1, 2, 3]) for n in range(3)])
    root = ElementTree.fromstring(svg(chart, compact=True))
    names = [e.attrib for e in root.iter("text") if e.attrib["class"] == "chart-svg__legend"]
    assert [float(name["y"]) for name in names] == [14, 14, 34]


def test_the_numbers_for_chart_js_are_those_of_the_drawing() -> None:
    data = chart_json(TAKINGS)
    assert data
    assert (data["kind"], data["unit"], data["labels"]) == ("line", "₹", WEEK)
    assert data["series"] == [{"name": "Takings", "values": [1240.0, 990.5, 0.0], "tone": 1, "dashed": False}]
    assert (chart_json(CANS) or {})["stacked"] is True
    assert (chart_json(TENDER) or {})["tones"] == [1, 2]


def test_a_series_that_does_not_fit_its_labels_is_refused() -> None:
    with pytest.raises(ValueError, match="2 values for 3 labels"):
        LineChart("k", "K", WEEK, [Series("A", [1, 2])])


def test_a_ranking_writes_each_name_and_value_and_shortens_what_has_no_room() -> None:
    texts = [
        element.text for element in ElementTree.fromstring(svg(BUYERS, compact=True)).iter() if element.text
    ]
    assert texts[2:] == ["Asha", "₹90", "Venkata Narasimh…", "₹45"]
    first, second = (float(rect["width"]) for rect in rects(BUYERS))
    assert first == pytest.approx(2 * second, abs=0.2)


def test_a_ranking_with_two_series_is_refused() -> None:
    with pytest.raises(ValueError, match="a ranking has one series"):
        RankChart("k", "K", ["a"], [Series("A", [1]), Series("B", [1])])


def test_a_pie_of_debts_is_refused() -> None:
    with pytest.raises(ValueError, match="no value below 0"):
        PieChart("k", "K", ["a"], [Series("A", [-1])])


def test_the_figure_holds_drawing_table_numbers_and_the_ways_on() -> None:
    source = "{% load charts %}{% chart c url='/larger' links=links %}"
    html = Template(source).render(Context({"c": TAKINGS, "links": ["/mon", "/tue", "/wed"]}))
    assert html.count('<svg class="chart-svg') == 2
    assert '<script id="takings-data" type="application/json">' in html
    assert '<td class="num">₹990.50</td>' in html
    assert 'href="/larger"' in html and '<a href="/tue">Tue</a>' in html
    assert not re.search(r"\sstyle=", html)


def elements(chart: Chart, name: str, kind: str = "", *, compact: bool = False) -> list[ElementTree.Element]:
    """What is drawn with this element and with this class."""
    root = ElementTree.fromstring(svg(chart, compact=compact))
    return [e for e in root.iter(name) if kind in e.get("class", "").split() or not kind]


def test_a_cell_is_the_stronger_the_more_happened_and_says_what_it_counts() -> None:
    chart = HeatChart(
        "k", "K", ["Mon"], [Series(f"{h}:00", [h * 10]) for h in (0, 1, 3, 6)] + [Series("x", [-5])]
    )
    cells = [(cell.attrib["class"], cell[0].text) for cell in elements(chart, "rect") if len(cell)]
    assert [kind for kind, _tip in cells] == ["heat-0", "heat-1", "heat-3", "heat-6", "heat-below"]
    assert [tip for _kind, tip in cells][2:] == ["Mon, 3:00: 30", "Mon, 6:00: 60", "Mon, x: −5"]


def test_values_stand_in_their_cells_where_they_have_room() -> None:
    shown = [e.text for e in elements(BUSY, "text", "chart-svg__cell")]
    assert sorted(shown, key=lambda text: int(text or 0)) == ["0"] * 16 + [str(h) for h in range(6, 22)]
    money = HeatChart("k", "K", ["Mon"], [Series(str(h), [123_456]) for h in range(24)], RUPEES)
    assert not elements(money, "text", "chart-svg__cell")


def test_a_phone_shows_the_columns_of_a_wide_table_below_each_other() -> None:
    monday6, tuesday6, monday7 = [cell for cell in elements(BUSY, "rect", compact=True) if len(cell)][:3]
    assert monday6.attrib["y"] == tuesday6.attrib["y"] and monday6.attrib["x"] == monday7.attrib["x"]
    assert [e.text for e in elements(BUSY, "text", "chart-svg__cell", compact=True)][:2] == ["6", "0"]


def test_an_unknown_cell_is_blank() -> None:
    assert len([cell for cell in elements(BUSY, "rect") if len(cell)]) == 2 * 16
    assert table(BUSY)[1][2] == ["Wed", *["–"] * 16]


def test_a_span_reaches_from_its_start_down_to_its_end_and_a_lone_end_is_a_dot() -> None:
    (bar,), (dot,) = elements(HOURS, "rect", "chart-svg__bar"), elements(HOURS, "circle", "chart-svg__dot")
    opens, closes = (float(e.attrib["y1"]) for e in elements(HOURS, "line", "chart-svg__reference")[:2])
    top, bottom = float(bar.attrib["y"]), float(bar.attrib["y"]) + float(bar.attrib["height"])
    assert top < opens < float(dot.attrib["cy"])  # opened at 7:55, to open at 8:00, opened at 8:10
    assert bottom == pytest.approx(closes, abs=0.2)
    assert table(HOURS)[1] == [["Mon", "7:55", "20:30"], ["Tue", "8:10", "–"], ["Wed", "–", "–"]]


def test_a_shop_that_closes_after_midnight_has_a_span_past_midnight() -> None:
    chart = SpanChart("k", "K", ["Mon"], [Series("Opened", [600]), Series("Closed", [1470])])
    assert table(chart)[1] == [["Mon", "10:00", "0:30"]]
    scale = [e.text for e in elements(chart, "text", "chart-svg__tick")]
    assert scale == ["3:00", "0:00", "21:00", "18:00", "15:00", "12:00", "9:00", "Mon"]


def test_what_is_expected_goes_on_in_dashes_from_what_was_and_its_interval_surrounds_it() -> None:
    was, expected = elements(OUTLOOK, "polyline", "chart-svg__line")
    assert was.attrib["points"].split()[-1] == expected.attrib["points"].split()[0]
    assert "chart-svg__line--dashed" in expected.attrib["class"].split()
    (band,) = elements(OUTLOOK, "polygon", "chart-svg__band")
    points = [tuple(map(float, point.split(","))) for point in band.attrib["points"].split()]
    third = [tuple(map(float, point.split(","))) for point in expected.attrib["points"].split()][1]
    assert points[0][0] == points[-1][0] == third[0] and points[0][1] < third[1] < points[-1][1]


def test_a_line_is_cut_where_nothing_is_known() -> None:
    chart = LineChart("k", "K", WEEK, [Series("A", [1, None, 3])])
    assert not elements(chart, "polyline") and len(elements(chart, "circle")) == 2


def test_a_gap_or_no_number_is_refused_where_it_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="has a gap"):
        BarChart("k", "K", ["a"], [Series("A", [None])])
    with pytest.raises(ValueError, match="no number"):
        LineChart("k", "K", ["a"], [Series("A", [float("nan")])])
    with pytest.raises(ValueError, match="3 values for 2 labels"):
        LineChart("k", "K", ["a", "b"], [Series("A", [1, 2])], band=([1, 2, 3], [1, 2, 3]))
    with pytest.raises(ValueError, match="two series of TIME"):
        SpanChart("k", "K", ["a"], [Series("A", [1])])


def test_of_very_many_the_largest_are_drawn_and_the_rest_is_counted() -> None:
    names = [f"Customer {n}" for n in range(1000)]
    texts = [e.text for e in elements(RankChart("k", "K", names, [Series("A", range(1000, 0, -1))]), "text")]
    assert texts[-1] == "and 988 more" and "Customer 11" in texts and "Customer 12" not in texts
    parts = [e.text for e in elements(PieChart("k", "K", names, [Series("A", [1] * 1000)]), "text")]
    assert parts[-2:] == ["995 others", "995 · 100%"]


def test_a_long_name_is_shortened_between_letters_in_every_script() -> None:
    for name in (NAME, "रामलाल क्षत्रिय जी की दुकान और कोल्ड ड्रिंक्स", "செல்வமணி முத்துக்குமாரசாமி அவர்கள் கடை"):
        for room in range(30, 200, 10):
            short = shortened(name, room)
            assert width_of(short) <= room and name.startswith(short[:-1])
            after = name[len(short) - 1]
            assert unicodedata.category(after) not in ("Mn", "Mc")
            assert after == " " or unicodedata.combining(short[-2]) != 9  # a virama joins what follows


def test_text_is_measured_as_the_stylesheet_sets_it() -> None:
    css = (settings.BASE_DIR / "watershop" / "static" / "css" / "drawing.css").read_text()
    rules = r"\.chart-svg__(\w+) {[^}]*font-size: (\d+)px;[^}]*font-weight: (\d+);"
    assert {kind: (int(size), int(weight)) for kind, size, weight in re.findall(rules, css)} == LETTERS


@pytest.mark.parametrize("chart", ALL, ids=lambda chart: chart.key)
def test_the_file_for_a_spreadsheet_has_the_numbers_of_the_table(chart: Chart) -> None:
    file = io.StringIO()
    write_csv(chart, file)
    head, *rows = csv.reader(io.StringIO(file.getvalue()))
    assert (head, [row[0] for row in rows]) == (table(chart)[0], list(chart.labels))
    for row, (_label, *shown) in zip(rows, table(chart)[1], strict=True):
        for cell, text in zip(row[1:], shown, strict=True):
            assert (
                cell.lstrip("0") == text
                if chart.unit == TIME and cell
                else as_number(cell) == as_number(text)
            )


def as_number(text: str) -> float | None:
    bare = text.replace("₹", "").replace(",", "").replace("−", "-")
    return None if bare in ("", "–") else float(bare)


def test_no_label_of_the_file_is_taken_for_a_formula() -> None:
    file = io.StringIO()
    write_csv(RankChart("k", "K", ["=1+1"], [Series("@A", [Decimal("0.10")])], RUPEES), file)
    assert list(csv.reader(io.StringIO(file.getvalue()))) == [["", "'@A"], ["'=1+1", "0.10"]]


def test_heat_maps_and_spans_are_told_in_words_and_stay_as_the_server_draws_them() -> None:
    assert described(BUSY) == "Highest: 21 (Mon, 21:00)."
    assert described(HOURS) == (
        "Opened: latest 8:10 (Tue), earliest 7:55 (Mon). Closed: latest 20:30 (Mon), earliest 20:30 (Mon)."
    )
    assert [chart.key for chart in ALL if chart_json(chart) is None] == ["buyers", "busy", "hours"]


def test_the_numbers_for_chart_js_keep_gaps_dashes_and_the_band() -> None:
    data = chart_json(OUTLOOK)
    assert data
    assert [series["dashed"] for series in data["series"]] == [False, True]
    assert data["series"][0]["values"] == [40, 44, None, None]
    assert data["band"] == [[None, None, 36, 38], [None, None, 48, 54]]
