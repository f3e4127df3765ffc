"""Which advice a configuration asks for: `select`, `ignore` and `per-file-ignores`."""

from __future__ import annotations

from typing import Any

from modelspec.advice.selection import refuse_code
from modelspec.config import show_path
from modelspec.config.glob import Glob, Tell, read_globs
from modelspec.diagnostics import CODES, Route

__all__ = ["read_codes", "read_silenced"]


def read_codes(route: Route, value: Any, tell: Tell) -> tuple[str, ...] | None:
    """Read a list of codes and beginnings of codes; None if it is none. What is no advice is told and left out."""
    if not isinstance(value, list) or not all(isinstance(code, str) for code in value):
        example = 'write a list of codes, such as ["MS601"], or ["MS6"] for all advice'
        tell("MS702", f"'{show_path(str(route[-1]))}' must be a list of codes", route, example)
        return None
    codes = []
    for code in value:
        refused = refuse_code(code, CODES)
        if refused is None:
            codes.append(code)
        else:
            tell("MS702", show_path(f"{route[0]}: {refused[0]}"), route, refused[1])
    return tuple(codes)


def read_silenced(value: Any, tell: Tell) -> list[tuple[list[Glob], tuple[str, ...]]]:
    """Read `per-file-ignores`: for each glob the advice that is ignored on the files that it matches."""
    key = "per-file-ignores"
    if not isinstance(value, dict):
        tell("MS702", f"'{key}' must be a table", (key,), f'write {key} = {{ "configs/legacy/**" = ["MS601"] }}')
        return []
    silenced = []
    for glob, codes in value.items():
        globs = read_globs((key,), [glob], _Teller(tell, (key, glob)))
        read = read_codes((key, glob), codes, tell)
        if globs is not None and read is not None:
            silenced.append((globs, read))
    return silenced


class _Teller:
    """Tells what is wrong with a glob at the glob itself."""

    def __init__(self, tell: Tell, route: Route) -> None:
        self.tell = tell
        self.route = route

    def __call__(self, code: str, message: str, _: Route, hint: str) -> None:
        self.tell(code, message, self.route, hint)
