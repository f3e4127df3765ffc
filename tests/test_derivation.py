"""The explanation cannot lie: what it prints, worked out again from the print alone, is what was counted."""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelspec.catalogue import dialects, list_layers
from modelspec.derivation import LayerDerivation, derive
from modelspec.formula import write_formula
from modelspec.graph import Graph
from modelspec.layer import Example
from modelspec.render.explanation import show_explanation
from modelspec.road import follow, write_report
from modelspec.rows import list_rows
from modelspec.shape import Unknown

SEEDS = sorted((Path(__file__).resolve().parent.parent / "specs" / "seeds").glob("*.yaml"))


def resolve(data: bytes, path: str) -> Graph:
    outcome = follow(data, path)
    assert outcome.models[0].sound, outcome.findings
    return outcome.models[0].graph


def plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [plain(member) for member in value]
    if isinstance(value, dict):
        return {key: plain(member) for key, member in value.items()}
    return None if isinstance(value, Unknown) else value


def list_graphs() -> Iterator[Any]:
    for path in SEEDS:
        yield pytest.param(path.read_bytes(), id=path.stem)
    for dialect in dialects():
        for layer in list_layers(dialect):
            for number, example in enumerate(layer.examples, 1):
                if example.breaks is None and example.code is None:
                    name = f"{dialect}.{layer.type_name()}-{number}"
                    yield pytest.param(write_spec(dialect, layer.type_name(), example), id=name)


def write_spec(dialect: str, name: str, example: Example) -> bytes:
    shapes = zip(example.inputs, example.dtypes, strict=True)
    inputs = {f"x{number}": {"shape": plain(shape), "dtype": dtype} for number, (shape, dtype) in enumerate(shapes)}
    layer = {"type": name, **plain(example.arguments), **({"inputs": list(inputs)} if inputs else {})}
    inputs = inputs or {"x": {"shape": [1], "dtype": "float32"}}
    return json.dumps({"modelspec": 1, "dialect": dialect, "inputs": inputs, "layers": [layer]}).encode()


every_model = pytest.mark.parametrize("data", [*list_graphs()])


def work_out(text: str, names: Mapping[str, Any] = {}) -> Fraction:
    """What a printed formula comes to, by Python's own arithmetic on fractions."""
    code, open_brackets = "", []
    for char in text.replace("×", "*").replace("−", "-").replace("^", "**"):
        if char == "[":
            # A square bracket behind a name is an index, any other a group.
            open_brackets.append("[" if code[-1:].isalnum() or code[-1:] in ("_", "]") else "(")
            char = open_brackets[-1]
        elif char == "]":
            char = "]" if open_brackets.pop() == "[" else ")"
        code += char
    tree = ast.parse(code.strip(), mode="eval")
    tree = ast.fix_missing_locations(_Exact().visit(tree))
    exact = {name: _make_exact(value) for name, value in names.items()}
    scope = {
        "F": Fraction,
        "floor": lambda x: Fraction(math.floor(x)),
        "ceil": lambda x: Fraction(math.ceil(x)),
        "min": min,
        "max": max,
        "abs": abs,
        "int": int,
    }
    return Fraction(eval(compile(tree, "formula", "eval"), {"__builtins__": {}}, {**exact, **scope}))


def _make_exact(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_make_exact, value))
    return Fraction(repr(value)) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


class _Exact(ast.NodeTransformer):
    """Numbers as fractions; what Python rounds to an int is made one again."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        return ast.Call(func=ast.Name("F", ast.Load()), args=[node], keywords=[])

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        written = ast.Constant(repr(node.value))
        return ast.Call(func=ast.Name("F", ast.Load()), args=[written], keywords=[])

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        self.generic_visit(node)
        node.slice = ast.Call(func=ast.Name("int", ast.Load()), args=[node.slice], keywords=[])
        return node


def list_claims(text: str) -> Iterator[tuple[str, str]]:
    """The numbers and the result of everything of the form `… = numbers = result` that an explanation says."""
    for line in text.partition("\nBudget")[0].splitlines():
        label, _, told = line.strip().partition("  ")
        if label in ("", "shape", "inferred", "file", "input", "counted"):
            continue
        told = re.sub(r" bytes?\b| \([a-z]\w*\)| \([\d,.]+ [KMGT]iB\)|, what .*", "", told)
        told = re.sub(r"(?<=\d),(?=\d{3})", "", told)
        for part in told.split("; "):
            steps = part.strip().split(" = ")
            if len(steps) > 1 and not re.search(r"\?|(?!floor|ceil|min|max|abs)\b[a-z]\w*", steps[-2]):
                yield steps[-2], steps[-1]


@every_model
def test_what_is_printed_comes_to_what_is_printed(data: bytes) -> None:
    graph = resolve(data, "model.yaml")
    explanation = derive(graph)
    claims = list(list_claims(show_explanation(explanation, width=100_000)))
    assert len(claims) >= len(explanation.layers)
    for numbers, result in claims:
        assert work_out(numbers) == Fraction(result), (numbers, result)
    for layer in explanation.layers:
        hold_formulas(layer, graph)


def hold_formulas(layer: LayerDerivation, graph: Graph) -> None:
    cost = layer.cost
    assert cost is not None
    if layer.parameters is not None:
        assert layer.parameters.result == cost.parameters
    if layer.macs is not None:
        assert layer.macs.result == cost.macs
    assert layer.activation_bytes.result == cost.activation_bytes
    fitted = next(node.fitted for node in list_rows(graph) if node.path == layer.path)
    inputs = {fitted.layer.input_name_at(number): shape for number, shape in enumerate(layer.inputs)}
    names = {**fitted.layer.names(), **inputs, "output": layer.output}
    for formula in (layer.parameters, layer.macs, *(formula for _, formula in layer.sizes)):
        if formula is not None and not isinstance(formula.result, Unknown):
            assert work_out(formula.names, names) == work_out(formula.numbers) == formula.result


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.stem)
def test_every_number_of_the_report_is_explained(path: Path) -> None:
    graph = resolve(path.read_bytes(), path.name)
    text = show_explanation(derive(graph), width=100_000)
    model = write_report([follow(path.read_bytes(), path.name)]).models[0]
    for layer in model.layers:
        section = text.partition(f"\n{layer.path}\n")[2].partition("\n\n")[0]
        for count in (
            layer.parameters,
            layer.macs,
            layer.activation_bytes,
            *(layer.weight_bytes,) * bool(layer.tensors),
        ):
            assert re.search(rf"(?<![\d,]){count:,}(?![\d,])" if count is not None else r"\?", section), layer.path
        for tensor in layer.tensors:
            assert f"{tensor.count:,}" in section
    ending = text.partition("\nThe whole model\n")[2]
    for metric, count in model.totals.model_dump().items():
        if metric not in ("trainable_parameters", "non_trainable_parameters"):
            assert count is None or f"{count:,}" in ending, metric


BY_HAND = (
    ("custom_ffn_v5", "Linear-1", "(204 + 1) × 32", 6_560),
    ("custom_ffn_v5", "BatchNorm1d-2", "2 × 32", 64),
    ("custom_ffn_v5", "Linear-21", "(512 + 1) × 2", 1_026),
    ("cnn_classifier", "Conv2d-1", "(5 × 5 × 1 + 1) × 16", 416),
    ("cnn_classifier", "Conv2d-5", "(5 × 5 × 16 + 1) × 32", 12_832),
    ("cnn_classifier", "Linear-10", "(1568 + 1) × 512", 803_328),
    ("flat_maxpool", "Linear-3", "256 × 128", 32_768),
    ("flat_maxpool", "MaxPool1d-5", "floor((128 − 3 + 2 × 0) / 3) + 1", 42),
    ("keras_ffnn_small", "Dense-1", "(3 + 1) × 5", 20),
    ("keras_lstm", "LSTM-1", "4 × [2 × (2 + 3) + 2]", 48),
    ("keras_bigru_lstm", "Bidirectional-1", "2 × 3 × [5 × (5 + 8) + 5]", 420),
    ("keras_conv_rgb", "Conv2D-1", "(2 × 2 × 3 + 1) × 1", 13),
)


@pytest.mark.parametrize(("seed", "layer", "numbers", "result"), BY_HAND)
def test_a_layer_is_told_as_by_hand(seed: str, layer: str, numbers: str, result: int) -> None:
    path = next(path for path in SEEDS if path.stem == seed)
    text = show_explanation(derive(resolve(path.read_bytes(), path.name), layer), width=200)
    assert f" = {numbers} = {result:,}\n" in text


def test_a_layer_that_is_not_there() -> None:
    graph = resolve(SEEDS[0].read_bytes(), SEEDS[0].name)
    with pytest.raises(KeyError):
        derive(graph, "no.such.layer")


def test_tensors_are_told_with_their_axes() -> None:
    graph = resolve(b"modelspec: 1\ninput: [204]\nlayers:\n  - {type: Linear, out_features: 32}\n", "m.yaml")
    told = "weight out_features × in_features = 32 × 204 = 6,528; bias out_features = 32; together 6,560"
    assert told in show_explanation(derive(graph), width=120)


# Formulas


NAMES: dict[str, Any] = {"a": 7, "b": 4, "k": (3, 5)}


@st.composite
def formulas(draw: st.DrawFn, depth: int = 4) -> str:
    kind = draw(st.sampled_from([*"+-*/", "//", "-", "/", "//", "call", "power", "sign"])) if depth else "atom"
    if kind == "atom" or draw(st.integers(0, 4)) == 0:
        return draw(st.sampled_from(["a", "b", "k[0]", "k[1]", "1", "2", "10"]))
    one, other = draw(formulas(depth - 1)), draw(formulas(depth - 1))
    if kind == "call":
        name = draw(st.sampled_from(["floor", "ceil", "abs", "max", "min"]))
        return f"{name}({one}, {other})" if name in ("max", "min") else f"{name}({one})"
    if kind == "power":
        return f"({one}) ** 2"
    return f"-({one})" if kind == "sign" else f"({one}) {kind} ({other})"


@settings(max_examples=300, deadline=None)
@given(formulas())
def test_brackets_are_where_they_must_be(text: str) -> None:
    try:
        told = write_formula(text, NAMES)
    except ZeroDivisionError:
        return
    value = work_out(text, NAMES)
    assert work_out(told.names, NAMES) == work_out(told.numbers) == value
    assert told.result == int(value)


@pytest.mark.parametrize("text", ["a if b else 3", "a < b", "a @ b", "a.b", "open(a)", "a[b]", "'a'"])
def test_what_people_do_not_write_by_hand_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"by hand|no number"):
        write_formula(text, {"a": 1, "b": 2})
