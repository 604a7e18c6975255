"""A finding as the page shows it: a sentence, a small picture of what is usual and what was, and where its rows are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as date_format
from django_stubs_ext import StrOrPromise

from analytics.charts import RUPEES, written
from analytics.models import Anomaly
from analytics.odd import RULES
from analytics.odd.base import Facts, Names, Rule
from customers.models import Customer
from sales.models import DrawerSession, Sale
from vision.models import Person
from watershop.models import Right, Shop, User
from watershop.templatetags.money import rupees

AIR = 0.08
"""So much of the picture's width stays free on both sides."""


@dataclass(frozen=True)
class Picture:
    """A scale from left to right: the usual range, its middle, and what was, in per cent of the width."""

    low: float
    width: float
    usual: float
    value: float
    anchor: str
    """Where the number stands to its mark, lest it leave the picture: start, middle or end."""
    text: str
    low_text: str
    high_text: str
    unit: StrOrPromise

    @property
    def is_unusual(self) -> bool:
        return not self.low <= self.value <= self.low + self.width


@dataclass(frozen=True)
class Link:
    """A row, or a page of rows, that a finding is about."""

    label: str
    url: str


@dataclass(frozen=True)
class Card:
    """One finding. `page` is where its rows are, "" for whom may not see them; `links` lead to some of them."""

    anomaly: Anomaly
    rule: Rule
    sentence: str
    picture: Picture
    page: str
    links: Sequence[Link]


def cards(shop: Shop, found: Sequence[Anomaly], rights: frozenset[Right]) -> list[Card]:
    """Five queries, however many there are."""
    names, links = _names(shop, found), _links(shop, found)
    return [
        Card(
            anomaly=row,
            rule=(rule := RULES[row.rule]),
            sentence=rule.sentence(row.facts, names),
            picture=picture(row.facts, rule.unit_of(row.facts)),
            page=_page(rule, shop, row.facts, rights),
            links=[links[key] for key in _keys(row.facts) if key in links],
        )
        for row in found
    ]


def picture(facts: Facts, unit: StrOrPromise) -> Picture:
    """Where the marks stand on a scale that holds them all, and nought."""
    value, low, high = (float(facts[name]) for name in ("value", "low", "high"))
    first, last = min(value, low, 0.0), max(value, high)
    span = (last - first) or 1.0

    def place(number: float) -> float:
        return round(100 * (AIR + (1 - 2 * AIR) * (number - first) / span), 1)

    at = place(value)
    return Picture(
        low=place(low),
        width=round(place(high) - place(low), 1),
        usual=place(facts["usual"]),
        value=at,
        anchor="start" if at < 25 else "end" if at > 75 else "middle",
        text=_written(value, unit),
        low_text=_written(low, unit),
        high_text=_written(high, unit),
        unit="" if unit in (RUPEES, "%") else unit,
    )


def _written(number: float, unit: StrOrPromise) -> str:
    text = written(round(number) if abs(number) >= 10 else number, RUPEES if unit == RUPEES else "")
    return f"{text} %" if unit == "%" else text


def _page(rule: Rule, shop: Shop, facts: Facts, rights: frozenset[Right]) -> str:
    asked = rule.right_for(facts)
    return rule.rows(shop, facts) if asked is None or asked in rights else ""


def _names(shop: Shop, found: Iterable[Anomaly]) -> Names:
    """What those are called whom the facts name by id; three queries."""

    def ids(name: str) -> set[int]:
        return {row.facts[name] for row in found if row.facts.get(name)}

    persons = Person.objects.filter(shop=shop, pk__in=ids("person")).select_related("customer")
    return Names(
        clerks={user.pk: str(user) for user in User.objects.filter(pk__in=ids("clerk"))},
        customers={row.pk: str(row) for row in Customer.objects.of(shop).filter(pk__in=ids("customer"))},
        persons={person.pk: str(person) for person in persons},
    )


def _keys(facts: Facts) -> list[tuple[str, int]]:
    return [(name, pk) for name in ("sales", "sessions") for pk in facts.get(name, ())]


def _links(shop: Shop, found: Iterable[Anomaly]) -> dict[tuple[str, int], Link]:
    """The sales and drawer sessions that the facts list; two queries."""
    keys = {key for row in found for key in _keys(row.facts)}
    sales = Sale.objects.of(shop).with_sums().filter(pk__in=[pk for name, pk in keys if name == "sales"])
    sessions = DrawerSession.objects.of(shop).filter(pk__in=[pk for name, pk in keys if name == "sessions"])
    links = {
        ("sales", sale.pk): Link(
            f"{rupees(sale.total)} · {date_format(timezone.localtime(sale.sold_at), 'j M, H:i')}",
            reverse("sale", args=[shop.slug, sale.pk]),
        )
        for sale in sales
    }
    return links | {
        ("sessions", session.pk): Link(str(session), reverse("drawer_session", args=[shop.slug, session.pk]))
        for session in sessions
    }
