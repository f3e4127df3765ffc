"""Text as a terminal shows it: made harmless, measured in columns, wrapped and cut."""

from __future__ import annotations

from collections.abc import Iterator
from unicodedata import category, east_asian_width

__all__ = ["hang", "harmless", "pad", "width", "wrap"]


def harmless(text: str) -> str:
    """Escape everything that does not print: control characters, terminal codes, marks of direction."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    named = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}.get(char)
    if named is not None:
        return named
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def width(text: str) -> int:
    """Return the columns that harmless text takes: two for a wide character, none for a combining one."""
    if text.isascii():
        return len(text)
    return sum(0 if category(char) in ("Mn", "Me") else 1 + (east_asian_width(char) in "WF") for char in text)


def pad(text: str, columns: int, right: bool = False) -> str:
    """Fill the text up with spaces, behind it or (with `right`) before it."""
    space = " " * (columns - width(text))
    return space + text if right else text + space


def wrap(text: str, columns: int, breaks: str = " ") -> list[str]:
    """Lines of at most so many columns, broken after one of `breaks`, or within a word that is too long by itself."""
    if width(text) <= columns:
        return [text]
    lines: list[str] = []
    line = ""
    for piece in _split(text, breaks):
        if width((line + piece).rstrip()) <= columns:
            line += piece
            continue
        if line:
            lines.append(line.rstrip())
        line = piece
        while width(line.rstrip()) > columns:
            head = _take(line, columns)
            lines.append(head)
            line = line[len(head) :]
    return [*lines, line.rstrip()] if line or not lines else lines


def hang(text: str, columns: int, indent: str = "") -> Iterator[str]:
    """Lines of at most so many columns: all but the first stand two columns further in."""
    first, *rest = wrap(text, columns - len(indent) - 2)
    yield indent + first
    yield from (f"{indent}  {line}" for line in rest)


def _split(text: str, breaks: str) -> Iterator[str]:
    start = 0
    for end, char in enumerate(text, 1):
        if char in breaks:
            yield text[start:end]
            start = end
    if start < len(text):
        yield text[start:]


def _take(text: str, columns: int) -> str:
    taken = 0
    for index, char in enumerate(text):
        taken += width(char)
        if taken > columns:
            return text[: max(index, 1)]
    return text
