"""The text: what YAML and JSON mean, where everything stands, and that no input is too bad to be told about."""

from __future__ import annotations

import gc
import json
import math
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from yaml._yaml import CParser

from modelspec.diagnostics import CODES, Place, Related, Where
from modelspec.source import MAX_BYTES, MAX_DEPTH, MAX_FAULTS, MAX_NODES, Document, Tree, is_marked, read, read_mapping
from tests.pace import at_once

# --- What plain scalars mean: YAML 1.2, core schema -------------------------------------------------------------------

MEANINGS: list[tuple[str, object]] = [
    ("", None), ("~", None), ("null", None), ("Null", None), ("NULL", None), ("nULL", "nULL"),
    ("true", True), ("True", True), ("TRUE", True), ("false", False), ("False", False), ("FALSE", False),
    ("yes", "yes"), ("no", "no"), ("on", "on"), ("off", "off"), ("Yes", "Yes"), ("y", "y"), ("n", "n"),
    ("0", 0), ("-0", 0), ("12", 12), ("+12", 12), ("-19", -19), ("010", 10), ("08", 8), ("1_000", "1_000"),
    ("0o17", 15), ("0o18", "0o18"), ("0x1F", 31), ("0xfg", "0xfg"), ("-0x1", "-0x1"), ("0b11", "0b11"), ("0x", "0x"),
    ("1e6", 1e6), ("1e-3", 1e-3), ("1E+2", 100.0), (".5", 0.5), ("1.", 1.0), ("-.5e1", -5.0), ("1.5", 1.5), (".", "."),
    ("e5", "e5"), ("1e", "1e"), ("-", "-"), ("+", "+"), ("--1", "--1"), ("1-2", "1-2"), ("1.2.3", "1.2.3"),
    (".inf", math.inf), ("-.INF", -math.inf), ("+.Inf", math.inf), (".iNF", ".iNF"), ("inf", "inf"), ("nan", "nan"),
    ("22:22", "22:22"), ("1:30", "1:30"), ("2026-01-01", "2026-01-01"), ("=", "="), ("2 * hidden", "2 * hidden"),
    ("１２", "１２"), ("25.6M", "25.6M"), ("9" * 40, int("9" * 40)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), MEANINGS)
def test_plain_scalars_are_read_by_the_core_schema(text: str, value: object) -> None:
    if text != "-":  # alone, that is an entry of a list
        assert_same(read(f"a: {text}\n".encode(), "x.yaml").tree, {"a": value})
        assert_same(read(f"{{a: {text}}}".encode(), "x.yaml").tree, {"a": value})
    for quoted in (f"'{text}'", f'"{text}"'):
        assert_same(read(f"a: {quoted}".encode(), "x.yaml").tree, {"a": text})
    if text.lower() not in ("", "~", "null"):  # a key is its text
        assert_same(read(f"{{{text}: 1}}".encode(), "x.yaml").tree, {text: 1})


def test_nan_is_a_number() -> None:
    tree = read(b"[.nan, .NaN, .NAN]", "x.yaml").tree
    assert isinstance(tree, list)
    assert all(isinstance(value, float) and math.isnan(value) for value in tree)


def assert_same(left: object, right: object) -> None:
    """Equal, and of the same types: 1 is not true, and not 1.0."""
    assert left == right
    assert repr(left) == repr(right)


# --- What is wrong with a text ----------------------------------------------------------------------------------------

FAULTS: list[tuple[str, str, list[tuple[str, int, int]]]] = [
    # path, text, and of each finding: code, line, column
    ("y", "a: [1, 2", [("MS101", 1, 4)]),
    ("y", "a: {b: 1\nc: 2\n", [("MS101", 1, 4)]),
    ("y", "a: [1, 2}", [("MS101", 1, 9)]),
    ("y", "a: 'b", [("MS101", 1, 4)]),
    ("y", "a:1\nb: 2", [("MS101", 1, 2)]),
    ("y", "b: 1\n\na:1\nc: 2", [("MS101", 3, 2)]),
    ("y", "a: b: c", [("MS101", 1, 5)]),
    ("y", "a: 1\n  b: 2", [("MS101", 2, 3)]),
    ("y", "a: 1\nb\nc: 2", [("MS101", 2, 1)]),
    ("y", "a:\n    b: 1\n  c: 2", [("MS101", 3, 3)]),
    ("y", "a: @b", [("MS101", 1, 4)]),
    ("y", "%YAML 1.1\n---\na: 1", [("MS101", 1, 1)]),
    ("y", "%YAML 1.2\n---\na: 1", []),
    ("y", "---\na: 1\n...\n", []),
    ("y", "é: \x01", [("MS102", 1, 4)]),
    ("y", "a: \0", [("MS102", 1, 4)]),
    ("y", "a: 1\nb: \ufeff", [("MS102", 2, 4)]),
    ("y", "\ufeffa: 1\na: 2", [("MS103", 2, 1)]),
    ("y", "a: 1\r\n型: {b: 1, 'b': 2, b: 3}\r\na: 4\r\n", [("MS103", 2, 11), ("MS103", 2, 19), ("MS103", 3, 1)]),
    ("y", "a:\n\tb: 1", [("MS104", 2, 1)]),
    ("y", "a: 1\nb:\t2\nc:\t3", [("MS104", 2, 3)]),
    ("y", "a: '\tb'\nc: |\n  x\td\ne: 1 # \t\t!\nf: 2\t# g\nh: 3\t\n", []),
    ("y", "a: 'x # y'\nb: '\t'\nc:\t2", [("MS104", 3, 3)]),
    ("y", "a: 1 \x85b: 2", [("MS105", 1, 6)]),
    ("y", "# \u2028\na: 1\na: 2", [("MS105", 1, 3), ("MS103", 3, 1)]),
    ("y", "a: 1\n---\nb: 2\n---\nc: 3", [("MS106", 2, 1)]),
    ("y", "a: 1\n...\nb: 2", [("MS106", 3, 1)]),
    ("y", "a: !!str 5\nb: ! 5\nc: &x !t [1]", [("MS107", 1, 4), ("MS107", 2, 4), ("MS107", 3, 7)]),
    ("y", "!t \t&x ", [("MS107", 1, 1), ("MS104", 1, 4)]),
    ("y", "%TAG ! x\n---\na: 1", [("MS107", 1, 1)]),
    ("y", "a: !e!x 5", [("MS107", 1, 4)]),
    ("y", "a: 'b! '\nc: d! e\nf: stride != 1", []),
    ("y", "a: &x {b: 1}\nc: {<<: *x, '<<': 1}", [("MS108", 2, 5)]),
    ("y", "a: *x", [("MS109", 1, 4)]),
    ("y", "a: &x [1, [*x]]", [("MS109", 1, 12)]),
    ("y", "a: &x [1, &x 2, *x]\nb: *x", []),
    ("y", "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), [("MS111", 1, MAX_DEPTH + 1)]),
    ("y", "[" * MAX_DEPTH + "]" * MAX_DEPTH, []),
    # Each alias stands one level deeper than the one before.
    ("y", "- &a0 x\n" + "".join(f"- &a{i} [*a{i - 1}]\n" for i in range(1, 999)), [("MS111", 201, 10)]),
    ("y", f"- &a [&b {'[' * 100}{']' * 100}]\n- {'[' * 99}*a{']' * 99}", [("MS111", 2, 102)]),
    ("y", "a: &a [x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a]\nc: [*b, *b, *b, *b, *b, *b]", [("MS112", 3, 5)]),
    ("y", "a: &a [x, x]\nb: [*a, *a, *a]", []),
    ("y", "", [("MS113", 1, 1)]),
    ("y", "# only this\n", [("MS113", 1, 1)]),
    ("y", "---\n", [("MS113", 1, 1)]),
    ("y", "a: {{ x }}", [("MS114", 1, 5)]),
    ("y", "? [a]\n: 1\n~: 2\n'~': 3\n?\n: 4", [("MS114", 1, 3), ("MS114", 3, 1), ("MS114", 5, 2)]),
    ("y", f"a: {'9' * 41}\nb: 1e999\nc: -0x{'f' * 41}\nd: 0x{'f' * 41}", [("MS115", i, 4) for i in (1, 2, 4)]),
    ("j", "", [("MS113", 1, 1)]),
    ("j", '{"a": 1,\r\n "b": [1, 2,]}', [("MS101", 2, 12)]),
    ("j", '{"a": 1,}', [("MS101", 1, 8)]),
    ("j", '{"a": 1 // b\n}', [("MS101", 1, 9)]),
    ("j", "{'a': 1}", [("MS101", 1, 2)]),
    ("j", '{"a": None}', [("MS101", 1, 7)]),
    ("j", '{"a": "b', [("MS101", 1, 7)]),
    ("j", '{"a": 1} {}', [("MS106", 1, 10)]),
    ("j", '\ufeff{"型": 1, "a": 1, "\\u0061": 2}', [("MS103", 1, 18)]),
    ("j", r'{"a": "\ud800", "b": "\ud83d\ude00", "c": "\\ud800", "\udc00": 1}', [("MS102", 1, 7), ("MS102", 1, 54)]),
    ("j", '{"a": "\x01"}', [("MS102", 1, 8)]),
    ("j", f"[NaN, -Infinity, 1e999, {'9' * 41}, {'9' * 5000}]", [("MS115", 1, i) for i in (2, 7, 18, 25, 68)]),
    ("j", "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), [("MS111", 1, MAX_DEPTH + 1)]),
    ("j", "[" * MAX_DEPTH + "]" * MAX_DEPTH, []),
    ("j", "[" * 100_000, [("MS111", 1, MAX_DEPTH + 1)]),
    ("j", '{"a":\t1}', []),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text", "expected"), FAULTS, ids=lambda value: str(value)[:30])
def test_every_fault_is_told_once_at_its_place(kind: str, text: str, expected: list[tuple[str, int, int]]) -> None:
    document = read(text.encode("utf-8"), {"y": "x.yaml", "j": "x.JSON"}[kind])
    places = [document.place(finding.where) for finding in document.findings]
    assert [(f.code, p.line, p.column) for f, p in zip(document.findings, places, strict=True)] == expected
    assert all(finding.hint for finding in document.findings)
    codes = {code for code, _, _ in expected}
    can_go_on = codes <= {"MS103", "MS104", "MS105", "MS106"} and document.tree is not None
    assert document.readable == (not codes or can_go_on)


def test_of_equal_keys_the_first_is_kept_and_pointed_to() -> None:
    for path, text in (("x.yaml", "a: 1\nb: {c: 2, c: 3}"), ("x.json", '{"a": 1,\n"b": {"c": 2, "c": 3}}')):
        document = read(text.encode(), path)
        assert (document.tree, document.readable) == ({"a": 1, "b": {"c": 2}}, True)
        [finding] = document.findings
        assert finding.code == "MS103"
        [related] = finding.related
        assert isinstance(related.where, Place)
        assert cut(document, related.where).strip('"') == "c"
        assert related.where < document.place(finding.where)


def test_where_telling_stops_that_is_told() -> None:
    for path, text in (("x.yaml", "a: 1\n" * 999), ("x.json", '{"a": 1' + ', "a": 1' * 999 + "}")):
        findings = read(text.encode(), path).findings
        assert [finding.code for finding in findings] == ["MS103"] * MAX_FAULTS
        assert [f"stopped here, after {MAX_FAULTS} faults" in str(finding.hint) for finding in findings] == [
            *[False] * (MAX_FAULTS - 1),
            True,
        ]
    assert "stopped here" in str(read_mapping([math.nan] * 999).findings[-1].hint)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "latin-1"])
def test_other_encodings_are_told(encoding: str) -> None:
    data = "modelspec: 1\nname: é".encode(encoding)
    assert [finding.code for finding in read(data, "x.yaml").findings] == ["MS102"]
    assert [finding.code for finding in read(data, "x.json").findings] in (["MS102"], ["MS101"])


def test_a_file_may_be_as_large_as_the_bound_and_no_larger() -> None:
    text = b"a: " + b"b" * (MAX_BYTES - 3)
    assert not read(text, "x.yaml").findings
    assert [finding.code for finding in read(text + b"b", "x.yaml").findings] == ["MS110"]


def test_line_ends_of_all_kinds_count_alike() -> None:
    for end in ("\n", "\r\n", "\r"):
        document = read(end.join(["a: 1", "", "b: [x,", "  é, z]", "a: 2"]).encode(), "x.yaml")
        assert [document.line(number) for number in range(7)] == ["", "a: 1", "", "b: [x,", "  é, z]", "a: 2", ""]
        assert document.place(Where(("b", 2))) == Place(4, 6, 4, 7)
        assert document.place(document.findings[0].where) == Place(5, 1, 5, 2)


# --- Places -----------------------------------------------------------------------------------------------------------

BLOCK = """\
modelspec: 1
layers:
  - ReLU          # bare
  - type: Linear
    out_features: "2 * hidden"
    note: >-
      long
      text

  # between
  - {type: Dropout, p: 'it''s'}
  - &d {p: 0.2}
  - *d
  - &n
    k: v
empty:
"""


def cut(document: Document, place: Place) -> str:
    """The text between two positions, lines joined by a line feed."""
    lines = [document.line(number) for number in range(place.line, place.end_line + 1)]
    lines[-1] = lines[-1][: place.end_column - 1]
    lines[0] = lines[0][place.column - 1 :]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (Where(("modelspec",)), "1"),
        (Where(("modelspec",), "key"), "modelspec"),
        (Where(("layers", 0)), "ReLU"),
        (Where(("layers", 0), "key"), "ReLU"),
        (Where(("layers", 1)), 'type: Linear\n    out_features: "2 * hidden"\n    note: >-\n      long\n      text'),
        (Where(("layers", 1, "out_features")), '"2 * hidden"'),
        (Where(("layers", 1, "out_features"), span=(4, 10)), "hidden"),
        (Where(("layers", 1, "out_features"), "key", (0, 3)), "out"),
        (Where(("layers", 1, "out_features"), span=(4, 99)), '"2 * hidden"'),
        (Where(("layers", 1, "note"), span=(0, 2)), ">-\n      long\n      text"),
        (Where(("layers", 1, "in_features")), "type"),
        (Where(("layers", 1, "in_features", 3), "key"), "type"),
        (Where(("layers", 2)), "{type: Dropout, p: 'it''s'}"),
        (Where(("layers", 2, "missing")), "{type: Dropout, p: 'it''s'}"),
        (Where(("layers", 2, "p"), span=(0, 2)), "'it''s'"),
        (Where(("layers", 3)), "{p: 0.2}"),
        (Where(("layers", 4)), "{p: 0.2}"),
        (Where(("layers", 4, "p")), "0.2"),
        (Where(("layers", 5)), "k: v"),
        (Where(("layers", 9)), "ReLU"),
        (Where(("layers", "type")), "ReLU"),
        (Where(("empty",)), ""),
        (Where(("missing",)), "modelspec"),
        (Where((), "key"), BLOCK.rstrip()),
    ],
)
def test_a_route_leads_to_its_text(where: Where, expected: str) -> None:
    document = read(BLOCK.encode(), "x.yaml")
    assert cut(document, document.place(where)) == expected
    windows = read(BLOCK.replace("\n", "\r\n").encode(), "x.yaml")
    assert windows.tree == document.tree
    assert windows.place(where) == document.place(where)


def test_a_value_that_is_not_there_stands_behind_its_key() -> None:
    assert read(BLOCK.encode(), "x.yaml").place(Where(("empty",))) == Place(16, 7, 16, 7)


def routes(tree: Tree, at: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Tree]]:
    yield at, tree
    children = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for step, child in children:
        yield from routes(child, (*at, step))


# YAML takes some characters for line breaks or refuses them; JSON does not.
printable = st.text(st.characters(codec="utf-8", exclude_characters="\x7f\x85\u2028\u2029\ufeff\ufffe\uffff",
                                  exclude_categories=("Cc", "Cs", "Cn", "Co")), max_size=12)  # fmt: skip
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**39), 10**39)
    | st.floats(allow_nan=False, allow_infinity=False)
    | printable
    | st.sampled_from(["yes", "010", "1e3", "~", "a: b", "- c", "#", "{", "*x", "&y", "!z", "<<", " ", "0x1", ".inf"])
)
trees: st.SearchStrategy[Any] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(printable, inner, max_size=4), max_leaves=12
)


def write_yaml(tree: Tree, indent: str = "") -> str:
    """Block style by hand, scalars as JSON; with the line end before it and none behind."""
    if isinstance(tree, dict) and tree:
        lines = [f"{indent}{json.dumps(k, ensure_ascii=False)}:{write_yaml(v, indent + '  ')}" for k, v in tree.items()]
    elif isinstance(tree, list) and tree:
        lines = [f"{indent}-{write_yaml(v, indent + '  ')}" for v in tree]
    else:
        return " " + json.dumps(tree, ensure_ascii=False)
    return "\n" + "\n".join(lines)


WRITERS: list[tuple[str, Callable[[Tree], str]]] = [
    ("x.json", lambda tree: json.dumps(tree)),
    ("x.json", lambda tree: json.dumps(tree, indent=1, ensure_ascii=False)),
    ("x.yaml", lambda tree: json.dumps(tree, indent=1, ensure_ascii=False)),
    ("x.yaml", write_yaml),
]


@pytest.mark.parametrize(("path", "write"), WRITERS, ids=["json", "json-indented", "yaml-flow", "yaml-block"])
@settings(max_examples=40, deadline=None)
@given(tree=trees)
@example(tree={"a": [{"b": []}, {}, ""], "": None, "é": {"<<": 1}})
def test_what_is_written_is_read_and_every_value_stands_at_its_place(
    path: str, write: Callable[[Tree], str], tree: Tree
) -> None:
    document = read(write(tree).encode(), path)
    assert document.findings == ()
    assert_same(document.tree, tree)
    for route, value in routes(tree):
        place = document.place(Where(route))
        text = cut(document, place)
        # Cut out of its line a block is still one, if its first line is indented as it was.
        again = read((" " * (place.column - 1) + text).encode(), path)
        assert_same(again.tree, value)
        if route and isinstance(route[-1], str):
            assert json.loads(cut(document, document.place(Where(route, "key")))) == route[-1]
        if isinstance(value, str) and value and text[1:-1] == value:
            assert cut(document, document.place(Where(route, span=(1, len(value))))) == value[1:]


@pytest.mark.parametrize(("path", "write"), WRITERS, ids=["json", "json-indented", "yaml-flow", "yaml-block"])
@settings(max_examples=40, deadline=None)
@given(tree=trees, beginning=st.integers(0, 60))
def test_places_are_the_same_if_only_the_beginning_is_indexed_at_first(
    path: str, write: Callable[[Tree], str], tree: Tree, beginning: int
) -> None:
    data = write(tree).encode()
    whole = read(data, path)
    asked = [*routes(tree), (("nowhere",), None), (("a", 7, "b"), None)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("modelspec.source.document.BEGINNING", beginning)
        for route, _ in asked:
            for where in (Where(route), Where(route, "key"), Where(route, span=(0, 1))):
                # Each question of a document of its own: the first that wants more indexes all.
                assert read(data, path).place(where) == whole.place(where)


def is_number(text: str) -> bool:
    return bool(re.fullmatch(r"[-+.0-9eE]+|0[xo][0-9a-fA-F]+", text))


@settings(max_examples=40, deadline=None)
@given(tree=trees)
def test_what_pyyaml_writes_is_read(tree: Tree) -> None:
    # PyYAML quotes what YAML 1.1 would take for something else than text; not what YAML 1.2 alone does.
    assume(not any(isinstance(value, str) and is_number(value) for _, value in routes(tree)))
    document = read(yaml.dump(tree, Dumper=yaml.CSafeDumper, allow_unicode=True).encode(), "x.yaml")
    assert document.findings == ()
    assert document.tree == tree


@settings(max_examples=40, deadline=None)
@given(tree=trees)
def test_a_mapping_is_read_like_a_file(tree: Tree) -> None:
    document = read_mapping(tree)
    assert document.findings == ()
    assert_same(document.tree, tree)
    for route, value in routes(tree):
        assert_same(json.loads(cut(document, document.place(Where(route)))), value)


def test_what_no_document_can_hold_is_told_at_its_route() -> None:
    loop: list[object] = []
    loop.append(loop)
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    value = {
        "a": {1, 2},
        "b": [math.nan, (1, 2)],
        "c": {1: 2, "d": 3},
        "loop": loop,
        "deep": deep,
        "big": 10**5000,
        "half": "\ud800",
    }
    document = read_mapping(value)
    assert not document.readable
    found = {(told.code, told.where.route[:1]) for told in document.findings if isinstance(told.where, Where)}
    assert found == {
        ("MS205", ("a",)), ("MS115", ("b",)), ("MS114", ("c",)), ("MS109", ("loop",)), ("MS111", ("deep",)),
        ("MS115", ("big",)), ("MS102", ("half",)),
    }  # fmt: skip
    assert len(document.findings) == len(found)
    for finding in document.findings:
        if isinstance(finding.where, Where) and len(finding.where.route) == 1:
            assert f'"{finding.where.route[0]}"' in document.line(document.place(finding.where).line)
    assert read_mapping({"a": (1, 2)}).tree == {"a": [1, 2]}


def test_a_mapping_is_bounded_before_it_is_written() -> None:
    wide: list[object] = [0]
    for _ in range(50):
        wide = [wide] * 10
    for value in (wide, [0] * (MAX_NODES + 1), {"a": ["b" * 2**20] * 9}, {str(i): 0 for i in range(MAX_NODES // 2)}):
        with at_once(1):
            assert [finding.code for finding in read_mapping(value).findings] == ["MS110"]
    assert read_mapping([0] * (MAX_NODES - 1)).readable


# --- Bad input is normal input ----------------------------------------------------------------------------------------

pieces = st.sampled_from(
    ["a", "b: ", ": ", "- ", "? ", "\n", "\n  ", "\r\n", "\r", "\t", " ", "'", '"', "[", "]", "{", "}", ",", "#", "|\n",
     ">-\n ", "&x ",
     "*x", "!t ", "! ", "<<: ", "---\n", "...\n", "%YAML 1.2\n", "%TAG ! x\n", "@", "`", "\\", "\\ud800",
     "é", "😀",
     "\x85", "\u2028", "\ufeff", "\0", "\x01", "1e999", "9" * 50, "0x1", "null", "~", "a: 1\n", "a: 2\n"]
)  # fmt: skip
texts = st.lists(pieces, max_size=25).map("".join)


@settings(max_examples=250, deadline=None)
@example(data=b'"\\\0"', path="x.json")
@given(data=st.binary(max_size=60) | texts.map(str.encode), path=st.sampled_from(["x.yaml", "x.json"]))
def test_no_text_is_too_bad_to_be_told_about(data: bytes, path: str) -> None:
    is_marked(data)
    document = read(data, path)
    told = set()
    places = [Where(()), Where(("a",)), Where(("a", 0, "b"), "key"), Where(("b",), span=(0, 1))]
    for finding in document.findings:
        assert finding.code in CODES
        assert finding.code.startswith("MS1")
        told.add((finding.code, finding.where))
        places += [finding.where, *(related.where for related in finding.related if isinstance(related, Related))]
    assert len(told) == len(document.findings)
    assert document.readable or document.findings
    for where in places:
        line, column, end_line, end_column = document.place(where)
        assert (1, 1) <= (line, column) <= (end_line, end_column)
        assert column <= len(document.line(line)) + 1
        assert end_column <= len(document.line(end_line)) + 1
    str([finding.message for finding in document.findings]).encode()


def repeated(unit: str, start: str = "", end: str = "") -> bytes:
    """As large as a file may be."""
    return (start + unit * ((MAX_BYTES - len(start) - len(end)) // len(unit.encode())) + end).encode()


FULL: dict[str, Callable[[], bytes]] = {
    # Very deep, very many nodes, very many faults, one very long token, and what is told after all was read.
    "brackets": lambda: repeated("["),
    "nulls": lambda: repeated("a,", "["),
    "maps": lambda: b"".join(b"k%d: {a: 1, b: [1, 2]}\n" % i for i in range(200_000)),
    "equal-keys": lambda: repeated("a: 1\n"),
    "one-line": lambda: repeated("a"),
    "strings": lambda: repeated(r'"\ud800",', "[", '""]'),
    "aliases": lambda: repeated("*a,", "["),
    "not-utf-8": lambda: b"a: " + b"\xff" * (MAX_BYTES - 3),
    "blank-lines": lambda: repeated("\n", "a: 1\n", "  b: 2"),
}
"""Texts at the bound, one for each of the ways in which a text is large."""

RUN = """
import sys, time
from modelspec.source import read, is_marked
with open(sys.argv[1], "rb") as file:
    data = file.read()
for path in ("x.yaml", "x.json"):
    start = time.process_time()
    is_marked(data)
    document = read(data, path)
    for finding in document.findings:
        document.line(document.place(finding.where).line)
    print(time.process_time() - start, len(document.findings))
with open("/proc/self/status") as file:
    print(next(line for line in file if line.startswith("VmHWM")).split()[1])
"""


@pytest.fixture(scope="module")
def bound() -> float:
    """Seconds that are more than noise: several times what the bare events of the slowest file take on this machine."""
    get = CParser(FULL["maps"]()).get_event
    start = time.process_time()
    for _ in range(MAX_NODES):
        get()
    return max(4.0, 8 * (time.process_time() - start))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
@pytest.mark.parametrize("name", FULL)
def test_files_at_the_bound_are_told_about_soon_and_in_256_mib(name: str, bound: float, tmp_path: Path) -> None:
    file = tmp_path / "hostile"
    file.write_bytes(FULL[name]())
    result = subprocess.run([sys.executable, "-c", RUN, file], capture_output=True, text=True, check=True, timeout=60)
    *runs, memory = result.stdout.splitlines()
    for run in runs:
        seconds, findings = run.split()
        assert float(seconds) < bound
        assert int(findings) <= MAX_FAULTS + 1
    assert int(memory) < 256 * 1024


HOSTILE: dict[str, Callable[[int], str]] = {
    "braces": lambda n: "{" * n,
    "dashes": lambda n: "- " * n,
    "maps": lambda n: "{a: " * n,
    "indents": lambda n: "".join(" " * i + "a:\n" for i in range(n // 100)),
    "questions": lambda n: "? " * n,
    "quotes": lambda n: '"' * n,
    "bracket-quotes": lambda n: '["' * n,
    "quoted-words": lambda n: "{" + "'" * n + "modelspec",
    "anchors": lambda n: "&a " * n,
    "used-anchors": lambda n: "- &a [x]\n" + "- *a\n" * n,
    "tags": lambda n: "[" + "!a x," * n,
    "properties": lambda n: "[" + "&a !t x," * n,
    "tag-lines": lambda n: "".join(f"%TAG !a{i}! x\n" for i in range(n)),
    "empty-maps": lambda n: "[" + "{}," * n + "{}]",
    "documents": lambda n: "---\n" * n,
    "line-separators": lambda n: "\u2028" * n,
    "carriage-returns": lambda n: "\r" * n,
    "digits": lambda n: "a: " + "9" * n,
    "bomb": lambda n: "- &a0 [x, x]\n" + "".join(f"- &a{i + 1} [*a{i}, *a{i}]\n" for i in range(n)),
    "merges": lambda n: "- &a {x: 1}\n" + "- {<<: *a}\n" * n,
    "nul": lambda n: "\0" * n,
    "escapes": lambda n: '["' + r"\ud800" * n + '"]',
    "nested-json": lambda n: '{"a":' * n,
    "late": lambda n: "".join(f"k{i}: 1\n" for i in range(n)) + "k: [",
    "marked": lambda n: "{" + "[]," * n + "modelspec: 1}",
    "tabs": lambda n: "a:\t1\n" * n,
    "tabs-in-quotes": lambda n: "- 'a\tb'\n" * n,
    "tabs-in-one-line": lambda n: 'a: "' + "x\ty " * n + '"',
    "tabs-in-a-comment": lambda n: "a: 1 #" + " \tx" * n,
    "comments-behind-the-end": lambda n: "a: 1\n...\n" + "#\n" * n + "b: 2",
    "blank-lines": lambda n: "a: 1\n" + "\r\n" * n + "  b: 2",
    "numbers": lambda n: "[" + "1" * 50 + ("," + "1" * 50) * (n // 10) + "]",
}
"""Texts of about n tokens."""


def measure(text: str, path: str) -> float:
    """Seconds, without the collections of garbage that other tests have left."""
    data = text.encode()
    gc.disable()
    try:
        start = time.process_time()
        is_marked(data)
        document = read(data, path)
        for finding in document.findings:
            document.line(document.place(finding.where).line)
        return time.process_time() - start
    finally:
        gc.enable()


@pytest.mark.parametrize("path", ["x.yaml", "x.json"])
@pytest.mark.parametrize("name", HOSTILE)
def test_time_grows_with_the_text_and_no_faster(name: str, path: str) -> None:
    write, n = HOSTILE[name], 8_000
    short, long = (min(measure(write(size), path) for _ in range(2)) for size in (n, 2 * n))
    # 50 ms for what does not grow, and for the noise of a clock: quadratic time at this size is seconds.
    assert long < 0.05 + 3 * short
    assert short < 0.5


# --- The mark ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("modelspec: 1\n", True),
        ("# c\n---\nname: x\n'modelspec' : 1", True),
        ("name: x\r\nmodelspec: 1\r\n", True),
        ('\ufeff"modelspec": 1', True),
        ('{"layers": [{"type": "ReLU"}], "modelspec": 1}', True),
        ('--- {"name": "x", modelspec: 1}', True),
        ("\n  {\n'modelspec': 1,", True),
        ('{"a": "modelspec: 1", "b": {"modelspec": 1}}', False),
        ('{"a": {\n"modelspec": 1}}', False),
        ('{"my-modelspec": 1, a-modelspec: 2}', False),
        ("kind: {{ .Values.kind }}\nspec:\n  modelspec: 1\n", False),
        ("# modelspec: 1\nname: x", False),
        ("modelspecs: 1", False),
        ("modelspec", False),
        ("modelspec:1", False),
        ('[{"modelspec": 1}]', False),
        ("a: [\nmodelspec: 1\nb: }", True),
        ("", False),
    ],
)
def test_the_mark_is_seen_without_parsing(text: str, expected: bool) -> None:
    assert is_marked(text.encode()) is expected
