"""A customer who agreed stands still for a few pictures: which of them will do, and whose face it is by then.

A picture that will do is kept as nobody's until it is certain that nobody else on the list has that face.
"""

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.models import Customer
from vision import decisions, gallery, pipeline
from vision.config import VisionConfig
from vision.models import Consent, Person, Template, VisionSettings
from vision.persons import search
from vision.portraits import Portrait, PortraitFace, looked_at
from vision.privacy import consents
from watershop import audit
from watershop.audit import Actor
from watershop.models import Shop

LEAST_PX = 80.0
"""Somebody who stands still for it can come nearer than people come to a camera on the wall."""
ENOUGH = 3
"""Different pictures of a face: fewer know it only as it looked at one moment."""

UNREADABLE, NOBODY, SEVERAL, OTHER = "unreadable", "nobody", "several", "other"
VERDICTS = {
    "": gettext_lazy("Good"),
    UNREADABLE: gettext_lazy("Not a picture"),
    NOBODY: gettext_lazy("No face: look into the camera"),
    SEVERAL: gettext_lazy("Two faces: one person alone, please"),
    OTHER: gettext_lazy("Not the same face as in the other pictures"),
    "edge": gettext_lazy("Cut off: into the middle, please"),
    "width": gettext_lazy("Too small: come nearer"),
    "score": gettext_lazy("Hard to see: nothing before the face, please"),
    "pose": gettext_lazy("Turned away: a little less"),
    "blur": gettext_lazy("Blurred: stand still, wipe the lens"),
    "quality": gettext_lazy("Too poor: nearer and lighter"),
    "dark": gettext_lazy("Too dark: turn to the light"),
    "glaring": gettext_lazy("Too bright: out of the sun"),
}


def take(
    customer: Customer, pictures: Sequence[bytes], actor: Actor, *, is_another: bool = False
) -> list[str]:
    """Keep what will do of these pictures (bytes of files); why each does not (of VERDICTS), empty where it does.

    `is_another`: somebody else of the household. Raises ValidationError without a consent, EngineUnavailable.
    """
    consents.require([customer.pk])
    config = pipeline.eye().with_changes(shot_min_px=LEAST_PX)
    seen = looked_at(pictures, config)  # seconds of work, so before the transaction
    verdicts = [verdict_of(portrait) for portrait in seen]
    good = [portrait[0] for portrait, verdict in zip(seen, verdicts, strict=True) if portrait and not verdict]
    others = iter(_keep(customer, good, config, actor, is_another=is_another))
    return [verdict or next(others) for verdict in verdicts]


def verdict_of(portrait: Portrait | None) -> str:
    """Why a picture will not do (of VERDICTS); empty where it will."""
    if portrait is None:
        return UNREADABLE
    if not portrait:
        return NOBODY
    widest, *others = portrait
    if any(face.px > widest.px / 2 for face in others):  # smaller ones are passers-by
        return SEVERAL
    return widest.verdict


@transaction.atomic
def _keep(
    customer: Customer, faces: Sequence[PortraitFace], config: VisionConfig, actor: Actor, *, is_another: bool
) -> list[str]:
    """Keep those that are one person's; for each OTHER or empty."""
    consent = _hold(customer)
    beside = list(_waiting(consent)) or ([] if is_another else _own(customer, config))
    keeps_picture = VisionSettings.of(customer.shop).keeps_pictures
    verdicts = []
    for face in faces:
        is_other = bool(beside) and gallery.distance(face.vector, beside) > config.continue_at
        verdicts.append(OTHER if is_other else "")
        if not is_other:
            beside.append(gallery.add_portrait(consent, face, config, keeps_picture=keeps_picture))
    if looks_like(customer, config) is None:
        _hand_over(customer, consent, config, actor)
    return verdicts


def _hold(customer: Customer) -> Consent:
    """The open consent; nobody else decides who is who until this transaction ends. Raises ValidationError."""
    Shop.objects.select_for_update(no_key=True).get(pk=customer.shop_id)
    consents.require([customer.pk])
    return Consent.objects.select_related("shop").get(customer=customer, withdrawn_at=None)


def _waiting(consent: Consent) -> list[Template]:
    return list(Template.objects.filter(consent=consent, person=None).order_by("pk"))


def waiting(customer: Customer) -> list[Template]:
    """The pictures of which nobody has said yet whose face they show."""
    consent = consents.open_for(customer)
    return _waiting(consent) if consent else []


def taken(customer: Customer) -> list[Template]:
    """All pictures that the customer stood still for under the open consent, those that wait too."""
    return list(
        Template.objects.filter(consent=consents.open_for(customer), consent__isnull=False).order_by("pk")
    )


def _people(customer: Customer) -> list[Person]:
    return list(Person.objects.filter(customer=customer, merged_into=None).order_by("pk"))


def _own(customer: Customer, config: VisionConfig) -> list[Template]:
    """The faces of those who buy on this account."""
    own = Template.objects.filter(person__in=_people(customer), model_id=config.model_id)
    return list(own.order_by("pk"))


def looks_like(customer: Customer, config: VisionConfig) -> Person | None:
    """Who, beside those of the account, has the face of the pictures that wait, or may have it."""
    rows = [row for row in waiting(customer) if row.model_id == config.model_id]
    if not rows:
        return None
    known = gallery.known(customer.shop, config.model_id)
    own = {person.pk for person in _people(customer)}
    found = search(gallery.mean_of_portraits(rows), known, config.bar(float("inf")), config.margin, but=own)
    nearest = found.person or found.candidate
    return Person.objects.with_face().get(pk=nearest) if nearest else None


@transaction.atomic
def answer(customer: Customer, like: Person | None, actor: Actor, *, is_same: bool) -> None:
    """The pictures that wait show `like` (`is_same`), or somebody else. Raises ValidationError."""
    config, consent = pipeline.eye(), _hold(customer)
    if not (like and is_same):
        return _hand_over(customer, consent, config, actor)
    if like.customer_id not in (None, customer.pk):
        sentence = _("This is the face of %(other)s: merge the two accounts, or discard the pictures.")
        raise ValidationError(sentence % {"other": like.customer})
    rows = _waiting(consent)
    own = _with_face_of(rows, customer, config)
    decisions.name(like, {"customer": customer}, actor)
    _give(rows, like, actor)
    if own and own != like:
        decisions.merge(own, like, actor)


@transaction.atomic
def discard(customer: Customer, actor: Actor) -> None:
    """Throw away the pictures that wait."""
    consent = _hold(customer)
    rows = _waiting(consent)
    gallery.drop(Template.objects.filter(pk__in=[row.pk for row in rows]))
    audit.record(customer.shop, actor, "discard_portraits", consent, after={"pictures": len(rows)})


def _hand_over(customer: Customer, consent: Consent, config: VisionConfig, actor: Actor) -> None:
    """The pictures that wait are that person's of the account who has this face, else of one without any, else new."""
    if rows := _waiting(consent):
        faceless = (person for person in _people(customer) if not person.templates.exists())
        person = _with_face_of(rows, customer, config) or next(faceless, None)
        _give(rows, person or _somebody_new(customer, actor), actor)


def _with_face_of(rows: Sequence[Template], customer: Customer, config: VisionConfig) -> Person | None:
    """The person of the account whom these pictures show."""
    probe = gallery.mean_of_portraits(rows)
    for person in _people(customer):
        known = person.templates.filter(model_id=config.model_id)
        if gallery.distance(probe, known) <= config.continue_at:
            return person
    return None


def _somebody_new(customer: Customer, actor: Actor) -> Person:
    (code,) = Person.next_codes(customer.shop, 1)
    person = Person.objects.create(shop=customer.shop, code=code)
    decisions.name(person, {"customer": customer}, actor)
    return person


def _give(rows: Sequence[Template], person: Person, actor: Actor) -> None:
    gallery.take_over(rows, person)
    audit.record(person.shop, actor, "enrol_face", person, after={"pictures": len(rows)})
