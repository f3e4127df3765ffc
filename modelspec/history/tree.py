"""The folders of one commit, walked as a file system is."""

from __future__ import annotations

import os

from modelspec.history.objects import Objects
from modelspec.record import NamedTuple
from modelspec.source import MAX_BYTES

__all__ = ["Entry", "Tree"]

MAX_LINKS = 40
"""Links that one path may lead through, as on Linux: more are a circle."""
MAX_TARGET = 2**12
"""Bytes of a link's target."""
MAX_FOLDER = 2**30
"""Bytes of what git has for a folder: it lists names."""


class Entry(NamedTuple):
    """What a folder holds under a name: git's octal mode, and the object's hash."""

    mode: int
    name: str

    @property
    def is_file(self) -> bool:
        """Whether it is a file, and no link."""
        return self.mode & 0o170000 == 0o100000

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder, and neither a link nor a submodule."""
        return self.mode & 0o170000 == 0o040000

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return self.mode & 0o170000 == 0o120000


class Tree:
    """What a commit holds. Paths have slashes and start at its top, which is "". Each question may raise Trouble."""

    __slots__ = ("_folders", "_top", "commit", "objects")

    def __init__(self, commit: str, objects: Objects) -> None:
        self.commit = commit
        self.objects = objects
        self._folders: dict[str, dict[str, Entry]] = {}
        self._top: Entry | None = None

    def read(self, entry: Entry) -> bytes:
        """The bytes of a file, one more than the bound at most."""
        return self.objects.read(entry.name, MAX_BYTES + 1)

    def walk(self, path: str) -> tuple[str, Entry] | None:
        """Where a path leads: the path without links, and what is there; None if it leads nowhere, or out."""
        if self._top is None:
            head = self.objects.read(self.commit, 100).split(b"\n", 1)[0]
            self._top = Entry(0o040000, head.removeprefix(b"tree ").decode())
        way = [("", self._top)]
        ahead = path.split("/")[::-1]
        links = 0
        while ahead:
            step = ahead.pop()
            if step in ("", "."):
                continue
            if step == "..":
                if len(way) == 1:
                    return None
                way.pop()
                continue
            if not way[-1][1].is_folder:
                return None
            entry = self.list_entries(way[-1][1].name).get(step)
            if entry is None:
                return None
            if entry.is_link:
                target = os.fsdecode(self.objects.read(entry.name, MAX_TARGET))
                links += 1
                if links > MAX_LINKS or target.startswith("/"):
                    return None
                ahead += target.split("/")[::-1]
            else:
                way.append((step, entry))
        return "/".join(name for name, _ in way[1:]), way[-1][1]

    def list_entries(self, folder: str) -> dict[str, Entry]:
        """What the folder with this hash holds, by name, in git's order."""
        known = self._folders.get(folder)
        if known is None:
            known = self._folders[folder] = {}
            data = self.objects.read(folder, MAX_FOLDER)
            width = len(self.commit) // 2
            at = 0
            while at < len(data):
                space = data.index(b" ", at)
                end = data.index(b"\0", space)
                entry = Entry(int(data[at:space], 8), data[end + 1 : end + 1 + width].hex())
                known[os.fsdecode(data[space + 1 : end])] = entry
                at = end + 1 + width
        return known
