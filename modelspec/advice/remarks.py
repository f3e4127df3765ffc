"""What comments in a document ignore: `# modelspec: ignore MS601`, at the end of the line that a finding is on."""

from __future__ import annotations

import re
from typing import NamedTuple

from modelspec.diagnostics import Place
from modelspec.source import Document

__all__ = ["Remark", "list_remarks"]

_REMARK = re.compile(r"#[ \t]*modelspec: ?ignore(?![\w-])[ \t:]*([^#\r\n]*)")
_CODE = re.compile(r"[A-Za-z]+\d+(?:[ \t]*,[ \t]*[A-Za-z]+\d+)*")


class Remark(NamedTuple):
    """A comment that ignores advice on its line: that with these codes, each with its place, or all of it (none)."""

    place: Place
    codes: tuple[tuple[str, Place], ...]

    def covers(self, code: str) -> bool:
        """Whether this code is ignored."""
        return not self.codes or any(each == code for each, _ in self.codes)


def list_remarks(document: Document) -> dict[int, Remark]:
    """The comments of a document that ignore advice, by their lines."""
    if not document.has_remark:
        return {}
    remarks = {}
    for text, place in document.list_comments():
        match = _REMARK.match(text)
        if match is None:
            continue
        codes = _CODE.match(match[1])
        named = []
        for code in re.finditer(r"\w+", codes[0]) if codes else ():
            start = place.column + match.start(1) + code.start()
            named.append((code[0], Place(place.line, start, place.line, start + len(code[0]))))
        end = match.start(1) + (codes.end() if codes else 0)
        whole = Place(place.line, place.column, place.line, place.column + len(text[:end].rstrip(" \t:")))
        remarks[place.line] = Remark(whole, tuple(named))
    return remarks
