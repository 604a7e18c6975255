"""Shops and the people who work in them: every function that makes or changes an account.

A password that somebody else handed out (a new account, a reset) is a one-time password: it works until it expires
and has to be replaced at the first sign-in. A new password, whoever sets it, ends the tokens of the user's devices.
"""

import secrets
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, TimestampSigner
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from knox.models import AuthToken

from watershop import audit, pins
from watershop.audit import Actor
from watershop.models import Membership, Right, Role, RoleRight, Shop, User
from watershop.roles import rights_of

ONE_TIME_PASSWORD_LIFE = timedelta(days=7)
# No letters or digits that look alike: it is read aloud and typed.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
DEMO_USERS = (
    ("owner", Role.OWNER, "Lakshmi"),
    ("meena", Role.MANAGER, "Meena"),
    ("ravi", Role.STAFF, "Ravi"),
)


class OneTimePasswordBackend(ModelBackend):
    """Django's own sign-in, which also refuses a one-time password that has expired."""

    def user_can_authenticate(self, user: Any) -> bool:
        expires_at = getattr(user, "password_expires_at", None)
        return super().user_can_authenticate(user) and (expires_at is None or expires_at > timezone.now())


def _random_password() -> str:
    return "-".join("".join(secrets.choice(ALPHABET) for _letter in range(4)) for _group in range(3))


def shop_named(slug: str | None) -> Shop:
    """The shop at this address, or the only one when no address is given. LookupError says what to do."""
    shops = list(Shop.objects.order_by("slug"))
    chosen = [shop for shop in shops if shop.slug == slug] if slug else shops
    if len(chosen) == 1:
        return chosen[0]
    if not shops:
        raise LookupError(_("There is no shop yet. Open one with `make shop` or `manage.py create_shop`."))
    slugs = ", ".join(shop.slug for shop in shops)
    raise LookupError(_("Say which shop with --shop: %(slugs)s.") % {"slugs": slugs})


def set_one_time_password(user: User) -> str:
    """Give the user a password that works once, for seven days, and return it: it is stored nowhere else."""
    password = _random_password()
    set_password(user, password, expires_at=timezone.now() + ONE_TIME_PASSWORD_LIFE)
    return password


@transaction.atomic
def set_password(user: User, password: str, *, expires_at: datetime | None = None) -> None:
    """Give the user this password, a one-time password where it expires; sessions and tokens of the old one end."""
    user.set_password(password)
    user.password_expires_at = expires_at
    user.save(update_fields=["password", "password_expires_at"])
    _sign_out_devices(user)


def _sign_out_devices(user: User) -> None:
    AuthToken.objects.filter(user=user).delete()


@transaction.atomic
def create_shop(*, slug: str, name: str, owner: User, actor: Actor, **fields: Any) -> Shop:
    """Open a shop with its owner. `fields` are further columns of Shop (zone, language, hours, is_demo)."""
    shop = Shop(slug=slug, name=name, **fields)
    shop.full_clean()
    shop.save()
    membership = Membership.objects.create(shop=shop, user=owner, role=Role.OWNER)
    audit.record(shop, actor, "create_shop", shop, after={"slug": slug, "name": name})
    audit.record(shop, actor, "add_member", membership, after={"user": owner.pk, "role": Role.OWNER})
    return shop


@transaction.atomic
def user_named(username: str, *, language: str, first_name: str = "") -> tuple[User, str]:
    """The user of this name with "", or a new one with a one-time password. ValidationError: no possible name."""
    user = User.objects.filter(username=username).first()
    if user is not None:
        return user, ""
    user = User(username=username, first_name=first_name, language=language)
    user.full_clean(exclude=["password"])
    user.save()
    return user, set_one_time_password(user)


@transaction.atomic
def hire(
    *, shop: Shop, username: str, role: Role, actor: Actor, language: str, first_name: str = ""
) -> tuple[User, str]:
    """Let the user of this name work in the shop, made with a one-time password (else "") where there is none.

    Raises ValidationError when the name is impossible or its user works here already.
    """
    user, password = user_named(username, language=language, first_name=first_name)
    add_member(shop=shop, user=user, role=role, actor=actor)
    return user, password


@transaction.atomic
def add_member(*, shop: Shop, user: User, role: Role, actor: Actor) -> Membership:
    """Let a user work in the shop in that role; somebody who left comes back.

    Raises ValidationError for somebody who works here: `change_role` is for them, and keeps an owner.
    """
    members = Membership.objects.select_for_update()
    membership, is_new = members.get_or_create(shop=shop, user=user, defaults={"role": role})
    if not is_new:
        if membership.is_active:
            raise ValidationError(_("%(name)s works here already.") % {"name": user.username})
        membership.role, membership.is_active = role, True
        membership.save(update_fields=["role", "is_active"])
    audit.record(shop, actor, "add_member", membership, after={"user": user.pk, "role": role})
    return membership


def _keep_an_owner(membership: Membership) -> None:
    owners = Membership.objects.select_for_update().filter(
        shop=membership.shop, role=Role.OWNER, is_active=True
    )
    if {row.pk for row in owners} <= {membership.pk}:
        raise ValidationError(_("A shop needs an owner. Make somebody else an owner first."))


@transaction.atomic
def change_role(membership: Membership, *, role: Role, actor: Actor) -> None:
    """Give a member another role; the last owner stays one."""
    if role != Role.OWNER:
        _keep_an_owner(membership)
    before = {"role": membership.role}
    membership.role = role
    membership.save(update_fields=["role"])
    audit.record(membership.shop, actor, "change_role", membership, before=before, after={"role": role})


@transaction.atomic
def set_active(membership: Membership, *, is_active: bool, actor: Actor) -> None:
    """Deactivate a member (they can't come in from the next request on), or let them back in.

    The devices of somebody who works nowhere any more are signed out.
    """
    if not is_active:
        _keep_an_owner(membership)
    membership.is_active = is_active
    membership.save(update_fields=["is_active"])
    if not membership.user.memberships.filter(is_active=True).exists():
        _sign_out_devices(membership.user)
    action = "activate_member" if is_active else "deactivate_member"
    audit.record(membership.shop, actor, action, membership, after={"is_active": is_active})


@transaction.atomic
def reset_member(membership: Membership, *, actor: Actor) -> str:
    """A one-time code for a member who forgot the password; the old password stops working.

    Somebody who also works in a shop that the actor doesn't own can only be reset there or by command.
    """
    elsewhere = Membership.objects.filter(user=membership.user).exclude(
        shop__in=Membership.objects.filter(user=actor.user, role=Role.OWNER, is_active=True).values("shop")
    )
    if membership.user.is_superuser or elsewhere.exists():
        raise ValidationError(
            _("This person also works elsewhere. Use `manage.py reset_password` on the server.")
        )
    return reset_password(membership.user, actor=actor)


@transaction.atomic
def reset_password(user: User, *, actor: Actor) -> str:
    """A one-time password for a user, noted in each shop where they work; the old one stops working."""
    password = set_one_time_password(user)
    for membership in Membership.objects.filter(user=user).select_related("shop"):
        audit.record(membership.shop, actor, "reset_password", membership)
    return password


@transaction.atomic
def set_right(*, shop: Shop, role: Role, right: Right, is_allowed: bool, actor: Actor) -> None:
    """Switch one right of one role on or off."""
    row, _is_new = RoleRight.objects.update_or_create(
        shop=shop, role=role, right=right, defaults={"is_allowed": is_allowed}
    )
    audit.record(
        shop, actor, "set_right", row, after={"role": role, "right": right, "is_allowed": is_allowed}
    )


@transaction.atomic
def switch_rights(*, shop: Shop, allowed: Mapping[Role, Collection[Right]], actor: Actor) -> None:
    """Switch the rights of these roles to what is allowed, and what is not named off."""
    for role, rights in allowed.items():
        before = rights_of(Membership(shop=shop, role=role))
        for right in Right:
            if (right in rights) != (right in before):
                set_right(shop=shop, role=role, right=right, is_allowed=right in rights, actor=actor)


def fresh_demo_sign_ins() -> list[tuple[str, str, str, str]]:
    """New passwords and PINs for the three people of the demo shop, as (username, role, password, PIN).

    They are made anew at each start and printed there; the practice till does not ask to replace them. Nobody of a
    real shop is touched, whatever they are called.
    """
    rows = []
    for username, role, _name in DEMO_USERS:
        for member in Membership.objects.filter(user__username=username, shop__is_demo=True):
            password = _random_password()
            set_password(member.user, password)
            pin = pins.set_random_pin(member, actor=Actor.command("run"))
            rows.append((username, str(role.label), password, pin))
    return rows


def _setup_nonce() -> Path:
    return Path(settings.VAR_DIR) / "setup_nonce"


def setup_link() -> str:
    """The path of the set-up page with its one-time token, for the terminal of the person who started the shop."""
    nonce = secrets.token_urlsafe(16)
    path = _setup_nonce()
    path.touch(mode=0o600)
    path.write_text(nonce)
    return f"{reverse('setup')}?token={TimestampSigner(salt='setup').sign(nonce)}"


def is_setup_token(token: str) -> bool:
    """Whether this is the token of the newest set-up link and no shop has been opened with it."""
    try:
        nonce = TimestampSigner(salt="setup").unsign(token, max_age=timedelta(days=1))
    except BadSignature:
        return False
    path = _setup_nonce()
    return path.exists() and secrets.compare_digest(path.read_text(), nonce) and not Shop.objects.exists()
