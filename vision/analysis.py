"""A whole recording: cut into chunks by time, each in a child process, tracklets joined over the seams."""

import queue
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from vision.bodies import Body, whole
from vision.children import Child, ChunkFailed
from vision.chunk_file import read_result
from vision.chunks import Chunk, ChunkResult, Pictures
from vision.config import VisionConfig
from vision.continuity import Room, without_carried
from vision.engines import prepare
from vision.faces import iou
from vision.frames import VideoInfo
from vision.looking import STAGES
from vision.parting import parted
from vision.tracking import Tracklet, kept_shots

_SAME_FACE = 0.4


@dataclass
class Analysis:
    """What was seen in a recording: tracklets in time order, numbered from 1, and what it cost."""

    info: VideoInfo
    tracklets: list[Tracklet]
    seconds: dict[str, float]
    """Wall seconds per stage, added up over the children."""
    frames_decoded: int
    frames_analysed: int
    faces: int
    refused: dict[str, int]
    """How many faces were not good enough to be compared, by reason (`faces.REFUSALS`)."""
    size: tuple[int, int]
    """Height and width of the upright pictures: what the boxes are pixels of."""
    bodies: list[Body] = field(default_factory=list)
    """Figures, numbered on from the tracklets; none where they are not looked for."""
    hands: dict[str, list[float]] = field(default_factory=dict)
    """When something moved over the UPI stand or the cash drawer (`hands.PLACES`), where these are drawn."""


def analyse(
    path: Path,
    config: VisionConfig,
    *,
    workers: int = 1,
    pictures: Pictures | None = None,
    on_progress: Callable[[float], None] = lambda fraction: None,
) -> Analysis:
    """Look at a recording with some child processes.

    `on_progress` is called with 0..1 in the caller's thread; if it raises, all stop.

    The result does not depend on `workers`: the cuts follow from the recording alone.
    Raises UnreadableVideo or ChunkFailed.
    """
    with tempfile.TemporaryDirectory(prefix="watershop-chunks-") as name, ExitStack() as ending:
        folder = Path(name)
        hands = [ending.enter_context(Child(path, config, folder)) for _ in range(max(1, workers))]
        info = hands[0].probed(lambda at: None)
        prepare(config)
        crew = _Crew(hands, pictures, folder)
        return gathered(info, crew.run(cut(info, config), on_progress), config)


def gathered(info: VideoInfo, results: Sequence[ChunkResult], config: VisionConfig) -> Analysis:
    """What the chunks of a recording show together; their results in the order of the chunks."""
    tracklets = join(results, config)
    size = max(result.size for result in results)
    return Analysis(
        info=info,
        tracklets=tracklets,
        seconds={stage: sum(result.seconds[stage] for result in results) for stage in STAGES},
        frames_decoded=sum(result.frames_decoded for result in results),
        frames_analysed=sum(result.frames_analysed for result in results),
        faces=sum(result.faces for result in results),
        refused=dict(sum((Counter(result.refused) for result in results), Counter())),
        size=size,
        bodies=whole((body for result in results for body in result.bodies), len(tracklets) + 1, size[1]),
        hands={
            place: [at for result in results for at in result.hands.get(place, [])]
            for place in {place for result in results for place in result.hands}
        },
    )


def cut(info: VideoInfo, config: VisionConfig) -> list[Chunk]:
    """Chunks that begin at keyframes and overlap: about eight, but neither very short nor very long."""
    length = min(max(info.duration_s / 8, config.chunk_min_s), config.chunk_max_s)
    count = max(1, round(info.duration_s / length))
    wanted = [index * info.duration_s / count for index in range(1, count)]
    near = {min(info.keyframes, key=lambda keyframe: abs(keyframe - time)) for time in wanted}
    starts = [0.0, *sorted(keyframe for keyframe in near if keyframe > config.overlap_s)]
    ends = [*starts[1:], info.duration_s + 1]
    return [
        Chunk(start, min(end + config.overlap_s, info.duration_s + 1), end)
        for start, end in zip(starts, ends, strict=True)
    ]


def join(results: Sequence[ChunkResult], config: VisionConfig) -> list[Tracklet]:
    """Tracklets of all chunks; two with the same boxes at the same times across a seam are one.

    Those that went over from one face to another are cut only when they are whole: a chunk may end too soon to tell.
    """
    whole: list[Tracklet] = []
    before: list[Tracklet] = []
    for result in results:
        now = []
        for tracklet in result.tracklets:
            twin = max(before, key=lambda other: _overlap(other, tracklet), default=None)
            if twin is not None and _overlap(twin, tracklet) >= _SAME_FACE:
                before.remove(twin)
                whole.remove(twin)
                tracklet = _joined(twin, tracklet, config)
            now.append(tracklet)
        whole += now
        before = now
    return settled(whole, max(result.size for result in results), config)


def settled(whole: Sequence[Tracklet], size: tuple[int, int], config: VisionConfig) -> list[Tracklet]:
    """Each of a recording's tracklets one person's: numbered from 1, in time order. Pictures of (height, width)."""
    people = without_carried(whole)
    room = Room(people, size)
    parts = [part for one in people for part in parted(one, config, partial(room.may_change, one))]
    joined = Room(parts, size).continued(config)
    ordered = sorted(joined, key=lambda tracklet: (tracklet.started_s, tracklet.boxes[0]))
    return [replace(tracklet, number=number) for number, tracklet in enumerate(ordered, 1)]


def _overlap(a: Tracklet, b: Tracklet) -> float:
    """Mean overlap of the boxes at the times that both have; 0 when they have none."""
    ours = dict(zip(a.times, a.boxes, strict=True))
    shared = [iou(ours[time], box) for time, box in zip(b.times, b.boxes, strict=True) if time in ours]
    return sum(shared) / len(shared) if shared else 0.0


def _joined(a: Tracklet, b: Tracklet, config: VisionConfig) -> Tracklet:
    rows = dict(zip(b.times, zip(b.boxes, b.scores, strict=True), strict=True))
    rows |= dict(zip(a.times, zip(a.boxes, a.scores, strict=True), strict=True))
    times = sorted(rows)
    return Tracklet(
        number=a.number,
        times=times,
        boxes=[rows[time][0] for time in times],
        scores=[rows[time][1] for time in times],
        shots=kept_shots([*a.shots, *b.shots], config),
    )


class _Crew:
    """The child processes of one recording, for who has no queue: each takes the next chunk, and all stop together."""

    def __init__(self, hands: Sequence[Child], pictures: Pictures | None, folder: Path) -> None:
        self._pictures, self._folder, self._count = pictures, folder, len(hands)
        self._is_stopped = threading.Event()
        self._news: queue.Queue[tuple[int, float] | None] = queue.Queue()
        self._free: queue.Queue[Child] = queue.Queue()
        for hand in hands:
            self._free.put(hand)

    def run(self, chunks: Sequence[Chunk], on_progress: Callable[[float], None]) -> list[ChunkResult]:
        """All results in the order of the chunks. The first failure stops the others."""
        done = [0.0] * len(chunks)
        total = sum(chunk.own_end - chunk.start for chunk in chunks)
        with ThreadPoolExecutor(self._count) as pool:
            jobs = [pool.submit(self._look, index, chunk) for index, chunk in enumerate(chunks)]
            for job in jobs:
                job.add_done_callback(lambda _: self._news.put(None))
            try:
                while not all(job.done() for job in jobs):
                    news = self._news.get()
                    if news is None:
                        _raise_first([job.exception() for job in jobs if job.done()])
                    else:
                        done[news[0]] = max(done[news[0]], news[1])
                        on_progress(min(1.0, sum(done) / total))
                on_progress(1.0)
                return [job.result() for job in jobs]
            finally:
                self._is_stopped.set()

    def _look(self, index: int, chunk: Chunk) -> ChunkResult:
        """Have one chunk watched, passing on its progress. Runs in a thread that only waits, one for each child."""

        def tell(at: float) -> None:
            if self._is_stopped.is_set():
                raise ChunkFailed("Stopped.")
            self._news.put((index, min(at, chunk.own_end) - chunk.start))

        tell(chunk.start)
        result, child = self._folder / f"{index}.npz", self._free.get_nowait()
        try:
            child.watched(chunk, result, tell, self._pictures)
        finally:
            self._free.put(child)
        tell(chunk.own_end)
        return read_result(result)


def _raise_first(errors: Sequence[BaseException | None]) -> None:
    for error in errors:
        if error is not None:
            raise error
