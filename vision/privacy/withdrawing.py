"""A customer no longer wants to be known by their face: it goes at once, and so does all that rests on it."""

from django.db import transaction
from django.utils import timezone

from customers.models import Customer
from vision import decisions, gallery
from vision.models import Lesson, Person, Template
from vision.privacy import consents
from watershop import audit
from watershop.audit import Actor
from watershop.models import Shop


@transaction.atomic
def withdraw(customer: Customer, actor: Actor) -> None:
    """End the open consent: who was tied to the customer is a bare code without a face from now on.

    Live cameras read who is known every few seconds. Who agrees again gives a new consent.
    """
    Shop.objects.select_for_update(no_key=True).get(pk=customer.shop_id)
    consent = consents.open_for(customer)
    if consent is None:
        return
    consent.withdrawn_at, consent.withdrawn_by = timezone.now(), actor.user
    consent.save(update_fields=["withdrawn_at", "withdrawn_by"])
    audit.record(customer.shop, actor, "withdraw_consent", consent, after={"customer": customer.pk})
    forget_faces(customer, actor)


@transaction.atomic
def forget_faces(customer: Customer, actor: Actor) -> list[int]:
    """Forget everybody who is tied to a customer, and what was about to be learnt; the persons (ids)."""
    waiting = Lesson.objects.filter(customer=customer, state=Lesson.State.QUARANTINED)
    waiting.update(state=Lesson.State.REJECTED, why="consent", settled_at=timezone.now())
    people = list(Person.objects.filter(customer=customer, merged_into=None).order_by("pk"))
    for person in people:
        decisions.forget(person, actor)
    gallery.drop(Template.objects.filter(consent__customer=customer))
    return [person.pk for person in people]
