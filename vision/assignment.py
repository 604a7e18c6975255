"""Who goes with whom: pairs of rows and columns whose worth is greatest together.

scipy has it, too, but loading `scipy.optimize` takes longer than all else that a child process begins with.
"""

import numpy as np
import numpy.typing as npt


def best_pairs(worth: npt.NDArray[np.float64]) -> list[tuple[int, int]]:
    """(row, column) pairs, each row and column at most once, with the greatest sum; by row.

    The Hungarian method with potentials and shortest augmenting paths, O(n^2 m): Jonker and Volgenant 1987.
    """
    rows, columns = worth.shape
    if rows > columns:
        return sorted((row, column) for column, row in best_pairs(worth.T))
    cost = (-worth).tolist()
    owner = [-1] * (columns + 1)  # the row of each column; the last column is where a new row starts
    row_price, column_price = [0.0] * rows, [0.0] * (columns + 1)
    for row in range(rows):
        _add_row(row, cost, owner, row_price, column_price)
    return sorted((row, column) for column, row in enumerate(owner[:-1]) if row >= 0)


def _add_row(
    row: int, cost: list[list[float]], owner: list[int], row_price: list[float], column_price: list[float]
) -> None:
    """Give one more row a column, moving others along the cheapest path to a free one."""
    last = len(owner) - 1
    owner[last], here = row, last
    slack, before, is_used = [float("inf")] * last, [last] * last, [False] * (last + 1)
    while owner[here] >= 0:
        is_used[here] = True
        holder, nearest = owner[here], -1
        for column in range(last):
            if is_used[column]:
                continue
            reduced = cost[holder][column] - row_price[holder] - column_price[column]
            if reduced < slack[column]:
                slack[column], before[column] = reduced, here
            if nearest < 0 or slack[column] < slack[nearest]:
                nearest = column
        step = slack[nearest]
        for column in range(last + 1):
            if is_used[column]:
                row_price[owner[column]] += step
                column_price[column] -= step
            elif column < last:
                slack[column] -= step
        here = nearest
    while here != last:
        owner[here] = owner[before[here]]
        here = before[here]
