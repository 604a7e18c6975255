#!/usr/bin/env python
"""Run WaterShop's commands: `python manage.py help` lists them."""

import os
import sys
from pathlib import Path


def main() -> None:
    """Point Django at the one settings file and hand over; a wheel that is missing gets one line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "watershop.settings")
    try:
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        if (Path(__file__).parent / module).exists():  # one of our own: a mistake, to be seen in full
            raise
        sys.exit(
            f"{module} is not installed here. Run `make run` once: it makes .venv and installs the lock."
        )


if __name__ == "__main__":
    main()
