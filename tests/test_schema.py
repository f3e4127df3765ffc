"""The quick reader, the Pydantic models and the published JSON Schemas say the same, and one mistake is told once."""

from __future__ import annotations

import importlib.util
import json
import math
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from modelspec import road, schema, source, spec
from modelspec.catalogue import dialects, list_common, list_layers
from modelspec.diagnostics import Finding, Route
from modelspec.glossary import MEANINGS, explain
from modelspec.json_schema import report_schema, spec_schema
from modelspec.language import CONTAINERS, ENTRY_KEYS, MAX_LAYERS, STEP_KEYS, TOP_KEYS
from modelspec.layer import fields_of

ROOT = Path(__file__).resolve().parent.parent
SPEC = Draft7Validator(spec_schema())
REPORT = Draft7Validator(report_schema())
ACCEPTED = sorted((ROOT / "tests" / "schema_v1_accepted").iterdir())
WRITTEN = sorted(path for path in (ROOT / "tests" / "cases").rglob("*") if path.suffix in (".yaml", ".json"))
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
                shapes = [[size if isinstance(size, int) else None for size in shape] for shape in example.inputs]
                given = [{"shape": shape, "dtype": dtype} for shape, dtype in zip(shapes, example.dtypes, strict=True)]
                tree: dict[str, Any] = {"modelspec": 1, "dialect": dialect, "input": given[0] if given else [1]}
                several = {f"x{index}": each for index, each in enumerate(given)}
                layers = [entry]
                if len(given) > 1:
                    del tree["input"]
                    tree["inputs"] = several
                    layers = [{**entry, "inputs": list(several)}]
                yield dialect, entry, {**tree, "layers": layers}


EXAMPLES = list(list_examples())
ENTRIES = {dialect: [entry for own, entry, _ in EXAMPLES if own == dialect] for dialect in dialects()}

PARTS: dict[str, Any] = {
    "name": st.sampled_from(["a model", None]),
    "metadata": st.sampled_from([None, {"a": [1, {"b": None}]}, "free"]),
    "dtype": st.sampled_from(["float16", "int4"]),
    "variables": st.sampled_from([{"w": 3, "deep": True, "sizes": [1, 2.5], "n": None, "v": "2 * w"}, {}]),
    "imports": st.sampled_from([["blocks.yaml"], ["a.yaml", "b/c.yaml"]]),
}
MODEL_PARTS: dict[str, Any] = {
    "budget": st.sampled_from(
        [
            {"parameters": "200K", "macs": {"max": "4.2B"}, "weight_bytes": {"min": "90 MiB", "max": "110 MiB"}},
            {"buffers": {"exactly": 61_706}, "layers": {"*.weight": {"parameters": 5, "each": True}}},
        ]
    ),
    "outputs": st.sampled_from(["a.b", ["a.b", "lstm:h_n"], [0]]),
    "variants": st.sampled_from(
        [{"base": {}}, {"a b": {"variables": {"w": 4}, "dtype": "int8"}, "big": {"budget": {"macs": "3G"}}}]
    ),
}
INPUTS = [
    {"input": [3, None]},
    {"input": {"shape": ["w", 4]}},
    {"input": "sizes"},
    {"inputs": {"a": [3], "b": {"shape": ["w"], "dtype": "int64"}}},
    {"inputs": {"input": [3]}},
]
NAMES = st.sampled_from([{}, {}, {"name": "a.b"}, {"name": "b{index + 1}"}, {"name": 7}])
WEIGHTS = st.sampled_from([{}, {}, {"trainable": False, "dtype": "int8"}])
STEPS = st.sampled_from(
    [
        {},
        {},
        {"inputs": "a.b"},
        {"inputs": ["input", "m.*", "lstm:h_n", 0], "when": "index > 0"},
        {"repeat": 3},
        {"repeat": "n // 2", "shared": True, "when": False},
        {"inputs": ["layer{index - 1}.conv"], "repeat": 0, "shared": False},
    ]
)
TIES = st.sampled_from([{}, {}, {"tie": {"weight": "a.weight"}}, {"tie": {"w": "a{index}.w", "when": "w"}}])
CALLS: list[dict[str, Any]] = [
    {"block": "up"},
    {"block": "up", "with": {}},
    {"block": "down.1", "with": {"width": "2 * w", "stride": None}},
]
DECLARATIONS: list[dict[str, Any]] = [
    {},
    {"arguments": {"width": None, "stride": 1, "sizes": [1, "w"]}},
    {"inputs": ["x", "skip"], "variables": {"half": "in_channels // 2"}},
]


@st.composite
def entries(draw: st.DrawFn, dialect: str, depth: int, *, merging: bool = False) -> Any:
    """An entry of any kind."""
    kind = draw(st.sampled_from(["layer", "layer", "call", "share", *(CONTAINERS if depth else ())]))
    entry: dict[str, Any] = {**draw(NAMES), **({} if merging else draw(STEPS))}
    if kind == "share":
        return {"share": draw(st.sampled_from(["a.b", "layer{index}", 0])), **entry}
    entry |= draw(WEIGHTS)
    if kind == "call":
        return {**draw(st.sampled_from(CALLS)), **entry}
    if kind == "layer":
        layer = draw(st.sampled_from(ENTRIES[dialect]))
        bare = len(layer) == 1 and draw(st.booleans())
        return layer["type"] if bare else {**layer, **entry, **draw(TIES)}
    if kind != "Sequential" or draw(st.booleans()):
        entry["type"] = kind
    if kind == "Parallel":
        entry["branches"] = draw(st.lists(branches(dialect, depth - 1), min_size=1, max_size=3))
        if draw(st.booleans()):
            entry["merge"] = draw(entries(dialect, depth - 1, merging=True))
    else:
        entry["layers"] = draw(bodies(dialect, depth - 1))
    if kind == "Residual" and draw(st.booleans()):
        entry["shortcut"] = draw(branches(dialect, depth - 1))
    if kind == "MixtureOfExperts":
        return {**entry, "experts": draw(st.sampled_from([8, "w"])), "experts_per_token": 2}
    return {**entry, **draw(st.sampled_from([{}, {"numbered": True}]))}


def bodies(dialect: str, depth: int) -> st.SearchStrategy[Any]:
    return st.lists(entries(dialect, depth), min_size=1, max_size=3)


def branches(dialect: str, depth: int) -> st.SearchStrategy[Any]:
    return entries(dialect, depth) | bodies(dialect, depth) | st.just([])


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Documents of which every value is of its kind. Whether the layers fit together is not asked here."""
    dialect = draw(st.sampled_from(dialects()))
    tree: dict[str, Any] = {"modelspec": 1}
    if dialect != "torch" or draw(st.booleans()):
        tree["dialect"] = dialect
    names = draw(st.sampled_from([[], [], ["up"], ["up", "down.1"]]))
    if names:
        tree["blocks"] = {
            name: {**draw(st.sampled_from(DECLARATIONS)), "layers": draw(bodies(dialect, 1))} for name in names
        }
    parts = PARTS
    if not names or draw(st.booleans()):
        tree |= {**draw(st.sampled_from(INPUTS)), "layers": draw(bodies(dialect, 2))}
        parts = {**PARTS, **MODEL_PARTS}
    for key, values in parts.items():
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


STRAY = sorted(
    {
        *TOP_KEYS[1:],
        *ENTRY_KEYS,
        *STEP_KEYS,
        "block",
        "with",
        "share",
        *(key for keys in CONTAINERS.values() for key in keys),
    }
)


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
    what = draw(st.sampled_from(["value", "value", "value", "drop", "misspell", "add", "stray"]))
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
        # A key of nowhere, or one that the language has in some places.
        route = (*route[:-1], "zzz" if what == "add" else draw(st.sampled_from(STRAY)))
        if route[-1] in holder:
            what = "value"
        holder[route[-1]] = 3
    return Change(tree, route, what)


def find(tree: Any) -> list[Finding]:
    return schema.check(tree)


quick = settings(deadline=None, max_examples=120, suppress_health_check=list(HealthCheck))


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
    """A description of every type and key, and each default is one that the schema itself takes."""
    definitions: Any = SPEC.schema["definitions"]  # type: ignore[index]
    for dialect in dialects():
        types = definitions[f"{dialect}-type"]["anyOf"][:-1]
        names = [*[layer.type_name() for layer in (*list_layers(dialect), *list_common())], *CONTAINERS]
        assert [each["const"] for each in types] == names
        assert all(each["description"].strip() for each in types)
        for name in (*names, "block", "share"):
            definition = definitions[f"{dialect}.{name}"]
            assert definition["description"].strip()
            assert definition["additionalProperties"] is False
            hold_properties(f"{dialect}.{name}", definition["properties"])
    for name in ("step", "torch-block", "keras-block", "variant", "budget", "layer-budget", "long-shape"):
        hold_properties(name, definitions[name]["properties"])
    assert {*definitions["step"]["properties"]} == {*ENTRY_KEYS, *STEP_KEYS} - {"type"}


def test_arguments_are_told_what_they_mean() -> None:
    """Every argument has its meaning in the glossary, and every entry there is of an argument."""
    used = set()
    for layer in [*(layer for dialect in dialects() for layer in list_layers(dialect)), *list_common()]:
        for field in fields_of(layer).values():
            if field.way != "built":
                assert explain(layer.type_name(), field.name), (
                    f"{layer.type_name()}.{field.name} is not in the glossary"
                )
                own = f"{layer.type_name()}.{field.name}"
                used.add(own if own in MEANINGS else field.name)
    assert {*MEANINGS} - used == set()


def hold_properties(owner: str, properties: dict[str, Any]) -> None:
    for name, field in properties.items():
        if name == "type":
            continue
        assert field["description"].strip(), (owner, name)
        if "default" in field:
            definitions = SPEC.schema["definitions"]  # type: ignore[index]
            errors = list(SPEC.evolve(schema={"definitions": definitions, **field}).iter_errors(field["default"]))
            assert not errors, (owner, name, errors)


@pytest.mark.parametrize("tree", [tree for _, _, tree in EXAMPLES], ids=[str(entry) for _, entry, _ in EXAMPLES])
def test_examples_are_accepted(tree: dict[str, Any]) -> None:
    assert tell(tree) == []
    assert list(SPEC.iter_errors(tree)) == []


@pytest.mark.parametrize("path", BUNDLED, ids=lambda path: path.name)
def test_bundled_specs_are_accepted(path: Path) -> None:
    document = source.read(path.read_bytes(), path.name)
    assert tell(document.tree) == []
    assert list(SPEC.iter_errors(document.tree)) == []


@pytest.mark.parametrize("path", ACCEPTED, ids=lambda path: path.name)
def test_version_1_accepts_what_it_accepted(path: Path) -> None:
    document = source.read(path.read_bytes(), path.name)
    assert spec.read(document)[1] == []
    assert find(document.tree) == []
    assert list(SPEC.iter_errors(document.tree)) == []


@quick
@given(documents())
def test_documents_of_the_right_kinds_are_accepted(tree: dict[str, Any]) -> None:
    assert tell(tree) == []
    assert list(SPEC.iter_errors(tree)) == []


@quick
@given(changes())
def test_quick_reader_and_models_agree(change: Change) -> None:
    """What is not recognised goes to the models, which then have something to say; `read` refuses to go on else."""
    tell(change.tree)


NOTED = {"MS402", "MS407", "MS408", "MS409", "MS410", "MS411", "MS412"}
"""What the quick reader itself finds, for no schema can: a block that is not there, an import."""


def tell(tree: Any) -> list[Finding]:
    """What the models find, which the reader tells as it is, and beside that only what it knows better."""
    findings = find(tree)
    told = spec.read(read(tree))[1]
    assert told[: len(findings)] == findings
    assert {finding.code for finding in told[len(findings) :]} <= NOTED
    return findings


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
    """Whether the change made another document of it, or more than one mistake."""
    if change.what == "value":
        value = at(change.tree, change.route)
        # Two members that are wrong are two mistakes, and so are a shape's missing and a key like dtype.
        two = value in ([1, 2], ["w", None]) or (value == {"type": 3} and change.route[:1] in (("input",), ("inputs",)))
        return two or (change.route[-1] == "dialect" and value == "torch")
    # What a library cannot have makes a model of it, without layers; and `input` stands beside no others.
    library = "layers" not in change.tree or not {"input", "inputs"} & {*change.tree}
    beside = change.what == "stray" and len(change.route) == 1 and (library or change.route == ("input",))
    return beside or (change.what in ("add", "stray") and change.route[:-1] == ("inputs",))


@quick
@given(changes())
def test_json_schema_agrees_as_far_as_it_can(change: Change) -> None:
    hold_schema(change.tree, find(change.tree))


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_cases_are_judged_alike(path: Path) -> None:
    """The reader, the models and the JSON Schema agree on every spec among the cases that users' texts are held to."""
    document = source.read(path.read_bytes(), path.name)
    tree = document.tree
    if document.readable and isinstance(tree, dict) and tree.get("modelspec") == 1:
        hold_schema(tree, tell(tree))


def hold_schema(tree: Any, findings: list[Finding]) -> None:
    """Hold the JSON Schema to accept what the models accept, and to refuse what a schema can see."""
    # A validator of JSON Schema calls itself some ten times for each container in another.
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        errors = list(SPEC.iter_errors(tree))
    finally:
        sys.setrecursionlimit(limit)
    if not findings:
        assert not errors, (tree, errors)
    elif any(is_plain_to_a_schema(finding, tree) for finding in findings):
        assert errors, (tree, findings)


def is_plain_to_a_schema(finding: Finding, tree: Any) -> bool:
    if not finding.code.startswith("MS2"):
        return False
    try:
        value = at(tree, finding.where.route)
    except (KeyError, TypeError):
        return True
    # To JSON Schema a whole float is an integer. A limit's text must come out whole, and its sides agree.
    whole = isinstance(value, float) and not math.isinf(value) and value == int(value)
    limit = "budget" in finding.where.route and finding.code == "MS206"
    # And to it a list that is written as text is an expression.
    listed = isinstance(value, str) and (finding.hint or "").startswith("write [")
    return not whole and not limit and not listed and finding.code != "MS209"


CASES: list[tuple[Any, str, Route, str]] = [
    # the entry of `layers`, and the code, the place and a part of the hint of the only finding
    ("Linear", "MS204", (), "{type: Linear, out_features: …}"),
    ("Conv2d", "MS204", (), "out_channels: …, kernel_size: …"),
    ("nn.ReLU", "MS207", (), "'ReLU'"),
    ("torch.nn.ReLU", "MS207", (), "'ReLU'"),
    ({"type": "linear", "out_features": 3}, "MS207", ("type",), "'Linear'"),
    ({"type": "Dense", "units": 3}, "MS207", ("type",), "dialect: keras"),
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
    ({"type": "CrossEntropyLoss"}, "MS208", ("type",), "leave it out"),
    ({"type": "LazyLinear", "out_features": 3}, "MS208", ("type",), "write Linear, and leave in_features out"),
    # how it stands among the others
    ({"type": "ReLU", "shared": True}, "MS204", (), "leave `shared` out"),
    ({"type": "ReLU", "shared": True, "repeet": 3}, "MS203", ("repeet",), "'repeat'"),
    ({"type": "ReLU", "repeat": -1}, "MS206", ("repeat",), "or an expression"),
    ({"type": "ReLU", "when": "yes"}, "MS205", ("when",), "write true"),
    ({"type": "ReLU", "when": "index >"}, "MS401", ("when",), "behind it"),
    ({"type": "ReLU", "input": "a"}, "MS203", ("input",), "'inputs'"),
    ({"type": "ReLU", "inputs": []}, "MS206", ("inputs",), "leave it out"),
    ({"type": "ReLU", "inputs": ["a", "b..c"]}, "MS206", ("inputs", 1), "layer1.0.conv1"),
    ({"type": "ReLU", "name": "a{2 +}"}, "MS401", ("name",), "behind it"),
    ({"type": "ReLU", "name": "a:b"}, "MS206", ("name",), "without ':'"),
    ({"type": "ReLU", "tie": "embed.weight"}, "MS205", ("tie",), "{weight: embed.weight}"),
    ({"type": "ReLU", "tie": {"when": "a"}}, "MS204", ("tie",), "`weight: …`"),
    ({"type": "ReLU", "tie": {"weight": "m.*"}}, "MS206", ("tie", "weight"), "every round"),
    ({"type": "ReLU", "tie": {"w": "a", "when": "max(1", "w)": None}}, "MS209", ("tie", "when"), '"max(1, w)"'),
    # what it is
    ({"type": "ReLU", "block": "up"}, "MS203", ("block",), "`share`"),
    ({"repeat": 3, "with": {}}, "MS204", ("with",), "`block: …`"),
    ({"blok": "up"}, "MS203", ("blok",), "'block'"),
    ({"type": "ReLU", "with": {}}, "MS203", ("with",), "beside `type`"),
    ({"share": "m.*"}, "MS206", ("share",), "every round"),
    ({"share": "lstm:h_n"}, "MS206", ("share",), "':h_n'"),
    ({"share": "a", "dtype": "int8"}, "MS203", ("dtype",), "whose weights"),
    (["ReLU"], "MS205", (), "{layers: […]}"),
    # calls
    ("up", "MS207", (), "{block: up}"),
    ({"type": "up"}, "MS207", ("type",), "{block: up}"),
    ({"up": {"width": 3}}, "MS204", ("up",), "{block: up, with: {…}}"),
    ({"block": 3}, "MS205", ("block",), "quotes"),
    ({"block": "up", "width": 3}, "MS203", ("width",), "{width: …}"),
    ({"block": "up", "arguments": {"width": 3}}, "MS203", ("arguments",), "`with`"),
    ({"block": "up", "with": [3]}, "MS205", ("with",), "`name: value`"),
    ({"block": "up", "with": {"width": "max(8", "w": None, "3)": None}}, "MS209", ("with", "width"), '"max(8, w, 3)"'),
    ({"block": "up", "with": {"max": 3}}, "MS407", ("with", "max"), "another name"),
    # containers
    ("Residual", "MS204", (), "{type: Residual, layers: […]}"),
    ("residual", "MS207", (), "'Residual'"),
    ({"type": "Resdiual", "layers": ["ReLU"]}, "MS207", ("type",), "'Residual'"),
    ({"Parallel": ["ReLU"]}, "MS204", ("Parallel",), "{type: Parallel, branches: […]}"),
    ({"type": "Residual"}, "MS204", (), "`layers: …`"),
    ({"type": "Residual", "layers": []}, "MS206", ("layers",), "- ReLU"),
    ({"type": "Residual", "layer": ["ReLU"]}, "MS203", ("layer",), "'layers'"),
    ({"type": "Residual", "branches": ["ReLU"]}, "MS203", ("branches",), "`type: Parallel`"),
    ({"layers": ["ReLU"], "shortcut": "ReLU"}, "MS203", ("shortcut",), "`type: Residual`"),
    ({"branches": ["ReLU"]}, "MS204", ("branches",), "`type: Parallel`"),
    ({"type": "ReLU", "layers": ["ReLU"]}, "MS203", ("layers",), "Sequential, Residual or"),
    ({"layers": ["ReLU"], "tie": {"w": "a"}}, "MS203", ("tie",), "the layer that holds the tensor"),
    ({"layers": ["ReLU"], "numbered": "yes"}, "MS205", ("numbered",), "write true"),
    ({"type": "Residual", "layers": ["ReLU"], "shortcut": None}, "MS205", ("shortcut",), "write []"),
    ({"type": "Parallel", "branches": []}, "MS206", ("branches",), "- Identity"),
    ({"type": "Parallel", "branches": ["ReLU", ["Relu"]]}, "MS207", ("branches", 1, 0), "'ReLU'"),
    (
        {"type": "Parallel", "branches": ["ReLU"], "merge": {"type": "ReLU", "inputs": "a", "repeat": 2}},
        "MS203",
        ("merge", "inputs"),
        "what the branches give",
    ),
    ({"type": "MixtureOfExperts", "layers": ["ReLU"], "experts": 8}, "MS204", (), "`experts_per_token: …`"),
    (
        {"layers": [{"layers": [{"type": "Linear", "out_features": "max(8", "w)": None}]}]},
        "MS209",
        ("layers", 0, "layers", 0, "out_features"),
        '"max(8, w)"',
    ),
    ({"type": "Dropout", "p": "20%"}, "MS401", ("p",), "write 0.2"),
]


@pytest.mark.parametrize(("entry", "code", "route", "hint"), CASES, ids=[str(case[0]) for case in CASES])
def test_slips_in_a_layer_are_understood(entry: Any, code: str, route: Route, hint: str) -> None:
    up = {"arguments": {"width": None}, "layers": ["ReLU"]}
    tree = {"modelspec": 1, "input": [4], "blocks": {"up": up}, "layers": ["Flatten", entry]}
    (finding,) = tell(tree)
    hold_schema(tree, [finding])
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
    ({"input": ...}, "MS204", (), "[3, 224, 224]"),
    ({"layers": ...}, "MS204", (), "an entry for each layer"),
    ({"inputs": {"a": [3]}}, "MS203", ("inputs",), "under `inputs`"),
    ({"inputs": {}, "input": ...}, "MS206", ("inputs",), "image: "),
    ({"inputs": [3], "input": ...}, "MS205", ("inputs",), "under `input`"),
    ({"inputs": {"a b": [3]}, "input": ...}, "MS206", ("inputs", "a b"), "letters"),
    ({"inputs": {"input": [3], "b": [3]}, "input": ...}, "MS206", ("inputs", "input"), "another name"),
    ({"inptus": {"a": [3]}, "input": ...}, "MS203", ("inptus",), "'inputs'"),
    ({"blocks": {}}, "MS206", ("blocks",), "layers: […]"),
    ({"blocks": {"a": ["ReLU"]}}, "MS205", ("blocks", "a"), "under `layers:`"),
    ({"blocks": {"a": {"arguments": {}}}}, "MS204", ("blocks", "a"), "`layers:`"),
    ({"blocks": {"a{index}": {"layers": ["ReLU"]}}}, "MS206", ("blocks", "a{index}"), "spell"),
    (
        {"blocks": {"a": {"arguments": ["x", "y"], "layers": ["ReLU"]}}},
        "MS205",
        ("blocks", "a", "arguments"),
        "{x: null, y: null}",
    ),
    ({"blocks": {"a": {"inputs": "x", "layers": ["ReLU"]}}}, "MS205", ("blocks", "a", "inputs"), "[x]"),
    ({"blocks": {"a": {"layers": ["Relu"]}}}, "MS207", ("blocks", "a", "layers", 0), "'ReLU'"),
    ({"blocks": {"a": {"layers": ["ReLU"]}}, "layers": ...}, "MS204", (), "a library, which has no input"),
    ({"blcoks": {"a": {"layers": ["ReLU"]}}, "layers": [{"block": "a"}]}, "MS203", ("blcoks",), "'blocks'"),
    ({"imports": "a.yaml"}, "MS205", ("imports",), "[a.yaml]"),
    ({"imports": ["a.yaml", "a.yaml"]}, "MS206", ("imports", 1), "leave one of them out"),
    ({"outputs": {"a": "b"}}, "MS205", ("outputs",), "the last one"),
    ({"variants": {"base": None}}, "MS205", ("variants", "base"), "base: {}"),
    ({"variants": {"a/b": {}}}, "MS206", ("variants", "a/b"), "without '/'"),
    ({"variants": {"a": {"width": 3}}}, "MS203", ("variants", "a", "width"), "under `variables`"),
    ({"variabels": {"w": 3}, "variants": {"a": {"variables": {"w": 3}}}}, "MS203", ("variabels",), "'variables'"),
    ({"variables": {"a": "max(3", "b": None, "4)": None}}, "MS209", ("variables", "a"), 'a: "max(3, b, 4)"'),
    (
        {"layers": [{"layers": ["Flatten", {"type": "Dense", "units": 3}]}]},
        "MS207",
        ("layers", 0, "layers", 1, "type"),
        "dialect: keras",
    ),
]


@pytest.mark.parametrize(("change", "code", "route", "hint"), TOP, ids=[str(case[0]) for case in TOP])
def test_slips_at_the_top_are_understood(change: dict[str, Any], code: str, route: Route, hint: str) -> None:
    tree = {"modelspec": 1, "input": [4], "layers": ["ReLU"], **change}
    tree = {key: value for key, value in tree.items() if value is not ...}
    (finding,) = tell(tree)
    assert spec.read(read(tree))[1] == [finding], "what hangs on it is not blamed"
    hold_schema(tree, [finding])
    assert (finding.code, finding.where.route) == (code, route)
    assert finding.hint is not None
    assert hint in finding.hint


def nest(entry: Any, depth: int) -> Any:
    for _ in range(depth):
        entry = {"layers": [entry]}
    return [entry]


def test_findings_name_the_layer_and_lead_to_where_it_stands() -> None:
    wrong = {"name": "fc", "type": "Linear", "out_feature": 3}
    tree = {
        "modelspec": 1,
        "input": [4],
        "blocks": {"up": {"layers": ["ReLU", wrong]}},
        "layers": [
            {"name": "outer", "layers": [{"type": "Residual", "layers": ["ReLU"], "shortcut": wrong}]},
            {"type": "Parallel", "branches": ["ReLU", [wrong], wrong], "merge": wrong},
            {"layers": [{"type": "Linear", "out_feature": 3}]},
        ],
    }
    told = [(finding.where.route[:-1], finding.layer) for finding in tell(tree)]
    assert told == [
        (("blocks", "up", "layers", 1), "fc"),
        (("layers", 0, "layers", 0, "shortcut"), "fc"),
        (("layers", 1, "branches", 1, 0), "fc"),
        (("layers", 1, "branches", 2), "fc"),
        (("layers", 1, "merge"), "fc"),
        (("layers", 2, "layers", 0), None),
    ]


@pytest.mark.parametrize("count", [MAX_LAYERS, MAX_LAYERS + 1])
def test_layers_are_counted_wherever_they_stand(count: int) -> None:
    inside = {"layers": ["ReLU"] * (count - 3)}
    tree = {"modelspec": 1, "input": [4], "blocks": {"up": inside}, "layers": [{"layers": ["ReLU"]}, {"block": "up"}]}
    assert [finding.code for finding in tell(tree)] == (["MS310"] if count > MAX_LAYERS else [])


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
        {"layers": [{"type": f"Sequentia{i}", "layers": ["ReLU"]} for i in range(many)]},
        {"layers": [{"layers": ["ReLU"] * 1_000} for _ in range(MAX_LAYERS // 1_000)]},
        {"layers": nest({"type": "Linear", "out_feature": 3}, 95)},
        {"blocks": {f"k{i}": {} for i in range(many)}},
        {"variants": {f"k{i}": None for i in range(many)}},
        {"imports": ["a.yaml"] * many},
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
