"""What a customer agrees to before the shop knows their face: the text, and the record of it.

A person is tied to a customer only while that customer's consent is open; the database holds that as well.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from customers.models import Customer
from vision.models import Consent, VisionSettings
from watershop import audit
from watershop.audit import Actor
from watershop.models import Shop

TEXT_VERSION = "2026-11"
"""Changes with every sentence below; an older consent keeps the version and the hash of what was shown then."""


class Item(NamedTuple):
    """One thing that somebody who is asked has to be told."""

    icon: str
    question: str
    answer: str


@dataclass(frozen=True)
class ConsentText:
    """The text in one language."""

    language: str
    title: str
    items: tuple[Item, ...]

    @property
    def sha256(self) -> str:
        """Of all the words that were shown, in hex."""
        said = [part for item in self.items for part in (item.question, item.answer)]
        return hashlib.sha256(
            "\n".join([TEXT_VERSION, self.language, self.title, *said]).encode()
        ).hexdigest()


@dataclass(frozen=True)
class Agreement:
    """To which text somebody agreed, and how they said so (a `Consent.How`)."""

    language: str
    text_sha256: str
    how: str = Consent.How.COUNTER


def text(shop: Shop, language: str) -> ConsentText:
    """What a customer of this shop agrees to, in that language, with the shop's own numbers."""
    kept = VisionSettings.of(shop)
    words = {"shop": shop.name, "days": kept.known_days, "picture_days": kept.picture_days}
    with translation.override(language):
        items = _items(keeps_pictures=kept.keeps_pictures)
        return ConsentText(
            language=language,
            title=_("May %(shop)s remember your face?") % words,
            items=tuple(item._replace(answer=item.answer % words) for item in items),
        )


def _items(*, keeps_pictures: bool) -> tuple[Item, ...]:
    """In the language of the moment; the answers have the names of words in them."""
    pictures = _(
        "Pictures of your face, taken here or by the cameras of the shop, for %(picture_days)s days, "
        "and numbers computed from them."
    )
    numbers = _("Numbers computed from pictures of your face. The pictures themselves are not kept.")
    use = _(
        "So that the counter knows you when you come: your account, your cans, your usual order. "
        "For nothing else, and nobody outside %(shop)s gets it."
    )
    rights = _(
        "A copy of all that is kept about you, its correction, and its erasure. Complain to the owner of "
        "%(shop)s first, then to the Data Protection Board of India."
    )
    until = _("Until you say no more; at most %(days)s days after your last visit.")
    withdrawal = _("Tell anybody at the counter, on any day. One press deletes your face at once.")
    otherwise = _("You are served just the same, at the same price: your name, phone number or card will do.")
    return (
        Item("eye", _("What is kept?"), pictures if keeps_pictures else numbers),
        Item("till", _("Why?"), use),
        Item("calendar", _("How long?"), until),
        Item("close", _("How do I say no more?"), withdrawal),
        Item("people", _("And if I say no?"), otherwise),
        Item("file", _("What else may I ask for?"), rights),
    )


def open_for(customer: Customer) -> Consent | None:
    """The consent that holds now, or None."""
    return Consent.objects.filter(customer=customer, withdrawn_at=None).first()


def require(customers: Collection[int]) -> None:
    """Raise ValidationError unless each of these customers (ids) agrees that the shop knows their face."""
    agreed = Consent.objects.filter(customer__in=customers, withdrawn_at=None).values("customer")
    if missing := Customer.objects.filter(pk__in=customers).exclude(pk__in=agreed).first():
        sentence = _(
            "%(customer)s has not agreed that the shop remembers their face. Read them the text first."
        )
        raise ValidationError(sentence % {"customer": missing})


@transaction.atomic
def give(customer: Customer, agreement: Agreement, actor: Actor) -> Consent:
    """Record that a customer agreed; if they have already, what stands is returned.

    Raises ValidationError when the account is closed, or the text is not the one that holds now.
    """
    customer = Customer.objects.select_for_update(of=("self",)).select_related("shop").get(pk=customer.pk)
    if standing := open_for(customer):
        return standing
    if not customer.is_active:
        raise ValidationError(_("This account is closed."))
    if agreement.language not in dict(settings.LANGUAGES) or (
        agreement.text_sha256 != text(customer.shop, agreement.language).sha256
    ):
        raise ValidationError(_("The text has changed meanwhile. Read it to them once more."))
    assert actor.user, "a consent is recorded by somebody"
    consent = Consent(
        shop=customer.shop,
        customer=customer,
        text_version=TEXT_VERSION,
        text_sha256=agreement.text_sha256,
        language=agreement.language,
        how=agreement.how,
        recorded_by=actor.user,
    )
    consent.clean_fields(exclude={"withdrawn_at", "withdrawn_by"})
    consent.save()
    about = {"customer": customer.pk, "text": TEXT_VERSION, "language": consent.language, "how": consent.how}
    audit.record(customer.shop, actor, "give_consent", consent, after=about)
    return consent
