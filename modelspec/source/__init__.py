"""Text to a tree with places: the only floor that knows YAML and JSON.

YAML is parsed by libyaml (PyYAML's C parser) and resolved by the core schema of YAML 1.2, JSON by the parser of the
standard library; both give the same tree. Where the two YAML versions would read one text differently, that is a
finding. Positions are not kept: a fault met while reading has its place from the parser's event, and the first question
for any other place reads the text once more and indexes it.

A text in which nothing is wrong loads the reader of its language and no more: places, and the words for what is wrong,
are loaded by the first question for them.
"""

from __future__ import annotations

from modelspec.source.bounds import (
    MARK,
    MAX_BYTES,
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_EXPANSION,
    MAX_FAULTS,
    MAX_NODES,
    Tree,
)
from modelspec.source.document import Document

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelspec.diagnostics import Finding

__all__ = [
    "BOM",
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

BOM = b"\xef\xbb\xbf"
"""The byte order mark: it may stand before a text, and is no part of it."""
_GO_ON = frozenset({"MS103", "MS104", "MS105", "MS106"})
"""Faults after which the tree still says what its author meant, so that it can be checked further."""


def read(data: bytes, path: str) -> Document:
    """Read a text as YAML, or as JSON if `path` ends in `.json`. Never raises; what is wrong is in the findings.

    The caller need not give more than the first `MAX_BYTES` + 1 bytes of a file. A byte order mark is passed over.
    """
    is_json = path[-5:].lower() == ".json"
    if len(data) > MAX_BYTES:
        from modelspec.source.faults import tell_bytes

        return _finish(path, data[: 1 << 16], None, [tell_bytes()], is_json=is_json)
    if data.startswith(BOM):
        data = data[len(BOM) :]
    if not data.isascii():
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            from modelspec.source.faults import explain_encoding

            return _finish(path, data, None, [explain_encoding(data, error)], is_json=is_json)
        if not is_json and ("\ufeff" in text or "\x85" in text or "\u2028" in text or "\u2029" in text):
            return _read_invisible(text, path)
    tree, findings = _parse(data, is_json=is_json)
    return _finish(path, data, tree, findings, is_json=is_json)


def _parse(data: bytes, *, is_json: bool) -> tuple[Tree, list[Finding]]:
    if is_json:
        from modelspec.source.json_tree import read_json

        return read_json(data)
    from modelspec.source.yaml_tree import read_yaml

    return read_yaml(data)


def _finish(path: str, data: bytes, tree: Tree, findings: list[Finding], *, is_json: bool) -> Document:
    readable = not findings or (tree is not None and all(finding.code in _GO_ON for finding in findings))
    return Document(path, data, tree, tuple(findings), readable=readable, is_json=is_json)


def _read_invisible(text: str, path: str) -> Document:
    """A YAML text that holds a byte order mark, which is refused, or a line break of YAML 1.1 only: that is told once,
    and read as if it were a space.
    """
    from modelspec.source.yaml_faults import explain_breaks, explain_mark
    from modelspec.source.yaml_places import without_breaks

    if "\ufeff" in text:
        return _finish(path, text.encode(), None, [explain_mark(text)], is_json=False)
    tree, findings = _parse(without_breaks(text).encode(), is_json=False)
    # A syntax error is most likely nothing but the line that does not end.
    findings = [explain_breaks(text), *(finding for finding in findings if finding.code != "MS101")]
    return _finish(path, text.encode(), tree, findings, is_json=False)


def read_mapping(value: object, path: str = "<mapping>") -> Document:
    """Read a document given as Python values: written as JSON text, so that it has lines, and read from that.

    Tuples are lists. What JSON does not have (sets, NaN, keys that are not text, a mapping that holds itself) is a
    finding at its route.
    """
    from modelspec.source.mapping import write_json

    text, findings = write_json(value)
    data = text.encode("utf-8", "replace")
    tree: Tree = None
    if not findings:
        tree, findings = _parse(data, is_json=True)
    return _finish(path, data, tree, findings, is_json=True)


def is_marked(data: bytes) -> bool:
    """Whether a text has the key `modelspec` at its top, told without parsing it.

    Made for searching folders of unrelated YAML: a template or a broken file is no trouble. In block style the key
    stands at the start of a line; in braces (JSON too) it stands in the outermost ones. Where there are `layers`, a key
    that is surely meant to be it counts: a slip of the pen must not take a spec out of sight.
    """
    if MARK.encode() not in data:
        if b"layers" not in data:
            return False
        from modelspec.source.mark import find_slip

        return find_slip(data.removeprefix(BOM))
    from modelspec.source.mark import find_mark

    return find_mark(data.removeprefix(BOM))
