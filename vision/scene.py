"""How one camera hangs: what of its picture counts, and where its counter and its door are."""

from dataclasses import dataclass
from typing import Self, TypeAlias

Point: TypeAlias = tuple[float, float]
"""(x, y) in fractions of the upright picture, from its upper left corner."""


@dataclass(frozen=True)
class Scene:
    """Drawn by hand on a still of the camera. Whatever is not drawn does not limit anything."""

    rotation: int = 0
    """Degrees clockwise that the picture must be turned to be upright, beyond what the file itself says."""
    region: tuple[Point, ...] = ()
    """A polygon: faces whose middle lies outside it are nobody's."""
    counter: tuple[Point, ...] = ()
    """A polygon: where somebody stands who is being served (the middle of the face)."""
    door: tuple[Point, ...] = ()
    """Two points: inside lies to the right of one who looks from the first to the second."""
    evens_light: bool = False
    """Whether light and shade are evened out before a face is looked for."""

    @classmethod
    def from_json(cls, fields: dict[str, object]) -> Self:
        """The value that `dataclasses.asdict` and JSON made plain."""
        places = {name: as_points(fields.get(name)) for name in ("region", "counter", "door")}
        return cls(int(str(fields.get("rotation", 0))), **places, evens_light=bool(fields.get("evens_light")))


def as_points(plain: object) -> tuple[Point, ...]:
    """A list of [x, y] as points; anything else is no point at all."""
    return tuple((float(x), float(y)) for x, y in plain) if isinstance(plain, list | tuple) else ()
