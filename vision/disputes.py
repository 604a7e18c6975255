"""The file for a dispute: what the shop can show of an unpaid sale, on one page that does not stay for ever.

Receipt, cans, who recorded it and what was done since, and the two best pictures of the visit in which it was made.
Of those only the buyer stays sharp: everything around is blurred, whoever else may be in it.
"""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

import cv2
import numpy as np
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from sales.dues import account_of
from sales.models import Sale
from sales.slips import receipt_of
from vision import preview
from vision.models import DisputeFile, SaleLink, Tracklet, Visit
from vision.picture import Image, Place, as_jpeg
from watershop import audit
from watershop.audit import Actor
from watershop.models import AuditEntry

KEPT = timedelta(days=30)
PICTURES = 2
APART_S = 1.0
"""Two pictures show more than one when they are of different moments."""
BLUR_SHARE = 0.06
"""Radius of the blur in widths of the picture: of a face as wide as that nothing is left."""
Box = tuple[float, float, float, float]
"""(x1, y1, x2, y2) in fractions of the picture."""


@dataclass(frozen=True)
class Moment:
    """When a recording shows the buyer best: seconds from its start, their face, and the faces of others then."""

    tracklet: Tracklet
    seconds: float
    face: Box
    others: tuple[Box, ...]

    @property
    def at(self) -> datetime:
        """On the camera's clock."""
        return self.tracklet.recording.started_at + timedelta(seconds=self.seconds)


@dataclass(frozen=True)
class Picture:
    """One picture of the file, as an address that holds it."""

    at: datetime
    source: str


def make(sale: Sale, actor: Actor) -> DisputeFile:
    """Make the file of an unpaid sale to a customer. It is in the language of who asks.

    Raises ValidationError where nothing is due.
    """
    sale = Sale.objects.with_sums().select_related("customer", "clerk", "shop", "void").get(pk=sale.pk)
    if sale.customer is None or not sale.due:
        raise ValidationError(_("Nothing is open on this sale, so there is nothing to argue about."))
    assert actor.user is not None
    visit = visit_of(sale)
    pictures = list(_pictures(visit)) if visit else []
    page = _page(sale, visit, pictures).encode()
    name = default_storage.save(f"disputes/{sale.shop_id}/{uuid4().hex}.html", ContentFile(page))
    with transaction.atomic():
        made = DisputeFile.objects.create(
            shop=sale.shop,
            sale=sale,
            file=name,
            sha256=hashlib.sha256(page).hexdigest(),
            made_by=actor.user,
            expires_at=timezone.now() + KEPT,
        )
        audit.record(
            sale.shop, actor, "make_dispute_file", sale, after={"file": made.pk, "sha256": made.sha256}
        )
    return made


def files_of(sale: Sale) -> QuerySet[DisputeFile]:
    """Those that have not expired."""
    return DisputeFile.objects.filter(sale=sale, expires_at__gt=timezone.now()).exclude(file="")


def visit_of(sale: Sale) -> Visit | None:
    """The visit in which a sale was made, as far as that is sure: by a person's word, or linked by itself."""
    links = SaleLink.objects.filter(sale=sale, state__in=SaleLink.SURE).select_related(
        "visit__recording__camera", "visit__person"
    )
    link = links.first()
    return link.visit if link else None


def _page(sale: Sale, visit: Visit | None, pictures: Sequence[Picture]) -> str:
    """The whole file: it fetches nothing from anywhere."""
    trail = AuditEntry.objects.filter(shop=sale.shop, subject_type="sales.sale", subject_id=sale.pk)
    context = {
        "sale": sale,
        "shop": sale.shop,
        "receipt": receipt_of(sale),
        "account": sale.customer and account_of(sale.customer),
        "visit": visit,
        "pictures": pictures,
        "trail": trail.select_related("user", "approved_by").order_by("id"),
        "made_at": timezone.now(),
        "expires_at": timezone.now() + KEPT,
        "language": get_language(),
    }
    return render_to_string("vision/dispute.html", context)


def _pictures(visit: Visit) -> Iterator[Picture]:
    """The best pictures of a visit; where the film is gone, the faces that are kept of it."""
    moments = best_moments(visit)
    for moment in moments:
        if moment.tracklet.recording.file:
            data = preview.picture_at(moment.tracklet.recording, moment.seconds)
            if data:
                yield Picture(moment.at, _inline(blurred(data, moment)))
        elif moment.tracklet.picture:
            with moment.tracklet.picture.open() as file:
                yield Picture(moment.at, _inline(file.read()))


def _inline(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"


def best_moments(visit: Visit) -> list[Moment]:
    """Where the buyer's face is largest, at most two moments that lie apart."""
    faces = Tracklet.objects.filter(visit=visit).select_related("recording__camera__shop", "recording__shop")
    shown = sorted(
        ((_width(box), tracklet, box) for tracklet in faces for box in tracklet.boxes),
        key=lambda row: -row[0],
    )
    chosen: list[Moment] = []
    for _size, tracklet, (seconds, *sides) in shown:
        is_near = any(
            one.tracklet.recording_id == tracklet.recording_id and abs(one.seconds - seconds) < APART_S
            for one in chosen
        )
        if not is_near:
            face = sides[0], sides[1], sides[2], sides[3]
            chosen.append(Moment(tracklet, seconds, face, tuple(_others(tracklet, visit, seconds))))
        if len(chosen) == PICTURES:
            break
    return sorted(chosen, key=lambda moment: moment.at)


def _width(row: Sequence[float]) -> float:
    return row[3] - row[1]


def _others(tracklet: Tracklet, visit: Visit, seconds: float) -> Iterator[Box]:
    """The faces of others around that moment."""
    rows = Tracklet.objects.filter(recording=tracklet.recording_id).exclude(visit=visit)
    for other in rows.filter(started_s__lte=seconds + APART_S, ended_s__gte=seconds - APART_S):
        for at, *sides in other.boxes:
            if abs(at - seconds) <= APART_S:
                yield sides[0], sides[1], sides[2], sides[3]


def blurred(jpeg: bytes, moment: Moment) -> bytes:
    """The picture with the buyer alone in it sharp: head and shoulders, less where somebody else's face is."""
    picture = np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)
    height, width = picture.shape[:2]
    radius = max(3, round(BLUR_SHARE * width)) | 1
    hidden = np.asarray(cv2.blur(cv2.blur(picture, (radius, radius)), (radius, radius)), np.uint8)
    x1, y1, x2, y2 = moment.face
    wide, high = x2 - x1, y2 - y1
    _show(hidden, picture, (x1 - wide, y1 - high / 2, x2 + wide, y2 + 2 * high))
    for box in moment.others:
        left, top, right, bottom = _pixels(_grown(box), width, height)
        hidden[top:bottom, left:right] = cv2.blur(picture[top:bottom, left:right], (radius, radius))
    _show(hidden, picture, moment.face)
    return as_jpeg(hidden)


def _show(onto: Image, picture: Image, box: Box) -> None:
    height, width = picture.shape[:2]
    left, top, right, bottom = _pixels(box, width, height)
    onto[top:bottom, left:right] = picture[top:bottom, left:right]


def _grown(box: Box) -> Box:
    """A face with its hair and chin."""
    x1, y1, x2, y2 = box
    wide, high = (x2 - x1) / 4, (y2 - y1) / 4
    return x1 - wide, y1 - high, x2 + wide, y2 + high


def _pixels(box: Box, width: int, height: int) -> Place:
    x1, y1, x2, y2 = box
    return (
        max(0, int(x1 * width)),
        max(0, int(y1 * height)),
        min(width, int(x2 * width) + 1),
        min(height, int(y2 * height) + 1),
    )
