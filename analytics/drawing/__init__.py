"""Charts as SVG: classes alone and no style attribute, so that it lives under a CSP without inline styles.

drawing.css gives the colour. Each chart is drawn twice, for 720 and for 360 px: text that is scaled down with a
picture cannot be read on a phone.
"""

from dataclasses import dataclass

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from analytics.charts import Chart, HeatChart, PieChart, RankChart, described
from analytics.drawing.heat import heat, heat_height
from analytics.drawing.marks import text
from analytics.drawing.plots import plot
from analytics.drawing.shares import pie, ranking, ranking_height


@dataclass(frozen=True)
class Drawing:
    """What stands inside an <svg> of this size in px."""

    width: int
    height: int
    body: SafeString


def drawn(chart: Chart, *, compact: bool = False, is_file: bool = False) -> Drawing:
    """The chart for 720 px, or for 360 px if compact. In a file of its own, a ranking is as high as its names need."""
    width, height = (360, 240) if compact else (720, 280)
    if chart.is_empty:
        body = text(width / 2, height / 2, "empty", "middle", _("Nothing to show yet."))
    elif isinstance(chart, PieChart):
        body = pie(chart, width, height)
    elif isinstance(chart, RankChart):
        height = max(height, ranking_height(chart)) if is_file else height
        body = ranking(chart, width, height)
    elif isinstance(chart, HeatChart):
        height = heat_height(chart, compact)
        body = heat(chart, width, height, compact)
    else:
        body = plot(chart, width, height)
    return Drawing(width, height, body)


def svg(chart: Chart, *, compact: bool = False) -> SafeString:
    """The chart as an <svg> for a page; it scales with the page around the width it is drawn for."""
    drawing = drawn(chart, compact=compact)
    size = "compact" if compact else "wide"
    name = f"{chart.key}-{size}"
    return format_html(
        '<svg class="chart-svg chart-svg--{}" viewBox="0 0 {} {}" role="img" aria-labelledby="{}-t {}-d">'
        '<title id="{}-t">{}</title><desc id="{}-d">{}</desc>{}</svg>',
        *(size, drawing.width, drawing.height, name, name, name, chart.title, name, described(chart)),
        drawing.body,
    )
