"""YAML to a tree: libyaml's events, resolved by the core schema of YAML 1.2.

One builder takes the events as they come and looks at nothing twice. What is odd is told by the modules of faults,
which are loaded then; in a text with anchors or tags a watch looks at each event before the builder.
"""

from __future__ import annotations

from modelspec.source.bounds import MAX_DEPTH, MAX_DIGITS, MAX_FAULTS, MAX_NODES, StopError, count_separators
from modelspec.source.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    Parser,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    YAMLError,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from modelspec.diagnostics import Finding
    from modelspec.source.bounds import Scalar, Tree
    from modelspec.source.yaml_faults import Repeat
    from modelspec.source.yaml_watch import Watch

__all__ = ["read_yaml"]

_CACHED_TEXTS = 1 << 16
_CACHED_LENGTH = 64


def read_yaml(data: bytes) -> tuple[Tree, list[Finding]]:
    """The tree of a text, None if it cannot be read to its end, and what is wrong with the text.

    `data` is UTF-8 without byte order marks and without the line breaks of YAML 1.1.
    """
    if b"%TAG" in data:
        from modelspec.source.yaml_faults import explain_tag_directive

        if fault := explain_tag_directive(data):
            return None, [fault]
    # Without these characters there are no anchors and no tags: then no event needs a second look.
    watched = b"&" in data or b"!" in data
    reading = _Reading(data)
    tree = reading.run(watched=watched)
    if reading.has_odd_number:
        reading = _Reading(data)
        tree = reading.run(watched=True, tells_numbers=True)
    findings = reading.findings
    if b"\t" in data and not any(finding.code in ("MS101", "MS104") for finding in findings):
        from modelspec.source.yaml_faults import find_tabs

        findings += find_tabs(data.decode())
    return tree, findings


class _OddNumberError(Exception):
    """A plain scalar is a number out of bounds."""


class _PlainScalars(dict[str, "Scalar"]):
    """Plain scalars by their text, as far as they have been met: YAML 1.2, core schema."""

    __slots__ = ()

    def __missing__(self, text: str) -> Scalar:
        value = _resolve(text)
        if value.__class__ is float and value in (float("inf"), float("-inf")):
            raise _OddNumberError
        if len(text) <= _CACHED_LENGTH and len(self) < _CACHED_TEXTS:
            self[text] = value
        return value


class _Keys(dict[str, "str | None"]):
    """Keys by their text, as far as they have been met, so that equal keys are one object; None for those that are
    odd if they stand without quotes.
    """

    __slots__ = ()

    def __missing__(self, text: str) -> str:
        if len(text) <= _CACHED_LENGTH and len(self) < _CACHED_TEXTS:
            self[text] = text
        return text


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


_NULLS = ("", "~", "null", "Null", "NULL")
_WORDS: dict[str, Scalar] = dict.fromkeys(_NULLS)
_WORDS |= dict.fromkeys(("true", "True", "TRUE"), True) | dict.fromkeys(("false", "False", "FALSE"), False)
_WORDS |= dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan"))
_WORDS |= {sign + word: float(sign + "inf") for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")}
_PLAIN = _PlainScalars(_WORDS)
_KEYS = _Keys(dict.fromkeys((*_NULLS, "<<")))


class _Reading:
    """One reading of one YAML text: the tree, and the faults met on the way."""

    __slots__ = ("data", "findings", "get", "has_odd_number", "keys_open", "repeats", "watch")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.findings: list[Finding] = []
        self.has_odd_number = False
        """Whether reading has ended at a number out of bounds. Which it was takes another reading."""
        self.repeats: list[Repeat] = []
        self.keys_open = 0
        """How many keys that are no text are being read, one inside of the other."""
        self.watch: Watch | None = None
        self.get: Callable[[], Any]

    def run(self, *, watched: bool, tells_numbers: bool = False) -> Tree:
        """The tree of the first document; None if it cannot be read to its end."""
        tree: Tree = None
        try:
            self.get = Parser(self.data).get_event
            if count_separators(self.data) > MAX_NODES // 3:
                from itertools import islice

                self.get = islice(iter(self.get, None), MAX_NODES).__next__
            if watched:
                self._watch(tells_numbers=tells_numbers)
            tree = self._read_document()
            if self.watch is not None:
                self.watch.check_expansion()
        except _OddNumberError:
            self.has_odd_number = True
        except StopError as stop:
            self.findings.append(stop.finding)
        except StopIteration:
            from modelspec.source.faults import tell_size

            self.findings.append(tell_size())
        except YAMLError as error:
            self._explain(error)
        if self.repeats:
            from modelspec.source.yaml_faults import relate_repeats

            relate_repeats(self.repeats, self.findings, self.data.decode())
        return tree

    def _explain(self, error: YAMLError) -> None:
        """Tell what the parser's error means."""
        from modelspec.source.yaml_syntax import explain_yaml, find_depth

        text = self.data.decode()
        if (end := find_depth(error)) is not None:
            # The parser's own bound is far beyond ours, but it reads so far ahead of its events that ours was not
            # reached. In what stands before, it is.
            before = _Reading(text[:end].encode())
            before.run(watched=self.watch is not None)
            if any(finding.code == "MS111" for finding in before.findings):
                self.findings = before.findings
                return
        self.findings.append(explain_yaml(error, text))

    def _watch(self, *, tells_numbers: bool) -> None:
        from modelspec.source.yaml_watch import Watch

        def is_odd(text: str) -> bool:
            try:
                _PLAIN[text]
            except _OddNumberError:
                return True
            return False

        watch = Watch(self.data.decode(), self.get, self.fault, _PLAIN, is_odd if tells_numbers else None)
        self.watch = watch
        self.get = watch.get

    def _read_document(self) -> Tree:
        get = self.get
        get()
        event = get()
        if event.__class__ is StreamEndEvent:
            _stop_empty()
        version = event.version
        if version is not None and tuple(version) != (1, 2):
            from modelspec.source.yaml_faults import explain_version

            self.fault(explain_version(event))
        event = get()
        is_blank = event.__class__ is ScalarEvent and not event.value and event.implicit[0]
        tree = self._build_any(event, 1)
        get()
        event = get()
        if event.__class__ is DocumentStartEvent:
            from modelspec.source.yaml_faults import explain_second

            self.fault(explain_second(event))
        elif is_blank:
            _stop_empty()
        return tree

    def _build(self, opening: Any, depth: int) -> Tree:
        """The container that an event opens. Built without a call for each inside of it, and no position is looked at
        unless something is odd.
        """
        if depth > MAX_DEPTH:
            _stop_deep(opening)
        get, plain, keys, take_alias = self.get, _PLAIN, _KEYS, self._take_alias
        outer: list[tuple[Any, Any]] = []
        container: Any = {} if opening.__class__ is MappingStartEvent else []
        while True:
            if container.__class__ is dict:
                while (event := get()).__class__ is ScalarEvent:
                    key = keys[event.value]
                    if key is None and not event.implicit[0]:
                        key = event.value
                    if key is None or key in container:
                        break
                    event = get()
                    if event.__class__ is ScalarEvent:
                        container[key] = plain[event.value] if event.implicit[0] else event.value
                    elif event.__class__ is AliasEvent:
                        container[key] = take_alias(event)
                    else:
                        outer.append((container, opening))
                        container[key] = container = {} if event.__class__ is MappingStartEvent else []
                        opening = event
                        break
                is_end = event.__class__ is MappingEndEvent
                if not is_end and event is not opening:
                    self._skip_pair(event, opening, depth + len(outer) + 1)
                    continue
            else:
                append = container.append
                while True:
                    event = get()
                    if event.__class__ is ScalarEvent:
                        append(plain[event.value] if event.implicit[0] else event.value)
                    elif event.__class__ is AliasEvent:
                        append(take_alias(event))
                    else:
                        break
                is_end = event.__class__ is SequenceEndEvent
                if not is_end:
                    outer.append((container, opening))
                    container = {} if event.__class__ is MappingStartEvent else []
                    append(container)
                    opening = event
            if is_end:
                if self.watch is not None and opening.anchor is not None:
                    self.watch.close_anchor(container)
                if not outer:
                    return container  # type: ignore[no-any-return]
                container, opening = outer.pop()
            elif depth + len(outer) > MAX_DEPTH:
                _stop_deep(opening)

    def _build_any(self, event: Any, depth: int) -> Tree:
        if event.__class__ is ScalarEvent:
            return _PLAIN[event.value] if event.implicit[0] else event.value
        return self._take_alias(event) if event.__class__ is AliasEvent else self._build(event, depth)

    def _skip_pair(self, key: Any, opening: Any, depth: int) -> None:
        """A key that cannot stand: it and its value are read for the faults in them, and left out."""
        self._tell_odd_key(key, opening)
        if key.__class__ is MappingStartEvent or key.__class__ is SequenceStartEvent:
            self.keys_open += 1
            self._build(key, depth)
            self.keys_open -= 1
        self._build_any(self.get(), depth)

    def fault(self, finding: Finding) -> None:
        """Note a fault. After `MAX_FAULTS` of them reading stops."""
        if len(self.findings) + 1 >= MAX_FAULTS:
            raise StopError(
                finding._replace(hint=f"{finding.hint}; reading has stopped here, after {MAX_FAULTS} faults")
            )
        self.findings.append(finding)

    def _tell_odd_key(self, event: Any, opening: Any) -> None:
        """A key that cannot stand: one that is no text, or stands in the mapping already."""
        from modelspec.source.yaml_faults import explain_key, explain_repeat

        is_text = event.__class__ is ScalarEvent
        if is_text and not (event.implicit[0] and _KEYS[event.value] is None):
            self.repeats.append((len(self.findings), opening.start_mark.index, event.start_mark.index, event.value))
            self.fault(explain_repeat(event))
        elif is_text or not self.keys_open:
            self.fault(explain_key(event, self.data.decode()))

    def _take_alias(self, event: Any) -> Tree:
        if self.watch is None or event.anchor not in self.watch.anchors:
            from modelspec.source.yaml_faults import explain_unknown_alias

            self.fault(explain_unknown_alias(event))
            return None
        return self.watch.take_alias(event)


def _stop_empty() -> NoReturn:
    from modelspec.source.faults import tell_empty

    raise StopError(tell_empty())


def _stop_deep(opening: Any) -> NoReturn:
    from modelspec.source.faults import tell_depth
    from modelspec.source.yaml_places import place_event

    raise StopError(tell_depth(place_event(opening)))
