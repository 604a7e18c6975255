"""Queues of cards: what till and camera together find odd, for a person to decide with one key."""

from vision.queues.base import Queue
from vision.queues.cans import Cans
from vision.queues.debtor import DebtorArrived
from vision.queues.doubt import Doubt
from vision.queues.household import Household
from vision.queues.late_void import LateVoid
from vision.queues.link import SaleAndVisit
from vision.queues.no_sale import NoSale
from vision.queues.no_visit import NoVisit
from vision.queues.old_debt import OldDebt
from vision.queues.same import Same
from vision.queues.tender import PaidOtherwise
from vision.queues.upi import Upi
from vision.queues.variance import Variance

QUEUES: dict[str, Queue] = {
    queue.kind: queue
    for queue in (
        DebtorArrived(),
        NoSale(),
        NoVisit(),
        LateVoid(),
        Upi(),
        Cans(),
        Variance(),
        PaidOtherwise(),
        OldDebt(),
        SaleAndVisit(),
        Doubt(),
        Same(),
        Household(),
    )
}
"""By kind, in the order of their tiles. A new kind is a module here, and an entry."""
