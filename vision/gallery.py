"""Who is known: the face vectors of a shop's persons. Vectors are read and written here, nowhere else.

The search (`persons.search`) is exact and in memory: a shop has some thousands of templates, half a kilobyte
each, and a decision about a person should not rest on an approximate index.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from uuid import uuid4

import numpy as np
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Min, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from pgvector.django import L2Distance

from vision.config import VisionConfig
from vision.faces import Floats
from vision.models import Consent, Person, Template, Tracklet
from vision.moves import Move, move
from vision.persons import FAR, Faces, Ids, Known, diverse
from vision.portraits import PortraitFace
from vision.replay import Stored
from vision.tracking import mean_of
from watershop.models import Shop

TEMPLATES_PER_PERSON = 8
ENROL_SHOTS = 2
ENROL_QUALITY = 0.2
"""Of a tracklet with fewer or poorer shots the mean says too little about the next time."""

LIKENESS = """SELECT DISTINCT ON (t.tracklet_id) t.tracklet_id, 1 - (t.vector <=> mean.vector) AS similarity,
      t.vector <-> mean.vector AS distance
    FROM vision_template t JOIN (
      SELECT person_id, model_id, avg(vector) AS vector FROM vision_template WHERE shop_id = %(shop)s GROUP BY 1, 2
    ) mean USING (person_id, model_id)
    WHERE t.shop_id = %(shop)s AND t.tracklet_id IS NOT NULL
    ORDER BY t.tracklet_id, t.id DESC"""
"""SQL, for tables of a shop: how near the face of each tracklet is to its person's mean, as cosine and as L2."""


def known(shop: Shop, model_id: str, *, but: int | None = None) -> Known:
    """The people of a shop as one network sees them, with the faces of which somebody said that they are not theirs.

    What one visit (id) showed is left out on request, to ask who was there before it.
    """
    templates = Template.objects.filter(shop=shop, model_id=model_id)
    if but:
        templates = templates.exclude(tracklet__visit=but)
    enrolled = list(templates.filter(is_enrolled=True).order_by("pk").values_list("person", "vector"))
    denied = list(
        templates.filter(tracklet__denials__isnull=False)
        .order_by("pk", "tracklet__denials")
        .values_list("tracklet__denials__person", "vector")
    )
    ignored = Person.objects.filter(shop=shop, is_ignored=True).values_list("pk", flat=True)
    return Known.of(_columns(enrolled), _columns(denied), ignored)


def _columns(rows: Sequence[tuple[int, Floats]]) -> Faces:
    """(person, vector) rows as vectors [n, d] and persons [n]."""
    return _as_vectors([vector for _, vector in rows]), np.array([person for person, _ in rows], np.int64)


def stored(shop: Shop, model_id: str, visits: Collection[int]) -> Stored:
    """The faces that one network has of these visits, and those that it compares with, to ask about them again."""
    templates = Template.objects.filter(shop=shop, model_id=model_id).order_by("pk")
    faces = list(
        templates.filter(Q(is_enrolled=True) | Q(tracklet__visit__in=visits)).values_list(
            "vector", "person", "tracklet__visit", "tracklet__shots", "is_enrolled"
        )
    )
    denied = list(
        templates.filter(tracklet__denials__isnull=False).values_list(
            "vector", "tracklet__denials__person", "tracklet__visit"
        )
    )
    return Stored(
        vectors=_as_vectors([row[0] for row in faces]),
        persons=_as_ids(row[1] for row in faces),
        visits=_as_ids(row[2] for row in faces),
        shots=_as_ids(row[3] for row in faces),
        is_enrolled=np.array([row[4] for row in faces], bool),
        denied=_as_vectors([row[0] for row in denied]),
        denied_for=_as_ids(row[1] for row in denied),
        denied_in=_as_ids(row[2] for row in denied),
    )


def _as_vectors(vectors: Sequence[Floats]) -> Floats:
    """[n, d]; without rows d is 1, which fits any probe."""
    return np.array(vectors, np.float32) if len(vectors) else np.zeros((0, 1), np.float32)


def _as_ids(ids: Iterable[int | None]) -> Ids:
    return np.array([pk or 0 for pk in ids], np.int64)


def probe_of(face: Tracklet, model_id: str) -> Floats | None:
    """The vector that one network has of a face."""
    row = Template.objects.filter(tracklet=face, model_id=model_id).first()
    return None if row is None else np.asarray(row.vector, np.float32)


def visits_by_distance(shop: Shop, model_id: str, probe: Floats) -> list[tuple[int, int | None, float]]:
    """(visit, its person, how far (L2) its nearest face is from a probe) of every visit with a face, nearest first."""
    rows = Template.objects.filter(shop=shop, model_id=model_id, tracklet__visit__isnull=False)
    near = rows.values_list("tracklet__visit", "tracklet__visit__person").annotate(
        far=Min(L2Distance("vector", probe))
    )
    return list(near.order_by("far", "tracklet__visit"))


def remember(shop: Shop, seen: Iterable[tuple[Tracklet, Floats]], config: VisionConfig) -> None:
    """Keep the mean vector of each tracklet, and enrol those that say surely who their person is."""
    rows = Template.objects.bulk_create(
        Template(
            shop=shop,
            person=tracklet.person,
            tracklet=tracklet,
            model_id=config.model_id,
            vector=vector,
            quality=tracklet.quality,
        )
        for tracklet, vector in seen
    )
    of_person: dict[int, list[Template]] = defaultdict(list)
    for row in rows:
        if row.person_id:
            of_person[row.person_id].append(row)
    for person, news in of_person.items():
        enrol(person, _sure(person, news, config))


def _sure(person: int, news: Sequence[Template], config: VisionConfig) -> list[Template]:
    """Which of a person's new templates to enrol: good ones near to what is enrolled; of somebody new, good ones."""
    held = list(_of(person).filter(model_id=config.model_id, is_enrolled=True))
    if not held:
        return _good(news)
    enrolled = np.array([row.vector for row in held])
    near = [row for row in news if np.linalg.norm(enrolled - row.vector, axis=1).min() <= config.enrol_at]
    return [row for row in near if _is_good(row)]


def _good(templates: Iterable[Template]) -> list[Template]:
    """The good ones of these, or the best one."""
    best_first = sorted(templates, key=lambda row: -row.quality)
    return [row for row in best_first if _is_good(row)] or best_first[:1]


def _is_good(row: Template) -> bool:
    shots = row.tracklet.shots if row.tracklet else 0
    return row.quality >= ENROL_QUALITY and shots >= ENROL_SHOTS


def add_portrait(
    consent: Consent, face: PortraitFace, config: VisionConfig, *, keeps_picture: bool
) -> Template:
    """Keep a face that somebody stood still for, as nobody's yet."""
    row = Template(
        shop=consent.shop,
        consent=consent,
        model_id=config.model_id,
        vector=face.vector,
        quality=face.quality,
    )
    if keeps_picture:
        row.picture.save(
            f"portraits/{consent.customer_id}/{uuid4().hex}.jpg", ContentFile(face.jpeg), save=False
        )
    row.save()
    return row


def take_over(portraits: Iterable[Template], person: Person) -> None:
    """These faces are this person's, who is compared with them from now on."""
    rows = list(portraits)
    Template.objects.filter(pk__in=[row.pk for row in rows]).update(person=person)
    enrol(person.pk, rows)


def distance(probe: Floats, templates: Iterable[Template]) -> float:
    """How far (L2) a vector is from the nearest of these of one network; infinite where there are none."""
    return min((float(np.linalg.norm(row.vector - probe)) for row in templates), default=FAR)


def mean_of_portraits(portraits: Iterable[Template]) -> Floats:
    """One probe for some faces of one person."""
    return mean_of(np.array([row.vector for row in portraits], np.float32))


def good(templates: QuerySet[Template]) -> list[Template]:
    """Those of these that are made of enough good shots to be compared with."""
    return [row for row in templates.select_related("tracklet") if _is_good(row)]


def farthest(some: Sequence[Template], others: Sequence[Template]) -> float:
    """How far (L2) the oddest of some vectors is from the nearest of others; infinite without others."""
    return max(distance(np.asarray(row.vector), others) for row in some)


def outdated(shop: Shop, model_id: str) -> QuerySet[Tracklet, int]:
    """The tracklets (ids, oldest first) that only other networks have a vector of."""
    others = Tracklet.objects.filter(shop=shop, templates__isnull=False).exclude(templates__model_id=model_id)
    return others.order_by("pk").values_list("pk", flat=True).distinct()


def renew(shop: Shop, vectors: Mapping[int, Floats], model_id: str) -> int:
    """Give outdated tracklets (ids) a vector of this network beside their newest; returns how many.

    It is whose that one is, and enrolled if that one is.
    """
    there = outdated(shop, model_id).filter(pk__in=vectors)
    rows = Template.objects.filter(tracklet__in=list(there)).order_by("pk")
    newest = {row.tracklet_id: row for row in rows if row.tracklet_id}
    Template.objects.bulk_create(
        Template(
            shop=shop,
            person_id=row.person_id,
            is_enrolled=row.is_enrolled,
            tracklet_id=tracklet,
            model_id=model_id,
            vector=vectors[tracklet],
            quality=row.quality,
        )
        for tracklet, row in newest.items()
    )
    for person in {row.person_id for row in newest.values() if row.person_id and row.is_enrolled}:
        enrol(person)
    return len(newest)


def outdated_portraits(shop: Shop, model_id: str) -> QuerySet[Template, int]:
    """The portraits (ids, oldest first) that only other networks have a vector of; each picture's newest."""
    portraits = _portraits(shop)
    renewed = portraits.filter(model_id=model_id).exclude(picture="").values("picture")
    others = portraits.exclude(model_id=model_id).exclude(picture__in=renewed)
    newest = others.filter(picture=OuterRef("picture")).order_by("-pk").values("pk")[:1]
    return others.filter(Q(picture="") | Q(pk=Subquery(newest))).order_by("pk").values_list("pk", flat=True)


def renew_portraits(shop: Shop, vectors: Mapping[int, Floats], model_id: str) -> int:
    """Give outdated portraits (ids) a vector of this network beside the old one, as `renew` does; returns how many."""
    rows = list(Template.objects.filter(pk__in=outdated_portraits(shop, model_id).filter(pk__in=vectors)))
    for row in rows:
        vector = vectors[row.pk]
        row.pk, row.model_id, row.vector, row.created_at = None, model_id, vector, timezone.now()
    Template.objects.bulk_create(rows)
    for person in {row.person_id for row in rows if row.person_id and row.is_enrolled}:
        enrol(person)
    return len(rows)


def _portraits(shop: Shop) -> QuerySet[Template]:
    """The faces that somebody stood still for."""
    return Template.objects.filter(shop=shop, consent__isnull=False, tracklet=None)


def drop_outdated(shop: Shop, model_id: str) -> int:
    """Delete other networks' vectors of the faces that have one of this network; returns how many."""
    renewed = Template.objects.filter(shop=shop, model_id=model_id)
    portraits = Q(consent__isnull=False, picture__in=renewed.exclude(picture="").values("picture"))
    others = Template.objects.filter(Q(tracklet__in=renewed.values("tracklet")) | portraits, shop=shop)
    return others.exclude(model_id=model_id).delete()[0]


@transaction.atomic
def drop(templates: QuerySet[Template]) -> None:
    """Delete vectors for good, and the pictures that are theirs alone as soon as that is certain."""
    pictures = list(templates.exclude(picture="").values_list("picture", flat=True))
    templates.delete()
    for picture in pictures:
        transaction.on_commit(partial(default_storage.delete, picture))


def trust(person: int, faces: Collection[int]) -> list[Move]:
    """Somebody said that these faces (tracklets) are the person: compare with them from now on."""
    return enrol(person, _good(_of(person).filter(tracklet__in=faces).select_related("tracklet")))


def keep_known(person: int) -> list[Move]:
    """If a person has lost all that they were compared with, use what is left of them."""
    if _of(person).filter(is_enrolled=True).exists():
        return []
    return enrol(person, _good(_of(person).select_related("tracklet")))


def enrol(person: int, more: Iterable[Template] = ()) -> list[Move]:
    """Of a person's enrolled templates and these, compare probes with at most eight for each model; what that changed.

    The first one stays, and those of visits that somebody confirmed or for which they stood still; of the others, those
    that differ most.
    """
    wanted = _of(person).filter(Q(is_enrolled=True) | Q(pk__in=[row.pk for row in more]))
    by_hand = Q(tracklet__visit__is_confirmed=True) | Q(consent__isnull=False)
    sure = set(wanted.filter(by_hand).values_list("pk", flat=True))
    of_model: dict[str, list[Template]] = defaultdict(list)
    for row in wanted.order_by("pk"):
        of_model[row.model_id].append(row)
    chosen = [row.pk for pool in of_model.values() for row in _chosen(pool, sure)]
    return [
        *move(_of(person).filter(is_enrolled=True).exclude(pk__in=chosen), is_enrolled=False),
        *move(_of(person).filter(pk__in=chosen), is_enrolled=True),
    ]


def _of(person: int) -> QuerySet[Template]:
    return Template.objects.filter(person=person)


def _chosen(pool: Sequence[Template], sure: Collection[int]) -> list[Template]:
    """At most eight of the templates (oldest first) of one person and model; those in `sure` are confirmed."""
    first, *others = pool
    anchors = [first, *(row for row in others if row.pk in sure)][:TEMPLATES_PER_PERSON]
    rows = [*anchors, *(row for row in others if row not in anchors)]
    places = diverse(np.array([row.vector for row in rows]), len(anchors), TEMPLATES_PER_PERSON)
    return [rows[place] for place in places]
