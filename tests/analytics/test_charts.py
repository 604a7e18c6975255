"""Charts are drawn on the server, can be read without seeing them, and carry the numbers they show."""

import re
from decimal import Decimal
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from django.template import Context, Template

from analytics.charts import (
    RUPEES,
    BarChart,
    Chart,
    LineChart,
    PieChart,
    RankChart,
    Series,
    chart_json,
    described,
    table,
    ticks,
    written_short,
)
from analytics.drawing import svg

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
ALL: list[Chart] = [TAKINGS, CANS, TENDER, BUYERS]


def rects(chart: Chart) -> list[dict[str, str]]:
    return [e.attrib for e in ElementTree.fromstring(svg(chart)).iter("rect") if "rx" in e.attrib]


@pytest.mark.parametrize("chart", ALL, ids=lambda chart: chart.key)
@pytest.mark.parametrize("compact", [False, True])
def test_a_drawing_is_sound_xml_without_any_style(chart: Chart, compact: bool) -> None:
    root = ElementTree.fromstring(svg(chart, compact=compact))
    assert root.attrib["role"] == "img"
    assert not any("style" in element.attrib for element in root.iter())


@pytest.mark.parametrize("chart", ALL, ids=lambda chart: chart.key)
def test_everything_drawn_lies_inside_the_picture(chart: Chart) -> None:
    for compact, (width, height) in ((False, (720, 280)), (True, (360, 240))):
        for element in ElementTree.fromstring(svg(chart, compact=compact)).iter():
            assert 0 <= float(element.attrib.get("x", 0)) <= width
            assert 0 <= float(element.attrib.get("y", 0)) <= height


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
    assert [float(name["y"]) for name in names] == [14, 34, 54]


def test_the_numbers_for_chart_js_are_those_of_the_drawing() -> None:
    data = chart_json(TAKINGS)
    assert (data["kind"], data["unit"], data["labels"]) == ("line", "₹", WEEK)
    assert data["series"] == [{"name": "Takings", "values": [1240.0, 990.5, 0.0], "tone": 1}]
    assert chart_json(CANS)["stacked"] is True
    assert chart_json(TENDER)["tones"] == [1, 2]


def test_a_series_that_does_not_fit_its_labels_is_refused() -> None:
    with pytest.raises(ValueError, match="2 values for 3 labels"):
        LineChart("k", "K", WEEK, [Series("A", [1, 2])])


def test_a_ranking_writes_each_name_and_value_and_shortens_what_has_no_room() -> None:
    texts = [
        element.text for element in ElementTree.fromstring(svg(BUYERS, compact=True)).iter() if element.text
    ]
    assert texts[2:] == ["Asha", "₹90", "Venkata Narasi…", "₹45"]
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
