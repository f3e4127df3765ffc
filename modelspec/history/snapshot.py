"""The files of one commit, as they were."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator
from types import TracebackType

from modelspec.config import show_path
from modelspec.history.git import Repository, Trouble
from modelspec.history.objects import Objects
from modelspec.history.tree import Tree
from modelspec.refusal import find_near

__all__ = ["Snapshot"]

ROOT_MARKS = ("pyproject.toml", "modelspec.toml")
"""What the folder of a project holds, below the top of its repository."""


class Snapshot:
    """The files of a commit. Paths are relative to the top of the repository, with slashes; "" is the top itself.

    `revision` is as called, `commit` its full hash, `root` the absolute path of the work tree's top (None if the
    repository is bare). Links are followed inside the commit; what lies in a submodule is not there. To be closed, or
    used in a `with`; it may go to another process, which then asks git by itself. Each question may raise Trouble.
    """

    __slots__ = ("_objects", "_shown", "_tree", "commit", "repository", "revision")

    def __init__(self, repository: Repository, revision: str, commit: str) -> None:
        self.repository = repository
        self.revision = revision
        self.commit = commit
        self._objects = Objects(repository)
        self._tree = Tree(commit, self._objects)
        self._shown: dict[str, str] = {}

    def __reduce__(self) -> tuple[type[Snapshot], tuple[Repository, str, str]]:
        return Snapshot, (self.repository, self.revision, self.commit)

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process that reads objects; a further question starts another."""
        self._objects.close()

    @property
    def root(self) -> str | None:
        """The top of the work tree as an absolute path without links; None if there is none."""
        return self.repository.root

    # What is in the commit.

    def read(self, path: str) -> bytes | None:
        """The bytes of a file (one more than the bound at most); None if there is no such file."""
        found = self._tree.walk(path)
        return self._tree.read(found[1]) if found is not None and found[1].is_file else None

    def list_files(self, folder: str = "") -> Iterator[str]:
        """The files in a folder and the folders inside, in git's order: those that are files, and links to one.

        A link to a folder is not followed: what it leads to has a place of its own. The folder itself may be one.
        """
        found = self._tree.walk(folder)
        if found is None or not found[1].is_folder:
            return
        called = posixpath.normpath(folder)
        waiting = [("" if called == "." else called, found[1])]
        while waiting:
            path, entry = waiting.pop()
            if entry.is_folder:
                inside = self._tree.list_entries(entry.name)
                waiting += [(posixpath.join(path, name), each) for name, each in inside.items()][::-1]
            elif entry.is_file or (entry.is_link and self.is_file(path)):
                yield path

    def is_file(self, path: str) -> bool:
        """Whether there is such a file, or a link to one."""
        found = self._tree.walk(path)
        return found is not None and found[1].is_file

    def is_folder(self, path: str) -> bool:
        """Whether there is such a folder, or a link to one."""
        found = self._tree.walk(path)
        return found is not None and found[1].is_folder

    def real(self, path: str) -> str:
        """A path with all links followed; of what is not there, the path without `.` and `..`."""
        found = self._tree.walk(path)
        return posixpath.normpath(path) if found is None else found[0]

    # Names: in the commit, on the disk, and as shown to people.

    def show(self, path: str) -> str:
        """How a file of the commit is called in messages and reports: `main:specs/a.yaml`."""
        shown = show_path(f"{self.revision}:{path}")
        self._shown[shown] = path
        return shown

    def enter(self, shown: str) -> str:
        """The path of a file from what `show` made of it."""
        return self._shown.get(shown) or shown.removeprefix(f"{self.revision}:")

    def locate(self, path: str) -> str | None:
        """Where in the commit a file or folder of the disk is sought, there or not; None if it is outside.

        A link within the work tree is a file of its own, whose target may have been another; only what is not there
        by that name is sought by its real path.
        """
        if self.root is None:
            return None
        real = os.path.realpath(path)
        named = self._name(path, real)
        if named is not None and self._tree.walk(named) is not None:
            return named
        within = _cut(real, self.root)
        return within if within is not None and (named is None or self._tree.walk(within) is not None) else named

    def _name(self, path: str, real: str) -> str | None:
        """The path of a file from the top of the work tree, as it is called; None if it is called from elsewhere."""
        assert self.root is not None
        if os.pardir in path.split(os.sep):  # with links, `..` is not what it seems
            folder, name = os.path.split(os.path.join(os.getcwd(), path))
            path = real if name in ("", os.curdir, os.pardir) else os.path.join(os.path.realpath(folder), name)
        absolute = os.path.abspath(path)
        named = _cut(absolute, self.root)
        parts = absolute.split(os.sep)
        for end in range(1, len(parts) + 1) if named is None else ():
            if os.path.realpath(os.sep.join(parts[:end]) or os.sep) == self.root:
                return "/".join(parts[end:])
        return named

    def find(self, written: str) -> str:
        """The path that is meant by what stands behind the colon of `REV:PATH`; a file or a folder.

        As with git it starts at the top of the repository, and with `./` or `../` at the folder of the call. Raises
        Trouble if nothing is there.
        """
        path = written.replace(os.sep, "/")
        here = os.path.realpath(self.repository.folder)
        prefix = "" if self.root is None else _cut(here, self.root) or ""
        shown = show_path(f"{self.revision}:{written}")
        relative = posixpath.normpath(posixpath.join(prefix, path))
        start = relative if path.split("/")[0] in (".", "..") else posixpath.normpath(path)
        if start.startswith(("../", "/")) or start == "..":
            top = "" if self.root is None else f", '{show_path(self.root)}'"
            raise Trouble(f"'{shown}' is outside of the repository", f"a path starts at the top of the repository{top}")
        start = "" if start == "." else start
        found = self._tree.walk(start)
        if found is not None and (found[1].is_file or found[1].is_folder):
            return start
        if prefix and path != relative and self._tree.walk(relative) is not None:
            hint = f"it starts at the top of the repository: '{show_path(f'{self.revision}:{relative}')}'"
            raise Trouble(f"'{shown}' is not there", f"{hint}, or with './'")
        folder, name = posixpath.split(start)
        near = find_near(name, self.list_names(folder)[:500])
        hint = "it is relative to the top of the repository"
        if near is not None:
            hint = f"did you mean '{show_path(f'{self.revision}:{posixpath.join(folder, near)}')}'?"
        raise Trouble(f"'{shown}' is not there", hint)

    # What a spec imports, beside it in the same commit.

    def beside(self, path: str, text: str) -> str:
        """The path that `text` means in the file `path`."""
        return posixpath.normpath(posixpath.join(posixpath.dirname(path), text))

    def leads_out(self, importing: str, path: str) -> bool:
        """Whether a path is outside of the project that the file `importing` is in."""
        real = self.real(path)
        at = posixpath.dirname(self.real(importing))
        while at and not any(self.is_file(posixpath.join(at, mark)) for mark in ROOT_MARKS):
            at = posixpath.dirname(at)
        return real.startswith(("../", "/")) or not (not at or real.startswith(at + "/"))

    def read_whole(self, path: str) -> bytes:
        """`read`, of a file that is there."""
        data = self.read(path)
        if data is None:
            raise FileNotFoundError(2, "No such file", path)
        return data

    def list_names(self, folder: str) -> tuple[str, ...]:
        """The names in a folder; none if there is no such folder."""
        found = self._tree.walk(folder)
        return tuple(self._tree.list_entries(found[1].name)) if found is not None and found[1].is_folder else ()


def _cut(path: str, root: str) -> str | None:
    """The path from a folder on, with slashes; "" for itself, None if it is not inside."""
    if path == root:
        return ""
    inside = os.path.join(root, "")
    return path.removeprefix(inside).replace(os.sep, "/") if path.startswith(inside) else None
