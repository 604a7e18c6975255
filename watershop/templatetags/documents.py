"""Documents that stand alone, as a file somebody keeps: they bring their style along. Pages link theirs."""

from django import template
from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.simple_tag
def style_of(name: str) -> SafeString:
    """A stylesheet of ours (its file name in static/css), written into the document."""
    css = (settings.BASE_DIR / "watershop" / "static" / f"css/{name}").read_text(encoding="utf-8")
    return format_html("<style>{}</style>", mark_safe(css))  # noqa: S308 (a file of the project)
