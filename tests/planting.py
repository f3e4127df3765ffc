"""Wrong sizes, planted into the text of a spec: one at a time, the rest as it was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import yaml

from modelspec.catalogue import find
from modelspec.layer import fields_of

GIVEN = ("out_channels", "out_features", "embedding_dim", "nf", "filters", "units")
"""Arguments that give an axis of the result its size."""
PASSED = ("out", "width", "hidden")
"""Arguments of blocks that do."""
HOLD = ("layers", "branches", "shortcut", "merge", "layer")
"""Keys under which entries stand."""


class Entry(NamedTuple):
    """An entry of a type: its first and last line, and the line that something was planted at."""

    type: str
    first: int
    last: int
    at: int

    @property
    def lines(self) -> range:
        """All lines of the entry."""
        return range(self.first, self.last + 1)


Planted = Iterator[tuple[str, Entry, str]]
"""What was planted, where, and the text with it."""


def list_contradicted(text: str, size: int) -> Planted:
    """The text with `size` for one argument that is inferred, for each layer that infers one and does not say it."""
    root = yaml.compose(text)
    dialect = next((value.value for key, value in root.value if key.value == "dialect"), "torch")
    for node in _list_entries(root):
        keys = _keys(node)
        if "block" in keys:
            continue
        name = node.value if isinstance(node, yaml.ScalarNode) else keys["type"].value
        layer = find(dialect, name)
        inferred = (
            [] if layer is None else [field.name for field in fields_of(layer).values() if field.way == "inferred"]
        )
        for argument in inferred:
            if argument not in keys:
                said = f"{argument}: {size}"
                at, planted = _add(text, node, said)
                yield said, _place(name, node, at), planted


def list_changed(text: str, size: int) -> Planted:
    """The text with `size` for one argument that gives a result a size, for each that is written."""
    for node in _list_entries(yaml.compose(text)):
        keys = _keys(node)
        call = "block" in keys
        passed = _keys(keys["with"]) if "with" in keys else {}
        for argument, value in (passed if call else keys).items():
            if argument in (PASSED if call else GIVEN):
                entry = _place(keys["block" if call else "type"].value, node, value.start_mark.line)
                said = f"{entry.at}: {argument}: {size}"
                yield said, entry, _put(text, value.start_mark.index, value.end_mark.index, str(size))


def _place(name: str, node: yaml.Node, at: int) -> Entry:
    end = node.end_mark
    # The end of a mapping in block style is where the next thing begins.
    last = end.line if end.column == 0 or (isinstance(node, yaml.MappingNode) and not node.flow_style) else end.line + 1
    return Entry(name, node.start_mark.line + 1, max(last, at + 1), at + 1)


def _list_entries(node: yaml.Node, key: str = "") -> Iterator[yaml.Node]:
    """The entries that are a layer or the call of a block, bare words included."""
    if isinstance(node, yaml.MappingNode):
        if not _keys(node).keys().isdisjoint(("type", "block")):
            yield node
        for name, value in node.value:
            yield from _list_entries(value, name.value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _list_entries(value, key)
    elif key in HOLD:
        yield node


def _keys(node: yaml.Node) -> dict[str, yaml.Node]:
    return {key.value: value for key, value in node.value} if isinstance(node, yaml.MappingNode) else {}


def _add(text: str, node: yaml.Node, said: str) -> tuple[int, str]:
    """One more argument for an entry, and the line (from 0) that it stands in then."""
    start, end = node.start_mark, node.end_mark
    if isinstance(node, yaml.ScalarNode):
        return start.line, _put(text, start.index, end.index, f"{{type: {node.value}, {said}}}")
    if node.flow_style:
        return end.line, _put(text, end.index - 1, end.index, f", {said}}}")
    key, value = next(pair for pair in node.value if pair[0].value == "type")
    mark = value.end_mark
    return mark.line + 1, _put(text, mark.index, mark.index, f"\n{' ' * key.start_mark.column}{said}")


def _put(text: str, begin: int, end: int, said: str) -> str:
    return f"{text[:begin]}{said}{text[end:]}"
