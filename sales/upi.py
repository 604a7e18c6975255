"""UPI: the link and QR code that a payer scans, and the claims that somebody confirms.

No bank tells the shop that money came, so a UPI payment is *claimed* until a clerk or the bank's statement confirms it.
The parameters of the link are those of NPCI's UPI Linking Specifications 1.6.
"""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from hashlib import blake2b
from urllib.parse import quote, urlencode

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from sales.models import ZERO, Payment, Sale, SalesSettings, Tender, UpiClaim
from sales.qr_codes import Qr, qr_of
from watershop import audit
from watershop.audit import Actor
from watershop.models import Shop

LATE = timedelta(minutes=5)
"""Money entered later than this after it came was seen on its day: nobody waits for it."""
LONGEST_NOTE = 50


def reference(shop: Shop, client_ref: str) -> str:
    """The `tr` of a payment: alphanumeric, 18 characters, the same before and after the payment is entered."""
    digest = blake2b(f"{shop.pk}:{client_ref}".encode(), digest_size=8).hexdigest()
    return f"WS{digest.upper()}"


def link(*, upi_id: str, payee: str, reference: str, note: str, amount: Decimal) -> str:
    """`upi://pay` with the amount in rupees; the payer's app cannot change it."""
    fields = {
        "pa": upi_id,
        "pn": payee,
        "tr": reference,
        "tn": note[:LONGEST_NOTE],
        "am": f"{amount:.2f}",
        "cu": "INR",
    }
    return f"upi://pay?{urlencode(fields, quote_via=quote, safe='@')}"


def upi_id_of(shop: Shop) -> str:
    """The UPI id that buyers pay to, or "" while there is none."""
    return SalesSettings.objects.filter(shop=shop).values_list("upi_id", flat=True).first() or ""


def qr_code(shop: Shop, *, reference: str, note: str, amount: Decimal) -> Qr | None:
    """The code to pay this shop; None while the shop has no UPI id or there is nothing to pay."""
    upi_id = upi_id_of(shop)
    if not upi_id or amount <= 0:
        return None
    text = link(upi_id=upi_id, payee=shop.name, reference=reference, note=note, amount=amount)
    return qr_of(text)


def claim_qr(claim: UpiClaim, *, note: str) -> Qr | None:
    """The code to send what was claimed."""
    return qr_code(claim.shop, reference=claim.reference, note=note, amount=claim.amount)


def claim(payments: Iterable[tuple[Payment, str | None, Decimal]]) -> None:
    """Put the UPI payments among these on the list of what is to be confirmed.

    Each comes with the client_ref of its deed and the deposit in the same transfer; one without a client_ref (an
    import, a demo) or entered late claims nothing.
    """
    UpiClaim.objects.bulk_create(
        UpiClaim(
            shop=payment.shop,
            payment=payment,
            reference=reference(payment.shop, client_ref),
            deposit=max(deposit, ZERO),
        )
        for payment, client_ref, deposit in payments
        if client_ref and payment.tender == Tender.UPI and payment.recorded_at - payment.received_at < LATE
    )


def open_claim(sale: Sale) -> UpiClaim | None:
    """The claim on which this sale still waits."""
    claims = UpiClaim.objects.filter(shop=sale.shop_id, payment__allocations__sale=sale).open()
    return claims.select_related("payment", "shop").first()


def confirm(claim: UpiClaim, *, actor: Actor) -> None:
    """The money is there. Raises ValidationError when somebody decided before."""
    decide(claim, UpiClaim.State.CONFIRMED, actor=actor)


@transaction.atomic
def carry_over(before: Iterable[Payment], after: Iterable[Payment], *, actor: Actor) -> None:
    """Confirm what a corrected sale says came by UPI where as much was confirmed of the first entry."""
    seen = [payment.amount for payment in before if _is_confirmed(payment)]
    for claim in UpiClaim.objects.filter(payment__in=list(after)).open().select_related("payment", "shop"):
        if claim.payment.amount in seen:
            seen.remove(claim.payment.amount)
            confirm(claim, actor=actor)


def _is_confirmed(payment: Payment) -> bool:
    claim = getattr(payment, "upi_claim", None)
    return claim is not None and claim.state == UpiClaim.State.CONFIRMED


@transaction.atomic
def decide(claim: UpiClaim, state: UpiClaim.State, *, actor: Actor) -> None:
    """Write a decision, once; `ledger.payment_did_not_arrive` also takes the money off the books."""
    undecided = UpiClaim.objects.filter(pk=claim.pk).open()
    if not undecided.update(state=state, decided_at=timezone.now(), decided_by=actor.user):
        raise ValidationError(_("Somebody has decided on this payment already."))
    audit.record(
        claim.shop, actor, f"upi_{state}", claim.payment, before={"state": "claimed"}, after={"state": state}
    )


@transaction.atomic
def reopen(claim: UpiClaim, *, actor: Actor) -> None:
    """Take a confirmation back: the money waits to be seen again. Raises ValidationError where there is none."""
    confirmed = UpiClaim.objects.filter(pk=claim.pk, state=UpiClaim.State.CONFIRMED)
    if not confirmed.update(state=UpiClaim.State.CLAIMED, decided_at=None, decided_by=None):
        raise ValidationError(_("This payment is not confirmed."))
    audit.record(
        claim.shop,
        actor,
        "upi_reopened",
        claim.payment,
        before={"state": UpiClaim.State.CONFIRMED},
        after={"state": UpiClaim.State.CLAIMED},
    )
