"""Time that is told in relation to the machine: what must not hang is held against what Python itself does here."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

USUAL = 0.05
"""Seconds that the loop below takes on a machine of the usual kind."""
SLACK = 5
"""How far beyond its bound what takes long for a reason (squares, powers) surely is, and noise surely is not."""


@cache
def find_pace() -> float:
    """How many times as slow as usual this machine is, 1 at least."""
    took = []
    for _ in range(5):
        start = time.process_time()
        {str(number): [number] for number in range(100_000)}
        took.append(time.process_time() - start)
    return max(1.0, min(took) / USUAL)


@contextmanager
def at_once(seconds: float) -> Iterator[None]:
    """What is done inside takes about so many seconds of the processor on a usual machine; hanging is a failure."""
    start = time.process_time()
    yield
    took = time.process_time() - start
    assert took < SLACK * seconds * find_pace(), f"{took:.2f} s, where about {seconds} s are to be expected"
