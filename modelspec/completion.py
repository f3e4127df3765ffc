"""A resolved spec as a document again: what was inferred and computed written out, itself a valid spec."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from modelspec.fitting import Fitted
from modelspec.kinds import Deferred
from modelspec.language import VERSION
from modelspec.graph import Graph
from modelspec.rows import Node, list_rows
from modelspec.shape import Dim, Unknown
from modelspec.source import MARK, read

__all__ = ["complete"]


def complete(graph: Graph) -> str:
    """The spec of a sound graph as YAML, with every expression computed and every inferred argument written.

    A size that is known only when the model runs keeps its variable; arguments left at their defaults stay out.
    """
    spec = graph.spec
    tree: Any = spec.document.tree
    lines = [f"{MARK}: {VERSION}"]
    for key in ("name", "description", "metadata", "dialect", "dtype", "activation_dtype"):
        if key in tree:
            lines.append(f"{key}: {_flow(tree[key])}")
    unknown = {name: value for name, value in graph.variables.items() if isinstance(value, Unknown)}
    if unknown:
        # What is computed from an unknown size stays an expression, and reads the other variables.
        lines.append(f"variables: {_flow(tree['variables'])}")
    (value,) = graph.inputs.values()
    shape = [_size(size, raw) for size, raw in zip(value.shape, _raw_shape(tree["input"], value.shape), strict=True)]
    stated = value.dtype != spec.activation_dtype or (isinstance(tree["input"], dict) and "dtype" in tree["input"])
    lines.append(f"input: {_flow({'shape': shape, 'dtype': value.dtype} if stated else shape)}")
    lines.append("layers:")
    lines.extend(f"  - {_entry(node, tree['layers'][index])}" for index, node in enumerate(list_rows(graph)))
    if spec.budget is not None:
        lines.append("budget:")
        lines.extend(_block(tree["budget"], "  "))
    return "\n".join(lines) + "\n"


def _raw_shape(given: Any, shape: tuple[Dim, ...]) -> Iterable[Any]:
    raw = given["shape"] if isinstance(given, dict) else given
    return raw if isinstance(raw, list) else [None] * len(shape)


def _size(size: Dim, raw: Any) -> Any:
    return raw if isinstance(size, Unknown) else size


def _entry(node: Node, raw: Any) -> str:
    written = raw if isinstance(raw, dict) else {}
    keys: dict[str, Any] = {}
    if "name" in written:
        keys["name"] = written["name"]
    keys.update(_arguments(node.fitted, written, node.entry.given))
    for key in ("trainable", "dtype"):
        if key in written:
            keys[key] = written[key]
    return _flow(keys) if len(keys) > 1 else str(keys["type"])


def _arguments(fitted: Fitted, raw: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The type, and the arguments that were written or inferred, in the order of the class."""
    keys: dict[str, Any] = {"type": fitted.layer.type_name()}
    for name, value in fitted.layer.arguments().items():
        if isinstance(value, Fitted):
            inner = raw[name]
            keys[name] = _arguments(value, inner if isinstance(inner, dict) else {}, given[name].arguments)
        elif name in given:
            computed = isinstance(given[name], Deferred) and not _is_unknown(value)
            keys[name] = _plain(value) if computed else raw[name]
        elif name in fitted.inferred and not _is_unknown(value):
            keys[name] = _plain(value)
    return keys


def _is_unknown(value: Any) -> bool:
    return any(map(_is_unknown, value)) if isinstance(value, tuple) else isinstance(value, Unknown)


def _plain(value: Any) -> Any:
    return [_plain(member) for member in value] if isinstance(value, tuple) else value


# YAML, in a form that both of its versions read alike. PyYAML's own writer follows 1.1: it leaves `1e3` unquoted.


def _block(value: Mapping[str, Any], indent: str) -> Iterable[str]:
    for key, member in value.items():
        if isinstance(member, Mapping) and any(isinstance(inner, Mapping) for inner in member.values()):
            yield f"{indent}{_flow(key)}:"
            yield from _block(member, indent + "  ")
        else:
            yield f"{indent}{_flow(key)}: {_flow(member)}"


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flow(str(key))}: {_flow(member)}" for key, member in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str):
        return value if _is_plain(value) else _quote(value)
    if isinstance(value, float):
        return _float(value)
    return json.dumps(value)


def _float(value: float) -> str:
    if value != value:
        return ".nan"
    if value in (float("inf"), float("-inf")):
        return ".inf" if value > 0 else "-.inf"
    text = repr(value)
    # YAML 1.1 wants a point in a number with an exponent.
    return text if "e" not in text or "." in text else text.replace("e", ".0e")


def _is_plain(text: str) -> bool:
    """Whether a string can stand without quotes: a word (or words), and read back as itself by both versions."""
    words = text.replace("_", "a").replace("-", "a").replace(".", "a").replace(" * ", "a")
    if not (words.isascii() and words.isalnum() and text[0].isalpha()) or text.lower() in _WORDS_OF_1_1:
        return False
    return read(text.encode(), "").tree == text


_WORDS_OF_1_1 = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def _quote(text: str) -> str:
    """A double-quoted scalar: JSON's, with what YAML does not take as it is written as an escape."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(letter if letter.isprintable() or letter == " " else _escape(ord(letter)) for letter in quoted)


def _escape(code: int) -> str:
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
