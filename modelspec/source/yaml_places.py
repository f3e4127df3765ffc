"""Where everything stands in a YAML text."""

from __future__ import annotations

from modelspec.diagnostics import Place
from modelspec.source.bounds import MAX_DEPTH, MAX_NODES
from modelspec.source.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    Parser,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    YAMLError,
)
from modelspec.source.places import MAPPING, Index

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["find_tag_directive", "index_yaml", "match_properties", "place_event", "without_breaks"]


def index_yaml(text: str, *, stop: int | None = None) -> Index:
    """Index the first document of a YAML text, up to an offset if one is given, and as far as it can be parsed."""
    index = Index()
    data = without_breaks(text).encode("utf-8", "replace")
    if b"%TAG" in data and find_tag_directive(data):
        return index
    from itertools import islice

    add, labels, anchors = index.add, index.labels, dict[str, int]()
    wants_key: list[bool] = [False]
    try:
        get: Callable[[], Any] = islice(iter(Parser(data).get_event, None), MAX_NODES).__next__
        get()
        event = get()
        while event.__class__ is not StreamEndEvent:
            event = get()
            kind = event.__class__
            if kind is ScalarEvent:
                start, end = event.start_mark.index, event.end_mark.index
                if event.style == "|" or event.style == ">":
                    end = start + len(text[start:end].rstrip())
                node = add(start, end)
                if wants_key[-1]:
                    labels[node] = event.value
                if event.anchor is not None:
                    anchors[event.anchor] = node
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                if len(index.open) == MAX_DEPTH:
                    break
                node = index.open_container(event.start_mark.index, is_mapping=kind is MappingStartEvent)
                if event.anchor is not None:
                    anchors[event.anchor] = node
                wants_key.append(kind is MappingStartEvent)
                continue
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                start, end = event.start_mark.index, event.end_mark.index
                wants_key.pop()
                index.close_container(end if end > start else None)
            elif kind is AliasEvent:
                node = add(event.start_mark.index, event.end_mark.index)
                if event.anchor in anchors:
                    index.aliases[node] = anchors[event.anchor]
            else:
                break
            if index.open and index.kinds[index.open[-1]] == MAPPING:
                wants_key[-1] = not wants_key[-1]
            if stop is not None and index.last_end > stop:
                index.unfinished = frozenset(index.open)
                break
    except (YAMLError, StopIteration):
        pass  # told when the text was read; what stands before it has its places
    index.close_all()
    return index


def match_properties(text: str, start: int) -> list[tuple[int, int]]:
    """The tag and the anchor that stand before a node's content, in their order."""
    import re

    found: list[tuple[int, int]] = []
    pattern = re.compile(r"([&!][^\s,\[\]{}]*)(?:(?:[ \t]|\r?\n|#[^\r\n]*+)*+)")
    while len(found) < 2 and (match := pattern.match(text, start)):
        found.append(match.span(1))
        start = match.end()
    return found


def without_breaks(text: str) -> str:
    return text.replace("\x85", " ").replace("\u2028", " ").replace("\u2029", " ")


def find_tag_directive(data: bytes) -> tuple[int, int] | None:
    """Start and end of a %TAG line, looked for before parsing: libyaml takes quadratic time over many of them."""
    import re

    match = re.search(rb"(?:^|[\r\n])(%TAG[^\r\n]*)", data)
    if match is None:
        return None
    return len(data[: match.start(1)].decode()), len(data[: match.end(1)].decode())


def place_event(event: Any) -> Place:
    start, end = event.start_mark, event.end_mark
    return Place(start.line + 1, start.column + 1, end.line + 1, end.column + 1)
