"""How far a command is, for who waits for it."""

from django.core.management.base import OutputWrapper


class ProgressLine:
    """Told fractions from 0 to 1: a bar on a terminal, a line per tenth elsewhere."""

    def __init__(self, out: OutputWrapper) -> None:
        self._out, self._told = out, -1

    def __call__(self, fraction: float) -> None:
        """Show it."""
        percent = int(100 * fraction)
        if self._out.isatty():
            bar = "#" * (percent // 4)
            self._out.write(f"\r[{bar:25}] {percent:3d} %", ending="" if fraction < 1 else "\n")
            self._out.flush()
        elif percent // 10 > self._told:
            self._told = percent // 10
            self._out.write(f"{percent:3d} %")
