"""What was asked, and what came of it: the two sides that are compared, and their line in a recorded file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

RECORDED = Path(__file__).resolve().parent / "recorded"

Shape = tuple[int, ...]


class Question(NamedTuple):
    """A layer's arguments as an author may write them, on one sample of what arrives: shapes and dtypes, in order."""

    arguments: dict[str, Any]
    inputs: tuple[Shape, ...]
    dtypes: tuple[str, ...]


class Outcome(NamedTuple):
    """What a layer is made of and gives, for one sample; or why it is refused.

    Parameters are name, shape and whether they are trained; buffers name and shape; outputs shape and dtype.

    `macs` is None where there is no number to compare with.
    """

    refused: str | None
    parameters: tuple[tuple[str, Shape, bool], ...] = ()
    buffers: tuple[tuple[str, Shape], ...] = ()
    outputs: tuple[tuple[Shape, str], ...] = ()
    macs: int | None = None


class Recorded(NamedTuple):
    """The file of one class: the framework's version and constructor, and its outcomes."""

    framework: str
    constructor: dict[str, Any]
    lines: tuple[tuple[Question, Outcome], ...]


def write_line(question: Question, outcome: Outcome) -> str:
    """One line of JSON; what is as usual is left out."""
    line: dict[str, Any] = {"arguments": question.arguments}
    if len(question.inputs) == 1:
        line["input"] = question.inputs[0]
        if question.dtypes != ("float32",):
            line["dtype"] = question.dtypes[0]
    else:
        line["inputs"] = question.inputs
        if set(question.dtypes) - {"float32"}:
            line["dtypes"] = question.dtypes
    if outcome.refused is not None:
        line["refused"] = outcome.refused
        return _dump(line)
    if outcome.parameters:
        line["parameters"] = [tensor[:2] if tensor[2] else tensor for tensor in outcome.parameters]
    if outcome.buffers:
        line["buffers"] = outcome.buffers
    line["outputs"] = [shape if dtype == "float32" else (*shape, dtype) for shape, dtype in outcome.outputs]
    if outcome.macs != 0:
        line["macs"] = outcome.macs
    return _dump(line)


def write_head(framework: str, constructor: dict[str, Any]) -> str:
    """The first line of a recorded file."""
    return _dump({"framework": framework, "constructor": constructor})


def _dump(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _read_line(text: str) -> tuple[Question, Outcome]:
    line = json.loads(text)
    inputs = tuple(map(tuple, line["inputs"])) if "inputs" in line else (tuple(line["input"]),)
    dtypes = tuple(line.get("dtypes", (line.get("dtype", "float32"),) * len(inputs)))
    question = Question(line["arguments"], inputs, dtypes)
    if "refused" in line:
        return question, Outcome(line["refused"])
    return question, Outcome(
        None,
        tuple((name, tuple(size), not rest) for name, size, *rest in line.get("parameters", ())),
        tuple((name, tuple(size)) for name, size in line.get("buffers", ())),
        tuple(_read_output(output) for output in line["outputs"]),
        line.get("macs", 0),
    )


def _read_output(line: list[Any]) -> tuple[Shape, str]:
    dtype = line.pop() if line and isinstance(line[-1], str) else "float32"
    return tuple(line), dtype


def path_of(dialect: str, name: str) -> Path:
    """Where the outcomes of a class are recorded."""
    return RECORDED / dialect / f"{name}.jsonl"


def read(dialect: str, name: str) -> Recorded:
    """The recorded outcomes of a class. Raises FileNotFoundError."""
    with path_of(dialect, name).open(encoding="utf-8") as file:
        head = json.loads(next(file))
        return Recorded(head["framework"], head["constructor"], tuple(_read_line(line) for line in file))


def list_recorded(dialect: str) -> Iterator[str]:
    """The names of the classes that have a recorded file."""
    for path in sorted((RECORDED / dialect).glob("*.jsonl")):
        yield path.stem
