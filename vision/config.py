"""Every number that the eye turns on, in one value that a child process can be handed."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from vision.scene import Scene

YUNET_FILE = "yunet_n_dynamic.onnx"
PLAIN = Scene()


@dataclass(frozen=True)
class Bar:
    """How near two means of faces must be to be one person (L2), for faces up to a width."""

    up_to_px: float
    accept_at: float
    review_at: float


@dataclass(frozen=True)
class ColdStart:
    """How near is near enough for vectors of one face network (L2), until it is fitted to a camera."""

    accept_at: float
    review_at: float
    """Between the two a person is asked; beyond, it is somebody new."""
    margin: float
    """How much farther the second person must be."""
    cluster_at: float
    """Up to here tracklets of one recording are one person, for means of three looks each."""
    look_spread: float
    """How far one look at somebody lies from the mean of many (root mean square). Means of few looks lie farther apart
    by chance: the bars for joining and cutting tracklets give way by that much. Zero leaves them alone."""
    change_at: float
    """A tracklet is cut where the mean of `change_shots` shots before and after differs by more."""
    enrol_at: float
    """A known person's new vector joins their templates only if it is this near: a looser rule would let one wrong
    match draw the next one after it."""
    till_at: float
    """Up to here the till says a name, with what they owe, for others to see."""
    debtor_at: float
    """Up to here a debt is spoken of: fewer than one stranger in a thousand comes so near (docs/vision.md)."""


DLIB = ColdStart(
    accept_at=0.36,
    review_at=0.45,
    margin=0.06,
    cluster_at=0.42,
    look_spread=0.33,
    change_at=0.46,
    enrol_at=0.28,
    till_at=0.33,
    debtor_at=0.33,
)


@dataclass(frozen=True)
class VisionConfig:
    """What the eye looks for. Lengths in pixels of the recording, times in seconds, distances in L2."""

    models_dir: Path
    """Where the converted face network is kept (made on first use)."""
    yunet_model: Path | None = None
    """The YuNet file; without it, and without one in `models_dir`, dlib's slower HOG looks for faces."""
    engine: str = "dlib"
    """Which face network compares faces (`engines.ENGINES`); its distances are the `ColdStart` below."""
    model_id: str = "dlib-resnet-v1"
    """What its vectors are called where they are stored."""
    scrfd_model: Path | None = None
    arcface_model: Path | None = None
    """The two files of the engine insightface."""
    providers: tuple[str, ...] = ()
    """What ONNX Runtime computes on, best first; empty for a graphics card if there is one, else the processor."""

    every_s: float = 0.2
    heartbeat_s: float = 10.0
    """Look at the whole picture at least this often, moving or not; `rescan_s` while somebody is in sight."""
    rescan_s: float = 2.0
    scene: Scene = PLAIN
    finds_bodies: bool = False
    """Whether people who never show a usable face are followed, too."""

    track_score: float = 0.6
    weak_score: float = 0.3
    """A face this faint only continues a track, it never begins one."""
    max_age_s: float = 2.0
    min_hits: int = 3

    shot_score: float = 0.75
    shot_min_px: float = 36.0
    """Below 36 px of width blur alone uses up the whole distance between two people."""
    shot_min_quality: float = 0.1
    shot_min_sharpness: float = 40.0
    shot_max_yaw: float = 0.35
    """How far the nose may be off the middle of the eyes, in eye distances."""
    shot_edge_px: float = 0.0
    """How far a face must be from the edge of the picture."""
    shots: int = 8
    shot_spacing_s: float = 0.4

    change_at: float = DLIB.change_at
    change_shots: int = 6
    change_min_looks: int = 4
    """A face that is another's for less long does not cut a tracklet; looks are shots of different seconds."""

    continue_at: float = 0.6
    """Up to here a tracklet that begins alone where another was lost a moment before goes on with it."""
    cluster_at: float = DLIB.cluster_at
    apart_at: float = 0.68
    """Where two people of one picture are nearer than this (the middle pair), `cluster_at` shrinks as much."""
    look_spread: float = DLIB.look_spread
    bars: tuple[Bar, ...] = ()
    """Fitted to the camera, by width of face; where none fits, `accept_at` and `review_at` hold."""
    accept_at: float = DLIB.accept_at
    review_at: float = DLIB.review_at
    margin: float = DLIB.margin
    enrol_at: float = DLIB.enrol_at
    till_at: float = DLIB.till_at
    debtor_at: float = DLIB.debtor_at
    unnamed_shots: int = 3
    """Somebody new becomes a person with so many good shots; with fewer the visit counts, without identity."""
    visit_gap_s: float = 90.0
    counter_after_s: float = 5.0
    """Who is at the counter for so long is being served."""

    chunk_min_s: float = 30.0
    chunk_max_s: float = 180.0
    """A chunk is one task: short enough that little is lost when its worker dies."""
    overlap_s: float = 3.0
    chunk_timeout_s: float = 480.0

    @property
    def yunet(self) -> Path | None:
        """The YuNet file that is there, or None: then the HOG detector does the work."""
        places = (self.yunet_model, self.models_dir / YUNET_FILE)
        return next((place for place in places if place is not None and place.is_file()), None)

    @property
    def detector(self) -> str:
        """What looks for faces: scrfd for insightface, which needs its five points; else yunet, or hog without it."""
        if self.engine == "insightface":
            return "scrfd"
        return "yunet" if self.yunet else "hog"

    def bar(self, face_px: float) -> Bar:
        """How near is near enough for faces of this width (pixels)."""
        fitted = (bar for bar in sorted(self.bars, key=lambda bar: bar.up_to_px) if face_px <= bar.up_to_px)
        return next(fitted, Bar(float("inf"), self.accept_at, self.review_at))

    def with_changes(self, **changes: Any) -> Self:
        """A copy with some numbers changed."""
        return replace(self, **changes)

    def with_models_of(self, other: "VisionConfig") -> Self:
        """The same eye with the model files and the processor of another one: they differ between machines."""
        names = ("models_dir", "yunet_model", "scrfd_model", "arcface_model", "providers")
        return replace(self, **{name: getattr(other, name) for name in names})

    def to_json(self) -> str:
        """As text for a child process; paths become strings."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The value that `to_json` wrote."""
        fields = json.loads(text)
        files: dict[str, Any] = {
            name: place and Path(place) for name, place in fields.items() if name.endswith("_model")
        }
        return cls(
            models_dir=Path(fields.pop("models_dir")),
            providers=tuple(fields.pop("providers")),
            scene=Scene.from_json(fields.pop("scene")),
            bars=tuple(Bar(**bar) for bar in fields.pop("bars")),
            **fields | files,
        )
