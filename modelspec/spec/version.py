"""The version of the language that a document is written in."""

from __future__ import annotations

from itertools import islice
from typing import Any

from modelspec.diagnostics import Edit, Finding, Where
from modelspec.language import VERSION
from modelspec.refusal import name_value
from modelspec.source import MARK
from modelspec.spelling import find_meant

__all__ = ["refuse_version"]

MAX_KEYS = 50
"""Keys among which one may be meant to be the mark."""


def refuse_version(tree: Any) -> Finding:
    """Say that a document is no spec, or one of a version that this tool does not speak."""
    if not isinstance(tree, dict):
        message = f"expected a spec (a mapping with the key '{MARK}'), got {_name_kind(tree)}"
        return Finding("MS201", message, Where(()), f"a spec begins with '{MARK}: {VERSION}'")
    if MARK not in tree:
        near = next((key for key in islice(tree, MAX_KEYS) if find_meant(key, (MARK,)) is not None), None)
        if near is not None:
            message = f"the key '{MARK}' is missing, but there is '{near}'"
            fix = (Edit("rename", (near,), MARK),)
            return Finding("MS201", message, Where((near,), "key"), f"did you mean '{MARK}'?", fix=fix)
        message = f"the key '{MARK}' is missing, so this file is not a spec"
        return Finding("MS201", message, Where(()), f"begin the file with '{MARK}: {VERSION}'")
    message = f"version {name_value(tree[MARK])} of the language is not known"
    return Finding("MS202", message, Where((MARK,)), f"this tool speaks version {VERSION}: write '{MARK}: {VERSION}'")


def _name_kind(tree: Any) -> str:
    return "a list" if isinstance(tree, list) else "a single value"
