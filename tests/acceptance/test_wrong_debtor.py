"""Nobody is taken for somebody who owes money: on labelled faces, at the bar that a shop has by default."""

import numpy as np

from tests.eye import debtors


def test_few_strangers_are_taken_for_a_debtor_and_few_debtors_are_missed() -> None:
    labelled, config = debtors.photographs()
    found = debtors.trial(labelled, config.margin)
    assert len(found.strangers) >= 20_000
    assert len(np.unique(found.stranger_of)) == len(np.unique(labelled.owners))
    assert found.fpir(config.debtor_at) <= 0.001
    assert (
        found.fpir_at_most(config.debtor_at) <= 0.0025
    )  # 165 people are few: three of them make the difference
    assert found.fnir(config.debtor_at) <= 0.03
