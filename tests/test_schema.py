"""The quick reader, the Pydantic models and the published JSON Schemas say the same, and one mistake is told once."""

from __future__ import annotations

import importlib.util
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from modelspec import road, schema, source, spec
from modelspec.catalogue import dialects, list_layers
from modelspec.diagnostics import Finding, Route
from modelspec.json_schema import report_schema, spec_schema
from modelspec.language import LATER_ENTRY_KEYS, LATER_KEYS

ROOT = Path(__file__).resolve().parent.parent
SPEC = Draft7Validator(spec_schema())
REPORT = Draft7Validator(report_schema())
ACCEPTED = sorted((ROOT / "tests" / "schema_v1_accepted").iterdir())
BUNDLED = sorted((ROOT / "specs").rglob("*.yaml"))
PYDANTIC_WORDS = ("Input should", "Extra inputs", "Field required", "validation error", "pydantic")


def plain(value: Any) -> Any:
    """As a reader of JSON gives it: lists, no tuples."""
    return json.loads(json.dumps(value))


def read(tree: Any) -> source.Document:
    document = source.read(json.dumps(tree).encode(), "x.json")
    assert document.readable, document.findings
    return document


def list_examples() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Each example of the catalogue whose arguments are of their kinds: dialect, entry, and a document with it."""
    for dialect in dialects():
        for layer in list_layers(dialect):
            for example in layer.examples:
                if example.breaks is not None or example.code is not None:
                    continue
                entry = {"type": layer.type_name(), **plain(dict(example.arguments))}
                shape = [size if isinstance(size, int) else None for size in example.inputs[0]]
                tree = {"modelspec": 1, "dialect": dialect, "input": {"shape": shape, "dtype": example.dtype}}
                yield dialect, entry, {**tree, "layers": [entry]}


EXAMPLES = list(list_examples())
ENTRIES = {dialect: [entry for own, entry, _ in EXAMPLES if own == dialect] for dialect in dialects()}

PARTS: dict[str, Any] = {
    "name": st.sampled_from(["a model", None]),
    "metadata": st.sampled_from([None, {"a": [1, {"b": None}]}, "free"]),
    "dtype": st.sampled_from(["float16", "int4"]),
    "variables": st.sampled_from([{"w": 3, "deep": True, "sizes": [1, 2.5], "n": None, "v": "2 * w"}, {}]),
    "budget": st.sampled_from(
        [
            {"parameters": "200K", "macs": {"max": "4.2B"}, "weight_bytes": {"min": "90 MiB", "max": "110 MiB"}},
            {"buffers": {"exactly": 61_706}, "layers": {"*.weight": {"parameters": 5, "each": True}}},
        ]
    ),
}


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Documents of which every value is of its kind. Whether the layers fit together is not asked here."""
    dialect = draw(st.sampled_from(dialects()))
    entries = draw(st.lists(st.sampled_from(ENTRIES[dialect]), min_size=1, max_size=3))
    tree: dict[str, Any] = {"modelspec": 1, "input": draw(st.sampled_from([[3, None], {"shape": ["w", 4]}, "sizes"]))}
    if dialect != "torch" or draw(st.booleans()):
        tree["dialect"] = dialect
    tree["layers"] = [
        {**entry, **draw(st.sampled_from([{}, {"name": "a.b"}, {"trainable": False, "dtype": "int8"}]))}
        for entry in entries
    ]
    for key, values in PARTS.items():
        if draw(st.booleans()):
            tree[key] = draw(values)
    return plain(tree)


LITERALS = [True, False, None, 0, 1, -7, 2.0, 2.5, 1e308, 10**39, "", "same", "2 * w", "2 *", "max(8", "a b", "20%"]
COMPOUNDS = [[], [1], [1, 2], [True], ["w", None], [[1]], {}, {"a": 1}, {"type": 3}, {"shape": [1]}]
WRONG = st.sampled_from([*LITERALS, *COMPOUNDS, "fp16", "linear", "nn.ReLU"])


def list_routes(tree: Any, route: Route = ()) -> Iterator[Route]:
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ():
        if (*route, key) != ("modelspec",):
            yield (*route, key)
            yield from list_routes(value, (*route, key))


def at(tree: Any, route: Route) -> Any:
    for step in route:
        tree = tree[step]
    return tree


def is_free(route: Route) -> bool:
    """Whether the author chooses the keys here: variables, patterns, metadata, what Keras saves an object as."""
    return route[0] in ("variables", "metadata") or route[:2] == ("budget", "layers") or "config" in route


class Change:
    """One change to a document: what was done, and where."""

    def __init__(self, tree: Any, route: Route, what: str) -> None:
        self.tree = tree
        self.route = route
        self.what = what

    def __repr__(self) -> str:
        return f"{self.what} at {self.route} in {json.dumps(self.tree)}"


@st.composite
def changes(draw: st.DrawFn) -> Change:
    tree = draw(documents())
    route = draw(st.sampled_from(sorted(list_routes(tree), key=str)))
    holder, key = at(tree, route[:-1]), route[-1]
    what = draw(st.sampled_from(["value", "value", "value", "drop", "misspell", "add", "later"]))
    if what == "value":
        holder[key] = draw(WRONG)
    elif isinstance(holder, list):
        what = "drop"
        del holder[key]
    elif what == "drop":
        del holder[key]
    elif what == "misspell":
        renamed = [(name + name[-1] if name == key else name, value) for name, value in holder.items()]
        holder.clear()
        holder.update(renamed)
    else:
        route = (*route[:-1], "zzz" if what == "add" else draw(st.sampled_from([*LATER_KEYS, *LATER_ENTRY_KEYS])))
        holder[route[-1]] = 3
    return Change(tree, route, what)


def find(tree: Any) -> list[Finding]:
    return schema.check(tree)


quick = settings(deadline=None, max_examples=200, suppress_health_check=list(HealthCheck))


def test_written_schemas_are_fresh_and_draft_7() -> None:
    location = importlib.util.spec_from_file_location("write_schema", ROOT / "tools" / "write_schema.py")
    assert location is not None
    assert location.loader is not None
    tool = importlib.util.module_from_spec(location)
    location.loader.exec_module(tool)
    written = tool.write()
    assert len(written) == 2
    for path, text in written.items():
        assert path.read_text(encoding="utf-8") == text, "run `python tools/write_schema.py`"
        Draft7Validator.check_schema(json.loads(text))


def list_references(value: Any) -> Iterator[str]:
    for key, member in value.items() if isinstance(value, dict) else enumerate(value):
        if key == "$ref":
            yield member
        elif isinstance(member, (dict, list)):
            yield from list_references(member)


@pytest.mark.parametrize("validator", [SPEC, REPORT], ids=["spec", "report"])
def test_definitions_are_those_that_are_used(validator: Draft7Validator) -> None:
    told: Any = validator.schema
    names = {f"#/definitions/{name}" for name in told["definitions"]}
    assert set(list_references(told)) == names


def test_editors_are_told_what_each_argument_is() -> None:
    """A description of every type and argument, and each default is one that the schema itself takes."""
    told: Any = SPEC.schema
    for dialect in dialects():
        for layer in list_layers(dialect):
            definition = told["definitions"][f"{dialect}.{layer.type_name()}"]
            assert definition["description"].strip()
            assert definition["additionalProperties"] is False
            for name, field in definition["properties"].items():
                assert field["description"].strip(), (layer, name)
                if "default" in field:
                    errors = list(
                        SPEC.evolve(schema={"definitions": told["definitions"], **field}).iter_errors(field["default"])
                    )
                    assert not errors, (layer, name, errors)


@pytest.mark.parametrize("tree", [tree for _, _, tree in EXAMPLES], ids=[str(entry) for _, entry, _ in EXAMPLES])
def test_examples_are_accepted(tree: dict[str, Any]) -> None:
    outcome = road.follow(json.dumps(tree).encode(), "x.json")
    assert outcome.ok, outcome.findings
    assert find(tree) == []
    assert list(SPEC.iter_errors(tree)) == []


@pytest.mark.parametrize("path", BUNDLED, ids=lambda path: path.name)
def test_bundled_specs_are_accepted(path: Path) -> None:
    document = source.read(path.read_bytes(), path.name)
    assert find(document.tree) == []
    assert list(SPEC.iter_errors(document.tree)) == []


@pytest.mark.parametrize("path", ACCEPTED, ids=lambda path: path.name)
def test_version_1_accepts_what_it_accepted(path: Path) -> None:
    document = source.read(path.read_bytes(), path.name)
    read_spec, findings = spec.read(document)
    assert read_spec is not None
    assert findings == []
    assert find(document.tree) == []
    assert list(SPEC.iter_errors(document.tree)) == []


@quick
@given(documents())
def test_documents_of_the_right_kinds_are_accepted(tree: dict[str, Any]) -> None:
    assert spec.read(read(tree))[1] == find(tree) == []
    assert list(SPEC.iter_errors(tree)) == []


@quick
@given(changes())
def test_quick_reader_and_models_agree(change: Change) -> None:
    """What is not recognised goes to the models, which then have something to say; `read` refuses to go on else."""
    assert spec.read(read(change.tree))[1] == find(change.tree), change


@quick
@given(changes())
def test_one_mistake_is_one_message(change: Change) -> None:
    if has_changed_what_it_is(change):
        return
    findings = find(change.tree)
    assert len(findings) <= 1, (change, findings)
    for finding in findings:
        assert finding.where.route[: len(change.route) - 1] == change.route[:-1], (change, finding)
        assert finding.message.strip()
        assert not any(words in f"{finding.message} {finding.hint}" for words in PYDANTIC_WORDS)
        if finding.code.startswith("MS2"):
            assert finding.hint, (change, finding)


def has_changed_what_it_is(change: Change) -> bool:
    """Whether the change made another layer of it, or more than one mistake."""
    if change.what == "value":
        value = at(change.tree, change.route)
        # Two members that are wrong are two mistakes, and so are a shape's missing and a key like dtype.
        two = value in ([1, 2], ["w", None]) or (value == {"type": 3} and change.route == ("input",))
        return two or (change.route[-1] == "dialect" and value == "torch")
    return False


@quick
@given(changes())
def test_json_schema_agrees_as_far_as_it_can(change: Change) -> None:
    findings = road.follow_document(read(change.tree)).findings
    errors = list(SPEC.iter_errors(change.tree))
    if not any(finding.code[:3] in ("MS2", "MS4") for finding in findings):
        assert not errors, change
    elif any(is_plain_to_a_schema(finding, change.tree) for finding in findings):
        assert errors, (change, findings)


def is_plain_to_a_schema(finding: Finding, tree: Any) -> bool:
    if not finding.code.startswith("MS2"):
        return False
    try:
        value = at(tree, finding.where.route)
    except (KeyError, TypeError):
        return True
    # To JSON Schema a whole float is an integer. A limit's text must come out whole, and its sides agree.
    whole = isinstance(value, float) and not math.isinf(value) and value == int(value)
    limit = finding.where.route[:1] == ("budget",) and finding.code == "MS206"
    return not whole and not limit and finding.code != "MS209"


CASES: list[tuple[Any, str, Route, str]] = [
    # the entry of `layers`, and the code, the place and a part of the hint of the only finding
    ("Linear", "MS204", (), "{type: Linear, out_features: …}"),
    ("Conv2d", "MS204", (), "out_channels: …, kernel_size: …"),
    ("nn.ReLU", "MS207", (), "'ReLU'"),
    ("torch.nn.ReLU", "MS207", (), "'ReLU'"),
    ({"type": "linear", "out_features": 3}, "MS207", ("type",), "'Linear'"),
    ({"type": "Dense", "units": 3}, "MS207", ("type",), "dialect: keras"),
    ({"type": "Sequential", "layers": ["ReLU"]}, "MS208", ("type",), "one after the other"),
    ({"layers": ["ReLU"]}, "MS208", ("layers",), "one after the other"),
    ({"Linear": {"out_features": 3}}, "MS204", ("Linear",), "{type: Linear, out_features: …}"),
    ({"Linear": 3}, "MS204", ("Linear",), "{type: Linear, out_features: …}"),
    ({"ReLU": None}, "MS204", ("ReLU",), "`ReLU`"),
    ({"typ": "ReLU"}, "MS203", ("typ",), "'type'"),
    ({"out_features": 3}, "MS204", (), "`type: Linear`"),
    ({"type": "Linear", "out_features": 3, "in_feature": 3}, "MS203", ("in_feature",), "'in_features'"),
    ({"type": "Linear", "out_feature": 3}, "MS203", ("out_feature",), "'out_features'"),
    ({"type": "Linear", "units": 3}, "MS203", ("units",), "'out_features'"),
    ({"type": "Linear", "out_features": 3, "out_feature": 4}, "MS203", ("out_feature",), "given already"),
    ({"type": "Linear", "out_features": True}, "MS205", ("out_features",), "modelspec layers Linear"),
    ({"type": "Linear", "out_features": 2.0}, "MS205", ("out_features",), "write 2"),
    ({"type": "Linear", "out_features": 3, "bias": "yes"}, "MS205", ("bias",), "write true"),
    ({"type": "Linear", "out_features": "max(8", "w)": None}, "MS209", ("out_features",), 'out_features: "max(8, w)"'),
    ({"type": "Conv2d", "out_channels": 3, "kernel_size": [3]}, "MS206", ("kernel_size",), "one value, or 2"),
    ({"type": "Conv2d", "out_channels": 3, "kernel_size": [3, True]}, "MS205", ("kernel_size", 1), "modelspec layers"),
    (
        {"type": "Conv2d", "out_channels": 3, "kernel_size": [3, "max(3", "w)"]},
        "MS209",
        ("kernel_size", 1),
        '"max(3, w)"',
    ),
    ({"type": "ReLU", "dtype": "fp16"}, "MS206", ("dtype",), "'float16'"),
    ({"type": "ReLU", "dtype": "torch.bfloat16"}, "MS206", ("dtype",), "'bfloat16'"),
    ({"type": "ReLU", "trainable": "no"}, "MS205", ("trainable",), "write false"),
    ({"type": "ReLU", "repeat": 3}, "MS208", ("repeat",), "so many times"),
    ({"type": "Dropout", "p": "20%"}, "MS401", ("p",), "write 0.2"),
]


@pytest.mark.parametrize(("entry", "code", "route", "hint"), CASES, ids=[str(case[0]) for case in CASES])
def test_slips_in_a_layer_are_understood(entry: Any, code: str, route: Route, hint: str) -> None:
    (finding,) = find({"modelspec": 1, "input": [4], "layers": ["Flatten", entry]})
    assert (finding.code, finding.where.route) == (code, ("layers", 1, *route))
    assert finding.hint is not None
    assert hint in finding.hint


TOP: list[tuple[dict[str, Any], str, Route, str]] = [
    ({"input": 204}, "MS205", ("input",), "[204]"),
    ({"input": "3, 4"}, "MS205", ("input",), "[3, 4]"),
    ({"input": ["None", 3]}, "MS403", ("input", 0), "null"),
    ({"input": {"shpae": [204]}}, "MS203", ("input", "shpae"), "'shape'"),
    ({"input": {"a": [3], "b": [4]}}, "MS205", ("input",), "{shape: [3, 224, 224], dtype: int64}"),
    ({"layers": {"fc1": "Linear"}}, "MS205", ("layers",), "- {name: fc1, type: …}"),
    ({"layers": []}, "MS206", ("layers",), "- ReLU"),
    ({"dialect": "pytorch"}, "MS206", ("dialect",), "'torch'"),
    ({"dialect": "Keras", "layers": [{"type": "Dense", "units": 3}]}, "MS206", ("dialect",), "'keras'"),
    (
        {"layers": [{"type": "Dense", "units": 3}, "Flatten", {"type": "Dense", "units": 3}]},
        "MS207",
        ("layers", 0, "type"),
        "dialect: keras",
    ),
    ({"budget": "200K"}, "MS205", ("budget",), "parameters: 200K"),
    ({"budget": {"params": "200K"}}, "MS203", ("budget", "params"), "'parameters'"),
    ({"budget": {"parameters": {"maximum": 3}}}, "MS203", ("budget", "parameters", "maximum"), "max"),
    ({"variables": {"a": "max(3", "4)": None}}, "MS209", ("variables", "a"), 'a: "max(3, 4)"'),
    ({"variables": {"max": 3}}, "MS407", ("variables", "max"), "another name"),
    ({"blocks": {}, "input": ...}, "MS208", ("blocks",), "one after the other"),
    ({"inputs": {}, "input": ...}, "MS208", ("inputs",), "`input`"),
]


@pytest.mark.parametrize(("change", "code", "route", "hint"), TOP, ids=[str(case[0]) for case in TOP])
def test_slips_at_the_top_are_understood(change: dict[str, Any], code: str, route: Route, hint: str) -> None:
    tree = {"modelspec": 1, "input": [4], "layers": ["ReLU"], **change}
    (finding,) = find({key: value for key, value in tree.items() if value is not ...})
    assert (finding.code, finding.where.route) == (code, route)
    assert finding.hint is not None
    assert hint in finding.hint


def test_mistakes_without_end_are_told_within_bounds() -> None:
    """However much is wrong, what is told is bounded, and so is the time that it takes."""
    many = 20_000
    wrong: list[Mapping[str, Any]] = [
        {"layers": [{"type": "Conv2d", "out_channels": -1, "kernel_size": i} for i in range(many)]},
        {"layers": [{"type": "ReLU", **{f"k{i}": i for i in range(many)}}]},
        {"layers": [{"type": "x" * 1_000_000}]},
        {"input": ["max(3"] * many},
        {"input": {f"k{i}": i for i in range(many)}},
        {"variables": {f"k {i}": "(" for i in range(many)}},
        {"variables": {"a": "max(", **{f"k{i})": None for i in range(many)}}},
        {"budget": {"layers": {f"k{i}": 3 for i in range(many)}}},
        {"k" * 1_000_000: 1},
    ]
    for change in wrong:
        findings = find({"modelspec": 1, "input": [4], "layers": ["ReLU"], **change})
        assert 1 <= len(findings) <= source.MAX_FAULTS
        assert all(len(finding.message) + len(finding.hint or "") < 2_000 for finding in findings)


REPORTED = [
    {"modelspec": 1, "input": [4], "layers": [{"type": "Linear", "out_features": 3}], "budget": {"parameters": 3}},
    {"modelspec": 1, "input": [None, 4], "layers": ["ReLU"], "budget": {"macs": 3, "layers": {"*": {"parameters": 1}}}},
    {"modelspec": 1, "input": [4], "layers": [{"type": "Linear", "in_features": 5, "out_features": 3}, "Linear"]},
    {"modelspec": 1, "dialect": "keras", "input": [7, 4], "layers": [{"type": "LSTM", "units": 3}]},
    {"modelspec": 7},
    {"layers": []},
    [],
]


def test_reports_are_of_their_schema() -> None:
    outcomes = [road.follow(json.dumps(tree).encode(), "x.json") for tree in REPORTED]
    outcomes += [road.follow(path.read_bytes(), str(path)) for path in BUNDLED]
    outcomes.append(road.follow(b"a: [", "x.yaml"))
    told = json.loads(road.write_report(outcomes).to_json())
    assert {model["ok"] for model in told["models"]} == {True, False}
    assert list(REPORT.iter_errors(told)) == []
    for part in (told, told["models"][0], told["models"][0]["layers"][0], told["diagnostics"][0]):
        key = next(iter(part))
        kept = part.pop(key)
        assert not REPORT.is_valid(told), f"the schema does not ask for {key}"
        part[key] = kept
