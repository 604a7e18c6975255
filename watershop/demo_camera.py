"""The demo shop's camera: who came in the past sixty days, and a made-up clip that the worker has yet to watch."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.utils.translation import gettext as _

from customers.models import Customer
from sales.models import Sale
from vision import clocks, linking, recordings
from vision.footage import TrueVisit, make_footage
from vision.models import Camera, Person, Recording, SaleLink, Visit
from vision.privacy import consents, switch
from watershop import jobs
from watershop.audit import Actor
from watershop.dates import day_of
from watershop.models import Shop

CAMERA = "Counter"
CLIP_MINUTES = 1
CLIP_VISITS = 5
STRANGERS = 45
SEEN = 0.78
"""The share of sales whose buyer the camera caught."""
KNOWN = 0.8
"""The share of customers whose face somebody has tied to their name."""
UNDECIDED, DECIDED = 25, 60
"""So many of the newest links are still open; so many before them were decided by hand."""


@dataclass(frozen=True)
class Clip:
    """A made-up recording that ends at the moment when the demo is built."""

    path: Path
    starts_at: datetime
    truth: Sequence[TrueVisit]

    def moments(self) -> list[datetime]:
        """When the people of the clip stand at the counter, in their order."""
        return sorted(
            self.starts_at + timedelta(seconds=(visit.entry_s + visit.exit_s) / 2) for visit in self.truth
        )

    def hand_in(self, shop: Shop) -> Recording:
        """Put the clip into the worker's queue, as an upload would."""
        start = (self.starts_at, Recording.StartSource.GIVEN)
        recording, _is_new = recordings.register(
            shop, self.path, camera=CAMERA, start=start, name=_("Made-up clip.mp4")
        )
        recording.file.name = str(self.path.relative_to(settings.MEDIA_ROOT))
        recording.save(update_fields=["file"])
        jobs.enqueue(shop, recordings.PROCESS, recording.pk, cluster="video")
        return recording


def film_clip(now: datetime, *, seed: int) -> Clip:
    """Film the clip that ends at `now`; a quarter of a minute of work."""
    path = Path(settings.MEDIA_ROOT) / "recordings" / f"{uuid4().hex}.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    starts_at = now - timedelta(minutes=CLIP_MINUTES)
    truth = make_footage(
        path,
        minutes=CLIP_MINUTES,
        visits=CLIP_VISITS,
        persons=CLIP_VISITS,
        seed=seed,
        models_dir=Path(settings.VISION_MODEL_DIR),
        started_at=starts_at,
    )
    path.with_suffix(".truth.csv").unlink()
    return Clip(path, starts_at, truth)


def remember_visits(shop: Shop, chance: random.Random, *, until: datetime, decided_by: Actor) -> None:
    """Visits around the sales before `until`, one recording a day (its file long gone), and their links."""
    persons = _Persons(shop, chance, decided_by)
    sales = Sale.objects.of(shop).filter(sold_at__lt=until).select_related("customer").order_by("sold_at")
    seen = [sale for sale in sales if chance.random() < SEEN]
    days = _recordings(shop, seen, until, decided_by)
    Visit.objects.bulk_create(
        _visit(chance, days[day_of(shop, sale.sold_at)], persons.of(sale.customer), sale.sold_at, until)
        for sale in seen
    )
    clocks.estimate_all()
    linking.link_between(shop, until - timedelta(days=len(days) + 1), until)
    _decide_some(shop, decided_by)


class _Persons:
    """A face for each customer, mostly tied to their name as they agreed to, and strangers for the walk-ins."""

    def __init__(self, shop: Shop, chance: random.Random, asked_by: Actor) -> None:
        self.chance = chance
        customers = list(Customer.objects.of(shop).order_by("code"))
        agreed = [customer if chance.random() < KNOWN else None for customer in customers]
        for customer in filter(None, agreed):
            shown = consents.text(shop, customer.language)
            consents.give(customer, consents.Agreement(shown.language, shown.sha256), asked_by)
        codes = Person.next_codes(shop, len(customers) + STRANGERS)
        persons = Person.objects.bulk_create(
            Person(shop=shop, code=code, customer=customer)
            for code, customer in zip(codes, [*agreed, *[None] * STRANGERS], strict=True)
        )
        self.of_customer = dict(zip([customer.pk for customer in customers], persons, strict=False))
        self.strangers = persons[len(customers) :]

    def of(self, customer: Customer | None) -> Person:
        return self.of_customer[customer.pk] if customer else self.chance.choice(self.strangers)


def _recordings(shop: Shop, sales: Sequence[Sale], until: datetime, actor: Actor) -> dict[date, Recording]:
    """The recording of each day on which something was sold, from midnight to midnight; the camera recognises."""
    camera = switch.turn_on(Camera.objects.create(shop=shop, name=CAMERA), actor, sign_hangs=True)
    days = sorted({day_of(shop, sale.sold_at) for sale in sales})
    rows = Recording.objects.bulk_create(_recording(shop, camera, day, until) for day in days)
    return dict(zip(days, rows, strict=True))


def _recording(shop: Shop, camera: Camera, day: date, until: datetime) -> Recording:
    starts_at = datetime.combine(day, time.min, shop.tz)
    ends_at = min(starts_at + timedelta(days=1), until)
    return Recording(
        shop=shop,
        camera=camera,
        original_name=f"{CAMERA} {day}.mp4",
        started_at=starts_at,
        started_at_source=Recording.StartSource.GIVEN,
        duration_s=(ends_at - starts_at).total_seconds(),
        state=Recording.State.DONE,
    )


def _visit(
    chance: random.Random, recording: Recording, person: Person, sold_at: datetime, until: datetime
) -> Visit:
    """A stay around a sale: somebody comes in, waits, pays, and carries the can away."""
    return Visit(
        shop=recording.shop,
        recording=recording,
        person=person,
        entry_at=sold_at - timedelta(seconds=chance.lognormvariate(4.1, 0.5)),
        exit_at=min(sold_at + timedelta(seconds=chance.uniform(8, 70)), until),
        shots=chance.randint(3, 8),
        distance=round(min(max(chance.gauss(0.24, 0.05), 0.08), 0.41), 3),
    )


def _decide_some(shop: Shop, actor: Actor) -> None:
    """The links of the last days were looked at, but for the newest."""
    links = SaleLink.objects.filter(shop=shop).select_related("shop")
    newest = enumerate(links.order_by("-sale__sold_at")[UNDECIDED : UNDECIDED + DECIDED])
    # Whom a refusal sets free may be linked anew, but for those who are confirmed by then.
    for is_right, link in sorted(((n % 12 != 5, link) for n, link in newest), key=lambda pair: not pair[0]):
        linking.decide(link, is_right=is_right, actor=actor)
