"""How right links are, beside the truth; and the rule that they must beat: the nearest in time."""

import statistics
from bisect import bisect_left
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from vision.joining.clock import SAME_CLOCK, Clock
from vision.joining.events import SaleEvent, Truth, VisitEvent
from vision.joining.matching import Decision, Link
from vision.joining.tables import NamedSale
from vision.scoring import ScoredVisit, nearest


@dataclass(frozen=True)
class LinkScore:
    """Shares from 0 to 1, None of nothing. `linked` and `review` count sales of the truth."""

    sales: int
    seen: int
    """Sales whose visit was seen."""
    linked: int
    review: int
    precision: float | None
    """Of those linked without asking, how many are right."""
    recall: float | None
    """Of the sales whose visit was seen, how many are linked rightly without asking."""
    auto_rate: float | None
    """Sales linked without asking, by the sales whose visit was seen."""
    review_precision: float | None
    abstained: float | None
    """Sales that are neither linked nor up for review."""
    brier: float | None
    """Mean squared error of the confidence, over the visits that are named."""


def score(links: Sequence[Link], truth: Truth) -> LinkScore:
    """Compare links with the truth; sales without a truth are left out, sales without a link are none."""
    ours = [link for link in links if link.sale in truth]
    is_right = {link.sale: link.visit in truth[link.sale] for link in ours if link.visit is not None}
    linked, review = (_named(ours, decision) for decision in ("linked", "review"))
    seen = sum(bool(visits) for visits in truth.values())
    right = sum(is_right[link.sale] for link in linked)
    errors = [(link.confidence - is_right[link.sale]) ** 2 for link in (*linked, *review)]
    return LinkScore(
        sales=len(truth),
        seen=seen,
        linked=len(linked),
        review=len(review),
        precision=_share(right, len(linked)),
        recall=_share(right, seen),
        auto_rate=_share(len(linked), seen),
        review_precision=_share(sum(is_right[link.sale] for link in review), len(review)),
        abstained=_share(len(truth) - len(linked) - len(review), len(truth)),
        brier=statistics.fmean(errors) if errors else None,
    )


def truth_by_person(
    sales: Sequence[NamedSale],
    visits: Sequence[VisitEvent],
    truth: Sequence[ScoredVisit],
    started_at: float,
) -> Truth:
    """Which visits are right for each sale where the truth knows people and times only.

    A sale was made in that true visit of its person that is nearest in time; right is every visit that overlaps this
    one more than any other. `truth` is in seconds from `started_at`, the till's clock that of the camera.
    """
    found = [ScoredVisit(None, visit.entry - started_at, visit.exit - started_at) for visit in visits]
    owners = [nearest(visit, truth) for visit in found]
    right: dict[Hashable, list[Hashable]] = {}
    for sale in sales:
        at = sale.at.timestamp() - started_at
        own = [place for place, visit in enumerate(truth) if visit.person == sale.person]
        best = min(
            own, key=lambda place: max(truth[place].entry_s - at, at - truth[place].exit_s), default=None
        )
        right[sale.id] = [
            visit.id
            for visit, owner in zip(visits, owners, strict=True)
            if owner is not None and owner == best
        ]
    return right


def _named(links: Sequence[Link], decision: Decision) -> list[Link]:
    return [link for link in links if link.decision == decision and link.visit is not None]


def nearest_in_time(
    sales: Sequence[SaleEvent],
    visits: Sequence[VisitEvent],
    clock: Clock = SAME_CLOCK,
    window_s: float = 300.0,
) -> list[Link]:
    """The naive rule: each sale belongs to the visit whose end at the counter is nearest, if one is in the window."""
    byend = sorted(visits, key=lambda visit: visit.anchor)
    anchors = [visit.anchor for visit in byend]
    links = []
    for sale in sales:
        at = clock.to_camera(sale.at)
        place = bisect_left(anchors, at)
        near = [n for n in (place - 1, place) if 0 <= n < len(byend) and abs(anchors[n] - at) <= window_s]
        best = min(near, key=lambda n: abs(anchors[n] - at), default=None)
        found = None if best is None else byend[best].id
        links.append(Link(sale.id, found, float(found is not None), "none" if found is None else "linked"))
    return links


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
