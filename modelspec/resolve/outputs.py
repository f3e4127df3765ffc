"""What the model gives, where that is said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelspec.diagnostics import Finding, Where
from modelspec.graph import Incoming, Source
from modelspec.refusal import find_near
from modelspec.resolve.frames import Frame, Unresolved, value_at
from modelspec.resolve.levels import is_in_spoilt
from modelspec.resolve.lookup import look_up
from modelspec.resolve.resolver import Resolver
from modelspec.resolve.walk import Walk
from modelspec.template import Reference

__all__ = ["read_outputs"]


def read_outputs(walk: Walk, frame: Frame, outputs: tuple[Reference, ...]) -> tuple[Source, ...]:
    """The results that a model names, in order; what means nothing is told."""
    resolver = Resolver(walk.graph, walk.notes, walk.reader, walk.assumed)
    found: list[Source] = []
    tree: Mapping[str, Any] = walk.spec.document.tree  # type: ignore[assignment]
    listed = isinstance(tree["outputs"], list)
    for number, reference in enumerate(outputs):
        where = Where(("outputs", number) if listed else ("outputs",))
        path = resolver.render(reference, walk.graph.variables, where)
        if path is None:
            continue
        sources = (Incoming(0),) if path == "input" else look_up(frame, "value", path, None)
        if sources is None:
            if is_in_spoilt(frame.spot, path):
                continue
            known = list(frame.level.read())
            near = find_near(path, known)
            hint = f"did you mean '{near}'?" if near else f"known here: {', '.join(known[:8])}"
            hint = hint if known else "give the layer that is meant a name"
            walk.notes.note(Finding("MS302", f"no layer is called '{path}'", where, hint))
            continue
        for source in sources if sources.__class__ is tuple else (sources,):
            try:
                value_at(frame.part, frame.values, source, reference.result)
            except Unresolved:
                from modelspec.resolve.misled import refuse_result

                refuse_result(resolver, frame, reference, source, where)
            named = reference.result is not None and not isinstance(source, Incoming)
            found.append(source._replace(result=reference.result) if named else source)
    return tuple(found)
