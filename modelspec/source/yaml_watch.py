"""Anchors, aliases and tags: each event of a YAML text that has them is looked at before the tree is built of it."""

from __future__ import annotations

from modelspec.diagnostics import Finding, Place
from modelspec.source.bounds import MAX_DEPTH, MAX_EXPANSION, StopError
from modelspec.source.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from modelspec.source.faults import explain_number, tell_depth
from modelspec.source.text import Text, shorten
from modelspec.source.yaml_places import match_properties, place_event

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from modelspec.source.bounds import Scalar, Tree

__all__ = ["Watch"]


class _Anchor:
    """What an anchor stands for: its value, how many nodes and how many levels it is with its aliases written out."""

    __slots__ = ("height", "is_open", "peak", "size", "value")

    def __init__(self, value: Tree, size: int, peak: int, is_open: bool) -> None:
        self.value = value
        self.size = size
        self.peak = peak
        self.height = 0
        self.is_open = is_open


class Watch:
    """Looks at every event of a text that has anchors, tags or very many nodes, before the builder sees it."""

    __slots__ = (
        "anchors",
        "depth",
        "extra",
        "fault",
        "has_bare_tags",
        "is_odd_number",
        "largest",
        "next",
        "nodes",
        "open",
        "peak",
        "plain",
        "text",
    )

    def __init__(
        self,
        text: str,
        get: Callable[[], Any],
        fault: Callable[[Finding], None],
        plain: Mapping[str, Scalar],
        is_odd_number: Callable[[str], bool] | None,
    ) -> None:
        """Watch the events of `text` that `get` gives; `plain` resolves plain scalars.

        With `is_odd_number` given, numbers for which it holds are told, and text is put in their place.
        """
        import re

        self.text = text
        self.next = get
        self.fault = fault
        self.plain = plain
        self.is_odd_number = is_odd_number
        # The one tag that the parser keeps to itself.
        self.has_bare_tags = re.search(r"(?<![^\s\[{,:])!(?![^\s,\]}])", self.text) is not None
        self.anchors: dict[str, _Anchor] = {}
        self.open: list[_Anchor] = []
        self.nodes = 0
        self.extra = 0
        """How many nodes more there are with all aliases written out."""
        self.depth = 0
        self.peak = 0
        """The deepest level since the innermost open anchor."""
        self.largest: tuple[int, Any] = (0, None)

    def get(self) -> Any:
        event = self.next()
        kind = event.__class__
        if kind is ScalarEvent:
            self.nodes += 1
            if event.tag is not None or self.has_bare_tags:
                self._tell_tag(event)
            if self.is_odd_number is not None and event.implicit[0] and self.is_odd_number(event.value):
                self.fault(explain_number(event.value, place_event(event)))
                event = ScalarEvent(event.anchor, None, (False, True), "0", event.start_mark, event.end_mark)
            if event.anchor is not None:
                value = self.plain[event.value] if event.implicit[0] else event.value
                self.anchors[event.anchor] = _Anchor(value, 1, 0, False)
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            self.nodes += 1
            self.depth += 1
            if event.tag is not None:
                self._tell_tag(event)
            if event.anchor is not None:
                # The size and the peak before it, from which its own are had when it closes.
                anchor = self.anchors[event.anchor] = _Anchor(None, self.nodes + self.extra - 1, self.peak, True)
                self.open.append(anchor)
                self.peak = self.depth
            elif self.depth > self.peak:
                self.peak = self.depth
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            self.depth -= 1
        elif kind is AliasEvent:
            self.nodes += 1
        return event

    def _tell_tag(self, event: Any) -> None:
        first = event.start_mark.index
        if event.end_mark.index == first or self.text[first] not in "&!":
            return
        for start, end in match_properties(self.text, first):
            if self.text[start] == "!":
                tag = shorten(self.text[start:end])
                hint = "remove it: a value's kind shows in how it is written, and text may stand in quotes"
                mark = event.start_mark
                shift = start - mark.index
                place = Place(mark.line + 1, mark.column + 1 + shift, mark.line + 1, mark.column + 1 + end - mark.index)
                if "\n" in self.text[mark.index : start]:
                    place = Text(self.text).place(start, end)
                self.fault(Finding("MS107", f"the YAML tag '{tag}' is not part of the language", place, hint))

    def take_alias(self, event: Any) -> Tree:
        """The value of a known anchor."""
        anchor = self.anchors[event.anchor]
        name = shorten(event.anchor)
        if anchor.is_open:
            hint = "a value cannot hold itself; refer to something that ends before this line"
            message = f"the alias '*{name}' stands inside of its own anchor"
            self.fault(Finding("MS109", message, place_event(event), hint))
            return None
        # Capped, as sizes double with every line of a bomb.
        self.extra = min(self.extra + anchor.size - 1, 10**15)
        self.largest = max(self.largest, (anchor.size, event), key=lambda pair: pair[0])
        if self.depth + anchor.height > MAX_DEPTH:
            raise StopError(tell_depth(place_event(event)))
        self.peak = max(self.peak, self.depth + anchor.height)
        return anchor.value

    def close_anchor(self, value: Tree) -> None:
        """The innermost anchored container has ended, and this is its value."""
        anchor = self.open.pop()
        anchor.value = value
        anchor.is_open = False
        anchor.size = self.nodes + self.extra - anchor.size
        anchor.height = self.peak - self.depth
        self.peak = max(anchor.peak, self.peak)

    def check_expansion(self) -> None:
        if self.nodes + self.extra > MAX_EXPANSION * self.nodes:
            size, event = self.largest
            message = f"written out, the aliases make this file more than {MAX_EXPANSION} times as large"
            hint = f"this one alone stands for {size:,} values; write variables or repeated layers instead"
            raise StopError(Finding("MS112", message, place_event(event), hint))
