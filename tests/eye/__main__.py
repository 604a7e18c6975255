"""`make robust` and `make openset`: how right the eye is on people and pictures that it was not made for."""

import argparse
import os
from collections.abc import Callable, Iterator
from pathlib import Path


def main() -> None:
    """Print each figure as it is measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.eye", description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    clips = kinds.add_parser("robust", help="film people who come and go, in many ways, watch and score")
    clips.add_argument("--only", default="", help="clips whose name holds this")
    clips.add_argument("--seed", type=int, default=1, help="other people and other times (1)")
    clips.add_argument("--keep", type=Path, metavar="DIR", help="leave clips and logs here")
    faces = kinds.add_parser("openset", help="known people and strangers among labelled photographs")
    faces.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw the DET curves")
    kinds.add_parser("debtors", help="strangers who are taken for somebody who owes money")
    asked = vars(parser.parse_args())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "watershop.settings")
    import django

    django.setup()
    from tests.eye import debtors, open_set, robust

    tables: dict[str, Callable[..., Iterator[str]]] = {
        "robust": robust.table,
        "openset": open_set.report,
        "debtors": debtors.report,
    }
    for line in tables[asked.pop("kind")](**asked):
        print(line, flush=True)  # noqa: T201 (what it is for)


if __name__ == "__main__":
    main()
