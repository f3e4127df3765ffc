"""Many texts looked at on all cores, to tell which of them are surely well.

Only that is told across processes: what is not surely well is looked at once more, in order, by the one that asked. So
the output is the same, in the same order, on however many cores.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from modelspec import road
from modelspec.files import Text

__all__ = ["screen"]

SHARE = 100
"""Texts for each process at least: fewer are not worth its start."""


def screen(texts: Sequence[Text]) -> set[int]:
    """The indices of the texts in which nothing is found: none where there is one core, or no way to share the work."""
    cores = min(_count_cores(), len(texts) // SHARE)
    if cores < 2 or not hasattr(os, "fork"):
        return set()
    readers = []
    for number in range(cores):
        share = range(number, len(texts), cores)
        try:
            reader = _start(texts, share)
        except OSError:
            # No more processes, or no more files: what nobody has looked at is looked at by the caller.
            continue
        readers.append((share, *reader))
    well: set[int] = set()
    for share, process, pipe in readers:
        with os.fdopen(pipe, "rb") as answers:
            told = answers.read()
        os.waitpid(process, 0)
        well.update(index for index, answer in zip(share, told, strict=False) if answer == 1)
    return well


def _count_cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _start(texts: Sequence[Text], share: range) -> tuple[int, int]:
    """Start a process on some texts: its number, and the pipe through which it answers, a byte for each text."""
    reader, writer = os.pipe()
    try:
        process = os.fork()
    except OSError:
        os.close(reader)
        os.close(writer)
        raise
    if process:
        os.close(writer)
        return process, reader
    # The child says what it has found up to a fault of ours, which the caller meets again and tells.
    try:
        with os.fdopen(writer, "wb") as answers:
            for index in share:
                found = road.follow(texts[index].data, texts[index].path, None, texts[index].demands).findings
                answers.write(b"\x00" if found else b"\x01")
    finally:
        os._exit(0)
