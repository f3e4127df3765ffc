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
from modelspec.fitting import Fitted, Value
from modelspec.graph import Graph, Part
from modelspec.kinds import Deferred
from modelspec.language import MAX_LAYERS
from modelspec.resolve.frames import Context, Frame
from modelspec.resolve.notes import Enough, Notes, Reader
from modelspec.resolve.walk import Again, Walk
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
            if graph.part is not None and graph.part.rows > MAX_LAYERS:
                graph.rows = []
        return graph, notes.findings


def _resolve(
    graph: Graph, notes: Notes, settings: Mapping[str, Any], assumed: frozenset[int], indices: set[int]
) -> None:
    spec = graph.spec
    changes = spec.variants.get(graph.variant) if graph.variant is not None else None
    _apply(graph, changes if isinstance(changes, Variant) else None)
    reader = Reader(notes, spec.variables, unread=spec.unread)
    _read_variables(graph, reader, changes if isinstance(changes, Variant) else None, settings)
    body = spec.body
    values = tuple([_read_input(graph, reader, name, number in indices) for number, name in enumerate(spec.inputs)])
    if body is None:
        return
    walk = _make_walk(graph, notes, reader, assumed)
    walk.blocks_see[""] = graph.variables
    part = graph.part = Part(body.names, None, body.route, "", graph.variables)
    inputs = {name: number for number, name in enumerate(spec.inputs)}
    inputs.setdefault("input", 0)
    frame = Frame(part, None, values, graph.variables, Context(True, graph.dtype), inputs, {})
    walk.read_body(frame, body)
    _read_outputs(graph, walk, frame)
    named = [name for name in body.names if name.__class__ is str]
    if body.plain and len(set(named)) == len(named) and not _can_clash(part, named):
        return
    from modelspec.resolve.names import check_names

    check_names(graph, notes)


def _can_clash(part: Part, named: list[str]) -> bool:
    """Whether names that differ may yet be one path: with a layer that has no name, or with a tensor of another."""
    text = "".join(named)
    if "-" in text or "." not in text:
        return "-" in text
    layers = [done for done in set(part.steps) if isinstance(done, Fitted)]
    return any(not tensor.name or "." in tensor.name for layer in layers for tensor in layer.tensors)


def _make_walk(graph: Graph, notes: Notes, reader: Reader, assumed: frozenset[int]) -> Walk:
    """What reads the entries that the model has."""
    assert graph.spec.body is not None
    if graph.spec.body.plain:
        return Walk(graph, notes, reader, assumed)
    from modelspec.resolve.resolver import Resolver

    return Resolver(graph, notes, reader, assumed)


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
            over = variant.budget
            graph.budget = Budget(
                {**base.model, **over.model},
                {**base.layers, **over.layers},
                {**base.growth, **over.growth},
                base.route,
                over,
            )


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
            told = (lambda name=name: f"--set {name}") if name in settings else None
            names[name] = reader.fill(value, where, names, later=spec.variables, layer=told)
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


def _read_outputs(graph: Graph, walk: Walk, frame: Frame) -> None:
    """What the model gives: what is named, or the last layer's result."""
    if graph.spec.outputs is None:
        graph.outputs = () if frame.last is None else (frame.last,)
    elif not isinstance(graph.spec.outputs, Spoilt):
        from modelspec.resolve.outputs import read_outputs

        graph.outputs = read_outputs(walk, frame, graph.spec.outputs)
