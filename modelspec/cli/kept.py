"""A spec as it was at one moment, with all that it imports, so that it can be followed later as it was then."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from modelspec import road
from modelspec.files import Text
from modelspec.importers import list_imports
from modelspec.imports import Disk
from modelspec.report import Model
from modelspec.source import MAX_BYTES

__all__ = ["Kept"]

Imported = Mapping[str, bytes | None]
"""What a spec imports, directly or by another file: real paths and bytes, None for what could not be read."""


class Kept:
    """The bytes of a spec and of what it imports: all that its models depend on, but for what the call chooses."""

    __slots__ = ("imported", "text")

    def __init__(self, text: Text) -> None:
        self.text = text
        self.imported: Imported = dict(_follow_imports(text)) if b"imports" in text.data else {}

    def says_the_same(self, other: Kept) -> bool:
        """Whether both can only come to the same models, by whatever name they are called."""
        return self.text.data == other.text.data and self.imported == other.imported

    def describe(self, choice: road.Choice | None) -> list[Model]:
        """Its models, as they were then."""
        text = self.text
        outcome = road.follow(text.data, text.path, choice, text.demands, _Memory(self.imported))
        return road.describe_part(outcome).models


class _Memory(Disk):
    """The files of a project, those that a spec imports as they were."""

    def __init__(self, imported: Imported) -> None:
        self._imported = imported

    def is_file(self, path: str) -> bool:
        real = os.path.realpath(path)
        return self._imported[real] is not None if real in self._imported else super().is_file(path)

    def read_whole(self, path: str) -> bytes:
        data = self._imported.get(os.path.realpath(path))
        if data is None:
            raise FileNotFoundError(path)
        return data


def _follow_imports(text: Text) -> Iterator[tuple[str, bytes | None]]:
    disk, met, waiting = Disk(), {os.path.realpath(text.absolute)}, [text]
    while waiting:
        importing = waiting.pop()
        for path in list_imports(importing):
            if path in met:
                continue
            met.add(path)
            data = _read(path) if not disk.leads_out(importing.path, path) else None
            yield path, data
            if data is not None and b"imports" in data:
                waiting.append(Text(path, data))


def _read(path: str) -> bytes | None:
    if not os.path.isfile(path):
        return None
    try:
        with open(path, "rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError:
        return None
