"""From the spec to the graph: one walk over the layers, carrying what flows.

What is repeated with the same values on the same shapes is resolved once: the parts that a walk has made are kept by
their entries, the values that their expressions read, what comes in, and what their references mean. What an error has
spoilt is carried as None: nothing that depends on it is held against anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelspec.diagnostics import Finding, Where
from modelspec.dtype import is_float
from modelspec.entry import SPOILT, Spoilt
from modelspec.fitting import Value
from modelspec.graph import Graph, Incoming, Part, Source, Spot
from modelspec.kinds import Deferred
from modelspec.resolve.containers import Resolver
from modelspec.resolve.frames import Context, Frame, Unresolved, look_up, value_at
from modelspec.resolve.names import check_names, count_rows
from modelspec.resolve.notes import Enough, Notes, Reader
from modelspec.resolve.walk import Again
from modelspec.shape import Unknown
from modelspec.spec import Input, Spec, Variant

__all__ = ["Graph", "resolve"]


def resolve(
    spec: Spec, variant: str | None = None, settings: Mapping[str, Any] | None = None
) -> tuple[Graph, list[Finding]]:
    """Resolve a spec: shapes, inferred arguments, tensors and MACs of every layer, and what does not fit together.

    `variant` is the name of one of its variants; `settings` are variables that are set by hand, over all others.
    """
    assumed = frozenset(
        number for number, given in enumerate(spec.inputs.values()) if isinstance(given, Input) and given.dtype is None
    )
    indices: set[int] = set()
    while True:
        notes = Notes()
        graph = Graph(spec, variant)
        try:
            _resolve(graph, notes, settings or {}, assumed - indices, indices)
        except Again as again:
            indices.add(again.number)
            continue
        except Enough:
            pass
        return graph, notes.findings


def _resolve(
    graph: Graph, notes: Notes, settings: Mapping[str, Any], assumed: frozenset[int], indices: set[int]
) -> None:
    spec = graph.spec
    changes = spec.variants.get(graph.variant) if graph.variant is not None else None
    _apply(graph, changes if isinstance(changes, Variant) else None)
    reader = Reader(notes, spec.variables)
    _read_variables(graph, reader, changes if isinstance(changes, Variant) else None, settings)
    body = spec.body
    values = tuple([_read_input(graph, reader, name, number in indices) for number, name in enumerate(spec.inputs)])
    if body is None:
        return
    walk = Resolver(graph, notes, reader, assumed)
    walk.blocks_see[""] = graph.variables
    part = graph.part = Part(body.names, None, body.route, "", graph.variables)
    inputs = {name: number for number, name in enumerate(spec.inputs)}
    inputs.setdefault("input", 0)
    frame = Frame(part, Spot(part), values, graph.variables, Context(True, graph.dtype), inputs, {})
    walk.read_body(frame, body)
    _read_outputs(graph, walk, frame)
    count_rows(part, notes)
    check_names(graph, notes)


def _apply(graph: Graph, variant: Variant | None) -> None:
    """Set what a variant says otherwise."""
    if variant is None:
        return
    graph.dtype = variant.dtype or graph.dtype
    if variant.activation_dtype is not None:
        graph.activation_dtype = variant.activation_dtype
    elif variant.dtype is not None and "activation_dtype" not in graph.spec.document.tree:  # type: ignore[operator]
        graph.activation_dtype = variant.dtype if is_float(variant.dtype) else "float32"
    if variant.budget is not None:
        from modelspec.spec import Budget

        base = graph.spec.budget
        if base is None:
            graph.budget = variant.budget
        else:
            merged = {**base.model, **variant.budget.model}
            graph.budget = Budget(merged, {**base.layers, **variant.budget.layers}, base.route, variant.budget)


def _read_variables(graph: Graph, reader: Reader, variant: Variant | None, settings: Mapping[str, Any]) -> None:
    spec, names = graph.spec, graph.variables
    changed = variant.variables if variant is not None else {}
    for name, value in spec.variables.items():
        where = Where(("variables", name))
        if name in settings:
            value = settings[name]
        elif name in changed:
            value = changed[name]
            where = Where(("variants", str(graph.variant), "variables", name))
        if isinstance(value, Deferred):
            names[name] = reader.fill(value, where, names, later=spec.variables)
        else:
            names[name] = Unknown(name) if value is None else value


def _read_input(graph: Graph, reader: Reader, name: str, holds_indices: bool) -> Value | None:
    given = graph.spec.inputs[name]
    if isinstance(given, Spoilt):
        return None
    shape = given.shape
    if isinstance(shape, Deferred):
        shape = reader.fill(shape, Where(given.route), graph.variables)
        if shape is SPOILT:
            return None
    dtype = given.dtype or ("int64" if holds_indices else graph.activation_dtype)
    graph.inputs[name] = Value(shape, dtype)
    return graph.inputs[name]


def _read_outputs(graph: Graph, walk: Resolver, frame: Frame) -> None:
    """What the model gives: what is named, or the last layer's result."""
    outputs = graph.spec.outputs
    if outputs is None:
        graph.outputs = () if frame.last is None else (frame.last,)
        return
    if isinstance(outputs, Spoilt):
        return
    found: list[Source] = []
    listed = isinstance(graph.spec.document.tree["outputs"], list)  # type: ignore[call-overload, index]
    for number, reference in enumerate(outputs):
        where = Where(("outputs", number) if listed else ("outputs",))
        path = walk.render(reference, graph.variables, where)
        if path is None:
            continue
        sources = (Incoming(0),) if path == "input" else look_up(frame, "value", path, None)
        if sources is None:
            _refuse_output(walk, frame, path, where)
            continue
        for source in sources if sources.__class__ is tuple else (sources,):
            try:
                value_at(frame.part, frame.values, source, reference.result)
            except Unresolved:
                walk.refuse_result(frame, reference, source, where)
            named = reference.result is not None and not isinstance(source, Incoming)
            found.append(source._replace(result=reference.result) if named else source)
    graph.outputs = tuple(found)


def _refuse_output(walk: Resolver, frame: Frame, path: str, where: Where) -> None:
    from modelspec.refusal import find_near

    known = list(frame.level.read())
    near = find_near(path, known)
    hint = f"did you mean '{near}'?" if near else f"known here: {', '.join(known[:8])}"
    if not known:
        hint = "give the layer that is meant a name"
    walk.notes.note(Finding("MS302", f"no layer is called '{path}'", where, hint))
