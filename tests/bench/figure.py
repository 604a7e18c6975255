"""One line of a report: a figure beside its target."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """What has no target is there to be read beside the others."""

    name: str
    value: float
    unit: str
    most: float | None = None
    least: float | None = None

    @property
    def is_missed(self) -> bool:
        """Is the figure on the wrong side of its target?"""
        is_over = self.most is not None and self.value > self.most
        return is_over or (self.least is not None and self.value < self.least)

    def __str__(self) -> str:
        bounds = [f"<= {self.most:g}"] if self.most is not None else []
        bounds += [f">= {self.least:g}"] if self.least is not None else []
        target = f"target {' and '.join(bounds)}" if bounds else ""
        shown = (
            f"{self.value:.1e}"
            if 0 < abs(self.value) < 0.005
            else f"{self.value:.{1 if self.value >= 10 else 2}f}"
        )
        return f"{self.name:<62}{shown:>10} {self.unit:<8}{target:<18}{'MISSED' if self.is_missed else ''}"
