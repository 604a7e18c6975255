"""Who goes with whom is found so that nothing better is possible."""

from itertools import permutations

import numpy as np
import pytest

from vision.assignment import best_pairs


def best_by_trying(worth: np.ndarray) -> float:
    rows, columns = worth.shape
    if rows > columns:
        return best_by_trying(worth.T)
    return max(float(worth[range(rows), chosen].sum()) for chosen in permutations(range(columns), rows))


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 4), (4, 1), (3, 3), (2, 5), (5, 4)])
def test_no_other_pairs_are_worth_more(rows: int, columns: int) -> None:
    generator = np.random.default_rng(rows * 10 + columns)
    for _ in range(20):
        worth = generator.random((rows, columns)) * (generator.random((rows, columns)) > 0.4)
        pairs = best_pairs(worth)
        assert len(pairs) == len({row for row, _ in pairs}) == len({column for _, column in pairs})
        assert len(pairs) == min(rows, columns) and pairs == sorted(pairs)
        assert sum(worth[pair] for pair in pairs) == pytest.approx(best_by_trying(worth))


def test_one_gives_way_so_that_both_are_served() -> None:
    assert best_pairs(np.array([[0.9, 0.8], [0.85, 0.0]])) == [(0, 1), (1, 0)]
