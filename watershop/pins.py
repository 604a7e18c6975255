"""The PIN of a member: set, checked, and rested after too many wrong tries.

A PIN says which of the people at a signed-in device stands there; it is no password and opens no device by itself
(see watershop.locking). What guards its few digits is the count of tries, in the database: 5, then five minutes of
rest. Its hash is therefore a light one, 0.3 s on a slow and busy core: a clerk shall be in within 3 s.
"""

from datetime import timedelta

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from watershop import audit
from watershop.audit import Actor
from watershop.models import Membership, Shop

FEWEST_DIGITS, MOST_DIGITS = 4, 6
MOST_TRIES = 5
REST = timedelta(minutes=5)
HASHER, ITERATIONS = PBKDF2PasswordHasher(), 200_000
RUNS = ("01234567890", "09876543210")


def members_with_pin(shop: Shop) -> QuerySet[Membership]:
    """Who can come in by PIN: active members who have one, and a password of their own."""
    members = Membership.objects.filter(shop=shop, is_active=True, user__is_active=True)
    own_password = members.filter(user__password_expires_at=None)
    with_pin = own_password.exclude(pin="").select_related("user", "shop")
    return with_pin.order_by("user__first_name", "user__username")


def refuse_weak(digits: str) -> None:
    """Raise ValidationError for what is no PIN, or one that anybody would try first: 0000, 1234, 4321, 1212."""
    if not (digits.isascii() and digits.isdecimal() and FEWEST_DIGITS <= len(digits) <= MOST_DIGITS):
        raise ValidationError(_("A PIN has 4 to 6 digits."))
    is_repeated = digits in ((digits[:2] * 3)[: len(digits)], digits[0] * len(digits))
    if is_repeated or any(digits in run for run in RUNS):
        raise ValidationError(_("This PIN is too easy to guess. Choose another one."))


@transaction.atomic
def set_pin(membership: Membership, digits: str, *, actor: Actor) -> None:
    """Give a member this PIN, fresh of all wrong tries. Raises ValidationError for a weak one."""
    refuse_weak(digits)
    membership.pin = HASHER.encode(digits, HASHER.salt(), ITERATIONS)
    membership.pin_digits = len(digits)
    membership.pin_tries, membership.pin_rests_until = 0, None
    membership.save(update_fields=["pin", "pin_digits", "pin_tries", "pin_rests_until"])
    audit.record(membership.shop, actor, "pin_set", membership)


def set_random_pin(membership: Membership, *, actor: Actor) -> str:
    """Give a member a PIN that nobody chose, and return it: it is stored nowhere else."""
    while True:
        digits = get_random_string(FEWEST_DIGITS, "0123456789")
        try:
            set_pin(membership, digits, actor=actor)
        except ValidationError:  # one of the few that are too easy
            continue
        return digits


def identify(shop: Shop, pk: str, digits: str, *, actor: Actor) -> Membership:
    """The member of this shop with this id, if the digits are their PIN; `actor` sits at the device.

    Raises ValidationError with what to say: nobody chosen, wrong, or too many wrong tries.
    """
    membership = members_with_pin(shop).filter(pk=pk).first() if pk.isdecimal() else None
    if membership is None:
        raise ValidationError(_("Choose who you are."))
    is_last_try = _take_try(membership)
    if HASHER.verify(digits, membership.pin):
        Membership.objects.filter(pk=membership.pk).update(pin_tries=0, pin_rests_until=None)
        return membership
    if not is_last_try:
        raise ValidationError(_("This PIN is wrong. Try again."))
    audit.record(shop, actor, "pin_wrong_limit", membership)
    raise _rests(membership)


def _take_try(membership: Membership) -> bool:
    """Count this try before it is checked, so that tries at the same time can't be more; whether it is the last.

    Raises ValidationError while the PIN rests.
    """
    now = timezone.now()
    awake = Membership.objects.filter(Q(pin_rests_until=None) | Q(pin_rests_until__lte=now), pk=membership.pk)
    if awake.filter(pin_tries__lt=MOST_TRIES - 1).update(pin_tries=F("pin_tries") + 1):
        return False
    if awake.update(pin_tries=0, pin_rests_until=now + REST):
        return True
    raise _rests(membership)


def _rests(membership: Membership) -> ValidationError:
    return ValidationError(
        _("Too many wrong PINs. The PIN of %(name)s rests for five minutes; the password works."),
        params={"name": membership.user.get_full_name() or membership.user.username},
    )
