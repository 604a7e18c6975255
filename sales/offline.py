"""What a till takes along for the time without the server: codes, initials, prices, and who its clerk is."""

import unicodedata
from datetime import timedelta
from typing import Any

from django.core import signing
from django.db.models import Sum
from django.utils import timezone

from customers.models import Customer
from sales.models import CanType, CustomerPrice, DepositEntry, Sale, SaleLine
from sales.pricelist import priced
from watershop.models import Membership, Shop, User

# Without 0 and O, 1, I and L; a prime number of letters, so that the check letter finds every slip of one letter
# and every swap of two neighbours.
LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LETTERS = 6
CLERK_SALT = "sales.offline.clerk"
USUAL_OF = timedelta(days=90)


def slip_code(client_ref: str) -> str:
    """The short code on an offline slip, such as `K7Q-2MXA`: six letters of the deed's key and a check letter.

    `static/js/offline/outbox.js` makes the same one.
    """
    number = int(client_ref.replace("-", "")[:12], 16) % len(LETTERS) ** CODE_LETTERS
    digits = [number // len(LETTERS) ** place % len(LETTERS) for place in reversed(range(CODE_LETTERS))]
    check = sum(place * digit for place, digit in enumerate(digits, start=1)) % len(LETTERS)
    code = "".join(LETTERS[digit] for digit in (*digits, check))
    return f"{code[:3]}-{code[3:]}"


def as_slip(text: str) -> str:
    """A slip's code as it is stored, from what somebody typed."""
    code = "".join(filter(str.isalnum, text)).upper()
    return f"{code[:3]}-{code[3:]}"


def initials(name: str) -> str:
    """The first letter of the first two words, in any script; a vowel sign stays with its consonant."""
    return "".join(_first_letter(word) for word in name.split()[:2])


def _first_letter(word: str) -> str:
    letter = word[0].upper()
    for sign in word[1:]:
        if not unicodedata.category(sign).startswith("M"):
            break
        letter += sign
    return letter


def clerk_stamp(shop: Shop, clerk: User) -> str:
    """A signed word that this clerk stands at this device; what they do offline stays theirs."""
    return signing.dumps([shop.pk, clerk.pk], salt=CLERK_SALT)


def clerk_of(shop: Shop, stamp: str) -> User | None:
    """The clerk whom the stamp names, if it is ours and they still work here."""
    try:
        shop_id, clerk_id = signing.loads(stamp, salt=CLERK_SALT)
    except signing.BadSignature:
        return None
    members = Membership.objects.filter(shop=shop, user=clerk_id, is_active=True).select_related("user")
    member = members.first() if shop_id == shop.pk else None
    return member.user if member else None


def book(shop: Shop) -> dict[str, Any]:
    """`sizes` on sale, and `customers` as [id, code, initials, own prices, usual, keeps cans free, deposits held].

    No name and no phone. Prices are decimal texts by size id; the usual is a number of cans by size id, of whoever
    bought lately; a deposit is [cans, decimal text] by size id.
    """
    own, usual, held = _own_prices(shop), _usuals(shop), _deposits(shop)
    customers = Customer.objects.of(shop).active().order_by("code")
    rows = customers.values_list("pk", "code", "name", "keeps_cans_free")
    return {
        "sizes": [
            {"id": size.pk, "name": size.name, "price": str(size.price)}
            for size in priced(CanType.objects.of(shop).on_sale())
        ],
        "customers": [
            [pk, code, initials(name), own.get(pk, {}), usual.get(pk, {}), is_free, held.get(pk, {})]
            for pk, code, name, is_free in rows
        ],
    }


def _own_prices(shop: Shop) -> dict[int, dict[int, str]]:
    rows = CustomerPrice.objects.filter(shop=shop, since__lte=timezone.now())
    latest = rows.order_by("customer_id", "can_type_id", "-since", "-id").distinct(
        "customer_id", "can_type_id"
    )
    prices: dict[int, dict[int, str]] = {}
    for row in latest:
        if row.price is not None:
            prices.setdefault(row.customer_id, {})[row.can_type_id] = str(row.price)
    return prices


def _deposits(shop: Shop) -> dict[int, dict[int, tuple[int, str]]]:
    """What is held of each customer's money for cans, where something is."""
    rows = DepositEntry.objects.filter(shop=shop, customer__isnull=False).order_by()
    held: dict[int, dict[int, tuple[int, str]]] = {}
    for customer, size, cans, amount in rows.values_list("customer_id", "can_type_id").annotate(
        Sum("cans"), Sum("amount")
    ):
        if cans or amount:
            held.setdefault(customer, {})[size] = (cans, str(amount))
    return held


def _usuals(shop: Shop) -> dict[int, dict[int, int]]:
    """What each customer bought last, of the sizes that are still sold."""
    lately = Sale.objects.of(shop).filter(customer__isnull=False, sold_at__gte=timezone.now() - USUAL_OF)
    last = lately.standing().order_by("customer_id", "-sold_at", "-id").distinct("customer_id")
    lines = SaleLine.objects.filter(shop=shop, sale__in=last.values("pk"), can_type__retired_at=None)
    usuals: dict[int, dict[int, int]] = {}
    for customer, size, quantity in lines.values_list("sale__customer_id", "can_type_id", "quantity"):
        usuals.setdefault(customer, {})[size] = quantity
    return usuals
