"""{% chart takings csv_url=url %}: a figure with its SVG, its table, and the numbers for js/charts.js."""

from typing import Any

from django import template

from analytics import charts

register = template.Library()


@register.inclusion_tag("analytics/_chart.html")
def chart(chart: charts.Chart, csv_url: str = "") -> dict[str, Any]:
    head, rows = charts.table(chart)
    return {
        "chart": chart,
        "wide": charts.svg(chart),
        "compact": charts.svg(chart, compact=True),
        "json": charts.chart_json(chart),
        "json_id": f"{chart.key}-data",
        "head": head,
        "rows": rows,
        "csv_url": csv_url,
    }
