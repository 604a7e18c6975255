"""{% chart takings url=page %}: a figure with its SVG, its table, and the numbers for js/charts.js."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from django import template

from analytics import charts, drawing

register = template.Library()


@register.inclusion_tag("analytics/_chart.html")
def chart(
    chart: charts.Chart, url: str = "", links: Sequence[str] = (), is_open: bool = False
) -> dict[str, Any]:
    """`url` is the chart's own page, `links` lead from its labels to their rows, `is_open` shows the table."""
    head, rows = charts.table(chart)
    return {
        "chart": chart,
        "wide": drawing.svg(chart),
        "compact": drawing.svg(chart, compact=True),
        "json": charts.chart_json(chart),
        "json_id": f"{chart.key}-data",
        "head": head,
        "rows": list(zip_longest(rows, links)),
        "url": url,
        "is_open": is_open,
    }
