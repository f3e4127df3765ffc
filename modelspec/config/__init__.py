"""The configuration: `[tool.modelspec]` in pyproject.toml, or modelspec.toml; the nearest above a spec holds.

A run that meets no configuration loads nothing more than this.
"""

from __future__ import annotations

import os

from modelspec.advice import Selection
from modelspec.diagnostics import Finding, Where

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from modelspec.config.glob import Glob
    from modelspec.config.limits import Rule
    from modelspec.config.page import Page
    from modelspec.source import Document
    from modelspec.spec import Demands

__all__ = ["MAX_BYTES", "MAX_PARTS", "NAMES", "Configuration", "read", "show_path"]

NAMES = ("modelspec.toml", "pyproject.toml")
KEYS = ("include", "exclude", "select", "ignore", "per-file-ignores", "growth", "limits")
MAX_BYTES = 2**18
"""Bytes of a configuration: Python's TOML parser reads as many in well under a second."""
MAX_PARTS = 100
"""Parts of a dotted key: the time that Python's TOML parser takes grows with their square."""


class Configuration:
    """What a configuration says. `path` is None where there is none; globs are relative to its folder.

    `findings` are what is wrong with it.
    """

    __slots__ = ("_exclude", "_include", "_root", "_silenced", "advice", "findings", "page", "path", "rules")

    def __init__(self, path: str | None = None, page: Page | None = None) -> None:
        self.path = path
        self.page = page
        self.findings: list[tuple[Document, Finding]] = []
        folder = os.path.dirname(path) if path is not None else ""
        self._root = folder if folder.endswith(os.sep) else folder + os.sep
        self._include: list[Glob] | None = None
        self._exclude: list[Glob] = []
        self.rules: list[Rule] = []
        """What it demands of the specs below it, in the order of the file."""
        self.advice = Selection()
        """What advice is asked for."""
        self._silenced: list[tuple[list[Glob], tuple[str, ...]]] = []
        """The advice that is not given on some files."""

    def includes(self, path: str) -> bool:
        """Tell whether a folder search takes this file; `path` is absolute, as in the other questions."""
        return self._include is None or self._matches(self._include, path)

    def excludes(self, path: str) -> bool:
        """Tell whether this file is left out."""
        return bool(self._exclude) and self._matches(self._exclude, path)

    def demand(self, path: str) -> Demands | None:
        """Give the limits that hold for this file, None if there are none."""
        if not self.rules:
            return None
        budgets = [rule.budget for rule in self.rules if rule.files is None or self._matches(rule.files, path)]
        if not budgets or self.page is None:
            return None
        from modelspec.spec import Demands

        return Demands(self.page, tuple(budgets))

    def select_advice(self, path: str) -> Selection:
        """Tell what advice is asked for on this file."""
        if not self._silenced:
            return self.advice
        silenced = [code for globs, codes in self._silenced if self._matches(globs, path) for code in codes]
        return Selection(self.advice.select, self.advice.ignore, tuple(silenced))

    def _matches(self, globs: list[Glob], path: str) -> bool:
        steps = path.removeprefix(self._root).split(os.sep)
        return any(glob.matches(steps) for glob in globs)

    def take(self, table: dict[str, Any]) -> None:
        """Take over what the table says; what is wrong with it becomes a finding."""
        assert self.page is not None
        for key, value in table.items():
            if key in ("include", "exclude"):
                from modelspec.config.glob import read_globs

                globs = read_globs((key,), value, self.tell)
                if globs is not None and key == "include":
                    self._include = globs
                elif globs is not None:
                    self._exclude = globs
            elif key in ("limits", "growth"):
                from modelspec.config.limits import read_growth, read_limits

                self.rules += (read_limits if key == "limits" else read_growth)(value, self.page, self.tell)
            elif key in ("select", "ignore"):
                from modelspec.config.selection import read_codes

                codes = read_codes((key,), value, self.tell)
                if codes is not None and key == "select":
                    self.advice.select = codes
                elif codes is not None:
                    self.advice.ignore = codes
            elif key == "per-file-ignores":
                from modelspec.config.selection import read_silenced

                self._silenced = read_silenced(value, self.tell)
            elif key == "tool" and self.page.is_whole:
                hint = "in modelspec.toml the keys stand without [tool.modelspec]"
                self.tell("MS701", "unknown key 'tool'", (key,), hint)
            else:
                from modelspec.refusal import find_near

                near = find_near(key, KEYS)
                hint = f"did you mean '{near}'?" if near else f"known keys are {', '.join(KEYS)}"
                self.tell("MS701", f"unknown key '{show_path(key)}'", (key,), hint)

    def tell(self, code: str, message: str, route: tuple[str | int, ...], hint: str) -> None:
        """Keep a fault in mind, which stands at a route from our table down."""
        assert self.page is not None
        self.findings.append((self.page, Finding(code, message, self.page.place(Where(route)), hint)))


def read(folder: str) -> Configuration | None:
    """Read the configuration that this (absolute) folder itself holds, if it holds one."""
    for name in NAMES:
        path = os.path.join(folder, name)
        whole = name == "modelspec.toml"
        if not os.path.isfile(path):
            continue
        try:
            with open(path, "rb") as file:
                data = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            continue
        except OSError as error:
            from modelspec.config.reading import refuse

            return refuse(path, error, whole=whole)
        if whole or _may_be_ours(data):
            from modelspec.config.reading import parse

            configuration = parse(path, data, whole=whole)
            if configuration is not None:
                return configuration
    return None


def _may_be_ours(data: bytes) -> bool:
    """Whether a pyproject.toml may have a table of ours. To parse it takes as long as a check.

    That it names us is not enough: as a dependency or a script it has nothing to say to us.
    """
    if b"modelspec" not in data:
        return False
    import re

    dotted = rb"""tool["']?[ \t]*\.[ \t]*["']?modelspec"""
    nested = rb"""^[ \t]*\[?[ \t]*["']?tool["']?[ \t]*[]=]"""
    # Where it stands by mistake, that is told.
    stray = rb"""^[ \t]*(?:\[[ \t]*["']?modelspec["']?[ \t]*[].]|["']?modelspec["']?[ \t]*(?:\.|=[ \t]*\{))"""
    return len(data) > MAX_BYTES or re.search(b"|".join((dotted, nested, stray)), data, re.MULTILINE) is not None


def show_path(path: str) -> str:
    r"""Give a path as it can be printed anywhere: what is no text, or moves the cursor, as `\xff` or `\n`."""
    if path.isprintable():
        return path
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
