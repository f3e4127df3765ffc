"""What files look like from outside, and which have changed between two looks: by asking the system, again and again.

A notification of the system would come sooner, and not from everywhere: not from a network drive, nor from a folder
that a container or a virtual machine shares with its host. Looking at a few hundred files takes a millisecond or two.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from modelspec import files
from modelspec.files import Found
from modelspec.record import NamedTuple

__all__ = ["Stamp", "Stamps", "compare", "is_doubtful", "take"]


class Stamp(NamedTuple):
    """When a file was last written (nanoseconds), its bytes, which file it is, and who may read it."""

    modified: int
    size: int
    inode: int
    mode: int


Stamps = dict[str, Stamp | None]
"""By absolute path; None for what is not there."""


def take(folders: Iterable[str], paths: Iterable[str]) -> Stamps:
    """Look at all files in these folders that may be specs, and at further files."""
    stamps: Stamps = {os.path.abspath(path): _stamp(path) for path in paths}
    for folder in folders:
        for path, absolute, *_ in files.walk(folder, Found()):
            stamps[absolute] = _stamp(path)
    return stamps


def _stamp(path: str) -> Stamp | None:
    try:
        told = os.stat(path)
    except (OSError, ValueError):
        return None
    return Stamp(told.st_mtime_ns, told.st_size, told.st_ino, told.st_mode)


def compare(old: Stamps, new: Stamps) -> list[str]:
    """The paths that are not as they were, in order."""
    return sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))


def is_doubtful(old: Stamps, new: Stamps) -> bool:
    """Whether a file that said something is gone or empty: it may be in the middle of being saved."""
    return any(stamp is not None and stamp.size and not (new.get(path) or _GONE).size for path, stamp in old.items())


_GONE = Stamp(0, 0, 0, 0)
