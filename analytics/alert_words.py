"""What an alert says, made from its facts in the reader's language, and where what it is about is found.

On the shop's pages a customer has a name, a debtor who came in only for those who may see faces. A mail has codes, and
says of a face that there was one: a mailbox is outside of the shop.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.alert_limits import in_words
from analytics.models import Alert, AlertRule
from analytics.odd import RULES
from customers.models import Customer
from vision.camera_words import FAULTS
from vision.models import Camera
from watershop.models import Right, Shop
from watershop.templatetags.dates import shop_clock, shop_time
from watershop.templatetags.money import grouped, rupees

Kind = AlertRule.Kind
TITLES = {
    Kind.UNPAID: (gettext_lazy("Owes too much"), "unpaid"),
    Kind.DEBTOR: (gettext_lazy("Debtor arrived"), "dues"),
    Kind.PEAK: (gettext_lazy("Rush"), "people"),
    Kind.CAMERA: (gettext_lazy("Camera is silent"), "video"),
    Kind.WORKER: (gettext_lazy("Background work stands still"), "clock"),
    Kind.VARIANCE: (gettext_lazy("Cash variance"), "cash"),
    Kind.OPENING: (gettext_lazy("Opening hours"), "calendar"),
    Kind.ANOMALY: (gettext_lazy("Something odd"), "search"),
}
"""What each kind is called, and its icon."""


@dataclass(frozen=True)
class Told:
    """An alert in words. `url` is empty where its reader may not go."""

    alert: Alert
    title: str
    icon: str
    text: str
    url: str


@dataclass(frozen=True)
class ShownRule:
    """A rule in words: what it tells of, from which limit on."""

    rule: AlertRule
    icon: str
    text: str


@dataclass(frozen=True)
class Names:
    """What ids are called now, and what the reader may see."""

    shop: Shop
    rights: frozenset[Right]
    customers: Mapping[int, str] = field(default_factory=dict)
    cameras: Mapping[int, str] = field(default_factory=dict)


def title_of(kind: str) -> str:
    """What a kind of alert is called, in the reader's language."""
    return str(TITLES[Kind(kind)][0])


def rules(rows: Iterable[AlertRule]) -> list[ShownRule]:
    """The rules in the reader's language."""
    return [ShownRule(row, TITLES[Kind(row.kind)][1], in_words(row)) for row in rows]


def for_page(shop: Shop, alerts: Sequence[Alert], rights: frozenset[Right]) -> list[Told]:
    """The alerts as a page shows them to somebody with these rights; two queries. Reads `alert.rule`."""
    customers = Customer.objects.of(shop).in_bulk(_ids(alerts, "customer"))
    called = {pk: row.name or row.code for pk, row in customers.items()}
    return _told(alerts, Names(shop, rights, called, _cameras(shop, alerts)))


def for_mail(shop: Shop, alerts: Sequence[Alert]) -> list[Told]:
    """The alerts as a mail tells them; two queries."""
    customers = Customer.objects.of(shop).in_bulk(_ids(alerts, "customer"))
    codes = {pk: row.code for pk, row in customers.items()}
    return _told(alerts, Names(shop, frozenset(), codes, _cameras(shop, alerts)))


def address_of_page(shop: Shop) -> str:
    """Where the alerts are found from outside; empty where nobody said under which address."""
    return f"{settings.SITE_ADDRESS}{reverse('alerts', args=[shop.slug])}" if settings.SITE_ADDRESS else ""


def _ids(alerts: Iterable[Alert], fact: str) -> set[int]:
    return {alert.facts[fact] for alert in alerts if alert.facts.get(fact)}


def _cameras(shop: Shop, alerts: Sequence[Alert]) -> dict[int, str]:
    cameras = Camera.objects.filter(shop=shop).in_bulk(_ids(alerts, "camera"))
    return {pk: camera.name for pk, camera in cameras.items()}


def _told(alerts: Iterable[Alert], names: Names) -> list[Told]:
    shown = []
    for alert in alerts:
        title, icon = TITLES[Kind(alert.rule.kind)]
        text, url = WORDS[Kind(alert.rule.kind)](alert.facts, names)
        shown.append(Told(alert, str(title), icon, text, url))
    return shown


Facts = Mapping[str, Any]
Words = tuple[str, str]
"""The sentence, and the page of what it is about."""


def _page(names: Names, name: str, *args: object, right: Right | None = None) -> str:
    may_go = right is None or right in names.rights
    return reverse(name, args=[names.shop.slug, *args]) if may_go else ""


def _unpaid(facts: Facts, names: Names) -> Words:
    who, balance = names.customers.get(facts["customer"], "–"), rupees(Decimal(facts["balance"]))
    text = _("%(who)s owes %(amount)s.") % {"who": who, "amount": balance}
    return text, _page(names, "customer", facts["customer"])


def _debtor(facts: Facts, names: Names) -> Words:
    page = _page(names, "queue", "debtor", right=Right.SEE_FACES)
    if Right.SEE_FACES not in names.rights:
        return _("Somebody came in who owes for long."), page
    who = names.customers.get(facts["customer"], "–")
    numbers = {"who": who, "amount": rupees(Decimal(facts["amount"])), "days": facts["days"]}
    return _("%(who)s came in: owes %(amount)s, the oldest for %(days)s days.") % numbers, page


def _peak(facts: Facts, names: Names) -> Words:
    start = datetime.fromisoformat(facts["start"])
    words = {"came": grouped(facts["came"]), "time": shop_clock(start, names.shop)}
    text = _("%(came)s came in the half-hour from %(time)s.") % words
    return text, _page(names, "staffing", right=Right.SEE_TOTALS)


def _camera(facts: Facts, names: Names) -> Words:
    fault = FAULTS.get(facts["fault"])
    since = datetime.fromisoformat(facts["since"]) if facts["since"] else None
    words = {
        "camera": names.cameras.get(facts["camera"], "–"),
        "time": shop_time(since, names.shop),
        "fault": fault.what if fault else "",
    }
    text = (_("%(camera)s: the last picture came at %(time)s. %(fault)s") % words).strip()
    return text, _page(names, "cameras", right=Right.SEE_FACES)


def _worker(facts: Facts, names: Names) -> Words:
    if "cluster" in facts:
        return _("Nobody takes up the work on recordings."), ""
    since, until = (datetime.fromisoformat(facts[name]) for name in ("since", "until"))
    words = {"since": shop_time(since, names.shop), "until": shop_time(until, names.shop)}
    return _("Nothing was worked on from %(since)s to %(until)s.") % words, ""


def _variance(facts: Facts, names: Names) -> Words:
    variance, page = Decimal(facts["variance"]), _page(names, "drawer_session", facts["session"])
    if variance < 0:
        return _("The drawer is %(amount)s short.") % {"amount": rupees(-variance)}, page
    return _("The drawer has %(amount)s too much.") % {"amount": rupees(variance)}, page


def _opening(facts: Facts, names: Names) -> Words:
    page = _page(names, "opening_times", right=Right.SEE_TOTALS)
    if "late" in facts and not facts["has_opened"]:
        return _("Not open yet, %(minutes)s minutes after the hour.") % {"minutes": facts["late"]}, page
    if "late" in facts:
        text = _("Opened %(minutes)s minutes late.") % {"minutes": facts["late"]}
    else:
        text = _("Closed %(minutes)s minutes early.") % {"minutes": facts["early"]}
    unsure = _("No face of staff was seen: it may have been open for longer.")
    return text if facts["is_sure"] else f"{text} {unsure}", page


def _anomaly(facts: Facts, names: Names) -> Words:
    rule = RULES.get(facts["rule"])
    return str(rule.title) if rule else facts["rule"], _page(names, "anomalies", right=Right.SEE_TOTALS)


WORDS: Mapping[Kind, Callable[[Facts, Names], Words]] = {
    Kind.UNPAID: _unpaid,
    Kind.DEBTOR: _debtor,
    Kind.PEAK: _peak,
    Kind.CAMERA: _camera,
    Kind.WORKER: _worker,
    Kind.VARIANCE: _variance,
    Kind.OPENING: _opening,
    Kind.ANOMALY: _anomaly,
}
