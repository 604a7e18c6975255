"""A sale that named its customer teaches whose face its visit shows: slowly, checked, and reversibly.

A link that somebody confirmed makes a lesson; so does one that is sure without any face (else faces would prove
themselves) while nobody else was near the counter. It stays in quarantine until the customer has agreed and
the face is good, near to the person's own others, and to nobody else's.
"""

from collections.abc import Iterable, Iterator, Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from vision import alike, decisions, gallery
from vision.config import VisionConfig
from vision.models import Denial, Lesson, Person, SaleLink, Template
from vision.pipeline import eye
from vision.privacy import consents
from watershop.audit import Actor
from watershop.models import Shop

SURE = 0.98
WAITS = "consent"
BY_ITSELF = Actor.task("teaching")
State = Lesson.State


def consider(shop: Shop, sales: Iterable[int]) -> None:
    """Make lessons of the links of these sales (ids) that teach something, and learn what passes."""
    for link in _able(shop, sales):
        person = link.visit.person
        assert person and link.sale.customer
        about = {"shop": shop, "customer": link.sale.customer, "person": person}
        lesson, _is_new = Lesson.objects.get_or_create(link=link, defaults=about)
        settle(lesson)


def _able(shop: Shop, sales: Iterable[int]) -> Iterator[SaleLink]:
    """Links of named sales to somebody of whom nobody has said who it is, without a lesson so far."""
    alone = Q(state=SaleLink.State.LINKED, because__alone__gte=SURE, because__near=1)
    links = SaleLink.objects.filter(
        Q(state=SaleLink.State.CONFIRMED) | alone, shop=shop, sale__in=list(sales)
    )
    for pk in list(links.values_list("pk", flat=True)):  # few; joins over many sales cost more than one each
        link = SaleLink.objects.select_related("sale__customer", "visit__person__customer", "lesson").get(
            pk=pk
        )
        person = link.visit.person
        if link.sale.customer and person and not person.is_described and not hasattr(link, "lesson"):
            yield link


def settle_waiting(shop: Shop) -> None:
    """Learn what waited for a consent that has come."""
    waiting = Lesson.objects.filter(shop=shop, state=State.QUARANTINED)
    for lesson in waiting.filter(customer__consents__withdrawn_at=None, customer__consents__isnull=False):
        settle(lesson)


def settle(lesson: Lesson) -> None:
    """Let a lesson in quarantine pass, fail, or wait on; what passes ties the person to the customer."""
    lesson = _lessons().get(pk=lesson.pk)
    fault = _fault(lesson)
    with transaction.atomic():
        Shop.objects.select_for_update(no_key=True).get(pk=lesson.shop_id)
        # Somebody may have said who it is while the faces were compared.
        if now := _lessons().filter(pk=lesson.pk, state=State.QUARANTINED).first():
            _settle(now, _objection(now) or fault)


def _settle(lesson: Lesson, fault: str) -> None:
    lesson.why = fault
    if fault and fault != WAITS:
        lesson.state, lesson.settled_at = State.REJECTED, timezone.now()
    elif not fault:
        try:
            lesson.event = decisions.name(lesson.person, {"customer": lesson.customer}, BY_ITSELF)
            lesson.state, lesson.settled_at = State.LEARNT, timezone.now()
        except ValidationError:  # withdrawn a moment ago
            lesson.why = WAITS
    lesson.save(update_fields=["why", "state", "settled_at", "event"])


def _lessons() -> QuerySet[Lesson]:
    return Lesson.objects.select_related("shop", "customer", "person__customer", "link__visit__person")


def _fault(lesson: Lesson) -> str:
    """What a lesson fails or waits for; empty when it passes."""
    if objection := _objection(lesson):
        return objection
    person, visit, config = lesson.person, lesson.link.visit, eye()
    own = person.templates.filter(model_id=config.model_id)
    news = gallery.good(own.filter(tracklet__visit=visit))
    if not news:
        return "quality"
    held = gallery.good(own.filter(is_enrolled=True).exclude(tracklet__visit=visit))
    if held and gallery.farthest(news, held) > config.accept_at:
        return "outlier"
    if _is_nearer_to_others(lesson, news, config):
        return "other_person"
    return "" if consents.open_for(lesson.customer) else WAITS


def _objection(lesson: Lesson) -> str:
    """What somebody, or another sale, has said that a lesson fails by, whatever the face looks like; empty: nothing."""
    person = lesson.person
    if lesson.link.visit.person_id != person.pk or person.is_described or _contradicts(lesson):
        return "other_person"
    return "denied" if _is_denied(lesson) else ""


def _contradicts(lesson: Lesson) -> bool:
    """Whether another sale says that this person is somebody else, and nobody has said that it was not theirs."""
    others = Lesson.objects.filter(person=lesson.person).exclude(customer=lesson.customer)
    return others.exclude(Q(state=State.TAKEN_BACK) | Q(link__state=SaleLink.State.REFUSED)).exists()


def _is_denied(lesson: Lesson) -> bool:
    """Whether somebody said that this face is not the customer, or took the same lesson back."""
    faces = Denial.objects.filter(person__customer=lesson.customer, tracklet__person=lesson.person)
    before = Lesson.objects.filter(person=lesson.person, customer=lesson.customer, state=State.TAKEN_BACK)
    return faces.exists() or before.exists()


def _is_nearer_to_others(lesson: Lesson, news: Sequence[Template], config: VisionConfig) -> bool:
    """Whether the face may be of another customer, of somebody who works here, or is not the one this customer has."""
    away = alike.away(lesson.shop, news, config)
    described = Person.objects.filter(pk__in=away).exclude(pk=lesson.person_id)
    others = described.exclude(customer=lesson.customer).exclude(customer=None, is_shop_staff=False)
    own = described.filter(customer=lesson.customer).values_list("pk", flat=True)
    if any(away[pk] <= config.review_at for pk in others.values_list("pk", flat=True)):
        return True
    return bool(own) and min(away[pk] for pk in own) > config.review_at


def unlearn(link: SaleLink, actor: Actor) -> None:
    """Take back what a link has taught. Raises ValidationError where something rests on it."""
    lesson = Lesson.objects.select_related("event").filter(link=link).first()
    if lesson and lesson.event and lesson.state == State.LEARNT:
        decisions.undo(lesson.event, actor)
    elif lesson and lesson.state == State.QUARANTINED:
        lesson.delete()
