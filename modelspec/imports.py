"""The files that a spec imports: found beside it, inside of its project, and read."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Protocol

from modelspec.diagnostics import Finding, Where
from modelspec.source import MAX_BYTES, Document, read

__all__ = ["Disk", "Origin", "load"]

ROOT_MARKS = (".git", "pyproject.toml", "modelspec.toml")
"""What the folder of a project holds."""
BESIDE = "a path is relative to the file that imports"
MAX_FILES = 100
"""Files that one spec imports, those that they import included."""


class Origin(Protocol):
    """Where the files of a project lie: on the disk, or in a commit. Each has paths of its own."""

    def enter(self, shown: str) -> str:
        """The path of a file from what a document shows for it."""

    def show(self, path: str) -> str:
        """What a document shows for a path."""

    def beside(self, path: str, text: str) -> str:
        """The path that `text` means in the file `path`."""

    def real(self, path: str) -> str:
        """The path with all links followed."""

    def leads_out(self, importing: str, path: str) -> bool:
        """Whether a path is outside of the project that the file `importing` is in."""

    def is_file(self, path: str) -> bool:
        """Whether there is such a file."""

    def is_folder(self, path: str) -> bool:
        """Whether there is such a folder."""

    def read_whole(self, path: str) -> bytes:
        """The bytes of a file (one more than the bound at most). Raises OSError."""

    def list_names(self, folder: str) -> Sequence[str]:
        """The names in a folder; none if there is no such folder."""


class Disk:
    """The files as they are now. Paths are those of the system, shown as they are."""

    def enter(self, shown: str) -> str:
        """The path of a file from what a document shows for it."""
        return shown

    def show(self, path: str) -> str:
        """What a document shows for a path."""
        return path.replace(os.sep, "/")

    def beside(self, path: str, text: str) -> str:
        """The path that `text` means in the file `path`."""
        return os.path.normpath(os.path.join(os.path.dirname(path), text))

    def real(self, path: str) -> str:
        """The path with all links followed."""
        return os.path.realpath(path)

    def leads_out(self, importing: str, path: str) -> bool:
        """Whether a path is outside of the project that the file `importing` is in."""
        root = find_root(os.path.dirname(os.path.realpath(importing)))
        return os.path.commonpath([root, os.path.realpath(path)]) != root

    def is_file(self, path: str) -> bool:
        """Whether there is such a file."""
        return os.path.isfile(path)

    def is_folder(self, path: str) -> bool:
        """Whether there is such a folder."""
        return os.path.isdir(path)

    def read_whole(self, path: str) -> bytes:
        """The bytes of a file (one more than the bound at most). Raises OSError."""
        with open(path, "rb") as file:
            return file.read(MAX_BYTES + 1)

    def list_names(self, folder: str) -> Sequence[str]:
        """The names in a folder; none if there is no such folder."""
        try:
            return os.listdir(folder or ".")
        except OSError:
            return ()


def load(
    known: dict[str, Document], importers: dict[str, Document], origin: Origin | None = None
) -> Callable[[Document, str], Document | Finding]:
    """A function that gives the document that another imports by a path relative to it, or says why it cannot.

    `known` are the imported documents by their real paths: a file is read once. `importers` are those that first
    imported them, by the same. `origin` is where all of them lie: the disk, if nothing else is given.
    """
    files = origin or Disk()

    def find(importing: Document, text: str) -> Document | Finding:
        problem = _refuse_path(text)
        if problem is not None:
            return problem
        at = files.enter(importing.path)
        path = files.beside(at, text)
        problem = _refuse(files, at, text, path)
        if problem is not None:
            return problem
        real = files.real(path)
        circle = _find_circle(files, importing, real, importers)
        if circle is not None:
            hint = "leave one of the imports out; what both files need goes into a third"
            return _tell(f"imports in a circle: {' → '.join([*circle, circle[0]])}", hint)
        importers.setdefault(real, importing)
        if real not in known:
            if len(known) >= MAX_FILES:
                return _tell(
                    f"more than {MAX_FILES} files are imported, the bound",
                    "put blocks that belong together into one file",
                )
            shown = files.show(path)
            try:
                data = files.read_whole(real)
            except OSError as error:
                return _tell(f"cannot read '{shown}': {error.strerror or error}", BESIDE)
            known[real] = read(data, shown)
        return known[real]

    return find


def _find_circle(files: Origin, importing: Document, real: str, importers: dict[str, Document]) -> list[str] | None:
    """The files on the way from a file to one that imports it, if that is what this one is about to do."""
    way, at = [importing.path], importing
    while (path := files.real(files.enter(at.path))) != real:
        above = importers.get(path)
        if above is None:
            return None
        way.append(above.path)
        at = above
    return way[::-1]


def _refuse_path(text: str) -> Finding | None:
    """Why a path cannot be imported, whatever is there."""
    if "\0" in text:
        return _tell("a path without a NUL is expected", "write the path of a spec")
    if os.path.isabs(text) or text[1:2] == ":":
        return _tell(f"'{text}' is an absolute path", "name it relative to this file: blocks/resnet.yaml")
    return None


def _refuse(files: Origin, importing: str, text: str, path: str) -> Finding | None:
    """Why the file that `text` means in `importing` cannot be imported; None if it can be read."""
    if files.is_folder(path):
        return _tell(f"'{text}' is a folder", "name a file")
    if files.leads_out(importing, path):
        return _tell(
            f"'{text}' leads out of the project", "copy it into the project: a spec is read with what lies beside it"
        )
    if files.is_file(importing) and files.real(path) == files.real(importing):
        return _tell(f"'{text}' is this file itself", "leave it out: its own blocks are seen")
    if not files.is_file(path):
        near = _find_near(files, path)
        hint = f"did you mean '{near}'?" if near else BESIDE
        return _tell(f"there is no file '{files.show(path)}'", hint)
    return None


def find_root(folder: str) -> str:
    """The folder of the project that a folder is in: the nearest one above that is marked as such, or the folder."""
    at = folder
    while True:
        if any(os.path.exists(os.path.join(at, mark)) for mark in ROOT_MARKS):
            return at
        above = os.path.dirname(at)
        if above == at:
            break
        at = above
    here = os.path.realpath(os.getcwd())
    return here if os.path.commonpath([here, folder]) == here else folder


def _find_near(files: Origin, path: str) -> str | None:
    from modelspec.refusal import find_near

    folder, name = os.path.split(path)
    near = find_near(name, sorted(files.list_names(folder))[:500])
    return None if near is None else files.show(os.path.join(folder, near))


def _tell(message: str, hint: str) -> Finding:
    return Finding("MS411", message, Where(()), hint)
