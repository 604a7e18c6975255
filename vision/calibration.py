"""The bars of each camera, fitted to its own recordings once these show enough pairs of faces; nobody labels any."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from vision import pairs
from vision.models import Calibration, Camera, Recording
from vision.pairs import LEAST_GENUINE, LEAST_IMPOSTORS, Pairs
from vision.pipeline import eye

RECENT = timedelta(days=30)
"""Cameras are moved, lamps go out: older recordings say nothing about how it is now."""


@dataclass(frozen=True)
class Band:
    """Faces of one band of width at one camera: what was counted, and the bars if there was enough."""

    up_to_px: float
    pairs: Pairs
    fitted: Calibration | None

    @property
    def impostor_pairs(self) -> int:
        return self.pairs.impostor.total()

    @property
    def genuine_pairs(self) -> int:
        return self.pairs.genuine.total()

    @property
    def progress(self) -> list[tuple[str, int, int]]:
        """(side, pairs so far, pairs that are needed)."""
        return [
            ("impostor", self.impostor_pairs, LEAST_IMPOSTORS),
            ("genuine", self.genuine_pairs, LEAST_GENUINE),
        ]


def bands(camera: Camera, model_id: str) -> list[Band]:
    """What is known about a camera, by width of face, narrowest first."""
    fitted = {row.up_to_px: row for row in camera.calibrations.filter(model_id=model_id)}
    return [Band(band, counted, fitted.get(band)) for band, counted in _counted(camera, model_id).items()]


def _counted(camera: Camera, model_id: str) -> dict[float, Pairs]:
    since = timezone.now() - RECENT
    recent = Recording.objects.filter(camera=camera, started_at__gte=since).exclude(pairs={})
    rows = recent.values_list("pairs", flat=True).iterator()
    return pairs.total(pairs.from_plain(row.get(model_id, {})) for row in rows)


def refit(camera: Camera) -> None:
    """Fit each band anew; where there are too few pairs the cold-start values hold again."""
    config = eye()
    found = [
        (fit, counted)
        for band, counted in _counted(camera, config.model_id).items()
        if (fit := pairs.fit(band, counted, config.accept_at))
    ]
    with transaction.atomic():
        ours = camera.calibrations.filter(model_id=config.model_id)
        ours.exclude(up_to_px__in=[fit.bar.up_to_px for fit, _ in found]).delete()
        for fit, counted in found:
            Calibration.objects.update_or_create(
                shop=camera.shop,
                camera=camera,
                model_id=config.model_id,
                up_to_px=fit.bar.up_to_px,
                defaults={
                    "accept_at": fit.bar.accept_at,
                    "review_at": fit.bar.review_at,
                    "fmr": fit.fmr,
                    "fnmr": fit.fnmr,
                    "impostor_pairs": counted.impostor.total(),
                    "genuine_pairs": counted.genuine.total(),
                    "fitted_at": timezone.now(),
                },
            )


def refit_all() -> None:
    """Each day: every camera of every shop."""
    for camera in Camera.objects.select_related("shop"):
        refit(camera)
