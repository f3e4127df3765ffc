"""The JSON Schemas of a spec and of the report, generated from the Pydantic models, in the draft that editors read.

A schema tells less than the tool does. It cannot see into an expression, and to it 2.0 is an integer; it knows neither
what arrives at a layer nor the layers that other libraries bring.
"""

from __future__ import annotations

from collections.abc import Iterable
from json import dumps
from typing import Any

from modelspec import catalogue
from modelspec.closed import SHARED
from modelspec.expressions import MAX_LENGTH
from modelspec.kinds import Boolean, Integer, Kind, PerAxis
from modelspec.language import BUDGET_KINDS, DIALECTS, DTYPE, NAME
from modelspec.layer import Layer, fields_of
from modelspec.schema import Budget, LayerBudget, LongShape, SpecV1, entry_model, summarise

__all__ = ["report_schema", "spec_schema"]

_DRAFT = "http://json-schema.org/draft-07/schema#"
_NOTES = ("description", "default")
"""What a property says beside what it takes."""
_WORTH_SHARING = 100
"""Characters of a schema from which on it is written once and referred to."""
_EXPRESSION = {"$ref": "#/definitions/expression"}
_NAMED_KINDS: dict[str, Kind] = {
    "condition": Boolean(),
    "dtype": DTYPE,
    "size-of-two-axes": PerAxis(Integer(1), 2),
    "count-limit": BUDGET_KINDS["parameters"],
    "byte-limit": BUDGET_KINDS["weight_bytes"],
    "name": NAME,
}
"""What definitions that are shared are called. Others bear the name of the first argument that refers to them."""

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
        "long-shape": _draft_7(LongShape.model_json_schema()),
        "budget": _draft_7(Budget.model_json_schema()),
        "layer-budget": _draft_7(LayerBudget.model_json_schema()),
    }
    for dialect in DIALECTS:
        definitions.update(_define_entries(dialect))
    for name in ("name", "description"):
        # An editor would write the default out.
        del top["properties"][name]["default"]
    items = {dialect: {"items": {"$ref": f"#/definitions/{dialect}-entry"}} for dialect in DIALECTS}
    chosen = {
        "if": {"properties": {"dialect": {"const": "keras"}}, "required": ["dialect"]},
        "then": {"properties": {"layers": items["keras"]}},
        "else": {"properties": {"layers": items["torch"]}},
    }
    head = {"$schema": _DRAFT, "$id": "urn:modelspec:schema:spec:1", "title": "modelspec, version 1"}
    return _share({**head, **top, **chosen, "definitions": definitions})


def report_schema() -> _Schema:
    """The JSON Schema (draft 7) of the JSON report, version 1."""
    from modelspec.report import Report

    top = _draft_7(Report.model_json_schema(mode="serialization"))
    # What has a default is written all the same.
    top["required"] = list(top["properties"])
    head = {"$schema": _DRAFT, "$id": "urn:modelspec:schema:report:1", "title": "modelspec report, version 1"}
    return {**head, **top}


def _define_entries(dialect: str) -> dict[str, _Schema]:
    """The definitions of a dialect: one for each type, and the entries of `layers` that choose among them."""
    layers = list(catalogue.list_layers(dialect))
    definitions = {_define_name(layer): _define_layer(layer) for layer in layers}
    bare = [layer for layer in layers if not any(field.required for field in fields_of(layer).values())]
    mapping: _Schema = {
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"anyOf": list(_list_types(layers))}},
        "allOf": [
            {
                "if": {
                    "type": "object",
                    "properties": {"type": {"const": layer.type_name()}},
                    "required": ["type"],
                },
                "then": {"$ref": f"#/definitions/{_define_name(layer)}"},
            }
            for layer in layers
        ],
    }
    definitions[f"{dialect}-entry"] = {
        "description": "A layer: a mapping with its type and its arguments, or the type alone if it needs none.",
        "if": {"type": "string"},
        "then": {"anyOf": list(_list_types(bare))},
        "else": mapping,
    }
    if any(field.way == "wrapped" for layer in layers for field in fields_of(layer).values()):
        outer = {"$ref": f"#/definitions/{dialect}-entry"}
        definitions[f"{dialect}-inside"] = {"allOf": [outer], "properties": {"trainable": False, "dtype": False}}
    return definitions


def _define_name(layer: type[Layer]) -> str:
    return f"{layer.dialect}.{layer.type_name()}"


def _list_types(layers: Iterable[type[Layer]]) -> Iterable[_Schema]:
    for layer in layers:
        yield {"const": layer.type_name(), "description": summarise(layer)}


def _define_layer(layer: type[Layer]) -> _Schema:
    definition = _draft_7(entry_model(layer).model_json_schema())
    return {**definition, "title": _define_name(layer), "description": summarise(layer)}


def _draft_7(schema: Any) -> Any:
    """Pydantic's schema in draft 7, without what tells an editor nothing."""
    if isinstance(schema, list):
        return [_draft_7(member) for member in schema]
    if not isinstance(schema, dict):
        return schema
    changed: _Schema = {}
    for key, value in schema.items():
        if key in ("properties", "$defs"):
            # A key that only a later version reads can stand nowhere, and an editor should not offer it.
            members = {name: _draft_7(member) for name, member in value.items() if member.get("not") != {}}
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
    names = {_write(kind.schema(_EXPRESSION)): name for name, kind in _NAMED_KINDS.items()}
    definitions = schema["definitions"]
    owners = [schema, *definitions.values()]
    places: dict[str, list[tuple[_Schema, str]]] = {}
    for owner in owners:
        for name, member in owner.get("properties", {}).items():
            if isinstance(member, dict):
                places.setdefault(_write(_strip(member)), []).append((owner["properties"], name))
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


def _write(schema: _Schema) -> str:
    return dumps(schema, sort_keys=True)
