"""The JSON Schemas of a spec and of the report, generated from the Pydantic models, in the draft that editors read.

A schema tells less than the tool does. It cannot see into an expression, and to it 2.0 is an integer; it knows neither
what arrives at a layer nor the layers that other libraries bring.
"""

from __future__ import annotations

from collections.abc import Iterable
from json import dumps
from typing import Any

from modelspec import catalogue
from modelspec.alternatives import fuse
from modelspec.closed import SHARED, Closed
from modelspec.entry_models import CONTAINER_MODELS, Call, Shared, Tied, entry_model, summarise
from modelspec.kinds import Boolean, Integer, Kind, PerAxis
from modelspec.language import (
    BUDGET_KINDS,
    CONDITION,
    DIALECTS,
    DTYPE,
    GROWTH_KINDS,
    INPUT_NAMES,
    LAYER_BUDGET_KINDS,
    MAX_LAYERS,
    NAME,
    REFERENCE,
    REFERENCES,
    STEP_KEYS,
)
from modelspec.layer import Layer, fields_of
from modelspec.schema import Block, Budget, Growth, LayerBudget, LongShape, SpecV1, Variant

__all__ = ["report_schema", "spec_schema", "write"]

_DRAFT = "http://json-schema.org/draft-07/schema#"
_NOTES = ("description", "default")
"""What a property says beside what it takes."""
_WIDTH = 120
_WORTH_SHARING = 100
"""Characters of a schema from which on it is written once and referred to."""
_EXPRESSION = {"$ref": "#/definitions/expression"}
"""What stands for an expression until the alternatives are fused."""
_NAMED_KINDS: dict[str, Kind] = {
    "boolean": Boolean(),
    "condition": CONDITION,
    "dtype": DTYPE,
    "input-names": INPUT_NAMES,
    "reference": REFERENCE,
    "references": REFERENCES,
    "size": Integer(1),
    "size-of-two-axes": PerAxis(Integer(1), 2),
    "count-limit": BUDGET_KINDS["parameters"],
    "byte-limit": BUDGET_KINDS["weight_bytes"],
    "layer-count-limit": LAYER_BUDGET_KINDS["parameters"],
    "layer-byte-limit": LAYER_BUDGET_KINDS["weight_bytes"],
    "count-growth": GROWTH_KINDS["parameters"],
    "byte-growth": GROWTH_KINDS["weight_bytes"],
    "name": NAME,
}
"""What definitions that are shared are called. Others bear the name of the first argument that refers to them."""

_BY_DIALECT = {f"#/definitions/{name}" for name in ("layers", "branch", "merge", "inside", "block")}
"""What each dialect has a definition of its own for."""

_SNIPPETS = [
    {"label": name, "description": told, "body": body}
    for name, told, body in (
        ("block", "The call of a block.", "{block: $1, with: {$2: $3}}"),
        ("share", "The weights of an earlier layer once more.", "{share: $1}"),
        ("Sequential", "Entries one after the other.", "name: $1\n  layers:\n    - $2"),
        ("Residual", "The sum of what arrives and what becomes of it.", "type: Residual\n  layers:\n    - $1"),
        (
            "Parallel",
            "Branches that start from what arrives.",
            "type: Parallel\n  branches:\n    - $1\n  merge: ${2:Add}",
        ),
        (
            "MixtureOfExperts",
            "Experts, of which each token passes a few.",
            "type: MixtureOfExperts\n  experts: $1\n  experts_per_token: $2\n  layers:\n    - $3",
        ),
    )
]
"""What an editor offers for an entry beside the layer types. As text, for it can stand in flow style; an editor puts
the indentation of the line before each further line."""

_WHOLE = {
    "label": "a new spec",
    "description": "A spec to start from.",
    "body": "modelspec: 1\nname: $1\ninput: [$2]\nlayers:\n  - $3",
}

_Schema = dict[str, Any]


def spec_schema() -> _Schema:
    """The JSON Schema (draft 7) of a spec, version 1, with every layer type of the catalogue."""
    top = _draft_7(SpecV1.model_json_schema())
    definitions = {
        "input": _strip(top["properties"]["input"]),
        "long-shape": {"title": "an input in full", **_draft_7(LongShape.model_json_schema())},
        "budget": _draft_7(Budget.model_json_schema()),
        "layer-budget": _draft_7(LayerBudget.model_json_schema()),
        "growth": _draft_7(Growth.model_json_schema()),
        "variant": _draft_7(Variant.model_json_schema()),
        "step": _define_step(),
    }
    properties = top["properties"]
    for name in ("name", "description"):
        # An editor would write the default out.
        del properties[name]["default"]
    chosen = {}
    for dialect in DIALECTS:
        definitions.update(_define_entries(dialect))
        # What depends on the dialect is told below; here stands that it exists.
        chosen[dialect] = {key: _settle(_draft_7(properties[key]), dialect) for key in ("layers", "blocks")}
    for key, kind in (("layers", "array"), ("blocks", "object")):
        properties[key] = {"description": properties[key]["description"], "type": kind}
    # Whatever it is: a mapping is what an editor writes first.
    properties["metadata"]["anyOf"] = [{"type": "object"}, {}]
    by_dialect = {
        "if": {"properties": {"dialect": {"const": "keras"}}, "required": ["dialect"]},
        "then": {"properties": chosen["keras"]},
        "else": {"properties": chosen["torch"]},
    }
    by_purpose = {key: top.pop(key) for key in ("if", "then", "else")}
    head = {"$schema": _DRAFT, "$id": "urn:modelspec:schema:spec:1", "title": "modelspec"}
    whole = {**head, **top, "defaultSnippets": [_WHOLE], "allOf": [by_dialect, by_purpose], "definitions": definitions}
    return _share(fuse(whole, _EXPRESSION))


def report_schema() -> _Schema:
    """The JSON Schema (draft 7) of the JSON report, version 1."""
    from modelspec.report import Report

    top = _draft_7(Report.model_json_schema(mode="serialization"))
    # What has a default is written all the same, but for what is left out where there is nothing to say.
    top["required"] = [name for name, field in Report.model_fields.items() if field.exclude_if is None]
    head = {"$schema": _DRAFT, "$id": "urn:modelspec:schema:report:1", "title": "modelspec report, version 1"}
    return {**head, **top}


def write(schema: Any) -> str:
    """A schema as text: what fits on a line is on one, for there are many layers."""
    return _write_lines(schema, 0) + "\n"


def _write_lines(value: Any, depth: int) -> str:
    text = dumps(value, ensure_ascii=False)
    indent = "  " * depth
    if len(text) + len(indent) <= _WIDTH or not isinstance(value, (dict, list)):
        return text
    if isinstance(value, list):
        members = [_write_lines(member, depth + 1) for member in value]
    else:
        members = [f"{dumps(key)}: {_write_lines(member, depth + 1)}" for key, member in value.items()]
    left, right = "{}" if isinstance(value, dict) else "[]"
    lines = ",\n".join(f"{indent}  {member}" for member in members)
    return f"{left}\n{lines}\n{indent}{right}"


def _define_step() -> _Schema:
    """The keys of every entry, told once: the definitions of the entries let them pass."""
    step = _draft_7(Tied.model_json_schema())
    told = {key: step[key] for key in ("properties", "dependencies")}
    return {"description": "How an entry stands among the others.", **told}


def _define_entries(dialect: str) -> dict[str, _Schema]:
    """The definitions of a dialect: one for each type, and the entries of `layers` that choose among them."""
    layers = [*catalogue.list_layers(dialect), *catalogue.list_common()]
    models: dict[str, type[Closed]] = {**CONTAINER_MODELS, "block": Call, "share": Shared}
    definitions = {f"{dialect}.{layer.type_name()}": _define_layer(layer) for layer in layers}
    definitions.update({f"{dialect}.{name}": {"title": name, **_define_entry(model)} for name, model in models.items()})
    definitions[f"{dialect}-block"] = _draft_7(Block.model_json_schema())
    names = [*[layer.type_name() for layer in layers], *CONTAINER_MODELS]
    definitions[f"{dialect}-type"] = _define_type(layers)
    definitions[f"{dialect}-known"] = _judge_type(dialect, names)
    definitions[f"{dialect}-mapping"] = _define_mapping(dialect, names)
    definitions[f"{dialect}-entry"] = _define_entry_of(dialect, layers)
    entry = {"$ref": f"#/definitions/{dialect}-entry"}
    definitions[f"{dialect}-layers"] = {"type": "array", "minItems": 1, "maxItems": MAX_LAYERS, "items": entry}
    definitions[f"{dialect}-branch"] = {
        "description": "An entry, or a list of entries, which may be empty.",
        "if": {"type": "array"},
        "then": {"maxItems": MAX_LAYERS, "items": entry},
        "else": entry,
    }
    definitions[f"{dialect}-merge"] = {
        "allOf": [entry],
        "properties": dict.fromkeys(("inputs", "repeat", "shared", "when"), False),
    }
    if any(field.way == "wrapped" for layer in layers for field in fields_of(layer).values()):
        definitions[f"{dialect}-inside"] = {
            "allOf": [entry],
            "if": {"type": "object"},
            "then": {"required": ["type"]},
            "properties": {
                "type": {"not": {"enum": list(CONTAINER_MODELS)}},
                **dict.fromkeys(("trainable", "dtype", *STEP_KEYS), False),
            },
        }
    return {name: _settle(definition, dialect) for name, definition in definitions.items()}


def _define_type(layers: Iterable[type[Layer]]) -> _Schema:
    """The names that can stand under `type`, each with what it is."""
    offers = [
        *({"const": layer.type_name(), "description": summarise(layer)} for layer in layers),
        *({"const": name, "description": model.__doc__} for name, model in CONTAINER_MODELS.items()),
    ]
    return {"anyOf": [*offers, {}]}


def _judge_type(dialect: str, names: list[str]) -> _Schema:
    """Whether what stands under `type` is one of the names; another dialect's is told as such."""
    strange = f"Not a layer type of the dialect {dialect}. Custom describes what there is no type for."
    judged = _refuse(strange)
    for other in DIALECTS:
        foreign = [layer.type_name() for layer in catalogue.list_layers(other) if layer.type_name() not in names]
        if foreign:
            told = f"A layer type of the dialect {other}; this file is of the dialect {dialect}."
            judged = {"if": _match(foreign), "then": _refuse(told), "else": judged}
    return {"if": _match(names), "then": {}, "else": judged}


def _define_entry_of(dialect: str, layers: Iterable[type[Layer]]) -> _Schema:
    """An entry of `layers`: what an editor offers for one, and how it is judged.

    Kinds are told apart before anything else: of several alternatives an editor tells what is wrong with each.
    """
    bare: list[type[Layer]] = []
    lacking: list[type[Layer]] = []
    snippets = []
    for layer in layers:
        required = [field.name for field in fields_of(layer).values() if field.required]
        (lacking if required else bare).append(layer)
        if required:
            given = ", ".join(f"{name}: ${place}" for place, name in enumerate(required, 1))
            body = f"{{type: {layer.type_name()}, {given}}}"
            snippets.append({"label": layer.type_name(), "description": summarise(layer), "body": body})
    needy = "This type has arguments that must be given: write a mapping with type and its arguments."
    return {
        "description": "A layer: a mapping with its type and its arguments, or the type alone if it needs none.",
        "anyOf": [
            *({"const": layer.type_name(), "description": summarise(layer)} for layer in bare),
            {"type": "string", "defaultSnippets": [*snippets, *_SNIPPETS]},
            {},
        ],
        "if": {"type": "string"},
        "then": {
            "if": _match([*[layer.type_name() for layer in lacking], *CONTAINER_MODELS]),
            "then": _refuse(needy),
            "else": {"$ref": f"#/definitions/{dialect}-known"},
        },
        "else": {"$ref": f"#/definitions/{dialect}-mapping"},
    }


def _define_mapping(dialect: str, names: list[str]) -> _Schema:
    """A layer as a mapping. A condition that asks for a key asks for a mapping, too: others have no keys to lack."""
    heads = ("type", "block", "share")
    typed = {"description": "What layer it is.", "$ref": f"#/definitions/{dialect}-type"}
    headless = {"not": {"anyOf": [{"required": [key]} for key in heads]}}
    choices = [
        {
            "if": {"properties": {"type": _match([name])}},
            "then": {"$ref": f"#/definitions/{dialect}.{name}"},
        }
        for name in names
    ]
    return {
        "type": "object",
        "errorMessage": "Expected a layer: its type, or a mapping with type and its arguments.",
        "anyOf": [{"required": [key]} for key in (*heads, "layers")],
        "allOf": [
            {"$ref": "#/definitions/step"},
            {
                "if": {"type": "object", "anyOf": [{"required": [key]} for key in heads[1:]]},
                "then": {},
                "else": {"properties": {"type": typed}},
            },
            # Under `properties` it would be offered beside `block`, too.
            {"patternProperties": {"^type$": {"$ref": f"#/definitions/{dialect}-known"}}},
            *[
                {"if": {"type": "object", "required": [key]}, "then": {"$ref": f"#/definitions/{dialect}.{key}"}}
                for key in ("block", "share")
            ],
            {
                "if": {"type": "object", "required": ["layers"], **headless},
                "then": {"$ref": f"#/definitions/{dialect}.Sequential"},
            },
            {"if": {"type": "object", "required": ["type"]}, "then": {"allOf": choices}},
        ],
    }


def _match(names: list[str]) -> _Schema:
    """One of these names. While a text is being completed, an editor would take `const` and `enum` for a beginning."""
    return {"type": "string", "pattern": f"^({'|'.join(names)})$"}


def _refuse(message: str) -> _Schema:
    """What no text is, told in these words."""
    return {"type": "string", "pattern": "(?!)", "errorMessage": message}


def _define_layer(layer: type[Layer]) -> _Schema:
    # The title is what an editor calls it; without one that is the name of the definition.
    return {"title": layer.type_name(), **_define_entry(entry_model(layer)), "description": summarise(layer)}


def _define_entry(model: type[Closed]) -> _Schema:
    """The definition of an entry, without what `step` tells of every entry, and the entries' types among themselves."""
    definition = _draft_7(model.model_json_schema())
    definition.pop("dependencies", None)
    definition["properties"] = {
        name: {"const": member["const"]} if name == "type" else member
        for name, member in definition["properties"].items()
        if name not in Tied.model_fields
    }
    passed = [name for name in model.model_fields if name in Tied.model_fields]
    return {**definition, "patternProperties": {f"^({'|'.join(passed)})$": True}}


def _settle(schema: Any, dialect: str) -> Any:
    """The same schema, in which what depends on the dialect refers to the definitions of this one."""
    if isinstance(schema, list):
        return [_settle(member, dialect) for member in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: f"#/definitions/{dialect}-{value.rpartition('/')[2]}"
        if key == "$ref" and value in _BY_DIALECT
        else _settle(value, dialect)
        for key, value in schema.items()
    }


def _draft_7(schema: Any) -> Any:
    """Pydantic's schema in draft 7, without what tells an editor nothing."""
    if isinstance(schema, list):
        return [_draft_7(member) for member in schema]
    if not isinstance(schema, dict):
        return schema
    changed: _Schema = {}
    for key, value in schema.items():
        if key in ("properties", "$defs"):
            members = {name: _draft_7(member) for name, member in value.items()}
            changed["definitions" if key == "$defs" else key] = members
        elif key == SHARED:
            changed["$ref"] = f"#/definitions/{value}"
        elif key == "$ref":
            changed["$ref"] = value.replace("#/$defs/", "#/definitions/")
        elif key in ("const", "enum", "default"):
            changed[key] = value
        elif key != "title":
            changed[key] = _draft_7(value)
    if "default" in changed and changed["default"] is None and not _takes_null(changed):
        del changed["default"]
    if "$ref" in changed and not changed.keys() <= {"$ref", *_NOTES}:
        # Draft 7 passes over whatever stands beside a reference, but for editors: they show notes that do.
        changed["allOf"] = [{"$ref": changed.pop("$ref")}]
    return changed


def _takes_null(schema: _Schema) -> bool:
    return schema.get("type") == "null" or any(member.get("type") == "null" for member in schema.get("anyOf", ()))


def _share(schema: _Schema) -> _Schema:
    """The same schema, in which what several properties take is written once, among the definitions."""
    names = {_spell(fuse(kind.schema(_EXPRESSION), _EXPRESSION)): name for name, kind in _NAMED_KINDS.items()}
    definitions = schema["definitions"]
    owners = [schema, *definitions.values()]
    places: dict[str, list[tuple[_Schema, str]]] = {}
    for owner in owners:
        for name, member in owner.get("properties", {}).items():
            if isinstance(member, dict):
                places.setdefault(_spell(_strip(member)), []).append((owner["properties"], name))
    for text, uses in places.items():
        if len(uses) < 2 or len(text) < _WORTH_SHARING:
            continue
        name = names.get(text, uses[0][1])
        while name in definitions:
            name += "-other"
        definitions[name] = _strip(uses[0][0][uses[0][1]])
        for properties, used in uses:
            notes = {key: properties[used][key] for key in _NOTES if key in properties[used]}
            properties[used] = {**notes, "$ref": f"#/definitions/{name}"}
    return schema


def _strip(schema: _Schema) -> _Schema:
    return {key: value for key, value in schema.items() if key not in _NOTES}


def _spell(schema: _Schema) -> str:
    return dumps(schema, sort_keys=True)
