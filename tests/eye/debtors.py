"""The wrong debtor: how often a stranger is taken for somebody who owes money, and how often a debtor is not known.

Half of the labelled people are debtors, half strangers, drawn again and again. A probe is the mean of four photographs;
a debtor is known by their others. Photographs as they are: a debtor is spoken of at the counter, near the camera.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.base import shared
from tests.eye.open_set import Labelled, vectors_of
from vision.config import YUNET_FILE, Bar, VisionConfig
from vision.persons import Known, search

SHOTS = 4
SPLITS, DRAWS = 40, 7
"""So many divisions of the people, and probes of each stranger in each: more than 20,000 of strangers."""
RESAMPLES = 1000
BARS = (0.28, 0.30, 0.31, 0.32, 0.34, 0.36)


@dataclass(frozen=True)
class Trial:
    """How near each probe is to the debtor that it is taken for; infinite where to none, or to the wrong one."""

    strangers: npt.NDArray[np.float64]
    stranger_of: npt.NDArray[np.int64]
    """Whose probe each is."""
    debtors: npt.NDArray[np.float64]

    def fnir(self, bar: float) -> float:
        """Share of the debtors' probes that name nobody, or somebody else."""
        return float((self.debtors > bar).mean())

    def fpir(self, bar: float) -> float:
        """Share of the strangers' probes that name a debtor."""
        return float((self.strangers <= bar).mean())

    def fpir_at_most(self, bar: float) -> float:
        """The upper end of a one-sided 95 % interval: people are drawn anew, as probes of one person are not many."""
        people = np.unique(self.stranger_of)
        share = np.array([(self.strangers[self.stranger_of == one] <= bar).mean() for one in people])
        drawn = np.random.default_rng(3).integers(0, len(share), (RESAMPLES, len(share)))
        return float(np.quantile(share[drawn].mean(axis=1), 0.95))


def photographs() -> tuple[Labelled, VisionConfig]:
    """The vectors of all labelled photographs as they are, and the eye that made them."""
    with tempfile.TemporaryDirectory(prefix="watershop-debtors-") as folder:
        config = VisionConfig(models_dir=Path(folder), yunet_model=shared() / "models" / YUNET_FILE)
        return vectors_of(shared() / "data" / "faces", config, is_small=False), config


def trial(labelled: Labelled, margin: float, *, splits: int = SPLITS) -> Trial:
    """Everybody asks: of the debtors one probe in each division, of the strangers seven."""
    generator = np.random.default_rng(11)
    people = np.unique(labelled.owners)
    strangers, stranger_of, debtors = [], [], []
    for _ in range(splits):
        mixed = generator.permutation(people)
        debt, strange = mixed[: len(mixed) // 2], mixed[len(mixed) // 2 :]
        probes = {owner: _probe(labelled, owner, generator) for owner in debt.tolist()}
        known = _known(labelled, probes)
        debtors += [_named(labelled, probe, known, margin, owner) for owner, probe in probes.items()]
        for owner in np.repeat(strange, DRAWS).tolist():
            strangers.append(_named(labelled, _probe(labelled, owner, generator), known, margin))
            stranger_of.append(owner)
    return Trial(np.array(strangers), np.array(stranger_of), np.array(debtors))


def _probe(labelled: Labelled, owner: int, generator: np.random.Generator) -> npt.NDArray[np.int64]:
    return generator.permutation(np.flatnonzero(labelled.owners == owner))[:SHOTS]


def _known(labelled: Labelled, probes: dict[int, npt.NDArray[np.int64]]) -> Known:
    """The debtors by all their photographs but those that ask."""
    own = np.flatnonzero(np.isin(labelled.owners, list(probes)))
    rows = np.setdiff1d(own, np.concatenate(list(probes.values())))
    nobody = labelled.vectors[:0], labelled.owners[:0]
    return Known.of((labelled.vectors[rows], labelled.owners[rows]), nobody)


def _named(
    labelled: Labelled, probe: npt.NDArray[np.int64], known: Known, margin: float, owner: int | None = None
) -> float:
    anything = Bar(float("inf"), float("inf"), float("inf"))
    match = search(labelled.vectors[probe].mean(axis=0), known, anything, margin)
    is_right = match.person is not None and owner in (None, match.person)
    return match.distance if is_right else float("inf")


def report() -> Iterator[str]:
    """A line for each bar, the default one marked."""
    labelled, config = photographs()
    found = trial(labelled, config.margin)
    yield (
        f"wrong debtor: {len(np.unique(labelled.owners))} people, {len(found.strangers)} probes of strangers, "
        f"{len(found.debtors)} of debtors"
    )
    for bar in sorted({*BARS, config.debtor_at}):
        yield (
            f"  at {bar:.2f}: FPIR {found.fpir(bar):.3%} (95 % over people: at most {found.fpir_at_most(bar):.3%}), "
            f"FNIR {found.fnir(bar):.2%}{'  <- default bar' if bar == config.debtor_at else ''}"
        )
