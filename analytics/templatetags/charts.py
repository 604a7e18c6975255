"""{% chart takings url=page csv=file %}: a figure with its SVG, its table, and the numbers for js/charts.js."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from django import template

from analytics import charts, drawing

register = template.Library()


@register.inclusion_tag("analytics/_chart.html")
def chart(
    chart: charts.Chart,
    url: str = "",
    links: Sequence[str] = (),
    csv: str = "",
    rows: str = "",
    is_open: bool = False,
) -> dict[str, Any]:
    """`url` is the chart's own page, `csv` its file, `rows` the page of all that it counts.

    `links` lead from its labels to their rows, `is_open` shows the table.
    """
    head, cells = charts.table(chart)
    return {
        "chart": chart,
        "wide": drawing.svg(chart),
        "compact": drawing.svg(chart, compact=True),
        "json": charts.chart_json(chart),
        "json_id": f"{chart.key}-data",
        "head": head,
        "lines": list(zip_longest(cells, links)),
        "url": url,
        "csv": csv,
        "rows": rows,
        "is_open": is_open,
    }
