"""Where the test data is that is no part of the project."""

import os
from pathlib import Path


def shared_folder() -> Path:
    """The folder beside the project, or the one that the environment names; it may be missing."""
    return Path(
        os.environ.get("WATERSHOP_SHARED") or Path(__file__).resolve().parent.parent.parent / "shared"
    )
