"""Markdown that GitHub and GitLab render, and how what a user wrote stands in it: in code, where nothing is markup."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from modelspec.render.cells import harmless

__all__ = ["code", "escape", "fence", "html_code", "table"]


def table(header: Sequence[str], sides: str, rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table; `sides` has an `l` or `r` for each column."""
    yield f"| {' | '.join(header)} |"
    yield f"|{'|'.join('---:' if side == 'r' else ':---' for side in sides)}|"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def fence(text: str) -> Iterator[str]:
    """The lines of a block in which the text stands as it is, whatever it holds."""
    longest = max((len(list(run)) for char, run in groupby(text) if char == "`"), default=0)
    marks = "`" * max(3, longest + 1)
    yield from (f"{marks}text", text.rstrip("\n"), marks)


def code(text: str) -> str:
    """Write the text as code, in which neither markup nor mentions are read; it cannot leave a cell of a table."""
    text = harmless(text)
    if not text:
        return ""
    if set(text) & set("`|\\"):
        return f"<code>{escape(text)}</code>"
    return f"` {text} `" if text.startswith(" ") and text.endswith(" ") and text.strip() else f"`{text}`"


def escape(text: str) -> str:
    """Write whatever Markdown or HTML might read as markup as character references."""
    return "".join(
        char if char.isalnum() or char in " ,;()'×" or (char in ".:-" and after in " ") else f"&#{ord(char)};"
        for char, after in zip(text, [*text[1:], " "], strict=True)
    )


def html_code(text: str) -> str:
    """Write the text as code of HTML, for where a browser reads it and Markdown does not: in a `<summary>`."""
    return f"<code>{''.join(map(_escape_all, harmless(text)))}</code>"


def _escape_all(char: str) -> str:
    return char if char.isalnum() or char in " -/" else f"&#{ord(char)};"
