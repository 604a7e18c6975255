"""Which pictures of a recording are worth decoding: where something happens, and a look once in a while.

Told from the sizes of the packets and from the keyframes alone, a seventh of the work of decoding everything.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np

from vision.frames import frames, packets
from vision.motion import changes, smooth
from vision.picture import Image

Stretch: TypeAlias = tuple[float, float]
"""From and to, in seconds from the start of the recording; what begins at the end is not in it."""

_LONGEST_GROUP_S, _SHORTEST_GROUP_S = 4.0, 0.5
_CALM_SHARE = 0.2
_BUSY = 2.0
"""So many times the bytes per second of the calm groups say that something moves."""
_OF_BACKGROUND = 25


@dataclass
class _Group:
    """A keyframe and the pictures that build on it, and how many bytes these are."""

    start: float
    end: float
    bytes: int = 0

    @property
    def rate(self) -> float:
        return self.bytes / max(self.end - self.start, 1e-3)


class Watcher(Protocol):
    """Who looks at the pictures."""

    looked_at: float
    """The time of the picture that was looked at last."""

    @property
    def is_following(self) -> bool:
        """Was anybody in sight?"""
        ...


class Attention:
    """Which pictures to decode: `vision.frames.Choice`. All where something happens or while somebody is followed.

    Elsewhere a keyframe every so often, from `start` on, so that somebody who sits still is found. Where pictures are
    sent out of order (B-frames) the decoder gives it only after some more, so these are decoded, too.
    """

    def __init__(self, active: Sequence[Stretch], start: float, heartbeat_s: float, watcher: Watcher) -> None:
        self._active, self._heartbeat_s, self._watcher = active, heartbeat_s, watcher
        self._due_at, self._asked_at = start, -np.inf

    def __call__(self, at: float, is_keyframe: bool) -> bool:
        is_wanted = self._watcher.is_following or any(start <= at < end for start, end in self._active)
        if is_keyframe and at >= self._due_at:
            self._asked_at = at
        if is_wanted or self._asked_at == at:
            self._due_at = at + self._heartbeat_s
        return is_wanted or self._watcher.looked_at < self._asked_at


def active_stretches(path: Path, start: float, end: float) -> list[Stretch]:
    """Where between two times something happens, in order. Raises UnreadableVideo.

    A group of pictures is active when its packets are much larger than those of calm groups, when its keyframe differs
    from the one before, or when it differs from what keyframes mostly show. Keyframes that are too rare prove nothing,
    and where all pictures are keyframes there is nothing to save: then everything is active.
    """
    groups = _groups(path, start, end)
    lengths = [group.end - group.start for group in groups]
    if not groups or max(lengths) > _LONGEST_GROUP_S or float(np.median(lengths)) < _SHORTEST_GROUP_S:
        return [(start, end)]
    calm = _BUSY * float(np.quantile([group.rate for group in groups], _CALM_SHARE))
    busy = {group.start for group in groups if group.rate > calm}
    changed = _changed(_keyframes(path, {group.start for group in groups} - busy, end))
    places = [place for place, group in enumerate(groups) if group.start in busy | changed]
    return _merged(
        (groups[max(0, place - 1)].start, groups[min(len(groups) - 1, place + 1)].end) for place in places
    )


def _groups(path: Path, start: float, end: float) -> list[_Group]:
    groups: list[_Group] = []
    for at, size, is_keyframe in packets(path, start, end):
        if is_keyframe:
            if groups:
                groups[-1].end = at
            groups.append(_Group(at, end))
        elif groups:
            groups[-1].bytes += size
    return groups


def _keyframes(path: Path, wanted: Set[float], end: float) -> dict[float, Image]:
    """The smoothed brightness of these keyframes by their time; those that cannot be decoded are missing."""
    if not wanted:
        return {}
    pictures = frames(
        path, min(wanted), end, 1e-3, choose=lambda at, is_keyframe: is_keyframe and at in wanted
    )
    return {frame.at: smooth(frame.luma) for frame in pictures}


def _changed(keyframes: dict[float, Image]) -> set[float]:
    """Times of the keyframes that differ from the one before, or from the median of all."""
    if not keyframes:
        return set()
    pictures = list(keyframes.values())
    some = pictures[:: -(-len(pictures) // _OF_BACKGROUND)]
    background = np.median(np.stack(some), axis=0).astype(np.uint8)
    before = [background, *pictures]
    return {
        at
        for (at, seen), earlier in zip(keyframes.items(), before, strict=False)
        if changes(seen, background) or changes(seen, earlier)
    }


def _merged(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The same, those that touch made one."""
    merged: list[Stretch] = []
    for start, end in stretches:
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged
