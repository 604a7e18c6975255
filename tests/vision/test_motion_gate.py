"""The motion gate sees people, not noise."""

import numpy as np

from vision.motion import MotionGate
from vision.picture import Image

WHOLE = [(0.0, 0.0, 1.0, 1.0)]


def noisy(generator: np.random.Generator, level: int = 100) -> Image:
    return (generator.normal(level, 3, (180, 320))).astype(np.uint8)


def test_an_empty_shop_with_a_grainy_camera_does_not_move() -> None:
    generator, gate = np.random.default_rng(0), MotionGate()
    assert gate.regions(noisy(generator)) == WHOLE
    assert not any(gate.regions(noisy(generator)) for _ in range(50))


def test_somebody_who_walks_in_is_seen_where_they_are() -> None:
    generator, gate = np.random.default_rng(0), MotionGate()
    gate.regions(noisy(generator))
    picture = noisy(generator)
    picture[60:150, 100:140] = 180
    ((x1, y1, x2, y2),) = gate.regions(picture)
    assert abs(x1 - 100 / 320) < 0.02 and abs(x2 - 140 / 320) < 0.02
    assert abs(y1 - 60 / 180) < 0.03 and abs(y2 - 150 / 180) < 0.03


def test_a_light_that_is_switched_moves_everything_once() -> None:
    generator, gate = np.random.default_rng(0), MotionGate()
    gate.regions(noisy(generator))
    assert gate.regions(noisy(generator, 170)) == WHOLE
    assert gate.regions(noisy(generator, 170)) == []
