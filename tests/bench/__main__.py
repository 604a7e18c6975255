"""`make bench`: what the shop's deeds cost, room by room, each figure with its target."""

import argparse

from tests.bench import sales, vision

ROOMS = ("sales", "vision")


def main() -> None:
    """Measure one room, or all of them one after the other."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("room", nargs="?", choices=ROOMS, help="all without it")
    parser.add_argument("--sales", type=int, default=1_000_000, help="past sales, in thousands (1000000)")
    parser.add_argument("--rounds", type=int, default=10, help="timed rounds of sales (10)")
    parser.add_argument("--long", action="store_true", help="films of two hours and of 1080 lines, too")
    asked = parser.parse_args()
    if asked.room in (None, "vision"):
        vision.print_figures(is_long=asked.long)
    if asked.room in (None, "sales"):
        sales.print_figures(sales=asked.sales, rounds=asked.rounds)


if __name__ == "__main__":
    main()
