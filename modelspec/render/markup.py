"""Pieces of Markdown in which nothing that a user wrote is markup: code, fences, tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from modelspec.render.cells import harmless

__all__ = ["code", "fence", "table"]


def code(text: str) -> str:
    """The text as code of HTML, in which neither markup nor mentions are read; it stays within a cell of a table."""
    return f"<code>{''.join(map(_escape, harmless(text)))}</code>"


def _escape(char: str) -> str:
    return char if char.isalnum() or char in " -/" else f"&#{ord(char)};"


def fence(text: str) -> Iterator[str]:
    """The lines of a block that shows the text as it is: its fence is longer than any in the text."""
    longest = max((len(list(run)) for char, run in groupby(text) if char == "`"), default=0)
    marks = "`" * max(3, longest + 1)
    yield from (f"{marks}text", text.rstrip("\n"), marks)


def table(header: Sequence[str], sides: str, rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table; `sides` says of each column whether it stands to the left (`l`) or right (`r`)."""
    yield f"| {' | '.join(header)} |"
    yield f"|{'|'.join('---:' if side == 'r' else ':---' for side in sides)}|"
    yield from (f"| {' | '.join(row)} |" for row in rows)
