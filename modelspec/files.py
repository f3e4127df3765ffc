"""Which files a run reads: those named by hand, those found in folders, and the text of each."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from modelspec.config import Configuration, nearest
from modelspec.diagnostics import Finding
from modelspec.source import MAX_BYTES, Document, is_marked

__all__ = ["STANDARD_INPUT", "Found", "Text", "find", "is_folder"]

STANDARD_INPUT = "-"
ENDINGS = (".yaml", ".yml", ".json")


class Text(NamedTuple):
    """A file's path as shown to people, and its bytes (one more than the bound at most)."""

    path: str
    data: bytes


class Found:
    """What a run reads: texts in the order of the call, and what went wrong in getting them.

    `trouble` is what was wrong with the call itself (no such file); `findings` are faults in configurations.
    """

    __slots__ = ("_configurations", "findings", "skipped", "texts", "trouble")

    def __init__(self) -> None:
        self.texts: list[Text] = []
        self.trouble: list[str] = []
        self.findings: list[tuple[Document, Finding]] = []
        self.skipped = 0
        self._configurations: dict[str, Configuration] = {}

    def configuration(self, folder: str) -> Configuration:
        """The configuration that holds for files in this folder."""
        known = self._configurations.get(folder)
        if known is None:
            known = nearest(folder)
            same = self._configurations.setdefault(known.path or "", known)
            if same is known:
                self.findings += known.findings
            self._configurations[folder] = known = same
        return known


def find(
    paths: Iterable[str],
    *,
    skip_unmarked: bool = False,
    force_exclude: bool = False,
    stdin_filename: str | None = None,
) -> Found:
    """Find and read the files of a call. A folder is searched for files that carry the mark.

    A file named by hand must be a spec, unless `skip_unmarked`; the configuration's `exclude` holds for it only with
    `force_exclude`. `-` is standard input.
    """
    found = Found()
    seen: set[str] = set()
    for path in paths:
        if path == STANDARD_INPUT:
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
            found.texts.append(Text(stdin_filename or "<stdin>", data))
        elif os.path.isdir(path):
            before = len(found.texts)
            for inside in _walk(path, found):
                _add(inside, found, seen, searched=True, skip_unmarked=True)
            if len(found.texts) == before and not skip_unmarked:
                found.trouble.append(f"no spec found in folder '{path}' (a spec carries the key 'modelspec')")
        elif force_exclude and _excludes(path, found):
            found.skipped += 1
        else:
            _add(path, found, seen, searched=False, skip_unmarked=skip_unmarked)
    return found


def _walk(folder: str, found: Found) -> Iterator[str]:
    def complain(error: OSError) -> None:
        found.trouble.append(f"cannot read folder '{error.filename}': {error.strerror}")

    for parent, folders, names in os.walk(folder, onerror=complain):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "node_modules")
        for name in sorted(names):
            path = os.path.join(parent, name)
            if name.endswith(ENDINGS) and os.path.isfile(path):
                configuration = found.configuration(os.path.abspath(parent))
                if configuration.includes(path) and not configuration.excludes(path):
                    yield path


def _excludes(path: str, found: Found) -> bool:
    return found.configuration(os.path.dirname(os.path.abspath(path))).excludes(path)


def _add(path: str, found: Found, seen: set[str], *, searched: bool, skip_unmarked: bool) -> None:
    if path in seen:
        return
    seen.add(path)
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        found.trouble.append(f"no such file or folder: '{path}'")
        return
    except OSError as error:
        found.trouble.append(f"cannot read '{path}': {error.strerror}")
        return
    except ValueError:
        found.trouble.append(f"{path!r} is no path")
        return
    if skip_unmarked and not is_marked(data):
        found.skipped += 1
        return
    found.texts.append(Text(os.path.normpath(path) if searched else path, data))


def is_folder(path: str) -> bool:
    """Whether this path is a folder."""
    return os.path.isdir(path)
