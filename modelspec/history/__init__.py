"""Earlier versions of files, read from git's objects by the `git` program: no work tree, index or ref is touched.

A call that names nothing that is there raises `Trouble`, with what to do about it.
"""

from __future__ import annotations

from modelspec.history.git import Trouble
from modelspec.history.renames import find_left_out, find_renames
from modelspec.history.revision import find_base, open_revision, split_revision
from modelspec.history.snapshot import Snapshot

__all__ = ["Snapshot", "Trouble", "find_base", "find_left_out", "find_renames", "open_revision", "split_revision"]
