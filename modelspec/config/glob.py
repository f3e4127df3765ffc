"""Patterns for the paths of files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from modelspec.config import show_path
from modelspec.diagnostics import Route

__all__ = ["Glob", "Tell", "read_globs"]

Tell = Callable[[str, str, Route, str], None]
"""Takes a fault: its code, what is wrong, where, and the way out."""


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


def read_globs(route: Route, value: Any, tell: Tell) -> list[Glob] | None:
    """Read a list of globs; None if it is none, which is told."""
    key = route[-1]
    if not isinstance(value, list) or not all(isinstance(glob, str) for glob in value):
        tell("MS702", f"'{key}' must be a list of globs", route, f'write {key} = ["configs/**"]')
        return None
    for glob in value:
        inner = glob.replace("\\", "/")
        if not inner or inner.startswith("/") or inner[1:3] == ":/" or ".." in inner.split("/"):
            hint = "globs are relative to the folder of the configuration, and lead to what is inside of it"
            tell("MS702", f"'{show_path(glob)}' in '{key}' can match nothing", route, hint)
            return None
    return [Glob(glob) for glob in value]
