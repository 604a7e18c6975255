"""Who came: cameras, recordings, the faces followed through them, the persons they belong to, their visits,
and where the visits meet the till.

A face vector is written and read by `gallery.py` alone. Foreign keys say `db_constraint=False` because their
database half is the composite `SameShop`.
"""

from vision.models.cameras import Calibration, Camera, VisionSettings
from vision.models.clocks import ClockEstimate
from vision.models.counter import CanCount, CounterChoice, Lesson
from vision.models.evidence import DisputeFile, TenderHint
from vision.models.people import Denial, FormerName, IdentityEvent, Person, PersonQuerySet, Template
from vision.models.privacy import Consent, Erasure, FaceView, RetentionRun
from vision.models.queues import Card, CardQuerySet
from vision.models.recordings import FolderFile, OldRecognition, Recording, RecordingChunk
from vision.models.visits import SaleLink, Sighting, Tracklet, Visit, VisitQuerySet

__all__ = [
    "Calibration",
    "Camera",
    "CanCount",
    "Card",
    "CardQuerySet",
    "ClockEstimate",
    "Consent",
    "CounterChoice",
    "Denial",
    "DisputeFile",
    "Erasure",
    "FaceView",
    "FolderFile",
    "FormerName",
    "IdentityEvent",
    "Lesson",
    "OldRecognition",
    "Person",
    "PersonQuerySet",
    "Recording",
    "RecordingChunk",
    "RetentionRun",
    "SaleLink",
    "Sighting",
    "Template",
    "TenderHint",
    "Tracklet",
    "VisionSettings",
    "Visit",
    "VisitQuerySet",
]
