"""Renamed files: what git takes a new file of the work tree for."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable

from modelspec.history.git import Repository
from modelspec.history.snapshot import Snapshot

__all__ = ["find_left_out", "find_renames"]

MAX_RENAMES = 1000
"""Git compares the texts of so many deleted and so many new files; beyond that, equal ones only are found."""


def find_renames(snapshot: Snapshot, paths: Iterable[str]) -> dict[str, str]:
    """Which of these files (paths in the snapshot's manner) had another name in it: the new path → the old one.

    Git decides, by its own rule: half of the text is the same, and nothing is there by the old name any more. A new
    file counts whether it was added to the index or not. An index of our own is used; that of the repository is not
    read but for what a sparse checkout leaves out, for that is not deleted.
    """
    root = snapshot.root
    if root is None:
        return {}
    new = [path for path in paths if _is_plain(os.path.join(root, path)) and not snapshot.is_file(path)]
    if not new:
        return {}
    git = Repository(root, snapshot.repository.environment)
    empty = hashlib.new("sha1" if len(snapshot.commit) == 40 else "sha256", b"blob 0\0").hexdigest()
    with tempfile.TemporaryDirectory(prefix="modelspec-") as folder:
        index = os.path.join(folder, "index")
        git.ask("read-tree", snapshot.commit, index=index)
        kept = [path for path in find_left_out(snapshot) if snapshot.is_file(path)]
        if kept:
            git.ask("update-index", "-z", "--skip-worktree", "--stdin", data=_join(kept), index=index)
        # An entry without times and size is looked up in the work tree, whatever its hash.
        entries = _join([f"100644 {empty}\t{path}" for path in new])
        git.ask("update-index", "-z", "--index-info", data=entries, index=index)
        question = ["diff-index", "-z", "--name-status", "-M", f"-l{MAX_RENAMES}", "--diff-filter=R"]
        told = git.ask_each(*question, "--ignore-submodules=all", "--no-ext-diff", snapshot.commit, index=index)
    return {told[at + 2]: told[at + 1] for at in range(0, len(told), 3)}


def find_left_out(snapshot: Snapshot) -> set[str]:
    """The files that a sparse checkout leaves out of the work tree: they are not there, and yet not deleted."""
    if snapshot.root is None:
        return set()
    git = Repository(snapshot.root, snapshot.repository.environment)
    if git.try_to("config", "--type=bool", "--get", "core.sparseCheckout").output.strip() != b"true":
        return set()
    return {line[2:] for line in git.ask_each("ls-files", "-t", "-z") if line.startswith("S ")}


def _is_plain(path: str) -> bool:
    return os.path.isfile(path) and not os.path.islink(path)


def _join(lines: list[str]) -> bytes:
    return b"".join(os.fsencode(line) + b"\0" for line in lines)
