"""Alerts: an owner's rules, looked at each minute, and what they told. Shown at once, mailed when the night is over.

Nothing is told twice: each finding has a key, and what goes on over midnight waits out its pause.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from analytics import alert_words
from analytics.alert_checks import CHECKS, Found
from analytics.alert_limits import limit_for
from analytics.models import Alert, AlertRule
from watershop import audit, outbox
from watershop.audit import Actor
from watershop.models import Message, Shop

log = logging.getLogger(__name__)
TOPIC = "alert"
PAUSE = timedelta(hours=4)
"""So long nothing is told again about the same thing, also when a new day begins meanwhile."""


def add(shop: Shop, fields: Mapping[str, Any], actor: Actor) -> AlertRule:
    """A new rule, which looks at what happens from now on. Raises ValidationError."""
    rule = AlertRule(shop=shop, checked_at=timezone.now(), **fields)
    rule.limit = limit_for(rule.kind, rule.limit)
    rule.full_clean()
    with transaction.atomic():
        rule.save()
        audit.record(shop, actor, "add_alert_rule", rule, after=_codes(rule))
    return rule


def change(rule: AlertRule, fields: Mapping[str, Any], actor: Actor) -> AlertRule:
    """Change its limit, whom it writes to, or whether it looks at all; its kind stays. Raises ValidationError."""
    fields = dict(fields)
    if "limit" in fields:
        fields["limit"] = limit_for(rule.kind, fields["limit"])
    if fields.get("is_active"):
        fields["checked_at"] = timezone.now()  # a pause is no standstill, and what happened in it no news
    return audit.change(rule, actor, "change_alert_rule", fields, personal={"to"})


@transaction.atomic
def remove(rule: AlertRule, actor: Actor) -> None:
    """The rule goes, and what it told with it."""
    audit.record(rule.shop, actor, "remove_alert_rule", rule, before=_codes(rule))
    rule.delete()


def _codes(rule: AlertRule) -> dict[str, Any]:
    return {"kind": rule.kind, "limit": None if rule.limit is None else str(rule.limit)}


@transaction.atomic
def see(shop: Shop, alerts: Sequence[int] | None, actor: Actor) -> int:
    """Mark these alerts (ids), or all, as seen; how many were new."""
    rows = Alert.objects.filter(shop=shop, seen_at=None)
    chosen = rows if alerts is None else rows.filter(pk__in=alerts)
    count = chosen.update(seen_at=timezone.now(), seen_by=actor.user)
    if count:
        audit.record(shop, actor, "see_alerts", shop, after={"count": count, "alerts": alerts})
    return count


def unseen(shop: Shop) -> int:
    """How many alerts nobody has seen."""
    return Alert.objects.filter(shop=shop, seen_at=None).count()


def look() -> None:
    """Each minute: ask every rule. One that fails is written to the log, the others are asked all the same."""
    now, asked = timezone.now(), []
    for rule in AlertRule.objects.filter(is_active=True).select_related("shop"):
        try:
            look_by(rule, now)
        except Exception:
            log.exception("alert rule %s failed", rule.pk)
        else:
            asked.append(rule.pk)
    AlertRule.objects.filter(pk__in=asked).update(checked_at=now)


def look_by(rule: AlertRule, now: datetime) -> None:
    """Tell what is new by one rule."""
    found = {one.key: one for one in CHECKS[rule.kind](rule, now)}
    if found and _new(rule, found, now):
        _tell(rule, found, now)


def _new(rule: AlertRule, found: Mapping[str, Found], now: datetime) -> list[Found]:
    """What was not told yet, and nothing about the same a short while ago."""
    told = Alert.objects.filter(Q(key__in=found) | Q(at__gt=now - PAUSE), shop=rule.shop_id, rule=rule)
    keys = set(told.values_list("key", flat=True))
    about = {key.rpartition(":")[0] for key in keys}
    return [one for one in found.values() if one.key not in keys and one.about not in about]


@transaction.atomic
def _tell(rule: AlertRule, found: Mapping[str, Found], now: datetime) -> None:
    """Store what is new, and write one mail about all of it. Of two at once, the second finds nothing new."""
    locked = AlertRule.objects.select_for_update(no_key=True, of=("self",)).select_related("shop")
    held = locked.filter(pk=rule.pk, is_active=True).first()
    if held is None:
        return
    alerts = [
        Alert(shop=held.shop, rule=held, key=one.key, facts=one.facts, at=now)
        for one in _new(held, found, now)
    ]
    if alerts and held.to:
        (mail,) = outbox.put(held.shop, [_mail(held, alerts)])
        for alert in alerts:
            alert.message = mail
    Alert.objects.bulk_create(alerts)


def _mail(rule: AlertRule, alerts: Sequence[Alert]) -> Message:
    """In the rule's language, by the codes of accounts: names stay in the shop."""
    shop = rule.shop
    with translation.override(rule.language):
        lines = [f"- {one.text}" for one in alert_words.for_mail(shop, alerts)]
        subject = _("%(shop)s, alert: %(kind)s") % {
            "shop": shop.name,
            "kind": alert_words.title_of(rule.kind),
        }
        text = "\n".join([f"{shop.name}: {alert_words.title_of(rule.kind)}", "", *lines])
    link = alert_words.address_of_page(shop)
    return Message(
        shop=shop,
        topic=TOPIC,
        about_id=rule.pk,
        channel=Message.Channel.EMAIL,
        language=rule.language,
        to=rule.to,
        subject=subject,
        text=f"{text}\n\n{link}" if link else text,
        keeps_night=True,
    )
