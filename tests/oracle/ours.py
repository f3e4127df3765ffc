"""What the catalogue makes of a question, and in what that differs from the framework's outcome."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from modelspec.catalogue import find
from modelspec.fitting import Fitted, Value, Written, fit
from modelspec.kinds import Deferred
from modelspec.layer import Layer, fields_of
from modelspec.refusal import Refused

from .outcome import Outcome, Question, read


def read_arguments(layer: type[Layer], written: dict[str, Any]) -> dict[str, Any]:
    """The complete values of what is written. Raises Refused."""
    values: dict[str, Any] = {}
    for name, value in written.items():
        field = fields_of(layer)[name]
        if field.way == "wrapped" and value is not None:
            entry = {"type": value} if isinstance(value, str) else value
            inside = find(layer.dialect, entry["type"])
            assert inside is not None, entry
            values[name] = Written(inside, read_arguments(inside, {n: v for n, v in entry.items() if n != "type"}))
            continue
        try:
            values[name] = field.kind.read(value)
        except Refused as refused:
            raise refused.under(name) from None
        if isinstance(values[name], Deferred):
            raise Refused(f"{value!r} is no literal", code="MS402", route=(name,))
    return values


def answer(layer: type[Layer], question: Question) -> tuple[Fitted | None, Outcome]:
    """What the catalogue makes of the question."""
    try:
        values = read_arguments(layer, question.arguments)
    except Refused as refused:
        first = next(refused.each())
        return None, Outcome(f"{first.code} {first.route[0]}: {first.message}")
    fitted, broken = fit(layer, values, tuple(map(Value, question.inputs, question.dtypes)), "float32")
    if broken:
        return None, Outcome(f"{broken[0].code} {broken[0].field}: {broken[0].message}")
    assert fitted is not None
    return fitted, Outcome(
        None,
        tuple((t.name, tuple(a.size for a in t.axes), t.trainable) for t in fitted.tensors if t.kind == "parameter"),
        tuple((t.name, tuple(a.size for a in t.axes)) for t in fitted.tensors if t.kind == "buffer"),
        tuple((value.shape, value.dtype) for value in fitted.outputs.values()),
        fitted.macs,
    )


@cache
def list_accepted(layer: type[Layer]) -> tuple[tuple[Question, Fitted], ...]:
    """The recorded questions that are accepted, with what the catalogue makes of them."""
    accepted = []
    for question, _ in read(layer.dialect, layer.type_name()).lines:
        fitted, _ = answer(layer, question)
        if fitted is not None:
            accepted.append((question, fitted))
    return tuple(accepted)


def compare(layer: type[Layer], ours: Outcome, theirs: Outcome) -> Iterator[str]:
    """In what the two outcomes differ, in words."""
    if ours.refused is not None or theirs.refused is not None:
        if ours.refused is None:
            yield f"accepted, but the framework refuses: {theirs.refused}"
        elif theirs.refused is None:
            yield f"refused ({ours.refused}), but the framework accepts"
        return
    # A weight's name in Keras does not say which of the layers inside it belongs to.
    last = ours.parameters
    if layer.dialect == "keras":
        last = tuple((name.replace("/", ".").rpartition(".")[2], size, learns) for name, size, learns in last)
    if last != theirs.parameters:
        yield f"parameters {last}, not {theirs.parameters}"
    if ours.buffers != theirs.buffers:
        yield f"buffers {ours.buffers}, not {theirs.buffers}"
    if ours.outputs != theirs.outputs:
        yield f"outputs {ours.outputs}, not {theirs.outputs}"
    if theirs.macs is not None and ours.macs != theirs.macs:
        yield f"macs {ours.macs}, not {theirs.macs}"
