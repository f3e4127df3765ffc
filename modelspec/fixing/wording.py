"""Values and keys in the words and the style of the text that they are to stand in."""

from __future__ import annotations

import json
import re
from typing import Any

from modelspec.notation import flow
from modelspec.source.layout import Layout, Piece

__all__ = ["spell", "spell_pair"]

_GROUPED = re.compile(r"\d+(_\d+)+")


def spell(layout: Layout, value: Any, like: tuple[int, int] | None = None) -> str:
    """A value as text; `like` is the stretch of the text whose quotes it is to have, if it can."""
    old = "" if like is None else layout.text[like[0] : like[1]]
    if layout.is_json:
        separators = (",", ":") if layout.is_compact else (", ", ": ")
        return json.dumps(value, ensure_ascii=False, separators=separators)
    if not isinstance(value, str):
        return flow(value)
    if old[:1] == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    if old[:1] == '"':
        quoted = flow(value)
        return quoted if quoted.startswith('"') else f'"{quoted}"'
    if old and _GROUPED.fullmatch(value):
        # Digits in groups: a limit means the same number by them, whichever version of YAML reads it.
        return value
    return flow(value)


def spell_pair(layout: Layout, name: str, value: Any, beside: Piece | None) -> str:
    """A key and its value, written as the pair beside them is."""
    colon = ": "
    if layout.is_json:
        colon = ":" if layout.is_compact else ": "
        if beside is not None and beside.key is not None:
            between = layout.text[beside.key[1] : beside.start]
            colon = between if re.fullmatch(r"[ \t]*:[ \t]*", between) else colon
    return f"{spell(layout, name, beside.key if beside else None)}{colon}{spell(layout, value)}"
