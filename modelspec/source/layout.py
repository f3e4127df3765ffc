"""Where the parts of a text stand that is to be changed in its places: what is written there, and in which style."""

from __future__ import annotations

import re
from functools import cached_property

from modelspec.record import NamedTuple
from modelspec.source.places import LIST, MAPPING, Index, skip_properties

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelspec.diagnostics import Route

__all__ = ["Layout", "Piece"]


class Piece(NamedTuple):
    """A value in its place, with its key if it stands under one. All are offsets in the text.

    `key` is the key's own text, quotes included; `begin` is where key or value begin, with the anchor before them;
    `start` and `end` enclose the value behind its anchor; `tail` is where all of it ends: behind the colon, where the
    value is empty. `name` is the key's text without quotes. An `alias` is a value that stands elsewhere; what is
    `shared` stands in more than one place of the tree, or may.
    """

    node: int
    key: tuple[int, int] | None
    name: str | None
    begin: int
    start: int
    end: int
    tail: int
    kind: str
    alias: bool
    shared: bool


class Layout:
    """A text with the places of all its keys and values."""

    def __init__(self, text: str, index: Index, *, is_json: bool) -> None:
        self.text = text
        self.is_json = is_json
        self._index = index
        self._shared = frozenset(index.aliases.values())

    def find(self, route: Route) -> Piece | None:
        """What a route leads to; None if it leads to nothing."""
        index = self._index
        if not index.starts:
            return None
        piece = self._piece(0, None, shared=False)
        for step in route:
            if piece.alias:
                piece = piece._replace(node=index.aliases.get(piece.node, piece.node))
            child = index.find_child(piece.node, step)
            if child is None:
                return None
            key, value = child
            piece = self._piece(value, key if key != value else None, shared=piece.shared or piece.alias)
        return piece

    def children(self, piece: Piece) -> list[Piece]:
        """The entries of a mapping or a list, in their order."""
        nodes = list(self._index.list_children(piece.node))
        if piece.kind == "list":
            return [self._piece(node, None, shared=piece.shared) for node in nodes]
        return [
            self._piece(value, key, shared=piece.shared) for key, value in zip(nodes[::2], nodes[1::2], strict=True)
        ]

    def _piece(self, value: int, key: int | None, *, shared: bool) -> Piece:
        index, text = self._index, self.text
        first, end = index.starts[value], index.ends[value]
        start = min(skip_properties(text, first), max(end, first))
        kind = {MAPPING: "mapping", LIST: "list"}.get(index.kinds[value], "scalar")
        tail, written, name = end, None, None
        if key is not None:
            written = (skip_properties(text, index.starts[key]), index.ends[key])
            name = index.labels.get(key)
            if end <= first:
                colon = re.compile(r"\s*:").match(text, written[1], max(first, written[1]))
                tail = colon.end() if colon else written[1]
                if colon and text[first : first + 1] in (",", "}"):
                    # In braces a colon right before what ends the pair would be part of the key.
                    tail = first
                start = end = tail
        begin = first if key is None else index.starts[key]
        alias = value in index.aliases
        return Piece(value, written, name, begin, start, end, tail, kind, alias, shared or value in self._shared)

    # Lines

    def line_start(self, offset: int) -> int:
        """Where the line of an offset begins."""
        return max(self.text.rfind("\n", 0, offset), self.text.rfind("\r", 0, offset)) + 1

    def line_end(self, offset: int) -> int:
        """Where the line of an offset ends, before its line break."""
        found = re.compile(r"[\r\n]|$(?![\s\S])").search(self.text, offset)
        return found.start() if found else len(self.text)

    def skip_break(self, offset: int) -> int:
        """Where the line after a line break begins."""
        if self.text.startswith("\r\n", offset):
            return offset + 2
        return min(offset + 1, len(self.text))

    def break_before(self, offset: int) -> int:
        """Where the line break before the beginning of a line is."""
        return offset - 2 if self.text[max(0, offset - 2) : offset] == "\r\n" else max(0, offset - 1)

    def line_break(self, offset: int) -> str:
        """The line break that is used around an offset."""
        found = re.compile(r"\r\n|\r|\n").search(self.text, self.line_end(offset))
        if found is None:
            found = re.compile(r"\r\n|\r|\n").search(self.text)
        return found.group() if found else "\n"

    def indent(self, offset: int) -> str | None:
        """What stands before an offset in its line, if that is nothing but blanks."""
        before = self.text[self.line_start(offset) : offset]
        return None if before.strip(" \t") else before

    @cached_property
    def is_compact(self) -> bool:
        """Whether a JSON text is written without blanks."""
        return re.search(r'"\s*:\S', self.text) is not None and re.search(r'":\s', self.text) is None
