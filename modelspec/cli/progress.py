"""Shows on a terminal how far long work is: one line on standard error, gone when the work is done."""

from __future__ import annotations

import os
import sys
from time import monotonic
from types import TracebackType

__all__ = ["DELAY", "Progress", "is_welcome"]

DELAY = 0.5
"""Seconds of work before anything is shown: what is done sooner needs no progress."""
PAUSE = 0.1
"""Seconds between two lines: more of them would flicker, and cost time."""
BAR = 40
"""Columns of the bar, where there is room for them."""


def is_welcome() -> bool:
    """Whether progress can be shown: on a terminal that can move its cursor, and not where a log is kept (CI)."""
    if os.environ.get("TERM") == "dumb" or os.environ.get("CI", "").lower() not in ("", "0", "false"):
        return False
    try:
        return sys.stderr is not None and sys.stderr.isatty()
    except ValueError:  # closed
        return False


class Progress:
    """How many of `total` specs have been checked. To be used in a `with`, or closed.

    Nothing is ever shown unless it is `wanted`, and welcome, and the work has gone on for `DELAY` seconds. There is no
    thread behind it, so that processes can be forked: a line is written by `advance`, if the last one is old enough.
    """

    def __init__(self, total: int, wanted: bool = True) -> None:
        self.total = total
        self.done = 0
        self._wanted = wanted and is_welcome()
        self._next = monotonic() + DELAY
        self._shown = 0
        """Columns of the line that is on the screen."""

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def advance(self, number: int = 1) -> None:
        """So many more are done."""
        self.done += number
        if not self._wanted:
            return
        now = monotonic()
        if now >= self._next:
            self._next = now + PAUSE
            self._write(self._draw())

    def close(self) -> None:
        """Clear the line. What is advanced afterwards is not shown."""
        if self._shown:
            self._write("")
        self._wanted = False

    def _draw(self) -> str:
        total = max(self.total, self.done)
        told = f"checking {self.done:,} of {total:,} specs"
        try:
            columns = os.get_terminal_size(sys.stderr.fileno()).columns or 80
        except (OSError, ValueError):
            columns = 80
        # The last column stays free: there, some terminals go on to the next line.
        room = min(BAR, columns - 1 - len(told) - 1)
        if room < 10:
            return told[: columns - 1]
        full = room * self.done // total if total else room
        return f"{told} {_bar(full, room)}"

    def _write(self, line: str) -> None:
        # With blanks for what was longer: this no terminal misunderstands.
        rest = self._shown - len(line)
        text = f"\r{line}{' ' * rest}" + ("\r" if not line else "\b" * rest)
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except (OSError, ValueError):  # the terminal is gone
            self._wanted = False
        self._shown = len(line)


def _bar(full: int, room: int) -> str:
    """A bar of so many columns, some of them full, in letters that the terminal has."""
    try:
        "━─".encode(getattr(sys.stderr, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return "#" * full + "." * (room - full)
    return "━" * full + "─" * (room - full)
