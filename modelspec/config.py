"""The configuration: `[tool.modelspec]` in pyproject.toml, or modelspec.toml; the nearest above a spec holds."""

from __future__ import annotations

import os
from typing import Any

from modelspec.diagnostics import Finding, Place
from modelspec.source import Document

__all__ = ["Configuration", "nearest"]

LATER = ("select", "ignore", "growth", "per-file-ignores", "limits")
"""Keys of the configuration that this version does not read."""


class Configuration:
    """What a configuration says. `path` is None where there is none; patterns are relative to its folder."""

    __slots__ = ("_exclude", "_include", "_root", "findings", "path")

    def __init__(self, path: str | None = None) -> None:
        self.path = path
        self.findings: list[tuple[Document, Finding]] = []
        self._root = os.path.dirname(path) if path is not None else ""
        self._include: list[Any] | None = None
        self._exclude: list[Any] = []

    def includes(self, path: str) -> bool:
        """Whether a folder search takes this file."""
        return self._include is None or self._matches(self._include, path)

    def excludes(self, path: str) -> bool:
        """Whether this file is left out."""
        return self._matches(self._exclude, path)

    def _matches(self, patterns: list[Any], path: str) -> bool:
        if not patterns:
            return False
        relative = os.path.relpath(os.path.abspath(path), self._root).replace(os.sep, "/")
        return any(pattern.fullmatch(relative) for pattern in patterns)

    def read(self, table: dict[str, Any], text: str, document: Document) -> None:
        """Take over what the table says; what is wrong with it becomes a finding."""
        for key, value in table.items():
            if key in ("include", "exclude"):
                if not isinstance(value, list) or not all(isinstance(glob, str) for glob in value):
                    hint = f'write {key} = ["configs/**"]'
                    self._tell(document, text, key, "MS702", f"'{key}' must be a list of globs", hint)
                    continue
                compiled = [_compile(glob) for glob in value]
                if key == "include":
                    self._include = compiled
                else:
                    self._exclude = compiled
            elif key in LATER:
                message = f"'{key}' is part of the configuration, but this version of modelspec does not read it yet"
                self._tell(document, text, key, "MS703", message, "remove it, so that nobody relies on it")
            else:
                import difflib

                near = difflib.get_close_matches(key, ("include", "exclude", *LATER), 1)
                hint = f"did you mean '{near[0]}'?" if near else "known keys are include and exclude"
                self._tell(document, text, key, "MS701", f"unknown key '{key}'", hint)

    def _tell(self, document: Document, text: str, key: str, code: str, message: str, hint: str) -> None:
        import re

        match = re.search(rf"^[ \t]*(\[\[?tool\.modelspec\.)?[\"']?({re.escape(key)})\b", text, re.MULTILINE)
        start = match.start(2) if match else 0
        line = text.count("\n", 0, start) + 1
        column = start - text.rfind("\n", 0, start)
        place = Place(line, column, line, column + (len(key) if match else 0))
        self.findings.append((document, Finding(code, message, place, hint)))


def _compile(glob: str) -> Any:
    """A glob as a regular expression: `*` and `?` within a name, `**` across folders."""
    import re

    pattern = ""
    for part in re.split(r"(/?\*\*/?|\*|\?)", glob):
        if "**" in part:
            head, tail = part.startswith("/"), part.endswith("/")
            pattern += "(?:/|/.*/)" if head and tail else "(?:.*/)?" if tail else "(?:/.*)?" if head else ".*"
        elif part == "*":
            pattern += "[^/]*"
        elif part == "?":
            pattern += "[^/]"
        else:
            pattern += re.escape(part)
    # A pattern that names a folder means what is in it.
    return re.compile(pattern + "(?:/.*)?")


def nearest(folder: str) -> Configuration:
    """The configuration for files in this (absolute) folder: of it, or of the nearest folder above that has one."""
    while True:
        for name in ("modelspec.toml", "pyproject.toml"):
            path = os.path.join(folder, name)
            try:
                with open(path, "rb") as file:
                    data = file.read()
            except OSError:
                continue
            if name == "modelspec.toml" or b"modelspec" in data:
                configuration = _read(path, data, whole=name == "modelspec.toml")
                if configuration is not None:
                    return configuration
        above = os.path.dirname(folder)
        if above == folder:
            return Configuration()
        folder = above


def _read(path: str, data: bytes, *, whole: bool) -> Configuration | None:
    import tomllib

    configuration = Configuration(path)
    shown = os.path.relpath(path)
    document = Document(shown, data, None, (), readable=False, is_json=False)
    text = data.decode("utf-8", "replace")
    try:
        table: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        import re

        match = re.search(r"at line (\d+), column (\d+)", str(error))
        line, column = (int(match[1]), int(match[2])) if match else (text.count("\n") + 1, 1)
        message = f"cannot be parsed: {str(error).partition(' (at ')[0]}"
        finding = Finding("MS704", message, Place(line, column, line, column + 1), "mend the TOML")
        configuration.findings.append((document, finding))
        return configuration
    if not whole:
        tool = table.get("tool")
        table = tool.get("modelspec") if isinstance(tool, dict) else None
        if table is None:
            return None
    if not isinstance(table, dict):
        configuration._tell(document, text, "modelspec", "MS702", "'modelspec' must be a table", "[tool.modelspec]")
        return configuration
    configuration.read(table, text, document)
    return configuration
