"""Python values as a JSON text."""

from __future__ import annotations

from collections.abc import Mapping
from json.encoder import encode_basestring

from modelspec.diagnostics import Finding, Where
from modelspec.source.bounds import MAX_BYTES, MAX_DEPTH, MAX_DIGITS, MAX_FAULTS, MAX_NODES, TOP, StopError
from modelspec.source.faults import tell_bytes, tell_depth, tell_size
from modelspec.source.text import is_unicode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from modelspec.diagnostics import Route

__all__ = ["write_json"]

_INLINE = 100
"""The longest container that is written on one line."""
_BOUND = 10**MAX_DIGITS


def write_json(value: object) -> tuple[str, list[Finding]]:
    """A value as JSON text, and at their routes the values in it that JSON does not have; null stands for them.

    Containers of scalars are written on one line if they are short, others one entry a line.
    """
    writing = _Writing()
    try:
        text = writing.write(value, (), "")
    except StopError as stop:
        writing.findings.append(stop.finding)
        text = "null"
    return text, writing.findings


class _Writing:
    __slots__ = ("findings", "nodes", "open", "size")

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.nodes = 0
        """Keys, values and closing brackets so far, those of the open containers included."""
        self.size = 0
        """Characters of the scalars so far."""
        self.open: set[int] = set()

    def write(self, value: object, route: Route, indent: str) -> str:
        kind = value.__class__
        if kind is str or kind is int or kind is float or kind is bool or value is None:
            return self._write_scalar(value, route)
        if isinstance(value, Mapping):
            return self._write_container(value, value.values(), route, indent)
        if isinstance(value, (list, tuple)):
            return self._write_container(value, value, route, indent)
        return self._write_scalar(value, route)

    def _write_container(
        self,
        value: Mapping[Any, object] | Sequence[object],
        children: Iterable[object],
        route: Route,
        indent: str,
    ) -> str:
        if id(value) in self.open:
            return self._fault("MS109", "this value holds itself", route, "a document is a tree")
        if len(route) >= MAX_DEPTH:
            return self._fault("MS111", tell_depth(TOP).message, route, "no model needs it")
        is_mapping = isinstance(value, Mapping)
        # Counted as it opens, so that a value that is too large is not written first.
        self.nodes += 1 + len(value) * (2 if is_mapping else 1)
        if self.nodes > MAX_NODES:
            raise StopError(tell_size())
        self.open.add(id(value))
        deeper = indent + " "
        if isinstance(value, Mapping):
            entries = list(self._write_entries(value, route, deeper))
        else:
            entries = [self.write(child, (*route, i), deeper) for i, child in enumerate(value)]
        self.open.discard(id(value))
        opening, closing = "{}" if is_mapping else "[]"
        if len(entries) <= _INLINE and not any(map(_is_full, children)):
            inline = ", ".join(entries)
            if len(inline) <= _INLINE:
                return f"{opening}{inline}{closing}"
        lines = f",\n{deeper}".join(entries)
        return f"{opening}\n{deeper}{lines}\n{indent}{closing}"

    def _write_entries(self, value: Mapping[Any, object], route: Route, indent: str) -> Iterator[str]:
        for key, child in value.items():
            if isinstance(key, str):
                name = str.__str__(key)
                inside = (*route, name)
                yield f"{self._write_text(name, inside)}: {self.write(child, inside, indent)}"
            else:
                message = f"a key is of type {type(key).__name__}, and a key must be text"
                self._fault("MS114", message, route, "use a str")

    def _write_text(self, text: str, route: Route) -> str:
        self.size += len(text)
        if self.size > MAX_BYTES:
            raise StopError(tell_bytes())
        if not is_unicode(text):
            return self._fault("MS102", "a lone surrogate: half of a character", route, "mend the text")
        return encode_basestring(text)

    def _write_scalar(self, value: object, route: Route) -> str:
        if isinstance(value, str):
            return self._write_text(str.__str__(value), route)
        if value is None or value is True or value is False:
            return {None: "null", True: "true", False: "false"}[value]
        if isinstance(value, int):
            number = int.__int__(value)
            if -_BOUND < number < _BOUND:
                return int.__repr__(number)
            return self._fault("MS115", f"a number of more than {MAX_DIGITS} digits", route, "no size needs it")
        if isinstance(value, float):
            number_text = float.__repr__(value)
            if number_text not in ("nan", "inf", "-inf"):
                return number_text
            return self._fault("MS115", f"{number_text} is not a number of JSON", route, "leave it out")
        message = f"a value of type {type(value).__name__}, which no document can hold"
        hint = (
            "use int, float, str, bool, None, list and dict; arrays and scalars of libraries have .tolist() or .item()"
        )
        return self._fault("MS205", message, route, hint)

    def _fault(self, code: str, message: str, route: Route, hint: str) -> str:
        finding = Finding(code, message, Where(route), hint)
        if len(self.findings) + 1 >= MAX_FAULTS:
            raise StopError(finding._replace(hint=f"{hint}; stopped here, after {MAX_FAULTS} faults"))
        self.findings.append(finding)
        return "null"


def _is_full(value: object) -> bool:
    """Whether a value is a container with something in it."""
    kind = value.__class__
    if kind is str or kind is int or kind is float or kind is bool or value is None:
        return False
    return isinstance(value, (list, tuple, Mapping)) and len(value) > 0
