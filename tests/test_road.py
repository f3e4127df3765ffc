"""Laws of the whole road, from a document to its report, and the models that were counted by hand."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import modelspec
from modelspec import road
from modelspec.catalogue import dialects, find, list_layers
from modelspec.completion import complete
from modelspec.dtype import BITS
from modelspec.expressions import BUILTINS
from modelspec.kinds import Boolean, Choice, Integer, Kind, Number, Optional, PerAxis, Words
from modelspec.layer import Example, Layer, fields_of
from modelspec.limit import LAYER_METRICS, METRICS
from modelspec.render import json as json_renderer
from modelspec.render import markdown, text
from modelspec.report import Report
from modelspec.rows import list_rows
from modelspec.source import read_mapping
from modelspec.spec.reader import ENTRIES

ROOT = Path(__file__).resolve().parent.parent
Spec = dict[str, Any]

# --- Valid specs ------------------------------------------------------------------------------------------------------

LAYERS = {
    dialect: [layer for layer in list_layers(dialect) if layer.arity[0] == 1 and not layer.chooses]
    for dialect in dialects()
}
"""The types that can stand in a chain."""
SIZES = st.sampled_from([1, 2, 3, 4, 5, 6, 8, 8, 12, 16])


def follow(spec: Spec) -> road.Outcome:
    return road.follow_document(read_mapping(spec, "model.yaml"))


def report_on(outcome: road.Outcome) -> Report:
    return road.write_report([outcome])


def plain(value: Any) -> Any:
    """As a reader of YAML gives it: lists, no tuples, and nothing that is shared."""
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    return [plain(member) for member in value] if isinstance(value, (list, tuple)) else value


def draw_value(draw: st.DrawFn, kind: Kind) -> Any:
    """A small value that a kind takes, or None where it is not one of the plain ones."""
    match kind:
        case Optional():
            return draw_value(draw, kind.kind)
        case Words():
            return draw(st.sampled_from(kind.own)) if draw(st.booleans()) else draw_value(draw, kind.other)
        case Choice():
            return draw(st.sampled_from(kind.options))
        case Boolean():
            return draw(st.booleans())
        case PerAxis():
            assert kind.rank is not None
            if draw(st.booleans()):
                return draw_value(draw, kind.item)
            return [draw_value(draw, kind.item) for _ in range(kind.rank)]
        case Integer():
            return draw(SIZES) if kind.minimum == 1 else draw(st.integers(kind.minimum or 0, 2))
        case Number():
            return draw(st.sampled_from([0.25, 0.5, 1.0]))
    return None


def list_examples(layer: type[Layer]) -> list[Example]:
    return [example for example in layer.examples if example.breaks is None and example.code is None]


def draw_arguments(draw: st.DrawFn, layer: type[Layer]) -> dict[str, Any]:
    """Arguments from an example of the class, some of them changed."""
    arguments: dict[str, Any] = plain(draw(st.sampled_from(list_examples(layer))).arguments)
    for name, field in fields_of(layer).items():
        if field.way == "argument" and draw(st.integers(0, 4)) == 0:
            value = draw_value(draw, field.kind)
            if value is not None:
                arguments[name] = value
    return arguments


@st.composite
def shapes(draw: st.DrawFn, layer: type[Layer]) -> list[int]:
    """A sample that a class takes: of one of its examples, or of its layouts."""
    if draw(st.booleans()):
        return [size for size in draw(st.sampled_from(list_examples(layer))).inputs[0] if isinstance(size, int)]
    shape = []
    for name in draw(st.sampled_from(layer.takes_at(0).layouts)):
        shape += [draw(SIZES) for _ in range(draw(st.integers(0, 2)) if name == "*" else 1)]
    return shape


def is_sound(outcome: road.Outcome) -> bool:
    """Whether the document's model has been resolved without a fault."""
    return bool(outcome.models) and outcome.models[0].sound


def add_entry(draw: st.DrawFn, spec: Spec, layer: type[Layer]) -> bool:
    """Add a layer of this type, if there is one that takes what arrives."""
    entry = {"type": layer.type_name(), **draw_arguments(draw, layer)}
    if draw(st.integers(0, 3)) == 0:
        entry["trainable"] = draw(st.booleans())
    if draw(st.integers(0, 5)) == 0:
        entry["dtype"] = draw(st.sampled_from(["float16", "int4", "uint1", "float64"]))
    if draw(st.integers(0, 2)) == 0:
        entry["name"] = (
            f"{draw(st.sampled_from(['fc', 'block.conv', 'yes', '1e3', 'null', '名']))}{len(spec['layers'])}"
        )
    spec["layers"].append(entry if len(entry) > 1 else entry["type"])
    if is_sound(follow(spec)):
        return True
    spec["layers"].pop()
    return False


def put_expressions(draw: st.DrawFn, spec: Spec) -> None:
    """Write some numbers as expressions that have their value."""

    def write(number: int) -> Any:
        way = draw(st.integers(0, 9))
        if way > 4:
            return number
        name = f"v{len(spec['variables'])}"
        if way == 0:
            spec["variables"][name] = number
            return name
        if way == 1:
            spec["variables"][name] = [1, number, 0.5]
            return f"{name}[1]"
        if way == 2:
            spec["variables"][name] = f"{number} * 2 + 1"
            return f"{name} // 2"
        return f"max({number}, {number} - 1)" if way == 3 else f"{number} if 1 > 0 else 1 // 0"

    for entry in spec["layers"]:
        if not isinstance(entry, dict):
            continue
        for name, field in fields_of(find(spec["dialect"], entry["type"]) or Layer).items():
            kind = field.kind.kind if isinstance(field.kind, Optional) else field.kind
            value = entry.get(name)
            if type(value) is int and isinstance(kind, (Integer, PerAxis)):
                entry[name] = write(value)
            elif isinstance(value, list) and isinstance(kind, PerAxis):
                entry[name] = [write(member) if type(member) is int else member for member in value]
    spec["input"] = [write(size) for size in spec["input"]]


@st.composite
def specs(draw: st.DrawFn, expressions: bool = True) -> Spec:
    """A valid spec: a chain of layers, each of which takes what arrives."""
    dialect = draw(st.sampled_from(list(dialects())))
    first = draw(st.sampled_from(LAYERS[dialect]))
    spec: Spec = {"modelspec": 1, "dialect": dialect, "variables": {}, "input": draw(shapes(first)), "layers": []}
    for key in ("dtype", "activation_dtype"):
        if draw(st.integers(0, 4)) == 0:
            spec[key] = draw(
                st.sampled_from(["float16", "bfloat16", "int8", "float64"] if key == "dtype" else ["float16"])
            )
    if draw(st.booleans()):
        spec["name"] = draw(st.sampled_from(["a model", "no", "1", "x: y", "'", "# 5"]))
    shape = spec["input"]
    add_entry(draw, spec, first)
    for _ in range(draw(st.integers(0, 5))):
        if spec["layers"]:
            shape = [size or 1 for size in report_on(follow(spec)).models[0].layers[-1].output_shape]
        # Those that hold something come up twice as often as those that do not.
        fitting = [layer for layer in LAYERS[dialect] if layer.takes_at(0).fits(len(shape))]
        holding = [layer for layer in fitting if any(field.required for field in fields_of(layer).values())]
        add_entry(draw, spec, draw(st.sampled_from(holding + fitting)))
    assume(spec["layers"])
    if expressions:
        put_expressions(draw, spec)
    return spec


def add_budget(draw: Callable[..., Any], spec: Spec) -> None:
    model = report_on(follow(spec)).models[0]
    limits: dict[str, Any] = {}
    for metric in draw(st.lists(st.sampled_from(METRICS), max_size=3, unique=True)):
        actual = getattr(model.totals, metric)
        limits[metric] = draw(
            st.sampled_from(
                [actual, {"exactly": actual}, {"min": actual, "max": actual + 5}, {"max": max(actual - 1, 0)}]
            )
        )
    scopes = draw(st.lists(st.sampled_from(["*", "*-1*", model.layers[0].path]), max_size=2, unique=True))
    if scopes:
        limits["layers"] = {
            scope: {draw(st.sampled_from(LAYER_METRICS)): draw(st.integers(0, 500)), "each": draw(st.booleans())}
            for scope in scopes
        }
    if limits:
        spec["budget"] = limits


def strip(report: Report) -> dict[str, Any]:
    """A report but for places."""
    told: dict[str, Any] = json.loads(report.to_json())
    for model in told["models"]:
        for layer in model["layers"]:
            del layer["line"]
    for diagnostic in told["diagnostics"]:
        for key in ("path", "line", "column", "end_line", "end_column"):
            del diagnostic[key]
        diagnostic["related"] = [related["message"] for related in diagnostic["related"]]
    told["diagnostics"].sort(key=str)
    return told


# --- Laws -------------------------------------------------------------------------------------------------------------


def unwritten(report: dict[str, Any]) -> dict[str, Any]:
    """A report but for what says that something was inferred."""
    for model in report["models"]:
        for layer in model["layers"]:
            del layer["inferred"]
    return report


def has_numbers(value: Any) -> bool:
    """Whether all of an argument is known."""
    return all(map(has_numbers, value)) if isinstance(value, list) else value is not None


@given(specs(), st.data())
@settings(max_examples=150, deadline=None)
def test_a_resolved_spec_says_the_same(spec: Spec, data: st.DataObject) -> None:
    add_budget(data.draw, spec)
    if data.draw(st.integers(0, 2)) == 0 and spec["input"]:
        spec["variables"]["seq"] = None
        spec["input"][data.draw(st.integers(0, len(spec["input"]) - 1))] = data.draw(
            st.sampled_from([None, "seq", "2 * seq"])
        )
    first = follow(spec)
    assume(is_sound(first))
    resolved = complete(first.models[0].graph)
    second = road.follow(resolved.encode(), "model.yaml")
    assert unwritten(strip(report_on(second))) == unwritten(strip(report_on(first))), resolved
    assert complete(second.models[0].graph) == resolved
    for layer in report_on(second).models[0].layers:
        known = [name for name in layer.inferred if has_numbers(layer.arguments[name])]
        assert known == [], "what is inferred and known is written out"


class Dumper(yaml.SafeDumper):
    """PyYAML's writer, with quotes where it leaves out some that YAML 1.2 wants."""


def represent_text(dumper: Dumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, None if value.isidentifier() else '"')


Dumper.add_representer(str, represent_text)


@given(specs(), st.data())
@settings(max_examples=60, deadline=None)
def test_json_yaml_and_mapping_are_one(spec: Spec, data: st.DataObject) -> None:
    add_budget(data.draw, spec)
    spec["name"] = "a name"
    flow = data.draw(st.sampled_from([None, True, False]))
    written = yaml.dump(spec, Dumper=Dumper, sort_keys=False, allow_unicode=True, default_flow_style=flow)
    as_mapping = strip(modelspec.check(spec))
    for content, path in ((json.dumps(spec), "a.json"), (written, "a.yaml")):
        told = strip(modelspec.check_text(content, path))
        for model in told["models"]:
            assert model["path"] == path
            model["path"] = "<mapping>"
        assert told == as_mapping, written


def weigh(count: int | None, dtype: str) -> int | None:
    """The bytes of a tensor with so many elements."""
    return None if count is None else -(-count * BITS[dtype] // 8)


def add(counts: list[int | None]) -> int | None:
    return None if None in counts else sum(count for count in counts if count is not None)


@given(specs())
@settings(max_examples=60, deadline=None)
def test_totals_are_sums(spec: Spec) -> None:
    model = report_on(follow(spec)).models[0]
    assert len(model.layers) == len(spec["layers"])
    for metric in LAYER_METRICS:
        assert getattr(model.totals, metric) == add([getattr(layer, metric) for layer in model.layers]), metric
    for one in (*model.layers, model.totals):
        assert one.parameters == add([one.trainable_parameters, one.non_trainable_parameters]) == one.active_parameters
        assert one.flops == add([one.macs, one.macs])
    for layer, entry in zip(model.layers, spec["layers"], strict=True):
        held = [tensor.count for tensor in layer.tensors if tensor.kind == "parameter"]
        assert layer.parameters == add(held)
        sizes = [weigh(tensor.count, tensor.dtype) for tensor in layer.tensors]
        assert layer.weight_bytes == add(sizes)
        if isinstance(entry, dict) and entry.get("trainable") is False:
            assert layer.trainable_parameters == 0


@given(specs(), st.sampled_from(METRICS))
@settings(max_examples=60, deadline=None)
def test_a_limit_passed_by_one_is_told_with_the_gap(spec: Spec, metric: str) -> None:
    actual = getattr(report_on(follow(spec)).models[0].totals, metric)
    for limit in (actual, {"max": actual}, {"min": actual}, {"exactly": actual}):
        spec["budget"] = {metric: limit}
        assert follow(spec).ok
    faults = [("MS502", {"min": actual + 1}, "1 under"), ("MS503", {"exactly": actual + 1}, "1 less")]
    if actual:
        faults += [("MS501", actual - 1, "1 over"), ("MS503", {"exactly": actual - 1}, "1 more")]
    for code, limit, gap in faults:
        spec["budget"] = {metric: limit}
        report = report_on(follow(spec))
        (told,) = report.diagnostics
        assert (told.code, report.ok, report.models[0].budget[0].ok) == (code, False, False)
        assert gap in told.message
        assert f"{actual:,}" in told.message


def known_differs(known: Any, before: Any, way: str = "") -> str | None:
    """Where something that is known is not what it was before."""
    if known is None or known == before:
        return None
    if isinstance(known, dict):
        found = [known_differs(known[key], before[key], f"{way}.{key}") for key in known if key in before]
    elif isinstance(known, list) and isinstance(before, list) and len(known) == len(before):
        found = [known_differs(*pair, f"{way}[{at}]") for at, pair in enumerate(zip(known, before, strict=True))]
    else:
        return f"{way}: {known}, before {before}"
    return next(filter(None, found), None)


NEEDS_A_SIZE = {"MS307"}


@given(specs(expressions=False), st.data())
@settings(max_examples=120, deadline=None)
def test_an_unknown_axis_changes_nothing_that_is_known(spec: Spec, data: st.DataObject) -> None:
    assume(spec["input"])
    before = report_on(follow(spec))
    axis = data.draw(st.integers(0, len(spec["input"]) - 1))
    unknown = copy.deepcopy(spec)
    unknown["input"][axis] = None
    after = report_on(follow(unknown))
    if after.diagnostics:
        assert {told.code for told in after.diagnostics} <= NEEDS_A_SIZE
        assert len(after.diagnostics) == 1
        return
    assert after.models[0].inputs["input"].shape[axis] is None
    told, expected = strip(after), strip(before)
    assert known_differs(told, expected) is None


def write_lines(spec: Spec) -> str:
    """The spec with an entry a line, and where the first one is."""
    head = {key: value for key, value in spec.items() if key != "layers"}
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    return "\n".join([*lines, "layers:", *(f"  - {json.dumps(entry)}" for entry in spec["layers"])])


@given(specs(), st.data())
@settings(max_examples=150, deadline=None)
def test_one_mistake_is_one_finding(spec: Spec, data: st.DataObject) -> None:
    layers = report_on(follow(spec)).models[0].layers
    at = data.draw(st.integers(0, len(layers) - 1))
    entry = spec["layers"][at]
    entry = {"type": entry} if isinstance(entry, str) else dict(entry)
    fields = fields_of(find(spec["dialect"], entry["type"]) or Layer)
    kinds = ["type"]
    keys = [name for name in entry if name in fields and len(name) > 4]
    axes = [name for name, field in fields.items() if field.axis is not None and field.way == "inferred"]
    # Whether groups divide the wrong number is another question.
    if axes and "groups" not in entry:
        kinds.append("inferred")
    if keys:
        kinds.append("key")
    kind = data.draw(st.sampled_from(kinds))
    if kind == "type":
        code, entry["type"] = "MS207", entry["type"][:-2] + entry["type"][-1]
        assume(find(spec["dialect"], entry["type"]) is None)
    elif kind == "key":
        key = data.draw(st.sampled_from(keys))
        code, entry = "MS203", {(name[:2] + name[3:] if name == key else name): value for name, value in entry.items()}
    else:
        name = data.draw(st.sampled_from(axes))
        code, entry[name] = "MS304", layers[at].arguments[name] + 1
    spec["layers"][at] = entry
    written = write_lines(spec)
    told = modelspec.check_text(written).diagnostics
    line = written.count("\n") + 1 - len(spec["layers"]) + at + 1
    assert [(one.code, one.line) for one in told] == [(code, line)], [one.message for one in told]
    (one,) = told
    assert one.hint
    assert one.excerpt == written.splitlines()[line - 1]
    if code == "MS304":
        assert one.layer == layers[at].path
        assert one.excerpt[one.column - 1 : one.end_column - 1] == str(entry[name])
        assert one.related[0].line <= line


@given(specs(expressions=False), st.booleans())
@settings(max_examples=80, deadline=None)
def test_peak_is_what_is_alive_at_once(spec: Spec, unknown: bool) -> None:
    """Held against a reckoning that knows, for every tensor, who makes it and who reads it last."""
    if unknown and spec["input"]:
        spec["input"][-1] = None
    outcome = follow(spec)
    assume(is_sound(outcome))
    model = report_on(outcome).models[0]

    def size(value: Any) -> int | None:
        count: int | None = 1
        for axis in value.shape:
            count = None if count is None or axis is None else count * axis
        return weigh(count, value.dtype)

    # Every result by its name: the tensor that it is (its own, or the one that it is a view of).
    sizes = {f"{path}": size(value) for path, value in model.inputs.items()}
    source = {path: path for path in model.inputs}
    makes: list[list[str]] = []
    reads: list[list[str]] = []
    for layer, node in zip(model.layers, list_rows(outcome.models[0].graph), strict=True):
        reads.append([source[name] for name in layer.inputs])
        made = []
        for name, value in layer.outputs.items():
            tensor = layer.path if name == next(iter(layer.outputs)) else f"{layer.path}:{name}"
            source[tensor] = reads[-1][0] if node.fitted.layer.result == "view" else tensor
            if source[tensor] == tensor:
                sizes[tensor] = size(value)
                made.append(tensor)
        makes.append(made)
    result = source[model.layers[-1].path]
    peaks: list[int | None] = []
    for at in range(len(model.layers)):
        later = {name for read in reads[at:] for name in read} | {result}
        before = {name for made in makes[:at] for name in made} | set(model.inputs)
        peaks.append(add([sizes[name] for name in (before & later) | set(makes[at])]))
    known = None if None in peaks else max(peak for peak in peaks if peak is not None)
    assert model.totals.peak_activation_bytes == known


# --- The Python API ---------------------------------------------------------------------------------------------------


def test_api(tmp_path: Path) -> None:
    spec: Spec = {
        "modelspec": 1,
        "name": "small",
        "input": [8],
        "layers": [{"name": "fc1", "type": "Linear", "out_features": 4}],
    }
    report = modelspec.check(spec)
    assert report.ok
    assert report.models[0]["fc1"].parameters == 36
    with pytest.raises(KeyError):
        report.models[0]["fc2"]
    path = tmp_path / "small.json"
    path.write_text(json.dumps(spec), encoding="utf-8")
    assert strip(modelspec.check(path))["models"][0]["layers"] == strip(report)["models"][0]["layers"]
    assert modelspec.check(tmp_path).models == modelspec.check(str(path)).models
    spec["layers"].append({"type": "Linear", "in_features": 5, "out_features": 2})
    (told,) = modelspec.check(spec).diagnostics
    assert (told.code, told.path, told.layer) == ("MS304", "<mapping>", "Linear-2")
    (told,) = modelspec.check_text("modelspec: 1\n", "mine.yaml").diagnostics[:1]
    assert (told.path, told.line) == ("mine.yaml", 1)
    with pytest.raises(FileNotFoundError, match=r"none\.yaml"):
        modelspec.check(tmp_path / "none.yaml")


def test_dtypes_of_a_library_are_its_own(tmp_path: Path) -> None:
    entry = {"type": "Linear", "out_features": 10}
    dtypes = {"modelspec": 1, "dtype": "bfloat16", "activation_dtype": "float32"}
    files: dict[str, Spec] = {
        "library.json": {**dtypes, "blocks": {"head": {"layers": [entry]}}},
        "model.json": {"modelspec": 1, "imports": ["library.json"], "input": [4], "layers": [{"block": "head"}]},
        "other.json": {**dtypes, "input": [4], "layers": [entry]},
    }
    for name, spec in files.items():
        (tmp_path / name).write_text(json.dumps(spec), encoding="utf-8")
    for names in (["model.json", "other.json"], ["other.json", "model.json"]):
        # What other tests have left behind would hide what these leave to each other.
        ENTRIES.clear()
        bytes_told = {name: modelspec.check(tmp_path / name).models[0].totals.weight_bytes for name in names}
        assert bytes_told == {"model.json": 200, "other.json": 100}


def test_no_variable_hides_a_word_of_the_language() -> None:
    for name in sorted(BUILTINS):
        report = modelspec.check({"modelspec": 1, "variables": {name: 1}, "input": [8], "layers": ["ReLU"]})
        assert [told.code for told in report.diagnostics] == ["MS407"], name


# --- Models counted by hand -------------------------------------------------------------------------------------------

Row = tuple[str, tuple[int | None, ...], int]


def block(first: int, width: int, linear: int) -> list[Row]:
    types = (("Linear", linear), ("BatchNorm1d", 2 * width), ("ReLU", 0), ("Dropout", 0))
    return [(f"{name}-{first + at}", (width,), count) for at, (name, count) in enumerate(types)]


BY_HAND: dict[str, tuple[list[Row], int]] = {
    "custom_ffn_v5.yaml": (
        [
            *block(1, 32, 6_560),
            *block(5, 64, 2_112),
            *block(9, 128, 8_320),
            *block(13, 256, 33_024),
            *block(17, 512, 131_584),
            ("Linear-21", (2,), 1_026),
        ],
        184_610,
    ),
    "cnn_classifier.yaml": (
        [
            ("Conv2d-1", (16, 28, 28), 416),
            ("Dropout-2", (16, 28, 28), 0),
            ("ReLU-3", (16, 28, 28), 0),
            ("MaxPool2d-4", (16, 14, 14), 0),
            ("Conv2d-5", (32, 14, 14), 12_832),
            ("Dropout-6", (32, 14, 14), 0),
            ("ReLU-7", (32, 14, 14), 0),
            ("MaxPool2d-8", (32, 7, 7), 0),
            ("Flatten-9", (1568,), 0),
            ("Linear-10", (512,), 803_328),
            ("Dropout-11", (512,), 0),
            ("ReLU-12", (512,), 0),
            ("Linear-13", (128,), 65_664),
            ("Dropout-14", (128,), 0),
            ("ReLU-15", (128,), 0),
            ("Linear-16", (10,), 1_290),
        ],
        883_530,
    ),
    "flat_maxpool.yaml": (
        [
            ("Linear-1", (256,), 262_400),
            ("Dropout-2", (256,), 0),
            ("Linear-3", (128,), 32_768),
            ("Tanh-4", (128,), 0),
            ("MaxPool1d-5", (42,), 0),
            ("Linear-6", (3,), 126),
        ],
        295_294,
    ),
    "keras_ffnn_small.yaml": ([("Dense-1", (5,), 20), ("Dense-2", (2,), 12)], 32),
    "keras_ffnn_deep.yaml": (
        [("Dense-1", (100,), 5_100), ("Dense-2", (1,), 101), ("Dense-3", (100,), 200), ("Dense-4", (50,), 5_050)],
        10_451,
    ),
    "keras_lstm.yaml": ([("LSTM-1", (2,), 48)], 48),
    "keras_bigru_lstm.yaml": ([("Bidirectional-1", (None, 10), 420), ("LSTM-2", (50,), 12_200)], 12_620),
    "keras_conv_grey.yaml": ([("Conv2D-1", (None, None, 3), 15)], 15),
    "keras_conv_rgb.yaml": ([("Conv2D-1", (None, None, 1), 13)], 13),
    "keras_conv_2ch.yaml": ([("Conv2D-1", (None, None, 3), 27)], 27),
    # Single layers
    "fully_connected.yaml": ([("Linear-1", (128,), 32_896)], 32_896),
    "convolution.yaml": ([("Conv2d-1", (64, 30, 30), 1_792)], 1_792),
}


def show_shape(shape: tuple[int | None, ...], dialect: str) -> str:
    sizes = ["?" if size is None else str(size) for size in shape]
    return f"(None, {', '.join(sizes)})" if dialect == "keras" else f"[-1, {', '.join(sizes)}]"


def find_row(shown: str, *cells: str) -> bool:
    """Whether some line has just these cells, in this order, among its own."""
    for line in shown.splitlines():
        parts = [
            part.strip(" `") for part in (line.split("|") if line.startswith("|") else line.split("  ")) if part.strip()
        ]
        found = [part for part in parts if part in cells]
        if found[: len(cells)] == list(cells) or [*dict.fromkeys(found)] == [*dict.fromkeys(cells)]:
            return True
    return False


@pytest.mark.parametrize("name", BY_HAND)
def test_model_counted_by_hand(name: str) -> None:
    rows, total = BY_HAND[name]
    report = modelspec.check(ROOT / "specs" / "seeds" / name)
    assert report.ok
    (model,) = report.models
    as_json = json.loads(json_renderer.show_report(report))["models"][0]
    as_text, as_markdown = text.show_report(report), markdown.show_report(report)
    assert [layer["path"] for layer in as_json["layers"]] == [path for path, _, _ in rows]
    for (path, shape, count), layer in zip(rows, as_json["layers"], strict=True):
        assert (layer["output_shape"], layer["parameters"]) == (list(shape), count)
        assert layer["trainable_parameters"] == count
        cells = (path, show_shape(shape, model.dialect), f"{count:,}")
        assert find_row(as_text, *cells), cells
        assert find_row(as_markdown, *cells), cells
    assert as_json["totals"]["parameters"] == as_json["totals"]["trainable_parameters"] == total
    assert as_json["budget"][0]["limit"]["exactly"] == as_json["budget"][0]["actual"] == total
    assert find_row(as_text, "Parameters", f"{total:,}")
    assert find_row(as_markdown, "Parameters", f"{total:,}")


def test_every_seed_is_counted_by_hand() -> None:
    assert {path.name for path in (ROOT / "specs" / "seeds").iterdir()} == set(BY_HAND)


def test_what_was_wrong_stays_wrong() -> None:
    # Entries are kept for when they come again in a run: only those in which nothing is wrong.
    for layer in ({"name": "a:b", "type": "Linear", "out_features": 2}, {"type": "Linear", "out_features": 0}):
        document = {"modelspec": 1, "input": [4], "layers": [layer]}
        first, second = (modelspec.check(document).diagnostics for _ in range(2))
        assert first
        assert first == second


def test_a_contradicted_layer_keeps_what_its_entry_says() -> None:
    layer = {"type": "Linear", "in_features": 3, "out_features": 4, "dtype": "float16", "trainable": False}
    report = modelspec.check({"modelspec": 1, "input": [8], "layers": [layer]})
    (told,) = report.models[0].layers
    assert [tensor.dtype for tensor in told.tensors] == ["float16", "float16"]
    assert (told.parameters, told.trainable_parameters, told.weight_bytes) == (36, 0, 72)
