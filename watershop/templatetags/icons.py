"""{% icon "till" %}: one symbol of static/icons/sprite.svg, drawn in the colour of the text around it."""

import re
from functools import cache
from pathlib import Path

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

SPRITE = Path(__file__).parent.parent / "static" / "icons" / "sprite.svg"


@cache
def icon_names() -> frozenset[str]:
    return frozenset(re.findall(r'<symbol id="([a-z]+)"', SPRITE.read_text(encoding="utf-8")))


@register.simple_tag
def icon(name: str) -> SafeString:
    """An <svg> hidden from screen readers: the text beside it or an aria-label says what it means."""
    if name not in icon_names():
        raise template.TemplateSyntaxError(
            f"No icon {name!r} in {SPRITE.name}; there are {sorted(icon_names())}"
        )
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>',
        static("icons/sprite.svg"),
        name,
    )
