"""Colours of a terminal, by their escape codes."""

from __future__ import annotations

__all__ = ["Paint"]

_CODES = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "cyan": "36",
    "bold red": "1;31",
    "bold yellow": "1;33",
    "bold green": "1;32",
}


class Paint:
    """`paint("text", "red")`: the text in a colour, or as it is where there are none."""

    __slots__ = ("color",)

    def __init__(self, color: bool) -> None:
        self.color = color

    def __call__(self, text: str, style: str) -> str:
        """Return the text in a style; blank text stays as it is."""
        if not self.color or not text.strip():
            return text
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m"
