"""From edits of a tree to changes of its text: what is to be written where, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from modelspec.diagnostics import Edit, Route
from modelspec.fixing.insertion import Change, insert
from modelspec.fixing.removal import remove, replace_lines
from modelspec.fixing.wording import spell
from modelspec.source.layout import Layout

__all__ = ["apply_changes", "overlap", "plan"]


def plan(layout: Layout, edits: Iterable[Edit]) -> list[Change] | None:
    """The changes that make these edits together; None where the text cannot be changed so in its place.

    What stands in several places of the tree by an alias is not changed.
    """
    changes: list[Change] = []
    added: dict[Route, dict[str, Any]] = {}
    removed: dict[Route, list[int]] = {}
    for edit in edits:
        found: list[Change] | None = []
        if edit.action == "remove":
            number = _number(layout, edit.route)
            if number is None:
                return None
            removed.setdefault(edit.route[:-1], []).append(number)
        elif edit.action == "set" and layout.find(edit.route) is None:
            added.setdefault(edit.route[:-1], {})[str(edit.route[-1])] = edit.value
        else:
            found = _set(layout, edit) if edit.action == "set" else _rename(layout, edit)
        if found is None:
            return None
        changes += found
    for route, members in added.items():
        piece = layout.find(route)
        found = None if piece is None or piece.shared else insert(layout, piece, members)
        if found is None:
            return None
        changes += found
    for route, numbers in removed.items():
        piece = layout.find(route)
        found = None if piece is None or piece.shared or piece.alias else remove(layout, piece, numbers)
        if found is None:
            return None
        changes += found
    changes.sort(key=lambda change: change[:2])
    return None if any(overlap(*pair) for pair in pairwise(changes)) else changes


def _number(layout: Layout, route: Route) -> int | None:
    """Which of the entries of its container a route leads to."""
    piece, around = layout.find(route), layout.find(route[:-1])
    if piece is None or around is None or not route:
        return None
    nodes = [child.node for child in layout.children(around)]
    return nodes.index(piece.node) if piece.node in nodes else None


def _set(layout: Layout, edit: Edit) -> list[Change] | None:
    piece = layout.find(edit.route)
    if piece is None or piece.shared:
        return None
    if piece.kind != "scalar" and piece.key is not None and layout.text[piece.start] not in "{[":
        return replace_lines(layout, piece, spell(layout, edit.value))
    if piece.start < piece.end:
        like = (piece.start, piece.end) if piece.kind == "scalar" and not piece.alias else None
        return [Change(piece.start, piece.end, spell(layout, edit.value, like))]
    if piece.key is None:
        return None
    colon = "" if layout.text[piece.key[1] : piece.tail].strip() else ":"
    return [Change(piece.tail, piece.tail, f"{colon} {spell(layout, edit.value)}")]


def _rename(layout: Layout, edit: Edit) -> list[Change] | None:
    piece, around = layout.find(edit.route), layout.find(edit.route[:-1])
    if piece is None or piece.key is None or around is None or around.shared or around.alias:
        return None
    return [Change(*piece.key, spell(layout, edit.value, piece.key))]


def overlap(one: Change, other: Change) -> bool:
    """Whether two changes, the first of which begins first, are of the same text, or of the same place in it."""
    return other.start < one.end or (one.start == one.end == other.start == other.end)


def apply_changes(text: str, changes: Iterable[Change]) -> str:
    """The text with these changes, which do not overlap."""
    parts, at = [], 0
    for change in sorted(changes, key=lambda change: change[:2]):
        parts += [text[at : change.start], change.text]
        at = change.end
    return "".join([*parts, text[at:]])
