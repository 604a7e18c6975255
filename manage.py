#!/usr/bin/env python
"""Run WaterShop's commands: `python manage.py help` lists them."""

import os
import sys


def main() -> None:
    """Point Django at the one settings file and hand over."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "watershop.settings")
    try:
        from django.core.management import execute_from_command_line
    except ModuleNotFoundError:
        sys.exit("Django is not installed here. Run `make run` once: it makes .venv and installs the lock.")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
