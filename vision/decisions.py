"""Every decision by hand about who is who. Each is an event that can be undone, and no job ever touches it again.

A decision holds the shop's row as `pipeline.finish` does: while a recording is stored nobody decides, and vice versa.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from vision import gallery
from vision.dividing import divide
from vision.models import (
    Card,
    Denial,
    FormerName,
    IdentityEvent,
    Lesson,
    Person,
    SaleLink,
    Sighting,
    Template,
    Tracklet,
    Visit,
)
from vision.moves import Move, StaleError, apply, move, reversed_moves
from vision.privacy import consents
from vision.together import moment_together
from watershop import audit
from watershop.audit import Actor
from watershop.models import Shop
from watershop.templatetags.dates import shop_time

Kind = IdentityEvent.Kind
PERSONAL = frozenset({"name"})
Denied = tuple[Person, Collection[int]]
"""A person, and the tracklets (ids) that are not them."""


def name(
    person: Person, fields: Mapping[str, Any], actor: Actor, agreement: consents.Agreement | None = None
) -> IdentityEvent | None:
    """Say who a person is: name, customer, is_shop_staff, is_ignored. None when nothing is new.

    Raises ValidationError, also where the customer has not agreed to be known by their face, now or before.
    """
    with transaction.atomic():
        _lock(person.shop_id)
        if customer := fields.get("customer"):
            if agreement:
                consents.give(customer, agreement, actor)
            consents.require([customer.pk])
        before = Person.objects.get(pk=person.pk)
        after = audit.change(before, actor, "change_person", fields, personal=PERSONAL)
        moves = [
            Move("person", column, old, new, [person.pk])
            for column in ("customer_id", "is_shop_staff", "is_ignored")
            if (old := getattr(before, column)) != (new := getattr(after, column))
        ]
        if not moves and before.name == after.name:
            return None
        event = _record(Kind.NAME, after, moves, actor)
        if before.name != after.name:
            FormerName.objects.create(shop=event.shop, event=event, person=after, name=before.name)
    return event


def merge(one: Person, other: Person, actor: Actor) -> IdentityEvent:
    """Two persons are one: `other` stays, unless only `one` is described. The code of the one that goes leads there.

    Raises ValidationError when they cannot be one: customers of their own, seen in one picture, said to differ.
    """
    with transaction.atomic():
        _lock(one.shop_id)
        one, other = (Person.objects.select_related("customer").get(pk=who.pk) for who in (one, other))
        gone, stays = (other, one) if one.is_described and not other.is_described else (one, other)
        _refuse_merge(gone, stays)
        moves = [
            *move(Visit.objects.filter(candidate=gone), candidate_id=stays.pk),
            *move(Visit.objects.filter(person=gone), person_id=stays.pk),
            *move(Tracklet.objects.filter(person=gone), person_id=stays.pk),
            *move(Template.objects.filter(person=gone), person_id=stays.pk),
            *move(gone.denials.exclude(tracklet__in=stays.denials.values("tracklet")), person_id=stays.pk),
            *move(Person.objects.filter(pk=gone.pk), merged_into_id=stays.pk),
        ]
        if gone.customer_id and not stays.customer_id:
            moves += move(Person.objects.filter(pk=stays.pk), customer_id=gone.customer_id)
        Sighting.objects.filter(person=gone).update(person=stays)
        moves += gallery.enrol(stays.pk)
        return _record(Kind.MERGE, stays, moves, actor, other=gone)


def _refuse_merge(gone: Person, stays: Person) -> None:
    """Raise ValidationError where a merge would contradict what is known."""
    names = {"one": gone, "other": stays}
    if gone == stays or gone.merged_into_id or stays.merged_into_id:
        raise ValidationError(_("These two are one person already."))
    if gone.customer_id and stays.customer_id and gone.customer_id != stays.customer_id:
        sentence = _(
            "%(one)s and %(other)s are two customers. Merge their accounts first, or take the wrong customer off."
        )
        raise ValidationError(sentence % names)
    if stays.is_described and gone.is_described:
        flags = [(who.is_shop_staff, who.is_ignored) for who in (gone, stays)]
        if flags[0] != flags[1]:
            raise ValidationError(
                _("One of the two works here or does not count, the other not. Mend that first.")
            )
    if Denial.objects.filter(
        Q(person=gone, tracklet__person=stays) | Q(person=stays, tracklet__person=gone)
    ).exists():
        raise ValidationError(_("Somebody said that these are two persons. Undo that first."))
    if met := moment_together(gone.tracklets.all(), stays.tracklets.all()):
        sentence = _("%(one)s and %(other)s were in one picture on %(at)s: they are two.")
        raise ValidationError(sentence % (names | {"at": shop_time(met, stays.shop)}))


def split(person: Person, faces: Collection[int], actor: Actor) -> IdentityEvent:
    """These faces (ids of tracklets) of a person are somebody else, who becomes a person of their own.

    A visit that shows both becomes two. Raises ValidationError.
    """
    with transaction.atomic():
        _lock(person.shop_id)
        own = Tracklet.objects.filter(shop=person.shop_id, person=person)
        theirs = set(own.filter(pk__in=faces).values_list("pk", flat=True))
        if not theirs or not own.exclude(pk__in=theirs).exists():
            raise ValidationError(_("Choose some of the pictures, and leave some."))
        new = _new_person(person.shop)
        seen_in = Visit.objects.filter(tracklets__in=theirs).select_related("recording").distinct()
        stays, moves = _parts(seen_in, theirs)
        moves += [
            *move(Visit.objects.filter(pk__in=stays), person_id=new.pk, is_confirmed=True),
            *_hand_over(theirs, new.pk),
            *gallery.keep_known(person.pk),
        ]
        return _record(Kind.SPLIT, new, moves, actor, other=person, denied=(person, theirs))


def confirm(visit: Visit, person: Person | None, actor: Actor) -> IdentityEvent:
    """Say whose a visit was of which nobody was sure: this person's, or somebody new's (None).

    Who was only suspected and is not that person is denied. Raises ValidationError.
    """
    with transaction.atomic():
        _lock(visit.shop_id)
        visit = Visit.objects.select_related("candidate", "shop").get(pk=visit.pk)
        if visit.person_id:
            raise ValidationError(_("This visit is somebody's already. Say first that it is not theirs."))
        faces = set(visit.tracklets.values_list("pk", flat=True))
        who = Person.objects.get(pk=person.pk).now() if person else _new_person(visit.shop)
        _refuse_confirm(visit, who)
        suspect = visit.candidate if visit.candidate != who else None
        moves = [
            *move(Visit.objects.filter(pk=visit.pk), candidate_id=None, person_id=who.pk, is_confirmed=True),
            *_hand_over(faces, who.pk),
        ]
        denied = (suspect, faces) if suspect else None
        return _record(Kind.CONFIRM, who, moves, actor, other=suspect, denied=denied)


def _refuse_confirm(visit: Visit, who: Person) -> None:
    """Raise ValidationError where a visit cannot be a person's."""
    if Denial.objects.filter(person=who, tracklet__visit=visit).exists():
        raise ValidationError(_("Somebody said that this is not %(who)s. Undo that first.") % {"who": who})
    if met := moment_together(visit.tracklets.all(), who.tracklets.all()):
        sentence = _("%(who)s was in one picture with this face on %(at)s: they are two.")
        raise ValidationError(sentence % {"who": who, "at": shop_time(met, visit.shop)})


def not_this(visit: Visit, actor: Actor, faces: Collection[int] | None = None) -> IdentityEvent:
    """A visit, or only some of its faces (ids of tracklets), is not the person whose it is or may be; whose, is open.

    Raises ValidationError.
    """
    with transaction.atomic():
        _lock(visit.shop_id)
        visit = Visit.objects.select_related("person", "candidate", "shop", "recording").get(pk=visit.pk)
        who = visit.person or visit.candidate
        if who is None:
            raise ValidationError(_("Nobody was recognised in this visit."))
        everyone = set(visit.tracklets.values_list("pk", flat=True))
        theirs = everyone if faces is None else everyone & set(faces)
        if not theirs and everyone:
            raise ValidationError(_("Choose pictures of this visit."))
        stays, moves = _parts([visit], theirs)
        moves += [
            *move(Template.objects.filter(tracklet__in=theirs), is_enrolled=False, person_id=None),
            *move(Tracklet.objects.filter(pk__in=theirs), person_id=None),
            *move(Visit.objects.filter(pk__in=stays), candidate_id=None, person_id=None, is_confirmed=True),
            *gallery.keep_known(who.pk),
        ]
        return _record(Kind.NOT_THIS, who, moves, actor, denied=(who, theirs))


def tell_apart(one: Person, other: Person, actor: Actor) -> IdentityEvent:
    """Two persons are not one, however alike: no face of `other` is ever `one`, nor is it proposed again."""
    with transaction.atomic():
        _lock(one.shop_id)
        faces = other.tracklets.values_list("pk", flat=True)
        return _record(Kind.NOT_THIS, one, [], actor, other=other, denied=(one, set(faces)))


def forget(person: Person, actor: Actor) -> IdentityEvent:
    """Vectors, pictures and names of a person go for good, and whoever was merged into them is forgotten, too.

    The code and the times of the visits stay. There is no way back: `undo` refuses what came before as well.
    """
    with transaction.atomic():
        _lock(person.shop_id)
        person = Person.objects.get(pk=person.pk).now()
        everyone = everyone_in(person)
        faces = Tracklet.objects.filter(person__in=everyone)
        pictures = list(faces.exclude(picture="").values_list("picture", flat=True))
        sightings = Sighting.objects.filter(person__in=everyone)
        pictures += sightings.exclude(picture="").values_list("picture", flat=True)
        gallery.drop(Template.objects.filter(Q(tracklet__in=faces) | Q(person__in=everyone)))
        Denial.objects.filter(person__in=everyone).delete()
        FormerName.objects.filter(person__in=everyone).delete()
        sightings.delete()
        faces.update(picture="", boxes=[])
        Visit.objects.filter(candidate__in=everyone).update(candidate=None)
        Person.objects.filter(pk__in=everyone).update(name="", customer=None)
        transaction.on_commit(lambda: _delete(pictures))
        return _record(Kind.FORGET, person, [], actor)


def _delete(pictures: Iterable[str]) -> None:
    for picture in pictures:
        default_storage.delete(picture)


def undo(event: IdentityEvent, actor: Actor) -> IdentityEvent:
    """Take a decision back. Raises ValidationError when it was taken back already, or something rests on it by now."""
    with transaction.atomic():
        _lock(event.shop_id)
        _refuse_undo(event)
        try:
            with transaction.atomic():
                moves = _take_back(event)
                consents.require(_customers_in(moves))
        except StaleError as error:
            sentence = _("Something was decided about this afterwards. Undo that first.")
            raise ValidationError(sentence) from error
        for person in (event.person_id, event.other_id):
            moves += gallery.enrol(person) if person else []
        return _record(Kind(event.kind), event.person, moves, actor, other=event.other, reverses=event)


def _refuse_undo(event: IdentityEvent) -> None:
    """Raise ValidationError where an event cannot be taken back."""
    if event.kind == Kind.FORGET:
        raise ValidationError(_("What is forgotten can't come back."))
    if event.reverses_id or IdentityEvent.objects.filter(reverses=event).exists():
        raise ValidationError(_("This was taken back already."))
    involved = [person for person in (event.person, event.other) if person]
    involved += [person.now() for person in involved]
    if IdentityEvent.objects.filter(person__in=involved, kind=Kind.FORGET, pk__gt=event.pk).exists():
        raise ValidationError(_("This person was forgotten since."))
    later_names = FormerName.objects.filter(person=event.person_id, event__gt=event.pk)
    if FormerName.objects.filter(event=event).exists() and later_names.exists():
        raise ValidationError(_("Something was decided about this afterwards. Undo that first."))


def _take_back(event: IdentityEvent) -> list[Move]:
    """Do an event's moves the other way round. Raises StaleError when something has changed since."""
    moves = reversed_moves([Move(*row) for row in event.moved["moves"]])
    apply(event.shop, moves)
    _let_vectors_follow(moves)
    owners = {row.new for row in moves if row.column in ("person_id", "candidate_id") and row.new}
    if Person.objects.filter(pk__in=owners, merged_into__isnull=False).exists():
        raise StaleError
    visits = [pk for row in moves if row.table == "visit" for pk in row.ids]
    owned = Tracklet.objects.filter(visit__in=visits).values_list("person", "visit__person")
    if any(face != stay for face, stay in owned):  # a stay has grown since, by faces of whose it was
        raise StaleError
    made = event.moved["made"]
    links = SaleLink.objects.filter(visit__in=made)
    if links.filter(state=SaleLink.State.CONFIRMED).exists():
        raise StaleError
    links.delete()
    cards = Card.objects.filter(visit__in=made)
    if cards.exclude(outcome="").exists():
        raise StaleError
    cards.delete()
    Visit.objects.filter(pk__in=made).delete()
    Denial.objects.filter(event=event).delete()
    Lesson.objects.filter(event=event).update(state=Lesson.State.TAKEN_BACK, settled_at=timezone.now())
    for former in FormerName.objects.filter(event=event):
        Person.objects.filter(pk=former.person_id).update(name=former.name)
        former.delete()
    return moves


def _customers_in(moves: Sequence[Move]) -> list[int]:
    """The customers (ids) to whom persons are tied by these."""
    ties = [row.new for row in moves if (row.table, row.column) == ("person", "customer_id")]
    return [customer for customer in ties if isinstance(customer, int)]


def _let_vectors_follow(moves: Sequence[Move]) -> None:
    """Vectors that were made after the event, by another network, go with their faces."""
    for row in moves:
        if (row.table, row.column) == ("tracklet", "person_id"):
            made_since = Template.objects.filter(tracklet__in=row.ids, **{"person": row.old})
            made_since.update(person=row.new, **{} if row.new else {"is_enrolled": False})


def _lock(shop_id: int) -> None:
    """Nobody else decides, and no recording is stored, until this transaction ends."""
    Shop.objects.select_for_update(no_key=True).get(pk=shop_id)


def _new_person(shop: Shop) -> Person:
    (code,) = Person.next_codes(shop, 1)
    return Person.objects.create(shop=shop, code=code)


def everyone_in(person: Person) -> list[int]:
    """A person (id) and all who were merged into them, over any number of steps."""
    everyone, news = [person.pk], [person.pk]
    while news := list(Person.objects.filter(merged_into__in=news).values_list("pk", flat=True)):
        everyone += news
    return everyone


def _parts(visits: Iterable[Visit], faces: Collection[int]) -> tuple[list[int], list[Move]]:
    """The stays (ids) of these faces, and what moved: a visit that shows other faces, too, is divided."""
    stays, moves = [], []
    for visit in visits:
        if visit.tracklets.exclude(pk__in=faces).exists():
            visit, divided = divide(visit, faces)
            moves += divided
        stays.append(visit.pk)
    return stays, moves


def _hand_over(faces: Collection[int], person: int) -> list[Move]:
    """These faces (ids) and their vectors are this person's, who is compared with them from now on."""
    return [
        *move(Tracklet.objects.filter(pk__in=faces), person_id=person),
        *move(Template.objects.filter(tracklet__in=faces), person_id=person),
        *gallery.trust(person, faces),
    ]


def _record(
    kind: IdentityEvent.Kind,
    person: Person,
    moves: Sequence[Move],
    actor: Actor,
    *,
    other: Person | None = None,
    denied: Denied | None = None,
    reverses: IdentityEvent | None = None,
) -> IdentityEvent:
    """Write an event down with what it moved, the faces that it denied to a person, and the audit."""
    made = [row.new for row in moves if (row.table, row.column) == ("tracklet", "visit_id")]
    event = IdentityEvent.objects.create(
        shop=person.shop,
        kind=kind,
        person=person,
        other=other,
        moved={"moves": moves, "made": made},
        reverses=reverses,
        by=actor.user,
    )
    if denied:
        who, faces = denied
        Denial.objects.bulk_create(
            [Denial(shop=person.shop, person=who, tracklet_id=face, event=event) for face in sorted(faces)],
            ignore_conflicts=True,
        )
    if kind != Kind.NAME or reverses:  # that one `audit.change` has written down
        action = f"undo_{kind}_person" if reverses else f"{kind}_person"
        about = {"event": event.pk, "other": other.pk if other else None}
        audit.record(person.shop, actor, action, person, after=about)
    return event
