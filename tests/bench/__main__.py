"""`make bench`: what the shop's deeds cost, room by room, each figure with its target."""

import argparse
from collections.abc import Iterable, Iterator

from tests.bench import database, vision
from tests.bench.figure import Figure

ROOMS = ("sales", "analytics", "vision", "counter", "forecast")


def main() -> None:
    """Measure one room, or all of them one after the other."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("room", nargs="?", choices=ROOMS, help="all without it")
    parser.add_argument("--sales", type=int, default=1_000_000, help="past sales, in thousands (1000000)")
    parser.add_argument("--rounds", type=int, default=10, help="timed rounds of sales (10)")
    parser.add_argument("--long", action="store_true", help="films of two hours and of 1080 lines, too")
    asked = parser.parse_args()
    rooms = [asked.room] if asked.room else ROOMS
    if "vision" in rooms:
        _print(vision.figures(is_long=asked.long))
    if {"sales", "analytics", "counter"} & set(rooms):
        database.prepare(sales=asked.sales)
    if "sales" in rooms:
        _print(_of_sales(asked.rounds))
    if "analytics" in rooms:
        _print(_of_analytics())
    if "counter" in rooms:
        _print(_of_the_counter())
    if "forecast" in rooms:
        _print(_of_the_forecast())


def _of_sales(rounds: int) -> Iterator[Figure]:
    from django.conf import settings

    from tests.bench import report  # which needs Django to be set up

    return report.figures(var=settings.VAR_DIR, rounds=rounds, posts=25)


def _of_analytics() -> Iterator[Figure]:
    from tests.bench import analytics, files

    yield from analytics.figures()
    yield from files.figures()


def _of_the_counter() -> Iterator[Figure]:
    from tests.bench import counter

    return counter.figures()


def _of_the_forecast() -> Iterator[Figure]:
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "watershop.settings")
    django.setup()
    from tests.bench import forecast

    return forecast.figures()


def _print(figures: Iterable[Figure]) -> None:
    for figure in figures:
        print(figure, flush=True)  # noqa: T201 (what it is for)


if __name__ == "__main__":
    main()
