"""A statement as PDF, by WeasyPrint where it is installed: it needs system libraries, so it is no requirement."""

from types import ModuleType
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import get_language

from sales.account_statement import Statement

STYLE = settings.BASE_DIR / "watershop" / "static" / "css" / "statement_pdf.css"


def engine() -> ModuleType | None:
    """WeasyPrint, or None where it or a library that it needs is missing."""
    try:
        import weasyprint
    except (ImportError, OSError):
        return None
    module: ModuleType = weasyprint
    return module


def pdf_of(statement: Statement, engine: ModuleType) -> bytes:
    """The statement on A4 pages."""
    context = {"statement": statement, "shop": statement.customer.shop, "language": get_language()}
    html = render_to_string("sales/statement_pdf.html", context)
    pdf: bytes = engine.HTML(string=html, url_fetcher=_fetch_nothing).write_pdf(stylesheets=[str(STYLE)])
    return pdf


def _fetch_nothing(url: str, *args: Any, **kwargs: Any) -> Any:
    """The page holds all that it shows; nothing is fetched for it, from nowhere."""
    raise ValueError(f"A statement fetches nothing, not even {url}.")
