"""Which network says how alike two faces are, and which detector finds them for it: chosen by a setting."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Protocol

import numpy as np
import numpy.typing as npt

from vision.arcface import ArcFace
from vision.config import ColdStart, VisionConfig
from vision.embedding import Dlib
from vision.faces import Detector, Face, Floats, Hog, YuNet
from vision.networks import EngineUnavailable, model_given, providers
from vision.picture import Image
from vision.reference import FaceRecognition
from vision.scrfd import Scrfd


class Engine(Protocol):
    """From a face in a picture to a vector whose Euclidean distance to another says how alike two faces are.

    One instance serves one thread. It is cheap to make: the network is loaded when the first face comes.
    """

    chip_px: int
    """Width and height of a chip."""

    @property
    def model_id(self) -> str:
        """What made a vector; vectors are compared only with those of the same id."""
        ...

    @property
    def dimensions(self) -> int:
        """How long a vector is."""
        ...

    @property
    def cold_start(self) -> ColdStart:
        """How near is near enough, until numbers are fitted to a camera."""
        ...

    def prepare(self) -> None:
        """Whatever is done once on a machine, before children use it. Raises EngineUnavailable."""
        ...

    def chip(self, image: Image, face: Face) -> Image:
        """The face upright, cut from a BGR picture: RGB uint8 [chip_px, chip_px, 3]."""
        ...

    def embed(self, chips: npt.NDArray[np.uint8]) -> Floats:
        """RGB uint8 [N, chip_px, chip_px, 3] -> float32 [N, dimensions]."""
        ...


def _insightface(config: VisionConfig) -> ArcFace:
    """It needs both its files: the points that only SCRFD finds say how to turn a face."""
    model_given("VISION_SCRFD_MODEL", config.scrfd_model)
    return ArcFace(model_given("VISION_ARCFACE_MODEL", config.arcface_model), config.providers)


ENGINES: dict[str, Callable[[VisionConfig], Engine]] = {
    "dlib": lambda config: Dlib(config.models_dir, config.providers),
    "face_recognition": lambda config: FaceRecognition(),
    "insightface": _insightface,
}


def make_engine(config: VisionConfig) -> Engine:
    """The engine that `config.engine` names. Raises EngineUnavailable."""
    if config.engine not in ENGINES:
        raise EngineUnavailable(
            f"VISION_ENGINE is {config.engine!r}: it must be one of {', '.join(ENGINES)}."
        )
    return ENGINES[config.engine](config)


def prepare(config: VisionConfig) -> Engine:
    """The engine, ready for children to use it, and the very one that the config was made for.

    Raises EngineUnavailable, also where another machine planned the work and has another file under the same setting.
    """
    engine = make_engine(config)
    if engine.model_id != config.model_id:
        raise EngineUnavailable(
            f"This machine has {engine.model_id}, but {config.model_id} is wanted: give every machine the same file."
        )
    engine.prepare()
    return engine


def make_detector(config: VisionConfig) -> Detector:
    """The detector that finds faces for the engine. Raises EngineUnavailable."""
    if config.detector == "scrfd":
        model = model_given("VISION_SCRFD_MODEL", config.scrfd_model)
        return Scrfd(model, config.weak_score, config.providers)
    if config.yunet:
        return YuNet(config.yunet, config.weak_score, config.providers)
    return Hog(config.weak_score)


def with_cold_start(config: VisionConfig) -> VisionConfig:
    """The config with the id and the numbers of its engine. Raises EngineUnavailable."""
    providers(config.providers)
    engine = make_engine(config)
    return config.with_changes(model_id=engine.model_id, **asdict(engine.cold_start))
