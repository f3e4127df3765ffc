"""The files that a spec imports: found beside it, inside of its project, and read."""

from __future__ import annotations

import os
from collections.abc import Callable

from modelspec.diagnostics import Finding, Where
from modelspec.source import MAX_BYTES, Document, read

__all__ = ["load"]

ROOT_MARKS = (".git", "pyproject.toml", "modelspec.toml")
"""What the folder of a project holds."""
BESIDE = "a path is relative to the file that imports"
MAX_FILES = 100
"""Files that one spec imports, those that they import included."""


def load(known: dict[str, Document], importers: dict[str, Document]) -> Callable[[Document, str], Document | Finding]:
    """A function that gives the document that another imports by a path relative to it, or says why it cannot.

    `known` are the imported documents by their real paths: a file is read once. `importers` are those that first
    imported them, by the same.
    """

    def find(importing: Document, text: str) -> Document | Finding:
        shown = os.path.normpath(os.path.join(os.path.dirname(importing.path), text))
        problem = _refuse(importing.path, text, shown)
        if problem is not None:
            return problem
        real = os.path.realpath(shown)
        circle = _find_circle(importing, real, importers)
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
            try:
                with open(real, "rb") as file:
                    data = file.read(MAX_BYTES + 1)
            except OSError as error:
                return _tell(
                    f"cannot read '{shown}': {error.strerror or error}", "a path is relative to the file that imports"
                )
            known[real] = read(data, shown.replace(os.sep, "/"))
        return known[real]

    return find


def _find_circle(importing: Document, real: str, importers: dict[str, Document]) -> list[str] | None:
    """The files on the way from a file to one that imports it, if that is what this one is about to do."""
    way, at = [importing.path], importing
    while os.path.realpath(at.path) != real:
        above = importers.get(os.path.realpath(at.path))
        if above is None:
            return None
        way.append(above.path)
        at = above
    return way[::-1]


def _refuse(importing: str, text: str, shown: str) -> Finding | None:
    """Why a path cannot be imported; None if it can be looked for."""
    if "\0" in text:
        return _tell("a path without a NUL is expected", "write the path of a spec")
    if os.path.isabs(text) or text[1:2] == ":":
        return _tell(f"'{text}' is an absolute path", "name it relative to this file: blocks/resnet.yaml")
    if os.path.isdir(shown):
        return _tell(f"'{text}' is a folder", "name a file")
    root = find_root(os.path.dirname(os.path.realpath(importing)))
    real = os.path.realpath(shown)
    if os.path.commonpath([root, real]) != root:
        return _tell(
            f"'{text}' leads out of the project", "copy it into the project: a spec is read with what lies beside it"
        )
    if os.path.exists(importing) and real == os.path.realpath(importing):
        return _tell(f"'{text}' is this file itself", "leave it out: its own blocks are seen")
    if not os.path.isfile(real):
        near = _find_near(shown)
        hint = f"did you mean '{near}'?" if near else BESIDE
        return _tell(f"there is no file '{shown}'", hint)
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


def _find_near(path: str) -> str | None:
    from modelspec.refusal import find_near

    folder, name = os.path.split(path)
    try:
        beside = sorted(os.listdir(folder or "."))[:500]
    except OSError:
        return None
    near = find_near(name, beside)
    return None if near is None else os.path.join(folder, near)


def _tell(message: str, hint: str) -> Finding:
    return Finding("MS411", message, Where(()), hint)
