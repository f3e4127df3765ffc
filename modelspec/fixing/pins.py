"""Counts that a budget pins by `exactly` and that are others now, as edits that bring them up to date."""

from __future__ import annotations

import re
from typing import Any

from modelspec.diagnostics import Edit, Route
from modelspec.fixing.mending import Fix
from modelspec.fixing.tree import reach
from modelspec.limit import BYTE_METRICS, LimitKind
from modelspec.refusal import Refused
from modelspec.road import Outcome

__all__ = ["find_stale"]


def find_stale(outcome: Outcome) -> tuple[list[Fix], int]:
    """What brings the pins of a spec up to date; how many cannot be, for they hold for models that differ."""
    counts: dict[Route, tuple[str, list[Any], bool]] = {}
    for model in outcome.models:
        for verdict in model.verdicts:
            if verdict.limit.exactly is None or verdict.home:
                continue
            route = (*verdict.route, "exactly")
            metric, actual, ok = counts.get(route, (verdict.metric, [], True))
            if verdict.actual not in actual:
                actual.append(verdict.actual)
            counts[route] = metric, actual, ok and verdict.ok
    fixes: list[Fix] = []
    left = 0
    for route, (metric, actual, ok) in counts.items():
        if ok:
            continue
        if len(actual) > 1 or not isinstance(actual[0], int):
            left += 1
            continue
        old = reach(outcome.document.tree, route)
        fixes.append((Edit("set", route, _write(actual[0], old, metric)),))
    return fixes, left


def _write(count: int, old: Any, metric: str) -> Any:
    """A count, written as the old one if it can be: plain, in groups of digits, or with a unit."""
    if not isinstance(old, str):
        return count
    found = re.fullmatch(r"\s*[\d_]+(?:\.([\d_]+))?(\s*)([A-Za-z]*)\s*", old)
    if found is not None and found[3]:
        kind = LimitKind("byte" if metric in BYTE_METRICS else "count")
        scale = kind.units[found[3]]
        digits = len((found[1] or "").replace("_", ""))
        shifted, rest = divmod(count * 10**digits, scale)
        text = f"{shifted:0{digits + 1}d}"
        text = f"{text[: len(text) - digits]}.{text[len(text) - digits :]}" if digits else text
        text += f"{found[2]}{found[3]}"
        if not rest and _means(kind, text, count):
            return text
    return f"{count:_}"


def _means(kind: LimitKind, text: str, count: int) -> bool:
    try:
        return kind.read_number(text) == count
    except Refused:
        return False
