"""A derivation as text: each layer's numbers as one would work them out by hand, then the sums."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from modelspec.derivation import Explanation, LayerDerivation, Peak, Sum
from modelspec.render.ansi import Paint
from modelspec.render.cells import harmless, wrap
from modelspec.render.gauge import BudgetRow, draw_budget
from modelspec.render.notes import COUNTED, NOTES
from modelspec.render.numbers import show_bytes
from modelspec.render.working import Step, list_counts, list_holdings, show_number
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
    for line in wrap(path, columns - len(indent), " ._-/"):
        yield indent + paint(line, "bold")
    for told in list_counts(layer):
        yield from _show_step(told, columns, paint, indent)
    for inner in layer.inside:
        yield from _show_layer(inner, columns, paint, indent + "    ")
    for told in list_holdings(layer):
        yield from _show_step(told, columns, paint, indent)


def _show_step(told: Step, columns: int, paint: Paint, indent: str) -> Iterator[str]:
    if told.equal:
        yield from _entry(told.label, told.parts, columns, paint, indent)
        return
    room = columns - len(indent) - _LABEL - 2
    parts = told.parts
    if len("; ".join(parts)) <= room:
        yield from _entry(told.label, ["; ".join(parts)], columns, paint, indent)
    else:
        ended = [*(f"{part};" for part in parts[:-1]), parts[-1]]
        yield from _lay(told.label, [line for part in ended for line in _break(part, room)], paint, indent)


def _entry(label: str, steps: Sequence[str], columns: int, paint: Paint, indent: str) -> Iterator[str]:
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
            flops = [f"2 × {show_number(told.total)}", show_number(2 * told.total)]
            yield from _entry("FLOPs", flops, columns, paint, "")
    if explanation.peak is not None:
        yield from _show_peak(explanation.peak, columns, paint)


def _is_nonzero(count: Count) -> bool:
    return isinstance(count, Unknown) or count != 0


def _show_sum(told: Sum, columns: int, paint: Paint) -> Iterator[str]:
    is_bytes = told.metric.endswith("bytes")
    total = show_number(told.total) + (" bytes" if is_bytes else "")
    human = show_bytes(_known(told.total)) if is_bytes else ""
    steps = [_join(told.terms), total] if len(told.terms) > 1 else [total]
    if human:
        steps[-1] += f" ({human})"
    yield from _entry(_NAMES[told.metric], steps, columns, paint, "")


def _join(terms: Iterable[Count]) -> str:
    return " + ".join(map(show_number, terms))


def _show_peak(peak: Peak, columns: int, paint: Paint) -> Iterator[str]:
    human = show_bytes(_known(peak.total))
    total = f"{show_number(peak.total)} bytes" + (f" ({human})" if human else "")
    steps = [total]
    if peak.layer is not None:
        steps = [
            f"{show_number(peak.reads)} + {show_number(peak.makes)}",
            f"{total}, what {harmless(peak.layer)} reads and makes",
        ]
    yield from _entry("peak", steps, columns, paint, "")
