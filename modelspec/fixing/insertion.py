"""New keys in a text: at the end of their mapping, in its style."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from modelspec.fixing.wording import spell, spell_pair
from modelspec.record import NamedTuple
from modelspec.source.layout import Layout, Piece

__all__ = ["Change", "insert"]

_REST = re.compile(r"[ \t]*(,?)[ \t]*(#.*)?")
"""What may stand behind an entry in its line: a comma, and a comment."""


class Change(NamedTuple):
    """A stretch of the text, and what is to stand in its place."""

    start: int
    end: int
    text: str


def insert(layout: Layout, piece: Piece, members: Mapping[str, Any]) -> list[Change] | None:
    """The changes that add keys to a mapping, or make one of a bare type name; None where that cannot be done."""
    if piece.kind == "scalar":
        return _open(layout, piece, members)
    if piece.kind != "mapping":
        return None
    children = layout.children(piece)
    if layout.text[piece.start : piece.start + 1] != "{":
        return _insert_lines(layout, children, members) if children else None
    if not children:
        inside = layout.text[piece.start + 1 : piece.end - 1]
        if inside.strip():
            return None
        pairs = [spell_pair(layout, name, value, None) for name, value in members.items()]
        return [Change(piece.start + 1, piece.end - 1, _comma(layout, children).join(pairs))]
    return _insert_in_braces(layout, piece, children, members)


def _open(layout: Layout, piece: Piece, members: Mapping[str, Any]) -> list[Change] | None:
    """A bare type name becomes a mapping."""
    old = layout.text[piece.start : piece.end]
    if not old or old[0] in "|>" or "\n" in old or "\r" in old or piece.alias:
        return None
    colon = ":" if layout.is_json and layout.is_compact else ": "
    pairs = [f"{spell(layout, 'type')}{colon}{old}"]
    pairs += [spell_pair(layout, name, value, None) for name, value in members.items()]
    return [Change(piece.start, piece.end, "{" + _comma(layout, []).join(pairs) + "}")]


def _comma(layout: Layout, children: list[Piece]) -> str:
    """What stands between two entries of a mapping in braces."""
    if len(children) > 1:
        between = layout.text[children[-2].tail : children[-1].begin]
        if re.fullmatch(r"[ \t]*,[ \t]*", between) and (layout.is_json or between.endswith((" ", "\t"))):
            return between
    return "," if layout.is_json and layout.is_compact else ", "


def _insert_in_braces(
    layout: Layout, piece: Piece, children: list[Piece], members: Mapping[str, Any]
) -> list[Change] | None:
    last = children[-1]
    pairs = [spell_pair(layout, name, value, last) for name, value in members.items()]
    indent = layout.indent(last.begin)
    if indent is None or layout.line_start(last.begin) <= piece.start:
        comma = _comma(layout, children)
        return [Change(last.tail, last.tail, "".join(comma + pair for pair in pairs))]
    # Each key has a line of its own.
    new = layout.line_break(last.tail) + indent
    end = layout.line_end(last.tail)
    rest = _REST.fullmatch(layout.text, last.tail, end)
    if rest is None or end >= piece.end:
        return [Change(last.tail, last.tail, "".join(f",{new}{pair}" for pair in pairs))]
    if rest[1]:
        return [Change(end, end, "".join(f"{new}{pair}," for pair in pairs))]
    lines = new + f",{new}".join(pairs)
    if end == last.tail:
        return [Change(end, end, f",{lines}")]
    return [Change(last.tail, last.tail, ","), Change(end, end, lines)]


def _insert_lines(layout: Layout, children: list[Piece], members: Mapping[str, Any]) -> list[Change] | None:
    """In block style each key has a line of its own, below the last one."""
    first, last = children[0], children[-1]
    column = first.begin - layout.line_start(first.begin)
    end = layout.line_end(last.tail)
    rest = _REST.fullmatch(layout.text, last.tail, end)
    if rest is None or rest[1]:
        return None
    new = layout.line_break(last.tail) + " " * column
    return [Change(end, end, "".join(new + spell_pair(layout, *pair, last) for pair in members.items()))]
