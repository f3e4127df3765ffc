"""The alternatives of a JSON Schema as an editor understands them best."""

from __future__ import annotations

from re import search
from typing import Any

from modelspec.expressions import MAX_LENGTH

__all__ = ["fuse"]

_Schema = dict[str, Any]

_LITERAL = ("const", "default", "defaultSnippets", "enum", "examples")
"""Keywords whose values are no schemas."""
_FUSED = {"type", "errorMessage", "minimum", "maximum", "exclusiveMinimum", "not", "pattern", "minLength", "maxLength"}
"""Keywords that bear on values of one type alone, so that types can stand side by side."""


def fuse(schema: Any, expression: _Schema) -> Any:
    """The same schema, in which alternatives of different types are one: `type: [string, integer], minimum: 1`.

    Of alternatives an editor tells what is wrong with one of them, and shows a text for each that bears no other title.
    `expression` is what stands for an expression: it is spelled out.
    """
    if isinstance(schema, list):
        return [fuse(member, expression) for member in schema]
    if not isinstance(schema, dict):
        return schema
    fused = {key: value if key in _LITERAL else fuse(value, expression) for key, value in schema.items()}
    return _fuse_alternatives(fused, expression) if isinstance(fused.get("anyOf"), list) else fused


def _fuse_alternatives(schema: _Schema, expression: _Schema) -> _Schema:
    alternatives = [_spell_out(each, expression) for each in schema["anyOf"]]
    patterns = [each.get("pattern", "") for each in alternatives if each.get("type") == "string" and "enum" not in each]
    fused: _Schema = {}
    types: list[str] = []
    rest, words = [], []
    for each in alternatives:
        if "enum" in each and each.keys() <= {"enum", "errorMessage"} and _hold_all(each["enum"], patterns):
            # Words of the field's own among texts that hold them: not to be judged, but to be offered.
            words += each["enum"]
        elif isinstance(each.get("type"), str) and each.keys() <= _FUSED and not each.keys() & fused.keys() - {"type"}:
            types.append(each["type"])
            fused |= each
        else:
            rest.append(each)
    if types == ["null"] and len(rest) == 1 and "enum" in rest[0]:
        fused, rest = {**rest[0], "enum": [*rest[0]["enum"], None]}, []
    elif types:
        # The first is what an editor leaves room for.
        fused["type"] = sorted(types, key=lambda name: name != "string") if len(types) > 1 else types[0]
    if words:
        fused["examples"] = words
    rest = [{"title": "list", **each} if each.get("type") == "array" else each for each in rest]
    others = {key: value for key, value in schema.items() if key != "anyOf"}
    if not fused:
        return {**others, "anyOf": rest}
    if rest or others.keys() & fused.keys():
        return {**others, "anyOf": [fused, *rest]}
    return {**others, **fused}


def _hold_all(words: list[Any], patterns: list[str]) -> bool:
    """Whether one of the patterns has all words."""
    return any(all(isinstance(word, str) and search(pattern, word) for word in words) for pattern in patterns)


def _spell_out(schema: _Schema, expression: _Schema) -> _Schema:
    """An alternative that is an expression, or more than one, with what that is."""
    text = {"type": "string", "minLength": 1, "maxLength": MAX_LENGTH}
    if schema == expression:
        return {**text, "pattern": r"\S"}
    if schema.get("allOf") == [expression]:
        return {**text, **{key: value for key, value in schema.items() if key != "allOf"}}
    return schema
