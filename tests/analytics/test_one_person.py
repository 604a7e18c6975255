"""A customer's own data: a copy of all of it, and its erasure, after which nothing is left to be found."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from analytics import one_person, own_data
from customers import book
from customers.models import Customer
from sales import cards, merging
from sales.ledger import receive_payment
from sales.models import LedgerEntry, Sale, Tender
from tests.base import TESTS, Cast, make_cast, sell
from tests.vision.crowd import NOW, came
from tests.vision.scene import a_person
from vision import decisions
from vision.models import (
    Consent,
    DisputeFile,
    Erasure,
    FaceView,
    IdentityEvent,
    Person,
    Recording,
    SaleLink,
    Sighting,
    Template,
    Visit,
)
from vision.privacy import withdrawing
from watershop.audit import Actor
from watershop.models import Answer, AuditEntry, Message

SignIn = Callable[..., Client]
NAME, PHONE, EMAIL = "Gangaputra", "9812345670", "ganga@example.org"
PICTURES = b"\xff\xd8 the only picture of them \xff\xd9"
FACE = 0.987654


@pytest.fixture(autouse=True)
def log(settings: Settings, tmp_path: Path) -> Path:
    settings.ERASURE_LOG = tmp_path / "erasures.log"
    return tmp_path / "erasures.log"


@pytest.fixture
def meena(cast: Cast, client_of: SignIn) -> Client:
    return client_of(cast.meena)


@pytest.fixture
def manager(cast: Cast) -> Actor:
    return Actor(cast.meena, "tests")


@pytest.fixture
def ganga(cast: Cast) -> Customer:
    """Somebody who has left a trace everywhere."""
    fields = {"name": NAME, "phone": PHONE, "language": "en", "email": EMAIL}
    customer = book.add_customer(shop=cast.shop, actor=TESTS, **fields)
    sell(cast, 2, customer=customer, is_paid=False)
    receive_payment(customer=customer, amount=Decimal(10), tender=Tender.CASH, actor=TESTS)
    write_to(customer)
    cards.issue(cast.shop, [customer], actor=TESTS)
    Answer.objects.create(
        shop=cast.shop, key="1", body_hash="x", status=201, body={"name": NAME, "phone": PHONE}
    )
    be_seen(customer)
    return customer


def write_to(customer: Customer) -> None:
    for topic, state in (("dues", "sent"), ("cans", "queued")):
        Message.objects.create(
            **{"shop": customer.shop, "topic": topic, "about_id": customer.pk, "channel": "whatsapp"},
            **{"to": PHONE, "text": f"Dear {NAME}", "state": state},
            sent_at=timezone.now() if state == "sent" else None,
        )


def be_seen(customer: Customer) -> Person:
    """A person with two names, a film, pictures of three kinds, vectors, and somebody merged into them."""
    shop = customer.shop
    alias, person = a_person(shop), a_person(shop, customer=customer)
    seen = came(shop, alias, [FACE])
    decisions.merge(alias, person, TESTS)
    decisions.name(person, {"name": f"{NAME} the elder"}, TESTS)
    decisions.name(person, {"name": f"{NAME} again"}, TESTS)
    seen.recording.file.save("film.mp4", ContentFile(PICTURES + b" moving"))
    face = seen.tracklets.get()
    default_storage.delete(str(face.picture.name))
    face.picture.save("face.jpg", ContentFile(PICTURES))
    consent = Consent.objects.get(customer=customer)
    taken = Template.objects.create(
        **{"shop": shop, "person": person, "consent": consent, "is_enrolled": True},
        **{"model_id": "a-net", "vector": [FACE, FACE]},
    )
    taken.picture.save("taken.jpg", ContentFile(PICTURES))
    now = Sighting.objects.create(
        shop=shop, camera=seen.recording.camera, track=str(person.pk), person=person, first_at=NOW
    )
    now.picture.save("now.jpg", ContentFile(PICTURES))
    return person


def everything() -> str:
    """Every row of every table, as text."""
    with connection.cursor() as cursor:
        rows = []
        for model in apps.get_models(include_auto_created=True):
            cursor.execute(f'SELECT t::text FROM "{model._meta.db_table}" AS t')
            rows += [row[0] for row in cursor.fetchall()]
    return "\n".join(rows)


def stored_files(folder: str = "") -> Iterator[bytes]:
    folders, files = default_storage.listdir(folder)
    for name in files:
        with default_storage.open(f"{folder}/{name}" if folder else name) as file:
            yield file.read()
    for name in folders:
        yield from stored_files(f"{folder}/{name}" if folder else name)


def traces() -> list[str]:
    """What can still be found of them, anywhere."""
    text = everything()
    vector = str(np.float32(FACE))[:6]
    found = [word for word in (NAME, PHONE, EMAIL, vector) if word in text]
    return found + ["a picture" for content in stored_files() if PICTURES[:20] in content]


def test_who_is_erased_leaves_no_trace_and_the_books_still_add_up(
    cast: Cast,
    ganga: Customer,
    meena: Client,
    log: Path,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    assert len(traces()) == 8, "name, phone, e-mail, vector; face, portrait, sighting, film"
    before = list(LedgerEntry.objects.order_by("pk").values_list("customer", "amount"))
    page = f"/s/water/customers/{ganga.pk}/data/"
    answer = meena.post(page, {"code": "somebody else"})
    assert answer.status_code == 422 and len(traces()) == 8
    with django_capture_on_commit_callbacks(execute=True):
        assert meena.post(page, {"code": ganga.code.lower()}).status_code == 302
    assert traces() == []
    ganga.refresh_from_db()
    assert (ganga.name, ganga.phone, ganga.email, ganga.is_active) == (ganga.code, "", "", False)
    assert list(LedgerEntry.objects.order_by("pk").values_list("customer", "amount")) == before
    assert Sale.objects.get().customer == ganga and Visit.objects.get().person
    assert set(IdentityEvent.objects.exclude(kind="forget").values_list("moved__moves", flat=True)) == {None}
    assert not Message.objects.exclude(to="", text="").exists() and not Message.objects.filter(state="queued")
    assert cards.card_of(ganga) is None and not Recording.objects.exclude(file="").exists()
    assert "Erased on" in meena.get(page).content.decode()
    (line,) = [json.loads(text) for text in log.read_text().splitlines()]
    assert (line["customer"], line["persons"]) == (
        ganga.pk,
        sorted(Person.objects.values_list("pk", flat=True)),
    )
    assert set(line) == {"shop", "customer", "known_since", "persons", "at"}


def section_of(customer: Customer, key: str) -> list[dict[str, str]]:
    """What a copy says under one heading."""
    folder = zipfile.ZipFile(io.BytesIO(own_data.hand_out(customer, TESTS)))
    rows: list[dict[str, str]] = json.loads(folder.read("data.json"))[key]
    return rows


def test_a_copy_holds_all_of_it_and_no_vector(cast: Cast, ganga: Customer, meena: Client) -> None:
    answer = meena.post(f"/s/water/customers/{ganga.pk}/data/export/")
    assert f"{ganga.code}.zip" in answer["Content-Disposition"] and answer["Cache-Control"] == "no-store"
    folder = zipfile.ZipFile(io.BytesIO(answer.content))
    data = json.loads(folder.read("data.json"))
    assert data["accounts"][0]["phone"] == PHONE and data["consents"][0]["withdrawn_at"] == ""
    assert [row["cans"] for row in data["sales"]] == ["2"] and len(data["account_entries"]) == 2
    assert (
        len(data["messages"]) == 2 and len(data["visits"]) == 1 and data["payments"][0]["amount"] == "10.00"
    )
    pictures = [name for name in folder.namelist() if name.startswith("pictures/")]
    assert len(pictures) == 2 and all(folder.read(name) == PICTURES for name in pictures)
    page = folder.read("index.html").decode()
    assert NAME in page and all(name in page for name in pictures)
    assert "vector" not in page + str(data) and str(FACE)[:6] not in page + str(data)
    assert AuditEntry.objects.filter(action="export_customer_data", subject_id=ganga.pk).exists()
    (person,) = Person.objects.filter(customer=ganga)
    view = FaceView.objects.get(what="export")
    assert (view.subject, view.person) == (person.pk, person), "the next copy says so, too"
    film = Recording.objects.get(tracklets__person=person).pk
    FaceView.objects.create(shop=cast.shop, by=cast.ravi, what="film", subject=film, hour=NOW)
    assert {row["by__username"] for row in section_of(ganga, "views")} == {"meena", "ravi"}


def test_a_restored_backup_brings_nobody_back(
    cast: Cast, ganga: Customer, manager: Actor, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    backup = transaction.savepoint()
    with django_capture_on_commit_callbacks(execute=True):
        one_person.erase(ganga, ganga.code, manager)
        at = Erasure.objects.get().at
    transaction.savepoint_rollback(backup)
    assert NAME in traces(), "the backup is from before"
    with django_capture_on_commit_callbacks(execute=True):
        call_command("replay_erasures")
    assert traces() == [] and Erasure.objects.get().at == at
    call_command("replay_erasures")
    assert Erasure.objects.count() == 1


def test_ids_that_were_given_anew_are_not_erased(
    cast: Cast,
    ganga: Customer,
    manager: Actor,
    log: Path,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    line = {"shop": "water", "customer": ganga.pk, "persons": [], "at": timezone.now().isoformat()}
    log.write_text(json.dumps(line | {"known_since": (ganga.created_at - timedelta(days=1)).isoformat()}))
    assert one_person.replay(manager) == 0
    log.write_text(json.dumps(line | {"known_since": ganga.created_at.isoformat(), "shop": "next-door"}))
    assert one_person.replay(manager) == 0 and NAME in traces()


def test_accounts_that_were_merged_go_together_and_so_they_do_again_in_a_backup_from_before(
    cast: Cast, ganga: Customer, manager: Actor, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    be_seen(cast.asha)
    backup = transaction.savepoint()
    merging.merge(old=ganga, into=cast.asha, reason="one person", actor=TESTS)
    merged = transaction.savepoint()
    with django_capture_on_commit_callbacks(execute=True):
        one_person.erase(cast.asha, "ASHA", manager)
    ganga.refresh_from_db()
    assert (ganga.name, ganga.phone) == (ganga.code, "")
    assert not Person.objects.exclude(customer=None).exists() and not Template.objects.exists()
    for restored in (merged, backup):
        transaction.savepoint_rollback(restored)
        assert NAME in traces()
        assert one_person.replay(manager) == 2
        assert (Customer.objects.get(pk=ganga.pk).phone, Person.objects.exclude(customer=None).count()) == (
            "",
            0,
        )
        assert one_person.replay(manager) == 0


def test_who_is_surely_seen_at_their_sales_goes_too_and_nobody_else(
    cast: Cast, ganga: Customer, manager: Actor, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    """Who took the consent back first, a face that nobody named; neither staff nor who was only suggested."""
    with django_capture_on_commit_callbacks(execute=True):
        withdrawing.withdraw(ganga, manager)
    told = {"staff": a_person(cast.shop, is_shop_staff=True), "suggested": a_person(cast.shop)}
    withdrawn = Visit.objects.get()
    seen = {"withdrawn": withdrawn, "linked": came(cast.shop, a_person(cast.shop), [3.0])}
    seen |= {
        name: came(cast.shop, person, [5.0 + number]) for number, (name, person) in enumerate(told.items())
    }
    for name, visit in seen.items():
        if visit != withdrawn:
            visit.recording.file.save(f"{name}.mp4", ContentFile(b"a film"))
        sale = sell(cast, 1, customer=ganga)
        state = {"state": "suggested"} if name == "suggested" else {"state": "linked"}
        SaleLink.objects.create(shop=cast.shop, sale=sale, visit=visit, confidence=0.99, **state)
    of_asha = sell(cast, 1, customer=cast.asha)
    SaleLink.objects.create(shop=cast.shop, sale=of_asha, visit=withdrawn, confidence=0.7)
    row = {"made_by": cast.meena, "sha256": "0" * 64, "expires_at": NOW + timedelta(days=30)}
    file = DisputeFile.objects.create(shop=cast.shop, sale=of_asha, **row)
    file.file.save("dispute.html", ContentFile(PICTURES))
    with django_capture_on_commit_callbacks(execute=True):
        one_person.erase(ganga, ganga.code, manager)
    films = {name: bool(Recording.objects.get(visits=visit).file) for name, visit in seen.items()}
    assert films == {"withdrawn": False, "linked": False, "staff": True, "suggested": True}
    assert set(Template.objects.values_list("person", flat=True)) == {one.pk for one in told.values()}
    assert traces() == []


def test_of_an_event_only_what_it_moved_can_be_emptied(cast: Cast) -> None:
    event = decisions.name(a_person(cast.shop), {"is_ignored": True}, TESTS)
    assert event
    changes: list[dict[str, Any]] = [
        {"moved": {"moves": []}},
        {"kind": "merge"},
        {"moved": {}, "by": cast.ravi},
    ]
    for change in changes:
        with pytest.raises(IntegrityError, match="written once"), transaction.atomic():
            IdentityEvent.objects.update(**change)
    with pytest.raises(IntegrityError, match="written once"), transaction.atomic():
        IdentityEvent.objects.all().delete()
    assert IdentityEvent.objects.update(moved={}) == 1


def test_only_a_manager_erases_and_nobody_elsewhere(
    cast: Cast, ganga: Customer, meena: Client, client_of: SignIn
) -> None:
    page = f"/s/water/customers/{ganga.pk}/data/"
    assert client_of(cast.ravi).post(page, {"code": ganga.code}).status_code == 403
    foreign = make_cast("next-door").asha
    assert meena.get(f"/s/water/customers/{foreign.pk}/data/").status_code == 404
    assert meena.post(f"/s/water/customers/{foreign.pk}/data/export/").status_code == 404
    with pytest.raises(ValidationError, match="not the code"):
        one_person.erase(ganga, "", TESTS)
