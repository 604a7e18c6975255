"""Rows as a watched recording leaves them, for the tests that start where the watching ends."""

import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import accumulate
from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from customers.models import Customer
from sales.ledger import record_sales
from sales.models import Sale, Tender
from sales.new_sale import Line, NewSale
from tests.base import TESTS, Cast
from vision.analysis import Analysis
from vision.chunks import ChunkResult
from vision.models import Camera, Consent, Person, Recording, RecordingChunk, SaleLink, Tracklet, Visit
from vision.privacy import consents
from watershop.audit import Actor
from watershop.models import Shop, User

JPEG = b"\xff\xd8\xff\xe0 a face \xff\xd9"


def a_camera(shop: Shop, name: str = "Counter", **fields: object) -> Camera:
    """A camera behind a sign that recognises whom it sees: a new one does not until a manager says so."""
    signed = {"recognises": True, "sign_at": timezone.now()}
    return Camera.objects.get_or_create(shop=shop, name=name, defaults=signed | fields)[0]


def a_recording(
    shop: Shop, started_at: datetime, state: str = Recording.State.DONE, **fields: object
) -> Recording:
    fields = {
        "original_name": "counter.mp4",
        "sha256": uuid4().hex * 2,
        "started_at_source": "given",
    } | fields
    camera = a_camera(shop)
    return Recording.objects.create(shop=shop, camera=camera, started_at=started_at, state=state, **fields)


def some_chunks(recording: Recording, *lengths: float) -> list[RecordingChunk]:
    """The chunks of a recording, so many seconds long each."""
    ends = list(accumulate(lengths))
    return [
        RecordingChunk.objects.create(
            shop=recording.shop,
            recording=recording,
            number=number,
            start_s=end - length,
            end_s=end,
            own_end_s=end,
        )
        for number, (length, end) in enumerate(zip(lengths, ends, strict=True))
    ]


def as_a_chunk(analysis: Analysis) -> ChunkResult:
    """What was seen in a whole recording, as if it were one chunk."""
    return ChunkResult(
        tracklets=analysis.tracklets,
        seconds=analysis.seconds,
        frames_decoded=analysis.frames_decoded,
        frames_analysed=analysis.frames_analysed,
        faces=analysis.faces,
        refused=analysis.refused,
        size=analysis.size,
    )


def agrees(customer: Customer, language: str = "en") -> Consent:
    """The customer agrees that the shop knows their face, as the first of its members writes down."""
    shown = consents.text(customer.shop, language)
    member = User.objects.filter(memberships__shop=customer.shop).order_by("pk")[0]
    return consents.give(customer, consents.Agreement(language, shown.sha256), Actor(member, "tests"))


def a_person(shop: Shop, **fields: object) -> Person:
    """Somebody; tied to a customer only if that one agrees."""
    if isinstance(customer := fields.get("customer"), Customer):
        agrees(customer)
    (code,) = Person.next_codes(shop, 1)
    return Person.objects.create(shop=shop, code=code, **fields)


def a_visit(
    shop: Shop,
    entry_at: datetime,
    seconds: float = 60,
    *,
    person: Person | None = None,
    picture: bool = False,
) -> Visit:
    """A visit in a recording of its own; with a picture on request."""
    recording = a_recording(shop, entry_at)
    person = person or a_person(shop)
    visit = Visit.objects.create(
        shop=shop,
        recording=recording,
        person=person,
        entry_at=entry_at,
        exit_at=entry_at + timedelta(seconds=seconds),
        shots=3,
    )
    if picture:
        name = default_storage.save(f"faces/{recording.pk}/1.jpg", ContentFile(JPEG))
        seen = {"recording": recording, "visit": visit, "person": person, "number": 1}
        Tracklet.objects.create(shop=shop, started_s=0, ended_s=seconds, picture=name, quality=0.5, **seen)
    return visit


def a_busy_day(cast: Cast, starts_at: datetime, *, behind_s: float = 0.0, visits: int = 120) -> Recording:
    """Six hours of strangers by the camera's clock; three quarters buy as they leave, at the till's, give or take."""
    chance = random.Random(f"{starts_at} {behind_s}")
    recording = a_recording(cast.shop, starts_at, duration_s=6 * 3600)
    exits = sorted(starts_at + timedelta(seconds=chance.uniform(0, 6 * 3600)) for _ in range(visits))
    Visit.objects.bulk_create(
        Visit(shop=cast.shop, recording=recording, entry_at=at - timedelta(seconds=90), exit_at=at)
        for at in exits
    )
    bought = (at for at in exits if chance.random() < 0.75)
    sell_at(cast, [at + timedelta(seconds=behind_s + chance.gauss(0, 10)) for at in bought])
    return recording


def sell_at(cast: Cast, times: Iterable[datetime]) -> list[Sale]:
    """One can each to walk-ins at these times, with few queries."""
    line = [Line(cast.can20, 1)]
    news = [NewSale(lines=line, tender=Tender.CASH, sold_at=at, device_at=at) for at in times]
    return record_sales(cast.shop, TESTS, news) if news else []


def links() -> list[tuple[str, int, str]]:
    """All links as (sale's code, visit, state)."""
    return list(SaleLink.objects.order_by("sale__code", "pk").values_list("sale__code", "visit", "state"))
