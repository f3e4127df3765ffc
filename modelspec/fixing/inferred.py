"""The arguments that a spec leaves to be inferred, as edits that write them out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelspec.diagnostics import Edit, Route
from modelspec.fitting import Fitted
from modelspec.fixing.mending import Fix
from modelspec.fixing.tree import reach
from modelspec.road import Outcome
from modelspec.rows import list_rows
from modelspec.shape import Unknown

__all__ = ["DIFFERS", "ELSEWHERE", "FIXED", "UNKNOWN", "find_inferred"]

DIFFERS = "different from call to call, from round to round or from variant to variant"
UNKNOWN = "known only when the model runs"
ELSEWHERE = "in an imported file"
FIXED = "not to be written in place"


def find_inferred(outcome: Outcome) -> tuple[list[Fix], dict[str, int]]:
    """What writes out the inferred arguments of each entry; how many stay as they are, by the reason.

    An entry that is met several times (in a block, a repeat, or in variants) gets an argument only if it is the same
    each time. Where a model has errors, nothing is certain, and nothing is written.
    """
    if not outcome.models or not all(model.sound for model in outcome.models):
        return [], {}
    found: dict[tuple[str, Route, str], list[Any]] = {}
    for model in outcome.models:
        for node in list_rows(model.graph):
            where = node.where
            tree = outcome.documents[where.file].tree
            for route, name, value in _list(node.fitted, where.route, _read(tree, where.route)):
                values = found.setdefault((where.file, route, name), [])
                if value not in values:
                    values.append(value)
    fixes: dict[Route, list[Edit]] = {}
    left: dict[str, int] = {}
    for (file, route, name), values in found.items():
        reason = DIFFERS if len(values) > 1 else UNKNOWN if values[0] is None else ELSEWHERE if file else None
        if reason is not None:
            left[reason] = left.get(reason, 0) + 1
        else:
            fixes.setdefault(route, []).append(Edit("set", (*route, name), values[0]))
    return [tuple(edits) for edits in fixes.values()], left


def _read(tree: Any, route: Route) -> Any:
    try:
        return reach(tree, route)
    except LookupError:
        return None


def _list(fitted: Fitted, route: Route, entry: Any) -> Iterator[tuple[Route, str, Any]]:
    """The inferred arguments that an entry does not say, those of a layer inside included; None for what is unknown.

    An entry that is another layer's (a share, a sum that no one wrote) says none.
    """
    written = entry.get("type") if isinstance(entry, Mapping) else entry
    if written != fitted.layer.type_name():
        return
    arguments = fitted.layer.arguments()
    for name in fitted.inferred:
        if not (isinstance(entry, Mapping) and name in entry):
            yield route, name, _plain(arguments[name])
    for name, value in arguments.items():
        if isinstance(value, Fitted) and isinstance(entry, Mapping) and name in entry:
            yield from _list(value, (*route, name), entry[name])


def _plain(value: Any) -> Any:
    """A value as JSON has it; None where something in it is not known."""
    if isinstance(value, Unknown):
        return None
    if isinstance(value, (tuple, list)):
        members = [_plain(member) for member in value]
        return None if None in members else members
    return value
