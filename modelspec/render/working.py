"""A layer's derivation step by step, in words and numbers: the same on a terminal and on a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from modelspec.derivation import ByteSum, LayerDerivation, show_axes
from modelspec.formula import Formula
from modelspec.layer import Tensor
from modelspec.record import NamedTuple
from modelspec.render.cells import harmless
from modelspec.shape import Count, Unknown, show_shape

__all__ = ["Step", "list_counts", "list_holdings", "show_number"]


class Step(NamedTuple):
    """What is worked out, and how: `a`, `b`, `c` of `a = b = c`, or of several things one after another."""

    label: str
    parts: Sequence[str]
    equal: bool = True


def show_number(count: Count) -> str:
    """`1,352`; for what is not known the name of its axis, or `?`."""
    return count.name or "?" if isinstance(count, Unknown) else f"{count:,}"


def list_counts(layer: LayerDerivation) -> Iterator[Step]:
    """Shapes, parameters, buffers and MACs of one round: to be told before what is inside of the layer."""
    yield Step("shape", [f"{', '.join(map(show_shape, layer.inputs))} → {show_shape(layer.output)}"])
    for told in layer.inferred:
        value = show_shape(told.value) if isinstance(told.value, tuple) else _plain(told.value)
        yield Step("inferred", [f"{told.name} = {value}, {told.origin}"])
    for axis, formula in layer.sizes:
        yield Step(axis, _chain(formula, plain=True))
    yield from _list_parameters(layer)
    if layer.macs is not None:
        yield Step("MACs", _chain(layer.macs))
    elif layer.cost is not None:
        yield Step("MACs", [show_number(layer.cost.macs)])


def list_holdings(layer: LayerDerivation) -> Iterator[Step]:
    """Owners, bytes, and what all rounds come to: to be told after what is inside of the layer."""
    for name, owner in layer.owners.items():
        text = f"{name} is {owner}: it is counted there" if name else f"it is {owner}: it is counted there"
        yield Step("owner", [harmless(text)])
    if layer.cost is not None:
        yield from _list_bytes(layer)
    if layer.repeat > 1 and layer.whole is not None:
        yield from _list_whole(layer)


def _list_whole(layer: LayerDerivation) -> Iterator[Step]:
    """What all rounds of a layer come to together: the numbers before are those of one."""
    assert layer.cost is not None
    assert layer.whole is not None
    for label, metric in (("parameters", "parameters"), ("MACs", "macs")):
        one, whole = getattr(layer.cost, metric), getattr(layer.whole, metric)
        if isinstance(one, Unknown) or isinstance(whole, Unknown) or not whole:
            continue
        times, rest = divmod(whole, one) if one else (0, 0)
        steps = [f"{times:,} × {one:,}", show_number(whole)] if not rest else [show_number(whole)]
        yield Step(f"× {layer.repeat:,}", [f"{label} {steps[0]}", *steps[1:]])


def _plain(value: object) -> str:
    return (value.name or "?") if isinstance(value, Unknown) else str(value)


def _list_parameters(layer: LayerDerivation) -> Iterator[Step]:
    for label, kind in (("tensors", "parameter"), ("buffers", "buffer")):
        told = [(tensor, count) for tensor, count in layer.tensors if tensor.kind == kind]
        if kind == "parameter":
            if layer.parameters is not None:
                yield Step("parameters", _chain(layer.parameters))
            elif not told:
                yield Step("parameters", ["0"])
            elif layer.cost is not None:
                yield Step("parameters", [show_number(layer.cost.parameters)])
        if told:
            yield Step(label, _list_tensors(told), equal=False)


def _list_tensors(told: list[tuple[Tensor, Count]]) -> list[str]:
    """`weight out_features × in_features = 32 × 204 = 6,528`, `bias out_features = 32`, `together 6,560`"""
    parts = []
    together: Count = 0
    for tensor, count in told:
        names, sizes = show_axes(tensor)
        number = show_number(count)
        steps = [names, sizes, number] if len(tensor.axes) > 1 else [names, number]
        parts.append(f"{tensor.name} {' = '.join(filter(None, steps))}" if names else f"{tensor.name} = {number}")
        together = together + count
    if len(told) > 1:
        parts.append(f"together {show_number(together)}")
    return parts


def _list_bytes(layer: LayerDerivation) -> Iterator[Step]:
    if layer.weight_bytes.terms:
        yield Step("weights", _write_bytes(layer.weight_bytes))
    if layer.is_view:
        yield Step("activations", ["0 bytes, for what arrives is passed on"])
    else:
        yield Step("activations", _write_bytes(layer.activation_bytes))


def _write_bytes(told: ByteSum) -> list[str]:
    """`128 × 4 bytes (float32) + 1 × 8 bytes (int64)`, and the result."""
    parts = []
    for elements, bits, dtype in told.terms:
        if bits % 8:
            parts.append(f"ceil({show_number(elements)} × {bits} / 8) bytes ({dtype})")
        else:
            parts.append(f"{show_number(elements)} × {bits // 8} byte{'s' * (bits != 8)} ({dtype})")
    return [" + ".join(parts), f"{show_number(told.result)} bytes"]


def _chain(formula: Formula, plain: bool = False) -> list[str]:
    result = _plain(formula.result) if plain else show_number(formula.result)
    return list(dict.fromkeys((formula.names, formula.numbers, result)))
