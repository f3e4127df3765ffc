"""The specs that import a file: what else a change of it can break."""

from __future__ import annotations

import os
from collections.abc import Iterable

from modelspec import files
from modelspec.files import Text
from modelspec.imports import find_root
from modelspec.source import read

__all__ = ["find_importers", "list_imports"]


def find_importers(paths: Iterable[str]) -> list[Text]:
    """The specs in the projects of these files that import one of them, directly or by another, in order of the path.

    The files themselves are not among them. What cannot be read imports nothing.
    """
    wanted = {os.path.realpath(path) for path in paths}
    found: dict[str, Text] = {}
    imported: dict[str, set[str]] = {}
    for root in sorted({find_root(os.path.dirname(path)) for path in wanted}):
        for text in files.find([root]).texts:
            if b"imports" in text.data:
                real = os.path.realpath(text.path)
                found[real] = text._replace(path=_shorten(text.path))
                imported[real] = set(list_imports(text))
    changed = set(wanted)
    while True:
        further = {path for path, names in imported.items() if path not in changed and names & changed}
        if not further:
            return [found[path] for path in sorted(changed - wanted)]
        changed |= further


def _shorten(path: str) -> str:
    """A path as the others of the call are: relative to the working folder, if it is in there."""
    here = os.path.join(os.getcwd(), "")
    absolute = os.path.abspath(path)
    return absolute.removeprefix(here)


def list_imports(text: Text) -> Iterable[str]:
    """The (real) paths that a spec imports, whether they are there or not."""
    tree = read(text.data, text.path).tree
    imports = tree.get("imports") if isinstance(tree, dict) else None
    for path in imports if isinstance(imports, list) else ():
        if isinstance(path, str) and "\0" not in path:
            yield os.path.realpath(os.path.join(os.path.dirname(text.path), path))
