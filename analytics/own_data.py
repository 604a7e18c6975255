"""All that is kept about one customer, as a file that can be handed to them: to read, to compute with, and to look at.

Never a vector: it says nothing to its owner, and in other hands it would be a key to their face.
"""

import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models.fields.files import FieldFile
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from customers import book
from customers.models import Customer
from sales import reminders
from sales.models import CanMovement, CustomerCard, DepositEntry, LedgerEntry, Payment, Promise, Sale
from vision.models import Consent, Person, Template, Tracklet, Visit
from vision.privacy import access
from watershop import audit
from watershop.audit import Actor
from watershop.models import Shop
from watershop.templatetags.dates import shop_time


@dataclass(frozen=True)
class Section:
    """One kind of things: what it is called, the names of its columns, and its rows by column."""

    key: str
    title: str
    columns: Mapping[str, str]
    rows: Sequence[Mapping[str, str]]


def hand_out(customer: Customer, actor: Actor) -> bytes:
    """A ZIP: index.html to read in the customer's language, data.json with the same, and all pictures of them."""
    audit.record(customer.shop, actor, "export_customer_data", customer)
    with translation.override(customer.language):
        sections = list(_sections(customer))
        pictures = dict(_pictures(people_of(customer)))
        context = {"customer": customer, "shop": customer.shop, "sections": sections, "pictures": pictures}
        page = render_to_string("analytics/own_data.html", context)
    data = {section.key: section.rows for section in sections}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as folder:
        folder.writestr("index.html", page)
        folder.writestr("data.json", json.dumps(data, ensure_ascii=False, indent=1))
        for name, picture in pictures.items():
            with picture.open("rb") as source:
                folder.writestr(name, source.read())
    return file.getvalue()


def people_of(customer: Customer) -> list[Person]:
    """Whose faces are known to be the customer's."""
    return list(Person.objects.filter(customer__in=book.accounts_of(customer)).order_by("pk"))


def _pictures(people: Sequence[Person]) -> Iterator[tuple[str, FieldFile]]:
    """Name in the file -> picture, of those that are still there."""
    seen = Tracklet.objects.filter(person__in=people).exclude(picture="").order_by("pk")
    taken = Template.objects.filter(person__in=people).exclude(picture="").order_by("pk")
    for kind, rows in (("seen", seen), ("taken", taken)):
        for row in rows:
            if row.picture.storage.exists(str(row.picture.name)):
                yield f"pictures/{kind}-{row.pk}.jpg", row.picture


def _sections(customer: Customer) -> Iterator[Section]:
    """In the language of the moment."""
    shop, people = customer.shop, people_of(customer)
    own = {"customer__in": book.accounts_of(customer)}

    def section(key: str, title: str, rows: Iterable[Any], **columns: str) -> Section:
        return Section(
            key, title, columns, [{name: _text(row, name, shop) for name in columns} for row in rows]
        )

    yield section(
        "accounts",
        _("Account"),
        own["customer__in"],
        **{"code": _("Code"), "name": _("Name"), "phone": _("Phone"), "email": _("E-mail")},
        **{"language": _("Language"), "credit_limit": _("Credit limit"), "created_at": _("Known since")},
    )
    yield section(
        "consents",
        _("Consents to be known by the face"),
        Consent.objects.filter(**own),
        **{"text_version": _("Text"), "language": _("Language"), "how": _("How")},
        **{"given_at": _("Given"), "withdrawn_at": _("Withdrawn")},
    )
    yield section(
        "sales",
        _("Sales"),
        Sale.objects.filter(**own).with_sums().order_by("sold_at"),
        **{"sold_at": _("Time"), "code": _("Sale"), "cans": _("Cans")},
        **{"total": _("Total"), "paid": _("Paid"), "due": _("Due")},
    )
    yield section(
        "account_entries",
        _("Entries of the account"),
        LedgerEntry.objects.filter(**own).order_by("at", "pk"),
        **{"at": _("Time"), "kind": _("What"), "amount": _("Amount"), "reason": _("Reason")},
    )
    yield section(
        "payments",
        _("Payments"),
        Payment.objects.filter(**own).order_by("received_at"),
        **{"received_at": _("Time"), "tender": _("Paid by"), "amount": _("Amount")},
    )
    yield section(
        "cans",
        _("Cans"),
        CanMovement.objects.filter(**own).select_related("can_type").order_by("at", "pk"),
        **{"at": _("Time"), "can_type__name": _("Size"), "quantity": _("Cans")},
    )
    yield section(
        "deposits",
        _("Deposits"),
        DepositEntry.objects.filter(**own).order_by("at", "pk"),
        **{"at": _("Time"), "kind": _("What"), "cans": _("Cans"), "amount": _("Amount")},
    )
    yield section(
        "promises",
        _("Promises"),
        Promise.objects.filter(**own).order_by("made_at"),
        **{"made_at": _("Time"), "amount": _("Amount"), "due_on": _("Until")},
    )
    yield section(
        "messages",
        _("Messages"),
        reminders.about(shop, own["customer__in"]).order_by("created_at"),
        **{
            "created_at": _("Time"),
            "channel": _("By"),
            "to": _("To"),
            "text": _("Text"),
            "state": _("State"),
        },
    )
    yield section(
        "cards",
        _("Cards"),
        CustomerCard.objects.filter(**own).order_by("issued_at"),
        **{"issued_at": _("Issued"), "revoked_at": _("Revoked")},
    )
    yield section(
        "visits",
        _("Visits"),
        Visit.objects.filter(person__in=people).select_related("recording__camera").order_by("entry_at"),
        **{"entry_at": _("Came"), "exit_at": _("Left"), "recording__camera__name": _("Camera")},
    )
    yield section(
        "views",
        _("Who looked at the face"),
        access.views(shop, people=people).order_by("at"),
        **{"at": _("Time"), "what": _("What"), "by__username": _("Who")},
    )


def _text(row: Any, path: str, shop: Shop) -> str:
    """What a column says of a row: choices by their names, times on the shop's clock."""
    *through, name = path.split("__")
    for part in through:
        row = getattr(row, part)
    display = getattr(row, f"get_{name}_display", None)
    value = display() if display else getattr(row, name)
    if isinstance(value, datetime):
        return shop_time(value, shop)
    return "" if value is None else str(value)
