"""How each number comes about: the formula, the numbers put in, the result, layer by layer and then the sums."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from modelspec.budget import Verdict, judge, match_nodes
from modelspec.cost import Cost, count, count_layer, count_node, count_tensor, dtype_of
from modelspec.dtype import BITS, size_in_bytes
from modelspec.fitting import Fitted, Value
from modelspec.graph import Graph
from modelspec.layer import Field, Tensor, fields_of
from modelspec.pattern import is_pattern
from modelspec.peak import find_peak
from modelspec.rows import Node, list_rows
from modelspec.shape import Count, Dim, Shape, Unknown, numel, show_dim

__all__ = [
    "ByteSum",
    "ByteTerm",
    "Explanation",
    "Formula",
    "Inference",
    "LayerDerivation",
    "Peak",
    "Sum",
    "derive",
    "write_formula",
]


class Formula(NamedTuple):
    """`(in_features + 1) × out_features`, `(204 + 1) × 32`, 6560; the two texts are one where there is no name."""

    names: str
    numbers: str
    result: Count


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


# Formulas

_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(5)


class _Part(NamedTuple):
    """A piece of a formula in both writings, its value, how tightly it binds, and how deep its brackets go."""

    names: str
    numbers: str
    value: Any
    binds: int
    depth: int = 0


def write_formula(text: str, names: Mapping[str, Any]) -> Formula:
    """Write a derivation by hand, an expression over `names`, as people do: with names, and with numbers put in.

    Numbers, `+ - * / // % **`, indexing, and `floor ceil min max abs` are known; anything else in the text
    raises ValueError. A whole division is written as a fraction, with `floor` around it if there is a remainder.
    """
    part = _write(ast.parse(text, mode="eval").body, names)
    value = part.value
    return Formula(part.names, part.numbers, int(value) if isinstance(value, Fraction) else value)


def _write(node: ast.expr, names: Mapping[str, Any]) -> _Part:
    match node:
        case ast.Constant(value=int(number)):
            return _Part(str(number), str(number), Fraction(number), _ATOM)
        case ast.Name():
            return _write_value(node.id, names[node.id])
        case ast.Subscript():
            return _write_value(ast.unparse(node).replace(" - ", " − "), _look(node, names))
        case ast.UnaryOp(op=ast.USub()):
            inner = _bracket(_write(node.operand, names), _SIGN)
            return _Part(f"−{inner.names}", f"−{inner.numbers}", -inner.value, _SIGN, inner.depth)
        case ast.BinOp():
            return _write_operation(node, names)
        case ast.Call(func=ast.Name(id=name)) if name in _FUNCTIONS:
            return _call(name, [_write(argument, names) for argument in node.args])
    raise ValueError(f"no way to write this by hand: {ast.unparse(node)}")


def _look(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """The value of a name, of an entry of it, or of what is reckoned to find that entry."""
    match node:
        case ast.Name():
            return names[node.id]
        case ast.Subscript():
            members, index = _look(node.value, names), _look(node.slice, names)
            if not isinstance(members, tuple):
                raise ValueError(f"{ast.unparse(node.value)} is no list: an entry of it cannot be written by hand")
            return members[int(index)]
    return _write(node, names).value


def _write_value(name: str, value: Any) -> _Part:
    if isinstance(value, Unknown):
        return _Part(name, show_dim(value), value, _ATOM)
    if isinstance(value, float):
        # The number that is written, not the one nearest to it that a float can hold.
        return _Part(name, repr(value), Fraction(repr(value)), _ATOM if value >= 0 else _SIGN)
    if not isinstance(value, int):
        raise ValueError(f"{name} is no number: {value!r}")
    return _Part(name, str(int(value)), Fraction(int(value)), _ATOM if value >= 0 else _SIGN)


_OPERATORS: dict[type[ast.operator], tuple[str, int]] = {
    ast.Add: ("+", _SUM),
    ast.Sub: ("−", _SUM),
    ast.Mult: ("×", _PRODUCT),
    ast.Div: ("/", _PRODUCT),
    ast.FloorDiv: ("/", _PRODUCT),
    ast.Mod: ("%", _PRODUCT),
    ast.Pow: ("^", _POWER),
}


def _write_operation(node: ast.BinOp, names: Mapping[str, Any]) -> _Part:
    kind = type(node.op)
    if kind not in _OPERATORS:
        raise ValueError(f"no way to write this by hand: {ast.unparse(node)}")
    sign, binds = _OPERATORS[kind]
    left, right = _write(node.left, names), _write(node.right, names)
    # What stands left of + and × needs no brackets at the same level, nor does what stands right of them.
    tight = binds + (kind is ast.Pow)
    one = _bracket(left, tight)
    other = _bracket(right, binds + (kind not in (ast.Add, ast.Mult)))
    part = _Part(
        f"{one.names} {sign} {other.names}",
        f"{one.numbers} {sign} {other.numbers}",
        _compute(kind, left.value, right.value),
        binds,
        max(one.depth, other.depth),
    )
    if kind is not ast.FloorDiv:
        return part
    whole = not isinstance(part.value, Unknown) and part.value.denominator == 1
    return part if whole else _call("floor", [part])


def _compute(kind: type[ast.operator], left: Any, right: Any) -> Any:
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return left + right
    if kind is ast.Add:
        return left + right
    if kind is ast.Sub:
        return left - right
    if kind is ast.Mult:
        return left * right
    if kind is ast.Mod:
        return left % right
    return left**right if kind is ast.Pow else left / right


_FUNCTIONS: dict[str, Any] = {"floor": math.floor, "ceil": math.ceil, "min": min, "max": max, "abs": abs}


def _call(name: str, parts: list[_Part]) -> _Part:
    unknown = next((part.value for part in parts if isinstance(part.value, Unknown)), None)
    return _Part(
        f"{name}({', '.join(part.names for part in parts)})",
        f"{name}({', '.join(part.numbers for part in parts)})",
        unknown if unknown is not None else Fraction(_FUNCTIONS[name](*[part.value for part in parts])),
        _ATOM,
        max(part.depth for part in parts),
    )


def _bracket(part: _Part, binds: int) -> _Part:
    """Put the part beside an operator: in round brackets if it binds less, in square ones around those."""
    if part.binds >= binds:
        return part
    start, end = "[]" if part.depth % 2 else "()"
    return _Part(f"{start}{part.names}{end}", f"{start}{part.numbers}{end}", part.value, _ATOM, part.depth + 1)


def show_axes(tensor: Tensor) -> tuple[str, str]:
    """Return a tensor's axes by name and by size: `out_features × in_features`, `32 × 204`."""
    sizes: list[Dim] = [size for _, size in tensor.axes]
    return " × ".join(name for name, _ in tensor.axes), " × ".join(map(show_dim, sizes))
