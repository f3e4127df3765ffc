"""From the bytes of a configuration to what it says."""

from __future__ import annotations

import os
import re
import tomllib
from typing import Any

from modelspec.config import MAX_BYTES, MAX_PARTS, Configuration, show_path
from modelspec.config.page import Page
from modelspec.diagnostics import Finding, Place, Where
from modelspec.source import Document

__all__ = ["parse", "refuse"]

_OF_ITS_OWN = "keep ours in a file of its own, modelspec.toml"
_NAME = rb"(?:[\w-]++|\"[^\"\n]*+\"|'[^'\n]*+')"
_LONG_KEY = re.compile(rb"(?<![\w-])(?:%b[ \t]*+\.[ \t]*+){%d}" % (_NAME, MAX_PARTS))


def refuse(path: str, error: OSError, *, whole: bool) -> Configuration:
    """A configuration that the system does not let us read."""
    return _unreadable(path, b"", f"cannot be read: {error.strerror}", "make it readable, or remove it", whole=whole)


def parse(path: str, data: bytes, *, whole: bool) -> Configuration | None:
    """Read a configuration; None if it is a pyproject.toml without a table of ours."""
    if len(data) > MAX_BYTES:
        return _unreadable(path, b"", f"a configuration is at most {MAX_BYTES:,} bytes long", _OF_ITS_OWN, whole=whole)
    if _LONG_KEY.search(data):
        return _unreadable(path, data, f"a key of over {MAX_PARTS} parts", "shorten the dotted key", whole=whole)
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
    configuration = Configuration(path, Page(_shorten(path), data, whole=whole))
    if not whole:
        tool = table.get("tool")
        stray = "modelspec" in table
        table = tool.get("modelspec") if isinstance(tool, dict) else None
        if stray:
            _tell_stray(configuration, data)
        elif table is None:
            return None
    if not isinstance(table, dict | None):
        configuration.tell("MS702", "'modelspec' must be a table", (), "write [tool.modelspec]")
    elif table:
        configuration.take(table)
        configuration.findings.sort(key=_tell_place)
    return configuration


def _unreadable(path: str, data: bytes, message: str, hint: str, *, whole: bool) -> Configuration:
    page = Page(_shorten(path), data, whole=whole)
    configuration = Configuration(path, page)
    place = Place(1, 1, 1, 1)
    match = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    if match is not None:
        message = message[: match.start()]
        lines = page.text.split("\n")
        line, column = (int(match[1]), int(match[2])) if match[1] else (len(lines), len(lines[-1]) + 1)
        place = Place(line, column, line, column + 1)
    configuration.findings.append((page, Finding("MS704", message, place, hint)))
    return configuration


def _tell_stray(configuration: Configuration, data: bytes) -> None:
    page = Page(_shorten(configuration.path or ""), data, whole=True)
    place = page.place(Where(("modelspec",)))
    message = "[modelspec] means nothing in pyproject.toml"
    configuration.findings.append((page, Finding("MS701", message, place, "write [tool.modelspec]")))


def _tell_place(found: tuple[Document, Finding]) -> Place:
    document, finding = found
    return document.place(finding.where)


def _shorten(path: str) -> str:
    try:
        return show_path(os.path.relpath(path))
    except (OSError, ValueError):  # the working folder is gone, or on another drive
        return show_path(path)
