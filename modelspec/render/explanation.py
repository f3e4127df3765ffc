"""A derivation as text: each layer's numbers as one would work them out by hand, then the sums."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from modelspec.derivation import ByteSum, Explanation, LayerDerivation, Peak, Sum, show_axes
from modelspec.formula import Formula
from modelspec.layer import Tensor
from modelspec.render.ansi import Paint
from modelspec.render.cells import harmless, wrap
from modelspec.render.gauge import BudgetRow, draw_budget
from modelspec.render.notes import COUNTED, NOTES
from modelspec.render.numbers import show_bytes
from modelspec.shape import Count, Unknown, show_shape

__all__ = ["show_explanation"]

_LABEL = 14
_NAMES = {
    "parameters": "parameters",
    "trainable_parameters": "trainable",
    "non_trainable_parameters": "non-trainable",
    "buffers": "buffers",
    "macs": "MACs",
    "weight_bytes": "weights",
    "activation_bytes": "activations",
}


def show_explanation(explanation: Explanation, *, width: int = 80, color: bool = False) -> str:
    """Each layer with its formulas, the numbers put in and the results; then the sums, the peak and the budget."""
    paint, columns = Paint(color), max(width, 40)
    lines = [*_show_header(explanation, columns, paint)]
    for layer in explanation.layers:
        lines += ["", *_show_layer(layer, columns, paint)]
    if explanation.sums:
        lines += ["", paint("The whole model", "bold"), *_show_sums(explanation, columns, paint)]
    if explanation.verdicts:
        rows = [
            BudgetRow(
                told.metric,
                told.scope,
                told.limit,
                _known(told.actual),
                told.ok,
                {side: str(share) for side, share in told.limit.shares},
                told.home or None,
            )
            for told in explanation.verdicts
        ]
        lines += ["", *draw_budget(rows, columns, paint)]
    lines.append("")
    for note in (*map(harmless, explanation.conventions), *NOTES):
        first, *rest = wrap(note, columns - 2)
        lines += [paint(line, "dim") for line in (first, *(f"  {line}" for line in rest))]
    return "\n".join(lines) + "\n"


def _known(count: Count) -> int | None:
    return None if isinstance(count, Unknown) else count


def _show(count: Count) -> str:
    return count.name or "?" if isinstance(count, Unknown) else f"{count:,}"


def _show_header(explanation: Explanation, columns: int, paint: Paint) -> Iterator[str]:
    if explanation.name is not None:
        yield from (paint(line, "bold") for line in wrap(harmless(explanation.name), columns, " -_/."))
    inputs = ", ".join(
        f"{show_shape(value.shape)} {value.dtype}"
        if len(explanation.inputs) == 1
        else f"{name} {show_shape(value.shape)}"
        for name, value in explanation.inputs.items()
    )
    facts = (("file", explanation.path), ("dialect", explanation.dialect), ("input", inputs), ("counted", COUNTED))
    for label, text in facts:
        for index, line in enumerate(wrap(harmless(text), columns - 9, "/ ")):
            yield f"{paint(label.ljust(7), 'dim') if not index else ' ' * 7}  {line}"


# Layers


def _show_layer(layer: LayerDerivation, columns: int, paint: Paint, indent: str = "") -> Iterator[str]:
    path = harmless(layer.path)
    kind, _, number = path.rpartition(".")[2].rpartition("-")
    if kind != layer.type or not number.isdigit():
        path = f"{path} ({layer.type})"
    if layer.repeat > 1:
        path = f"{path} × {layer.repeat:,}"
    shapes = f"{', '.join(map(show_shape, layer.inputs))} → {show_shape(layer.output)}"
    for line in wrap(path, columns - len(indent), " ._-/"):
        yield indent + paint(line, "bold")
    yield from _entry("shape", [shapes], columns, paint, indent)
    for told in layer.inferred:
        value = show_shape(told.value) if isinstance(told.value, tuple) else _plain(told.value)
        yield from _entry("inferred", [f"{told.name} = {value}, {told.origin}"], columns, paint, indent)
    for axis, formula in layer.sizes:
        yield from _entry(axis, _chain(formula, plain=True), columns, paint, indent)
    yield from _show_parameters(layer, columns, paint, indent)
    if layer.macs is not None:
        yield from _entry("MACs", _chain(layer.macs), columns, paint, indent)
    elif layer.cost is not None:
        yield from _entry("MACs", [_show(layer.cost.macs)], columns, paint, indent)
    for inner in layer.inside:
        yield from _show_layer(inner, columns, paint, indent + "    ")
    for name, owner in layer.owners.items():
        text = f"{name} is {owner}: it is counted there" if name else f"it is {owner}: it is counted there"
        yield from _entry("owner", [harmless(text)], columns, paint, indent)
    if layer.cost is not None:
        yield from _show_bytes(layer, columns, paint, indent)
    if layer.repeat > 1 and layer.whole is not None:
        yield from _show_whole(layer, columns, paint, indent)


def _show_whole(layer: LayerDerivation, columns: int, paint: Paint, indent: str) -> Iterator[str]:
    """What all rounds of a layer come to together: the numbers above are those of one."""
    assert layer.cost is not None
    assert layer.whole is not None
    for label, metric in (("parameters", "parameters"), ("MACs", "macs")):
        one, whole = getattr(layer.cost, metric), getattr(layer.whole, metric)
        if isinstance(one, Unknown) or isinstance(whole, Unknown) or not whole:
            continue
        times, rest = divmod(whole, one) if one else (0, 0)
        steps = [f"{times:,} × {one:,}", _show(whole)] if not rest else [_show(whole)]
        yield from _entry(f"× {layer.repeat:,}", [f"{label} {steps[0]}", *steps[1:]], columns, paint, indent)


def _plain(value: object) -> str:
    return (value.name or "?") if isinstance(value, Unknown) else str(value)


def _show_parameters(layer: LayerDerivation, columns: int, paint: Paint, indent: str) -> Iterator[str]:
    for label, kind in (("tensors", "parameter"), ("buffers", "buffer")):
        told = [(tensor, count) for tensor, count in layer.tensors if tensor.kind == kind]
        if kind == "parameter":
            if layer.parameters is not None:
                yield from _entry("parameters", _chain(layer.parameters), columns, paint, indent)
            elif not told:
                yield from _entry("parameters", ["0"], columns, paint, indent)
            elif layer.cost is not None:
                yield from _entry("parameters", [_show(layer.cost.parameters)], columns, paint, indent)
        if told:
            parts = _list_tensors(told)
            room = columns - len(indent) - _LABEL - 2
            if len("; ".join(parts)) <= room:
                yield from _entry(label, ["; ".join(parts)], columns, paint, indent)
            else:
                ended = [*(f"{part};" for part in parts[:-1]), parts[-1]]
                yield from _lay(label, [line for part in ended for line in _break(part, room)], paint, indent)


def _list_tensors(told: list[tuple[Tensor, Count]]) -> list[str]:
    """`weight out_features × in_features = 32 × 204 = 6,528`, `bias out_features = 32`, `together 6,560`"""
    parts = []
    together: Count = 0
    for tensor, count in told:
        names, sizes = show_axes(tensor)
        steps = [names, sizes, _show(count)] if len(tensor.axes) > 1 else [names, _show(count)]
        parts.append(f"{tensor.name} {' = '.join(filter(None, steps))}" if names else f"{tensor.name} = {_show(count)}")
        together = together + count
    if len(told) > 1:
        parts.append(f"together {_show(together)}")
    return parts


def _show_bytes(layer: LayerDerivation, columns: int, paint: Paint, indent: str) -> Iterator[str]:
    if layer.weight_bytes.terms:
        yield from _entry("weights", _write_bytes(layer.weight_bytes), columns, paint, indent)
    if layer.is_view:
        text = "0 bytes, for what arrives is passed on"
        yield from _entry("activations", [text], columns, paint, indent)
    else:
        yield from _entry("activations", _write_bytes(layer.activation_bytes), columns, paint, indent)


def _write_bytes(told: ByteSum) -> list[str]:
    """`128 × 4 bytes (float32) + 1 × 8 bytes (int64)`, and the result."""
    parts = []
    for elements, bits, dtype in told.terms:
        if bits % 8:
            parts.append(f"ceil({_show(elements)} × {bits} / 8) bytes ({dtype})")
        else:
            parts.append(f"{_show(elements)} × {bits // 8} byte{'s' * (bits != 8)} ({dtype})")
    return [" + ".join(parts), f"{_show(told.result)} bytes"]


def _chain(formula: Formula, plain: bool = False) -> list[str]:
    result = _plain(formula.result) if plain else _show(formula.result)
    return list(dict.fromkeys((formula.names, formula.numbers, result)))


def _entry(label: str, steps: list[str], columns: int, paint: Paint, indent: str) -> Iterator[str]:
    """Write a label and what is worked out: `a = b = c` on one line, or where that is too long one step a line."""
    room = columns - len(indent) - _LABEL - 2
    lines = [" = ".join(steps)]
    if len(lines[0]) > room:
        lines = _wrap(steps[0], room)
        for step in steps[1:]:
            lines += _wrap(f"= {step}", room)
    yield from _lay(label, lines, paint, indent)


def _lay(label: str, lines: Iterable[str], paint: Paint, indent: str) -> Iterator[str]:
    for index, line in enumerate(lines):
        head = paint(label.ljust(_LABEL - 2), "dim") if not index else " " * (_LABEL - 2)
        yield f"{indent}  {head}  {line}"


def _break(part: str, room: int) -> list[str]:
    """Break a tensor's line before its numbers, if it is too long."""
    names, equals, numbers = part.partition(" = ")
    if len(part) <= room or not equals:
        return _wrap(part, room)
    return [*_wrap(names, room), *(f"  {line}" for line in _wrap(f"= {numbers}", room - 2))]


def _wrap(text: str, room: int) -> list[str]:
    """Lines broken before an operator, those that go on set in. The text is harmless: it holds no such space itself."""
    for operator in "=+−×/":
        text = text.replace(f"{operator} ", f"{operator}\xa0")
    first, *rest = wrap(text, room)
    lines = [first, *(f"  {line}" for line in (wrap(" ".join(rest), room - 2) if rest else ()))]
    return [line.replace("\xa0", " ") for line in lines]


# The model


def _show_sums(explanation: Explanation, columns: int, paint: Paint) -> Iterator[str]:
    totals = {told.metric: told for told in explanation.sums}
    for told in explanation.sums:
        if told.metric == "trainable_parameters" and told.total == totals["parameters"].total:
            yield from _entry("", ["all trainable"] if told.total else ["none"], columns, paint, "")
            continue
        if told.metric == "non_trainable_parameters" and not _is_nonzero(told.total):
            continue
        yield from _show_sum(told, columns, paint)
        if told.metric == "macs":
            flops = [f"2 × {_show(told.total)}", _show(2 * told.total)]
            yield from _entry("FLOPs", flops, columns, paint, "")
    if explanation.peak is not None:
        yield from _show_peak(explanation.peak, columns, paint)


def _is_nonzero(count: Count) -> bool:
    return isinstance(count, Unknown) or count != 0


def _show_sum(told: Sum, columns: int, paint: Paint) -> Iterator[str]:
    is_bytes = told.metric.endswith("bytes")
    total = _show(told.total) + (" bytes" if is_bytes else "")
    human = show_bytes(_known(told.total)) if is_bytes else ""
    steps = [_join(told.terms), total] if len(told.terms) > 1 else [total]
    if human:
        steps[-1] += f" ({human})"
    yield from _entry(_NAMES[told.metric], steps, columns, paint, "")


def _join(terms: Iterable[Count]) -> str:
    return " + ".join(map(_show, terms))


def _show_peak(peak: Peak, columns: int, paint: Paint) -> Iterator[str]:
    human = show_bytes(_known(peak.total))
    total = f"{_show(peak.total)} bytes" + (f" ({human})" if human else "")
    steps = [total]
    if peak.layer is not None:
        steps = [f"{_show(peak.reads)} + {_show(peak.makes)}", f"{total}, what {harmless(peak.layer)} reads and makes"]
    yield from _entry("peak", steps, columns, paint, "")
