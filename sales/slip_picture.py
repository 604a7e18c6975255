"""A receipt as dots, eight to the millimetre: the words of `slips` in the letters of `lettering`."""

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from PIL import Image

from sales.lettering import Paper, shape, wrap
from sales.models import PaperWidth
from sales.slips import Receipt

DOTS = {PaperWidth.NARROW: 384, PaperWidth.WIDE: 576}
"""How many dots the head of such a printer has; the rest of the paper stays white."""
SIZE = {PaperWidth.NARROW: 22, PaperWidth.WIDE: 26}
"""Of plain letters, in dots."""
GAP = 12
NORMAL, BOLD = 500, 700


def picture_of(receipt: Receipt, width: PaperWidth) -> Image.Image:
    """The receipt in black and white, as wide as the head of the printer."""
    paper, size = Paper(DOTS[width]), SIZE[width]
    _flush(paper, receipt.shop, size * 3 // 2, BOLD, align=0.5)
    paper.rule()
    for label, value in receipt.facts:
        _pair(paper, label, value, size)
    paper.rule()
    for item in receipt.items:
        _pair(paper, f"{item.name}  {item.count}", item.amount, size)
    paper.rule()
    _pair(paper, *receipt.total, size * 3 // 2, BOLD)
    for label, value in (*receipt.taxes, *receipt.settled):
        _pair(paper, label, value, size)
    paper.rule()
    _flush(paper, receipt.thanks, size, NORMAL, align=0.5)
    return paper.picture()


def sample(shop_name: str, width: PaperWidth) -> Image.Image:
    """A slip that shows whether every language of the shop prints, and both edges of the paper."""
    paper, size = Paper(DOTS[width]), SIZE[width]
    _flush(paper, shop_name, size * 3 // 2, BOLD, align=0.5)
    paper.rule()
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            _pair(paper, _("Thank you. Please bring our cans back."), "₹1,23,456.50", size)
    paper.rule()
    _pair(paper, "|", "|", size)
    return paper.picture()


def _pair(paper: Paper, left: str, right: str, size: int, weight: int = NORMAL) -> None:
    """Left and right on one line, or the right one below where it would leave too little room."""
    beside = paper.width - shape(right, size, weight)[1] - GAP
    if beside < paper.width / 3:
        _flush(paper, left, size, weight, align=0)
        _flush(paper, right, size, weight, align=1)
        return
    paper.write(right, size=size, weight=weight, room=paper.width, x=paper.width, align=1)
    for line in wrap(left, size, weight, beside):
        paper.write(line, size=size, weight=weight, room=beside)
        paper.feed(size)


def _flush(paper: Paper, text: str, size: int, weight: int, *, align: float) -> None:
    """As many lines as the text needs: to the left edge (0), centred (0.5) or to the right one (1)."""
    for line in wrap(text, size, weight, paper.width):
        paper.write(line, size=size, weight=weight, room=paper.width, x=align * paper.width, align=align)
        paper.feed(size)
