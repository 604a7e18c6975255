"""Which face is which customer, where nobody said: a face that comes near the sales of one customer again and again.

For each sale only the customer's other sales count, so that no sale is evidence for itself; and it is done once, with
odds from before anybody was acquainted, so that no guess feeds the next.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence

import numpy as np

from vision.joining.events import SaleEvent, VisitEvent
from vision.joining.nearby import Floats, Pairs

TPIR, FPIR = 0.85, 0.02
"""How often a face that was seen before is known again; and taken for another one."""
Shares = dict[Hashable, dict[str, float]]
"""Of each sale of a customer, how likely each face made it."""


def acquaintance(
    pairs: Pairs, odds: Floats, sales: Sequence[SaleEvent], visits: Sequence[VisitEvent]
) -> Floats:
    """How much likelier each pair is for what the customer's other sales say of the face; 1 where they say nothing.

    Faces that are recognised as a customer's are left out: the recognition says more.
    """
    ratio = np.ones(len(odds))
    seen = Counter(visit.person for visit in visits if visit.person and not visit.customer)
    rows: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
    for row, (sale, visit) in enumerate(zip(pairs.sale.tolist(), pairs.visit.tolist(), strict=True)):
        customer, person = sales[sale].customer, visits[visit].person
        if customer and person in seen and not visits[visit].customer:
            rows[customer].append((row, sale, person))
    for mine in rows.values():
        shares: Shares = defaultdict(lambda: defaultdict(float))
        for row, sale, person in mine:
            shares[sale][person] += float(odds[row])
        likely = {sale: _likely(shares, sale, len(seen)) for sale in shares}
        for row, sale, person in mine:
            known = likely[sale].get(person, 0.0)
            others = sum(likely[sale].values()) - known
            ratio[row] = known * TPIR * len(visits) / seen[person] + others * FPIR + (1 - known - others)
    return ratio


def _likely(shares: Shares, sale: Hashable, faces: int) -> dict[str, float]:
    """How likely each face is the customer's, by their other sales."""
    others = [share for other, share in shares.items() if other != sale]
    asked = {person for share in others for person, odds in share.items() if odds > 1e-3}
    weight = {
        person: float(np.prod([TPIR * share.get(person, 0.0) * faces + 1 - TPIR for share in others])) / faces
        for person in asked
    }
    whole = 1 + sum(weight.values())
    return {person: part / whole for person, part in weight.items()}
