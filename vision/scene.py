"""How one camera hangs: what of its picture counts, and where its counter and its door are."""

from dataclasses import dataclass, replace
from typing import Self, TypeAlias

Point: TypeAlias = tuple[float, float]
"""(x, y) in fractions of the upright picture, from its upper left corner."""
PLACES = ("region", "counter", "door", "upi_stand", "cash_drawer")
"""What can be drawn on the picture of a camera."""


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
    upi_stand: tuple[Point, ...] = ()
    """A polygon around the code that is paid by."""
    cash_drawer: tuple[Point, ...] = ()
    """A polygon around the open drawer."""
    evens_light: bool = False
    """Whether light and shade are evened out before a face is looked for."""

    @classmethod
    def from_json(cls, fields: dict[str, object]) -> Self:
        """The value that `dataclasses.asdict` and JSON made plain."""
        places = {name: as_points(fields.get(name)) for name in PLACES}
        return cls(int(str(fields.get("rotation", 0))), **places, evens_light=bool(fields.get("evens_light")))

    def in_pixels(self, size: tuple[int, int]) -> Self:
        """The same places in pixels of an upright picture of this height and width."""
        height, width = size
        region, counter, door = (
            tuple((x * width, y * height) for x, y in place)
            for place in (self.region, self.counter, self.door)
        )
        return replace(self, region=region, counter=counter, door=door)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """The smallest (x1, y1, x2, y2) around the region, in fractions; the whole picture without one."""
        if not self.region:
            return 0.0, 0.0, 1.0, 1.0
        across, down = zip(*self.region, strict=True)
        return min(across), min(down), max(across), max(down)


def as_points(plain: object) -> tuple[Point, ...]:
    """A list of [x, y] as points; anything else is no point at all."""
    return tuple((float(x), float(y)) for x, y in plain) if isinstance(plain, list | tuple) else ()


def is_within(point: Point, polygon: tuple[Point, ...]) -> bool:
    """Does a point lie in a polygon? Counts the sides that a ray to the right crosses."""
    x, y = point
    is_inside = False
    for (x1, y1), (x2, y2) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            is_inside = not is_inside
    return is_inside


def turned(plain: object, degrees: int) -> list[list[float]]:
    """Points of a picture that is turned clockwise by quarters: where they lie then."""
    points = as_points(plain)
    for _quarter in range(degrees // 90 % 4):
        points = tuple((1 - y, x) for x, y in points)
    return [[x, y] for x, y in points]
