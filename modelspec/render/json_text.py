"""JSON that every reader takes: no lone surrogates, no numbers beyond JSON, and nothing that does not print."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any

__all__ = ["write_json"]


def write_json(value: Any, *, indent: int | None = None) -> str:
    """A value as JSON: on one line, or indented. What is infinite, or no number, is null, as in the JSON report."""
    separators = (",", ":") if indent is None else None
    try:
        text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators, allow_nan=False)
    except ValueError:
        text = json.dumps(_mend(value), ensure_ascii=False, indent=indent, separators=separators)
    if text.isascii() and "\x7f" not in text:
        return text
    # Half a surrogate pair is no character: no reader can be asked to take it.
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return "".join(char if char.isprintable() or char == "\n" else _escape(char) for char in text)


def _escape(char: str) -> str:
    return json.dumps(char)[1:-1] if char != "\x7f" else r"\u007f"


def _mend(value: Any) -> Any:
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _mend(member) for key, member in value.items()}
    return [_mend(member) for member in value] if isinstance(value, (list, tuple)) else value
