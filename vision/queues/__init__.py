"""Queues of cards: what till and camera together find odd, for a person to decide with one key."""

from vision.queues.base import Queue
from vision.queues.late_void import LateVoid

QUEUES: dict[str, Queue] = {queue.kind: queue for queue in (LateVoid(),)}
"""By kind, in the order of their tiles. A new kind is a module here, and an entry."""
