"""Where every key and value of a text stands, whatever the language it is written in."""

from __future__ import annotations

from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelspec.diagnostics import Where

__all__ = ["LIST", "MAPPING", "SCALAR", "Index", "skip_properties"]

SCALAR, MAPPING, LIST = 0, 1, 2


class Index:
    """Where every key and value of a text stands, in the order of the text: a node is followed by its children."""

    __slots__ = (
        "after",
        "aliases",
        "ends",
        "entries",
        "keys",
        "kinds",
        "labels",
        "last_end",
        "open",
        "starts",
        "unfinished",
    )

    def __init__(self) -> None:
        self.starts = array("L")
        self.ends = array("L")
        self.after = array("L")
        """The first node that is not inside of this one."""
        self.kinds = bytearray()
        """Of every node: `SCALAR`, `MAPPING` or `LIST`."""
        self.labels: dict[int, str] = {}
        """The text of keys."""
        self.aliases: dict[int, int] = {}
        self.keys: dict[int, dict[str | int | None, int]] = {}
        """Of the mappings that were asked for: the node of each key."""
        self.entries: dict[int, array[int]] = {}
        """Of the lists that were asked for: the node of each entry."""
        self.open: list[int] = []
        self.last_end = 0
        self.unfinished: frozenset[int] = frozenset()
        """The containers whose end has not been reached, where only the beginning of a text is indexed."""

    def add(self, start: int, end: int) -> int:
        node = len(self.starts)
        self.starts.append(start)
        self.ends.append(end)
        self.after.append(node + 1)
        self.kinds.append(SCALAR)
        self.last_end = end
        return node

    def open_container(self, start: int, *, is_mapping: bool) -> int:
        node = self.add(start, start)
        self.kinds[node] = MAPPING if is_mapping else LIST
        self.open.append(node)
        return node

    def close_container(self, end: int | None = None) -> None:
        """The innermost open container ends: here, or (in block style) where its last child does."""
        node = self.open.pop()
        self.last_end = self.ends[node] = self.last_end if end is None else end
        self.after[node] = len(self.starts)

    def close_all(self) -> None:
        while self.open:
            self.close_container()

    def find_child(self, node: int, step: str | int) -> tuple[int, int] | None:
        """The nodes of the key and the value that a step of a route leads to; of two equal keys the first."""
        node = self.aliases.get(node, node)
        if self.kinds[node] == MAPPING:
            if node not in self.keys:
                self.keys[node] = {}
                for key in self.list_children(node)[::2]:
                    self.keys[node].setdefault(self.labels.get(key), key)
            found = self.keys[node].get(step)
            return None if found is None else (found, min(self.after[found], self.after[node] - 1))
        if self.kinds[node] == LIST and isinstance(step, int):
            if node not in self.entries:
                self.entries[node] = self.list_children(node)
            entries = self.entries[node]
            return (entries[step], entries[step]) if 0 <= step < len(entries) else None
        return None

    def list_children(self, node: int) -> array[int]:
        """The nodes in a container: of a mapping, keys and values in turn."""
        children = array("L")
        child, end, after = node + 1, self.after[node], self.after
        while child < end:
            children.append(child)
            child = after[child]
        return children

    def find_key(self, opening: int, key: str) -> tuple[int, int]:
        """Start and end of a key in the mapping that begins at an offset."""
        from bisect import bisect_left

        node = bisect_left(self.starts, opening)
        while node < len(self.starts) and self.kinds[node] != MAPPING:
            node += 1
        child = self.find_child(node, key) if node < len(self.starts) else None
        return (self.starts[child[0]], self.ends[child[0]]) if child else (opening, opening)

    def locate(self, where: Where, text: str) -> tuple[int, int] | None:
        """Start and end of what a route leads to, or of what is there of it; None if that may stand further on."""
        if not self.starts:
            return 0, 0
        key = node = 0
        for step in where.route:
            child = self.find_child(node, step)
            if child is None:
                return None if self.unfinished else self._locate_nearest(node, text)
            key, node = child
        if where.part == "key":
            node = key
        if self.unfinished and not where.route:
            return skip_properties(text, self.starts[0]), len(text.rstrip())
        if self.unfinished and (node in self.unfinished or node in self.aliases or node + 1 == len(self.starts)):
            return None
        node = self.aliases.get(node, node)
        start, end = skip_properties(text, self.starts[node]), self.ends[node]
        if start >= end:
            return self.starts[node], max(end, self.starts[node])
        if where.span is not None and self.kinds[node] == SCALAR:
            return _cut(text, start, end, where.span)
        return start, end

    def _locate_nearest(self, node: int, text: str) -> tuple[int, int]:
        """What to point at for something that is missing from a container."""
        node = self.aliases.get(node, node)
        start = skip_properties(text, self.starts[node])
        if text[start : start + 1] not in ("{", "[") and self.after[node] > node + 1:
            node += 1
            start = skip_properties(text, self.starts[node])
        return start, max(start, self.ends[node])


def skip_properties(text: str, start: int) -> int:
    """Where a node's content begins, behind its tag and anchor."""
    if text[start : start + 1] in ("&", "!"):
        import re

        match = re.compile(r"(?:[&!][^\s,\[\]{}]*+(?:[ \t\r\n]|(?<=\s)#[^\r\n]*+)*+)*+").match(text, start)
        return match.end() if match else start
    return start


def _cut(text: str, start: int, end: int, span: tuple[int, int]) -> tuple[int, int]:
    """A stretch of a scalar's value as a stretch of its text; the whole scalar where the two are not written alike."""
    quote = text[start]
    if quote in "'\"" and end - start >= 2:
        inside = text[start + 1 : end - 1]
        is_literal = "''" not in inside if quote == "'" else "\\" not in inside
        first = start + 1
    else:
        inside, is_literal, first = text[start:end], quote not in "|>", start
    a, b = span
    if not is_literal or "\n" in inside or "\r" in inside or not 0 <= a <= b <= len(inside):
        return start, end
    return first + a, first + b
