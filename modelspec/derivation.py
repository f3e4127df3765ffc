"""How each number comes about: the formula, the numbers put in, the result, layer by layer and then the sums."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from modelspec.budget import Verdict, judge, match_nodes
from modelspec.cost import Cost, count, count_layer, count_node, count_tensor, dtype_of
from modelspec.dtype import BITS, size_in_bytes
from modelspec.fitting import Fitted, Value
from modelspec.formula import Formula, write_formula
from modelspec.graph import Graph
from modelspec.layer import Field, Tensor, fields_of
from modelspec.pattern import is_pattern
from modelspec.peak import find_peak
from modelspec.record import NamedTuple
from modelspec.rows import Node, list_rows
from modelspec.shape import Count, Dim, Shape, Unknown, numel, show_dim

__all__ = [
    "ByteSum",
    "ByteTerm",
    "Explanation",
    "Inference",
    "LayerDerivation",
    "Peak",
    "Sum",
    "derive",
    "derive_layers",
]


class Inference(NamedTuple):
    """A size that was not written but taken from what arrives, and from where in it."""

    name: str
    value: Any
    origin: str


class ByteTerm(NamedTuple):
    """Elements of one dtype. `whole` says whether the bits are rounded up to bytes here, tensor by tensor."""

    elements: Count
    bits: int
    dtype: str


class ByteSum(NamedTuple):
    """Bytes, and the elements they are of."""

    terms: tuple[ByteTerm, ...]
    result: Count


class LayerDerivation(NamedTuple):
    """One layer's numbers.

    `sizes` are the formulas of the output's axes, by the axis's name. `parameters` and `macs` are None where there is
    nothing to work out: the counts stand in `cost` (None for a layer inside of a layer, which is counted with it), and
    those of all its rounds together in `whole`. `owners` are the tensors that are another layer's, with their full
    names there.
    """

    path: str
    type: str
    line: int
    repeat: int
    inputs: tuple[Shape, ...]
    output: Shape
    inferred: tuple[Inference, ...]
    sizes: tuple[tuple[str, Formula], ...]
    parameters: Formula | None
    tensors: tuple[tuple[Tensor, Count], ...]
    macs: Formula | None
    weight_bytes: ByteSum
    activation_bytes: ByteSum
    is_view: bool
    owners: Mapping[str, str]
    cost: Cost | None
    whole: Cost | None
    inside: tuple[LayerDerivation, ...]


class Sum(NamedTuple):
    """A metric of the model: what each layer adds (zeros left out), and the total."""

    metric: str
    terms: tuple[Count, ...]
    total: Count


class Peak(NamedTuple):
    """The most bytes of activations alive at once: at which layer, what it reads and what it makes (None: not told)."""

    layer: str | None
    reads: Count
    makes: Count
    total: Count


class Explanation(NamedTuple):
    """The derivation of a model, or of some of its layers: `sums`, `peak` and `verdicts` are then empty."""

    name: str | None
    path: str
    dialect: str
    inputs: Mapping[str, Value]
    layers: tuple[LayerDerivation, ...]
    sums: tuple[Sum, ...]
    peak: Peak | None
    verdicts: tuple[Verdict, ...]
    conventions: tuple[str, ...]


SUMMED = (
    "parameters",
    "trainable_parameters",
    "non_trainable_parameters",
    "buffers",
    "macs",
    "weight_bytes",
    "activation_bytes",
)


def derive(graph: Graph, path: str | None = None) -> Explanation:
    """Derive every number of a sound graph; with `path`, those of the layers that it names (`*` and `?` match).

    Raises KeyError if no layer has such a path.
    """
    nodes = list_rows(graph)
    matched = [] if path is None else list(match_nodes(path, nodes))
    chosen = nodes if path is None else [match.node for match in matched]
    if path is not None and not chosen:
        raise KeyError(path)
    conventions = dict.fromkeys(told for node in chosen for told in node.fitted.layer.conventions())
    document = graph.spec.document
    return Explanation(
        name=graph.spec.name if graph.variant is None else f"{graph.spec.name or document.path}/{graph.variant}",
        path=document.path,
        dialect=graph.spec.dialect,
        inputs=graph.inputs,
        layers=tuple(
            _derive_node(graph, node) if path is None or is_pattern(path) else _derive_round(graph, node, path)
            for node in chosen
        ),
        sums=tuple(_sum(graph, nodes)) if path is None else (),
        peak=_find_peak(graph) if path is None else None,
        verdicts=tuple(judge(graph).verdicts) if path is None else (),
        conventions=tuple(conventions),
    )


def derive_layers(graph: Graph, most: int) -> list[LayerDerivation]:
    """Derive the numbers of the rows of a sound graph, in order: of the first so many."""
    return [_derive_node(graph, node) for node in islice(list_rows(graph), most)]


def _derive_round(graph: Graph, node: Node, path: str) -> LayerDerivation:
    """One round alone."""
    return _derive_node(graph, node)._replace(path=path, repeat=1, whole=None)


def _derive_node(graph: Graph, node: Node) -> LayerDerivation:
    where, fitted = node.where, node.fitted
    home = graph.spec.libraries[where.file].document if where.file else graph.spec.document
    owners = {tensor.name: node.owner(tensor.name) for tensor in fitted.tensors}
    cost = count_layer(fitted)
    terms = tuple(
        _gather(
            (count_tensor(tensor), dtype_of(tensor, fitted)) for tensor in fitted.tensors if not owners[tensor.name]
        )
    )
    told = _derive(fitted, node.path, home.place(where).line)
    return told._replace(
        repeat=node.repeat,
        cost=cost,
        whole=count_node(node),
        owners={name: owner for name, owner in owners.items() if owner is not None},
        weight_bytes=ByteSum(terms, _add_bytes(terms)),
    )


def _derive(fitted: Fitted, path: str, line: int) -> LayerDerivation:
    layer, output = fitted.layer, fitted.output_shape
    shapes = tuple(value.shape for value in fitted.inputs)
    names = {**layer.names(), **{layer.input_name_at(n): shape for n, shape in enumerate(shapes)}, "output": output}
    parameters, macs = layer.parameters_by_hand(), layer.macs_by_hand(*shapes, output)
    texts = [*layer.output_by_hand(*shapes).items()]
    used = {name for text in (parameters, macs, *dict(texts).values()) if text for name in _list_names(text)}
    made = [] if layer.result != "new" else [(numel(value.shape), value.dtype) for value in fitted.outputs.values()]
    made_terms = tuple(_gather(iter(made)))
    inside = [
        _derive(layer.__dict__[name], f"{path}.{name}", line)
        for name, field in fields_of(type(layer)).items()
        if field.way == "wrapped" and layer.__dict__[name] is not None
    ]
    return LayerDerivation(
        path=path,
        type=layer.type_name(),
        line=line,
        repeat=1,
        inputs=shapes,
        output=output,
        inferred=tuple(_list_inferred(fitted, used)),
        sizes=tuple((axis, write_formula(text, names)) for axis, text in texts),
        parameters=None if parameters is None else write_formula(parameters, names),
        tensors=tuple((tensor, count_tensor(tensor)) for tensor in fitted.tensors),
        macs=None if macs is None else write_formula(macs, names),
        weight_bytes=ByteSum((), 0),
        activation_bytes=ByteSum(made_terms, _add_bytes(made_terms)),
        is_view=layer.result == "view",
        owners={},
        cost=None,
        whole=None,
        inside=tuple(inside),
    )


def _list_names(text: str) -> Iterator[str]:
    return (node.id for node in ast.walk(ast.parse(text, mode="eval")) if isinstance(node, ast.Name))


def _list_inferred(fitted: Fitted, used: set[str]) -> Iterator[Inference]:
    for name, field in fields_of(type(fitted.layer)).items():
        if name in fitted.inferred or (field.way == "built" and name in used):
            yield Inference(name, fitted.layer.__dict__[name], _name_origin(field))


def _name_origin(field: Field) -> str:
    if field.axis == -1:
        return "the last axis of what arrives"
    if field.axis == 0:
        return "the first axis of what arrives"
    return "from the shape of what arrives" if field.axis is None else f"axis {field.axis} of what arrives"


# Bytes


def _gather(elements: Iterator[tuple[Count, str]]) -> Iterator[ByteTerm]:
    """Elements of one dtype together, where that rounds to the same bytes as tensor by tensor."""
    together: dict[str, Count] = {}
    apart: list[ByteTerm] = []
    for number, dtype in elements:
        if BITS[dtype] % 8:
            apart.append(ByteTerm(number, BITS[dtype], dtype))
        else:
            together[dtype] = together.get(dtype, 0) + number
    yield from (ByteTerm(number, BITS[dtype], dtype) for dtype, number in together.items())
    yield from apart


def _add_bytes(terms: tuple[ByteTerm, ...]) -> Count:
    result: Count = 0
    for term in terms:
        result = result + size_in_bytes(term.elements, term.dtype)
    return result


# The model


def _sum(graph: Graph, nodes: list[Node]) -> Iterator[Sum]:
    cost = count(graph)
    each = [count_node(node) for node in nodes]
    for metric in SUMMED:
        terms = (getattr(part, metric) for part in each)
        yield Sum(metric, tuple(term for term in terms if isinstance(term, Unknown) or term), getattr(cost, metric))


def _find_peak(graph: Graph) -> Peak:
    highest = find_peak(graph)
    return Peak(highest.path, highest.held, highest.made, highest.bytes)


def show_axes(tensor: Tensor) -> tuple[str, str]:
    """Return a tensor's axes by name and by size: `out_features × in_features`, `32 × 204`."""
    sizes: list[Dim] = [size for _, size in tensor.axes]
    return " × ".join(name for name, _ in tensor.axes), " × ".join(map(show_dim, sizes))
