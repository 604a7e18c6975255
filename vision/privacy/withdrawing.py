"""A customer no longer wants to be known by their face: it goes at once, and so does all that rests on it."""

from django.db import transaction
from django.utils import timezone

from customers import book
from customers.models import Customer
from vision import decisions, gallery
from vision.models import Consent, Lesson, Person, Template
from watershop import audit
from watershop.audit import Actor
from watershop.models import Shop


@transaction.atomic
def withdraw(customer: Customer, actor: Actor) -> None:
    """End the open consent: who was tied to the customer is a bare code without a face from now on.

    So are those of merged accounts. Live cameras read who is known every few seconds. Who agrees
    again gives a new consent.
    """
    Shop.objects.select_for_update(no_key=True).get(pk=customer.shop_id)
    accounts = book.accounts_of(customer)
    for consent in Consent.objects.filter(customer__in=accounts, withdrawn_at=None).select_related(
        "customer"
    ):
        consent.withdrawn_at, consent.withdrawn_by = timezone.now(), actor.user
        consent.save(update_fields=["withdrawn_at", "withdrawn_by"])
        about = {"customer": consent.customer_id}
        audit.record(customer.shop, actor, "withdraw_consent", consent, after=about)
        forget_faces(consent.customer, actor)


@transaction.atomic
def forget_faces(customer: Customer, actor: Actor) -> None:
    """Forget everybody who is tied to a customer, and what was about to be learnt."""
    waiting = Lesson.objects.filter(customer=customer, state=Lesson.State.QUARANTINED)
    waiting.update(state=Lesson.State.REJECTED, why="consent", settled_at=timezone.now())
    tied = Person.objects.filter(customer=customer)
    for person in tied.filter(merged_into=None).order_by("pk"):
        decisions.forget(person, actor)
    tied.update(customer=None)  # of those merged into somebody who is not this customer
    gallery.drop(Template.objects.filter(consent__customer=customer))
