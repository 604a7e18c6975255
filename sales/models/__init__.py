"""What was sold, who owes what, where the cans are.

Everything here that tells of money or cans is written once (AppendOnly) by `ledger.py` and `cans.py`; a mistake is
undone by a further row. Totals are sums, never columns. One sign: a ledger entry is positive when the customer owes
more, a can movement when the customer holds more of our cans. Foreign keys say `db_constraint=False` because their
database half is the composite `SameShop`.
"""

from sales.models.accounts import CanMovement, DefaultingCustomer, LedgerEntry
from sales.models.bulk import BulkDeed, BulkDeedItem
from sales.models.cards import CustomerCard
from sales.models.collecting import Promise
from sales.models.conditions import BROKEN, CHARGED, Condition, ConditionCharge
from sales.models.deposits import DepositEntry, Held
from sales.models.drawer import (
    DENOMINATIONS,
    IN_HAND,
    CashCount,
    CashMove,
    Drawer,
    DrawerCount,
    DrawerSession,
)
from sales.models.goods import (
    FIRST_CAN_TYPES,
    MONEY,
    MOST_PER_CAN,
    ZERO,
    CanType,
    PaperWidth,
    SalesSettings,
    Tender,
)
from sales.models.merging import AccountMerge, MergeUndo
from sales.models.notebook import NotebookImport, NotebookRow, NotebookTask, NotebookUndo
from sales.models.parking import ParkedSale
from sales.models.prices import CanPrice, CustomerPrice
from sales.models.printing import Printer, Printout
from sales.models.replaying import Replay, RuleCard
from sales.models.selling import Allocation, Payment, Sale, SaleLine, SaleQuerySet, SaleVoid
from sales.models.stock import StockMove
from sales.models.tags import CanTag, TagRead
from sales.models.upi import UpiClaim

__all__ = [
    "BROKEN",
    "CHARGED",
    "DENOMINATIONS",
    "FIRST_CAN_TYPES",
    "IN_HAND",
    "MONEY",
    "MOST_PER_CAN",
    "ZERO",
    "AccountMerge",
    "Allocation",
    "BulkDeed",
    "BulkDeedItem",
    "CanMovement",
    "CanPrice",
    "CanTag",
    "CanType",
    "CashCount",
    "CashMove",
    "Condition",
    "ConditionCharge",
    "CustomerCard",
    "CustomerPrice",
    "DefaultingCustomer",
    "DepositEntry",
    "Drawer",
    "DrawerCount",
    "DrawerSession",
    "Held",
    "LedgerEntry",
    "MergeUndo",
    "NotebookImport",
    "NotebookRow",
    "NotebookTask",
    "NotebookUndo",
    "PaperWidth",
    "ParkedSale",
    "Payment",
    "Printer",
    "Printout",
    "Promise",
    "Replay",
    "RuleCard",
    "Sale",
    "SaleLine",
    "SaleQuerySet",
    "SaleVoid",
    "SalesSettings",
    "StockMove",
    "TagRead",
    "Tender",
    "UpiClaim",
]
