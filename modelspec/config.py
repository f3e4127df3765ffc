"""The configuration: `[tool.modelspec]` in pyproject.toml, or modelspec.toml; the nearest above a spec holds."""

from __future__ import annotations

import os
from typing import Any

from modelspec.diagnostics import Finding, Place
from modelspec.source import Document

__all__ = ["MAX_BYTES", "MAX_PARTS", "Configuration", "Glob", "read", "show_path"]

NAMES = ("modelspec.toml", "pyproject.toml")
LATER = ("select", "ignore", "growth", "per-file-ignores", "limits")
"""Keys of the configuration that this version does not read."""
MAX_BYTES = 2**18
"""Bytes of a configuration: Python's TOML parser reads as many in well under a second."""
_OF_ITS_OWN = "keep ours in a file of its own, modelspec.toml"
MAX_PARTS = 100
"""Parts of a dotted key: the time that Python's TOML parser takes grows with their square."""


class Configuration:
    """What a configuration says. `path` is None where there is none; globs are relative to its folder.

    `findings` are what is wrong with it.
    """

    __slots__ = ("_exclude", "_include", "_root", "findings", "path")

    def __init__(self, path: str | None = None) -> None:
        self.path = path
        self.findings: list[tuple[Document, Finding]] = []
        folder = os.path.dirname(path) if path is not None else ""
        self._root = folder if folder.endswith(os.sep) else folder + os.sep
        self._include: list[Glob] | None = None
        self._exclude: list[Glob] = []

    def includes(self, path: str) -> bool:
        """Tell whether a folder search takes this file; `path` is absolute, as in the other questions."""
        return self._include is None or self._matches(self._include, path)

    def excludes(self, path: str) -> bool:
        """Tell whether this file is left out."""
        return bool(self._exclude) and self._matches(self._exclude, path)

    def _matches(self, globs: list[Glob], path: str) -> bool:
        steps = path.removeprefix(self._root).split(os.sep)
        return any(glob.matches(steps) for glob in globs)

    def take(self, table: dict[str, Any], page: _Page) -> None:
        """Take over what the table says; what is wrong with it becomes a finding."""
        for key, value in table.items():
            if key in ("include", "exclude"):
                globs = self._read_globs(key, value, page)
                if globs is not None and key == "include":
                    self._include = globs
                elif globs is not None:
                    self._exclude = globs
            elif key in LATER:
                message = f"'{key}' is part of the configuration, but this version of modelspec does not read it yet"
                self._tell(page, key, "MS703", message, "remove it, so that nobody relies on it")
            elif key == "tool" and not page.route:
                message = "unknown key 'tool'"
                self._tell(page, key, "MS701", message, "in modelspec.toml the keys stand without [tool.modelspec]")
            else:
                import difflib

                near = difflib.get_close_matches(key, ("include", "exclude", *LATER), 1)
                hint = f"did you mean '{near[0]}'?" if near else "known keys are include and exclude"
                self._tell(page, key, "MS701", f"unknown key '{show_path(key)}'", hint)

    def _read_globs(self, key: str, value: Any, page: _Page) -> list[Glob] | None:
        if not isinstance(value, list) or not all(isinstance(glob, str) for glob in value):
            self._tell(page, key, "MS702", f"'{key}' must be a list of globs", f'write {key} = ["configs/**"]')
            return None
        for glob in value:
            inner = glob.replace("\\", "/")
            if not inner or inner.startswith("/") or inner[1:3] == ":/" or ".." in inner.split("/"):
                message = f"'{show_path(glob)}' in '{key}' can match nothing"
                hint = "globs are relative to the folder of the configuration, and lead to what is inside of it"
                self._tell(page, key, "MS702", message, hint)
                return None
        return [Glob(glob) for glob in value]

    def _tell(self, page: _Page, key: str, code: str, message: str, hint: str | None) -> None:
        self.findings.append((page.document, Finding(code, message, page.place(*page.route, key), hint)))


class Glob:
    """A pattern for paths: `*`, `?` and `[a-z]` within a name, `**` for any number of folders.

    One that matches a folder means all that is in it. Upper and lower case differ and both slashes separate,
    whatever the system: a configuration must mean the same everywhere. Matching takes polynomial time at most.
    """

    __slots__ = ("_steps",)

    def __init__(self, glob: str) -> None:
        import fnmatch
        import re

        self._steps: list[Any] = []
        for step in glob.replace("\\", "/").split("/"):
            if step in ("", "."):
                continue
            if step.startswith("**"):
                if not self._steps or self._steps[-1] is not None:
                    self._steps.append(None)
                step = step.lstrip("*") and "*" + step.lstrip("*")
            if step:
                self._steps.append(re.compile(fnmatch.translate(step)).match)
        if not self._steps or self._steps[-1] is not None:
            self._steps.append(None)

    def matches(self, path: list[str]) -> bool:
        """Tell whether the pattern matches this path, given as names from the configuration's folder down."""
        steps = self._steps
        step = at = 0
        last_step, last_at = -1, 0  # the latest `**`, and where what follows it is being tried
        while at < len(path):
            if step < len(steps) and steps[step] is None:
                step += 1
                if step == len(steps):
                    return True
                last_step, last_at = step, at
            elif step < len(steps) and steps[step](path[at]):
                step += 1
                at += 1
            elif last_step < 0:
                return False
            else:
                last_at += 1
                step, at = last_step, last_at
        return step == len(steps) - 1


class _Page:
    """A configuration's text, and where its keys stand. `route` leads to our table; with `whole`, all of it is ours."""

    __slots__ = ("document", "route", "text")

    def __init__(self, path: str, data: bytes, *, whole: bool) -> None:
        self.text = data.decode("utf-8", "replace")
        self.document = Document(_shorten(path), data, None, (), readable=False, is_json=False)
        self.route = () if whole else ("tool", "modelspec")

    def place(self, *route: str) -> Place:
        """Where this key stands; if that cannot be told, where the innermost table around it does."""
        import re

        name = r"(?:[\w-]+|\"[^\"\n]*\"|'[^'\n]*')"
        line = re.compile(rf"[\ufeff \t]*(\[?\[?)[ \t]*({name}(?:[ \t]*\.[ \t]*{name})*)[ \t]*[=\]]")
        inside = re.compile(rf"(?<![\w-]){re.escape(route[-1])}(?![\w-])")
        table: tuple[str, ...] = ()
        best, depth, quoted = Place(1, 1, 1, 1), 0, False
        for number, text in enumerate(self.text.split("\n"), 1):
            match = None if quoted else line.match(text)
            quoted ^= (text.count('"""') + text.count("'''")) % 2 == 1
            if match is None:
                continue
            found = list(re.finditer(name, match[2]))
            names = tuple(each[0].strip("\"'") for each in found)
            here = names if match[1] else table + names
            if match[1]:
                table = names
            if here[: len(route)] == route:
                start, end = found[len(route) - 1 - len(here)].span()
                return Place(number, match.start(2) + start + 1, number, match.start(2) + end + 1)
            if here == route[: len(here)] and len(here) > depth:
                best, depth = Place(number, match.start(2) + 1, number, match.end(2) + 1), len(here)
                key = None if match[1] else inside.search(text, match.end())
                if key is not None:
                    return Place(number, key.start() + 1, number, key.end() + 1)
        return best


def read(folder: str) -> Configuration | None:
    """Read the configuration that this (absolute) folder itself holds, if it holds one."""
    for name in NAMES:
        path = os.path.join(folder, name)
        whole = name == "modelspec.toml"
        try:
            if not os.path.isfile(path):
                continue
            with open(path, "rb") as file:
                data = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            continue
        except OSError as error:
            return _unreadable(
                path, b"", f"cannot be read: {error.strerror}", "make it readable, or remove it", whole=whole
            )
        if whole or b"modelspec" in data:
            configuration = _parse(path, data, whole=whole)
            if configuration is not None:
                return configuration
    return None


def _unreadable(path: str, data: bytes, message: str, hint: str, *, whole: bool) -> Configuration:
    configuration = Configuration(path)
    page = _Page(path, data, whole=whole)
    place = Place(1, 1, 1, 1)
    import re

    match = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    if match is not None:
        message = message[: match.start()]
        lines = page.text.split("\n")
        line, column = (int(match[1]), int(match[2])) if match[1] else (len(lines), len(lines[-1]) + 1)
        place = Place(line, column, line, column + 1)
    configuration.findings.append((page.document, Finding("MS704", message, place, hint)))
    return configuration


def _parse(path: str, data: bytes, *, whole: bool) -> Configuration | None:
    """Read a configuration; None if it is a pyproject.toml without a table of ours."""
    import re

    name = rb"(?:[\w-]++|\"[^\"\n]*+\"|'[^'\n]*+')"
    if len(data) > MAX_BYTES:
        return _unreadable(path, b"", f"a configuration is at most {MAX_BYTES:,} bytes long", _OF_ITS_OWN, whole=whole)
    if re.search(rb"(?<![\w-])(?:%b[ \t]*+\.[ \t]*+){%d}" % (name, MAX_PARTS), data):
        return _unreadable(path, data, f"a key of over {MAX_PARTS} parts", "shorten the dotted key", whole=whole)
    import tomllib

    try:
        table: Any = tomllib.loads(data.decode().removeprefix("\ufeff"))
    except UnicodeDecodeError as error:
        message = f"cannot be parsed: byte {error.start:,} is not UTF-8"
        return _unreadable(path, data, message, "save it as UTF-8", whole=whole)
    except RecursionError:
        return _unreadable(
            path, data, "cannot be parsed: it is nested too deeply", "look for brackets that never close", whole=whole
        )
    except ValueError as error:  # the parser's own error, and what Python says of a number with too many digits
        return _unreadable(path, data, f"cannot be parsed: {error}", "mend the TOML", whole=whole)
    configuration = Configuration(path)
    page = _Page(path, data, whole=whole)
    if not whole:
        tool = table.get("tool")
        stray = "modelspec" in table
        table = tool.get("modelspec") if isinstance(tool, dict) else None
        if stray:
            configuration.findings.append((page.document, _tell_stray(page)))
        elif table is None:
            return None
    if not isinstance(table, dict | None):
        place, hint = page.place(*page.route), "write [tool.modelspec]"
        configuration.findings.append((page.document, Finding("MS702", "'modelspec' must be a table", place, hint)))
    elif table:
        configuration.take(table, page)
    return configuration


def _tell_stray(page: _Page) -> Finding:
    place = page.place("modelspec")
    return Finding("MS701", "[modelspec] means nothing in pyproject.toml", place, "write [tool.modelspec]")


def _shorten(path: str) -> str:
    try:
        return show_path(os.path.relpath(path))
    except (OSError, ValueError):  # the working folder is gone, or on another drive
        return show_path(path)


def show_path(path: str) -> str:
    r"""Give a path as it can be printed anywhere: what is no text, or moves the cursor, as `\xff` or `\n`."""
    if path.isprintable():
        return path
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
