"""QR codes as pictures for a page: one SVG path, black on white, in any theme."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import segno

QUIET_ZONE = 4


@dataclass(frozen=True)
class Qr:
    """A QR code as an SVG path in a square of `size` units, quiet zone included, and the text that it holds."""

    text: str
    size: int
    path: str


def qr_of(text: str) -> Qr:
    """The code of a text; a seventh of it may be dirty or torn (level M)."""
    rows = list(segno.make_qr(text, error="m").matrix_iter(border=QUIET_ZONE))
    return Qr(text, len(rows), "".join(_runs(rows)))


def _runs(rows: list[Any]) -> Iterable[str]:
    """Each run of dark modules of each row as a rectangle of a path."""
    for y, row in enumerate(rows):
        x = 0
        for is_dark, run in groupby(row):
            length = len(list(run))
            if is_dark:
                yield f"M{x} {y}h{length}v1h-{length}z"
            x += length
