"""Entries of mappings and lists taken out of a text, with what belongs to them: their commas, lines and comments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from modelspec.fixing.insertion import Change
from modelspec.source.layout import Layout, Piece

__all__ = ["remove", "replace_lines"]

_BLANK = re.compile(r"[ \t]*(#.*)?")
_COMMA = re.compile(r"[ \t]*,?[ \t]*(#.*)?")
_DASH = re.compile(r"[ \t]*-[ \t]+")


def remove(layout: Layout, around: Piece, numbers: Iterable[int]) -> list[Change] | None:
    """The changes that take entries out of a container, by their numbers; None where that cannot be done."""
    children = layout.children(around)
    gone = sorted(set(numbers))
    in_brackets = layout.text[around.start : around.start + 1] in ("{", "[")
    if len(gone) == len(children):
        return _empty(layout, around, children, in_brackets=in_brackets)
    changes: list[Change] = []
    for first, last in _list_runs(gone):
        take = _take_from_brackets if in_brackets else _take_lines
        found = take(layout, children, first, last)
        if found is None:
            return None
        changes.append(found)
    return changes


def _list_runs(numbers: list[int]) -> Iterator[tuple[int, int]]:
    """The first and the last of numbers that follow one another."""
    start = 0
    for at, number in enumerate(numbers):
        if at + 1 == len(numbers) or numbers[at + 1] != number + 1:
            yield numbers[start], number
            start = at + 1


def _empty(layout: Layout, around: Piece, children: list[Piece], *, in_brackets: bool) -> list[Change] | None:
    """Nothing is left but the brackets."""
    if in_brackets:
        return [Change(around.start + 1, around.end - 1, "")]
    brackets = "{}" if around.kind == "mapping" else "[]"
    first = children[0].begin
    if around.key is None or layout.line_start(first) <= around.key[1]:
        return [Change(around.start, children[-1].tail, brackets)]
    return replace_lines(layout, around, brackets)


def replace_lines(layout: Layout, piece: Piece, text: str) -> list[Change] | None:
    """The changes that put a value behind its key, in the place of lines below it."""
    assert piece.key is not None
    colon = re.compile(r"[ \t]*:").match(layout.text, piece.key[1])
    lines = _cut_lines(layout, layout.line_start(piece.start), piece.end)
    return None if colon is None or lines is None else [Change(colon.end(), colon.end(), f" {text}"), lines]


def _take_from_brackets(layout: Layout, children: list[Piece], first: int, last: int) -> Change | None:
    """Entries in braces or brackets go with a comma each."""
    text = layout.text
    begin, tail = children[first].begin, children[last].tail
    own_line = layout.indent(begin) is not None
    if last + 1 == len(children):
        before = children[first - 1].tail
        if "#" not in text[before:begin]:
            end = layout.line_end(tail)
            return Change(before, end if own_line and _is_comment(text, tail, end) else tail, "")
        end = layout.line_end(tail)
        if not own_line or _COMMA.fullmatch(text, tail, end) is None:
            return None
        # The comment before it stays, and with it the comma.
        return Change(layout.break_before(layout.line_start(begin)), end, "")
    following = children[last + 1].begin
    between = text[tail:following]
    if "\n" not in between and "\r" not in between:
        return Change(begin, following, "")
    end = layout.line_end(tail)
    if own_line and _COMMA.fullmatch(text, tail, end):
        return Change(layout.line_start(begin), layout.skip_break(end), "")
    comma = re.compile(r"\s*,[ \t]*").match(text, tail)
    return None if comma is None else Change(begin, comma.end(), "")


def _is_comment(text: str, start: int, end: int) -> bool:
    return text[start:end].lstrip(" \t").startswith("#")


def _take_lines(layout: Layout, children: list[Piece], first: int, last: int) -> Change | None:
    """Entries in block style go with their lines."""
    begin, tail = children[first].begin, children[last].tail
    start = layout.line_start(begin)
    before = layout.text[start:begin]
    is_entry = children[first].key is None
    if (is_entry and _DASH.fullmatch(before)) or (not is_entry and not before.strip(" ")):
        return _cut_lines(layout, start, tail)
    if last + 1 == len(children) or _BLANK.fullmatch(layout.text, tail, layout.line_end(tail)) is None:
        return None
    # The first key (or entry) of a list's entry stands behind the dash: the next one takes its place.
    return Change(begin, children[last + 1].begin, "")


def _cut_lines(layout: Layout, start: int, tail: int) -> Change | None:
    """Whole lines, from the beginning of one to the end of the one in which something ends."""
    end = layout.line_end(tail)
    if _BLANK.fullmatch(layout.text, tail, end) is None:
        return None
    if end == len(layout.text):
        return Change(layout.break_before(start), end, "")
    return Change(start, layout.skip_break(end), "")
