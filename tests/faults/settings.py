"""The shop's settings for a queue that is killed: what was lost is noticed in seconds instead of minutes."""

import os
from pathlib import Path

from watershop.settings import *  # noqa: F403

JOB_LEASE_S = {"default": 10, "video": 10}
if "FAULTS_MEDIA" in os.environ:  # the files of a test
    MEDIA_ROOT, VISION_MODEL_DIR = Path(os.environ["FAULTS_MEDIA"]), Path(os.environ["FAULTS_MODELS"])
