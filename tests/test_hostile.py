"""Bad input is normal input: whatever is read, nothing is raised, and what is too much is told in bounded time.

Random texts and trees go down the whole road in this process. A folder of hostile files is checked by the command, each
file in a process of its own, whose time and peak memory are measured.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelspec import road
from modelspec.catalogue import dialects, list_layers
from modelspec.completion import complete
from modelspec.derivation import derive
from modelspec.diagnostics import CODES
from modelspec.language import BLOCK_KEYS, CONTAINERS, ENTRY_KEYS, STEP_KEYS, TOP_KEYS
from modelspec.layer import fields_of
from modelspec.limit import METRICS
from modelspec.render import csv, github, gitlab, html, jsonl, junit, markdown, mermaid, sarif, text
from modelspec.render import json as json_renderer
from modelspec.render.explanation import show_explanation
from modelspec.report import Report
from modelspec.shape import Unknown, show_dim
from modelspec.source import MAX_BYTES, read_mapping
from tests.pace import find_pace

# --- Random input ----------------------------------------------------------------------------------------------------

LAYERS = {dialect: list(list_layers(dialect)) for dialect in dialects()}
ARGUMENTS = sorted({name for layers in LAYERS.values() for layer in layers for name in fields_of(layer)})
TYPES = sorted({layer.type_name() for layers in LAYERS.values() for layer in layers})
INSIDE = [key for keys in (BLOCK_KEYS, *CONTAINERS.values()) for key in keys]
KEYS = [
    *TOP_KEYS,
    *ENTRY_KEYS,
    *STEP_KEYS,
    *INSIDE,
    *ARGUMENTS,
    *METRICS,
    "block",
    "with",
    "share",
    "max",
    "each",
    "shape",
]
WORDS = [
    *TYPES,
    "relu",
    "same",
    "keras",
    "torch",
    "int64",
    "1 KiB",
    "2 * w",
    "w",
    "size(1)",
    "w / 0",
    "*",
    "fc*",
    "yes",
]


FORMATS: list[Any] = [text, json_renderer, jsonl, markdown, github, gitlab, junit, sarif, csv, mermaid, html]


def walk(outcome: road.Outcome) -> Report:
    """All that can be asked of an outcome, asked."""
    report = road.write_report([outcome])
    for told in report.diagnostics:
        assert told.code in CODES
        assert told.message
        assert 1 <= told.line <= told.end_line
        assert told.column >= 1
    assert report.ok is outcome.ok
    for render in FORMATS:
        render.show_report(report).encode()
    github.show_summary(report).encode()
    for model in outcome.models:
        if model.sound:
            complete(model.graph)
            show_explanation(derive(model.graph, None))
    return report


@given(st.binary(max_size=300), st.sampled_from(["a.yaml", "a.json"]))
@settings(max_examples=200, deadline=None)
def test_random_bytes(data: bytes, path: str) -> None:
    assert walk(road.follow(data, path)).diagnostics


YAML_PIECES = st.one_of(
    st.sampled_from(
        ["\n", "\n  ", "\n  - ", ": ", "- ", ", ", "{", "}", "[", "]", "'", '"', "#", "&a ", "*a", "!!x ", "\t"]
    ),
    st.sampled_from(
        ["| ", "> ", "---\n", "...\n", "%YAML 1.1\n", "<<: ", "? ", "~", "\r", "\x85", "\u2028", "\ufeff", "\0"]
    ),
    st.sampled_from(KEYS).map("{}: ".format),
    st.sampled_from(WORDS),
    st.integers(-2, 10**3).map(str),
    st.text(max_size=4),
)
HEADS = st.sampled_from(["", "modelspec: 1\n", "modelspec: 1\ninput: [8]\nlayers:\n  - ", "modelspec: 1\nlayers: ["])


@given(HEADS, st.lists(YAML_PIECES, max_size=30))
@settings(max_examples=250, deadline=None)
def test_random_text(head: str, pieces: list[str]) -> None:
    walk(road.follow((head + "".join(pieces)).encode("utf-8", "surrogatepass"), "a.yaml"))


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 40),
    st.sampled_from([10**12, 10**30, 10**31, 0.5, 1.5, 2.0, 1e300, -0.0]),
    st.sampled_from(WORDS),
    st.text(max_size=6),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=12,
)
SHAPES = st.lists(st.integers(1, 40) | st.none() | st.sampled_from(["w", "2 * w", "n"]), max_size=4)


def write_out(value: Any) -> Any:
    """An example's argument as a spec has it: of a size that is known at run time alone, the name."""
    if isinstance(value, (list, tuple)):
        return [write_out(member) for member in value]
    return show_dim(value) if isinstance(value, Unknown) else value


@st.composite
def entries(draw: st.DrawFn, dialect: str, depth: int = 0) -> Any:
    """An entry that looks like one: a type of the dialect with some of its own arguments, of all sorts of values."""
    layer = draw(st.sampled_from(LAYERS[dialect]))
    entry: dict[str, Any] = {"type": layer.type_name()}
    for name, field in fields_of(layer).items():
        if field.way == "wrapped" and depth < 2:
            entry[name] = draw(entries(dialect, depth + 1))
        elif draw(st.integers(0, 3)) == 0 or (field.required and draw(st.integers(0, 9))):
            shown = [example.arguments[name] for example in layer.examples if name in example.arguments]
            values = [write_out(value) for value in shown if value is not None]
            entry[name] = draw(st.sampled_from(values) | TREES if values else TREES)
    if draw(st.integers(0, 9)) == 0:
        entry[draw(st.sampled_from(KEYS))] = draw(TREES)
    return entry


@st.composite
def likely_specs(draw: st.DrawFn) -> dict[str, Any]:
    dialect = draw(st.sampled_from(list(dialects())))
    spec: dict[str, Any] = {
        "modelspec": 1,
        "dialect": dialect,
        "variables": {
            "w": 4,
            "n": None,
            **draw(st.dictionaries(st.sampled_from(["v", "min", "a b"]), TREES, max_size=2)),
        },
        "input": draw(SHAPES),
        "layers": draw(st.lists(entries(dialect) | TREES, max_size=5)),
    }
    for key in draw(st.lists(st.sampled_from(KEYS), max_size=2)):
        spec[key] = draw(TREES)
    if draw(st.booleans()):
        spec["budget"] = draw(st.dictionaries(st.sampled_from(METRICS), st.integers(0, 10**4) | TREES, max_size=3))
    return spec


@given(TREES | likely_specs())
@settings(max_examples=250, deadline=None)
def test_random_trees(tree: Any) -> None:
    """As JSON and as a mapping alike: the same is found."""
    as_json = walk(road.follow(json.dumps(tree).encode(), "a.json"))
    as_mapping = walk(road.follow_document(read_mapping(tree, "a.json")))
    assert [(told.code, told.message) for told in as_json.diagnostics] == [
        (told.code, told.message) for told in as_mapping.diagnostics
    ]


# --- The folder of hostile files --------------------------------------------------------------------------------------

SECONDS = 5.0
"""For the whole process on a machine of the usual pace: on a slow one the longest has been seen to take 3.7."""
MEBIBYTES = 256
SHOWN = 300_000
"""Characters of output that anyone may be expected to get."""


class Hostile(NamedTuple):
    """A file, and the codes of what is wrong with it (none: it is valid)."""

    name: str
    make: Callable[[], bytes]
    codes: tuple[str, ...]


HEAD = b"modelspec: 1\ninput: [8]\nlayers:\n"


def repeat_to(size: int, piece: bytes, head: bytes = b"", tail: bytes = b"") -> bytes:
    return head + piece * ((size - len(head) - len(tail)) // len(piece)) + tail


def spec(layers: str, *, input: str = "[8]", variables: str = "{}", budget: str = "") -> bytes:
    return f"modelspec: 1\nvariables: {variables}\ninput: {input}\nlayers:\n{layers}{budget}".encode()


def lines(form: str, count: int) -> str:
    return "".join([form.replace("#", str(number)) for number in range(count)])


def bomb(levels: int) -> bytes:
    names = [f"a{level}" for level in range(levels)]
    rest = "".join(f"  {b}: &{b} [{', '.join(['*' + a] * 9)}]\n" for a, b in pairwise(names))
    return f"modelspec: 1\nmetadata:\n  a0: &a0 [x]\n{rest}input: [8]\nlayers: [ReLU]\n".encode()


def long_expressions() -> str:
    terms = " + ".join(["w"] * 240)
    return "".join([f"  - {{type: Linear, out_features: {number} + {terms}}}\n" for number in range(8_000)])


def doubled(entries: str, layers: str) -> bytes:
    """A block of 8 million layers, each block calling the one before it twice."""
    blocks = "".join([f"  b{at + 1}: {{layers: [{entries.replace('#', str(at))}]}}\n" for at in range(23)])
    last = "blocks:\n  b0: {layers: [{name: fc, type: Linear, out_features: 8}]}\n" + blocks
    return spec(f"  - {{name: all, block: b23}}\n{layers}", budget=last)


HOSTILE = (
    # Bytes
    Hostile("zeros.yaml", lambda: bytes(MAX_BYTES), ("MS102",)),
    Hostile("random.yaml", lambda: bytes((i * i * 31 + (i >> 7)) & 255 for i in range(1 << 20)) * 8, ("MS102",)),
    Hostile("too-large.yaml", lambda: b"a" * (MAX_BYTES + 1), ("MS110",)),
    Hostile("one-word.yaml", lambda: b"a" * MAX_BYTES, ("MS201",)),
    Hostile("comments.yaml", lambda: repeat_to(MAX_BYTES, b"# a comment\n", b"modelspec: 1\n"), ("MS204",)),
    Hostile("blank-lines.yaml", lambda: repeat_to(MAX_BYTES, b"\n", HEAD + b"  - ReLU\n"), ()),
    Hostile("tabs.yaml", lambda: repeat_to(MAX_BYTES, b"\t", HEAD), ("MS104",)),
    Hostile("nel.yaml", lambda: repeat_to(MAX_BYTES, "\x85".encode(), b"modelspec: 1\nname: a"), ("MS105", "MS204")),
    Hostile("percent-tags.yaml", lambda: repeat_to(MAX_BYTES, b"%TAG !a! b\n", b"", b"--- 1\n"), ("MS107",)),
    # Nesting
    Hostile("brackets.yaml", lambda: b"modelspec: 1\nmetadata: " + b"[" * 100_000, ("MS111",)),
    Hostile("brackets-8-MiB.yaml", lambda: b"[" * MAX_BYTES, ("MS111",)),
    Hostile("braces.yaml", lambda: b"{" * 100_000, ("MS111", "MS114")),
    Hostile("dashes.yaml", lambda: b"- " * 100_000 + b"a", ("MS111",)),
    Hostile("questions.yaml", lambda: b"? " * 100_000 + b"a", ("MS111", "MS114")),
    Hostile("brackets.json", lambda: b"[" * 100_000, ("MS111",)),
    Hostile("brackets-8-MiB.json", lambda: b"[" * (MAX_BYTES // 2) + b"]" * (MAX_BYTES // 2), ("MS110",)),
    Hostile("keys.json", lambda: b'{"a":' * 100_000 + b"1" + b"}" * 100_000, ("MS111",)),
    # Aliases and anchors
    Hostile("bomb.yaml", lambda: bomb(10), ("MS112",)),
    Hostile("bomb-of-1000.yaml", lambda: bomb(1_000), ("MS111",)),
    Hostile("anchors.yaml", lambda: repeat_to(MAX_BYTES, b"&a [*a],", b"[", b"]"), ("MS109",)),
    Hostile("tags.yaml", lambda: repeat_to(MAX_BYTES, b"!a b,", b"[", b"]"), ("MS107",)),
    Hostile("merge-keys.yaml", lambda: repeat_to(MAX_BYTES, b"? <<\n: 1\n"), ("MS108",)),
    # Many of one thing
    Hostile("values.yaml", lambda: repeat_to(MAX_BYTES, b"a,", b"[", b"]"), ("MS110",)),
    Hostile("values.json", lambda: repeat_to(MAX_BYTES, b"1,", b"[", b"1]"), ("MS110",)),
    Hostile("keys.yaml", lambda: b"modelspec: 1\n" + lines("k#: 1\n", 400_000).encode(), ("MS203",)),
    Hostile("duplicates.yaml", lambda: repeat_to(MAX_BYTES, b"modelspec: 1\n"), ("MS103",)),
    Hostile(
        "duplicates.json", lambda: repeat_to(MAX_BYTES, b'"modelspec":1,', b"{", b'"modelspec":1}'), ("MS103", "MS204")
    ),
    Hostile("digits.yaml", lambda: b"modelspec: " + b"9" * (MAX_BYTES - 20), ("MS115",)),
    Hostile("digits.json", lambda: b'{"modelspec": ' + b"9" * (MAX_BYTES - 20) + b"}", ("MS115",)),
    Hostile("string.json", lambda: b'{"modelspec": 1, "name": "' + b"\\u0041" * 1_000_000, ("MS101",)),
    Hostile("bare-layers.yaml", lambda: spec("  - ReLU\n" * 300_000), ("MS310",)),
    Hostile("most-layers.yaml", lambda: spec("  - ReLU\n" * 200_000), ()),
    Hostile("linear-layers.yaml", lambda: spec("  - {type: Linear, out_features: 8}\n" * 200_000), ()),
    Hostile("distinct-layers.yaml", lambda: spec(lines("  - {type: Linear, out_features: 1#}\n", 60_000)), ()),
    Hostile("named-layers.yaml", lambda: spec(lines("  - {name: a#, type: ReLU}\n", 200_000)), ()),
    Hostile("variables.yaml", lambda: spec("  - ReLU\n", variables="{v: 1" + lines(", v#: v", 100_000) + "}"), ()),
    Hostile(
        "chained-variables.yaml",
        lambda: spec(
            "  - ReLU\n", variables="{v: 1, v0: v" + "".join(f", v{i + 1}: v{i} + 1" for i in range(100_000)) + "}"
        ),
        ("MS404",),
    ),
    # Values
    Hostile(
        "huge-sizes.yaml",
        lambda: spec("  - {type: Linear, out_features: 1" + "0" * 30 + "}\n", input="[1" + "0" * 30 + "]"),
        (),
    ),
    Hostile("huge-chain.yaml", lambda: spec(("  - {type: Linear, out_features: 1" + "0" * 30 + "}\n") * 100_000), ()),
    Hostile(
        "product-of-sizes.yaml",
        lambda: spec(
            "  - Flatten\n  - {type: Linear, out_features: 8}\n",
            input="[" + ", ".join(["1" + "0" * 30] * 200_000) + "]",
        ),
        ("MS206",),
    ),
    Hostile("axes.yaml", lambda: spec("  - ReLU\n" * 1_000, input="[" + "2, " * 200_000 + "2]"), ("MS206",)),
    Hostile(
        "axes-of-a-norm.yaml",
        lambda: spec(
            ("  - {type: LayerNorm, normalized_shape: [" + "2, " * 100_000 + "2]}\n"),
            input="[" + "2, " * 100_000 + "2]",
        ),
        ("MS206",),
    ),
    Hostile(
        "long-name.yaml", lambda: spec("  - {name: " + "n" * 2**20 + ", type: Linear, out_feature: 8}\n"), ("MS203",)
    ),
    Hostile("long-key.yaml", lambda: spec("  - {type: Linear, " + "k" * 2**20 + ": 8}\n"), ("MS101",)),
    Hostile("long-type.yaml", lambda: spec("  - " + "L" * 2**20 + "\n"), ("MS207",)),
    Hostile("long-value.yaml", lambda: spec("  - {type: Linear, out_features: " + "w" * 2**20 + "}\n"), ("MS404",)),
    Hostile("powers.yaml", lambda: spec("  - {type: Linear, out_features: 9**9**9}\n" * 2_000), ("MS404",)),
    Hostile("long-expressions.yaml", lambda: spec(long_expressions(), variables="{w: 1}"), ("MS404",)),
    Hostile(
        "nested-expression.yaml", lambda: spec("  - {type: Linear, out_features: " + "(" * 500 + "}\n"), ("MS404",)
    ),
    # Structure
    Hostile(
        "doubled-and-shared.yaml",
        lambda: doubled("{name: x, block: b#}, {name: y, block: b#}", "  - {name: again, share: all}\n"),
        ("MS310",),
    ),
    Hostile(
        "doubled-in-one-level.yaml",
        lambda: doubled("{block: b#}, {block: b#}", "  - {type: Add, inputs: [all.fc, all]}\n"),
        ("MS310",),
    ),
    Hostile(
        "rounds-in-one-level.yaml",
        lambda: spec('  - {repeat: 9999, layers: [{name: "a{index}", type: Dropout, p: index / 9999}]}\n'),
        (),
    ),
    Hostile(
        "rounds-that-read-all-before.yaml",
        lambda: spec(
            "  - {name: r, repeat: 9999, layers: [{name: fc, type: Linear, out_features: 8}, "
            '{type: Add, inputs: ["r.*.fc", fc], when: index > 0}]}\n'
        ),
        ("MS310",),
    ),
    Hostile(
        "names-with-numbers.yaml",
        lambda: spec("  - {name: a, type: ReLU}\n" + lines("  - {name: a.Add-#, type: Add, inputs: [a, a]}\n", 20_000)),
        (),
    ),
    # Budgets
    Hostile(
        "stars.yaml",
        lambda: spec(
            lines("  - {name: " + "a" * 200 + "#, type: ReLU}\n", 200),
            budget='budget:\n  layers:\n    "' + "*a" * 100 + 'b": {parameters: 1}\n',
        ),
        ("MS505",),
    ),
    Hostile(
        "patterns.yaml",
        lambda: spec(
            lines("  - {name: a#, type: ReLU}\n", 5_000),
            budget="budget:\n  layers:\n" + lines('    "*#*": {parameters: 1}\n', 5_000),
        ),
        ("MS506",),
    ),
    Hostile(
        "patterns-that-match-nothing.yaml",
        lambda: spec(
            lines("  - {name: a#, type: ReLU}\n", 5_000),
            budget="budget:\n  layers:\n" + lines('    "b#*": {parameters: 1}\n', 5_000),
        ),
        ("MS505", "MS506"),
    ),
    Hostile(
        "each.yaml",
        lambda: spec(
            "  - {type: Linear, out_features: 8}\n" * 50_000,
            budget='budget:\n  layers:\n    "*": {parameters: 1, each: true}\n',
        ),
        ("MS501",),
    ),
    Hostile(
        "patterns-all-over.yaml",
        lambda: spec(
            "  - {type: Linear, out_features: 8}\n" * 2_000,
            budget="budget:\n  layers:\n" + lines('    "*r-*1#*": {parameters: 1}\n', 2_000),
        ),
        ("MS501",),
    ),
    # Findings
    Hostile("wrong-types.yaml", lambda: spec("  - Liner\n" * 30_000), ("MS207",)),
    Hostile("wrong-distinct-types.yaml", lambda: spec(lines("  - Liner#\n", 30_000)), ("MS207",)),
    Hostile("wrong-keys.yaml", lambda: spec("  - {type: Linear, out_feature: 8}\n" * 100_000), ("MS203",)),
    Hostile("wrong-values.yaml", lambda: spec("  - {type: Linear, out_features: -1}\n" * 30_000), ("MS206",)),
    Hostile(
        "wrong-shapes.yaml", lambda: spec("  - {type: Linear, in_features: 9, out_features: 8}\n" * 30_000), ("MS304",)
    ),
    Hostile(
        "wrong-origins.yaml", lambda: spec("  - ReLU\n  - {type: BatchNorm1d, num_features: 9}\n" * 20_000), ("MS304",)
    ),
    Hostile("wrong-names.yaml", lambda: spec("  - {type: Linear, out_features: v}\n" * 30_000), ("MS402",)),
    Hostile(
        "wrong-distinct-names.yaml", lambda: spec(lines("  - {type: Linear, out_features: v#}\n", 30_000)), ("MS404",)
    ),
    Hostile(
        "wrong-variables.yaml",
        lambda: spec("  - ReLU\n", variables="{v: 1" + lines(", v#: w", 30_000) + "}"),
        ("MS402",),
    ),
    Hostile(
        "wrong-distinct-variables.yaml",
        lambda: spec("  - ReLU\n", variables="{v: 1" + lines(", value#: walue#", 9_000) + "}"),
        ("MS402",),
    ),
    Hostile("same-names.yaml", lambda: spec("  - {name: a, type: ReLU}\n" * 30_000), ("MS301",)),
    Hostile(
        "wrong-limits.yaml",
        lambda: spec("  - ReLU\n", budget="budget:\n  layers:\n" + lines("    a#: {parameters: x}\n", 20_000)),
        ("MS205",),
    ),
    Hostile(
        "one-line.yaml",
        lambda: b"modelspec: 1\ninput: [8]\nlayers: [" + b"{type: Linear, out_feature: 8}, " * 30_000 + b"]\n",
        ("MS203",),
    ),
)


class Run(NamedTuple):
    """How one file was checked; `seconds` of the processor, for others may be using the machine."""

    status: int
    seconds: float
    mebibytes: float
    out: str
    err: str


MEASURE = """
import os, resource, sys
limit = int(os.environ["CPU_LIMIT"])
resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
status = os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-m", "modelspec", "check", *sys.argv[1:]])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
sys.stderr.write(f"\\n{status} {used.ru_utime + used.ru_stime:.3f} {used.ru_maxrss / 1024:.1f}")
"""


def check(path: Path) -> Run:
    """Check a file as a user does, in a process of its own; far beyond the bounds it is ended."""
    pytest.importorskip("resource", reason="nothing to measure with")
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, path.name],
        cwd=path.parent,
        env={**os.environ, "PYTHONPATH": str(root), "CPU_LIMIT": str(int(2 * SECONDS * find_pace()))},
        capture_output=True,
        check=True,
    )
    err, _, measured = done.stderr.decode().rpartition("\n")
    status, seconds, mebibytes = measured.split()
    return Run(int(status), float(seconds), float(mebibytes), done.stdout.decode(), err)


def told_codes(out: str) -> Iterator[str]:
    for line in out.splitlines():
        place, _, rest = line.partition(": MS")
        if rest and place.count(":") >= 2:
            yield "MS" + rest[:3]


LONGEST = {
    *("linear-layers.yaml", "keys.yaml", "names-with-numbers.yaml", "distinct-layers.yaml", "named-layers.yaml"),
    *("wrong-keys.yaml", "bare-layers.yaml", "duplicates.json", "values.yaml", "rounds-that-read-all-before.yaml"),
    *("each.yaml", "wrong-distinct-types.yaml", "patterns-all-over.yaml", "variables.yaml"),
}
"""Those that take nearly half of the time of all."""


@pytest.mark.parametrize(
    "hostile",
    [pytest.param(each, id=each.name, marks=[pytest.mark.slow] if each.name in LONGEST else []) for each in HOSTILE],
)
def test_hostile_file(hostile: Hostile, tmp_path: Path) -> None:
    path = tmp_path / hostile.name
    path.write_bytes(hostile.make())
    done = check(path)
    assert done.err == ""
    assert done.status == (1 if hostile.codes else 0)
    assert sorted({code for code in told_codes(done.out) if not code.startswith("MS6")}) == list(hostile.codes)
    assert done.seconds < SECONDS * find_pace()
    assert done.mebibytes < MEBIBYTES
    assert len(done.out) < SHOWN
