"""References that mean nothing where they stand: why, and what was meant. Only what is wrong in a model comes here."""

from __future__ import annotations

from itertools import islice
from typing import Any

from modelspec.diagnostics import Finding, Related, Where
from modelspec.fitting import Fitted
from modelspec.graph import GONE, Group, Incoming, Leaf, Source
from modelspec.refusal import find_near
from modelspec.resolve.frames import Frame, done_at
from modelspec.resolve.levels import is_in_spoilt, list_paths
from modelspec.resolve.walk import Walk
from modelspec.spot import show_label
from modelspec.template import Reference

__all__ = ["refuse_ambiguous", "refuse_reference", "refuse_result"]

MAX_SILENCED = 1_000
"""References that are looked for in what an error has spoilt; those beyond are taken to be in it."""
MAX_OFFERS = 2_000
"""Names among which a near one is sought."""


def refuse_ambiguous(walk: Walk, path: str, where: Where) -> None:
    """Refuse a name that an input and a layer bear."""
    message = f"'{path}' is the name of an input and of a layer"
    walk.notes.note(Finding("MS315", message, where, "rename one of the two"))


def refuse_result(walk: Walk, frame: Frame, reference: Reference, source: Source, where: Where) -> None:
    """Refuse a result that a layer does not have."""
    path = reference.text.rpartition(":")[0]
    results: list[str] = []
    if not isinstance(source, Incoming):
        done = done_at(frame.part, source)
        item = done.runs[-1].item if isinstance(done, Group) else done
        fitted = item.fitted if isinstance(item, Leaf) else item
        results = list(fitted.outputs) if isinstance(fitted, Fitted) else []
    near = find_near(str(reference.result), results)
    message = f"'{path}' has no result '{reference.result}'"
    hint = f"its results are {', '.join(results[:8])}" if len(results) > 1 else f"it has one: write {path}"
    walk.notes.note(Finding("MS302", message, where, f"did you mean '{near}'?" if near else hint))


def refuse_reference(walk: Walk, frame: Frame, index: int, reference: Reference, path: str, where: Where) -> None:
    """Refuse a reference that means nothing here: what stands further down, what is left out, or nothing at all."""
    layer = walk.path(frame, index)
    part = frame.part
    for number, label in enumerate(part.labels):
        shown = show_label(label, frame.names, frame.index)
        if shown is None or (path != shown and not path.startswith(f"{shown}.")):
            continue
        related = (Related(part.where(number), f"'{shown}' stands here"),)
        code = "MS314"
        if number == index:
            message = f"{layer}: it would read its own result"
            hint = "name something that stands before it"
        elif number > index:
            message = f"{layer}: '{path}' stands further down, and only what stands before can be read"
            hint = "move it up; a circle cannot be computed"
        elif part.steps[number] is GONE:
            code = "MS302"
            message = f"{layer}: '{path}' is left out here: its `when` does not hold"
            hint = "refer to what is left in, or leave this entry out, too"
        else:
            continue
        walk.notes.note(Finding(code, message, where, hint, layer, related))
        return
    walk.silenced += 1
    if walk.silenced > MAX_SILENCED or is_in_spoilt(frame.spot, path):
        return
    known = [*frame.inputs, *islice(frame.level.read(), MAX_OFFERS)]
    inside = list_paths(frame.level)
    near = next((name for name in inside if name.endswith(f".{path}")), None)
    near = near or find_near(path, [name for name in [*known, *inside] if name != path])
    if "-" in path and path.rpartition("-")[2].isdigit():
        hint = "a layer that is called by its type and number cannot be referred to: give it a name"
    elif any(label is None and _kind(done) == path for label, done in zip(part.labels, part.steps, strict=False)):
        hint = f"the {path} before has no name, and only what has one can be referred to: give it one"
    elif near is not None:
        hint = f"did you mean '{near}'?"
    else:
        hint = f"known here: {', '.join(known[:8])}{', …' * (len(known) > 8)}"
        hint += "; a block sees no layer around its call: bring it in by `inputs`" * frame.part.isolated
    what = "every round of " if reference.every else ""
    walk.notes.note(Finding("MS302", f"{layer}: nothing before is called {what}'{path}'", where, hint, layer))


def _kind(done: Any) -> str | None:
    """The type of a layer; None for anything else."""
    fitted = done.fitted if isinstance(done, Leaf) else done
    return fitted.layer.type_name() if isinstance(fitted, Fitted) else None
