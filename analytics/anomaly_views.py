"""The page of what is odd, and who of the regulars is late."""

from dataclasses import dataclass
from datetime import date

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from analytics import anomalies
from analytics.models import Anomaly
from analytics.odd import RULES
from analytics.odd.base import NEEDS, Firsts, Rule
from analytics.odd.cards import cards
from watershop.audit import Actor
from watershop.dates import day_of
from watershop.models import Right, Role
from watershop.roles import ShopRequest, has_role, shop_page

PAGE_SIZE = 20
LATE_SHOWN = 30
MOST = 100
State = Anomaly.State


@dataclass(frozen=True)
class Judges:
    """Since when a rule can judge: `on` is that day, None while there is nothing of what it `needs`."""

    rule: Rule
    on: date | None
    is_ready: bool
    needs: object


@shop_page(right=Right.SEE_TOTALS)
def anomalies_page(request: ShopRequest) -> HttpResponse:
    """What is open or kept in view, the late regulars, what was explained, and since when each rule can judge."""
    shop, now = request.shop, timezone.now()
    seen, asked = _seen(request), request.GET.get("rule", "")
    rows = seen.filter(rule=asked) if asked in RULES else seen
    explained = Paginator(rows.filter(state=State.EXPLAINED).order_by("-decided_at", "-pk"), PAGE_SIZE)
    page = explained.get_page(request.GET.get("page"))
    shown = cards(shop, [*rows.exclude(state=State.EXPLAINED)[:MOST], *page], request.rights)
    late = anomalies.late_regulars(shop, now)
    judges = _judges(request, day_of(shop, now))
    context = {
        "open": [card for card in shown if card.anomaly.state == State.OPEN],
        "watched": [card for card in shown if card.anomaly.state == State.WATCHED],
        "explained": [card for card in shown if card.anomaly.state == State.EXPLAINED],
        "page": page,
        "asked": asked,
        "counts": _counts(seen),
        "late": [(row, anomalies.greeting(row)) for row in late[:LATE_SHOWN]],
        "all_late": len(late),
        "judges": judges,
        "is_early": not any(one.is_ready for one in judges),
        "judged_from": min((one.on for one in judges if one.on), default=None),
    }
    return render(request, "analytics/anomalies.html", context)


def _rules(request: ShopRequest) -> list[Rule]:
    """What is asked about a clerk is for those who lead the shop."""
    is_manager = has_role(request.membership, Role.MANAGER)
    return [rule for rule in RULES.values() if is_manager or not rule.is_about_clerks]


def _seen(request: ShopRequest) -> QuerySet[Anomaly]:
    names = [rule.name for rule in _rules(request)]
    return Anomaly.objects.filter(shop=request.shop, rule__in=names).select_related("by")


def _counts(seen: QuerySet[Anomaly]) -> list[tuple[Rule, int]]:
    """Each rule that ever found something, with how many are not explained yet."""
    found = dict(seen.order_by().values_list("rule").annotate(Count("pk")))
    waiting = seen.exclude(state=State.EXPLAINED).order_by()
    counts = dict(waiting.values_list("rule").annotate(Count("pk")))
    return [(rule, counts.get(name, 0)) for name, rule in RULES.items() if name in found]


def _judges(request: ShopRequest, today: date) -> list[Judges]:
    firsts = Firsts.of(request.shop)
    begins = [(rule, rule.judges_from(firsts)) for rule in _rules(request)]
    return [Judges(rule, on, on is not None and on < today, NEEDS[rule.needs]) for rule, on in begins]


@shop_page(right=Right.SEE_TOTALS, posted_from="anomalies")
def anomaly_decide(request: ShopRequest, pk: int) -> HttpResponse:
    """Say what it was (`do=explained`, with a `note`), or keep it in view (`do=watched`)."""
    anomaly = get_object_or_404(_seen(request), pk=pk)
    try:
        wish, note = request.POST.get("do", ""), request.POST.get("note", "")
        anomalies.decide(anomaly, wish, note=note, actor=Actor.of(request))
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    return redirect("anomalies", request.shop.slug)
