"""`make robust`: how right the eye is on clips with other people, light, sizes, crowding and cameras."""

import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.base import shared
from tests.eye.crowd import FILMINGS, Filming, film, people_of
from vision import outputs
from vision.config import YUNET_FILE, VisionConfig
from vision.pipeline import Look, rehearse
from vision.scoring import Score, read_truth, read_visits, score

HEADER = ("clip", "seed", "visits F1", "B-cubed F1", "wrong names", "customers", "not acquired", "seconds")
ROW = "{:16} {:>5} {:>10} {:>11} {:>12} {:>10} {:>13} {:>8}"


def table(*, only: str, seed: int, keep: Path | None) -> Iterator[str]:
    """Film, watch and score each clip whose name holds `only`, one after the other; `keep` gets clips and logs."""
    yield ROW.format(*HEADER)
    with tempfile.TemporaryDirectory(prefix="watershop-robust-") as folder:
        for filming in FILMINGS:
            if only in filming.name:
                yield line(filming, seed, keep or Path(folder))


def line(filming: Filming, seed: int, folder: Path) -> str:
    """One clip's figures."""
    begun = _processor_s()
    result = judged(filming, seed, folder)
    figures = (
        result.visits.rates.f1,
        result.identity.bcubed.f1,
        result.identity.wrong_name_rate,
        f"{result.customers.error:+d}",
        result.failure_to_acquire.rate,
    )
    shown = ("-" if f is None else f if isinstance(f, str) else f"{f:.3f}" for f in figures)
    return ROW.format(filming.name, seed, *shown, round(_processor_s() - begun))


def judged(filming: Filming, seed: int, folder: Path) -> Score:
    """Film a clip into a folder (kept there, it is not filmed again), watch it, and compare."""
    clip = folder / f"{filming.name.replace(' ', '-').replace(',', '')}-{seed}.mp4"
    if not clip.exists():
        data = shared() / "data"
        known = sorted(people_of(data / "cctv" / "dev.truth.csv"))
        film(filming, clip, faces=data / "faces", without=known, seed=seed)
    eye = VisionConfig(models_dir=folder, yunet_model=shared() / "models" / YUNET_FILE)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    seen = rehearse(clip, eye, camera="made", started_at=start, look=Look(workers=1))
    out = clip.with_suffix("")
    outputs.write(out, seen, ZoneInfo("UTC"), seen.summary())
    return score(read_visits(out / "visit_log.csv"), read_truth(clip.with_suffix(".truth.csv")))


def _processor_s() -> float:
    """Processor seconds of this process and of its children, until now."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
