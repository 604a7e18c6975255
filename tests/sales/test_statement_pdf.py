"""A statement is a PDF where WeasyPrint is installed; elsewhere nothing promises one."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from sales import statement_pdf
from tests.base import Cast, make_cast, sell
from watershop.models import User

SignIn = Callable[[User], Client]


def url(name: str, cast: Cast) -> str:
    return reverse(name, args=["water", cast.asha.pk])


def test_without_weasyprint_there_is_no_link_and_the_page_to_print_says_why(
    cast: Cast, client_of: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    client = client_of(cast.meena)
    assert "statement.pdf" not in client.get(url("customer_statement", cast)).content.decode()
    answer = client.get(url("customer_statement_pdf", cast), follow=True)
    assert answer.redirect_chain == [(url("customer_statement", cast), 302)]
    assert "WeasyPrint" in answer.content.decode()


def test_with_weasyprint_the_statement_is_drawn_and_nothing_is_fetched(
    cast: Cast, client_of: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    def draw(string: str, url_fetcher: Callable[[str], Any]) -> Any:
        seen.update(html=string, fetch=url_fetcher)
        return SimpleNamespace(write_pdf=write)

    def write(stylesheets: list[str]) -> bytes:
        seen["styles"] = [Path(style).read_text() for style in stylesheets]
        return b"%PDF-1.7"

    module = ModuleType("weasyprint")
    module.HTML = draw  # type: ignore[attr-defined]
    monkeypatch.setattr(statement_pdf, "engine", lambda: module)
    sale = sell(cast, 2, customer=cast.asha, is_paid=False)
    client, door = client_of(cast.meena), url("customer_statement_pdf", cast)
    assert "statement.pdf" in client.get(url("customer_statement", cast)).content.decode()
    answer = client.get(door)
    assert (answer.content, answer.headers["Content-Type"]) == (b"%PDF-1.7", "application/pdf")
    assert sale.code in seen["html"] and "₹40.00" in seen["html"]
    assert "size: A4" in "".join(seen["styles"])
    with pytest.raises(ValueError, match="fetches nothing"):
        seen["fetch"]("file:///etc/passwd")
    assert client.get(door, {"to": "x"}).status_code == 422
    other = make_cast("other")
    assert client_of(other.meena).get(door).status_code == 404
