"""Where a finding points: at an argument of the layer, and at sizes without which it would not be there."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

import pytest
from oracle.draw import draw
from oracle.ours import read_arguments
from oracle.outcome import Question, Shape, read

from modelspec.catalogue import dialects, find, list_layers
from modelspec.fitting import Value, fit
from modelspec.layer import Broken, Layer, fields_of
from modelspec.refusal import Refused
from modelspec.shape import Unknown

LAYERS = {f"{dialect}.{layer.type_name()}": layer for dialect in dialects() for layer in list_layers(dialect)}
every_class = pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)

SEED, SETS = 5, 150

WHOLE = {"Reshape"}
"""Types whose findings are about all the sizes together, wherever they point."""


@every_class
def test_a_finding_points_at_an_argument(layer: type[Layer]) -> None:
    fields = fields_of(layer)
    for question, broken in list_refused(layer):
        for problem in broken:
            if problem.field is not None:
                field = fields[problem.field.partition(".")[0]]
                assert field.way != "built", (question, problem, "there is nothing written to point at")
                assert "." not in problem.field or field.way == "wrapped", (question, problem)


@every_class
def test_a_finding_points_at_sizes_that_it_is_about(layer: type[Layer]) -> None:
    """Where the size is not known, it is not told: at either end of a contradiction."""
    for question, broken in list_refused(layer):
        every = {(number, axis) for number, shape in enumerate(question.inputs) for axis in range(len(shape))}
        for problem in broken if layer.type_name() not in WHOLE else ():
            ends = list(list_ends(problem, question.inputs))
            if is_told(layer, question, problem, every):
                continue  # What is told whatever the sizes are is about the number of axes.
            for place in ends:
                # What is written of the size may contradict as well as the size.
                told = is_told(layer, question, problem, {place})
                told = told and is_told(layer, leave_out_inferred(layer, question), problem, {place})
                assert not told, (question, problem, place)


def leave_out_inferred(layer: type[Layer], question: Question) -> Question:
    """The question without the arguments that what arrives tells, in layers inside, too."""
    return question._replace(arguments=_leave_out(layer, question.arguments))


def _leave_out(layer: type[Layer], arguments: dict[str, Any]) -> dict[str, Any]:
    kept = {}
    for name, value in arguments.items():
        way = fields_of(layer)[name].way
        if way == "wrapped" and isinstance(value, dict):
            inside = find(layer.dialect, value["type"])
            assert inside is not None
            inner = {n: v for n, v in value.items() if n != "type"}
            kept[name] = {"type": value["type"], **_leave_out(inside, inner)}
        elif way != "inferred":
            kept[name] = value
    return kept


def list_refused(layer: type[Layer]) -> Iterator[tuple[Question, list[Broken]]]:
    """The recorded questions and others of which something is wrong on what arrives."""
    recorded = (question for question, _ in read(layer.dialect, layer.type_name()).lines)
    for question in chain(recorded, islice(draw(layer, SEED), SETS)):
        broken = find_broken(layer, question, question.inputs)
        if broken:
            yield question, broken


def find_broken(layer: type[Layer], question: Question, shapes: tuple[tuple[int | Unknown, ...], ...]) -> list[Broken]:
    try:
        values = read_arguments(layer, question.arguments)
    except Refused:
        return []
    return fit(layer, values, tuple(map(Value, shapes, question.dtypes)), "float32")[1]


def list_ends(problem: Broken, shapes: tuple[Shape, ...]) -> Iterator[tuple[int, int]]:
    """The places that a finding blames: the number of an input, and of its axis from 0."""
    ends = [] if problem.axis is None else [(problem.input, problem.axis)]
    if problem.against is not None:
        assert ends, (problem, "it has the other end alone")
        ends.append(problem.against)
    for number, axis in ends:
        rank = len(shapes[number])
        if rank:  # Else the number of axes is wrong, and there is none to point at.
            assert -rank <= axis < rank, (problem, "there is no such axis")
            yield number, axis % rank


def is_told(layer: type[Layer], question: Question, problem: Broken, hidden: set[tuple[int, int]]) -> bool:
    """Whether the same is found where the sizes at these places are not known."""
    shapes = tuple(
        tuple(Unknown(f"n{number}.{axis}") if (number, axis) in hidden else size for axis, size in enumerate(shape))
        for number, shape in enumerate(question.inputs)
    )
    told = problem._replace(message="", hint=None)
    return told in [each._replace(message="", hint=None) for each in find_broken(layer, question, shapes)]
