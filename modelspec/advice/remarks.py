"""What comments in a document ignore: `# modelspec: ignore MS601`, at the end of the line that a finding is on."""

from __future__ import annotations

from modelspec.diagnostics import Place
from modelspec.source import Document

__all__ = ["Remark", "list_remarks"]


class Remark:
    """A comment that ignores advice on its line: that with these codes, each with its place, or all of it (none)."""

    __slots__ = ("codes", "place")

    def __init__(self, place: Place, codes: list[tuple[str, Place]]) -> None:
        self.place = place
        self.codes = codes

    def covers(self, code: str) -> bool:
        """Whether this code is ignored."""
        return not self.codes or any(each == code for each, _ in self.codes)


def list_remarks(document: Document) -> dict[int, Remark]:
    """The comments of a document that ignore advice, by their lines."""
    remarks = {}
    for text, place in document.list_comments():
        end = _find_end(text)
        if end:
            named, last = _read_codes(text, end, place)
            remarks[place.line] = Remark(place._replace(end_column=place.column + last), named)
    return remarks


def _find_end(text: str) -> int:
    """Where `modelspec: ignore` ends in a comment that begins with it; 0 in any other."""
    start = 1
    for word in ("modelspec:", "ignore"):
        while text[start : start + 1] in (" ", "\t"):
            start += 1
        if not text.startswith(word, start):
            return 0
        start += len(word)
    follows = text[start : start + 1]
    return 0 if follows and (follows.isalnum() or follows in "-_") else start


def _read_codes(text: str, start: int, place: Place) -> tuple[list[tuple[str, Place]], int]:
    """The codes that a comment names, with commas between, and where they end in it. What follows is for people."""
    codes: list[tuple[str, Place]] = []
    last = start
    if text[start : start + 1] == ":":
        start += 1
    while True:
        while text[start : start + 1] in (" ", "\t"):
            start += 1
        end = start
        while text[end : end + 1].isalnum():
            end += 1
        code = text[start:end]
        if not code.rstrip("0123456789").isalpha() or not code[-1].isdecimal():
            return codes, last
        column = place.column + start
        codes.append((code, Place(place.line, column, place.line, column + len(code))))
        last = start = end
        while text[start : start + 1] in (" ", "\t"):
            start += 1
        if text[start : start + 1] != ",":
            return codes, last
        start += 1
