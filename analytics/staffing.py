"""How long people wait at a counter, and how many clerks keep it short: Erlang's formulas, in seconds.

Waits are Erlang C (M/M/c): arrivals at random at an even rate, service times that vary as an exponential does, one
queue, nobody leaves. Who leaves is Erlang A (M/M/c+M): each customer's patience is drawn anew from an exponential
distribution, so that somebody who has waited for long is no likelier to leave in the next second than who just came.
Both speak of a counter that has gone on like this for a while: of a half-hour that starts with an empty shop and
ends in a rush they say too much first and too little last.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, quantiles

MOST_STAFF = 60
"""No shop has more behind one counter; a suggestion stops here."""
NEGLIGIBLE = 1e-12
PULLED_IN = 5
"""Of a hundred service times so many at either end count as the nearest of the others."""


@dataclass(frozen=True)
class Counter:
    """What comes to one counter: customers per second, and the mean seconds that serving one takes."""

    rate: float
    service_s: float

    @property
    def load(self) -> float:
        """Clerks who would be busy all the time (erlangs)."""
        return self.rate * self.service_s

    def keeps_up(self, staff: int) -> bool:
        """Whether the queue comes to an end at all where nobody leaves."""
        return self.load < staff

    def waiting_share(self, staff: int) -> float:
        """How many of all customers find every clerk busy (Erlang C), 0 to 1."""
        return erlang_c(staff, self.load)

    def mean_wait_s(self, staff: int) -> float:
        """The mean wait of all customers, those who need not wait included; infinite where staff cannot keep up."""
        if not self.keeps_up(staff):
            return math.inf
        return self.waiting_share(staff) * self.service_s / (staff - self.load)

    def longer_share(self, staff: int, wait_s: float) -> float:
        """How many of all customers wait longer than that, 0 to 1."""
        if not self.keeps_up(staff):
            return 1.0
        return self.waiting_share(staff) * math.exp(-(staff - self.load) * wait_s / self.service_s)

    def wait_s_of(self, share: float, staff: int) -> float:
        """The wait that this share (0 to below 1) of all customers does not exceed."""
        if not self.keeps_up(staff):
            return math.inf
        waiting = self.waiting_share(staff)
        if waiting <= 1 - share:
            return 0.0
        return math.log(waiting / (1 - share)) * self.service_s / (staff - self.load)

    def leaving_share(self, staff: int, patience_s: float) -> float:
        """How many of all customers leave unserved (Erlang A) where patience is that many seconds in the mean, 0 to 1.

        What the queue loses each second is its mean length divided by the patience.
        """
        if not self.load:
            return 0.0
        return min(_mean_queue(self, staff, patience_s) / patience_s / self.rate, 1.0)

    def staff_for(self, wait_s: float, share: float) -> int | None:
        """The fewest clerks with whom this share of all customers waits no longer; None: more than MOST_STAFF."""
        enough = (
            staff for staff in range(1, MOST_STAFF + 1) if self.longer_share(staff, wait_s) <= 1 - share
        )
        return next(enough, None)


def erlang_b(servers: int, load: float) -> float:
    """How often all servers are busy where nobody queues, 0 to 1; by recursion: factorials overflow."""
    blocked = 1.0
    for n in range(1, servers + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked


def erlang_c(servers: int, load: float) -> float:
    """How many have to wait where everybody queues, 0 to 1; all of them where the servers cannot keep up."""
    if load >= servers:
        return 1.0
    blocked = erlang_b(servers, load)
    return blocked / (1 - load / servers * (1 - blocked))


def usual_s(seconds: Sequence[float]) -> float:
    """A mean that the odd one out does not move: what lies beyond 5 and 95 per cent is pulled in to there.

    Queues follow the mean, not the median; but somebody who chats for an hour is not being served. Below twenty
    there is no such edge, and it is the plain mean. Raises ValueError for no seconds at all.
    """
    if len(seconds) < 100 // PULLED_IN:
        return fmean(seconds)
    edges = quantiles(seconds, n=100 // PULLED_IN, method="inclusive")
    return fmean(min(max(each, edges[0]), edges[-1]) for each in seconds)


def _mean_queue(counter: Counter, staff: int, patience_s: float) -> float:
    """The mean number of those who wait, where each leaves at the rate 1 / patience.

    `last` is how often a shop with room for n people alone would be full: Erlang B's recursion with another rate of
    leaving for each n, which never overflows. It ends where more room would change nothing.
    """
    n, last, queue = 0, 1.0, 0.0
    while True:
        n += 1
        waiting = max(n - staff, 0)
        leaving = min(n, staff) / counter.service_s + waiting / patience_s
        last = counter.rate * last / (leaving + counter.rate * last)
        queue += last * (waiting - queue)
        if last * n < NEGLIGIBLE and leaving > counter.rate:
            return queue
