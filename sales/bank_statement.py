"""The bank's statement (CSV): each row that names one of our references confirms its UPI payment.

Banks call their columns as they like. Wanted are the column of money that came in and, anywhere in the row, the
reference that the QR code carried; a row without one is somebody else's business.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from io import StringIO

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from sales.models import UpiClaim
from sales.upi import confirm
from watershop.audit import Actor
from watershop.models import Shop

AMOUNT_COLUMNS = (
    "amount",
    "credit",
    "credit amount",
    "deposit",
    "deposit amount",
    "deposit amt",
    "transaction amount",
)
DELIMITERS = ",;\t"
REFERENCE = re.compile(r"WS[0-9A-F]{16}")


@dataclass
class StatementReport:
    """What a statement did: payments confirmed now and before, and those of which it names another amount."""

    confirmed: list[UpiClaim] = field(default_factory=list)
    decided_before: list[UpiClaim] = field(default_factory=list)
    other_amount: list[tuple[UpiClaim, Decimal]] = field(default_factory=list)
    not_ours: int = 0


@dataclass(frozen=True)
class _Credit:
    """Money that came in, in rupees, and the references that its row names."""

    amount: Decimal
    references: frozenset[str]


def read_statement(shop: Shop, content: bytes, *, actor: Actor) -> StatementReport:
    """Confirm the claims whose reference and amount stand in the statement.

    Raises ValidationError when it is no CSV with a column of amounts. Reading it again changes nothing.
    """
    received = list(_credits(_decoded(content)))
    wanted = {reference for credit in received for reference in credit.references}
    claims = (
        UpiClaim.objects.of(shop).filter(reference__in=wanted).select_related("payment__customer", "shop")
    )
    known = {claim.reference: claim for claim in claims}
    report = StatementReport()
    for credit in received:
        ours = [known[reference] for reference in credit.references if reference in known]
        for claim in ours:
            _settle(claim, credit.amount, report, actor)
        report.not_ours += not ours
    return report


def _settle(claim: UpiClaim, amount: Decimal, report: StatementReport, actor: Actor) -> None:
    if claim.amount != amount:
        report.other_amount.append((claim, amount))
        return
    try:
        confirm(claim, actor=actor)
    except ValidationError:
        report.decided_before.append(claim)
    else:
        report.confirmed.append(claim)


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        message = _("The file is not in UTF-8. Download the statement as CSV and choose that file.")
        raise ValidationError(message) from None


def _credits(text: str) -> Iterator[_Credit]:
    """The rows below the heading that bring money; banks put lines about the account above the heading."""
    column = None
    for row in csv.reader(StringIO(text), delimiter=max(DELIMITERS, key=text.count)):
        if column is None:
            column = _amount_column(row)
        elif column < len(row) and (amount := _rupees(row[column])):
            yield _Credit(amount, frozenset(REFERENCE.findall(" ".join(row).upper())))
    if column is None:
        message = _(
            "No column of this file is called %(names)s. Download the statement as CSV from the bank."
        )
        raise ValidationError(message % {"names": ", ".join(AMOUNT_COLUMNS)})


def _amount_column(row: Sequence[str]) -> int | None:
    """Where the heading names the money that came in; None for a row that is no heading."""
    for index, name in enumerate(row):
        plain = re.sub(r"\(.*?\)|[^a-z ]", " ", name.lower())
        if " ".join(plain.split()) in AMOUNT_COLUMNS:
            return index
    return None


def _rupees(text: str) -> Decimal | None:
    """`1,200.00`, `₹ 40`, `40.00 Cr`; None for what is no money received."""
    plain = re.sub(r"(?i)₹|rs\.?|inr|cr\.?$|[,\s]", "", text.strip())
    try:
        amount = Decimal(plain)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount > 0 else None
