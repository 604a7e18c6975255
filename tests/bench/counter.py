"""What the people at the counter cost: a till that asks twice a second, and a camera's second of naming.

Processor time, since the tills ask all day; on the clock the till adds half a second at most, and a quarter on average.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np
import psutil
from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from customers.models import Customer
from sales.models import Sale
from tests.bench.figure import Figure
from tests.bench.fill import BIG
from tests.vision.scene import JPEG, a_person
from vision import counter
from vision.config import VisionConfig
from vision.live_naming import Sightings
from vision.messages import FaceInSight, Sight
from vision.models import Camera, Person, Sighting, Template
from vision.tracking import Shot
from watershop.models import Role, Shop, User

ROUNDS, KNOWN = 100, 1000
SHOWN = re.compile(r"""hx-vals='({"seen".*?})'""")
"""What the till says of itself when it asks again."""


def figures() -> Iterator[Figure]:
    """Nobody and four regulars at the counter of the big shop; all of it is taken back."""
    with _taken_back() as shop:
        camera = _camera(shop)
        ask = _till(shop)
        yield from _each("A till asks, nobody there", ask)
        _four_there(shop, camera)
        yield from _each("A till asks, four customers there", ask)
        yield from _each(f"Four faces named among {KNOWN} people", _naming(shop, camera))


@contextmanager
def _taken_back() -> Iterator[Shop]:
    with transaction.atomic():
        yield Shop.objects.get(slug=BIG)
        transaction.set_rollback(True)


def _camera(shop: Shop) -> Camera:
    stream = {
        "kind": Camera.Kind.STREAM,
        "address": "rtsp://x",
        "recognises": True,
        "sign_at": timezone.now(),
    }
    return Camera.objects.create(shop=shop, name="Counter", **stream)


def _four_there(shop: Shop, camera: Camera) -> None:
    """Customers who bought before, so that they have a usual order."""
    regulars = Sale.objects.of(shop).filter(customer__isnull=False).values("customer")[:1000]
    last_at = timezone.now() + timedelta(hours=1)
    for track, customer in enumerate(Customer.objects.filter(pk__in=regulars)[: counter.MOST]):
        seen = {"person": a_person(shop, customer=customer), "distance": 0.2, "first_at": timezone.now()}
        Sighting.objects.create(shop=shop, camera=camera, track=str(track), last_at=last_at, **seen)


def _till(shop: Shop) -> Callable[[], object]:
    """A till that shows what there is already asks for news; it has been answered once."""
    client = Client(SERVER_NAME="localhost")
    clerk = User.objects.filter(memberships__shop=shop, memberships__role=Role.OWNER)[0]
    client.force_login(clerk, backend="watershop.accounts.OneTimePasswordBackend")
    address, asked = reverse("counter_tiles", args=[shop.slug]), {"client_ref": str(uuid4())}

    def ask() -> None:
        answer = client.get(address, asked)
        if shown := SHOWN.search(answer.content.decode()):
            asked.update(json.loads(shown[1]))

    return ask


def _naming(shop: Shop, camera: Camera) -> Callable[[], object]:
    """The parent of a camera's child hears of four faces with new shots, asks who they are, and writes it down."""
    chance = np.random.default_rng(1)
    config = VisionConfig(models_dir=Path(settings.VISION_MODEL_DIR))
    vectors = chance.normal(0, 0.11, (KNOWN, 128)).astype(np.float32)
    people = Person.objects.bulk_create(
        Person(shop=shop, code=code) for code in Person.next_codes(shop, KNOWN)
    )
    Template.objects.bulk_create(
        Template(shop=shop, person=person, model_id=config.model_id, vector=vector, is_enrolled=True)
        for person, vector in zip(people, vectors, strict=True)
    )
    naming, now = Sightings(camera, config), timezone.now()

    def name() -> None:
        shots = (Shot(0.0, (0, 0, 60, 60), 0.5, vector, JPEG) for vector in vectors[: counter.MOST])
        faces = (FaceInSight(f"new-{n}", now, now, shots=(shot,)) for n, shot in enumerate(shots))
        naming.take(Sight(now, tuple(faces)))

    return name


def _each(what: str, do: Callable[[], object]) -> Iterator[Figure]:
    """The processor time of one, here and in the database; the first ones load what is loaded once."""
    do()
    do()
    base = psutil.Process(connection.connection.info.backend_pid)
    began = time.process_time(), sum(base.cpu_times()[:2])
    for _ in range(ROUNDS):
        do()
    yield Figure(what, 1000 * (time.process_time() - began[0]) / ROUNDS, "ms")
    yield Figure("  in the database", 1000 * (sum(base.cpu_times()[:2]) - began[1]) / ROUNDS, "ms")
