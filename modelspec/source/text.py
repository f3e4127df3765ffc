"""Offsets in a text to lines and columns, and lines to text."""

from __future__ import annotations

from modelspec.diagnostics import Place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Text", "is_unicode", "shorten"]


class Text:
    """Offsets to lines and columns, and lines to text, by counting from the nearest of a few marks."""

    __slots__ = ("_flat", "_marks", "text")

    _STRIDE = 1 << 14

    def __init__(self, text: str) -> None:
        self.text = text
        # Every line break one "\n", and nothing moved by it.
        self._flat = text.replace("\r\n", " \n").replace("\r", "\n") if "\r" in text else text
        self._marks = [0]
        for start in range(0, len(text), self._STRIDE):
            self._marks.append(self._marks[-1] + self._flat.count("\n", start, start + self._STRIDE))

    def place(self, start: int, end: int | None = None) -> Place:
        return Place(*self._position(start), *self._position(start if end is None else end))

    def _position(self, offset: int) -> tuple[int, int]:
        offset = min(offset, len(self.text))
        if self.text[offset - 1 : offset + 1] == "\r\n":
            offset -= 1  # both are one line end
        mark = offset // self._STRIDE
        line = self._marks[mark] + self._flat.count("\n", mark * self._STRIDE, offset)
        return line + 1, offset - self._flat.rfind("\n", 0, offset)

    def lines_above(self, offset: int) -> Iterator[tuple[int, str]]:
        """The lines above the one of an offset, the nearest first: the number and the text of each."""
        number = self._position(offset)[0]
        start = self._flat.rfind("\n", 0, offset) + 1
        while start > 0:
            number, end = number - 1, start - 1
            start = self._flat.rfind("\n", 0, end) + 1
            yield number, self.text[start:end].rstrip("\r")

    def line(self, number: int) -> str:
        if number < 1 or number > self._marks[-1] + 1:
            return ""
        from bisect import bisect_left

        mark = max(0, bisect_left(self._marks, number - 1) - 1)
        start = mark * self._STRIDE
        for _ in range(number - 1 - self._marks[mark]):
            start = self._flat.index("\n", start) + 1
        if number - 1 == self._marks[mark]:
            start = self._flat.rfind("\n", 0, start) + 1
        end = self._flat.find("\n", start)
        return self.text[start : len(self.text) if end < 0 else end].rstrip("\r")


def is_unicode(text: str) -> bool:
    """Whether a text has no lone surrogate."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def shorten(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"
