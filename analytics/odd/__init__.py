"""The rules of what is odd, in the order in which the page names them."""

from analytics.odd.base import Rule
from analytics.odd.cash import Drift, Variance
from analytics.odd.clerks import CashVoids, LateVoids, Refunds, Voids
from analytics.odd.keyed import NoClerk, NoCustomer, OutsideHours
from analytics.odd.people import ComesOften, LeavesUnpaid
from analytics.odd.trade import OneHour, TenderMix, WholeDay

RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in (
        WholeDay(),
        OneHour(),
        TenderMix(),
        ComesOften(),
        LeavesUnpaid(),
        Voids(),
        LateVoids(),
        CashVoids(),
        Refunds(),
        Variance(),
        Drift(),
        OutsideHours(),
        NoCustomer(),
        NoClerk(),
    )
}
