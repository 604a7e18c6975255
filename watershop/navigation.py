"""What every page's frame needs: the shop, the member's rights, and the links of the main navigation."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from watershop.models import Right, Role
from watershop.roles import ShopRequest, has_role


@dataclass(frozen=True)
class Link:
    """A place in the main navigation: URL name under /s/<slug>/, label, icon, and who sees it."""

    name: str
    label: Any
    icon: str
    role: Role = Role.STAFF
    right: Right | None = None


LINKS = (
    Link("till", _("Till"), "till"),
    Link("sales", _("Sales"), "receipt"),
    Link("customers", _("Customers"), "people"),
    Link("visits", _("Visits"), "eye", right=Right.SEE_FACES),
    Link("dashboard", _("Dashboard"), "chart", right=Right.SEE_TOTALS),
    Link("drawer", _("Drawer"), "cash"),
    Link("manage", _("Manage"), "dues", role=Role.MANAGER),
    Link("upi_claims", _("UPI payments"), "upi"),
    Link("staff", _("Staff"), "key", role=Role.OWNER),
    Link("shop_settings", _("Shop"), "settings", role=Role.OWNER),
)


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `is_practice`; inside a shop also `shop`, `membership`, `rights` and `nav`."""
    frame = {"is_practice": settings.DEMO}
    if not hasattr(request, "membership"):
        return frame
    inside: ShopRequest = request  # type: ignore[assignment]
    return frame | {
        "shop": inside.shop,
        "membership": inside.membership,
        "rights": inside.rights,
        "nav": [
            {
                "url": (url := reverse(link.name, args=[inside.shop.slug])),
                "label": link.label,
                "icon": link.icon,
                "is_current": request.path.startswith(url),
            }
            for link in LINKS
            if has_role(inside.membership, link.role) and (link.right is None or link.right in inside.rights)
        ],
    }
