"""Opening a real shop from the set-up page, in one go, and changing later what that page asked for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from sales import pricelist
from sales.models import SalesSettings
from watershop import accounts, audit
from watershop.audit import Actor
from watershop.models import Role, Shop, User


@dataclass(frozen=True)
class Opened:
    """What the set-up page shows afterwards; `clerk_password` works once, and is "" for a known user."""

    shop: Shop
    owner: User
    clerk: User | None
    clerk_password: str


@transaction.atomic
def open_shop(
    *,
    shop_name: str,
    slug: str,
    language: str,
    upi_id: str,
    username: str,
    password: str,
    clerk: str,
    can_types: Iterable[dict[str, Any]],
) -> Opened:
    """Open the shop. Raises ValidationError when a user name or a can size can't be used; then nothing is stored."""
    owner = User(username=username, language=language)
    owner.set_password(password)
    owner.full_clean()
    owner.save()
    actor = Actor(owner, "web setup")
    shop = accounts.create_shop(slug=slug, name=shop_name, owner=owner, actor=actor, language=language)
    equip(shop, can_types=can_types, upi_id=upi_id, actor=actor)
    if not clerk:
        return Opened(shop, owner, None, "")
    user, clerk_password = accounts.hire(
        shop=shop, username=clerk, role=Role.STAFF, language=language, actor=actor
    )
    return Opened(shop, owner, user, clerk_password)


@transaction.atomic
def equip(shop: Shop, *, can_types: Iterable[Mapping[str, Any]], actor: Actor, upi_id: str = "") -> None:
    """Give a new shop what it sells with: its settings and its price list."""
    settings = SalesSettings(shop=shop, upi_id=upi_id)
    settings.full_clean()
    settings.save()
    for row in can_types:
        pricelist.add_can_type(shop=shop, name=row["code"], actor=actor, **row)


@transaction.atomic
def change_shop(shop: Shop, *, upi_id: str, actor: Actor, **fields: Any) -> Shop:
    """Change what the shop is called, its language, hours (`fields`, columns of Shop) or UPI id.

    Raises ValidationError; then nothing is changed.
    """
    settings, _is_new = SalesSettings.objects.get_or_create(shop=shop)
    audit.change(settings, actor, "change_selling", {"upi_id": upi_id})
    return audit.change(shop, actor, "change_shop", fields)
