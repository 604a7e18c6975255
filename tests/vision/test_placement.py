"""A minute of a camera's pictures as numbers, and what should be moved."""

import numpy as np
import pytest

from vision.config import VisionConfig
from vision.faces import Face
from vision.placement import FaceSeen, PictureSeen, measured, report


def a_face(refusal: str = "", px: float = 80, luma: float = 120, around: float = 120) -> FaceSeen:
    return FaceSeen((0.4, 0.4, 0.5, 0.6), px, refusal, 90.0, 0.1, luma, around)


def pictures(*faces: FaceSeen, luma: float = 120, contrast: float = 50) -> list[PictureSeen]:
    return [PictureSeen(luma, contrast, faces)]


@pytest.mark.parametrize(
    ("seen", "advice"),
    [
        (pictures(a_face(), a_face()), ["good"]),
        (pictures(), ["nobody"]),
        (pictures(luma=20), ["nobody", "dark"]),
        (pictures(a_face("width", 28), a_face("width", 30), a_face()), ["width"]),
        (pictures(a_face("pose"), a_face("pose"), a_face("blur")), ["pose", "blur"]),
        (pictures(a_face("pose"), *[a_face()] * 4), ["good"]),
        (pictures(a_face(luma=40, around=60)), ["dark"]),
        (pictures(a_face(luma=40, around=180)), ["backlit"]),
        (pictures(a_face(luma=240, around=200)), ["glaring"]),
        (pictures(a_face(), contrast=5), ["flat"]),
    ],
)
def test_what_should_be_moved(seen: list[PictureSeen], advice: list[str], eye: VisionConfig) -> None:
    assert report(seen, eye)["advice"] == advice


def test_the_report_counts_faces_and_their_widths(eye: VisionConfig) -> None:
    found = report(pictures(a_face("width", 30), a_face(px=50), a_face(px=70)), eye)
    assert (found["faces"], found["usable"], found["width_px"], found["wide"]) == (3, 2, 50, 0.667)
    assert found["refused"] == {"width": 0.333}


def test_a_face_before_a_bright_window_is_measured_darker_than_what_surrounds_it(eye: VisionConfig) -> None:
    image = np.full((240, 320, 3), 220, np.uint8)
    image[80:160, 120:180] = 40
    (seen,) = measured(image, [Face((120, 80, 180, 160), 0.9)], eye).faces
    assert (seen.px, round(seen.luma)) == (60, 40) and seen.around > 150
    assert seen.box == pytest.approx((0.375, 1 / 3, 0.5625, 2 / 3))
