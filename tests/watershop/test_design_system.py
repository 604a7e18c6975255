"""The look keeps its promises: no inline code, known icons, readable contrast, a page for every error."""

import re
from itertools import product
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.template import Context, Template, TemplateSyntaxError
from django.template.loader import render_to_string

from watershop.templatetags.icons import icon, icon_names

TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))
CSS = settings.BASE_DIR / "watershop" / "static" / "css"
PAIRS = [
    *product(("ink", "ink-soft"), ("page", "surface", "sunken", "raised")),
    *product(("ink",), ("accent-soft", "good-soft", "warn-soft", "bad-soft")),
    *product(("accent", "accent-strong", "good", "warn", "bad"), ("surface",)),
    *((state, f"{state}-soft") for state in ("accent", "good", "warn", "bad")),
    *product(("ink-soft", "accent-strong"), ("accent-soft",)),
    ("accent", "page"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    *product(("ink",), ("heat-1", "heat-2", "heat-3")),
    *product(("on-accent",), ("heat-4", "heat-5", "heat-6", "series-1")),
]


def colours(theme: int) -> dict[str, str]:
    """The tokens of the light (0) or the dark (1) theme."""
    found = re.findall(r"--([a-z0-9-]+): light-dark\((#\w{6}), (#\w{6})\)", (CSS / "tokens.css").read_text())
    return {name: pair[theme] for name, *pair in found}


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_can_be_read_on_its_ground(theme: int, text: str, ground: str) -> None:
    tokens = colours(theme)
    dark, bright = sorted((luminance(tokens[text]), luminance(tokens[ground])))
    assert (bright + 0.05) / (dark + 0.05) >= 4.5


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_holds_inline_code_or_style(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|hx-on|javascript:", text)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_icon_that_a_template_names_is_drawn(path: Path) -> None:
    assert set(re.findall(r'{% icon "([^"]*)"', path.read_text())) <= icon_names()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_short_comment_stays_on_one_line_because_a_longer_one_would_be_shown(path: Path) -> None:
    assert not re.search(r"{#(?:(?!#}).)*$", path.read_text(), re.MULTILINE)


def test_an_unknown_icon_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(TemplateSyntaxError, match=r"No icon 'unicorn'.*'till'"):
        icon("unicorn")


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "500"])
def test_an_error_page_needs_neither_request_nor_shop(name: str) -> None:
    assert "<h1>" in render_to_string(f"{name}.html")


class _Form(forms.Form):
    phone = forms.CharField(label="Phone", help_text="Ten digits.")


def test_a_field_ties_its_box_to_label_hint_and_error() -> None:
    form = _Form({"phone": ""})
    html = Template("{% load fields %}{% field form.phone %}").render(Context({"form": form}))
    assert '<label for="id_phone">Phone</label>' in html
    assert 'aria-describedby="id_phone_helptext id_phone_error"' in html
    assert 'id="id_phone_helptext">Ten digits.' in html
    assert 'id="id_phone_error"' in html
