"""The bench of the eye in small: every figure comes, on a film of a few seconds."""

from pathlib import Path

import pytest

from tests.bench import vision
from tests.bench.clips import idle_film, joined
from tests.bench.figure import Figure
from tests.vision.test_activity import film
from tests.vision.test_faces import portrait
from vision.config import VisionConfig
from vision.frames import probe


def test_a_film_is_measured_beside_decoding_and_the_usual_tools(tmp_path: Path, models_dir: Path) -> None:
    seated = portrait()
    clip, config = film(tmp_path / "seated.mp4", 2, lambda at: seated), VisionConfig(models_dir=models_dir)
    figures = {figure.name: figure for figure in vision.of_film(clip, config, excerpt_s=1)}
    for name in ("Only decoding, one thread", "Project, two workers", "Usual tools, the 1 s from 0 s on"):
        assert figures[name].value > 0
    assert figures["Usual tools to project"].least == 50
    networks = {figure.name: figure for figure in vision.of_networks(clip, config, tmp_path / "absent.onnx")}
    assert not networks["Vector: largest difference"].is_missed


def test_an_empty_room_is_made_long_without_encoding_it_again(tmp_path: Path) -> None:
    part = idle_film(tmp_path, 1)
    long = joined(tmp_path / "long.ts", [part] * 3)
    assert probe(long).duration_s == pytest.approx(3) and probe(long).packets == 45


def test_a_figure_says_when_its_target_is_missed() -> None:
    assert (
        "target <= 2" in str(Figure("Time", 1.5, "s", most=2))
        and not Figure("Time", 1.5, "s", most=2).is_missed
    )
    assert str(Figure("Speed", 1.5, "x", least=2)).endswith("MISSED")
