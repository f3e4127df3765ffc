"""Values as YAML, in a form that both of its versions read alike.

PyYAML's own writer follows YAML 1.1: it leaves `1e3` unquoted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from modelspec.source import read

__all__ = ["block", "flow"]


def block(value: Mapping[str, Any], indent: str) -> Iterable[str]:
    """A mapping in block style, as lines: as deep as there are mappings in mappings."""
    for key, member in value.items():
        if isinstance(member, Mapping) and any(isinstance(inner, Mapping) for inner in member.values()):
            yield f"{indent}{flow(key)}:"
            yield from block(member, indent + "  ")
        else:
            yield f"{indent}{flow(key)}: {flow(member)}"


def flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(str(key))}: {flow(member)}" for key, member in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(flow, value)) + "]"
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
