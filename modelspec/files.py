"""Which files a run reads: those named by hand, those found in folders, and the text of each."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator

from modelspec import config
from modelspec.advice import Selection
from modelspec.config import NAMES, Configuration, show_path
from modelspec.diagnostics import Finding
from modelspec.record import NamedTuple
from modelspec.source import MAX_BYTES, Document, is_marked
from modelspec.spec import Demands

__all__ = ["STANDARD_INPUT", "Found", "Text", "find", "is_folder", "walk"]

STANDARD_INPUT = "-"
ENDINGS = (".yaml", ".yml", ".json")
"""How the names end of the files that a folder search looks at, whatever their case."""


class Text(NamedTuple):
    """A file: its path as shown to people, its bytes (one more than the bound at most), and the limits set for it.

    `absolute` is its path as the system knows it; `advice` is what its configuration selects.
    """

    path: str
    data: bytes
    demands: Demands | None = None
    absolute: str = ""
    advice: Selection = Selection()


class Found:
    """What a run reads: texts in the order of the call, and what went wrong in getting them.

    `trouble` is what was wrong with the call itself (no such file); `findings` are faults in configurations; `skipped`
    counts the files that were left out: excluded, or without the mark.
    """

    __slots__ = ("_configurations", "_seen", "_take", "findings", "skipped", "texts", "trouble")

    def __init__(self, take: Callable[[Text], None] | None = None) -> None:
        self.texts: list[Text] = []
        self._take = take or self.texts.append
        self.trouble: list[str] = []
        self.findings: list[tuple[Document, Finding]] = []
        self.skipped = 0
        self._configurations: dict[str, Configuration] = {}
        self._seen: set[str] = set()

    def configuration(self, folder: str) -> Configuration:
        """Give the configuration that holds for files in this (absolute) folder: its own, or the nearest above."""
        known = self._configurations.get(folder)
        if known is not None:
            return known
        climbed = []
        while known is None:
            climbed.append(folder)
            known = config.read(folder)
            if known is not None:
                self.findings += known.findings
            elif os.path.dirname(folder) == folder:
                known = Configuration()
            else:
                folder = os.path.dirname(folder)
                known = self._configurations.get(folder)
        self._configurations.update(dict.fromkeys(climbed, known))
        return known

    def list_configurations(self) -> list[str]:
        """List the (absolute) paths of the configurations that hold for what was found."""
        return sorted({known.path for known in self._configurations.values() if known.path is not None})

    def list_folders(self) -> list[str]:
        """List the (absolute) folders in which a configuration was looked for."""
        return list(self._configurations)

    def is_new(self, path: str) -> bool:
        """Tell whether this (real) path has not been met yet, and keep it in mind."""
        before = len(self._seen)
        self._seen.add(path)
        return len(self._seen) > before

    def add(self, path: str, data: bytes, *, skip_unmarked: bool) -> None:
        """Take a text that is named by hand, or skip it."""
        if skip_unmarked and not is_marked(data):
            self.skipped += 1
            return
        absolute = os.path.abspath(path)
        self.take(path, data, absolute, self.configuration(os.path.dirname(absolute)))

    def take(self, path: str, data: bytes, absolute: str, configuration: Configuration) -> None:
        """Take a text for which this configuration holds."""
        advice = configuration.select_advice(absolute)
        self._take(Text(show_path(path), data, configuration.demand(absolute), absolute, advice))


def find(
    paths: Iterable[str],
    *,
    skip_unmarked: bool = False,
    force_exclude: bool = False,
    stdin_filename: str | None = None,
    take: Callable[[Text], None] | None = None,
) -> Found:
    """Find and read the files of a call. A folder is searched for files that carry the mark.

    A file named by hand must be a spec, unless `skip_unmarked`: then a configuration stands for all specs in its
    folder, for it may have changed what is demanded of them. `exclude` holds for what is named by hand only with
    `force_exclude`. `-` is standard input, treated as the file `stdin_filename` if that is given. A file is read once,
    however often and by whatever links it is named. Each text goes to `take`, if that is given, and is kept otherwise.
    """
    found = Found(take)
    paths = list(paths)
    if stdin_filename is not None and STANDARD_INPUT not in paths:
        found.trouble.append("--stdin-filename names standard input: give '-' among the paths")
        return found
    for path in paths:
        try:
            mode = None if path == STANDARD_INPUT else os.stat(path).st_mode
            called = path if mode is not None else stdin_filename
            if mode is not None and stat.S_ISDIR(mode):
                _search(path, found, skip_unmarked=skip_unmarked)
            elif skip_unmarked and os.path.basename(path) in NAMES:
                _search_below(path, found)
            elif force_exclude and called is not None and _excludes(called, found):
                found.skipped += 1
            elif found.is_new(os.path.realpath(path) if mode is not None else STANDARD_INPUT):
                data = _read(path, mode) if mode is not None else _read_standard_input()
                found.add(called or "<stdin>", data, skip_unmarked=skip_unmarked)
        except FileNotFoundError:
            found.trouble.append(_not_there(path))
        except OSError as error:
            found.trouble.append(_cannot_read(path, error))
        except ValueError:  # a NUL, or what is no character
            found.trouble.append(f"no such file or folder: {path!a}")
    return found


def _not_there(path: str) -> str:
    if os.path.islink(path):
        return f"'{show_path(path)}' is a link to '{show_path(os.readlink(path))}', which is not there"
    return f"no such file or folder: '{show_path(path)}'"


def _excludes(path: str, found: Found) -> bool:
    path = os.path.abspath(path)
    return found.configuration(os.path.dirname(path)).excludes(path)


def _cannot_read(path: str, error: OSError) -> str:
    name = "standard input" if path == STANDARD_INPUT else f"'{show_path(path)}'"
    return f"cannot read {name}: {error.strerror or error}"


def _read_standard_input() -> bytes:
    if sys.stdin is None:
        raise OSError("it is closed")
    buffer = getattr(sys.stdin, "buffer", None)
    if buffer is None:  # replaced, as by a notebook
        return sys.stdin.read(MAX_BYTES + 1).encode("utf-8", "surrogatepass")
    data: bytes = buffer.read(MAX_BYTES + 1)
    return data


def _read(path: str, mode: int) -> bytes:
    """Read a file. Raises OSError."""
    if not stat.S_ISFIFO(mode):
        # Asked for as many bytes as the bound allows, each read would make room for them all.
        with open(path, "rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            data = file.read(min(size, MAX_BYTES) + 1)
            # What the system makes up as it is read (in /proc) has no size beforehand.
            while size < len(data) <= MAX_BYTES and (more := file.read(MAX_BYTES + 1 - len(data))):
                data += more
            return data
    # A pipe that nobody writes to would make us wait for ever; `<(command)` has its writer when we come.
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        os.set_blocking(file.fileno(), True)
        data = file.read(MAX_BYTES + 1)
    if not data:
        raise OSError("it is a pipe, and nothing came through it")
    return data


def _search(folder: str, found: Found, *, skip_unmarked: bool) -> None:
    specs = again = excluded = 0
    for path, absolute, real, parent in walk(folder, found):
        configuration = found.configuration(parent)
        if not configuration.includes(absolute) or configuration.excludes(absolute):
            excluded += 1
        elif not found.is_new(real):
            again += 1
        else:
            try:
                data = _read(path, stat.S_IFREG)
                if is_marked(data):
                    specs += 1
                    found.take(path, data, absolute, configuration)
                else:
                    found.skipped += 1
            except OSError as error:
                found.trouble.append(_cannot_read(path, error))
    found.skipped += excluded
    if not specs and not again and not skip_unmarked:
        why = f"; the configuration leaves out {excluded:,} of its files" if excluded else ""
        found.trouble.append(f"no spec found in folder '{show_path(folder)}' (a spec carries the key 'modelspec'){why}")


def _search_below(path: str, found: Found) -> None:
    """Search the folder of a file, if it is the configuration that holds there."""
    folder, absolute = os.path.dirname(path) or os.curdir, os.path.abspath(path)
    if found.configuration(os.path.dirname(absolute)).path == absolute:
        _search(folder, found, skip_unmarked=True)
    else:
        found.skipped += 1


def walk(folder: str, found: Found) -> Iterator[tuple[str, str, str, str]]:
    """Give the files in a folder that may be specs: the path as called, the absolute path, where it lies, its folder.

    Those of a folder come before those of the folders inside. Hidden folders and node_modules are passed by, and a
    link to a folder is not followed: what it leads to has a place of its own, and links can run in circles.
    """
    waiting = [("" if folder == os.curdir else folder, os.path.abspath(folder), os.path.realpath(folder))]
    while waiting:
        called, absolute, real = waiting.pop()
        try:
            with os.scandir(called or os.curdir) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except OSError as error:
            found.trouble.append(_cannot_read(called or os.curdir, error))
            continue
        folders: list[tuple[str, str, str]] = []
        # Joined once for each folder, not for each file.
        before, above, beyond = os.path.join(called, ""), os.path.join(absolute, ""), os.path.join(real, "")
        for entry in entries:
            name = entry.name
            try:
                if entry.is_dir(follow_symlinks=False):
                    if not name.startswith(".") and name != "node_modules":
                        folders.append((before + name, above + name, beyond + name))
                elif name.lower().endswith(ENDINGS) and entry.is_file():
                    path = before + name
                    yield path, above + name, os.path.realpath(path) if entry.is_symlink() else beyond + name, absolute
            except OSError as error:
                if error.errno != errno.ELOOP:  # a link to itself is no file
                    found.trouble.append(_cannot_read(os.path.join(called, name), error))
        waiting += reversed(folders)


def is_folder(path: str) -> bool:
    """Tell whether this path is a folder."""
    return os.path.isdir(path)
