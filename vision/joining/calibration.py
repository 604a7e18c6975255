"""From what the arithmetic believes to how often it was right: an isotonic map, fitted to reviewed links."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression


@dataclass(frozen=True)
class Calibration:
    """A rising line through (believed, was right) points; beyond its ends it stays level."""

    believed: tuple[float, ...]
    right: tuple[float, ...]

    def __call__(self, confidence: float) -> float:
        """How often links of this confidence were right, 0 to 1."""
        return float(np.interp(confidence, self.believed, self.right))


def fit_calibration(confidences: Sequence[float], outcomes: Sequence[bool]) -> Calibration:
    """Pool adjacent violators (Ayer et al. 1955) over reviewed links. Raises ValueError without any."""
    if not confidences:
        raise ValueError("A calibration needs links that somebody reviewed.")
    order = np.argsort(confidences, kind="stable")
    believed = np.asarray(confidences, np.float64)[order]
    found = isotonic_regression(np.asarray(outcomes, np.float64)[order])
    middles = [float(believed[a:b].mean()) for a, b in zip(found.blocks, found.blocks[1:], strict=False)]
    return Calibration(tuple(middles), tuple(found.x[found.blocks[:-1]].tolist()))
