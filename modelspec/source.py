"""Text to a tree with places: the only module that knows YAML and JSON.

YAML is parsed by libyaml (PyYAML's C parser) and resolved by the core schema of YAML 1.2, JSON by the parser of the
standard library; both give the same tree. Where the two YAML versions would read one text differently, that is a
finding. Positions are not kept: a fault met while reading has its place from the parser's event, and the first question
for any other place reads the text once more and indexes it.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from modelspec.diagnostics import Finding, Place, Related, Route, Where

try:
    from yaml._yaml import CParser as _Parser
except ImportError:  # PyYAML built without libyaml: the same events, some fifty times slower
    from yaml.parser import Parser as _EventParser
    from yaml.reader import Reader as _Reader
    from yaml.scanner import Scanner as _Scanner

    class _Parser(_Reader, _Scanner, _EventParser):  # type: ignore[no-redef]
        def __init__(self, data: bytes) -> None:
            _Reader.__init__(self, data)
            _Scanner.__init__(self)
            _EventParser.__init__(self)

        def get_event(self) -> Any:
            event: Any = super().get_event()  # type: ignore[no-untyped-call]
            if event.__class__ is ScalarEvent and not _is_unicode(event.value):
                # As libyaml does.
                mark: Any = event.start_mark
                raise yaml.scanner.ScannerError("", mark, "found invalid Unicode character escape code", mark)
            return event


__all__ = [
    "MARK",
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_DIGITS",
    "MAX_EXPANSION",
    "MAX_FAULTS",
    "MAX_NODES",
    "Document",
    "Tree",
    "is_marked",
    "read",
    "read_mapping",
]

Tree = dict[str, "Tree"] | list["Tree"] | str | int | float | bool | None
"""Plain values, to be read and not changed: what YAML aliases share is one object here too."""

MARK = "modelspec"
"""The top-level key by which a file is known to be a spec."""

MAX_BYTES = 8 * 2**20
"""Bytes of a file: the largest real spec is a hundredth of it, and it is read well within a second."""
MAX_NODES = 1_250_000
"""Keys, values and closing brackets of a file: as many as 200,000 layers of two arguments have; the densest text of
`MAX_BYTES` holds four times as many, which would take seconds."""
MAX_DEPTH = 200
"""Nesting: deep enough for any model, and shallow enough for recursion."""
MAX_EXPANSION = 10
"""How many times larger than the file a tree may become when its aliases are written out."""
MAX_DIGITS = 40
"""Digits of an integer: sizes end at 10^30, and converting digits takes quadratic time."""
MAX_FAULTS = 200
"""Faults told of one text: more than anyone mends in one go."""

_CACHED_SCALARS = 1 << 16
_CACHED_LENGTH = 64
_BOM = b"\xef\xbb\xbf"
_TOP = Place(1, 1, 1, 1)
_GO_ON = frozenset({"MS103", "MS104", "MS105", "MS106"})
"""Faults after which the tree still says what its author meant, so that it can be checked further."""

Scalar = str | int | float | bool | None


class Document:
    """A text that has been read.

    `path` is as shown to people; `tree` is None if nothing could be read; `findings` are of the text alone (MS1xx);
    `readable` says whether `tree` can be gone on with: a key that stands twice is a finding, and the first one is
    kept, but after a syntax error there is nothing to go on with.
    """

    __slots__ = ("_data", "_index", "_is_json", "_text", "findings", "path", "readable", "tree")

    def __init__(
        self, path: str, data: bytes, tree: Tree, findings: tuple[Finding, ...], *, readable: bool, is_json: bool
    ) -> None:
        self.path = path
        self.tree = tree
        self.findings = findings
        self.readable = readable
        self._data = data
        self._is_json = is_json
        self._text: _Text | None = None
        self._index: _Index | None = None

    def _read_text(self) -> _Text:
        if self._text is None:
            self._text = _Text(self._data.decode("utf-8", "replace"))
        return self._text

    def place(self, where: Where | Place) -> Place:
        """Where a value, a key or a stretch of a scalar stands.

        A route that is not in the document gives the place of its nearest parent that is: in block style the first
        key (or entry) of it. A value that is an alias is placed at its anchor, where it has to be mended.
        """
        if isinstance(where, Place):
            return where
        lines = self._read_text()
        if self._index is None:
            index = _index_json if self._is_json else _index_yaml
            self._index = index(lines.text)
        start, end = self._index.locate(where, lines.text)
        return lines.place(start, end)

    def line(self, number: int) -> str:
        """The text of a line, counted from 1, without its line break; empty if there is none."""
        return self._read_text().line(number)


class _Text:
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


def read(data: bytes, path: str) -> Document:
    """Read a text as YAML, or as JSON if `path` ends in `.json`. Never raises; what is wrong is in the findings.

    The caller need not give more than the first `MAX_BYTES` + 1 bytes of a file. A byte order mark is passed over.
    """
    is_json = path[-5:].lower() == ".json"
    if len(data) > MAX_BYTES:
        finding = Finding(
            "MS110",
            f"the file is larger than {MAX_BYTES // 2**20} MiB, the most that is read",
            _TOP,
            "a spec describes layers; weights and data belong into other files",
        )
        return Document(path, data[: 1 << 16], None, (finding,), readable=False, is_json=is_json)
    if data.startswith(_BOM):
        data = data[len(_BOM) :]
    if not data.isascii():
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            finding = _explain_encoding(data, error)
            return Document(path, data, None, (finding,), readable=False, is_json=is_json)
        if not is_json and "\ufeff" in text:
            start = text.index("\ufeff")
            place = _Text(text).place(start, start + 1)
            finding = Finding("MS102", "a byte order mark (U+FEFF) in the middle of the text", place, "delete it")
            return Document(path, data, None, (finding,), readable=False, is_json=False)
        if not is_json and ("\x85" in text or "\u2028" in text or "\u2029" in text):
            return _read_with_breaks(text, path)
    tree, findings = _read_json(data) if is_json else _read_yaml(data)
    readable = not findings or _can_go_on(tree, findings)
    return Document(path, data, tree, tuple(findings), readable=readable, is_json=is_json)


# --- YAML to tree ---------------------------------------------------------------------------------------------------


class _StopError(Exception):
    """Reading cannot go on, for the reason in `finding`."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


class _RecheckError(Exception):
    """A plain scalar is out of bounds: read again, watching every event, to say which."""


class _PlainScalars(dict[str, Scalar]):
    """Plain scalars by their text, as far as they have been met: YAML 1.2, core schema."""

    __slots__ = ()

    def __missing__(self, text: str) -> Scalar:
        value = _resolve(text)
        if value.__class__ is float and value in (float("inf"), float("-inf")):
            raise _RecheckError
        if len(text) <= _CACHED_LENGTH and len(self) < _CACHED_SCALARS:
            self[text] = value
        return value


def _resolve(text: str) -> Scalar:
    """A plain scalar that is no word of the schema: a number, or a string. A number out of bounds is infinite."""
    if text.strip("0123456789+-.eE"):
        if text.startswith("0x") and len(text) > 2 and not text[2:].strip("0123456789abcdefABCDEF"):
            return _bounded(text[2:], 16)
        if text.startswith("0o") and len(text) > 2 and not text[2:].strip("01234567"):
            return _bounded(text[2:], 8)
        return text
    digits = text[1:] if text[:1] in ("+", "-") else text
    if digits.isdigit():
        value = _bounded(digits, 10)
        return -value if text[0] == "-" else value
    try:
        # Made of these characters only, Python's floats are the core schema's, to the letter.
        return float(text)
    except ValueError:
        return text


def _bounded(digits: str, base: int) -> int | float:
    return int(digits, base) if len(digits) <= MAX_DIGITS else float("inf")


_WORDS: dict[str, Scalar] = dict.fromkeys(("", "~", "null", "Null", "NULL"))
_WORDS |= dict.fromkeys(("true", "True", "TRUE"), True) | dict.fromkeys(("false", "False", "FALSE"), False)
_WORDS |= dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan"))
_WORDS |= {sign + word: float(sign + "inf") for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")}
_PLAIN = _PlainScalars(_WORDS)
_ODD_KEYS = frozenset({"<<", "", "~", "null", "Null", "NULL"})


def _read_yaml(data: bytes) -> tuple[Tree, list[Finding]]:
    if b"%TAG" in data and (fault := _find_tag_directive(data)):
        return None, [fault]
    # Without these characters there are no anchors and no tags: then no event needs a second look.
    watched = b"&" in data or b"!" in data
    reading = _Reading(data)
    try:
        tree = reading.run(watched=watched)
    except _RecheckError:
        reading = _Reading(data)
        tree = reading.run(watched=True, tells_numbers=True)
    findings = reading.findings
    if b"\t" in data and not any(finding.code in ("MS101", "MS104") for finding in findings):
        findings += _find_tabs(data.decode())
    return tree, findings


def _count_separators(data: bytes) -> int:
    """A bound for a third of the number of nodes: a separator is followed by a container, a key and a value at most."""
    if len(data) <= MAX_NODES // 3:
        return 0
    return sum(map(data.count, (b",", b":", b"\n", b"\r", b"-", b"?", b"[", b"{")))


class _Reading:
    """One reading of one YAML text: the tree, and the faults met on the way."""

    __slots__ = ("data", "findings", "get", "keys_open", "repeats", "watch")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.findings: list[Finding] = []
        self.repeats: list[tuple[int, int, int, str]] = []
        """Of a key that stands twice: the finding's number, where its mapping and it begin, and the key."""
        self.keys_open = 0
        """How many keys that are no text are being read, one inside of the other."""
        self.watch: _Watch | None = None
        self.get: Callable[[], Any]

    def run(self, *, watched: bool, tells_numbers: bool = False) -> Tree:
        """The tree of the first document; None if it cannot be read to its end."""
        tree: Tree = None
        try:
            self.get = _Parser(self.data).get_event
            if _count_separators(self.data) > MAX_NODES // 3:
                from itertools import islice

                self.get = islice(iter(self.get, None), MAX_NODES).__next__
            if watched:
                self.watch = _Watch(self, tells_numbers=tells_numbers)
                self.get = self.watch.get
            tree = self._read_document()
            if self.watch is not None:
                self.watch.check_expansion()
        except _StopError as stop:
            self.findings.append(stop.finding)
        except StopIteration:
            self.findings.append(_too_many())
        except yaml.YAMLError as error:
            self.findings.append(_explain_yaml(error, self.data.decode()))
        if self.repeats:
            self._relate_repeats()
        return tree

    def _read_document(self) -> Tree:
        get = self.get
        get()
        event = get()
        if event.__class__ is StreamEndEvent:
            raise _StopError(_empty())
        version = event.version
        if version is not None and tuple(version) != (1, 2):
            hint = "remove the %YAML line, and write true or false for yes and no"
            number = ".".join(map(str, version))
            line, column, _, _ = _place(event)
            place = Place(line, column, line, column + len("%YAML 1.1"))
            self.fault("MS101", f"the file asks to be read as YAML {number}; specs are YAML 1.2", place, hint)
        event = get()
        is_blank = event.__class__ is ScalarEvent and not event.value and event.implicit[0]
        tree = self._build()(event, 1)
        get()
        event = get()
        if event.__class__ is DocumentStartEvent:
            self.fault("MS106", "a second document begins here", event, "a spec is one document: one file for each")
        elif is_blank:
            raise _StopError(_empty())
        return tree

    def _build(self) -> Callable[[Any, int], Tree]:
        """The builder: one function for a container, recursive, and no look at a position unless something is odd."""
        get, plain, odd_keys = self.get, _PLAIN, _ODD_KEYS
        take_alias, close_anchor, tell_odd_key = self.take_alias, self.close_anchor, self.tell_odd_key

        def build(opening: Any, depth: int) -> Tree:
            if depth > MAX_DEPTH:
                raise _StopError(_too_deep(_place(opening)))
            if opening.__class__ is MappingStartEvent:
                mapping: dict[str, Tree] = {}
                while True:
                    event = get()
                    if event.__class__ is ScalarEvent:
                        key = event.value
                        if key not in mapping and (key not in odd_keys or not event.implicit[0]):
                            event = get()
                            if event.__class__ is ScalarEvent:
                                mapping[key] = plain[event.value] if event.implicit[0] else event.value
                            elif event.__class__ is AliasEvent:
                                mapping[key] = take_alias(event)
                            else:
                                mapping[key] = build(event, depth + 1)
                            continue
                    elif event.__class__ is MappingEndEvent:
                        break
                    # The key cannot stand; its value is read for the faults in it, and left out.
                    tell_odd_key(event, opening)
                    if event.__class__ is MappingStartEvent or event.__class__ is SequenceStartEvent:
                        self.keys_open += 1
                        build(event, depth + 1)
                        self.keys_open -= 1
                    build_any(get(), depth + 1)
                if opening.anchor is not None:
                    close_anchor(mapping)
                return mapping
            sequence: list[Tree] = []
            append = sequence.append
            while True:
                event = get()
                if event.__class__ is ScalarEvent:
                    append(plain[event.value] if event.implicit[0] else event.value)
                elif event.__class__ is SequenceEndEvent:
                    break
                elif event.__class__ is AliasEvent:
                    append(take_alias(event))
                else:
                    append(build(event, depth + 1))
            if opening.anchor is not None:
                close_anchor(sequence)
            return sequence

        def build_any(event: Any, depth: int) -> Tree:
            if event.__class__ is ScalarEvent:
                return plain[event.value] if event.implicit[0] else event.value
            return take_alias(event) if event.__class__ is AliasEvent else build(event, depth)

        return build_any

    def fault(self, code: str, message: str, where: Any, hint: str) -> None:
        """Note a fault, at an event or a place. After `MAX_FAULTS` of them reading stops."""
        place = where if isinstance(where, Place) else _place(where)
        finding = Finding(code, message, place, hint)
        if len(self.findings) + 1 >= MAX_FAULTS:
            raise _StopError(finding._replace(hint=f"{hint}; reading has stopped here, after {MAX_FAULTS} faults"))
        self.findings.append(finding)

    def tell_odd_key(self, event: Any, opening: Any) -> None:
        kind = event.__class__
        if kind is not ScalarEvent:
            if self.keys_open:
                return
            if kind is AliasEvent:
                self.fault("MS114", "a key is an alias", event, "write the key out")
                return
            what = "mapping" if kind is MappingStartEvent else "list"
            hint = "a key is a name; quote the text if it is meant as it stands"
            start = event.start_mark.index
            if what == "mapping" and self.data.decode()[start - 1 : start] == "{":
                hint = "braces in braces are a mapping to YAML; if this is a template, render it first, else quote it"
            self.fault("MS114", f"a key is a {what}", event, hint)
        elif event.value == "<<" and event.implicit[0]:
            hint = "YAML 1.2 has no merge keys: write the keys out, or share values by 'variables'"
            self.fault("MS108", "a merge key '<<'", event, hint)
        elif event.value in _ODD_KEYS and event.implicit[0]:
            message = f"the key is {event.value}" if event.value else "a value without a key"
            hint = f"put quotes around it: '{event.value}':" if event.value else "write the key before the colon"
            self.fault("MS114", f"{message}, and a key must be text" if event.value else message, event, hint)
        else:
            self.repeats.append((len(self.findings), opening.start_mark.index, event.start_mark.index, event.value))
            hint = "keep one of the two; the first is what the rest of the check goes by"
            self.fault("MS103", f"the key '{_shorten(event.value)}' stands twice in one mapping", event, hint)

    def _relate_repeats(self) -> None:
        text = _Text(self.data.decode())
        index = _index_yaml(text.text, stop=self.repeats[-1][2])
        for number, opening, _, key in self.repeats:
            first = text.place(*index.find_key(opening, key))
            related = (Related(first, "the key stands here first"),)
            self.findings[number] = self.findings[number]._replace(related=related)

    def take_alias(self, event: Any) -> Tree:
        watch = self.watch
        if watch is None or event.anchor not in watch.anchors:
            hint = (
                "to YAML a '*' in front of a word refers to an anchor '&' earlier in the file; quote it if it is text"
            )
            self.fault("MS109", f"the alias '*{_shorten(event.anchor)}' has no anchor before it", event, hint)
            return None
        return watch.take_alias(event)

    def close_anchor(self, value: Tree) -> None:
        if self.watch is not None:
            self.watch.close_anchor(value)


class _Anchor:
    """What an anchor stands for: its value, how many nodes and how many levels it is with its aliases written out."""

    __slots__ = ("height", "is_open", "peak", "size", "value")

    def __init__(self, value: Tree, size: int, peak: int, is_open: bool) -> None:
        self.value = value
        self.size = size
        self.peak = peak
        self.height = 0
        self.is_open = is_open


class _Watch:
    """Looks at every event of a text that has anchors, tags or very many nodes, before the builder sees it."""

    __slots__ = (
        "anchors",
        "depth",
        "extra",
        "has_bare_tags",
        "largest",
        "next",
        "nodes",
        "open",
        "peak",
        "reading",
        "tells_numbers",
        "text",
    )

    def __init__(self, reading: _Reading, *, tells_numbers: bool) -> None:
        import re

        self.reading = reading
        self.next: Callable[[], Any] = reading.get
        self.text = reading.data.decode()
        self.tells_numbers = tells_numbers
        # The one tag that the parser keeps to itself.
        self.has_bare_tags = re.search(r"(?<![^\s\[{,:])!(?![^\s,\]}])", self.text) is not None
        self.anchors: dict[str, _Anchor] = {}
        self.open: list[_Anchor] = []
        self.nodes = 0
        self.extra = 0
        """How many nodes more there are with all aliases written out."""
        self.depth = 0
        self.peak = 0
        """The deepest level since the innermost open anchor."""
        self.largest: tuple[int, Any] = (0, None)

    def get(self) -> Any:
        event = self.next()
        kind = event.__class__
        if kind is ScalarEvent:
            self.nodes += 1
            if event.tag is not None or self.has_bare_tags:
                self._tell_tag(event)
            if self.tells_numbers and event.implicit[0]:
                event = self._check_number(event)
            if event.anchor is not None:
                value = _PLAIN[event.value] if event.implicit[0] else event.value
                self.anchors[event.anchor] = _Anchor(value, 1, 0, False)
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            self.nodes += 1
            self.depth += 1
            if event.tag is not None:
                self._tell_tag(event)
            if event.anchor is not None:
                # The size and the peak before it, from which its own are had when it closes.
                anchor = self.anchors[event.anchor] = _Anchor(None, self.nodes + self.extra - 1, self.peak, True)
                self.open.append(anchor)
                self.peak = self.depth
            elif self.depth > self.peak:
                self.peak = self.depth
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            self.depth -= 1
        elif kind is AliasEvent:
            self.nodes += 1
        return event

    def _check_number(self, event: Any) -> Any:
        """Tell a number out of bounds, and put text in its place."""
        try:
            _PLAIN[event.value]
        except _RecheckError:
            self.reading.fault(*_out_of_bounds(event.value), _place(event), _NUMBER_HINT)
            return ScalarEvent(event.anchor, None, (False, True), "0", event.start_mark, event.end_mark)
        return event

    def _tell_tag(self, event: Any) -> None:
        first = event.start_mark.index
        if event.end_mark.index == first or self.text[first] not in "&!":
            return
        for start, end in _match_properties(self.text, first):
            if self.text[start] == "!":
                tag = _shorten(self.text[start:end])
                hint = "remove it: a value's kind shows in how it is written, and text may stand in quotes"
                mark = event.start_mark
                shift = start - mark.index
                place = Place(mark.line + 1, mark.column + 1 + shift, mark.line + 1, mark.column + 1 + end - mark.index)
                if "\n" in self.text[mark.index : start]:
                    place = _Text(self.text).place(start, end)
                self.reading.fault("MS107", f"the YAML tag '{tag}' is not part of the language", place, hint)

    def take_alias(self, event: Any) -> Tree:
        """The value of a known anchor."""
        anchor = self.anchors[event.anchor]
        name = _shorten(event.anchor)
        if anchor.is_open:
            hint = "a value cannot hold itself; refer to something that ends before this line"
            self.reading.fault("MS109", f"the alias '*{name}' stands inside of its own anchor", event, hint)
            return None
        # Capped, as sizes double with every line of a bomb.
        self.extra = min(self.extra + anchor.size - 1, 10**15)
        self.largest = max(self.largest, (anchor.size, event), key=lambda pair: pair[0])
        if self.depth + anchor.height > MAX_DEPTH:
            raise _StopError(_too_deep(_place(event)))
        self.peak = max(self.peak, self.depth + anchor.height)
        return anchor.value

    def close_anchor(self, value: Tree) -> None:
        """The innermost anchored container has ended, and this is its value."""
        anchor = self.open.pop()
        anchor.value = value
        anchor.is_open = False
        anchor.size = self.nodes + self.extra - anchor.size
        anchor.height = self.peak - self.depth
        self.peak = max(anchor.peak, self.peak)

    def check_expansion(self) -> None:
        if self.nodes + self.extra > MAX_EXPANSION * self.nodes:
            size, event = self.largest
            message = f"written out, the aliases make this file more than {MAX_EXPANSION} times as large"
            hint = f"this one alone stands for {size:,} values; write variables or repeated layers instead"
            raise _StopError(Finding("MS112", message, _place(event), hint))


def _place(event: Any) -> Place:
    start, end = event.start_mark, event.end_mark
    return Place(start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def _match_properties(text: str, start: int) -> list[tuple[int, int]]:
    """The tag and the anchor that stand before a node's content, in their order."""
    import re

    found: list[tuple[int, int]] = []
    pattern = re.compile(r"([&!][^\s,\[\]{}]*)(?:(?:[ \t]|\r?\n|#[^\r\n]*+)*+)")
    while len(found) < 2 and (match := pattern.match(text, start)):
        found.append(match.span(1))
        start = match.end()
    return found


def _shorten(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"


_NUMBER_HINT = "put quotes around it if it is text"


def _out_of_bounds(text: str) -> tuple[str, str]:
    if not text.startswith("0x") and ("." in text or "e" in text.lower()):
        return "MS115", f"the number {_shorten(text)} is larger than any floating-point number"
    return "MS115", f"the number {_shorten(text)} has more than {MAX_DIGITS} digits"


def _empty() -> Finding:
    return Finding("MS113", "the file is empty", _TOP, f"a spec begins with '{MARK}: 1'; 'modelspec init' writes one")


def _too_deep(place: Place) -> Finding:
    hint = "no model needs it; look for brackets that never close"
    return Finding("MS111", f"the file is nested more than {MAX_DEPTH} levels deep", place, hint)


def _can_go_on(tree: Tree, findings: list[Finding]) -> bool:
    return tree is not None and all(finding.code in _GO_ON for finding in findings)


def _read_with_breaks(text: str, path: str) -> Document:
    """A YAML text that holds a line break of YAML 1.1 only: told once, and read as if it were a space."""
    import re

    found = re.search("[\x85\u2028\u2029]", text)
    first = found.start() if found else 0
    name = {"\x85": "NEL, U+0085", "\u2028": "a line separator, U+2028", "\u2029": "a paragraph separator, U+2029"}
    finding = Finding(
        "MS105",
        f"an invisible character ({name[text[first]]}) that only YAML 1.1 takes for the end of a line",
        _Text(text).place(first, first + 1),
        "delete it here and wherever else it stands, or write it as an escape in double quotes",
    )
    tree, findings = _read_yaml(_without_breaks(text).encode())
    # A syntax error is most likely nothing but the line that does not end.
    findings = [finding, *(other for other in findings if other.code != "MS101")]
    return Document(path, text.encode(), tree, tuple(findings), readable=_can_go_on(tree, findings), is_json=False)


def _without_breaks(text: str) -> str:
    return text.replace("\x85", " ").replace("\u2028", " ").replace("\u2029", " ")


def _find_tag_directive(data: bytes) -> Finding | None:
    """A %TAG line, looked for before parsing: libyaml takes quadratic time over many of them."""
    import re

    match = re.search(rb"(?:^|[\r\n])(%TAG[^\r\n]*)", data)
    if match is None:
        return None
    place = _Text(data.decode()).place(len(data[: match.start(1)].decode()), len(data[: match.end(1)].decode()))
    return Finding("MS107", "a %TAG line: YAML tags are not part of the language", place, "remove the line")


def _find_tabs(text: str) -> list[Finding]:
    """The first tab that indents or separates; in quotes, block scalars, comments and at line ends it is harmless."""
    import re
    from bisect import bisect_right

    index: _Index | None = None
    indexed = 0
    for match in re.finditer(r"\t++(?=[^\s#])", text):
        start = match.start()
        line = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
        if re.search(r"(?:^|\s)#", text[line:start]):
            continue
        if index is None:
            index = _index_yaml(text, stop=start)
            indexed = start
        elif indexed < start:
            index = _index_yaml(text)
            indexed = len(text)
        node = bisect_right(index.starts, start) - 1
        if not (node >= 0 and index.ends[node] > start and text[_skip_properties(text, index.starts[node])] in "'\"|>"):
            place = _Text(text).place(start, match.end())
            return [Finding("MS104", "a tab where YAML wants spaces", place, _TAB_HINT)]
    return []


_TAB_HINT = "replace the tabs by spaces; most editors can do so on saving"

# --- JSON to tree ---------------------------------------------------------------------------------------------------


def _read_json(data: bytes) -> tuple[Tree, list[Finding]]:
    import json
    import re

    text = data.decode()
    if not text.strip(" \t\r\n"):
        return None, [_empty()]
    if _count_separators(data) > MAX_NODES and (fault := _count_json(data)):
        return None, [fault]
    # Whatever is odd is only noticed here; where it stands is found by a scan of the text.
    odd: list[object] = []
    if re.search(
        rb"[0-9]{41}|[eE]\+?[0-9]{3}"
        rb"|\\u[dD][89abAB]..(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F]",
        data,
    ):
        odd.append("a number or an escape that may be out of bounds")

    def build(pairs: list[tuple[str, Tree]]) -> dict[str, Tree]:
        mapping = dict(pairs)
        if len(mapping) != len(pairs):
            odd.append("repeat")
            mapping = {}
            for key, value in pairs:
                mapping.setdefault(key, value)
        return mapping

    def read_integer(digits: str) -> int:
        return int(digits) if len(digits) <= MAX_DIGITS + 1 else 0

    tree: Tree = None
    try:
        tree = json.loads(
            text, object_pairs_hook=build, parse_int=read_integer if odd else None, parse_constant=odd.append
        )
    except RecursionError:
        odd.append("deep")
    except json.JSONDecodeError as error:
        return None, [_explain_json(error.msg, error.pos, text)]
    faults: list[Finding] = []
    if odd or _is_deep(tree):
        _index_json(text, faults)
        if any(fault.code == "MS111" for fault in faults):
            tree = None
    return tree, faults


def _is_deep(tree: Tree) -> bool:
    level: list[Tree] = [tree]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node if isinstance(node, list) else ())
            if isinstance(child, (dict, list))
        ]
        if not level:
            return False
    return True


def _count_json(data: bytes) -> Finding | None:
    import re

    separators = 0
    for match in re.finditer(rb'"(?:[^"\\]++|\\.)*+"|([,:\[{])', data, flags=re.DOTALL):
        if match.lastindex:
            separators += 1
            if separators > MAX_NODES:
                return _too_many()
    return None


def _too_many() -> Finding:
    message = f"the file holds more than {MAX_NODES:,} keys, values and closing brackets, the most that is read"
    return Finding("MS110", message, _TOP, "a spec describes layers; weights and data belong into other files")


# --- Places ---------------------------------------------------------------------------------------------------------


_SCALAR, _MAPPING, _LIST = 0, 1, 2


class _Index:
    """Where every key and value of a text stands, in the order of the text: a node is followed by its children."""

    __slots__ = ("after", "aliases", "ends", "entries", "keys", "kinds", "labels", "last_end", "open", "starts")

    def __init__(self) -> None:
        self.starts = array("L")
        self.ends = array("L")
        self.after = array("L")
        """The first node that is not inside of this one."""
        self.kinds = bytearray()
        """Of every node: `_SCALAR`, `_MAPPING` or `_LIST`."""
        self.labels: dict[int, str] = {}
        """The text of keys."""
        self.aliases: dict[int, int] = {}
        self.keys: dict[int, dict[str | int | None, int]] = {}
        """Of the mappings that were asked for: the node of each key."""
        self.entries: dict[int, array[int]] = {}
        """Of the lists that were asked for: the node of each entry."""
        self.open: list[int] = []
        self.last_end = 0

    def add(self, start: int, end: int) -> int:
        node = len(self.starts)
        self.starts.append(start)
        self.ends.append(end)
        self.after.append(node + 1)
        self.kinds.append(_SCALAR)
        self.last_end = end
        return node

    def open_container(self, start: int, *, is_mapping: bool) -> int:
        node = self.add(start, start)
        self.kinds[node] = _MAPPING if is_mapping else _LIST
        self.open.append(node)
        return node

    def close_container(self, end: int | None = None) -> None:
        """The innermost open container ends: here, or (in block style) where its last child does."""
        node = self.open.pop()
        self.last_end = self.ends[node] = self.last_end if end is None else end
        self.after[node] = len(self.starts)

    def close_all(self) -> None:
        while self.open:
            self.close_container()

    def find_child(self, node: int, step: str | int) -> tuple[int, int] | None:
        """The nodes of the key and the value that a step of a route leads to; of two equal keys the first."""
        node = self.aliases.get(node, node)
        if self.kinds[node] == _MAPPING:
            if node not in self.keys:
                self.keys[node] = {}
                for key in self._list_children(node)[::2]:
                    self.keys[node].setdefault(self.labels.get(key), key)
            found = self.keys[node].get(step)
            return None if found is None else (found, min(self.after[found], self.after[node] - 1))
        if self.kinds[node] == _LIST and isinstance(step, int):
            if node not in self.entries:
                self.entries[node] = self._list_children(node)
            entries = self.entries[node]
            return (entries[step], entries[step]) if 0 <= step < len(entries) else None
        return None

    def _list_children(self, node: int) -> array[int]:
        children = array("L")
        child, end, after = node + 1, self.after[node], self.after
        while child < end:
            children.append(child)
            child = after[child]
        return children

    def find_key(self, opening: int, key: str) -> tuple[int, int]:
        """Start and end of a key in the mapping that begins at an offset."""
        from bisect import bisect_left

        node = bisect_left(self.starts, opening)
        while node < len(self.starts) and self.kinds[node] != _MAPPING:
            node += 1
        child = self.find_child(node, key) if node < len(self.starts) else None
        return (self.starts[child[0]], self.ends[child[0]]) if child else (opening, opening)

    def locate(self, where: Where, text: str) -> tuple[int, int]:
        """Start and end of what a route leads to, or of what is there of it."""
        if not self.starts:
            return 0, 0
        key = node = 0
        for step in where.route:
            child = self.find_child(node, step)
            if child is None:
                return self._locate_nearest(node, text)
            key, node = child
        if where.part == "key":
            node = key
        node = self.aliases.get(node, node)
        start, end = _skip_properties(text, self.starts[node]), self.ends[node]
        if start >= end:
            return self.starts[node], max(end, self.starts[node])
        if where.span is not None and self.kinds[node] == _SCALAR:
            return _cut(text, start, end, where.span)
        return start, end

    def _locate_nearest(self, node: int, text: str) -> tuple[int, int]:
        """What to point at for something that is missing from a container."""
        node = self.aliases.get(node, node)
        start = _skip_properties(text, self.starts[node])
        if text[start : start + 1] not in ("{", "[") and self.after[node] > node + 1:
            node += 1
            start = _skip_properties(text, self.starts[node])
        return start, max(start, self.ends[node])


def _skip_properties(text: str, start: int) -> int:
    """Where a node's content begins, behind its tag and anchor."""
    if text[start : start + 1] in ("&", "!"):
        import re

        match = re.compile(r"(?:[&!][^\s,\[\]{}]*+(?:[ \t\r\n]|(?<=\s)#[^\r\n]*+)*+)*+").match(text, start)
        return match.end() if match else start
    return start


def _cut(text: str, start: int, end: int, span: tuple[int, int]) -> tuple[int, int]:
    """A stretch of a scalar's value as a stretch of its text; the whole scalar where the two are not written alike."""
    quote = text[start]
    if quote in "'\"" and end - start >= 2:
        inside = text[start + 1 : end - 1]
        is_literal = "''" not in inside if quote == "'" else "\\" not in inside
        first = start + 1
    else:
        inside, is_literal, first = text[start:end], quote not in "|>", start
    a, b = span
    if not is_literal or "\n" in inside or "\r" in inside or not 0 <= a <= b <= len(inside):
        return start, end
    return first + a, first + b


def _index_yaml(text: str, *, stop: int | None = None) -> _Index:
    """Index the first document of a YAML text, up to an offset if one is given, and as far as it can be parsed."""
    index = _Index()
    data = _without_breaks(text).encode("utf-8", "replace")
    if b"%TAG" in data and _find_tag_directive(data):
        return index
    from itertools import islice

    add, labels, anchors = index.add, index.labels, dict[str, int]()
    wants_key: list[bool] = [False]
    try:
        get: Callable[[], Any] = islice(iter(_Parser(data).get_event, None), MAX_NODES).__next__
        get()
        event = get()
        while event.__class__ is not StreamEndEvent:
            event = get()
            kind = event.__class__
            if kind is ScalarEvent:
                start, end = event.start_mark.index, event.end_mark.index
                if event.style == "|" or event.style == ">":
                    end = start + len(text[start:end].rstrip())
                node = add(start, end)
                if wants_key[-1]:
                    labels[node] = event.value
                if event.anchor is not None:
                    anchors[event.anchor] = node
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                if len(index.open) == MAX_DEPTH:
                    break
                node = index.open_container(event.start_mark.index, is_mapping=kind is MappingStartEvent)
                if event.anchor is not None:
                    anchors[event.anchor] = node
                wants_key.append(kind is MappingStartEvent)
                continue
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                start, end = event.start_mark.index, event.end_mark.index
                wants_key.pop()
                index.close_container(end if end > start else None)
            elif kind is AliasEvent:
                node = add(event.start_mark.index, event.end_mark.index)
                if event.anchor in anchors:
                    index.aliases[node] = anchors[event.anchor]
            else:
                break
            if index.open and index.kinds[index.open[-1]] == _MAPPING:
                wants_key[-1] = not wants_key[-1]
            if stop is not None and index.last_end > stop:
                break
    except (yaml.YAMLError, StopIteration):
        pass  # told when the text was read; what stands before it has its places
    index.close_all()
    return index


def _index_json(text: str, faults: list[Finding] | None = None) -> _Index:
    """Index a JSON text, as far as it can be parsed; with a list given, tell what the parser does not mind."""
    import re
    from json import decoder

    scan = re.compile(r'[ \t\r\n]*+(?:("(?:[^"\\]++|\\.)*+")|([{}\[\],:])|([^\s"{}\[\],:]++))', re.DOTALL).match
    unescape: Callable[[str, int, bool], tuple[str, int]] = decoder.scanstring  # type: ignore[attr-defined]
    index = _Index()
    lines = _Text(text)
    wants_key: list[bool] = [False]
    seen: list[dict[str, tuple[int, int]]] = [{}]

    def tell(code: str, message: str, hint: str, *related: Related) -> None:
        if faults is not None and len(faults) < MAX_FAULTS:
            faults.append(Finding(code, message, lines.place(start, end), hint, related=related))

    position = 0
    while len(index.starts) <= MAX_NODES and (match := scan(text, position)):
        if faults is not None and len(faults) >= MAX_FAULTS:
            break
        string, mark, word = match.groups()
        position = end = match.end()
        start = end - len(mark or string or word)
        if string or word:
            node = index.add(start, end)
        if string:
            try:
                value = unescape(text, start + 1, False)[0] if "\\" in string else string[1:-1]
            except ValueError:
                break  # an escape that is none: told when the text was read
            if "\\" in string and not _is_unicode(value):
                hint = "write both halves of the pair, or the character itself"
                tell("MS102", "a lone surrogate: half of an escaped character", hint)
            if wants_key[-1]:
                index.labels[node] = value
                if faults is not None:
                    if value in seen[-1]:
                        related = Related(lines.place(*seen[-1][value]), "the key stands here first")
                        hint = "keep one of the two; the first is what the rest of the check goes by"
                        tell("MS103", f"the key '{_shorten(value)}' stands twice in one mapping", hint, related)
                    seen[-1].setdefault(value, (start, end))
        elif word:
            if faults is not None:
                _tell_json_number(word, tell)
        elif mark in ("{", "["):
            if len(index.open) == MAX_DEPTH:
                if faults is not None:
                    faults.append(_too_deep(lines.place(start, end)))
                break
            index.open_container(start, is_mapping=mark == "{")
            wants_key.append(mark == "{")
            seen.append({})
        elif mark in ("}", "]"):
            if not index.open:
                break
            index.close_container(end)
            wants_key.pop()
            seen.pop()
        else:
            wants_key[-1] = mark == "," and bool(index.open) and index.kinds[index.open[-1]] == _MAPPING
    index.close_all()
    return index


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _tell_json_number(word: str, tell: Callable[..., None]) -> None:
    if word in ("NaN", "Infinity", "-Infinity"):
        tell("MS115", f"{word} is not a number of JSON", "leave it out, or write null where that is allowed")
    elif word.removeprefix("-").isdigit():
        if len(word.removeprefix("-")) > MAX_DIGITS:
            tell(*_out_of_bounds(word), _NUMBER_HINT)
    elif word[:1] in "-0123456789" and float(word) in (float("inf"), float("-inf")):
        tell(*_out_of_bounds(word), _NUMBER_HINT)


# --- Syntax errors in plain words -----------------------------------------------------------------------------------


def _explain_encoding(data: bytes, error: UnicodeDecodeError) -> Finding:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Finding("MS102", "the file is UTF-16, not UTF-8", _TOP, "save it as UTF-8")
    before = data[: error.start].decode()
    place = _Text(before + "?").place(len(before), len(before) + 1)
    message = f"the byte 0x{data[error.start]:02x} does not belong to UTF-8 text"
    return Finding("MS102", message, place, "save the file as UTF-8")


def _find_control(text: str) -> Finding | None:
    """The first character that neither YAML nor JSON allows in a text."""
    import re

    found = re.search("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]", text)
    if found is None:
        return None
    code = ord(found.group())
    place = _Text(text).place(found.start(), found.end())
    if code == 0:
        hint = "save it as UTF-8; the file is UTF-16, or no text at all"
        return Finding("MS102", "the file holds NUL characters, so it is not UTF-8 text", place, hint)
    return Finding("MS102", f"a control character (U+{code:04X}) in the text", place, "delete it")


def _explain_yaml(error: yaml.YAMLError, text: str) -> Finding:
    """A parser's error as a finding: what it means, where it begins, and what to do."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        control = _find_control(text)
        return control or Finding("MS101", "the text cannot be read as YAML", _TOP, "save the file anew as UTF-8 text")
    lines = _Text(text)
    at = min(error.problem_mark.index, len(text))
    opened = at if error.context_mark is None else min(error.context_mark.index, at)
    problem, char = error.problem or "", text[at : at + 1]
    if char == "\t" or "tab" in problem.split():
        return Finding("MS104", "a tab where YAML wants spaces", lines.place(at, at + 1), _TAB_HINT)
    if "mapping values are not allowed" in problem:
        return _explain_colon(at, lines)
    if "<document start>" in problem or ("document indicator" in problem and opened == at):
        return _explain_rest(text, at, lines)
    if "',' or" in problem:
        return _explain_bracket(text, opened, at, lines)
    if "end of stream" in problem or "document indicator" in problem:
        message = f"the quote {text[opened]} that opens here is not closed"
        return Finding("MS101", message, lines.place(opened, opened + 1), "close it; in single quotes, '' is a quote")
    if "could not find expected ':'" in problem:
        line = lines.place(opened).line
        if found := _find_tight_colon(line, lines):
            return found
        end = opened + len(lines.line(line)) - lines.place(opened).column + 1
        message = "a line that is neither a key with a colon nor an entry of a list"
        hint = "write 'key: value', with a space behind the colon, or indent it if it goes on with the line before"
        return Finding("MS101", message, lines.place(opened, end), hint)
    if "undefined tag handle" in problem or (error.context or "").endswith(("a tag", "a tag directive")):
        start, end = [*_match_properties(text, opened), (at, at + 1)][0]
        message = f"the YAML tag '{_shorten(text[start:end])}' is not part of the language"
        return Finding("MS107", message, lines.place(start, end), "put quotes around it if it is text, else remove it")
    message, hint = _explain_token(error, text, at, opened, lines)
    return Finding("MS101", message, lines.place(at, min(at + 1, len(text))), hint)


def _explain_colon(at: int, lines: _Text) -> Finding:
    """A colon where a value is already there: a colon in the value, none behind the key, or a wrong indentation."""
    import re

    place = lines.place(at, at + 1)
    line = lines.line(place.line)
    if re.search(r":\s", line[: place.column - 1]):
        hint = "put quotes around the value if the colon belongs to it"
        return Finding("MS101", "a second colon in one line", place, hint)
    number = place.line - 1
    while number > 1 and not lines.line(number).strip():
        number -= 1
    if found := _find_tight_colon(number, lines):
        return found
    start = len(line) - len(line.lstrip()) + 1
    message = "a key where none can stand: the line before has a value already, or is none"
    key = Place(place.line, start, place.line, place.column)
    return Finding("MS101", message, key, "indent it like the keys that it belongs to")


def _find_tight_colon(number: int, lines: _Text) -> Finding | None:
    """A line that is meant as a key and its value, and lacks the space between them."""
    import re

    line = lines.line(number)
    match = re.match(r"\s*(?:-\s+)*[\w.-]+(:)\S", line)
    if match is None or re.search(r":(?:\s|$)", line):
        return None
    place = Place(number, match.start(1) + 1, number, match.end(1) + 1)
    return Finding("MS101", "no space behind the colon", place, "YAML wants 'key: value', with a space")


def _explain_rest(text: str, at: int, lines: _Text) -> Finding:
    """Text where the document is over: behind '...', behind a closing bracket, or left of the first key."""
    import re

    place = lines.place(at, min(at + 1, len(text)))
    number = place.line - 1
    while number > 0 and re.fullmatch(r"\s*(?:#.*)?", lines.line(number)):
        number -= 1
    if number > 0 and lines.line(number).split()[0] == "...":
        return Finding("MS106", "more text behind the end of the document, '...'", place, "one document a file")
    char = text[at : at + 1]
    if char in ("}", "]"):
        return Finding(
            "MS101", f"a '{char}' that closes nothing", place, "remove it, or add the bracket that it closes"
        )
    message = "the document is complete before this, so it belongs to nothing"
    hint = "look at the indentation (the first key sets it for all) and at brackets and quotes that close too early"
    return Finding("MS101", message, place, hint)


def _explain_bracket(text: str, opened: int, at: int, lines: _Text) -> Finding:
    """Something between brackets that is neither a comma nor the end."""
    bracket, char = text[opened : opened + 1], text[at : at + 1]
    closing = {"[": "]", "{": "}"}.get(bracket, "the closing bracket")
    here, there = lines.place(opened, opened + 1), lines.place(at, min(at + 1, len(text)))
    if char and char in "]}":
        related = (Related(here, "opened here"),)
        hint = f"close it by '{closing}'"
        return Finding("MS101", f"a '{char}' closes what a '{bracket}' has opened", there, hint, related=related)
    if not char or there.line > here.line:
        unclosed = Finding(
            "MS101", f"the '{bracket}' that opens here is not closed", here, f"add the missing '{closing}'"
        )
        return unclosed._replace(related=(Related(there, "this does not belong between the brackets"),) if char else ())
    hint = "put commas between entries, and quotes around a text that holds , [ ] { } or ': '"
    return Finding("MS101", f"a comma or '{closing}' is missing before this", there, hint)


def _explain_token(error: yaml.MarkedYAMLError, text: str, at: int, opened: int, lines: _Text) -> tuple[str, str]:
    """What is wrong with the token at an offset, and what to do."""
    problem, context, char = error.problem or "", error.context or "", text[at : at + 1]
    quote = "put quotes around it if it is text"
    if "cannot start any token" in problem:
        return f"a value cannot begin with '{char}'", "put quotes around the value"
    if "an alias" in context or "an anchor" in context:
        return f"to YAML a '{text[opened]}' begins the name of an anchor, and this is none", quote
    if "escape" in problem or "hexdecimal" in problem:
        return "an escape that YAML does not have", "write \\\\ for a backslash, or use single quotes"
    if "block scalar" in context:
        return f"to YAML a '{text[opened]}' begins a text of several lines, on the next line", quote
    if "directive" in context or "incompatible" in problem or "directive" in problem:
        return (
            "to YAML a line that begins with '%' is a directive, and this is none that is known here",
            "remove the line",
        )
    if "sequence entries are not allowed" in problem:
        return "a list cannot begin in the line of its key", "put '- ' on a line of its own, or write [a, b]"
    if "node content" in problem:
        if char and char in "]}":
            return f"a '{char}' where a value is expected", "remove it, or add what is missing before it"
        return "a value is missing here", "fill it in, or remove the comma too much"
    start = lines.place(opened)
    if "expected '-' indicator" in problem or "block collection" in context:
        return (
            f"not an entry of the list that begins in line {start.line}",
            "begin it with '- ', or indent it differently",
        )
    if "block mapping" in context:
        here = lines.place(at)
        before = lines.line(here.line)[: here.column - 1].rstrip()
        if before.endswith(("'", '"')):
            return "text behind a closing quote", "put all of the value into the quotes"
        if char == "-" and here.column == start.column:
            return f"an entry of a list among the keys of the mapping in line {start.line}", "indent it under its key"
        hint = f"this is column {here.column}; the mapping around it begins in line {start.line}, column {start.column}"
        return "the indentation of this line fits nothing above it", hint
    return f"the text cannot be read on from here ({problem})", "look at indentation, colons, quotes and brackets"


def _explain_json(message: str, at: int, text: str) -> Finding:
    """A JSON parser's error as a finding."""
    lines = _Text(text)
    char = text[at : at + 1]

    def find(what: str, hint: str, start: int = at, code: str = "MS101") -> Finding:
        return Finding(code, what, lines.place(start, min(start + 1, len(text))), hint)

    if char not in ("\t", "\n", "\r") and (control := _find_control(char)):
        return control._replace(where=lines.place(at, at + 1))
    if message.startswith("Unterminated string"):
        return find("the quote that opens here is not closed", 'close it; a quote inside is written \\"')
    if message.startswith("Invalid control character"):
        return find("a line break or a tab inside of a string", "write \\n or \\t, or close the string before")
    if "escape" in message:
        return find("an escape that JSON does not have", "write \\\\ for a backslash")
    if message == "Extra data":
        if char in "{[":
            return find("a second document begins here", "a spec is one document: one file for each", code="MS106")
        return find("text behind the end of the document", "remove it, or look for a bracket that closes too early")
    if char in ("/", "#"):
        return find("JSON has no comments", "remove it, or make it a YAML file, which is the same language with them")
    if char == "'":
        return find("JSON has no single quotes", 'write "…"')
    before = text[:at].rstrip(" \t\r\n")
    if "trailing comma" in message or (char and char in "]}" and before.endswith(",")):
        comma = at if char == "," else len(before) - 1
        return find("a comma behind the last entry", "remove it: JSON does not allow it", comma)
    if not char:
        return find("the text ends before everything is closed", "look for a bracket that is not closed")
    if "delimiter" in message:
        mark = ":" if "':'" in message else ","
        return find(f"a '{mark}' is missing before this", f"add the '{mark}', or the bracket that should close before")
    if "property name" in message:
        return find("a key in double quotes is expected here", 'write "key": value')
    if char in ",]}":
        return find("a value is missing before this", "fill it in")
    hint = "text stands in double quotes; the words of JSON are true, false and null"
    return find("not a value of JSON", hint)


# --- A mapping, and the mark ----------------------------------------------------------------------------------------


def read_mapping(value: object, path: str = "<mapping>") -> Document:
    """Read a document given as Python values: written as JSON text, so that it has lines, and read from that.

    Tuples are lists. What JSON does not have (sets, NaN, keys that are not text, a mapping that holds itself) is a
    finding at its route.
    """
    writing = _Writing()
    try:
        text = writing.write(value, (), "")
    except _StopError as stop:
        writing.findings.append(stop.finding)
        text = "null"
    data = text.encode("utf-8", "replace")
    if writing.findings or len(data) > MAX_BYTES:
        document = Document(path, data, None, tuple(writing.findings), readable=False, is_json=True)
        return document if writing.findings else read(data, path)
    tree, findings = _read_json(data)
    readable = not findings or _can_go_on(tree, findings)
    return Document(path, data, tree, tuple(findings), readable=readable, is_json=True)


class _Writing:
    """Python values as JSON text: containers of scalars on one line, others one entry a line."""

    __slots__ = ("findings", "nodes", "open")

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.nodes = 0
        self.open: set[int] = set()

    def write(self, value: object, route: Route, indent: str) -> str:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise _StopError(_too_many())
        if isinstance(value, (Mapping, list, tuple)):
            return self._write_container(value, route, indent)
        return self._write_scalar(value, route)

    def _write_container(
        self, value: Mapping[Any, object] | list[object] | tuple[object, ...], route: Route, indent: str
    ) -> str:
        if id(value) in self.open:
            return self._fault("MS109", "this value holds itself", Where(route), "a document is a tree")
        if len(route) >= MAX_DEPTH:
            return self._fault(*_too_deep(_TOP)[:2], Where(route), "no model needs it")
        self.open.add(id(value))
        deeper = indent + " "
        if isinstance(value, Mapping):
            entries, brackets = list(self._write_entries(value, route, deeper)), "{}"
        else:
            entries, brackets = [self.write(child, (*route, i), deeper) for i, child in enumerate(value)], "[]"
        self.open.discard(id(value))
        if not entries:
            return brackets
        inline = ", ".join(entries)
        children = value.values() if isinstance(value, Mapping) else value
        if len(inline) <= 100 and not any(isinstance(child, (Mapping, list, tuple)) and child for child in children):
            return f"{brackets[0]}{inline}{brackets[1]}"
        lines = f",\n{deeper}".join(entries)
        return f"{brackets[0]}\n{deeper}{lines}\n{indent}{brackets[1]}"

    def _write_entries(self, value: Mapping[Any, object], route: Route, indent: str) -> Iterator[str]:
        for key, child in value.items():
            if isinstance(key, str):
                name = str.__str__(key)
                yield f"{self._write_scalar(name, (*route, name))}: {self.write(child, (*route, name), indent)}"
            else:
                message = f"a key is of type {type(key).__name__}, and a key must be text"
                self._fault("MS114", message, Where(route), "use a str")

    def _write_scalar(self, value: object, route: Route) -> str:
        import json

        if value is None or value is True or value is False:
            return {None: "null", True: "true", False: "false"}[value]
        if isinstance(value, str):
            text = str.__str__(value)
            if not _is_unicode(text):
                return self._fault("MS102", "a lone surrogate: half of a character", Where(route), "mend the text")
            return json.dumps(text, ensure_ascii=False)
        if isinstance(value, int):
            number = int.__int__(value)
            if abs(number) < 10**MAX_DIGITS:
                return int.__repr__(number)
            return self._fault("MS115", f"a number of more than {MAX_DIGITS} digits", Where(route), "no size needs it")
        if isinstance(value, float):
            number_text = float.__repr__(value)
            if number_text not in ("nan", "inf", "-inf"):
                return number_text
            return self._fault("MS115", f"{number_text} is not a number of JSON", Where(route), "leave it out")
        message = f"a value of type {type(value).__name__}, which no document can hold"
        hint = (
            "use int, float, str, bool, None, list and dict; arrays and scalars of libraries have .tolist() or .item()"
        )
        return self._fault("MS205", message, Where(route), hint)

    def _fault(self, code: str, message: str, where: Where, hint: str) -> str:
        self.findings.append(Finding(code, message, where, hint))
        if len(self.findings) >= MAX_FAULTS:
            raise _StopError(self.findings.pop()._replace(hint=f"{hint}; stopped here, after {MAX_FAULTS} faults"))
        return "null"


def is_marked(data: bytes) -> bool:
    """Whether a text has the key `modelspec` at its top, told without parsing it.

    Made for searching folders of unrelated YAML: a template or a broken file is no trouble. In block style the key
    stands at the start of a line; in braces (JSON too) it stands in the outermost ones.
    """
    if MARK.encode() not in data:
        return False
    import re

    if data.startswith(_BOM):
        data = data[len(_BOM) :]
    first = re.search(rb"(?:^|[\r\n])(?:---[ \t]++)?[ \t]*+(?!---\s)([^\s#%])", data)
    if first is None or first.group(1) == b"[":
        return False
    if first.group(1) != b"{":
        return re.search(rb"""(?:^|[\r\n])(["']?)modelspec\1[ \t]*:(?:[ \t\r\n]|$)""", data) is not None
    tokens = re.compile(
        rb"""(["']?)(?<![\w.-])modelspec\1\s*:|"(?:[^"\\]++|\\.)*+"|'[^']*+'|(?<!\S)\#[^\r\n]*+|[\[{]|[\]}]""",
        re.DOTALL,
    )
    depth = 0
    for count, match in enumerate(tokens.finditer(data, first.start(1))):
        token = match.group()
        if token in (b"{", b"["):
            depth += 1
        elif token in (b"}", b"]"):
            depth -= 1
        elif match.group(1) is not None and depth == 1:
            return True
        if count > MAX_NODES or depth > MAX_DEPTH:
            return True  # beyond the bounds: for `read` to tell
    return False
