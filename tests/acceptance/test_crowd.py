"""The clips of `make robust` are what they say, and the open-set figures follow from the searches."""

from pathlib import Path

import numpy as np

from tests.base import shared
from tests.eye.crowd import Filming, film, people_of
from tests.eye.open_set import Searches
from vision.frames import probe
from vision.scoring import read_truth


def test_a_crowd_is_filmed_with_its_truth(tmp_path: Path) -> None:
    small = Filming("small", width=320, height=180, fps=5, seconds=40, visits=2, persons=2, faces=(20, 30))
    data = shared() / "data"
    known = people_of(data / "cctv" / "dev.truth.csv")
    film(small, tmp_path / "small.mp4", faces=data / "faces", without=sorted(known))
    info, truth = probe(tmp_path / "small.mp4"), read_truth(tmp_path / "small.truth.csv")
    assert abs(info.duration_s - 40) < 0.5
    assert len(truth) == 2 and not known & {visit.person for visit in truth}
    assert all(0 < visit.entry_s < visit.exit_s - 10 and visit.exit_s < 40 for visit in truth)


def test_fnir_is_the_share_that_is_missed_at_the_bar_that_lets_so_many_strangers_pass() -> None:
    strangers = np.concatenate([[0.3], np.full(99, 0.6)])
    found = Searches(mated=np.array([0.1, 0.2, 0.59, 0.61, np.inf]), strangers=strangers)
    assert found.fnir(0.0) == 0.6, "nobody may pass: the bar is at 0.3"
    assert found.fnir(0.01) == 0.4, "one of a hundred may pass: the bar is at 0.6"
