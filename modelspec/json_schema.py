"""The JSON Schemas of a spec and of the report, generated from the Pydantic models, in the draft that editors read.

A schema tells less than the tool does. It cannot see into an expression, and to it 2.0 is an integer; it knows neither
what arrives at a layer nor the layers that other libraries bring.
"""

from __future__ import annotations

from collections.abc import Iterable
from json import dumps
from typing import Any

from modelspec import catalogue
from modelspec.closed import SHARED, Closed
from modelspec.entry_models import CONTAINER_MODELS, Call, Shared, Tied, entry_model, summarise
from modelspec.expressions import MAX_LENGTH
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

_Schema = dict[str, Any]


def spec_schema() -> _Schema:
    """The JSON Schema (draft 7) of a spec, version 1, with every layer type of the catalogue."""
    top = _draft_7(SpecV1.model_json_schema())
    definitions = {
        "expression": {
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_LENGTH,
            "pattern": r"\S",
            "description": "An expression over variables and what arrives, such as 2 * hidden_dim.",
        },
        "input": _strip(top["properties"]["input"]),
        "long-shape": _draft_7(LongShape.model_json_schema()),
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
    for key in ("layers", "blocks"):
        properties[key] = {"description": properties[key]["description"]}
    by_dialect = {
        "if": {"properties": {"dialect": {"const": "keras"}}, "required": ["dialect"]},
        "then": {"properties": chosen["keras"]},
        "else": {"properties": chosen["torch"]},
    }
    by_purpose = {key: top.pop(key) for key in ("if", "then", "else")}
    head = {"$schema": _DRAFT, "$id": "urn:modelspec:schema:spec:1", "title": "modelspec, version 1"}
    return _share({**head, **top, "allOf": [by_dialect, by_purpose], "definitions": definitions})


def report_schema() -> _Schema:
    """The JSON Schema (draft 7) of the JSON report, version 1."""
    from modelspec.report import Report

    top = _draft_7(Report.model_json_schema(mode="serialization"))
    # What has a default is written all the same, but for what is left out where there is nothing to say.
    top["required"] = [
        name for name, field in Report.model_fields.items() if field.exclude_if is None and not field.exclude
    ]
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
    definitions.update({f"{dialect}.{name}": _define_entry(model) for name, model in models.items()})
    definitions[f"{dialect}-block"] = _draft_7(Block.model_json_schema())
    bare = [layer for layer in layers if not any(field.required for field in fields_of(layer).values())]
    entry = {"$ref": f"#/definitions/{dialect}-entry"}
    definitions[f"{dialect}-entry"] = {
        "description": "A layer: a mapping with its type and its arguments, or the type alone if it needs none.",
        "if": {"type": "string"},
        "then": {"anyOf": list(_list_types(bare))},
        "else": {
            "type": "object",
            "properties": {"type": {"anyOf": [*_list_types(layers), *_list_containers()]}},
            "anyOf": [{"required": [key]} for key in ("type", "block", "share", "layers")],
            "allOf": [
                {"$ref": "#/definitions/step"},
                *[
                    {"if": {"required": [key]}, "then": {"$ref": f"#/definitions/{dialect}.{key}"}}
                    for key in ("block", "share")
                ],
                {
                    "if": {"not": {"anyOf": [{"required": [key]} for key in ("type", "block", "share")]}},
                    "then": {"$ref": f"#/definitions/{dialect}.Sequential"},
                },
                {
                    "if": {"required": ["type"]},
                    "then": {
                        "allOf": [
                            {
                                "if": {"properties": {"type": {"const": name}}},
                                "then": {"$ref": f"#/definitions/{dialect}.{name}"},
                            }
                            for name in (*[layer.type_name() for layer in layers], *CONTAINER_MODELS)
                        ]
                    },
                },
            ],
        },
    }
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


def _list_types(layers: Iterable[type[Layer]]) -> Iterable[_Schema]:
    for layer in layers:
        yield {"const": layer.type_name(), "description": summarise(layer)}


def _list_containers() -> Iterable[_Schema]:
    for name, model in CONTAINER_MODELS.items():
        yield {"const": name, "description": model.__doc__}


def _define_layer(layer: type[Layer]) -> _Schema:
    return {**_define_entry(entry_model(layer)), "description": summarise(layer)}


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
    if "$ref" in changed and len(changed) > 1:
        # Draft 7 passes over whatever stands beside a reference.
        changed["allOf"] = [{"$ref": changed.pop("$ref")}]
    return changed


def _takes_null(schema: _Schema) -> bool:
    return schema.get("type") == "null" or any(member.get("type") == "null" for member in schema.get("anyOf", ()))


def _share(schema: _Schema) -> _Schema:
    """The same schema, in which what several properties take is written once, among the definitions."""
    names = {_spell(kind.schema(_EXPRESSION)): name for name, kind in _NAMED_KINDS.items()}
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
            properties[used] = {**notes, "allOf": [{"$ref": f"#/definitions/{name}"}]}
    return schema


def _strip(schema: _Schema) -> _Schema:
    return {key: value for key, value in schema.items() if key not in _NOTES}


def _spell(schema: _Schema) -> str:
    return dumps(schema, sort_keys=True)
