"""Edits of a document's tree, in memory: what a text must say once it has been edited."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

from modelspec.diagnostics import Edit, Route

__all__ = ["apply", "can_take", "is_same", "reach", "widen"]

EMPTY = frozenset({"arguments", "blocks", "budget", "growth", "imports", "inputs", "tie", "variables", "with"})
"""Keys that go when the last of what stands under them does."""


def apply(tree: Any, edits: Iterable[Edit]) -> Any:
    """The tree with these edits, whose routes lead into it as it is; nothing of it is changed.

    Each container is copied once at most, however many edits there are in it. Raises LookupError where an edit leads to
    nothing that is there.
    """
    edits = list(edits)
    removed = [edit for edit in edits if edit.action == "remove"]
    # The later entries of a list first, so that the others keep their numbers; and new names last.
    removed.sort(key=lambda edit: [step if isinstance(step, int) else 0 for step in edit.route], reverse=True)
    ordered = [edit for edit in edits if edit.action == "set"], removed, [e for e in edits if e.action == "rename"]
    top: list[Any] = [tree]
    own = {id(top)}
    for edit in chain(*ordered):
        around: Any = top
        step: str | int = 0
        for following in edit.route:
            around, step = _enter(around, step, edit, own), following
        _change(around, step, edit)
    return top[0]


def _enter(around: Any, step: str | int, edit: Edit, own: set[int]) -> Any:
    """What stands under a step, as a copy that can be changed; a bare type name becomes a mapping."""
    try:
        inside = around[step]
    except (KeyError, IndexError, TypeError):
        raise LookupError(edit.route) from None
    if id(inside) in own:
        return inside
    if isinstance(inside, str) and edit.action == "set":
        inside = {"type": inside}
    elif isinstance(inside, (dict, list)):
        inside = inside.copy()
    else:
        raise LookupError(edit.route)
    own.add(id(inside))
    around[step] = inside
    return inside


def _change(around: Any, step: str | int, edit: Edit) -> None:
    there = step in around if isinstance(around, dict) else isinstance(step, int) and 0 <= step < len(around)
    if edit.action == "set" and (there or (isinstance(around, dict) and isinstance(step, str))):
        around[step] = edit.value
    elif edit.action == "remove" and there:
        del around[step]
    elif edit.action == "rename" and there and isinstance(around, dict) and edit.value not in around:
        renamed = {edit.value if key == step else key: value for key, value in around.items()}
        around.clear()
        around.update(renamed)
    else:
        raise LookupError(edit.route)


def can_take(tree: Any, edit: Edit) -> bool:
    """Whether an edit leads to something that is there, or that can be."""
    try:
        around = reach(tree, edit.route[:-1])
        apply({"": around}, [edit._replace(route=("", *edit.route[-1:]))] if edit.route else [])
    except LookupError:
        return False
    return True


def reach(tree: Any, route: Route) -> Any:
    """What a route leads to. Raises LookupError."""
    at: Any = tree
    for step in route:
        key: Any = step
        if isinstance(at, dict) or (isinstance(at, list) and isinstance(step, int) and step >= 0):
            at = at[key]
        else:
            raise LookupError(route)
    return at


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
