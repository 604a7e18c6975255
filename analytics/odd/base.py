"""What a rule is: what it finds in the days that are over, when it may judge, and how a finding is asked about."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, ClassVar

from django.db.models import Min
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrPromise

from analytics.robust import Usual
from sales.models import DrawerSession, Sale
from vision.models import Recording, Visit
from watershop.dates import Period, day_of
from watershop.models import Right, Shop

Facts = dict[str, Any]


@dataclass(frozen=True)
class Finding:
    """Something odd. The same `key` is found once; `score` is in robust standard deviations, for their order."""

    key: str
    day: date
    score: float
    facts: Facts


@dataclass(frozen=True)
class Firsts:
    """The day of a shop's first sale, first sale of a clerk, first visit, first film and first close; None without."""

    sale: date | None
    clerk: date | None
    visit: date | None
    film: date | None
    close: date | None

    @staticmethod
    def of(shop: Shop) -> "Firsts":
        """Five queries."""

        def first(rows: Any, name: str) -> date | None:
            at = rows.filter(shop=shop).order_by().aggregate(at=Min(name))["at"]
            return at and day_of(shop, at)

        return Firsts(
            sale=first(Sale.objects, "sold_at"),
            clerk=first(Sale.objects.filter(clerk__isnull=False), "sold_at"),
            visit=first(Visit.objects, "entry_at"),
            film=first(Recording.objects.filter(state=Recording.State.DONE), "started_at"),
            close=first(DrawerSession.objects.exclude(closed_at=None), "closed_at"),
        )


NEEDS: Mapping[str, StrPromise] = {
    "sale": gettext_lazy("sales"),
    "clerk": gettext_lazy("sales of clerks"),
    "visit": gettext_lazy("visits"),
    "film": gettext_lazy("films of a camera"),
    "close": gettext_lazy("drawers that are counted"),
}


@dataclass(frozen=True)
class Names:
    """What ids are called now: facts hold ids alone."""

    clerks: Mapping[int, str] = field(default_factory=dict)
    customers: Mapping[int, str] = field(default_factory=dict)
    persons: Mapping[int, str] = field(default_factory=dict)


class Rule(ABC):
    """One kind of oddity. `find` judges a day that is over by the days before it, with a fixed number of queries.

    A rule needs `days` days of `needs` (a field of Firsts) and is silent before. `a_year` is how many findings a year
    may be mere chance. Facts hold numbers and ids; `value`, `usual`, `low` and `high` are what the picture shows.
    """

    name: ClassVar[str]
    title: StrPromise
    icon: ClassVar[str]
    unit: StrPromise | str = ""
    needs: ClassVar[str] = "sale"
    days: ClassVar[int] = 56
    a_year: ClassVar[float] = 4.0
    is_about_clerks: ClassVar[bool] = False

    @abstractmethod
    def find(self, shop: Shop, day: date) -> Iterable[Finding]:
        """What is odd about a day."""

    def unit_of(self, facts: Facts) -> StrPromise | str:
        """What the picture's numbers count; a rupee sign for money, a per cent sign for shares."""
        return self.unit

    @abstractmethod
    def sentence(self, facts: Facts, names: Names) -> str:
        """What was found, in the reader's language; of clerks as a question."""

    @abstractmethod
    def rows(self, shop: Shop, facts: Facts) -> str:
        """The address of the rows that a finding is about."""

    def right_for(self, facts: Facts) -> Right | None:
        """What whoever opens these rows must be allowed, beside seeing the page."""
        return None

    def judges_from(self, firsts: Firsts) -> date | None:
        """The first day that it can judge; None as long as there is nothing of what it needs."""
        first: date | None = getattr(firsts, self.needs)
        return first and first + timedelta(days=self.days)


def one_day(day: date, shop: Shop) -> Period:
    return Period(day, day, shop.tz)


def shown(value: float, usual: Usual) -> Facts:
    """The numbers of the picture, to one place."""
    numbers = {"value": value, "usual": usual.middle, "low": usual.low, "high": usual.high}
    return {name: round(number, 1) for name, number in numbers.items()}
