"""The flowcharts: of a small grammar, within Mermaid's bounds, with the edges that the models have.

Where Node.js and `npm install --prefix tests/formats` are there, Mermaid's own parser reads them.
"""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

import modelspec
from modelspec.render import mermaid
from modelspec.render.cells import harmless
from modelspec.render.wiring import wire
from modelspec.report import Layer, Model, Report, TensorType, Totals
from modelspec.road import follow, write_report
from tests.drawn import METRICS, NASTY, briefly, names, reports

HERE = Path(__file__).resolve().parent
FORMATS = HERE / "formats"
SPECS = HERE.parent / "specs"
NODE = shutil.which("node")

LABEL = r"(?:[\w ._,×…-]|#\d+;|<br/>)*"
COMMENT = re.compile(r"  %% [\w ,.:]+")
SUBGRAPH = re.compile(rf'  subgraph (m\d+)\["({LABEL})"\]')
NODES = re.compile(rf'    (m\d+[in]\d+)(?:\(\["({LABEL})"\]\)|\["({LABEL})"\]|\[\["({LABEL})"\]\])')
EDGE = re.compile(r"    (m\d+[in]\d+) --> (m\d+n\d+)")


class Chart(NamedTuple):
    """A flowchart as it was read: the texts of its subgraphs and nodes, and its edges."""

    titles: list[str]
    nodes: dict[str, str]
    edges: list[tuple[str, str]]
    comments: list[str]

    def link(self) -> set[tuple[str, str]]:
        """The edges by the first lines of their nodes."""
        return {(self.nodes[a].split("\n")[0], self.nodes[b].split("\n")[0]) for a, b in self.edges}


def decode(label: str) -> str:
    return html.unescape(re.sub(r"#(\d+);", r"&#\1;", label.replace("<br/>", "\n")))


def read_chart(text: str) -> Chart:
    """Read a flowchart by the grammar that the renderer keeps to. Anything else fails."""
    assert len(text.encode("utf-16-le")) // 2 <= 50_000
    first, *lines = text.removesuffix("\n").split("\n")
    assert first == "flowchart TD"
    chart = Chart([], {}, [], [])
    for line in lines:
        if found := COMMENT.fullmatch(line):
            chart.comments.append(line)
        elif found := SUBGRAPH.fullmatch(line):
            chart.titles.append(decode(found[2]))
        elif found := NODES.fullmatch(line):
            assert found[1] not in chart.nodes
            chart.nodes[found[1]] = decode(found[2] or found[3] or found[4] or "")
        elif found := EDGE.fullmatch(line):
            assert found[1] in chart.nodes
            assert found[2] in chart.nodes
            chart.edges.append((found[1], found[2]))
        else:
            assert line == "  end", line
    assert lines.count("  end") == len(chart.titles)
    assert len(chart.edges) == len(set(chart.edges)) <= 500
    assert all(a != b for a, b in chart.edges)
    return chart


def draw(*models: Model) -> Chart:
    return read_chart(mermaid.show_report(Report(ok=True, models=list(models), diagnostics=[])))


def build(*rows: tuple[str, list[str]], repeat: int = 1, name: str = "m", inputs: Sequence[str] = ("input",)) -> Model:
    """A model of rows, each a path with what it reads."""
    kind = TensorType(shape=[4], dtype="float32")
    counts = dict.fromkeys(METRICS, 1)
    own = {metric: 1 for metric in METRICS if metric != "peak_activation_bytes"}
    layers = [
        Layer(
            path=path, type="Linear", line=1, repeat=repeat, inputs=reads, output_shape=[4], outputs={"output": kind},
            arguments={}, inferred=[], tensors=[], **own,
        )
        for path, reads in rows
    ]  # fmt: skip
    return Model(
        path="m.yaml", name=name, variant=None, dialect="torch", ok=True, conventions=[],
        inputs=dict.fromkeys(inputs, kind), layers=layers, totals=Totals(**counts), budget=[],
    )  # fmt: skip


def chain(paths: list[str], **more: Any) -> Model:
    return build(*zip(paths, [["input"], *([path] for path in paths)], strict=False), **more)


@briefly
@given(reports())
def test_nothing_that_a_user_wrote_is_markup(report: Report) -> None:
    chart = read_chart(mermaid.show_report(report))
    names = [one.name if one.variant is None else f"{one.name}/{one.variant}" for one in report.models]
    assert chart.titles == [harmless(name) for name in names]
    told = [text.split("\n")[0].removesuffix(" × 12") for text in chart.nodes.values()]
    paths = [path for one in report.models for path in [*one.inputs, *(layer.path for layer in one.layers)]]
    assert told == [harmless(path) for path in paths]


@briefly
@given(st.lists(names, min_size=2, max_size=8, unique=True))
def test_every_layer_reads_the_one_before(paths: list[str]) -> None:
    chart = draw(chain(paths, inputs=("first",)))
    assert [(a, b) for a, b in chart.edges] == [(f"m0n{at}", f"m0n{at + 1}") for at in range(len(paths) - 1)]


@pytest.mark.parametrize("path", sorted(SPECS.glob("*/*.yaml")), ids=lambda path: path.stem)
def test_every_reference_is_led_back(path: Path) -> None:
    report = write_report([follow(path.read_bytes(), path.name)])
    for model in report.models:
        wiring = wire(model)
        rows = {layer.path: number for number, layer in enumerate(model.layers)}
        for number, (layer, sources) in enumerate(zip(model.layers, wiring, strict=True)):
            assert bool(sources) == bool(layer.inputs)
            assert all(kind == "input" or source < number for kind, source in sources)
            plain = {("row", rows[name]) for name in layer.inputs if name in rows}
            assert plain <= set(sources)
        chart = draw(model)
        assert len(chart.nodes) == len(model.layers) + len(model.inputs)
        reached = {b for _, b in chart.edges}
        assert all(f"m0n{number}" in reached for number, layer in enumerate(model.layers) if layer.inputs)
        assert not chart.comments


def test_results_by_name_and_rounds_of_repeats_are_led_back() -> None:
    report = modelspec.check_text(
        """
modelspec: 1
inputs: {a: [7, 8], b: [7, 8]}
layers:
  - {name: rnn, type: LSTM, hidden_size: 4, inputs: a}
  - {name: state, type: Linear, out_features: 2, inputs: "rnn:h_n"}
  - {name: both, type: Concat, dim: -1, inputs: [b, a]}
  - {name: parts, type: Split, split_size_or_sections: [8, 8], dim: -1}
  - {name: part, type: Linear, out_features: 2, inputs: "parts:1"}
  - name: stage
    repeat: 3
    layers: [{name: fc1, type: Linear, out_features: 2}, {name: fc2, type: Linear, out_features: 2}]
  - {name: one, type: Linear, out_features: 2, inputs: stage.1.fc1}
  - {name: all, type: Concat, dim: -1, inputs: ["stage.*"]}
""",
        "m.yaml",
    )
    assert report.ok
    assert draw(*report.models).link() == {
        ("a", "rnn"),
        ("rnn", "state"),
        ("b", "both"),
        ("a", "both"),
        ("both", "parts"),
        ("parts", "part"),
        ("part", "stage.0.fc1 × 3"),
        ("stage.0.fc1 × 3", "stage.0.fc2 × 3"),
        ("stage.0.fc1 × 3", "one"),
        ("stage.0.fc2 × 3", "all"),
    }


def test_a_colon_in_a_name_is_no_result() -> None:
    model = build(("a", ["input"]), ("a:b", ["input"]), ("c", ["a:b"]), ("d", ["a:x"]), ("e", ["gone"]))
    assert draw(model).link() == {("input", "a"), ("input", "a:b"), ("a:b", "c"), ("a", "d")}


def test_what_is_too_large_is_folded_from_below() -> None:
    paths = [f"stage{a}.block{b}.conv{c}" for a in range(4) for b in range(10) for c in range(20)]
    chart = draw(chain(paths))
    assert [line.split(":")[0] for line in chart.comments] == [
        "  %% What lies below 2 levels of a path is one node",
    ]
    assert len(chart.nodes) == 1 + 40
    assert ("stage0.block9", "stage1.block0") in chart.link()
    assert "20 layers" in chart.nodes["m0n0"].split("\n")
    assert "20 parameters" in chart.nodes["m0n0"].split("\n")


def test_neighbours_are_folded_where_there_are_no_levels() -> None:
    chart = draw(chain([f"Linear-{number}" for number in range(1, 3000)]))
    assert len(chart.comments) == 1
    assert 100 < len(chart.nodes) <= 500
    shown = re.findall(r"^([\d,]+) layers$", "\n".join(chart.nodes.values()), re.MULTILINE)
    assert sum(int(count.replace(",", "")) for count in shown) >= 2998


@pytest.mark.parametrize("count", [60, 250, 1000])
def test_many_models_fit(count: int) -> None:
    paths = [f"part{a}.layer{b}" for a in range(4) for b in range(4)]
    chart = draw(*(chain(paths, name=f"m{number}") for number in range(count)))
    if count == 1000:
        left = int(re.search(r"%% ([\d,]+) more models are", chart.comments[0])[1].replace(",", ""))  # type: ignore[index]
        assert len(chart.titles) + left == count
        assert len(chart.titles) > 200
    else:
        assert len(chart.titles) == count
        assert "left out" not in chart.comments[0]


def test_equal_rounds_are_told_once() -> None:
    paths = [f"stage{a}.0.conv{b}" for a in range(60) for b in range(12)]
    chart = draw(chain(paths, repeat=12))
    assert chart.nodes["m0n0"].split("\n")[:2] == ["stage0.0 × 12", "12 layers each"]


def test_long_names_are_cut() -> None:
    chart = draw(chain(["層" * 5000, "\U0001d400" * 5000], name="<" * 90_000))
    assert all(len(text) < 400 for text in [*chart.titles, *chart.nodes.values()])


def test_a_report_without_models_is_an_empty_chart() -> None:
    assert draw() == Chart([], {}, [], [])


# --- Mermaid's own parser --------------------------------------------------------------------------------------------


def parse(charts: list[str]) -> list[dict[str, Any]]:
    assert NODE is not None
    command = [NODE, str(FORMATS / "parse_mermaid.mjs")]
    done = subprocess.run(command, input=json.dumps(charts).encode(), capture_output=True, check=True)
    read: list[dict[str, Any]] = json.loads(done.stdout)
    return read


@pytest.mark.skipif(
    NODE is None or not (FORMATS / "node_modules" / "mermaid").exists(),
    reason="needs Node.js and `npm install --prefix tests/formats`",
)
def test_mermaid_itself_reads_the_charts() -> None:
    zoo = [SPECS / "zoo" / f"{name}.yaml" for name in ("efficientnet", "gpt2", "unet")]
    paths = [*sorted(HERE.glob("cases/*/*.*")), *zoo]
    specs = [path for path in paths if path.suffix in (".yaml", ".json")]
    found = [write_report([follow(path.read_bytes(), path.name)]) for path in specs]
    models = [
        *(chain([f"{nasty} {number}" for number in range(2)], name=nasty) for nasty in NASTY),
        chain([f"s{a}.b{b}.c{c}" for a in range(4) for b in range(10) for c in range(20)]),
        chain([f"Linear-{number}" for number in range(1, 3000)]),
    ]
    found += [Report(ok=True, models=[model], diagnostics=[]) for model in models]
    charts = [mermaid.show_report(report) for report in found]
    broken = 'flowchart TD\n  a["b" --> c'
    *read, refused = parse([*charts, broken])
    assert "error" in refused
    for text, told in zip(charts, read, strict=True):
        assert "error" not in told, f"{text}\n{told}"
        assert told["most"] == {"maxTextSize": 50_000, "maxEdges": 500}
        chart = read_chart(text)
        assert [tuple(edge) for edge in told["edges"]] == chart.edges
        assert {name: show(node["text"]) for name, node in told["nodes"].items()} == chart.nodes
        assert [show(graph["title"]) for graph in told["subgraphs"]] == chart.titles


def show(text: str) -> str:
    """A text as Mermaid shows it: its own marks of entities decoded."""
    return html.unescape(re.sub(r"ﬂ°°(\d+)¶ß", r"&#\1;", text).replace("<br>", "\n").replace("<br/>", "\n"))
