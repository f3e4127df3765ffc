"""Where everything stands in a JSON text, and what is wrong there that Python's parser does not mind."""

from __future__ import annotations

import re
from json import decoder

from modelspec.diagnostics import Finding, Related
from modelspec.source.bounds import MAX_DEPTH, MAX_DIGITS, MAX_FAULTS, MAX_NODES
from modelspec.source.faults import explain_number, tell_depth
from modelspec.source.places import MAPPING, Index
from modelspec.source.text import Text, is_unicode, shorten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


__all__ = ["find_json_faults", "index_json"]

_scan = re.compile(r'[ \t\r\n]*+(?:("(?:[^"\\]++|\\.)*+")|([{}\[\],:])|([^\s"{}\[\],:]++))', re.DOTALL).match
_unescape: Callable[[str, int, bool], tuple[str, int]] = decoder.scanstring  # type: ignore[attr-defined]


def index_json(text: str, *, stop: int | None = None) -> Index:
    """Index a JSON text, up to an offset if one is given, and as far as it can be parsed."""
    return _index(text, None, stop)


def find_json_faults(text: str) -> list[Finding]:
    """Repeated keys, halves of characters, numbers out of bounds, and nesting beyond it, in a text that is JSON."""
    faults = _Faults(text)
    _index(text, faults)
    return faults.findings


class _Faults:
    """The faults met on the way through a text."""

    __slots__ = ("findings", "lines", "seen")

    def __init__(self, text: str) -> None:
        self.findings: list[Finding] = []
        self.lines = Text(text)
        self.seen: list[dict[str, tuple[int, int]]] = [{}]
        """Of every open container: where its keys stand."""

    @property
    def is_full(self) -> bool:
        return len(self.findings) >= MAX_FAULTS

    def tell(self, finding: Finding) -> None:
        if len(self.findings) == MAX_FAULTS - 1:
            hint = f"{finding.hint}; looking for more has stopped here, after {MAX_FAULTS} faults"
            finding = finding._replace(hint=hint)
        if not self.is_full:
            self.findings.append(finding)

    def check_string(self, value: str, start: int, end: int, *, is_key: bool) -> None:
        if not is_unicode(value):
            hint = "write both halves of the pair, or the character itself"
            place = self.lines.place(start, end)
            self.tell(Finding("MS102", "a lone surrogate: half of an escaped character", place, hint))
        if is_key:
            first = self.seen[-1].setdefault(value, (start, end))
            if first != (start, end):
                related = (Related(self.lines.place(*first), "the key stands here first"),)
                message = f"the key '{shorten(value)}' stands twice in one mapping"
                hint = "keep one of the two; the first is what the rest of the check goes by"
                self.tell(Finding("MS103", message, self.lines.place(start, end), hint, related=related))

    def check_word(self, word: str, start: int, end: int) -> None:
        digits = word.removeprefix("-")
        if word in ("NaN", "Infinity", "-Infinity"):
            hint = "leave it out, or write null where that is allowed"
            self.tell(Finding("MS115", f"{word} is not a number of JSON", self.lines.place(start, end), hint))
        elif digits.isdigit():
            if len(digits) > MAX_DIGITS:
                self.tell(explain_number(word, self.lines.place(start, end)))
        elif digits[:1].isdigit() and float(word) in (float("inf"), float("-inf")):
            self.tell(explain_number(word, self.lines.place(start, end)))


def _index(text: str, faults: _Faults | None, stop: int | None = None) -> Index:
    index = Index()
    wants_key: list[bool] = [False]
    position = 0
    while len(index.starts) <= MAX_NODES and (match := _scan(text, position)):
        if faults is not None and faults.is_full:
            break
        if stop is not None and position > stop:
            index.unfinished = frozenset(index.open)
            break
        string, mark, word = match.groups()
        position = end = match.end()
        start = end - len(mark or string or word)
        if string:
            node = index.add(start, end)
            try:
                value = _unescape(text, start + 1, False)[0] if "\\" in string else string[1:-1]
            except ValueError:
                break  # an escape that is none: told when the text was read
            if wants_key[-1]:
                index.labels[node] = value
            if faults is not None:
                faults.check_string(value, start, end, is_key=wants_key[-1])
        elif word:
            index.add(start, end)
            if faults is not None:
                faults.check_word(word, start, end)
        elif mark in ("{", "["):
            if len(index.open) == MAX_DEPTH:
                if faults is not None:
                    faults.tell(tell_depth(faults.lines.place(start, end)))
                break
            index.open_container(start, is_mapping=mark == "{")
            wants_key.append(mark == "{")
            if faults is not None:
                faults.seen.append({})
        elif mark in ("}", "]"):
            if not index.open:
                break
            index.close_container(end)
            wants_key.pop()
            if faults is not None:
                faults.seen.pop()
        else:
            wants_key[-1] = mark == "," and bool(index.open) and index.kinds[index.open[-1]] == MAPPING
    index.close_all()
    return index
