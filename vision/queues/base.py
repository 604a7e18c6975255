"""What a queue is: which cards it makes, what is asked of a person, and what each answer does and undoes."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, Q
from django_stubs_ext import StrOrPromise, StrPromise

from sales.models import Tender
from vision.models import Card, CardQuerySet, SaleLink
from watershop.audit import Actor
from watershop.models import Right, Role, Shop


def unlinked() -> Q:
    """Of cards: nothing sure says any more that the card's sale was made in its visit."""
    links = SaleLink.objects.filter(sale=OuterRef("sale"), visit=OuterRef("visit"), state__in=SaleLink.SURE)
    return Q(~Exists(links))


@dataclass(frozen=True)
class Outcome:
    """One answer: its name in the row, its button with one key, and what its small form asks.

    `asks` are names of `Answer`'s fields; nothing asked: the key alone decides. Keys S (skip) and U (undo) are taken.
    """

    name: str
    label: StrOrPromise
    key: str
    icon: str
    asks: tuple[str, ...] = ()
    right: Right | None = None
    """What whoever answers so must be allowed beside seeing faces."""


@dataclass(frozen=True)
class Answer:
    """What a person entered beside the outcome, as far as it was asked."""

    amount: Decimal | None = None
    day: date | None = None
    note: str = ""
    tender: Tender = Tender.CASH


class Queue(ABC):
    """One kind of question. `role` and the right to see faces let in; `order` says which card comes first.

    `decide` and `undo` run inside `deciding`'s transaction, with the card's row held; both may set the card's fields,
    and raise ValidationError with a sentence for who decides.
    """

    kind: ClassVar[Card.Kind]
    title: ClassVar[StrPromise]
    hint: ClassVar[StrPromise]
    icon: ClassVar[str]
    outcomes: ClassVar[tuple[Outcome, ...]]
    role: ClassVar[Role] = Role.MANAGER
    order: ClassVar[tuple[str, ...]] = ("-at", "-pk")
    is_live: ClassVar[bool] = False
    """Whether a card is worth nothing a minute later: its page then looks for new ones every few seconds."""
    minutes: ClassVar[int] = 1
    """How many lie between two looks; a divisor of 60, more than one where looking costs much."""
    fragment: ClassVar[str] = ""
    """The template of what a card shows below its reason, from `shown.more`."""

    @abstractmethod
    def find(self, shop: Shop, since: datetime) -> Iterable[Card]:
        """Cards, unsaved, for what happened since then; those whose key was asked before are left out later."""

    @abstractmethod
    def sentence(self, card: Card) -> str:
        """Why it is asked, from `card.because`."""

    def settled(self, cards: CardQuerySet) -> CardQuerySet:
        """Those of these open cards whose question has gone meanwhile."""
        return cards.none()

    def decide(self, card: Card, outcome: str, answer: Answer, actor: Actor) -> dict[str, Any]:
        """Do what the outcome says; returns what `undo` needs (ids by name), kept in `card.done`."""
        return {}

    def undo(self, card: Card, actor: Actor) -> None:
        """Take back what the outcome did; an outcome that only says what was has nothing to take back."""
        return

    def outcomes_of(self, card: Card) -> tuple[Outcome, ...]:
        """The answers to this card, where each card has its own."""
        return self.outcomes

    def more(self, card: Card) -> Any:
        """What the fragment shows."""
        return None

    def leads_to(self, card: Card) -> str:
        """The address where a decided card goes on, if there is something left to do by hand."""
        return ""

    def follow(self, shop: Shop, since: datetime) -> None:
        """Each minute: what became of decided cards that went on elsewhere."""
        return

    def figure(self, shop: Shop) -> str:
        """The number worth knowing of this queue, in words."""
        return ""
