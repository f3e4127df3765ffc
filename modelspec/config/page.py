"""The text of a configuration, and where things stand in it."""

from __future__ import annotations

import re

from modelspec.diagnostics import Place, Route, Where
from modelspec.source import Document

__all__ = ["Page"]

_NAME = r"(?:[\w-]+|\"[^\"\n]*\"|'[^'\n]*')"
_LINE = re.compile(rf"[\ufeff \t]*(\[?\[?)[ \t]*({_NAME}(?:[ \t]*\.[ \t]*{_NAME})*)[ \t]*[=\]]")


class Page(Document):
    """A configuration's text. Routes lead from our table down: `("limits", 0, "budget", "parameters")`.

    With `whole`, all of the file is ours.
    """

    __slots__ = ("_found", "_top", "text")

    def __init__(self, path: str, data: bytes, *, whole: bool) -> None:
        super().__init__(path, data, None, (), readable=False, is_json=False)
        self.text = data.decode("utf-8", "replace")
        self._top: Route = () if whole else ("tool", "modelspec")
        self._found: dict[Route, Place] = {}

    @property
    def is_whole(self) -> bool:
        """Whether all of the file is ours."""
        return not self._top

    def place(self, where: Where | Place) -> Place:
        """Where a key stands; if that cannot be told, where the innermost table around it does."""
        if isinstance(where, Place):
            return where
        if where.route not in self._found:
            self._found[where.route] = self._find((*self._top, *where.route))
        return self._found[where.route]

    def _find(self, route: Route) -> Place:
        """A reader of lines: the parser of the standard library tells no places."""
        last = next((step for step in reversed(route) if isinstance(step, str)), "")
        inside = re.compile(rf"(?<![\w-]){re.escape(last)}(?![\w-])")
        table: Route = ()
        arrays: dict[tuple[str, ...], int] = {}
        best, depth, quoted = Place(1, 1, 1, 1), 0, False
        for number, text in enumerate(self.text.split("\n"), 1):
            match = None if quoted else _LINE.match(text)
            quoted ^= (text.count('"""') + text.count("'''")) % 2 == 1
            if match is None:
                continue
            found = list(re.finditer(_NAME, match[2]))
            names = tuple([each[0].strip("\"'") for each in found])
            if match[1] == "[[":
                arrays[names] = arrays.get(names, -1) + 1
            here = _expand(names, arrays) if match[1] else (*table, *names)
            if match[1]:
                table = here
            if here[: len(route)] == route:
                # Behind the last name that the route asks for, there may be more of this key.
                more = sum(isinstance(step, str) for step in here[len(route) :])
                start, end = found[len(found) - 1 - more].span()
                return Place(number, match.start(2) + start + 1, number, match.start(2) + end + 1)
            if here == route[: len(here)] and len(here) > depth:
                best, depth = Place(number, match.start(2) + 1, number, match.end(2) + 1), len(here)
                key = None if match[1] else inside.search(text, match.end())
                if key is not None:
                    return Place(number, key.start() + 1, number, key.end() + 1)
        return best


def _expand(names: tuple[str, ...], arrays: dict[tuple[str, ...], int]) -> Route:
    """The route that a table's name means: in an array of tables, into the latest one."""
    route: list[str | int] = []
    for end, name in enumerate(names, 1):
        route.append(name)
        if names[:end] in arrays:
            route.append(arrays[names[:end]])
    return tuple(route)
