"""The manager's panel: one tile for each thing that wants looking after, with a number that says how much."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from sales.collecting import breakers
from sales.defaulters import debtors, defaulters
from sales.models import RuleCard, UpiClaim
from watershop.models import Message, Right, Role, Shop
from watershop.roles import ShopRequest, has_role, shop_page


@dataclass(frozen=True)
class Tile:
    """A page the manager reaches from here: URL name, label, icon, a line that says what for, and who sees it.

    `count` gives the number worth knowing; `query` is what follows the address, like "?group=broken".
    """

    name: str
    label: Any
    icon: str
    hint: Any
    role: Role = Role.MANAGER
    right: Right | None = None
    count: Callable[[Shop], int] | None = None
    query: str = ""


def _late(shop: Shop) -> int:
    return len(defaulters(shop))


def _broken(shop: Shop) -> int:
    return len(breakers(shop, debtors(shop)))


def _waiting(shop: Shop) -> int:
    return Message.objects.of(shop).waiting().count()


def _unconfirmed(shop: Shop) -> int:
    return UpiClaim.objects.of(shop).open().count()


def _undecided(shop: Shop) -> int:
    return RuleCard.objects.of(shop).open().count()


TILES = (
    Tile("defaulters", _("Defaulters"), "alert", _("Who is late with paying"), count=_late),
    Tile(
        "defaulters",
        _("Broken promises"),
        "calendar",
        _("Said they would pay, and did not"),
        count=_broken,
        query="?group=broken",
    ),
    Tile("call_list", _("Call list"), "phone", _("Whom to call, on one sheet")),
    Tile("notebook", _("Notebook"), "upload", _("Customers, dues and cans from a sheet")),
    Tile("doubles", _("Likely doubles"), "people", _("One customer, two accounts")),
    Tile("outbox", _("Messages"), "audit", _("Reminders that wait, went out or failed"), count=_waiting),
    Tile("upi_claims", _("UPI payments"), "upi", _("Not seen at the bank yet"), count=_unconfirmed),
    Tile("rule_cards", _("Broken rules"), "warning", _("What the till did offline"), count=_undecided),
    Tile("queues", _("To decide"), "eye", _("What till and camera find odd"), right=Right.SEE_FACES),
    Tile("can_types", _("Cans"), "can", _("Sizes, prices, deposits")),
    Tile("stock", _("Stock"), "drop", _("Full and empty cans, refills, counts")),
    Tile("drawer_sessions", _("Drawer"), "cash", _("Each closing and its variance")),
    Tile("drawer_day", _("Close of the day"), "receipt", _("The day in figures"), right=Right.SEE_TOTALS),
    Tile("cards", _("Customer cards"), "people", _("A card with a code to scan, for each customer")),
    Tile("printers", _("Printers"), "print", _("Printers, and what stands on each receipt")),
    Tile("cameras", _("Cameras"), "video", _("Where they are, how they hang"), right=Right.SEE_FACES),
    Tile("privacy", _("Privacy"), "lock", _("What is kept of faces, and for how long")),
    Tile("sales_import", _("Import"), "upload", _("Sales from a file"), right=Right.EXPORT),
    Tile(
        "defaulter_rule", _("Rule for defaulters"), "settings", _("The shop's rule in words"), role=Role.OWNER
    ),
)


@shop_page(role=Role.MANAGER)
def manage(request: ShopRequest) -> HttpResponse:
    """Everything a manager looks after, each with its number."""
    tiles = [
        {
            "url": reverse(tile.name, args=[request.shop.slug]) + tile.query,
            "label": tile.label,
            "icon": tile.icon,
            "hint": tile.hint,
            "count": tile.count(request.shop) if tile.count else None,
        }
        for tile in TILES
        if has_role(request.membership, tile.role) and (tile.right is None or tile.right in request.rights)
    ]
    return render(request, "sales/manage.html", {"tiles": tiles})
