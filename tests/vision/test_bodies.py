"""People who never show their face are counted by their figure; those who do are not counted twice."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from django.test import Client
from django.utils import timezone

from tests.base import make_cast
from tests.vision.scene import a_recording
from vision import footage
from vision.analysis import Analysis, gathered
from vision.bodies import Body, Figures, fused, whole
from vision.chunk_file import read_result, write_result
from vision.chunks import Chunk, ChunkResult, analyse_chunk
from vision.config import VisionConfig
from vision.drawn_faces import HAIRS, SHIRTS
from vision.drawn_figures import Back
from vision.faces import Box
from vision.footage import ImpossibleFootage, make_footage
from vision.frames import VideoInfo, probe
from vision.looking import STAGES
from vision.models import Recording, Visit
from vision.picture import Frame, Image
from vision.pipeline import finish
from vision.scene import Scene
from vision.tracking import Tracklet
from vision.visits import visits_from

CONFIG = VisionConfig(models_dir=Path("unused"), finds_bodies=True)
ROOM = np.full((360, 640, 3), 150, np.uint8)
PASSER_BY = Back(1.0, 11.0, 320.0, (0.0, 640.0), 350.0, 260.0, SHIRTS[0], HAIRS[0])


def body(number: int, start: float, end: float, *, x: float = 300, proofs: int = 2) -> Body:
    times = np.round(np.arange(start, end + 0.1, 0.2), 1).tolist()
    return Body(number, times, [(x, 100, x + 100, 400)] * len(times), [1.0] * len(times), [], proofs, b"jpeg")


def face(number: int, start: float, end: float, *, x: float = 330, y: float = 110) -> Tracklet:
    times = np.round(np.arange(start, end + 0.1, 0.2), 1).tolist()
    return Tracklet(number, times, [(x, y, x + 40, y + 40)] * len(times), [0.9] * len(times))


def watched(draw: object, seconds: float = 13.0) -> list[Body]:
    figures = Figures(CONFIG)
    grain = np.random.default_rng(0).normal(0, 2, ROOM.shape)
    for step in range(round(5 * seconds)):
        picture = ROOM.copy()
        draw(picture, step / 5)  # type: ignore[operator]
        noisy: Image = np.clip(picture + grain, 0, 255).astype(np.uint8)
        figures.look(Frame(step / 5, av.VideoFrame.from_ndarray(noisy, format="bgr24")))
    return figures.bodies()


def test_somebody_who_is_seen_from_behind_is_followed_from_side_to_side() -> None:
    (found,) = watched(PASSER_BY.draw)
    assert found.started_s == pytest.approx(1.0, abs=0.6) and found.ended_s == pytest.approx(11.0, abs=0.6)
    assert found.proofs >= 2 and found.jpeg.startswith(b"\xff\xd8")
    x, y = found.walk[25][1]
    assert x == pytest.approx(320, abs=40) and 90 < y < 140, "where the face would be"


def test_what_moves_and_is_no_person_is_nobody() -> None:
    def box(picture: Image, at: float) -> None:
        picture[100:350, round(40 * at) : round(40 * at) + 90] = (40, 90, 160)

    assert whole(watched(box), 1, 640) == []


def test_a_light_that_is_switched_is_nobody() -> None:
    def light(picture: Image, at: float) -> None:
        picture[:] = 60 if 4 < at < 8 else 150

    assert watched(light, 10.0) == []


def test_a_figure_goes_on_across_a_seam_and_after_standing_still() -> None:
    seam = [body(1, 0, 20, proofs=1), body(1, 17, 40, proofs=1)]
    still = body(2, 52, 60)
    (one,) = whole([*seam, still], 7, 640)
    assert (one.number, one.started_s, one.ended_s, one.proofs) == (7, 0.0, 60.0, 4)
    assert one.times == sorted(set(one.times))


def test_who_left_the_picture_does_not_come_back_as_another() -> None:
    gone, other = body(1, 0, 20, x=540), body(2, 25, 40, x=540)
    assert len(whole([gone, other], 1, 640)) == 2


def test_a_single_proof_is_not_enough() -> None:
    assert whole([body(1, 0, 20, proofs=1)], 1, 640) == []


def test_a_figure_that_carries_a_known_face_is_that_person() -> None:
    figure, stranger = body(10, 0, 30), body(11, 0, 30, x=500)
    known, faceless = fused([figure, stranger], [(face(1, 5, 12), "Asha"), (face(2, 20, 24), "Asha")])
    ((there, who),) = known
    assert (who, there.started_s, there.ended_s) == ("Asha", 5.0, 24.0)
    assert faceless == [stranger]


def test_a_face_at_the_feet_of_a_figure_is_another_s() -> None:
    figure = body(10, 0, 30)
    assert fused([figure], [(face(1, 5, 12, y=330), "Asha")])[1] == [figure]


def test_a_figure_with_two_faces_is_nobody_s() -> None:
    assert fused([body(10, 0, 30)], [(face(1, 5, 12), "Asha"), (face(2, 15, 24), "Bala")]) == ([], [])


def test_a_figure_that_has_a_face_now_and_then_is_left_out() -> None:
    in_front = face(1, 5, 20)
    in_front.boxes[20:] = [(900, 110, 940, 150)] * (len(in_front.boxes) - 20)
    assert fused([body(10, 0, 30)], [(in_front, "Asha")]) == ([], [])


def test_who_turns_away_and_back_inside_the_shop_was_there_meanwhile() -> None:
    seen = [(face(1, 5, 12), "Asha"), (face(2, 200, 205), "Asha")]
    known, _ = fused([body(10, 4, 204)], seen)
    (visit,) = visits_from([*seen, *known], 90.0)
    assert (visit.entry_s, visit.exit_s) == (5.0, 205.0)


def test_a_figure_crosses_the_door_where_its_face_would_be() -> None:
    door = Scene(door=((200, 400), (200, 0)))
    times = [step / 5 for step in range(50)]
    walk: list[Box] = [(10 * step - 50, 100, 10 * step + 50, 400) for step in range(50)]
    (visit,) = visits_from([(Body(1, times, walk, [1.0] * 50), "body-1")], 90.0, door)
    assert visit.entry_by == "door" and visit.entry_s == pytest.approx(4.0, abs=0.05)


def test_figures_come_back_from_the_file_of_a_chunk(tmp_path: Path) -> None:
    bodies = [body(1, 0, 3), body(2, 1, 9, proofs=5)]
    write_result(ChunkResult([], {}, 0, 0, 0, {}, (360, 640), bodies), tmp_path / "result.npz")
    assert read_result(tmp_path / "result.npz").bodies == bodies


@pytest.fixture(scope="module")
def filmed(
    tmp_path_factory: pytest.TempPathFactory, models_dir: Path
) -> tuple[Path, list[footage.TrueVisit]]:
    """Two visits, of one who shows a face and of one who does not."""
    film = tmp_path_factory.mktemp("backs") / "film.mp4"
    return film, make_footage(
        film, minutes=0.6, visits=1, persons=1, faceless=1, seed=3, models_dir=models_dir
    )


@pytest.fixture(scope="module")
def analysis(filmed: tuple[Path, list[footage.TrueVisit]], eye: VisionConfig) -> Analysis:
    info, config = probe(filmed[0]), eye.with_changes(finds_bodies=True)
    return gathered(info, [analyse_chunk(filmed[0], Chunk(0, 40, 40), config)], config)


def test_made_up_people_who_show_no_face_are_found(
    filmed: tuple[Path, list[footage.TrueVisit]], analysis: Analysis
) -> None:
    (truth,) = (visit for visit in filmed[1] if visit.person.startswith("Faceless"))
    usable = [(tracklet, "Drawn") for tracklet in analysis.tracklets if tracklet.is_usable]
    _known, (found,) = fused(analysis.bodies, usable)
    assert usable and found.number > max(tracklet.number for tracklet, _ in usable)
    assert (found.started_s, found.ended_s) == pytest.approx((truth.entry_s, truth.exit_s), abs=1.5)


def test_more_of_them_than_fit_are_refused(tmp_path: Path, models_dir: Path) -> None:
    with pytest.raises(ImpossibleFootage, match="no time alone"):
        make_footage(
            tmp_path / "film.mp4", minutes=0.5, visits=1, persons=1, faceless=5, seed=2, models_dir=models_dir
        )


@pytest.mark.django_db
def test_a_figure_is_a_visit_of_nobody_with_its_picture(
    client_of: Callable[..., Client], tmp_path: Path
) -> None:
    cast = make_cast()
    recording = a_recording(cast.shop, timezone.now(), state=Recording.State.WAITING)
    info = VideoInfo(tmp_path, "mov", "h264", 640, 360, 15, 60, 900, (0.0,), None)
    seen = gathered(
        info, [ChunkResult([], dict.fromkeys(STAGES, 0.0), 9, 9, 0, {}, (360, 640), [body(1, 2, 9)])], CONFIG
    )
    finish(recording, seen, CONFIG)
    visit = Visit.objects.get()
    assert (visit.kind, visit.label, visit.person, visit.duration_s) == ("body", "body-1", None, 7.0)
    row = visit.tracklets.get()
    assert (row.shots, row.boxes[0]) == (0, [2.0, 0.4688, 0.2778, 0.625, 1.1111])
    assert row.picture.read() == b"jpeg" and (Recording.objects.get().summary or {})["bodies"] == 1
    page = client_of(cast.ravi).get("/s/water/visits/").content.decode()
    assert "A figure without a face" in page and f"/s/water/faces/{row.pk}.jpg" in page
