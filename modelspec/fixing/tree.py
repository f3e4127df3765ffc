"""Edits of a document's tree, in memory: what a text must say once it has been edited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from modelspec.diagnostics import Edit, Route

__all__ = ["apply", "is_same", "reach", "widen"]

EMPTY = frozenset({"arguments", "blocks", "budget", "growth", "imports", "inputs", "tie", "variables", "with"})
"""Keys that go when the last of what stands under them does."""


def apply(tree: Any, edits: Iterable[Edit]) -> Any:
    """The tree with these edits, whose routes lead into it as it is; nothing of it is changed.

    Raises LookupError where an edit leads to nothing that is there.
    """
    order = {"set": 0, "remove": 1, "rename": 2}
    edits = sorted(edits, key=lambda edit: order[edit.action])
    removed = [edit for edit in edits if edit.action == "remove"]
    # The later entries of a list first, so that the others keep their numbers.
    removed.sort(key=lambda edit: [step if isinstance(step, int) else 0 for step in edit.route], reverse=True)
    others = [edit for edit in edits if edit.action != "remove"]
    for edit in [*[e for e in others if e.action == "set"], *removed, *[e for e in others if e.action == "rename"]]:
        tree = _change(tree, edit.route, edit)
    return tree


def _change(tree: Any, route: Route, edit: Edit) -> Any:
    if not route:
        if edit.action != "set":
            raise LookupError(edit.route)
        return edit.value
    step, rest = route[0], route[1:]
    if not rest and edit.action != "set":
        return _drop(tree, step) if edit.action == "remove" else _rename(tree, step, edit.value)
    if isinstance(tree, list) and isinstance(step, int):
        if not 0 <= step < len(tree):
            raise LookupError(edit.route)
        return [*tree[:step], _change(tree[step], rest, edit), *tree[step + 1 :]]
    if isinstance(tree, str) and not rest and edit.action == "set":
        return {"type": tree, step: edit.value}
    if not isinstance(tree, Mapping) or (rest and step not in tree):
        raise LookupError(edit.route)
    return {**tree, step: _change(tree[step], rest, edit) if rest else edit.value}


def _drop(tree: Any, step: str | int) -> Any:
    if isinstance(tree, Mapping) and step in tree:
        return {key: value for key, value in tree.items() if key != step}
    if isinstance(tree, list) and isinstance(step, int) and 0 <= step < len(tree):
        return [*tree[:step], *tree[step + 1 :]]
    raise LookupError(step)


def _rename(tree: Any, step: str | int, name: Any) -> Any:
    if not isinstance(tree, Mapping) or step not in tree or name in tree:
        raise LookupError(step)
    return {name if key == step else key: value for key, value in tree.items()}


def reach(tree: Any, route: Route) -> Any:
    """What a route leads to. Raises LookupError."""
    for step in route:
        if isinstance(tree, Mapping) or (isinstance(tree, list) and isinstance(step, int) and step >= 0):
            tree = tree[step]  # type: ignore[index]
        else:
            raise LookupError(route)
    return tree


def widen(tree: Any, edit: Edit) -> Edit:
    """The same removal, but of the key above where nothing would be left under that, and it needs something."""
    route = edit.route
    while edit.action == "remove" and len(route) > 1 and len(reach(tree, route[:-1])) == 1:
        above = route[-2]
        if above not in EMPTY and "budget" not in route[:-2]:
            break
        route = route[:-1]
    return edit._replace(route=route)


def is_same(one: Any, other: Any) -> bool:
    """Whether two trees say the same, in the same order; 1, 1.0 and true are three values."""
    from marshal import dumps

    return dumps(one, 2) == dumps(other, 2)
