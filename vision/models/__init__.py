"""Who came: cameras, recordings, the faces followed through them, the persons they belong to, and their visits.

A face vector is written and read by `gallery.py` alone. Foreign keys say `db_constraint=False` because their
database half is the composite `SameShop`.
"""

from vision.models.cameras import Calibration, Camera, VisionSettings
from vision.models.people import Denial, FormerName, IdentityEvent, Person, PersonQuerySet, Template
from vision.models.recordings import FolderFile, Recording, RecordingChunk
from vision.models.visits import SaleLink, Sighting, Tracklet, Visit, VisitQuerySet

__all__ = [
    "Calibration",
    "Camera",
    "Denial",
    "FolderFile",
    "FormerName",
    "IdentityEvent",
    "Person",
    "PersonQuerySet",
    "Recording",
    "RecordingChunk",
    "SaleLink",
    "Sighting",
    "Template",
    "Tracklet",
    "VisionSettings",
    "Visit",
    "VisitQuerySet",
]
